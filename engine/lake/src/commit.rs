//! The one place that commits: files, marks and metadata become visible together, or not at all.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::Utc;
use deltalake::DeltaTableError;
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties, TableReference, TransactionError};
use deltalake::kernel::{Action, EagerSnapshot, Metadata, Protocol, StructType, Transaction};
use deltalake::logstore::LogStore as _;
use deltalake::protocol::{DeltaOperation, SaveMode};
use nightshift_failure::{Point, reach};
use serde_json::{Value, json};

use crate::change;
use crate::changed_rows::ChangedRows;
use crate::deletion::Positions;
use crate::error::{Error, Result};
use crate::file::DataFile;
use crate::lake::Lake;
use crate::layout::TableLayout;
use crate::name::TableName;
use crate::snapshot::{CHECKPOINT_INTERVAL, CHECKPOINT_PROPERTY, DELETION_FEATURE, SORT_PROPERTY, Snapshot, TableLocation};
use crate::stage::{AUTHOR, Staged};

/// The key of a commit's information under which ours stands.
pub(crate) const INFORMATION: &str = "nightshift";

/// What one commit does to one table.
#[derive(Debug, Default)]
pub struct Commit {
    /// What the commit is for, one word or two; it stands in the history.
    pub operation: String,
    /// The layout that the table has afterwards. Needed to create a table; otherwise only where it changes.
    pub layout: Option<TableLayout>,
    /// Files that were staged for this table.
    pub add: Vec<Staged>,
    /// Files of earlier versions that come back, as a rollback does.
    pub restore: Vec<DataFile>,
    /// Files of the version that the commit starts from.
    pub remove: Vec<DataFile>,
    /// Rows of such files that go while the files stay.
    pub delete: Vec<Deletion>,
    /// Whether the same rows only stand in other files, so that nothing has changed for a reader.
    pub rearranges: bool,
    /// Marks: an application and the version that the rows now stand for.
    pub transactions: Vec<(String, i64)>,
    /// What is to be remembered of the commit beside its rows.
    pub information: BTreeMap<String, Value>,
    /// The rows that come and go with the files, if the writer knows them; see [`Lake::changed_rows`].
    pub changed_rows: Option<ChangedRows>,
}

/// Some rows of a file that go while it stays.
#[derive(Debug)]
pub struct Deletion {
    /// The file, as the version has it that the commit starts from.
    pub file: DataFile,
    /// Rows of it that are not gone yet.
    pub rows: Positions,
}

impl Deletion {
    /// Whether the file has these rows still, and the log can say that they are gone.
    fn can_be_done(&self) -> bool {
        let all = self.file.statistics.as_ref().map_or(0, |statistics| statistics.rows);
        let is_within = self.rows.max().is_none_or(|last| last < all);
        let is_new = self.file.gone_rows().is_none_or(|gone| gone.is_disjoint(&self.rows));
        is_within && is_new && self.file.without(&self.rows).vector().is_some()
    }
}

/// The table property of tables whose rows may go while their files stay.
pub const DELETION_VECTORS: &str = "delta.enableDeletionVectors";

impl Commit {
    /// The rows that it adds and takes away, if that is known.
    fn take_changed_rows(&mut self) -> Option<ChangedRows> {
        let files = self.add.len() + self.restore.len() + self.remove.len() + self.delete.len();
        if files == 0 { Some(ChangedRows::default()) } else { self.changed_rows.take() }
    }
}

impl Lake {
    /// Commits to a table, or creates it with its first rows: one commit, a compare-and-swap on the version of `base`, which is
    /// none where the table is to be created. Gives the new version.
    ///
    /// # Errors
    /// [`Error::Conflict`] if the table is no longer at the version of `base`; then nothing was changed and the staged files are
    /// removed. Other errors before the commit change nothing either and leave the staged files to the caller's cleaning.
    pub async fn commit(&self, base: Option<&Snapshot>, table: &TableName, mut commit: Commit) -> Result<Snapshot> {
        // The log would take the file, which goes and comes as it is, for one that goes.
        commit.delete.retain(|deletion| !deletion.rows.is_empty());
        if commit.rearranges {
            let come: Vec<&DataFile> = commit.add.iter().flat_map(Staged::files).collect();
            let said = change::rearranged(&commit.remove, &come);
            commit.information.extend([said]);
            commit.transactions.push((change::REARRANGED.to_owned(), base.map_or(0, Snapshot::version) + 1));
            commit.changed_rows = Some(ChangedRows::default());
        }
        let changed_rows = commit.take_changed_rows();
        let author = self.journal.as_ref().and_then(|journal| journal.author());
        commit.information.extend(author.map(|author| (AUTHOR.to_owned(), Value::from(author))));
        let location = self.location(table)?;
        let layout = check(base, table, &commit)?;
        let actions = actions(base, &location, &commit, layout.as_ref())?;
        reach(Point::CommitReady);
        match write(base, &location, &commit, actions).await {
            Ok(state) => {
                reach(Point::Committed);
                let snapshot = Snapshot::new(location.clone(), state)?;
                let snapshot = match base {
                    Some(base) => {
                        let snapshot = snapshot.after(base, commit.transactions);
                        changed_rows.into_iter().for_each(|rows| self.changed_rows.keep(base, &snapshot, rows));
                        snapshot
                    }
                    None => snapshot,
                };
                Ok(self.cache.keep(&location, snapshot).await)
            }
            Err(error) if is_conflict(&error) => {
                // The log may have been cut off before the version that the commit starts from.
                let known = base.map_or(0, |base| u64::try_from(base.version()).unwrap_or_default());
                let found = location.log.get_latest_version(known).await.map_err(|source| Error::delta(table, source))?;
                for staged in commit.add {
                    staged.discard().await;
                }
                Err(Error::Conflict { table: table.clone(), expected: base.map(Snapshot::version), found: i64::try_from(found).unwrap_or(i64::MAX) })
            }
            Err(error) => Err(Error::delta(table, error)),
        }
    }
}

