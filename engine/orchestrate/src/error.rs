//! Why a batch could not be begun or carried to its end. That a step fails is no error here: it is part of the summary.

use chrono::{NaiveDate, TimeDelta};
use nightshift_diagnostic::{Fault, Faulty};
use nightshift_ledger::Owner;

use crate::admit::Refusal;
use crate::machine::IllegalTransition;
use crate::order::OrderError;

/// The result of every operation of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a batch could not be begun or carried to its end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process works on this pipeline and date.
    #[error(
        "{pipeline} for {business_date} is being run by {} (process {} on {}), who began {} ago",
        owner.name, owner.process.pid, owner.process.host, spoken(*age)
    )]
    Held {
        /// The pipeline.
        pipeline: String,
        /// The business date.
        business_date: NaiveDate,
        /// Who holds the lock.
        owner: Owner,
        /// How long ago it was taken.
        age: TimeDelta,
    },
    /// The wish does not fit what the batch is.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The steps have no order.
    #[error(transparent)]
    Order(#[from] OrderError),
    /// The ledger could not be read or written.
    #[error(transparent)]
    Ledger(#[from] nightshift_ledger::Error),
    /// A decision that the table of transitions does not know.
    #[error(transparent)]
    Transition(#[from] IllegalTransition),
    /// Steps wait and none can start: the schedule contradicts itself.
    #[error("steps are waiting, but none of them can start")]
    Stuck,
}

impl Faulty for Error {
    fn fault(&self) -> Fault {
        match self {
            Self::Held { .. } => Fault::External,
            Self::Refused(_) | Self::Order(_) => Fault::User,
            Self::Ledger(error) => error.fault(),
            Self::Transition(_) | Self::Stuck => Fault::Internal,
        }
    }

    fn retry_helps(&self) -> bool {
        match self {
            Self::Held { .. } => true,
            Self::Ledger(error) => error.retry_helps(),
            Self::Refused(_) | Self::Order(_) | Self::Transition(_) | Self::Stuck => false,
        }
    }
}

/// An age as people say it: `42 s`, `7 min`, `3 h 05 min`.
pub(crate) fn spoken(age: TimeDelta) -> String {
    let seconds = age.num_seconds().max(0);
    match (seconds / 3600, seconds / 60 % 60) {
        (0, 0) => format!("{seconds} s"),
        (0, minutes) => format!("{minutes} min"),
        (hours, minutes) => format!("{hours} h {minutes:02} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_spoken() {
        assert_eq!(spoken(TimeDelta::seconds(42)), "42 s");
        assert_eq!(spoken(TimeDelta::seconds(430)), "7 min");
        assert_eq!(spoken(TimeDelta::seconds(11_130)), "3 h 05 min");
    }
}
