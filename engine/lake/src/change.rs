//! What changed between two versions of a table.

use std::collections::HashMap;

use crate::deletion::Positions;
use crate::file::DataFile;
use crate::snapshot::Snapshot;

/// The files that came and went between two versions: the rows of the added files minus the rows of the removed files are the
/// change, as a signed multiset. Of a file that stays and lost some rows, just these are among the removed.
#[derive(Debug, Clone, Default)]
pub struct ChangeSet {
    /// Files that the newer version holds and the older does not.
    pub added: Vec<DataFile>,
    /// Files that the older version holds and the newer does not. They are scanned on the older snapshot.
    pub removed: Vec<DataFile>,
}

/// Why there is no change set between two versions, so that the newer one has to be read as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoChangeSet {
    /// The table was made anew: its identity is another.
    #[error("the table was created anew")]
    OtherTable,
    /// The older version is newer than the newer one: the table was set back.
    #[error("the table was set back to an earlier version")]
    Backwards,
    /// Columns were added, removed or changed.
    #[error("the columns changed")]
    SchemaChanged,
    /// The table is partitioned by other columns.
    #[error("the partition columns changed")]
    PartitioningChanged,
}

impl ChangeSet {
    /// What changed from `old` to `new`. It needs both snapshots and no log between them.
    ///
    /// # Errors
    /// [`NoChangeSet`] says why the two versions cannot be compared by their files.
    pub fn between(old: &Snapshot, new: &Snapshot) -> Result<Self, NoChangeSet> {
        if old.name() != new.name() || old.table_id() != new.table_id() {
            return Err(NoChangeSet::OtherTable);
        }
        if old.version() > new.version() {
            return Err(NoChangeSet::Backwards);
        }
        if old.layout().partition_columns() != new.layout().partition_columns() {
            return Err(NoChangeSet::PartitioningChanged);
        }
        if !old.layout().holds_same_rows(new.layout()) {
            return Err(NoChangeSet::SchemaChanged);
        }
        let missing_in = |files: &[DataFile], others: &[DataFile]| {
            let others: HashMap<&str, &DataFile> = others.iter().map(|file| (file.path.as_str(), file)).collect();
            files.iter().filter_map(|file| beyond(file, others.get(file.path.as_str()).copied())).collect()
        };
        Ok(Self { added: missing_in(new.files(), old.files()), removed: missing_in(old.files(), new.files()) })
    }

    /// What the newer version has from the older one.
    #[must_use]
    pub fn common(&self, new: &Snapshot) -> Vec<DataFile> {
        let added: HashMap<&str, &DataFile> = self.added.iter().map(|file| (file.path.as_str(), file)).collect();
        let common = |file: &DataFile| match added.get(file.path.as_str()) {
            None => Some(file.clone()),
            Some(added) => added.selected_rows().map(|rows| file.without(rows)),
        };
        new.files().iter().filter_map(common).collect()
    }

    /// Whether nothing changed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }

    /// How many bytes of files came and went.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.added.iter().chain(&self.removed).map(DataFile::counted_bytes).sum()
    }

    /// How many rows the added and the removed files hold; none if the log does not say so for one of them.
    #[must_use]
    pub fn rows(&self) -> Option<u64> {
        self.added.iter().chain(&self.removed).map(DataFile::rows).sum()
    }
}

/// What a version has of a file beyond another version.
fn beyond(file: &DataFile, other: Option<&DataFile>) -> Option<DataFile> {
    let Some(other) = other else { return Some(file.clone()) };
    let none = Positions::new();
    let only = other.gone_rows().unwrap_or(&none) - file.gone_rows().unwrap_or(&none);
    (!only.is_empty()).then(|| file.only(only))
}
