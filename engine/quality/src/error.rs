//! What can go wrong with checking.

use datafusion::arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use nightshift_diagnostic::{Diagnostics, Fault, Faulty};

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why rows could not be checked. (A row that breaks a rule is a result, not an error.)
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Expressions of a contract or of a report that do not compile.
    #[error("the checks do not compile")]
    Expressions(Diagnostics),
    /// A check of a report that does not compile, or a query that failed.
    #[error("the check `{check}` could not be run")]
    Check {
        /// The check as it was written.
        check: String,
        /// What DataFusion has against it.
        source: Box<DataFusionError>,
    },
    /// A batch whose columns are not those of the contract: a defect of the caller.
    #[error("the column `{column}` arrived as {found}, which cannot become {expected}")]
    ColumnType {
        /// Name of the column.
        column: String,
        /// Its type in the batch.
        found: String,
        /// Its type in the contract.
        expected: String,
    },
    /// Arrow refused an operation on columns.
    #[error("a batch could not be checked")]
    Arrow(#[from] ArrowError),
    /// DataFusion refused an operation on columns, or memory ran out.
    #[error("a batch could not be checked")]
    DataFusion(#[from] Box<DataFusionError>),
}

impl From<DataFusionError> for Error {
    fn from(error: DataFusionError) -> Self {
        Self::DataFusion(Box::new(error))
    }
}

impl Faulty for Error {
    fn fault(&self) -> Fault {
        match self {
            Self::Expressions(_) | Self::Check { .. } => Fault::User,
            Self::ColumnType { .. } | Self::Arrow(_) => Fault::Internal,
            Self::DataFusion(error) => match error.find_root() {
                DataFusionError::ResourcesExhausted(_) | DataFusionError::IoError(_) => Fault::External,
                _ => Fault::Internal,
            },
        }
    }
}
