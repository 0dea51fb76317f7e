//! Why a rollup does not answer a query.

/// Why the rows of a rollup do not answer a GROUP BY of a query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The query, or the rollup's, groups more than joined tables.
    #[error("what is grouped is more than tables, their joins and conditions")]
    NotPlain,
    /// The rollup's query is more than a GROUP BY, or hides some of its rows.
    #[error("its rows are not all that its GROUP BY gives")]
    NotGrouping,
    /// It has no table yet.
    #[error("it has never been built")]
    NeverBuilt,
    /// Its table stands for other versions of its sources than the query reads, or for another definition.
    #[error("it is behind its sources")]
    Stale,
    /// Its rows are known to be others than its query gives.
    #[error("its rows differed when it was last verified")]
    Wrong,
    /// It is not known whether it was found to be wrong.
    #[error("whether it was found to be wrong cannot be said: {reason}")]
    Unknown {
        /// Why.
        reason: String,
    },
    /// Its table was made when other columns were kept.
    #[error("its table does not keep `{column}` yet")]
    Lacks {
        /// The column.
        column: String,
    },
    /// Its table cannot be read.
    #[error("its table cannot be read: {reason}")]
    Unreadable {
        /// Why.
        reason: String,
    },
    /// It reads a table that the query does not, which may take rows away or double them.
    #[error("it reads `{table}`, which the query does not")]
    OtherTable {
        /// The table.
        table: String,
    },
    /// The query joins a table that may have several rows for one of the rollup's.
    #[error("`{table}` is not joined by its key")]
    FanOut {
        /// The table.
        table: String,
    },
    /// The query and the rollup join a table in different ways.
    #[error("it joins `{table}` in another way")]
    OtherJoin {
        /// The table.
        table: String,
    },
    /// The rollup has left out rows that the query wants.
    #[error("it has no rows but those where {condition}")]
    Filtered {
        /// The rollup's condition.
        condition: String,
    },
    /// The query has a condition that its rows do not tell.
    #[error("its rows do not tell whether {condition}")]
    Condition {
        /// The query's condition.
        condition: String,
    },
    /// The query groups by what its rows do not have.
    #[error("its rows do not tell {key}")]
    Key {
        /// The query's key.
        key: String,
    },
    /// An aggregate of the query does not follow from what its rows have.
    #[error("{call} does not follow from its rows")]
    Aggregate {
        /// The call.
        call: String,
    },
    /// What it would be answered by cannot be planned.
    #[error("it cannot be planned: {reason}")]
    NotPlanned {
        /// Why.
        reason: String,
    },
    /// Of none of its buckets all rows are wanted.
    #[error("the query wants no whole {grain} of it")]
    NoWholeBucket {
        /// The length of its buckets.
        grain: nightshift_calendar::Grain,
    },
}
