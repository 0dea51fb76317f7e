//! A pool for the batch and one for each step under it.
//!
//! How the operators of a step share its pool is said in `sharing.rs`. What a step reserves counts against the batch as well, so
//! that parallel steps together stay inside the batch's limit.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::common::{DataFusionError, Result};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation, TrackConsumersPool};

use crate::sharing::SharingPool;

/// How many of the largest consumers an out-of-memory message names.
const CONSUMERS_NAMED: NonZeroUsize = NonZeroUsize::MIN.saturating_add(4);

/// The memory of a whole batch, in bytes.
#[derive(Debug)]
pub struct BatchMemory {
    limit: usize,
    used: AtomicUsize,
}

impl BatchMemory {
    /// A batch may use `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { limit, used: AtomicUsize::new(0) }
    }

    fn try_take(&self, bytes: usize) -> std::result::Result<(), usize> {
        self.used.fetch_update(Ordering::AcqRel, Ordering::Acquire, |used| used.checked_add(bytes).filter(|sum| *sum <= self.limit)).map(drop)
    }

    fn take(&self, bytes: usize) {
        self.used.fetch_add(bytes, Ordering::AcqRel);
    }

    fn give_back(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::AcqRel);
    }
}

/// The memory of one step; remembers its peak.
#[derive(Debug)]
pub struct StepMemory {
    step: String,
    limit: usize,
    own: TrackConsumersPool<SharingPool>,
    batch: Arc<BatchMemory>,
    peak: AtomicUsize,
}

impl StepMemory {
    /// A step named `step` may use `limit` bytes of what the batch has.
    pub fn new(step: impl Into<String>, limit: usize, batch: Arc<BatchMemory>) -> Self {
        Self { step: step.into(), limit, own: TrackConsumersPool::new(SharingPool::new(limit), CONSUMERS_NAMED), batch, peak: AtomicUsize::new(0) }
    }

    /// The most bytes that were reserved at one time.
    pub fn peak(&self) -> usize {
        self.peak.load(Ordering::Acquire)
    }

    fn remember_peak(&self) {
        self.peak.fetch_max(self.own.reserved(), Ordering::AcqRel);
    }
}

impl fmt::Display for StepMemory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "step {} of {} bytes", self.step, self.limit)
    }
}

impl MemoryPool for StepMemory {
    fn name(&self) -> &str {
        "step"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.own.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.own.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.own.grow(reservation, additional);
        self.batch.take(additional);
        self.remember_peak();
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.own.shrink(reservation, shrink);
        self.batch.give_back(shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        // The step's own pool is asked first: its refusal names the largest holders.
        self.own.try_grow(reservation, additional)?;
        self.batch.try_take(additional).map_err(|used| {
            self.own.shrink(reservation, additional);
            DataFusionError::ResourcesExhausted(format!(
                "step {}: {} asked for {additional} bytes, but the steps of this batch already hold {used} of its {} bytes",
                self.step,
                reservation.consumer().name(),
                self.batch.limit
            ))
        })?;
        self.remember_peak();
        Ok(())
    }

    fn reserved(&self) -> usize {
        self.own.reserved()
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.limit)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn steps_share_the_batch() {
        let batch = Arc::new(BatchMemory::new(100));
        let first: Arc<dyn MemoryPool> = Arc::new(StepMemory::new("a", 80, Arc::clone(&batch)));
        let second: Arc<dyn MemoryPool> = Arc::new(StepMemory::new("b", 80, Arc::clone(&batch)));
        let one = MemoryConsumer::new("one").register(&first);
        let two = MemoryConsumer::new("two").register(&second);
        one.try_grow(70).unwrap();
        let refused = two.try_grow(40).unwrap_err().to_string();
        assert!(refused.contains("two asked for 40 bytes"), "{refused}");
        one.shrink(70);
        two.try_grow(40).unwrap();
        drop((one, two));
        assert_eq!(batch.used.load(Ordering::Acquire), 0);
    }

    #[test]
    fn a_refused_step_takes_nothing_of_the_batch() {
        let batch = Arc::new(BatchMemory::new(1000));
        let pool: Arc<dyn MemoryPool> = Arc::new(StepMemory::new("a", 10, Arc::clone(&batch)));
        let consumer = MemoryConsumer::new("sort").register(&pool);
        let refused = consumer.try_grow(20).unwrap_err().to_string();
        assert!(refused.contains("sort"), "{refused}");
        assert_eq!(batch.used.load(Ordering::Acquire), 0);
    }
}
