//! One version of one table: its layout, its files, and what may be scanned of it.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::execution::object_store::ObjectStoreUrl;
use deltalake::kernel::EagerSnapshot;
use deltalake::logstore::{LogStore as _, LogStoreRef};
use object_store::path::Path;
use tokio::sync::OnceCell;

use crate::deletion;
use crate::error::{Error, Result};
use crate::file::{Counted, DataFile, Gone, written_fingerprint};
use crate::layout::TableLayout;
use crate::marks::{self, Marks};
use crate::name::TableName;
use crate::provider::{FileTable, ScanOptions};
use crate::statistics::decode;

/// The table property that keeps a layout's sort columns.
pub(crate) const SORT_PROPERTY: &str = "nightshift.sortColumns";
/// Delta's property that says after how many commits a checkpoint is due.
pub(crate) const CHECKPOINT_PROPERTY: &str = "delta.checkpointInterval";
/// A checkpoint lets a reader skip the commits before it.
pub(crate) const CHECKPOINT_INTERVAL: &str = "100";

/// Where a table lies: for its log, and for scans.
#[derive(Clone)]
pub(crate) struct TableLocation {
    pub(crate) name: TableName,
    pub(crate) log: LogStoreRef,
    pub(crate) scan: ScanRoot,
}

/// Where DataFusion finds the files of a table.
#[derive(Debug, Clone)]
pub(crate) struct ScanRoot {
    pub(crate) store: ObjectStoreUrl,
    pub(crate) prefix: Path,
}

impl ScanRoot {
    /// The place of a file in the object store.
    pub(crate) fn file(&self, path: &str) -> Path {
        let below = Path::parse(path).unwrap_or_else(|_| Path::from(path));
        self.prefix.parts().chain(below.parts()).collect()
    }
}

/// One version of one table, as a value: what it holds never changes, whatever is committed later. Cloning is cheap.
#[derive(Clone)]
pub struct Snapshot {
    inner: Arc<Inner>,
}

struct Inner {
    location: TableLocation,
    state: EagerSnapshot,
    version: i64,
    layout: TableLayout,
    files: Vec<DataFile>,
    /// Read when they are first asked for; none inside if they can only be looked up one by one.
    marks: OnceCell<Option<Marks>>,
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Snapshot")
            .field("table", &self.inner.location.name)
            .field("version", &self.inner.version)
            .field("files", &self.inner.files.len())
            .finish_non_exhaustive()
    }
}

impl Snapshot {
    pub(crate) fn new(location: TableLocation, state: EagerSnapshot) -> Result<Self> {
        let name = &location.name;
        if let Some(reason) = beyond_us(&state) {
            return Err(Error::UnsupportedTable { table: name.clone(), reason });
        }
        let layout = layout_of(name, &state)?;
        let files = files_of(name, &state, &layout)?;
        let version = i64::try_from(state.version()).unwrap_or(i64::MAX);
        Ok(Self { inner: Arc::new(Inner { location, state, version, layout, files, marks: OnceCell::new() }) })
    }

    /// The table.
    #[must_use]
    pub fn name(&self) -> &TableName {
        &self.inner.location.name
    }

    /// The version, which counts from 0.
    #[must_use]
    pub fn version(&self) -> i64 {
        self.inner.version
    }

    /// The identity of the table; a table that is deleted and created again has another one.
    #[must_use]
    pub fn table_id(&self) -> &str {
        self.inner.state.metadata().id()
    }

    /// The form of the table at this version.
    #[must_use]
    pub fn layout(&self) -> &TableLayout {
        &self.inner.layout
    }

    /// The columns in SQL order, with descriptions and units in their metadata, times in UTC.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(self.inner.layout.schema())
    }

    /// The partition columns, outermost first.
    #[must_use]
    pub fn partition_columns(&self) -> &[String] {
        self.inner.layout.partition_columns()
    }

    /// The files that hold the rows.
    #[must_use]
    pub fn files(&self) -> &[DataFile] {
        &self.inner.files
    }

    /// The table properties.
    #[must_use]
    pub fn properties(&self) -> &BTreeMap<String, String> {
        self.inner.layout.properties()
    }

    /// How many rows the table holds; none if the log does not say so for a file.
    #[must_use]
    pub fn rows(&self) -> Option<u64> {
        self.inner.files.iter().map(DataFile::rows).sum()
    }

    /// How many bytes the files have.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.inner.files.iter().map(|file| file.size).sum()
    }

    /// The last version that the application `app_id` marked in a commit of this version or an earlier one. The log is read once
    /// for all applications.
    ///
    /// # Errors
    /// [`Error::Delta`] or [`Error::Store`] if the log cannot be read.
    pub async fn transaction_version(&self, app_id: &str) -> Result<Option<i64>> {
        if let Some(marks) = self.marks().await? {
            return Ok(marks.get(app_id).copied());
        }
        let location = &self.inner.location;
        let found = self.inner.state.transaction_version(location.log.as_ref(), app_id).await;
        found.map_err(|source| Error::delta(&location.name, source))
    }

    /// Every application that marked a version, with the last one, as a rollback needs them.
    ///
    /// # Errors
    /// [`Error::Store`] if the log cannot be read, [`Error::UnsupportedTable`] if it has a form that does not tell them all.
    pub async fn transactions(&self) -> Result<&HashMap<String, i64>> {
        self.marks().await?.ok_or_else(|| {
            let reason = "its log does not reach back to a checkpoint in one file".to_owned();
            Error::UnsupportedTable { table: self.name().clone(), reason }
        })
    }

    async fn marks(&self) -> Result<Option<&Marks>> {
        let store = self.inner.location.log.object_store(None);
        let marks = self.inner.marks.get_or_try_init(|| marks::load(store.as_ref(), self.inner.state.version())).await?;
        Ok(marks.as_ref())
    }

    /// The snapshot that a commit on `base` made: its marks are those of `base` and of the commit, without reading the log.
    pub(crate) fn after(self, base: &Self, transactions: Vec<(String, i64)>) -> Self {
        if let Some(Some(marks)) = base.inner.marks.get() {
            let mut marks = marks.clone();
            marks.extend(transactions);
            // Only the first value of the cell counts; this snapshot was just made, so that it is this one.
            let _ = self.inner.marks.set(Some(marks));
        }
        self
    }

    /// The rows of this version for SQL, times shown in `zone`, in UTC if there is none.
    #[must_use]
    pub fn provider(&self, zone: Option<Arc<str>>) -> Arc<dyn TableProvider> {
        Arc::new(self.table(self.files(), &ScanOptions { zone, ..ScanOptions::default() }))
    }

    /// The rows of some files of this table, in the columns of this version. The files may be of another version, as those of a
    /// change set are.
    #[must_use]
    pub fn provider_of(&self, files: &[DataFile], zone: Option<Arc<str>>) -> Arc<dyn TableProvider> {
        Arc::new(self.table(files, &ScanOptions { zone, ..ScanOptions::default() }))
    }

    /// Like [`Self::provider_of`], with every choice that a scan has.
    #[must_use]
    pub fn table(&self, files: &[DataFile], options: &ScanOptions) -> FileTable {
        FileTable::new(self.inner.location.scan.clone(), &self.inner.layout, files, options)
    }

    /// Whether rows of it can go while their files stay.
    pub(crate) fn has_deletion_vectors(&self) -> bool {
        let features = self.inner.state.protocol().reader_features().unwrap_or_default();
        features.iter().any(|feature| feature.to_string() == DELETION_FEATURE)
    }

    pub(crate) fn state(&self) -> &EagerSnapshot {
        &self.inner.state
    }
}

