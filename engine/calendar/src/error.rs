//! What can go wrong with business time.

use std::fmt;

use chrono::NaiveDateTime;
use chrono_tz::Tz;
use nightshift_diagnostic::{Fault, Faulty};

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A time that cannot be placed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A local time that is not exactly one instant, and the contract says `ambiguous: review`.
    #[error("{local} {problem} in {zone}")]
    LocalTime {
        /// The time as it was written.
        local: NaiveDateTime,
        /// The zone in which it was written.
        zone: Tz,
        /// Why it is not one instant.
        problem: LocalTimeProblem,
    },
    /// A date so far away that no instant can be given for it.
    #[error("{local} is outside the range of dates that can be computed with")]
    OutOfRange {
        /// The local time that was asked for.
        local: NaiveDateTime,
    },
}

/// Why a local time is not exactly one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LocalTimeProblem {
    /// The clock was put forward over it.
    Missing,
    /// The clock was put back, so it came twice.
    Twice,
}

impl fmt::Display for LocalTimeProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Missing => "does not exist",
            Self::Twice => "happens twice",
        })
    }
}

/// Such times come with the data.
impl Faulty for Error {
    fn fault(&self) -> Fault {
        Fault::Data
    }
}
