//! Whether and how a wish to run a pipeline becomes a run: a value, decided from what the ledger holds.

use nightshift_diagnostic::{Fault, Faulty};
use nightshift_ledger::{BatchId, BatchRecord, BatchState, RunCause};

use crate::batch_machine::BatchEvent;

/// What somebody wants of a pipeline and date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intent {
    /// That it is done: begun, gone on with after an interruption, or done again.
    Run,
    /// That what failed or is left is tried again, with the same source versions.
    Retry,
    /// That the named step and all that depends on it is done, whatever was done before, and nothing else.
    From(String),
}

/// How a run comes about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// With a new batch.
    Create {
        /// 1, or one more than the batch that failed.
        attempt: u32,
        /// Why the run is opened.
        cause: RunCause,
    },
    /// With a new run of a batch that is there.
    Reopen {
        /// The batch.
        batch: BatchId,
        /// The state it is in.
        from: BatchState,
        /// What happens to it.
        event: BatchEvent,
        /// Why the run is opened.
        cause: RunCause,
    },
}

/// Why a wish does not fit what is there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no batch whose steps could be tried again.
    #[error("there is nothing to retry: {pipeline} was never run for this date")]
    NeverRun {
        /// The pipeline.
        pipeline: String,
    },
    /// The batch is well.
    #[error("there is nothing to retry: {label} succeeded; run it again to do all of it again")]
    Succeeded {
        /// The batch.
        label: String,
    },
    /// The step to begin from is not there.
    #[error("the pipeline has no step `{step}`{}", did_you_mean.as_deref().map(|name| format!("; did you mean `{name}`?")).unwrap_or_default())]
    NoSuchStep {
        /// The step asked for.
        step: String,
        /// A step with a similar name.
        did_you_mean: Option<String>,
    },
}

impl Faulty for Refusal {
    fn fault(&self) -> Fault {
        Fault::User
    }
}

/// Decides how a run comes about. The caller holds the lock; a batch that is `ready` or `running` is therefore one whose
/// process died, and counts as interrupted.
///
/// | newest batch | run | retry | from a step |
/// | --- | --- | --- | --- |
/// | none | new batch | refused | new batch |
/// | interrupted | resume | resume | reopen |
/// | failed | new batch, next attempt | retry | reopen |
/// | succeeded | rerun: a new run of the same batch | refused | reopen |
///
/// # Errors
/// If there is nothing to retry.
pub fn admit(pipeline: &str, newest: Option<&BatchRecord>, intent: &Intent) -> Result<Admission, Refusal> {
    let Some(batch) = newest else {
        return match intent {
            Intent::Run => Ok(Admission::Create { attempt: 1, cause: RunCause::First }),
            Intent::From(_) => Ok(Admission::Create { attempt: 1, cause: RunCause::FromStep }),
            Intent::Retry => Err(Refusal::NeverRun { pipeline: pipeline.to_owned() }),
        };
    };
    let (event, cause) = match (batch.state, intent) {
        (BatchState::Ready | BatchState::Running | BatchState::Interrupted, Intent::Run | Intent::Retry) => (BatchEvent::Resume, RunCause::Resume),
        (BatchState::Ready | BatchState::Running | BatchState::Interrupted, Intent::From(_)) => (BatchEvent::Resume, RunCause::FromStep),
        // The data or a file was mended since: look at everything anew, with pins of its own.
        (BatchState::Failed, Intent::Run) => {
            return Ok(Admission::Create { attempt: batch.attempt + 1, cause: RunCause::First });
        }
        (BatchState::Failed, Intent::Retry) => (BatchEvent::Retry, RunCause::Retry),
        (BatchState::Failed, Intent::From(_)) => (BatchEvent::Retry, RunCause::FromStep),
        (BatchState::Succeeded, Intent::Run) => (BatchEvent::Rerun, RunCause::Rerun),
        (BatchState::Succeeded, Intent::From(_)) => (BatchEvent::Rerun, RunCause::FromStep),
        (BatchState::Succeeded, Intent::Retry) => {
            return Err(Refusal::Succeeded { label: batch.label() });
        }
    };
    let from = match batch.state {
        BatchState::Ready | BatchState::Running => BatchState::Interrupted,
        state => state,
    };
    Ok(Admission::Reopen { batch: batch.id, from, event, cause })
}
