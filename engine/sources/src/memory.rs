//! What those who gather rows may hold of a step's memory.

use arrow::array::{Array as _, RecordBatch};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryLimit, MemoryReservation};
use datafusion::prelude::SessionContext;

/// New rows, and rows on their way into files, each hold at most so much of the pool: half of it is left to sorts and scans.
pub(crate) const QUARTER: usize = 4;
/// Whatever else is gathered.
pub(crate) const SIXTEENTH: usize = 16;

/// Bytes of the rows themselves. Columns that were read back from disk share one buffer, which each of them would count as its own.
pub(crate) fn bytes_of(rows: &RecordBatch) -> usize {
    rows.columns().iter().map(|column| column.to_data().get_slice_memory_size().unwrap_or_else(|_| column.get_array_memory_size())).sum()
}

/// A share of the pool. Those who gather write to disk what goes beyond it; the pool itself takes nothing back from them once others
/// want memory, so that they must not take all in the first place.
pub(crate) struct Share {
    reservation: MemoryReservation,
    limit: usize,
}

impl Share {
    /// One part in so many `parts` of the session's pool.
    pub(crate) fn new(session: &SessionContext, name: String, parts: usize) -> Self {
        let pool = &session.runtime_env().memory_pool;
        let limit = match pool.memory_limit() {
            MemoryLimit::Finite(bytes) => bytes / parts,
            MemoryLimit::Infinite | MemoryLimit::Unknown => usize::MAX,
        };
        Self { reservation: MemoryConsumer::new(name).with_can_spill(true).register(pool), limit }
    }

    /// Takes bytes, if there is room for them.
    pub(crate) fn try_take(&self, bytes: usize) -> bool {
        self.reservation.size().saturating_add(bytes) <= self.limit && self.reservation.try_grow(bytes).is_ok()
    }

    /// Takes bytes beyond the share.
    ///
    /// # Errors
    /// If the pool has no room for them; the error names who holds most.
    pub(crate) fn take(&self, bytes: usize) -> datafusion::error::Result<()> {
        self.reservation.try_grow(bytes)
    }

    /// Gives bytes back.
    pub(crate) fn give_back(&self, bytes: usize) {
        self.reservation.shrink(bytes.min(self.reservation.size()));
    }
}
