//! Rows that a commit added and took away, remembered by the process that made it.
//!
//! Any two versions can be compared by their files ([`ChangeSet`](crate::ChangeSet)), but a load that corrects 200 rows of a month writes all rows of
//! the month anew, and to find the 200 again means to read the month twice. Whoever writes the commit knows them, and what reads the change
//! is mostly a later step of the same batch. Another process compares files.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;

use crate::name::TableName;
use crate::snapshot::Snapshot;

/// Commits that are remembered of one table, the newest ones.
const KEPT: usize = 3;

/// The rows by which a version differs from the one before, as a signed multiset. The columns are those of the table by name; partition
/// columns may be missing.
#[derive(Debug, Clone, Default)]
pub struct ChangedRows {
    /// Rows that came.
    pub added: Vec<RecordBatch>,
    /// Rows that went.
    pub removed: Vec<RecordBatch>,
}

/// What is remembered, by table. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct ChangedRowsCache {
    tables: Arc<Mutex<HashMap<TableName, Vec<Entry>>>>,
}

#[derive(Debug)]
struct Entry {
    table_id: String,
    before: i64,
    after: i64,
    rows: Arc<ChangedRows>,
}

impl ChangedRowsCache {
    pub(crate) fn keep(&self, before: &Snapshot, after: &Snapshot, rows: ChangedRows) {
        let entry = Entry { table_id: after.table_id().to_owned(), before: before.version(), after: after.version(), rows: Arc::new(rows) };
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = tables.entry(after.name().clone()).or_default();
        entries.push(entry);
        let over = entries.len().saturating_sub(KEPT);
        entries.drain(..over);
    }

    /// The changes that lead from one version to another, one after the other; none if one of them is not known.
    pub(crate) fn between(&self, old: &Snapshot, new: &Snapshot) -> Option<Vec<Arc<ChangedRows>>> {
        let tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = tables.get(new.name())?;
        let mut version = old.version();
        let mut found = Vec::new();
        while version < new.version() {
            let entry = entries.iter().find(|entry| entry.before == version && entry.table_id == new.table_id())?;
            version = entry.after;
            found.push(Arc::clone(&entry.rows));
        }
        (version == new.version()).then_some(found)
    }
}
