//! From what a clock on the wall showed to the instant that was meant.

use std::fmt;

use chrono::{DateTime, MappedLocalTime, NaiveDateTime, Offset, TimeZone, Utc};
use chrono_tz::{GapInfo, Tz};

use crate::{Calendar, Error, LocalTimeProblem, Result};

/// What a local time means that does not exist or happens twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Ambiguous {
    /// The clock as it ran before the change: of two instants the earlier one; a missing time as if the clock had not been put
    /// forward yet. (Python's `fold=0`.)
    Earlier,
    /// The clock as it ran after the change: of two instants the later one; a missing time as if the clock had been put forward
    /// already. (Python's `fold=1`.)
    Later,
    /// Nobody guesses: the row goes to the review queue.
    #[default]
    Review,
}

impl Ambiguous {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Earlier, Self::Later, Self::Review];

    /// The word in a contract.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Earlier => "earlier",
            Self::Later => "later",
            Self::Review => "review",
        }
    }
}

impl fmt::Display for Ambiguous {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Calendar {
    /// The instant that a local time means.
    ///
    /// # Errors
    /// [`Error::LocalTime`] for a time that does not exist or happens twice, with [`Ambiguous::Review`]; [`Error::OutOfRange`]
    /// at the ends of what can be computed with.
    pub fn to_instant(&self, local: NaiveDateTime, ambiguous: Ambiguous) -> Result<DateTime<Utc>> {
        let problem = |problem| Error::LocalTime { local, zone: self.zone, problem };
        match (self.zone.from_local_datetime(&local), ambiguous) {
            (MappedLocalTime::Single(instant), _) => Ok(instant.to_utc()),
            (MappedLocalTime::Ambiguous(_, _), Ambiguous::Review) => Err(problem(LocalTimeProblem::Twice)),
            (MappedLocalTime::Ambiguous(one, other), Ambiguous::Earlier) => Ok(one.min(other).to_utc()),
            (MappedLocalTime::Ambiguous(one, other), Ambiguous::Later) => Ok(one.max(other).to_utc()),
            (MappedLocalTime::None, Ambiguous::Review) => Err(problem(LocalTimeProblem::Missing)),
            (MappedLocalTime::None, _) => gap_instant(self.zone, local, ambiguous).ok_or(Error::OutOfRange { local }),
        }
    }
}

/// A missing time by the offset before or after the gap that it lies in.
fn gap_instant(zone: Tz, local: NaiveDateTime, ambiguous: Ambiguous) -> Option<DateTime<Utc>> {
    let gap = GapInfo::new(&local, &zone)?;
    let offset = match ambiguous {
        Ambiguous::Earlier => gap.begin?.1.fix(),
        Ambiguous::Later | Ambiguous::Review => gap.end?.offset().fix(),
    };
    Some(local.checked_sub_offset(offset)?.and_utc())
}
