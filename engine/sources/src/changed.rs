//! The rows by which a load changes a table, for whoever wants to know them in the same process.

use arrow::array::RecordBatch;
use nightshift_lake::{ChangedRows, DataFile};

use crate::memory::bytes_of;

/// Bytes that are remembered of one load; of a greater one nothing is.
const MOST: usize = 16 << 20;

/// Gathers the rows of a load as long as they are few and all are known.
pub(crate) struct Changed {
    rows: Option<ChangedRows>,
    bytes: usize,
}

impl Changed {
    pub(crate) fn new() -> Self {
        Self { rows: Some(ChangedRows::default()), bytes: 0 }
    }

    pub(crate) fn add(&mut self, rows: &RecordBatch) {
        self.gather(rows, |changed| &mut changed.added);
    }

    pub(crate) fn remove(&mut self, rows: &RecordBatch) {
        self.gather(rows, |changed| &mut changed.removed);
    }

    /// Files go whose rows nobody looks at.
    pub(crate) fn remove_unseen(&mut self, files: &[DataFile]) {
        if !files.is_empty() {
            self.rows = None;
        }
    }

    /// All of the rows; none if they are too many, or not known.
    pub(crate) fn finish(self) -> Option<ChangedRows> {
        self.rows
    }

    fn gather(&mut self, rows: &RecordBatch, side: impl Fn(&mut ChangedRows) -> &mut Vec<RecordBatch>) {
        self.bytes = self.bytes.saturating_add(if self.rows.is_some() { bytes_of(rows) } else { 0 });
        match &mut self.rows {
            Some(changed) if self.bytes <= MOST => {
                if rows.num_rows() > 0 {
                    side(changed).push(rows.clone());
                }
            }
            _ => self.rows = None,
        }
    }
}
