//! What can go wrong while a rollup is refreshed.

use datafusion::error::DataFusionError;
use nightshift_diagnostic::{Diagnostics, Fault, Faulty};

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failed refresh. Nothing of it is visible in the lake.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The query no longer plans against the tables.
    #[error("the query of `{rollup}` does not fit its tables: {}", problems.iter().next().map(ToString::to_string).unwrap_or_default())]
    Query {
        /// The rollup.
        rollup: String,
        /// What is wrong.
        problems: Diagnostics,
    },
    /// A query failed while it ran.
    #[error(transparent)]
    Execute(#[from] nightshift_execute::Error),
    /// The lake refused.
    #[error(transparent)]
    Lake(#[from] nightshift_lake::Error),
    /// A plan could not be put together.
    #[error("the refresh of the rollup could not be planned")]
    Plan(#[from] DataFusionError),
    /// The task of a unit came to an end without an answer.
    #[error("a unit of the refresh broke off")]
    UnitGone(#[source] tokio::task::JoinError),
    /// A merge was decided without a table, or without a change of the facts.
    #[error("there is nothing to merge into `{rollup}`")]
    NothingToMerge {
        /// The rollup.
        rollup: String,
    },
    /// A bucket came back in another type than the plan promised.
    #[error("a bucket of `{rollup}` is {found}, not a date or a time")]
    BucketType {
        /// The rollup.
        rollup: String,
        /// What came.
        found: String,
    },
}

impl Faulty for Error {
    fn fault(&self) -> Fault {
        match self {
            Self::Query { .. } => Fault::User,
            Self::Execute(error) => error.fault(),
            Self::Lake(error) => error.fault(),
            Self::Plan(_) | Self::UnitGone(_) | Self::NothingToMerge { .. } | Self::BucketType { .. } => Fault::Internal,
        }
    }

    fn retry_helps(&self) -> bool {
        match self {
            Self::Execute(error) => error.retry_helps(),
            Self::Lake(error) => error.retry_helps(),
            _ => false,
        }
    }
}
