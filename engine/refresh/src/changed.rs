//! What changed in a table that a rollup reads: files that came and went, or just the rows where they are known.

use std::sync::Arc;

use datafusion::arrow::array::{RecordBatch, new_null_array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::error::ArrowError;
use datafusion::catalog::TableProvider;
use datafusion::common::DataFusionError;
use datafusion::datasource::MemTable;
use datafusion::logical_expr::LogicalPlan;
use nightshift_lake::{ChangeSet, ChangedRows, DataFile};

use crate::Result;
use crate::tables::{Pinned, stored_schema, visible_rows};

/// A change of one table. Its rows are the added ones minus the removed ones, as a multiset.
pub(crate) struct Change {
    pub(crate) table: String,
    pub(crate) files: ChangeSet,
    /// The rows, one entry a commit, if they are known: else all rows of the files, most of which may merely have been carried along.
    pub(crate) rows: Option<Vec<Arc<ChangedRows>>>,
}

impl Change {
    /// The rows that came, in the columns that the table stores; none if there can be none.
    pub(crate) fn added(&self, pinned: &Pinned) -> Result<Option<Arc<dyn TableProvider>>> {
        self.side(pinned, &self.files.added, |rows| &rows.added)
    }

    /// The rows that went.
    pub(crate) fn removed(&self, pinned: &Pinned) -> Result<Option<Arc<dyn TableProvider>>> {
        self.side(pinned, &self.files.removed, |rows| &rows.removed)
    }

    /// The rows that came and those that went, as SQL sees them.
    pub(crate) fn visible(&self, pinned: &Pinned) -> Result<(Option<LogicalPlan>, Option<LogicalPlan>)> {
        let visible = |rows: Option<Arc<dyn TableProvider>>| match rows {
            Some(rows) => visible_rows(pinned, &self.table, rows),
            None => Ok(None),
        };
        Ok((visible(self.added(pinned)?)?, visible(self.removed(pinned)?)?))
    }

    /// Whether just the rows that changed are known, so that they can be merged.
    pub(crate) fn is_sharp(&self) -> bool {
        self.rows.is_some() || self.files.removed.iter().all(DataFile::is_selection)
    }

    /// Whether a row that came may be among those that went: a commit never takes away what it adds, but a later one may.
    pub(crate) fn may_cancel(&self) -> bool {
        self.rows.as_ref().is_some_and(|commits| commits.len() > 1)
    }

    /// The rows that the table had before and has still; none if there is no table.
    pub(crate) fn common(&self, pinned: &Pinned) -> Option<Arc<dyn TableProvider>> {
        let snapshot = pinned.snapshot(&self.table)?;
        Some(snapshot.provider_of(&self.files.common(snapshot), Some(Arc::clone(&pinned.zone))))
    }

    /// The rows of some files of the table; none if there are no files.
    pub(crate) fn scan_of(&self, pinned: &Pinned, files: &[DataFile]) -> Option<Arc<dyn TableProvider>> {
        let snapshot = pinned.snapshot(&self.table).filter(|_| !files.is_empty())?;
        Some(snapshot.provider_of(files, Some(Arc::clone(&pinned.zone))))
    }

    fn side(&self, pinned: &Pinned, files: &[DataFile], rows: impl Fn(&ChangedRows) -> &Vec<RecordBatch>) -> Result<Option<Arc<dyn TableProvider>>> {
        let Some(commits) = &self.rows else { return Ok(self.scan_of(pinned, files)) };
        let stored = stored_schema(pinned, &self.table);
        let batches = commits.iter().flat_map(|commit| rows(commit)).map(|batch| as_stored(&stored, batch));
        let batches = batches.collect::<std::result::Result<Vec<_>, _>>().map_err(DataFusionError::from)?;
        if batches.is_empty() { Ok(None) } else { Ok(Some(Arc::new(MemTable::try_new(stored, vec![batches])?))) }
    }
}

/// Rows in the columns that a scan of the table gives. Those that they lack, which are the partitions', are NULL.
fn as_stored(stored: &SchemaRef, batch: &RecordBatch) -> std::result::Result<RecordBatch, ArrowError> {
    let columns = stored.fields().iter().map(|field| match batch.column_by_name(field.name()) {
        Some(column) => cast(column, field.data_type()),
        None => Ok(new_null_array(field.data_type(), batch.num_rows())),
    });
    RecordBatch::try_new(Arc::clone(stored), columns.collect::<std::result::Result<_, _>>()?)
}
