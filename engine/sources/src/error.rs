//! What can go wrong with files and their loads.

use std::io;
use std::path::PathBuf;

use datafusion::arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use nightshift_diagnostic::{Fault, Faulty};
use parquet::errors::ParquetError;

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why files could not be loaded. (A record that breaks the contract is not an error: it goes to the review table.)
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A folder or file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The folder or file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// A file is not what its contract says: columns are missing, or of types that cannot become the contract's.
    #[error("{} does not fit the contract of `{source_name}`: {}", path.display(), problems.join("; "))]
    Shape {
        /// The file.
        path: PathBuf,
        /// The source that it belongs to.
        source_name: String,
        /// Each problem in words, with a hint where there is one.
        problems: Vec<String>,
    },
    /// A Parquet file cannot be read.
    #[error("{} is not a Parquet file that can be read", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What the reader says.
        source: ParquetError,
    },
    /// A file changed while it was read.
    #[error("{} changed while it was read; it is loaded when it stays still", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The contract of a source changed, so its table must be built anew, and a file that it holds is no longer there.
    #[error("the contract of `{source_name}` changed, so all its files must be loaded again, but {missing} is not among the files that arrived")]
    FilesGone {
        /// The source.
        source_name: String,
        /// The first file that is missing, `<date>/<name>`.
        missing: String,
    },
    /// It was told to stop while it read.
    #[error("stopped before anything of `{source_name}` was loaded")]
    Stopped {
        /// The source.
        source_name: String,
    },
    /// The lake refused.
    #[error("the table of the source could not be brought up to date")]
    Lake(#[from] nightshift_lake::Error),
    /// The rows could not be checked.
    #[error("the rows could not be checked")]
    Quality(#[from] nightshift_quality::Error),
    /// DataFusion refused, or memory ran out.
    #[error("the rows could not be sorted into the table")]
    DataFusion(#[from] Box<DataFusionError>),
    /// Arrow refused an operation on columns.
    #[error("the rows could not be brought into the form of the table")]
    Arrow(#[from] ArrowError),
    /// A task of ours died: a defect.
    #[error("a task that read a file died")]
    Task(#[from] tokio::task::JoinError),
}

impl From<DataFusionError> for Error {
    fn from(error: DataFusionError) -> Self {
        Self::DataFusion(Box::new(error))
    }
}

impl Faulty for Error {
    fn fault(&self) -> Fault {
        match self {
            Self::Read { .. } | Self::Changed { .. } | Self::Stopped { .. } => Fault::External,
            Self::Shape { .. } | Self::Parquet { .. } => Fault::Data,
            Self::FilesGone { .. } => Fault::User,
            Self::Lake(error) => error.fault(),
            Self::Quality(error) => error.fault(),
            Self::DataFusion(error) => match error.find_root() {
                DataFusionError::ResourcesExhausted(_) | DataFusionError::IoError(_) => Fault::External,
                _ => Fault::Internal,
            },
            Self::Arrow(_) | Self::Task(_) => Fault::Internal,
        }
    }

    fn retry_helps(&self) -> bool {
        match self {
            Self::Read { .. } | Self::Changed { .. } | Self::Stopped { .. } => true,
            Self::Lake(error) => error.retry_helps(),
            Self::Quality(error) => error.retry_helps(),
            _ => false,
        }
    }
}