/// The version of Delta's readers from which a table lists what a reader has to know.
const FEATURES_READER: i32 = 3;
/// What it calls deletion vectors.
pub(crate) const DELETION_FEATURE: &str = "deletionVectors";

/// What a reader would have to know that we do not; none for a table that we read.
fn beyond_us(state: &EagerSnapshot) -> Option<String> {
    let protocol = state.protocol();
    let features = protocol.reader_features().unwrap_or_default();
    let unknown = features.iter().map(ToString::to_string).find(|feature| feature != DELETION_FEATURE);
    match (protocol.min_reader_version(), unknown) {
        (FEATURES_READER, Some(feature)) => Some(format!("it needs a Delta reader that knows {feature}")),
        (0 | 1 | FEATURES_READER, _) => None,
        (version, _) => Some(format!("it needs a Delta reader of version {version}, and only versions 1 and {FEATURES_READER} are read")),
    }
}

fn layout_of(name: &TableName, state: &EagerSnapshot) -> Result<TableLayout> {
    let unsupported = |error: Error| Error::UnsupportedTable { table: name.clone(), reason: error.to_string() };
    let metadata = state.metadata();
    let mut properties: BTreeMap<String, String> = metadata.configuration().iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    // What every commit writes by itself is no part of the layout.
    properties.retain(|key, value| key != CHECKPOINT_PROPERTY || value != CHECKPOINT_INTERVAL);
    let sort_columns = properties.remove(SORT_PROPERTY).and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok());
    let sort_columns =
        sort_columns.iter().filter_map(serde_json::Value::as_array).flatten().filter_map(|column| column.as_str().map(ToOwned::to_owned)).collect();
    let partition_columns = metadata.partition_columns().iter().map(ToString::to_string).collect();
    let layout = TableLayout::new(&state.arrow_schema(), partition_columns, sort_columns).map_err(unsupported)?;
    let layout = layout.with_properties(properties);
    Ok(match metadata.description() {
        Some(description) => layout.with_description(description),
        None => layout,
    })
}

fn files_of(name: &TableName, state: &EagerSnapshot, layout: &TableLayout) -> Result<Vec<DataFile>> {
    let log = state.try_log_data().map_err(|source| Error::delta(name, source))?;
    let mut files = Vec::with_capacity(log.num_files());
    for view in log.iter() {
        let counted = match view.deletion_vector_descriptor() {
            None => Counted::All,
            Some(vector) => {
                let reason = || "a deletion vector of it lies in a file of its own, or is damaged".to_owned();
                let rows = deletion::decode(&vector).ok_or_else(|| Error::UnsupportedTable { table: name.clone(), reason: reason() })?;
                Counted::Except(Arc::new(Gone { rows, vector: Some(vector) }))
            }
        };
        files.push(DataFile {
            path: view.path().into_owned(),
            size: u64::try_from(view.size()).unwrap_or_default(),
            modified: view.modification_time(),
            partition_values: view.partition_values_map().into_iter().collect(),
            statistics: None,
            statistics_json: view.stats().map(Arc::from),
            counted,
        });
    }
    let encoded: Vec<_> =
        files.iter().map(|file| decode::Encoded { json: file.statistics_json.as_deref(), ours: written_fingerprint(&file.path).is_some() }).collect();
    let statistics = decode::decode(&layout.file_schema(), &encoded);
    for (file, statistics) in files.iter_mut().zip(statistics) {
        file.statistics = statistics;
        if file.gone() > 0 && file.statistics.is_none() {
            let reason = "the log does not say how many rows a file with a deletion vector has".to_owned();
            return Err(Error::UnsupportedTable { table: name.clone(), reason });
        }
    }
    // A scan that reads partitions in their order finds its files in a stable order, whichever commit added them.
    files.sort_by(|left, right| (&left.partition_values, &left.path).cmp(&(&right.partition_values, &right.path)));
    Ok(files)
}