/// The layout that the commit writes as metadata; none where the table keeps the one it has.
fn check(base: Option<&Snapshot>, table: &TableName, commit: &Commit) -> Result<Option<TableLayout>> {
    if let Some(found) = base.map(Snapshot::name).into_iter().chain(commit.add.iter().map(Staged::table)).find(|name| *name != table) {
        return Err(Error::OtherTable { expected: table.clone(), found: found.clone() });
    }
    let old = base.map(Snapshot::layout);
    let layout = commit.layout.as_ref().or(old).ok_or_else(|| Error::NoLayout { table: table.clone() })?;
    if commit.add.iter().any(|staged| !staged.layout().holds_same_rows(layout)) {
        return Err(Error::StagedLayout { table: table.clone() });
    }
    if let Some(base) = base {
        let there: HashMap<&str, &DataFile> = base.files().iter().map(|file| (file.path.as_str(), file)).collect();
        let mut named: HashSet<&str> = HashSet::new();
        for file in commit.remove.iter().chain(commit.delete.iter().map(|deletion| &deletion.file)) {
            // The log knows a file by what is gone of it too, and by either only once.
            let is_there = there.get(file.path.as_str()).is_some_and(|known| known.counted == file.counted);
            if !is_there || !named.insert(&file.path) {
                return Err(Error::UnknownFile { table: table.clone(), version: base.version(), path: file.path.clone() });
            }
        }
        let removed: HashSet<&str> = commit.remove.iter().map(|file| file.path.as_str()).collect();
        let is_live = |path: &str| there.contains_key(path) && !removed.contains(path);
        if let Some(file) = commit.restore.iter().find(|file| file.is_selection() || is_live(&file.path)) {
            return Err(Error::FileThere { table: table.clone(), path: file.path.clone() });
        }
        let kept = there.keys().filter(|path| !removed.contains(**path)).count();
        if kept > 0 && !layout.reads(base.layout()) {
            return Err(Error::KeptFiles { table: table.clone(), kept });
        }
        if !commit.delete.is_empty() && !keeps_deletions(Some(base), layout) {
            return Err(Error::NoDeletionVectors { table: table.clone() });
        }
        if let Some(wrong) = commit.delete.iter().find(|deletion| !deletion.can_be_done()) {
            return Err(Error::RowsGone { table: table.clone(), path: wrong.file.path.clone() });
        }
    } else if let Some(file) = commit.remove.iter().chain(commit.delete.iter().map(|deletion| &deletion.file)).next() {
        return Err(Error::UnknownFile { table: table.clone(), version: -1, path: file.path.clone() });
    }
    Ok((old != Some(layout)).then(|| layout.clone()))
}

fn actions(base: Option<&Snapshot>, location: &TableLocation, commit: &Commit, layout: Option<&TableLayout>) -> Result<Vec<Action>> {
    let mut actions = Vec::new();
    let deletes = layout.or(base.map(Snapshot::layout)).is_some_and(|layout| keeps_deletions(base, layout));
    if base.is_none_or(|base| deletes && !base.has_deletion_vectors()) {
        actions.push(Action::Protocol(protocol(deletes).map_err(|source| schema_error(&location.name, source))?));
    }
    if let Some(layout) = layout {
        actions.push(Action::Metadata(metadata(base, location, layout)?));
    }
    let now = Utc::now();
    let changes = !commit.rearranges;
    let added = commit.add.iter().flat_map(Staged::files).chain(&commit.restore);
    let deleted = commit.delete.iter();
    actions.extend(commit.remove.iter().chain(deleted.clone().map(|deletion| &deletion.file)).map(|file| file.remove_action(now, changes)));
    actions.extend(added.map(|file| file.add_action(changes)));
    actions.extend(deleted.map(|deletion| deletion.file.without(&deletion.rows).add_action(changes)));
    Ok(actions)
}

