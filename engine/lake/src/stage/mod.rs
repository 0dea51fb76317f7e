//! Rows on their way into a table: written to files that no reader sees, scannable for checks, visible with a commit.

mod abandoned;
mod convert;
mod journal;
mod partition;
mod write;

pub use journal::{AUTHOR, StageJournal};
pub(crate) use partition::parse as parse_partition;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use arrow::array::RecordBatch;
use datafusion::catalog::TableProvider;
use deltalake::logstore::LogStore as _;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::error::{Error, Result};
use crate::file::DataFile;
use crate::layout::TableLayout;
use crate::name::TableName;
use crate::provider::{FileTable, ScanOptions};
use crate::snapshot::{ScanRoot, TableLocation};

/// How the files of a stage are written.
#[derive(Debug, Clone)]
pub struct StageOptions {
    /// A file is closed when it has about this many bytes.
    pub file_bytes: u64,
    /// How many rows a row group of a file has at most.
    pub row_group_rows: usize,
    /// The level of zstd; none writes without compression.
    pub zstd_level: Option<i32>,
}

impl Default for StageOptions {
    fn default() -> Self {
        Self { file_bytes: 128 * 1024 * 1024, row_group_rows: 524_288, zstd_level: Some(1) }
    }
}

/// Writes batches into files, in a task of its own, so that rows are encoded while the next ones are computed. The rows come
/// sorted by partition: one file is open at a time, and a new partition closes it.
///
/// Dropping it without [`Self::finish`] stops the task and removes the files.
pub struct StagedWriter {
    id: String,
    orders: Option<mpsc::Sender<Order>>,
    task: Option<JoinHandle<Result<Vec<DataFile>>>>,
    stage: Stage,
}

/// What the task of a stage is told to do.
#[derive(Debug)]
pub(crate) enum Order {
    Write(RecordBatch),
    CloseFile,
}

/// Where a stage writes and what it wrote.
#[derive(Clone)]
pub(crate) struct Stage {
    table: TableName,
    layout: TableLayout,
    scan: ScanRoot,
    store: Arc<dyn ObjectStore>,
    paths: Arc<Mutex<Vec<String>>>,
    /// Nobody wants the files any more.
    abandoned: Arc<AtomicBool>,
}

impl fmt::Debug for StagedWriter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("StagedWriter").field("id", &self.id).field("table", &self.stage.table).finish_non_exhaustive()
    }
}

impl StagedWriter {
    pub(crate) fn start(location: TableLocation, layout: TableLayout, options: StageOptions, journal: Option<Arc<dyn StageJournal>>) -> Self {
        let id = uuid::Uuid::new_v4().simple().to_string();
        let stage = Stage {
            table: location.name,
            layout,
            scan: location.scan,
            store: location.log.object_store(None),
            paths: Arc::default(),
            abandoned: Arc::default(),
        };
        let (sender, receiver) = mpsc::channel(2);
        let task = tokio::spawn(write::run(stage.clone(), id.clone(), options, journal, receiver));
        Self { id, orders: Some(sender), task: Some(task), stage }
    }

    /// The identity of the stage, with which the names of all its files begin.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Takes rows, in any form of the layout's types, columns by name. Waits while the files cannot keep up.
    ///
    /// # Errors
    /// What an earlier batch did wrong, or this one: [`Error::MissingColumn`], [`Error::BatchType`], [`Error::NullValue`],
    /// [`Error::DiskFull`] and others. No batch can be written after an error.
    pub async fn write(&mut self, batch: RecordBatch) -> Result<()> {
        self.order(Order::Write(batch)).await
    }

    /// Closes the file that is open: rows that come after begin another one.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub async fn close_file(&mut self) -> Result<()> {
        self.order(Order::CloseFile).await
    }

    async fn order(&mut self, order: Order) -> Result<()> {
        if let Some(orders) = &self.orders
            && orders.send(order).await.is_ok()
        {
            return Ok(());
        }
        // The task hung up; it says why when it is waited for.
        self.orders = None;
        self.join().await?;
        Err(Error::WriterGone { source: None })
    }

    /// Waits until every row is in its file.
    ///
    /// # Errors
    /// As [`Self::write`]; the files are removed then.
    pub async fn finish(mut self) -> Result<Staged> {
        self.orders = None;
        let files = self.join().await?;
        Ok(Staged { id: std::mem::take(&mut self.id), stage: self.stage.clone(), files })
    }

    async fn join(&mut self) -> Result<Vec<DataFile>> {
        let Some(task) = &mut self.task else {
            return Err(Error::WriterGone { source: None });
        };
        let result = match task.await {
            Ok(result) => result,
            Err(source) => Err(Error::WriterGone { source: Some(source) }),
        };
        self.task = None;
        if result.is_err() {
            self.stage.remove().await;
        }
        result
    }
}

impl Drop for StagedWriter {
    fn drop(&mut self) {
        let Some(task) = self.task.take() else { return };
        self.stage.abandoned.store(true, Ordering::Release);
        self.orders = None;
        // The task is not aborted: a file that is just being closed would appear after all had been removed.
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                let stage = self.stage.clone();
                runtime.spawn(async move {
                    let _ = task.await;
                    stage.remove().await;
                });
            }
            Err(_) => task.abort(),
        }
    }
}

impl Stage {
    fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Acquire)
    }

    fn note(&self, path: &str) {
        if let Ok(mut paths) = self.paths.lock() {
            paths.push(path.to_owned());
        }
    }

    /// Removes what was written. What cannot be removed is left to the cleaning of dead stages.
    async fn remove(&self) {
        let paths = self.paths.lock().map(|mut paths| std::mem::take(&mut *paths)).unwrap_or_default();
        for path in paths {
            match self.store.delete(&Path::from(path.as_str())).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => tracing::warn!(table = %self.table, path, %error, "a staged file could not be removed"),
            }
        }
    }
}

/// Files that wait for a commit.
#[derive(Clone)]
pub struct Staged {
    id: String,
    stage: Stage,
    files: Vec<DataFile>,
}

impl fmt::Debug for Staged {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Staged").field("id", &self.id).field("table", &self.stage.table).field("files", &self.files.len()).finish_non_exhaustive()
    }
}

impl Staged {
    /// The identity of the stage.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The table that the rows are for.
    #[must_use]
    pub const fn table(&self) -> &TableName {
        &self.stage.table
    }

    /// The layout that the files were written with.
    #[must_use]
    pub const fn layout(&self) -> &TableLayout {
        &self.stage.layout
    }

    /// The files.
    #[must_use]
    pub fn files(&self) -> &[DataFile] {
        &self.files
    }

    /// How many rows the files hold.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.files.iter().filter_map(DataFile::rows).sum()
    }

    /// How many bytes the files have.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }

    /// The staged rows for SQL, so that they can be checked before anybody sees them; times shown in `zone`.
    #[must_use]
    pub fn provider(&self, zone: Option<Arc<str>>) -> Arc<dyn TableProvider> {
        Arc::new(self.scan(&ScanOptions { zone, ..ScanOptions::default() }))
    }

    /// Like [`Self::provider`], with every choice that a scan has.
    #[must_use]
    pub fn scan(&self, options: &ScanOptions) -> FileTable {
        FileTable::new(self.stage.scan.clone(), &self.stage.layout, &self.files, options)
    }

    /// Removes the files. Only for stages that were not committed.
    pub async fn discard(self) {
        self.stage.remove().await;
    }
}
