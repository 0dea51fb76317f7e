//! A copy of the project in a folder of its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nightshift_app::Workspace;
use nightshift_lake::Lake;
use sha2::{Digest, Sha256};

/// A project that a test may run in.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for part in ["nightshift.yaml", "sql", "reports", "pipelines", "calendars"] {
            copy(&repository().join(part), &folder.path().join(part));
        }
        Self { folder }
    }

    /// The same techniques for the same changes, whatever they took before.
    pub(crate) fn looking_at_least() -> Self {
        let place = Self::new();
        let file = place.root().join("nightshift.yaml");
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains("technique: fastest"));
        std::fs::write(&file, text.replace("technique: fastest", "technique: least")).unwrap();
        place
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) async fn workspace(&self) -> Arc<Workspace> {
        Arc::new(Workspace::open_sound(self.root(), None).await.unwrap_or_else(|error| panic!("{error:?}")))
    }

    /// The version of every table of the lake.
    pub(crate) async fn versions(&self, lake: &Lake) -> BTreeMap<String, i64> {
        let mut versions = BTreeMap::new();
        for table in lake.tables().await.unwrap() {
            versions.insert(table.to_string(), lake.snapshot(&table).await.unwrap().unwrap().version());
        }
        versions
    }

    /// Every file for people, with the hash of its bytes.
    pub(crate) fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        self.files_in("data/output")
    }

    /// Every file below a folder of the project, with the hash of its bytes.
    pub(crate) fn files_in(&self, folder: &str) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        gather(&self.root().join(folder), &mut files);
        files
    }
}

pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        std::fs::copy(from, to).unwrap();
    }
}

fn gather(folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, files);
        } else {
            let hash = Sha256::digest(std::fs::read(&path).unwrap()).to_vec();
            files.insert(path, hash);
        }
    }
}
