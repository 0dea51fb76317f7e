//! The words that the ledger stores for states, kinds and causes.

use std::fmt;
use std::str::FromStr;

/// A text that is none of the words of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not a {kind}")]
pub struct UnknownWord {
    /// What the word should have named, e.g. "batch state".
    pub kind: &'static str,
    /// The text found.
    pub found: String,
}

macro_rules! words {
    ($(#[$attribute:meta])* $name:ident, $kind:literal { $($(#[$variant_attribute:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$variant_attribute])* $variant),+
        }

        impl $name {
            /// Every value, in the order of their declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word that is stored and shown.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.pad(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(UnknownWord { kind: $kind, found: text.to_owned() }),
                }
            }
        }
    };
}

words! {
    /// Where a batch stands. Which change is legal stands in `nightshift-orchestrate`.
    BatchState, "batch state" {
        /// Planned in the ledger, nothing of it has been started in this run.
        Ready = "ready",
        /// A process works on it, or died while it did.
        Running = "running",
        /// Every step ended well.
        Succeeded = "succeeded",
        /// A step failed; what depends on it was skipped, the rest was done.
        Failed = "failed",
        /// Stopped before its end; it can be resumed.
        Interrupted = "interrupted",
    }
}

words! {
    /// Where a step of a batch stands. Which change is legal stands in `nightshift-orchestrate`.
    StepState, "step state" {
        /// Not started in this run.
        Pending = "pending",
        /// An attempt is under way.
        Running = "running",
        /// Done.
        Succeeded = "succeeded",
        /// Its last attempt failed.
        Failed = "failed",
        /// Not done, with the reason beside it.
        Skipped = "skipped",
        /// Its last attempt was stopped.
        Interrupted = "interrupted",
    }
}

words! {
    /// How an attempt at a step stands or ended.
    AttemptState, "attempt state" {
        /// Under way, or its process died.
        Running = "running",
        /// Did the step's work.
        Succeeded = "succeeded",
        /// Failed, with fault and message.
        Failed = "failed",
        /// Stopped by a signal or with its process.
        Interrupted = "interrupted",
    }
}

words! {
    /// What a step does.
    StepKind, "kind of step" {
        /// Brings files into a source table.
        Ingest = "ingest",
        /// Brings a rollup up to date.
        Refresh = "refresh",
        /// Makes a report.
        Report = "report",
        /// Keeps the tables of a definition small.
        Maintain = "maintain",
        /// Computes buckets of a rollup anew.
        Backfill = "backfill",
    }
}

words! {
    /// Why a run of a batch was opened.
    RunCause, "cause of a run" {
        /// The batch is new.
        First = "first",
        /// It had been interrupted.
        Resume = "resume",
        /// What had failed is tried again.
        Retry = "retry",
        /// It had succeeded and everything is done again.
        Rerun = "rerun",
        /// One step and what depends on it is done again.
        FromStep = "from_step",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn words_are_read_back_as_they_were_written() {
        for state in StepState::ALL {
            assert_eq!(state.as_str().parse::<StepState>().unwrap(), *state);
        }
        assert_eq!("done".parse::<BatchState>().unwrap_err().to_string(), "`done` is not a batch state");
    }
}
