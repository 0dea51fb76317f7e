//! What can go wrong with the ledger.

use std::path::PathBuf;

use nightshift_diagnostic::{Fault, Faulty};

/// The result of every operation of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong with the ledger.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder of the ledger's file could not be made.
    #[error("the folder {} for the ledger cannot be created", folder.display())]
    CreateFolder {
        /// The folder.
        folder: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The file is there but no SQLite database, or cannot be reached.
    #[error("the ledger {} cannot be opened", path.display())]
    Open {
        /// The ledger's file.
        path: PathBuf,
        /// Why not.
        source: sqlx::Error,
    },
    /// The tables could not be brought to this version's form.
    #[error("the tables of the ledger {} cannot be brought up to date", path.display())]
    Migrate {
        /// The ledger's file.
        path: PathBuf,
        /// Why not.
        source: sqlx::migrate::MigrateError,
    },
    /// The ledger was written by a newer version.
    #[error("the ledger {} was written by a newer version of nightshift (its table version {version} is unknown here)", path.display())]
    Newer {
        /// The ledger's file.
        path: PathBuf,
        /// The number of the first migration that this version does not have.
        version: i64,
    },
    /// A statement failed.
    #[error("the ledger could not {doing}")]
    Statement {
        /// What it was about to do, in the infinitive.
        doing: &'static str,
        /// Why not.
        source: sqlx::Error,
    },
    /// Somebody else changed the state between our look and our change.
    #[error("{what} is no longer {expected} but {found}: another process changed it")]
    StateChanged {
        /// The batch, run, step or attempt.
        what: String,
        /// The state from which the change would have started.
        expected: &'static str,
        /// What the ledger holds, or "absent".
        found: String,
    },
    /// A stored value that nobody could have written.
    #[error("the ledger holds `{value}` in column {column}, which is not {wanted}")]
    Unreadable {
        /// The column.
        column: &'static str,
        /// The stored value.
        value: String,
        /// What it should be.
        wanted: &'static str,
    },
    /// A text that should name a batch does not.
    #[error("`{0}` does not name a batch; say its number or pipeline@date, for example daily@2026-11-23 or daily@2026-11-23#2")]
    BatchReference(String),
}

impl Error {
    /// For `map_err`: what was about to be done when the statement failed.
    pub(crate) fn doing(doing: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |source| Self::Statement { doing, source }
    }
}

/// SQLITE_BUSY and SQLITE_LOCKED with their extended codes: the low byte is 5 or 6.
fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|database| database.code()).and_then(|code| code.parse::<i64>().ok());
    matches!(code.map(|code| code & 0xff), Some(5 | 6)) || matches!(error, sqlx::Error::PoolTimedOut)
}

/// True if the disk is full or the file cannot be read or written: nothing that SQL could mend.
fn is_disk(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|database| database.code()).and_then(|code| code.parse::<i64>().ok());
    matches!(code.map(|code| code & 0xff), Some(8 | 10 | 13 | 14)) || matches!(error, sqlx::Error::Io(_))
}

impl Faulty for Error {
    fn fault(&self) -> Fault {
        match self {
            Self::CreateFolder { .. } | Self::Open { .. } | Self::StateChanged { .. } => Fault::External,
            Self::Statement { source, .. } if is_busy(source) || is_disk(source) => Fault::External,
            Self::Newer { .. } | Self::BatchReference(_) => Fault::User,
            Self::Migrate { .. } | Self::Statement { .. } | Self::Unreadable { .. } => Fault::Internal,
        }
    }

    fn retry_helps(&self) -> bool {
        match self {
            Self::StateChanged { .. } => true,
            Self::Statement { source, .. } | Self::Open { source, .. } => is_busy(source) || is_disk(source),
            _ => false,
        }
    }
}
