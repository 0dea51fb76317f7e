//! Files of stages that were never committed, because their process died.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::error::{Error, Result};
use crate::lake::Lake;
use crate::name::TableName;

/// How far the times of two files may be apart for the clock alone.
const TICK: Duration = Duration::from_secs(2);

impl Lake {
    /// Removes what a dead attempt staged, by the identity of its stage; gives the number of files. A process may have died after its
    /// commit and before it could say so: files of a stage that a commit names stay, also where a later commit took them out again.
    ///
    /// # Errors
    /// [`Error::Folder`] if the folder cannot be listed or a file not removed.
    pub async fn remove_stage(&self, table: &TableName, stage: &str) -> Result<usize> {
        let (folder, stage) = (self.folder(table), stage.to_owned());
        let removed = tokio::task::spawn_blocking(move || remove(&folder, &stage)).await;
        removed.map_err(|source| Error::WriterGone { source: Some(source) })?
    }
}

fn remove(folder: &Path, stage: &str) -> Result<usize> {
    let failed = |source| Error::Folder { path: folder.to_owned(), source };
    let mut files = Vec::new();
    find(folder, stage, &mut files).map_err(failed)?;
    // A commit is written after the files that it names.
    let Some(oldest) = files.iter().map(|(_, written)| *written).min() else { return Ok(0) };
    if is_named(&folder.join("_delta_log"), stage, oldest.checked_sub(TICK).unwrap_or(oldest)).map_err(failed)? {
        return Ok(0);
    }
    for (file, _) in &files {
        fs::remove_file(file).map_err(|source| Error::Folder { path: file.clone(), source })?;
    }
    Ok(files.len())
}

/// The files whose names begin with the stage's identity, those that were still being written too, and when they were written.
fn find(folder: &Path, stage: &str, found: &mut Vec<(PathBuf, SystemTime)>) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let metadata = entry.metadata()?;
        if metadata.is_dir() {
            find(&entry.path(), stage, found)?;
        } else if entry.file_name().to_str().is_some_and(|name| name.starts_with(stage)) {
            found.push((entry.path(), metadata.modified()?));
        }
    }
    Ok(())
}

/// Whether a commit since then names a file of the stage.
fn is_named(log: &Path, stage: &str, since: SystemTime) -> io::Result<bool> {
    let entries = match fs::read_dir(log) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let is_commit = entry.path().extension().is_some_and(|end| end == "json");
        if is_commit && entry.metadata()?.modified()? >= since && fs::read_to_string(entry.path())?.contains(stage) {
            return Ok(true);
        }
    }
    Ok(false)
}
