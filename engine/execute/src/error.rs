//! What can go wrong while a query runs.

use std::path::PathBuf;

use datafusion::error::DataFusionError;
use nightshift_diagnostic::{Fault, Faulty};

/// The result of this crate's functions.
pub type Result<T> = std::result::Result<T, Error>;

/// A failure to set up or run a query.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The spill directory cannot be made or written.
    #[error("the spill directory {path} cannot be used")]
    SpillDirectory {
        /// The directory.
        path: PathBuf,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// The step asked for more memory than its pool has, and could not spill.
    #[error("the step needs more memory than its limit of {limit} bytes allows")]
    OutOfMemory {
        /// The step's limit in bytes.
        limit: u64,
        /// DataFusion's message, which names the consumer.
        source: DataFusionError,
    },
    /// The step was asked to stop.
    #[error("stopped before it was done")]
    Cancelled,
    /// The query failed while it ran or while it was planned.
    #[error("the query failed")]
    Query(#[from] DataFusionError),
}

impl Error {
    /// True if the step's memory did not suffice.
    pub const fn is_out_of_memory(&self) -> bool {
        matches!(self, Self::OutOfMemory { .. })
    }

    /// Sorts a DataFusion error by what the operator can do about it; `limit` is the step's memory in bytes.
    pub fn from_query(error: DataFusionError, limit: u64) -> Self {
        match error.find_root() {
            DataFusionError::ResourcesExhausted(_) => Self::OutOfMemory { limit, source: error },
            _ => Self::Query(error),
        }
    }
}

impl Faulty for Error {
    fn fault(&self) -> Fault {
        match self {
            Self::SpillDirectory { .. } | Self::OutOfMemory { .. } | Self::Cancelled => Fault::External,
            Self::Query(error) => query_fault(error),
        }
    }

    fn retry_helps(&self) -> bool {
        matches!(self, Self::SpillDirectory { .. } | Self::Cancelled)
    }
}

/// Whose fault a DataFusion error is: rows that do not fit an expression are data, files are external, the rest is ours.
pub(crate) fn query_fault(error: &DataFusionError) -> Fault {
    match error.find_root() {
        DataFusionError::ArrowError(..) | DataFusionError::Execution(_) => Fault::Data,
        DataFusionError::IoError(_) | DataFusionError::ObjectStore(_) | DataFusionError::ResourcesExhausted(_) => Fault::External,
        DataFusionError::SQL(..) | DataFusionError::Plan(_) | DataFusionError::SchemaError(..) => Fault::User,
        _ => Fault::Internal,
    }
}