/// Whether rows of a table can go while their files stay, as it is or as its new layout wants it.
fn keeps_deletions(base: Option<&Snapshot>, layout: &TableLayout) -> bool {
    base.is_some_and(Snapshot::has_deletion_vectors) || layout.properties().get(DELETION_VECTORS).is_some_and(|value| value == "true")
}

/// What readers and writers have to know: as little as can be.
fn protocol(deletes: bool) -> Result<Protocol, serde_json::Error> {
    serde_json::from_value(if deletes {
        // The second and third are what version 2 of writers means.
        let features = [DELETION_FEATURE, "appendOnly", "invariants"];
        json!({"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": features[..1], "writerFeatures": features})
    } else {
        json!({"minReaderVersion": 1, "minWriterVersion": 2})
    })
}

fn metadata(base: Option<&Snapshot>, location: &TableLocation, layout: &TableLayout) -> Result<Metadata> {
    let table = &location.name;
    let schema: StructType = layout.delta_schema().map_err(|source| schema_error(table, source))?;
    let schema = serde_json::to_string(&schema).map_err(|source| schema_error(table, source))?;
    let mut configuration = layout.properties().clone();
    configuration.entry(CHECKPOINT_PROPERTY.to_owned()).or_insert_with(|| CHECKPOINT_INTERVAL.to_owned());
    if !layout.sort_columns().is_empty() {
        configuration.insert(SORT_PROPERTY.to_owned(), json!(layout.sort_columns()).to_string());
    }
    let id = base.map_or_else(|| uuid::Uuid::new_v4().to_string(), |base| base.table_id().to_owned());
    let created = base.and_then(|base| base.state().metadata().created_time()).unwrap_or_else(|| Utc::now().timestamp_millis());
    let metadata = json!({
        "id": id,
        "name": table.name(),
        "description": layout.description(),
        "format": {"provider": "parquet", "options": {}},
        "schemaString": schema,
        "partitionColumns": layout.partition_columns(),
        "configuration": configuration,
        "createdTime": created,
    });
    serde_json::from_value(metadata).map_err(|source| schema_error(table, source))
}

fn schema_error(table: &TableName, source: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Schema { table: table.clone(), source: Box::new(source) }
}

async fn write(
    base: Option<&Snapshot>,
    location: &TableLocation,
    commit: &Commit,
    actions: Vec<Action>,
) -> std::result::Result<EagerSnapshot, DeltaTableError> {
    let mode = if commit.remove.is_empty() && commit.delete.is_empty() { SaveMode::Append } else { SaveMode::Overwrite };
    let partition_by = commit.layout.as_ref().or(base.map(Snapshot::layout)).map(|layout| layout.partition_columns().to_vec());
    let operation = DeltaOperation::Write { mode, partition_by, predicate: None };
    let mut information = commit.information.clone();
    information.insert("operation".to_owned(), Value::from(commit.operation.as_str()));
    let information = HashMap::from([(INFORMATION.to_owned(), json!(information))]);
    let transactions = commit.transactions.iter().map(|(app_id, version)| Transaction::new(app_id, *version)).collect();
    // Old log files go with the maintenance of the lake, never as a side effect of a commit.
    let properties = CommitProperties::default()
        .with_metadata(information)
        .with_application_transactions(transactions)
        .with_max_retries(0)
        .with_create_checkpoint(true)
        .with_cleanup_expired_logs(Some(false));
    let reference = base.map(|base| base.state() as &dyn TableReference);
    let prepared = CommitBuilder::from(properties).with_actions(actions).build(reference, location.log.clone(), operation);
    let committed = prepared.into_prepared_commit_future().await?.await?;
    let version = committed.version;
    // From here on the commit stands. What comes after it may fail without harm: the next checkpoint makes up for this one.
    match committed.await {
        Ok(finished) => Ok(finished.snapshot.snapshot().clone()),
        Err(error) => {
            tracing::warn!(table = %location.name, version, %error, "the work after a commit failed");
            EagerSnapshot::try_new(location.log.as_ref(), Some(version)).await
        }
    }
}

fn is_conflict(error: &DeltaTableError) -> bool {
    match error {
        DeltaTableError::VersionAlreadyExists(_) => true,
        DeltaTableError::Transaction { source } => {
            matches!(source, TransactionError::VersionAlreadyExists(_) | TransactionError::MaxCommitAttempts(_) | TransactionError::CommitConflict(_))
        }
        _ => false,
    }
}
