//! Versions of tables that were read before.
//!
//! A version never changes, and reading one means to read its log: in a night each table is asked for by a dozen steps. A version is
//! kept with the tag of the commit file that made it, so that a table which somebody deletes and makes again is not mistaken for
//! the one before.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use deltalake::logstore::LogStore as _;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStoreExt as _};

use crate::name::TableName;
use crate::snapshot::{Snapshot, TableLocation};

/// Versions that are kept of one table, the newest ones: a batch reads the newest, and compares it with one or two before. An older one is
/// read from its log each time.
const KEPT: usize = 3;

/// The newest of what was read, by table. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct SnapshotCache {
    tables: Arc<Mutex<HashMap<TableName, Vec<Entry>>>>,
}

#[derive(Debug, Clone)]
struct Entry {
    snapshot: Snapshot,
    tag: String,
}

impl SnapshotCache {
    /// The newest version, if it was read and is still the newest.
    pub(crate) async fn newest(&self, location: &TableLocation) -> Option<Snapshot> {
        let entry = self.entries(&location.name).into_iter().max_by_key(|entry| entry.snapshot.version())?;
        let (same, next) = tokio::join!(is_same(location, &entry), tag(location, entry.snapshot.version() + 1));
        (same && next.is_none()).then_some(entry.snapshot)
    }

    /// A version, if it was read.
    pub(crate) async fn version(&self, location: &TableLocation, version: i64) -> Option<Snapshot> {
        let entry = self.entries(&location.name).into_iter().find(|entry| entry.snapshot.version() == version)?;
        is_same(location, &entry).await.then_some(entry.snapshot)
    }

    /// Keeps a version that was read or made; the oldest one makes room.
    pub(crate) async fn keep(&self, location: &TableLocation, snapshot: Snapshot) -> Snapshot {
        if let Some(tag) = tag(location, snapshot.version()).await {
            let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
            let entries = tables.entry(location.name.clone()).or_default();
            entries.retain(|entry| entry.snapshot.version() != snapshot.version() && entry.snapshot.table_id() == snapshot.table_id());
            entries.push(Entry { snapshot: snapshot.clone(), tag });
            entries.sort_by_key(|entry| std::cmp::Reverse(entry.snapshot.version()));
            entries.truncate(KEPT);
        }
        snapshot
    }

    fn entries(&self, table: &TableName) -> Vec<Entry> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner).get(table).cloned().unwrap_or_default()
    }
}

async fn is_same(location: &TableLocation, entry: &Entry) -> bool {
    tag(location, entry.snapshot.version()).await.as_ref() == Some(&entry.tag)
}

/// What tells the commit file of a version from another of its name; none if it is not there.
async fn tag(location: &TableLocation, version: i64) -> Option<String> {
    let path = Path::from(format!("_delta_log/{version:020}.json"));
    let ObjectMeta { e_tag, last_modified, size, .. } = location.log.object_store(None).head(&path).await.ok()?;
    Some(e_tag.unwrap_or_else(|| format!("{last_modified} {size}")))
}
