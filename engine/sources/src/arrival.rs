//! Which of the files that arrived are new, corrected or loaded already: known from the marks in the source's Delta log alone.
//!
//! A load leaves two marks for a file in the commit that brings its rows: `file:<date>/<name>` with the first 63 bits of the file's
//! SHA-256, and `state:<date>/<name>` with a number for its size and time, so that a file that nobody touched is not read again.
//! One mark, `contract`, stands for the rules that all rows were read by.

use chrono::Datelike as _;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use nightshift_compile::contract::Contract;
use nightshift_lake::Snapshot;
use nightshift_project::Load;

use crate::{Fingerprint, IncomingFile, Result};

/// Files that are hashed at the same time.
const HASHES: usize = 2;
/// The mark of the contract.
pub(crate) const CONTRACT: &str = "contract";
/// The mark of a full load: the date of the file that is the table, in days since the first year.
pub(crate) const FULL: &str = "full";

/// What a file is to a source's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileState {
    /// Its rows are in the table.
    Loaded,
    /// It has never been loaded.
    New,
    /// A file of the same identity with other bytes has been loaded.
    Corrected,
    /// The source is loaded in full, and a newer file is the table.
    Superseded,
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
    /// Its hash, where it had to be read to know.
    pub hash: Option<Fingerprint>,
}

impl Arrival {
    /// Whether its rows have to be read.
    #[must_use]
    pub const fn is_pending(&self) -> bool {
        matches!(self.state, FileState::New | FileState::Corrected)
    }

    /// The marks that its load leaves.
    pub(crate) fn marks(&self) -> Vec<(String, i64)> {
        let identity = self.file.identity();
        let hash = self.hash.map(|hash| (file_mark(&identity), hash.version()));
        let state = self.file.state().filter(|_| hash.is_some()).map(|state| (state_mark(&identity), state));
        hash.into_iter().chain(state).collect()
    }
}

/// The mark of a file's content.
pub(crate) fn file_mark(identity: &str) -> String {
    format!("file:{identity}")
}

fn state_mark(identity: &str) -> String {
    format!("state:{identity}")
}

/// What each file is to the table. Files must be in their order, as [`crate::discover()`] gives them. With `anew` every file counts as
/// new, whatever the marks say.
///
/// # Errors
/// If a file or the log cannot be read.
pub async fn arrivals(contract: &Contract, files: Vec<IncomingFile>, table: Option<&Snapshot>, anew: bool) -> Result<Vec<Arrival>> {
    let newest = match contract.header.load {
        // A file without a single byte has arrived, but says nothing about the rows.
        Load::Full => files.iter().rposition(|file| file.size > 0),
        Load::Append | Load::Upsert { .. } => None,
    };
    let is_outdated = match (newest.and_then(|newest| files.get(newest)), table) {
        (Some(newest), Some(table)) if !anew => table.transaction_version(FULL).await?.is_some_and(|loaded| loaded > i64::from(newest.date.num_days_from_ce())),
        _ => false,
    };
    let compared = stream::iter(files.into_iter().enumerate()).map(async |(index, file)| {
        let is_table = newest == Some(index) && !is_outdated;
        if contract.header.load == Load::Full && file.size > 0 && !is_table {
            return Ok(Arrival { file, state: FileState::Superseded, hash: None });
        }
        compare(file, table.filter(|_| !anew)).await
    });
    compared.buffered(HASHES).try_collect().await
}

async fn compare(file: IncomingFile, table: Option<&Snapshot>) -> Result<Arrival> {
    let identity = file.identity();
    let mark = async |name: String| match table {
        Some(table) => table.transaction_version(&name).await,
        None => Ok(None),
    };
    let known = mark(file_mark(&identity)).await?;
    if known.is_some() && file.state().is_some() && file.state() == mark(state_mark(&identity)).await? {
        return Ok(Arrival { file, state: FileState::Loaded, hash: None });
    }
    let (file, hash) = tokio::task::spawn_blocking(move || file.hash().map(|hash| (file, hash))).await??;
    let state = match (known, hash) {
        (_, None) => FileState::Unfinished,
        (None, Some(_)) => FileState::New,
        (Some(known), Some(hash)) if known == hash.version() => FileState::Loaded,
        (Some(_), Some(_)) => FileState::Corrected,
    };
    Ok(Arrival { file, state, hash })
}
