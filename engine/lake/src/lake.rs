//! The folder that holds the tables.

use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use datafusion::execution::object_store::ObjectStoreUrl;
use deltalake::kernel::EagerSnapshot;
use deltalake::logstore::{LogStore as _, StorageConfig, logstore_for};
use object_store::ObjectStoreExt as _;
use object_store::path::Path;
use url::Url;

use crate::cache::SnapshotCache;
use crate::changed_rows::{ChangedRows, ChangedRowsCache};
use crate::error::{Error, Result};
use crate::file::DataFile;
use crate::layout::TableLayout;
use crate::name::{TableKind, TableName};
use crate::snapshot::{ScanRoot, Snapshot, TableLocation};
use crate::stage::{StageJournal, StageOptions, StagedWriter};

/// A folder of Delta tables, `<kind>/<name>`. Cloning is cheap, and clones share what they read; no file is held open.
#[derive(Debug, Clone)]
pub struct Lake {
    root: PathBuf,
    url: Url,
    prefix: Path,
    pub(crate) cache: SnapshotCache,
    pub(crate) changed_rows: ChangedRowsCache,
    pub(crate) journal: Option<Arc<dyn StageJournal>>,
}

impl Lake {
    /// Opens the lake in a local folder, which is made if it is not there.
    ///
    /// # Errors
    /// [`Error::Folder`] or [`Error::FolderPath`] if the folder cannot be made or named.
    pub fn open(root: &FilePath) -> Result<Self> {
        let folder = |source| Error::Folder { path: root.to_owned(), source };
        std::fs::create_dir_all(root).map_err(folder)?;
        let root = root.canonicalize().map_err(folder)?;
        let unnamed = || Error::FolderPath { path: root.clone() };
        let url = Url::from_directory_path(&root).map_err(|()| unnamed())?;
        let prefix = Path::from_url_path(url.path()).map_err(|_| unnamed())?;
        Ok(Self { root, url, prefix, cache: SnapshotCache::default(), changed_rows: ChangedRowsCache::default(), journal: None })
    }

    /// The same lake, of whose stages a journal is told before they write.
    #[must_use]
    pub fn with_journal(&self, journal: Arc<dyn StageJournal>) -> Self {
        Self { journal: Some(journal), ..self.clone() }
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &FilePath {
        &self.root
    }

    /// The folder of a table, whether it exists or not.
    #[must_use]
    pub fn folder(&self, table: &TableName) -> PathBuf {
        self.root.join(table.kind().folder()).join(table.name())
    }

    /// The tables that exist, by kind and name.
    ///
    /// # Errors
    /// [`Error::Folder`] if a folder cannot be listed.
    pub async fn tables(&self) -> Result<Vec<TableName>> {
        let mut tables = Vec::new();
        for kind in TableKind::ALL {
            let path = self.root.join(kind.folder());
            let mut entries = match tokio::fs::read_dir(&path).await {
                Ok(entries) => entries,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(source) => return Err(Error::Folder { path, source }),
            };
            while let Some(entry) = entries.next_entry().await.map_err(|source| Error::Folder { path: path.clone(), source })? {
                let name = entry.file_name().to_str().and_then(|name| TableName::new(kind, name).ok());
                if let Some(name) = name.filter(|_| entry.path().join("_delta_log").is_dir()) {
                    tables.push(name);
                }
            }
        }
        tables.sort();
        Ok(tables)
    }

    /// The newest version of a table; none if there is no such table.
    ///
    /// # Errors
    /// [`Error::Delta`] if its log cannot be read, [`Error::UnsupportedTable`] if somebody changed it beyond our reading.
    pub async fn snapshot(&self, table: &TableName) -> Result<Option<Snapshot>> {
        let location = self.location(table)?;
        if let Some(known) = self.cache.newest(&location).await {
            return Ok(Some(known));
        }
        if !location.log.is_delta_table_location().await.map_err(|source| Error::delta(table, source))? {
            return Ok(None);
        }
        let state = EagerSnapshot::try_new(location.log.as_ref(), None).await;
        let snapshot = Snapshot::new(location.clone(), state.map_err(|source| Error::delta(table, source))?)?;
        Ok(Some(self.cache.keep(&location, snapshot).await))
    }

    /// A version of a table.
    ///
    /// # Errors
    /// [`Error::VersionMissing`] if there is no such version or its log is gone; otherwise as [`Self::snapshot`].
    pub async fn snapshot_at(&self, table: &TableName, version: i64) -> Result<Snapshot> {
        let missing = || Error::VersionMissing { table: table.clone(), version };
        let location = self.location(table)?;
        let number = u64::try_from(version).map_err(|_| missing())?;
        if let Some(known) = self.cache.version(&location, version).await {
            return Ok(known);
        }
        if !location.log.is_delta_table_location().await.map_err(|source| Error::delta(table, source))? {
            return Err(missing());
        }
        match EagerSnapshot::try_new(location.log.as_ref(), Some(number)).await {
            Ok(state) => Ok(self.cache.keep(&location, Snapshot::new(location.clone(), state)?).await),
            Err(source) => {
                // Delta tells a version that is not there by many errors; what is left of the log tells it plainly.
                let log = Path::from(format!("_delta_log/{number:020}.json"));
                match location.log.object_store(None).head(&log).await {
                    Err(object_store::Error::NotFound { .. }) => Err(missing()),
                    _ => Err(Error::delta(table, source)),
                }
            }
        }
    }

    /// The rows by which two versions of a table differ, commit by commit, if this process made all commits between them and their
    /// writers told.
    #[must_use]
    pub fn changed_rows(&self, old: &Snapshot, new: &Snapshot) -> Option<Vec<Arc<ChangedRows>>> {
        self.changed_rows.between(old, new)
    }

    /// Whether a file of a table is gone from the disk, as after a vacuum.
    #[must_use]
    pub fn lacks_files(&self, table: &TableName, files: &[DataFile]) -> bool {
        let folder = self.folder(table);
        files.iter().any(|file| !folder.join(&file.path).exists() && !file.path.contains('%'))
    }

    /// Starts to write rows for a table into files that no reader sees before a commit.
    ///
    /// # Errors
    /// [`Error::Delta`] if the folder of the table cannot be used.
    pub fn stage(&self, table: &TableName, layout: TableLayout, options: StageOptions) -> Result<StagedWriter> {
        Ok(StagedWriter::start(self.location(table)?, layout, options, self.journal.clone()))
    }

    pub(crate) fn location(&self, table: &TableName) -> Result<TableLocation> {
        let below = format!("{}/{}/", table.kind().folder(), table.name());
        let url = self.url.join(&below).map_err(|_| Error::FolderPath { path: self.folder(table) })?;
        let log = logstore_for(&url, StorageConfig::default()).map_err(|source| Error::delta(table, source))?;
        let prefix = self.prefix.clone().join(table.kind().folder()).join(table.name());
        Ok(TableLocation { name: table.clone(), log, scan: ScanRoot { store: ObjectStoreUrl::local_filesystem(), prefix } })
    }
}
