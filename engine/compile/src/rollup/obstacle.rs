//! Why what came and went cannot be merged into a rollup's rows, or its groups not be computed anew one by one, and what to change.

/// What stands in the way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// A row of the table is no group.
    #[error("its rows are not those of one GROUP BY")]
    NoGrouping,
    /// Rows that are grouped do not come and go with the facts.
    #[error("below its GROUP BY stands a window, a DISTINCT, a LIMIT or another GROUP BY, so that a row that comes may change others")]
    BelowGrouping,
    /// A window over the groups.
    #[error("a window looks at other groups than its own")]
    Window,
    /// Groups are left out.
    #[error("HAVING leaves groups out, and what is known of those would be lost")]
    Having,
    /// The table does not tell two groups apart.
    #[error("its SELECT does not show the group key `{key}`, or shows it in the same column as another")]
    HiddenKey {
        /// The key as SQL has it.
        key: String,
    },
    /// The bucket is made from something else than a group key.
    #[error("its bucket is not a group key")]
    BucketNoKey,
    /// An aggregate whose value does not follow from what a row can keep.
    #[error("`{call}` cannot be merged: {reason}")]
    Aggregate {
        /// The aggregate as SQL has it.
        call: String,
        /// Why.
        reason: NoState,
    },
}

/// Why an aggregate has no state that a row can keep.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoState {
    /// It is none of those that are kept.
    #[error("no state is kept for this function")]
    Function,
    /// Different values are told apart only by a column.
    #[error("different values are counted only of a column of the facts themselves")]
    DistinctExpression,
    /// Different values of other functions than `count`.
    #[error("only `count` takes DISTINCT")]
    Distinct,
    /// An order, or a rule for NULL.
    #[error("it has an order or a rule for NULL")]
    Form,
    /// What may be 0 but for its last digit.
    #[error("it may be 0 or divide by 0, and what parts of the rows give together differs from that in its last digit")]
    Rounding,
    /// The state depends on the order of the rows.
    #[error("what is known of rows depends on the order in which they come")]
    Order,
    /// Values that a table cannot hold as they are, or that would overflow where the query does not.
    #[error("values of the type {data_type} are not kept")]
    Type {
        /// The type.
        data_type: String,
    },
}

impl Obstacle {
    /// What to change.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoGrouping | Self::BelowGrouping | Self::Window => None,
            Self::Having => Some("keep all groups here, and leave them out in what reads this rollup"),
            Self::HiddenKey { .. } => Some("select every group key under a name of its own"),
            Self::BucketNoKey => Some("group by the bucket"),
            Self::Aggregate { reason, .. } => reason.hint(),
        }
    }
}

impl NoState {
    const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::DistinctExpression => Some("count a column of the source as it is, or let the source bring the value in a column"),
            Self::Type { .. } => Some("cast the argument to a DECIMAL of at most 28 digits, or to BIGINT"),
            Self::Order => Some("keep a histogram instead: count(*) by steps of the value"),
            Self::Function | Self::Distinct | Self::Form | Self::Rounding => None,
        }
    }
}
