//! What came of a run.

use nightshift_diagnostic::Fault;
use nightshift_ledger::{BatchRecord, BatchState, Measures, OutputRecord, PublicationRecord, RunRecord, StepState};

use crate::runner::{StepFailure, StepSpec};

/// What came of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct StepReport {
    /// The step.
    pub step: StepSpec,
    /// Where it stands.
    pub state: StepState,
    /// How many attempts this run made; 0 where the run did not touch it.
    pub attempts: u32,
    /// Why its last attempt of this run failed or was interrupted.
    pub failure: Option<StepFailure>,
    /// Why it was skipped.
    pub reason: Option<String>,
    /// What its last attempt of this run moved and needed.
    pub measures: Measures,
    /// How it went about it, `{"technique": …}`; for a refresh the choice of technique.
    pub technique: Option<serde_json::Value>,
    /// The table versions that it committed in this run.
    pub publications: Vec<PublicationRecord>,
    /// The files that it made in this run.
    pub outputs: Vec<OutputRecord>,
}

/// What came of a run of a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct RunSummary {
    /// The batch, with the state it was left in.
    pub batch: BatchRecord,
    /// The run, with its end.
    pub run: RunRecord,
    /// Every step in its order.
    pub steps: Vec<StepReport>,
    /// Wall time of the whole run, in seconds.
    pub seconds: f64,
}

impl RunSummary {
    /// Who has to act: none if all went well; the world outside if it was interrupted; else, of all failures, a defect before
    /// the world outside before the data before a file.
    #[must_use]
    pub fn fault(&self) -> Option<Fault> {
        match self.batch.state {
            BatchState::Succeeded => None,
            BatchState::Failed => {
                let failed = |fault| self.failures().any(|failure| failure.fault == fault);
                // A step that an earlier run left failed has no failure here.
                let order = [Fault::Internal, Fault::External, Fault::Data];
                Some(order.into_iter().find(|fault| failed(*fault)).unwrap_or(Fault::User))
            }
            BatchState::Ready | BatchState::Running | BatchState::Interrupted => Some(Fault::External),
        }
    }

    /// The exit code of the process: 0, or that of the fault.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        self.fault().map_or(0, Fault::exit_code)
    }

    fn failures(&self) -> impl Iterator<Item = &StepFailure> {
        self.steps.iter().filter(|report| report.state == StepState::Failed).filter_map(|report| report.failure.as_ref())
    }
}
