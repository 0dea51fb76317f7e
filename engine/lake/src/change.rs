//! What changed between two versions of a table.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use nightshift_failure::{Mutation, is_broken};
use serde_json::{Value, json};

use crate::deletion::Positions;
use crate::error::Result;
use crate::file::DataFile;
use crate::lake::Lake;
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
    pub fn between(old: &Snapshot, new: &Snapshot) -> std::result::Result<Self, NoChangeSet> {
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

    /// The same without the files of a rearrangement, if all that went in it was there before and all that came still is. Of what came, rows may have gone since.
    fn without(mut self, rearrangement: &Rearrangement) -> Self {
        let is_gone = |file: &DataFile| rearrangement.gone.contains(&(file.path.clone(), file.gone()));
        let has_come = |file: &DataFile| rearrangement.come.contains(&file.path);
        let known = self.removed.iter().filter(|file| is_gone(file)).count() == rearrangement.gone.len();
        let known = known || is_broken(Mutation::RearrangedUnseen);
        if !known || self.added.iter().filter(|file| has_come(file)).count() != rearrangement.come.len() {
            return self;
        }
        self.removed.retain(|file| !is_gone(file));
        let come: Vec<DataFile> = self.added.extract_if(.., |file| has_come(file)).collect();
        self.removed.extend(come.iter().filter_map(|file| Some(file.only(file.gone_rows()?.clone()))));
        self
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

/// The mark of the newest commit that put rows into other files.
pub(crate) const REARRANGED: &str = "nightshift/rearranged";

/// The key in the information of such a commit under which it says which files.
const FILES: &str = "rearranged";

/// Files whose rows stand in others since a commit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Rearrangement {
    /// Those that went, each with how many of its rows were gone already.
    gone: BTreeSet<(String, u64)>,
    /// Those that came.
    come: BTreeSet<String>,
}

impl Rearrangement {
    /// What the information of a commit says.
    fn read(information: &BTreeMap<String, Value>) -> Option<Self> {
        let files = information.get(FILES)?;
        let gone = files.get("gone")?.as_array()?.iter().map(|file| Some((file.get(0)?.as_str()?.to_owned(), file.get(1)?.as_u64()?)));
        let come = files.get("come")?.as_array()?.iter().map(|file| Some(file.as_str()?.to_owned()));
        Some(Self { gone: gone.collect::<Option<_>>()?, come: come.collect::<Option<_>>()? })
    }
}

/// What a commit says of itself that puts the rows of some files into others.
pub(crate) fn rearranged(gone: &[DataFile], come: &[&DataFile]) -> (String, Value) {
    let gone: Vec<Value> = gone.iter().map(|file| json!([file.path, file.gone()])).collect();
    let come: Vec<&str> = come.iter().map(|file| file.path.as_str()).collect();
    (FILES.to_owned(), json!({"gone": gone, "come": come}))
}

impl Lake {
    /// What changed from `old` to `new`, without what was merely put into other files in between, as far as the log tells.
    ///
    /// # Errors
    /// If the log cannot be read; the inner error is that of [`ChangeSet::between`].
    pub async fn change_set(&self, old: &Snapshot, new: &Snapshot) -> Result<std::result::Result<ChangeSet, NoChangeSet>> {
        let changes = match ChangeSet::between(old, new) {
            Ok(changes) if !changes.removed.is_empty() => changes,
            other => return Ok(other),
        };
        // The marks of the older version are mostly not known yet, and those of the newer one are.
        let newest = new.transaction_version(REARRANGED).await?;
        if newest.is_none() || newest == old.transaction_version(REARRANGED).await? {
            return Ok(Ok(changes));
        }
        let history = self.history_between(new.name(), old.version(), new.version()).await?;
        let rearrangements = history.iter().filter_map(|entry| Rearrangement::read(&entry.information));
        Ok(Ok(rearrangements.fold(changes, |changes, rearrangement| changes.without(&rearrangement))))
    }
}

/// What a version has of a file beyond another version.
fn beyond(file: &DataFile, other: Option<&DataFile>) -> Option<DataFile> {
    let Some(other) = other else { return Some(file.clone()) };
    let none = Positions::new();
    let only = other.gone_rows().unwrap_or(&none) - file.gone_rows().unwrap_or(&none);
    (!only.is_empty()).then(|| file.only(only))
}
