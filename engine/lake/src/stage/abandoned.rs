//! Files of stages that were never committed, because their process died.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::lake::Lake;
use crate::name::TableName;

impl Lake {
    /// Removes what a dead attempt staged, by the identity of its stage; gives the number of files. A process may have died after its
    /// commit and before it could say so: files of a stage that a commit names stay, also where a later commit took them out again.
    ///
    /// # Errors
    /// [`Error::Folder`] if the folder cannot be listed or a file not removed.
    pub async fn remove_stage(&self, table: &TableName, stage: &str) -> Result<usize> {
        // A checkpoint may stand for commits whose files are gone.
        if self.snapshot(table).await?.is_some_and(|newest| newest.files().iter().any(|file| file.path.contains(stage))) {
            return Ok(0);
        }
        let (folder, stage) = (self.folder(table), stage.to_owned());
        let removed = tokio::task::spawn_blocking(move || remove(&folder, &stage)).await;
        removed.map_err(|source| Error::WriterGone { source: Some(source) })?
    }
}

fn remove(folder: &Path, stage: &str) -> Result<usize> {
    let failed = |source| Error::Folder { path: folder.to_owned(), source };
    let mut files = Vec::new();
    find(folder, stage, &mut files).map_err(failed)?;
    // Every commit that is there is looked at: after a restored backup or a clock that was set, times say nothing.
    if files.is_empty() || is_named(&folder.join("_delta_log"), stage).map_err(failed)? {
        return Ok(0);
    }
    for file in &files {
        fs::remove_file(file).map_err(|source| Error::Folder { path: file.clone(), source })?;
    }
    Ok(files.len())
}

/// The files whose names begin with the stage's identity, those that were still being written too.
fn find(folder: &Path, stage: &str, found: &mut Vec<PathBuf>) -> io::Result<()> {
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
            found.push(entry.path());
        }
    }
    Ok(())
}

/// Whether a commit names a file of the stage.
fn is_named(log: &Path, stage: &str) -> io::Result<bool> {
    let entries = match fs::read_dir(log) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let is_commit = entry.path().extension().is_some_and(|end| end == "json");
        if is_commit && fs::read_to_string(entry.path())?.contains(stage) {
            return Ok(true);
        }
    }
    Ok(false)
}
