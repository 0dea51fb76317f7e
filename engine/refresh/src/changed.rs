//! What changed in a table that a rollup reads: files that came and went, or just the rows where they are known.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::DataFusionError;
use datafusion::datasource::MemTable;
use datafusion::logical_expr::LogicalPlan;
use nightshift_lake::{ChangeSet, ChangedRows, DataFile};

use crate::Result;
use crate::tables::{Pinned, stored_schema, visible_files, visible_rows};

/// A change of one table. Its rows are the added ones minus the removed ones, as a multiset.
pub(crate) struct Change {
    pub(crate) table: String,
    pub(crate) files: ChangeSet,
    /// The rows, one entry a commit, if they are known: else all rows of the files, most of which may merely have been carried along.
    pub(crate) rows: Option<Vec<Arc<ChangedRows>>>,
}

impl Change {
    /// The rows that came, as SQL sees them; none if there can be none.
    pub(crate) fn added(&self, pinned: &Pinned) -> Result<Option<LogicalPlan>> {
        self.side(pinned, &self.files.added, |rows| &rows.added)
    }

    /// The rows that went.
    pub(crate) fn removed(&self, pinned: &Pinned) -> Result<Option<LogicalPlan>> {
        self.side(pinned, &self.files.removed, |rows| &rows.removed)
    }

    /// Whether just the rows that changed are known, so that they can be merged.
    pub(crate) fn is_sharp(&self) -> bool {
        self.rows.is_some() || self.files.removed.is_empty()
    }

    /// Whether a row that came may be among those that went.
    pub(crate) fn may_cancel(&self) -> bool {
        self.rows.as_ref().is_none_or(|commits| commits.len() > 1) && !self.files.removed.is_empty()
    }

    fn side(&self, pinned: &Pinned, files: &[DataFile], rows: impl Fn(&ChangedRows) -> &Vec<RecordBatch>) -> Result<Option<LogicalPlan>> {
        let Some(commits) = &self.rows else {
            return if files.is_empty() { Ok(None) } else { visible_files(pinned, &self.table, files) };
        };
        let batches: Vec<&RecordBatch> = commits.iter().flat_map(|commit| rows(commit)).collect();
        match as_stored(&stored_schema(pinned, &self.table), &batches)? {
            Some((schema, batches)) => visible_rows(pinned, &self.table, Arc::new(MemTable::try_new(schema, vec![batches])?)),
            None => Ok(None),
        }
    }
}

/// Rows in the types that a scan of the table gives; columns that they lack, as those of the partitions, are left out.
fn as_stored(stored: &SchemaRef, batches: &[&RecordBatch]) -> Result<Option<(SchemaRef, Vec<RecordBatch>)>> {
    let Some(first) = batches.first() else { return Ok(None) };
    let fields = stored.fields().iter().filter(|field| first.schema().field_with_name(field.name()).is_ok());
    let schema = Arc::new(Schema::new(fields.cloned().collect::<Vec<_>>()));
    let cast_one = |batch: &RecordBatch| {
        let columns = schema.fields().iter().map(|field| {
            let column = batch.column(batch.schema().index_of(field.name())?);
            cast(column, field.data_type())
        });
        RecordBatch::try_new(Arc::clone(&schema), columns.collect::<std::result::Result<_, _>>()?)
    };
    let batches = batches.iter().map(|batch| cast_one(batch)).collect::<std::result::Result<_, _>>().map_err(DataFusionError::from)?;
    Ok(Some((schema, batches)))
}
