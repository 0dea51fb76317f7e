//! A project with one source in a folder of its own, and what is needed to load it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::util::display::array_value_to_string;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use nightshift_compile::contract::Contract;
use nightshift_lake::{Lake, Snapshot, TableName};
use nightshift_project::Project;
use tempfile::TempDir;

use crate::{Error, IngestPlan, IngestReport, IngestRequest, Keep, ingest, plan};

pub(super) struct Place {
    folder: TempDir,
    pub(super) session: SessionContext,
    pub(super) up_to: String,
    batch_size: usize,
    /// Which files stay while rows of them go.
    pub(super) keep: Keep,
}

impl Place {
    /// A project in Taipei whose one source is `t`.
    pub(super) fn new(contract: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("sql/sources")).unwrap();
        fs::write(folder.path().join("nightshift.yaml"), "name: test\ntimezone: Asia/Taipei\n").unwrap();
        let session = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(2).with_batch_size(4));
        let place = Self { folder, session, up_to: "2026-12-31".to_owned(), batch_size: 3, keep: Keep::default() };
        place.set_contract(contract);
        place
    }

    /// The same in a pool of so many bytes, so that rows have to go to disk.
    pub(super) fn with_memory(mut self, bytes: usize) -> Self {
        let config = SessionConfig::new().with_target_partitions(2).with_batch_size(64).with_sort_spill_reservation_bytes(1024);
        let runtime = RuntimeEnvBuilder::new().with_memory_pool(Arc::new(FairSpillPool::new(bytes))).build_arc().unwrap();
        (self.session, self.batch_size) = (SessionContext::new_with_config_rt(config, runtime), 64);
        self
    }

    pub(super) fn set_contract(&self, text: &str) {
        fs::write(self.folder.path().join("sql/sources/t.sql"), text).unwrap();
    }

    pub(super) fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    /// Puts a file into the folder of its date.
    pub(super) fn arrive(&self, identity: &str, content: impl AsRef<[u8]>) {
        let path = self.path("incoming").join(identity);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(super) fn contract(&self) -> (Arc<Contract>, Project) {
        let (project, problems) = Project::load(self.folder.path(), None).unwrap();
        assert!(!problems.has_errors(), "{problems:?}");
        (Arc::new(Contract::parse(&project.sources[0], project.calendar.zone).unwrap()), project)
    }

    pub(super) fn lake(&self) -> Lake {
        Lake::open(&self.path("lake")).unwrap()
    }

    async fn with<T>(&self, action: impl AsyncFnOnce(&IngestRequest<'_>) -> T) -> T {
        let (contract, project) = self.contract();
        let (lake, incoming) = (self.lake(), self.path("incoming"));
        let up_to = self.up_to.parse().unwrap();
        let (session, calendar) = (&self.session, &project.calendar);
        action(&IngestRequest {
            lake: &lake,
            session,
            contract: &contract,
            calendar,
            incoming: &incoming,
            up_to,
            batch_size: self.batch_size,
            keep: self.keep,
            progress: &|_| std::ops::ControlFlow::Continue(()),
        })
        .await
    }

    pub(super) async fn try_ingest(&self) -> Result<IngestReport, Error> {
        self.with(async |request| ingest(request).await).await
    }

    pub(super) async fn ingest(&self) -> IngestReport {
        self.try_ingest().await.unwrap()
    }

    pub(super) async fn plan(&self) -> IngestPlan {
        self.with(async |request| plan(request).await).await.unwrap()
    }

    pub(super) async fn snapshot(&self, table: &str) -> Option<Snapshot> {
        self.lake().snapshot(&table.parse::<TableName>().unwrap()).await.unwrap()
    }

    pub(super) async fn version(&self, table: &str) -> Option<i64> {
        self.snapshot(table).await.map(|snapshot| snapshot.version())
    }

    /// The rows of a table as text, in order.
    pub(super) async fn rows(&self, table: &str, columns: &[&str]) -> Vec<String> {
        let Some(snapshot) = self.snapshot(table).await else { return vec![] };
        let frame = self.session.read_table(snapshot.provider(Some("Asia/Taipei".into()))).unwrap();
        let batches = frame.select_columns(columns).unwrap().collect().await.unwrap();
        let mut rows = Vec::new();
        for batch in &batches {
            for row in 0..batch.num_rows() {
                let values = batch.columns().iter().map(|column| array_value_to_string(column, row).unwrap());
                rows.push(values.collect::<Vec<_>>().join("|"));
            }
        }
        rows.sort();
        rows
    }
}

/// Copies a folder, as a backup of a table.
pub(super) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
