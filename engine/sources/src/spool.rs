//! Rows that are read more than once: in memory while the pool allows it, else on disk.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::execution::SpillFile;
use datafusion::physical_plan::SpillManager;
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, SpillMetrics};
use datafusion::prelude::SessionContext;
use futures::stream::{self, BoxStream, StreamExt as _};

use crate::Result;
use crate::memory::{Share, bytes_of};

/// Batches of one schema, kept in their order.
pub(crate) struct Spool {
    manager: SpillManager,
    share: Share,
    bytes: usize,
    files: Vec<Arc<dyn SpillFile>>,
    batches: Vec<RecordBatch>,
    rows: usize,
}

impl Spool {
    /// An empty one that holds one part in so many `parts` of the session's memory.
    pub(crate) fn new(session: &SessionContext, name: &str, parts: usize, schema: &SchemaRef) -> Self {
        let metrics = SpillMetrics::new(&ExecutionPlanMetricsSet::new(), 0);
        let manager = SpillManager::new(session.runtime_env(), metrics, Arc::clone(schema));
        let share = Share::new(session, format!("ingest:{name}"), parts);
        Self { manager, share, bytes: 0, files: Vec::new(), batches: Vec::new(), rows: 0 }
    }

    /// How many rows it holds.
    pub(crate) const fn rows(&self) -> usize {
        self.rows
    }

    /// Takes a batch; writes what is in memory to disk if the pool has no room for it.
    pub(crate) fn push(&mut self, batch: RecordBatch) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let size = bytes_of(&batch);
        self.rows += batch.num_rows();
        let mut fits = self.share.try_take(size);
        if !fits {
            self.spill()?;
            fits = self.share.try_take(size);
        }
        self.batches.push(batch);
        if fits {
            self.bytes += size;
            return Ok(());
        }
        // A batch that does not fit even alone goes to disk at once.
        self.spill()
    }

    fn spill(&mut self) -> Result<()> {
        let file = self.manager.spill_record_batch_and_finish(&self.batches, "rows of files that are being loaded")?;
        self.files.extend(file);
        self.batches.clear();
        self.share.give_back(std::mem::take(&mut self.bytes));
        Ok(())
    }

    /// All batches from the beginning, as often as wanted.
    pub(crate) fn replay(&self) -> BoxStream<'static, datafusion::error::Result<RecordBatch>> {
        let (manager, files, batches) = (self.manager.clone(), self.files.clone(), self.batches.clone());
        let spilled = stream::iter(files).flat_map(move |file| match manager.read_spill_as_stream(file, None) {
            Ok(batches) => batches.boxed(),
            Err(error) => stream::once(async { Err(error) }).boxed(),
        });
        spilled.chain(stream::iter(batches.into_iter().map(Ok))).boxed()
    }

    pub(crate) fn schema(&self) -> &SchemaRef {
        self.manager.schema()
    }
}
