//! Which of the files that arrived are new, changed or loaded already: known from the source's Delta log alone.
//!
//! A loaded file leaves two marks in the commit that brought its rows: `file:<identity>` with the first 63 bits of its SHA-256, and
//! `state:<identity>` with a number for its size and time, so that a file that was not touched is not read again.

use nightshift_lake::Snapshot;

use crate::{Fingerprint, IncomingFile, Result};

/// What a file is to a source's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileState {
    /// Its rows are in the table.
    Loaded,
    /// It has never been loaded.
    New,
    /// A file of the same identity with other bytes has been loaded.
    Corrected,
    /// Somebody is still writing it.
    Unfinished,
}

/// A file and what it is to the table.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The file.
    pub file: IncomingFile,
    /// What it is.
    pub state: FileState,
    /// Its hash, where it had to be read.
    pub hash: Option<Fingerprint>,
}

impl Arrival {
    /// The marks of a loaded file.
    pub(crate) fn marks(&self) -> Vec<(String, i64)> {
        let identity = self.file.identity();
        let hash = self.hash.map(|hash| (format!("file:{identity}"), hash.version()));
        let state = self.file.state().map(|state| (format!("state:{identity}"), state));
        hash.into_iter().chain(state).collect()
    }
}

/// Compares files with the marks of the table.
///
/// # Errors
/// If a file or the log cannot be read.
pub async fn arrivals(files: Vec<IncomingFile>, table: Option<&Snapshot>) -> Result<Vec<Arrival>> {
    let mut arrivals = Vec::with_capacity(files.len());
    for file in files {
        arrivals.push(arrival(file, table).await?);
    }
    Ok(arrivals)
}

async fn arrival(file: IncomingFile, table: Option<&Snapshot>) -> Result<Arrival> {
    let mark = async |kind: &str| match table {
        Some(table) => table.transaction_version(&format!("{kind}:{}", file.identity())).await,
        None => Ok(None),
    };
    let known = mark("file").await?;
    if known.is_some() && file.state().is_some() && file.state() == mark("state").await? {
        return Ok(Arrival { file, state: FileState::Loaded, hash: None });
    }
    let Some(hash) = file.hash()? else { return Ok(Arrival { file, state: FileState::Unfinished, hash: None }) };
    let state = match known {
        None => FileState::New,
        Some(version) if version == hash.version() => FileState::Loaded,
        Some(_) => FileState::Corrected,
    };
    Ok(Arrival { file, state, hash: Some(hash) })
}
