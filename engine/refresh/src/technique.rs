//! The ways in which a rollup is brought up to date.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::buckets::{Bucket, Buckets};
use crate::decide::FullReason;

/// How a rollup is brought up to date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Technique {
    /// It stands for the pinned versions already.
    Nothing,
    /// Newer versions, but no row that it depends on has changed: only the marks are renewed.
    Restamp,
    /// Rows of these buckets are brought up to date by what came and went.
    Merge(Buckets),
    /// The same, and what depends on earlier buckets is computed anew from the first of them onward, from the table itself.
    MergeOnward(Buckets),
    /// Of these buckets, the groups to which a fact came or from which one went are computed anew.
    RebuildGroups(Buckets),
    /// These buckets are computed anew.
    Rebuild(Buckets),
    /// This bucket and every later one.
    Onward(Bucket),
    /// Everything.
    Full(FullReason),
}

/// A technique, whatever the buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// No row is written.
    Nothing,
    /// What came is added to the rows, and what went is taken from them.
    Merge,
    /// Groups to which a fact came, or from which one went, are computed anew.
    RebuildGroups,
    /// Touched buckets are computed anew.
    RebuildBuckets,
    /// Everything is.
    Full,
}

impl Kind {
    /// All kinds, those first that look at least.
    pub const ALL: [Self; 5] = [Self::Nothing, Self::Merge, Self::RebuildGroups, Self::RebuildBuckets, Self::Full];

    /// The name that is shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Merge => "merge",
            Self::RebuildGroups => "rebuild groups",
            Self::RebuildBuckets => "rebuild buckets",
            Self::Full => "full",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl Technique {
    /// What kind of technique it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Nothing | Self::Restamp => Kind::Nothing,
            Self::Merge(_) | Self::MergeOnward(_) => Kind::Merge,
            Self::RebuildGroups(_) => Kind::RebuildGroups,
            Self::Rebuild(_) | Self::Onward(_) => Kind::RebuildBuckets,
            Self::Full(_) => Kind::Full,
        }
    }

    /// The touched buckets; none where there is no table yet, or nothing is known of them.
    #[must_use]
    pub const fn buckets(&self) -> Option<&Buckets> {
        match self {
            Self::Merge(buckets) | Self::MergeOnward(buckets) | Self::RebuildGroups(buckets) | Self::Rebuild(buckets) => Some(buckets),
            Self::Nothing | Self::Restamp | Self::Onward(_) | Self::Full(_) => None,
        }
    }

    /// The technique for the same buckets that looks at all their facts.
    pub(crate) fn over_facts(self) -> Self {
        match self {
            Self::Merge(buckets) | Self::RebuildGroups(buckets) => Self::Rebuild(buckets),
            Self::MergeOnward(buckets) => buckets.first().map_or(Self::Restamp, |first| Self::Onward(*first)),
            other => other,
        }
    }

    /// The touched buckets, if what is written follows from what came and went.
    pub(crate) const fn of_changes(&self) -> Option<&Buckets> {
        match self {
            Self::Merge(buckets) | Self::MergeOnward(buckets) | Self::RebuildGroups(buckets) => Some(buckets),
            _ => None,
        }
    }

    /// From which bucket on rows are written anew, if that reaches to the end.
    pub(crate) fn onward(&self) -> Option<Bucket> {
        match self {
            Self::Onward(first) => Some(*first),
            Self::MergeOnward(buckets) => buckets.first().copied(),
            _ => None,
        }
    }
}

impl fmt::Display for Technique {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => write!(formatter, "nothing: it is up to date"),
            Self::Restamp => write!(formatter, "restamp: no row that it depends on has changed"),
            Self::Merge(buckets) if buckets.len() == 1 => write!(formatter, "merge into 1 bucket"),
            Self::Merge(buckets) => write!(formatter, "merge into {} buckets", buckets.len()),
            Self::MergeOnward(buckets) => match buckets.first() {
                Some(Bucket::Date(day)) => write!(formatter, "merge from {day} onward"),
                _ => write!(formatter, "merge from the first touched bucket onward"),
            },
            Self::RebuildGroups(buckets) if buckets.len() == 1 => write!(formatter, "rebuild the changed groups of 1 bucket"),
            Self::RebuildGroups(buckets) => write!(formatter, "rebuild the changed groups of {} buckets", buckets.len()),
            Self::Rebuild(buckets) if buckets.len() == 1 => write!(formatter, "rebuild 1 bucket"),
            Self::Rebuild(buckets) => write!(formatter, "rebuild {} buckets", buckets.len()),
            Self::Onward(Bucket::Date(day)) => write!(formatter, "rebuild from {day} onward"),
            Self::Onward(_) => write!(formatter, "rebuild from the first touched bucket onward"),
            Self::Full(reason) => write!(formatter, "full: {reason}"),
        }
    }
}
