//! Who wins among the rows of a key: decided on key, watermark and origin alone, sorted by DataFusion, which spills if it must.

use std::fmt;
use std::sync::{Arc, Mutex};

use arrow::array::{AsArray as _, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Int64Type, Schema, SchemaRef};
use datafusion::common::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::col;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::ExecutionPlan as _;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion::prelude::SessionContext;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use nightshift_compile::contract::Contract;
use nightshift_project::Load;

use crate::Result;
use crate::columns::{FILE, LINE, strings};
use crate::keys::KeyNumbers;
use crate::memory::SIXTEENTH;
use crate::origin::RowSet;
use crate::spool::Spool;

/// Gathers the rows that compete.
pub(super) struct Competition {
    session: SessionContext,
    /// Columns of an entry in a row, by name.
    columns: Vec<String>,
    order: Vec<(String, bool)>,
    entries: Spool,
}

/// The columns by which rows compete: key, watermark, file and line.
pub(super) fn entry_columns(contract: &Contract) -> Vec<String> {
    let mut columns = contract.key().to_vec();
    if let Load::Upsert { watermark, .. } = &contract.header.load
        && !columns.contains(watermark)
    {
        columns.push(watermark.clone());
    }
    columns.extend([FILE.to_owned(), LINE.to_owned()]);
    columns
}

impl Competition {
    pub(super) fn new(session: &SessionContext, schema: &SchemaRef, contract: &Contract) -> Result<Self> {
        let columns = entry_columns(contract);
        let mut order: Vec<(String, bool)> = contract.key().iter().map(|name| (name.clone(), false)).collect();
        if let Load::Upsert { watermark, .. } = &contract.header.load {
            order.push((watermark.clone(), true));
        }
        order.extend([(FILE.to_owned(), true), (LINE.to_owned(), true)]);
        let fields = columns.iter().map(|name| Ok(schema.field_with_name(name)?.clone())).collect::<Result<Vec<_>>>()?;
        let entries = Spool::new(session, "contested keys", SIXTEENTH, &Arc::new(Schema::new(fields)));
        Ok(Self { session: session.clone(), columns, order, entries })
    }

    /// Enters the rows of a batch that a mask marks.
    pub(super) fn enter(&mut self, rows: &RecordBatch, mask: &BooleanArray) -> Result<()> {
        if mask.true_count() == 0 { Ok(()) } else { self.enter_all(&filter_record_batch(&self.entry(rows)?, mask)?) }
    }

    /// Enters all rows of a batch.
    pub(super) fn enter_all(&mut self, rows: &RecordBatch) -> Result<()> {
        let entries = self.entry(rows)?;
        self.entries.push(entries)
    }

    fn entry(&self, rows: &RecordBatch) -> Result<RecordBatch> {
        let schema = rows.schema();
        let indexes = self.columns.iter().map(|name| Ok(schema.index_of(name)?)).collect::<Result<Vec<_>>>()?;
        let entry = rows.project(&indexes)?;
        Ok(RecordBatch::try_new(Arc::clone(self.entries.schema()), entry.columns().to_vec())?)
    }

    /// The rows that lose.
    pub(super) async fn losers(self, numbers: &KeyNumbers) -> Result<RowSet> {
        let mut losers = RowSet::default();
        if self.entries.rows() < 2 {
            return Ok(losers);
        }
        let mut sorted = self.sort()?;
        let converter = numbers.converter()?;
        let mut previous: Option<Vec<u8>> = None;
        while let Some(batch) = sorted.next().await {
            let batch = batch?;
            let keys = converter.convert_columns(&numbers.columns(&batch))?;
            let (Some(files), Some(lines)) = (batch.column_by_name(FILE), batch.column_by_name(LINE)) else { continue };
            let (files, lines) = (strings(files)?, lines.as_primitive::<Int64Type>());
            for (row, key) in keys.iter().enumerate() {
                // The first of a key is the winner.
                if previous.as_deref() == Some(key.as_ref()) {
                    losers.insert_row(files.value(row), lines.value(row));
                } else {
                    previous = Some(key.as_ref().to_vec());
                }
            }
        }
        Ok(losers)
    }

    fn sort(&self) -> Result<SendableRecordBatchStream> {
        let schema = self.entries.schema();
        let expression = |(name, descending): &(String, bool)| {
            let options = arrow::compute::SortOptions { descending: *descending, nulls_first: false };
            Ok(PhysicalSortExpr { expr: col(name, schema)?, options })
        };
        let order = self.order.iter().map(expression).collect::<datafusion::error::Result<Vec<_>>>()?;
        let order = LexOrdering::new(order).ok_or_else(|| DataFusionError::Internal("an upsert without a key".to_owned()))?;
        let entries = Entries { schema: Arc::clone(schema), stream: Mutex::new(Some(self.entries.replay())) };
        let input = StreamingTableExec::try_new(Arc::clone(schema), vec![Arc::new(entries)], None, [], false, None)?;
        Ok(SortExec::new(order, Arc::new(input)).execute(0, self.session.task_ctx())?)
    }
}

/// The entries as the input of a plan that runs once.
struct Entries {
    schema: SchemaRef,
    stream: Mutex<Option<BoxStream<'static, datafusion::error::Result<RecordBatch>>>>,
}

impl fmt::Debug for Entries {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Entries").finish_non_exhaustive()
    }
}

impl PartitionStream for Entries {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let stream = self.stream.lock().ok().and_then(|mut stream| stream.take());
        let stream = stream.unwrap_or_else(|| futures::stream::empty().boxed());
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), stream))
    }
}
