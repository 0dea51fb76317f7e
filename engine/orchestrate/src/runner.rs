//! What a step is, and the trait through which it is run.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use async_trait::async_trait;
use nightshift_ledger::{AttemptId, BatchRecord, Measures, OutputRecord, Pin, PublicationRecord, RunRecord, StepKind};
use tokio_util::sync::CancellationToken;

use crate::observe::Progress;

/// A step of a pipeline, as the lineage in the SQL gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepSpec {
    /// e.g. `refresh:depot_daily`, unique in the batch.
    pub name: String,
    /// What it does.
    pub kind: StepKind,
    /// To which source, rollup or report.
    pub target: String,
    /// The names of the steps of the same batch that must have succeeded before.
    pub depends_on: Vec<String>,
    /// 1 is the most urgent.
    pub priority: u8,
}

/// What an attempt at a step is given.
#[derive(Debug, Clone)]
pub struct StepContext {
    /// The batch.
    pub batch: Arc<BatchRecord>,
    /// The run; pins are read and written under its id.
    pub run: Arc<RunRecord>,
    /// The attempt, under which staged files are recorded.
    pub attempt: AttemptId,
    /// 1 for the step's first attempt in this batch.
    pub attempt_number: u32,
    /// When it is cancelled, the step stops at the end of its unit. An error returned from then on counts as interrupted.
    pub cancel: CancellationToken,
    /// Where the step says how far it is.
    pub progress: Progress,
    /// When its work began, if it had to wait first.
    pub(crate) begun: Arc<OnceLock<Instant>>,
}

impl StepContext {
    /// Says that the step has waited for others until now: its seconds count from here.
    pub fn begin(&self) {
        self.begun.get_or_init(Instant::now);
    }
}

/// What a step did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StepOutcome {
    /// What it moved and needed. `seconds` is set by the executor.
    pub measures: Measures,
    /// How it went about it, `{"technique": …}` for people; for a refresh the choice of technique.
    pub technique: Option<serde_json::Value>,
    /// The source versions that it fixes for the rest of the run (an ingest step: the version of its table).
    pub pins: Vec<Pin>,
    /// The table versions that it committed.
    pub publications: Vec<PublicationRecord>,
    /// The files that it made.
    pub outputs: Vec<OutputRecord>,
}

/// Why a step did not do its work. Where a retry helps, the executor tries again.
pub use nightshift_ledger::Failure as StepFailure;

/// Does the work of steps. What it did must be safe to do again: a process may die after the step's commit and before the
/// ledger hears of it.
#[async_trait]
pub trait StepRunner: Send + Sync {
    /// Does the work of one step.
    ///
    /// # Errors
    /// With who has to act and whether a retry helps.
    async fn run(&self, step: &StepSpec, context: StepContext) -> Result<StepOutcome, StepFailure>;

    /// About how many seconds a step will take that was never done before, to decide what starts first; none if nothing is known.
    async fn guess_seconds(&self, _step: &StepSpec) -> Option<f64> {
        None
    }
}
