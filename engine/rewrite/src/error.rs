//! What can go wrong while a query is rewritten.

use datafusion::error::DataFusionError;
use nightshift_diagnostic::{Fault, Faulty};

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a query could not be rewritten.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A plan could not be put together.
    #[error("the query could not be answered from a rollup")]
    Plan(#[from] DataFusionError),
    /// The states of a rollup could not be put together.
    #[error(transparent)]
    States(#[from] nightshift_refresh::Error),
}

impl Faulty for Error {
    fn fault(&self) -> Fault {
        Fault::Internal
    }

    fn retry_helps(&self) -> bool {
        false
    }
}
