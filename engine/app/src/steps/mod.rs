//! The kinds of steps, one file each.

mod backfill;
mod ingest;
mod maintain;
mod pins;
pub(crate) mod recover;
mod refresh;
pub(crate) mod report;
mod shortage;
pub(crate) mod staged;
mod turn;

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use nightshift_diagnostic::Faulty;
use nightshift_execute::StepSession;
use nightshift_lake::Lake;
use nightshift_ledger::{Ledger, StepKind};
use nightshift_orchestrate::{StepContext, StepFailure, StepOutcome, StepRunner, StepSpec};
use nightshift_project::PipelineAction;
use tokio::sync::{Mutex, Semaphore};

use crate::history::LedgerHistory;
use crate::{Error, Result, Workspace, chain};
use recover::author;
use shortage::Shortage;
use staged::AttemptJournal;
use turn::side_by_side;

/// What a query reads in a second, roughly: only which step is longer matters.
const BYTES_A_SECOND: f64 = 1e8;
/// How much faster a rollup is that is computed from a finer one.
const FEEDER_SHARE: f64 = 10.0;

/// Does the work of a project's steps.
pub struct Steps {
    workspace: Arc<Workspace>,
    /// Where pins are written and read.
    ledger: Ledger,
    history: LedgerHistory,
    shortage: Shortage,
    /// The turns of steps that hold much memory.
    turns: Semaphore,
    /// Rollups whose changed definitions are taken although they may break readers.
    accepted: BTreeSet<String>,
    /// The turns of units of backfills that commit.
    commits: Mutex<()>,
}

impl Steps {
    /// The steps of a project.
    pub fn new(workspace: Arc<Workspace>, ledger: Ledger, accepted: BTreeSet<String>) -> Self {
        let turns = Semaphore::new(side_by_side(workspace.engine.limits()).get());
        let history = LedgerHistory::of(&workspace.project.paths.ledger);
        Self { workspace, ledger, history, shortage: Shortage::default(), turns, accepted, commits: Mutex::new(()) }
    }

    /// The session of a refresh or report.
    fn session(&self, step: &str) -> Result<StepSession> {
        Ok(self.workspace.engine.step_joining(step, self.shortage.joins(step))?)
    }

    /// What a failure means for the step.
    fn failure(&self, step: &str, error: &Error) -> StepFailure {
        let retry_helps = self.shortage.next_sorts(step, error) || error.retry_helps();
        StepFailure { fault: error.fault(), retry_helps, message: chain(error) }
    }

    /// The lake as one attempt writes to it: what it stages stands in the ledger first.
    fn lake(&self, context: &StepContext) -> Lake {
        let author = author(&context.run, context.attempt);
        self.workspace.lake.with_journal(Arc::new(AttemptJournal { ledger: self.ledger.clone(), attempt: context.attempt, author }))
    }
}

#[async_trait]
impl StepRunner for Steps {
    async fn run(&self, step: &StepSpec, context: StepContext) -> Result<StepOutcome, StepFailure> {
        let _turn = self.turn(step, &context).await;
        context.begin();
        let done = match step.kind {
            StepKind::Ingest => self.ingest(&step.target, &context).await,
            StepKind::Refresh => self.refresh(step, &context).await,
            StepKind::Report => self.report(&step.target, &context).await,
            StepKind::Maintain => self.maintain(&step.target, &context).await,
            StepKind::Backfill => self.backfill(step, &context).await,
        };
        done.map_err(|error| self.failure(&step.name, &error))
    }

    /// By the bytes of the tables that it reads, as they are now. A rollup that waits for a finer one mostly reads that, which is small.
    async fn guess_seconds(&self, step: &StepSpec) -> Option<f64> {
        let compiled = &self.workspace.compiled;
        let tables = match step.kind {
            StepKind::Ingest | StepKind::Maintain | StepKind::Backfill => return None,
            StepKind::Refresh => &compiled.rollup(&step.target)?.tables,
            StepKind::Report => &compiled.report(&step.target)?.tables,
        };
        let mut bytes = 0;
        for table in tables {
            let Some((name, _)) = self.workspace.table(table).ok()? else { continue };
            bytes += self.workspace.lake.snapshot(&name).await.ok()?.map_or(0, |snapshot| snapshot.bytes());
        }
        let is_fed = step.kind == StepKind::Refresh && step.depends_on.iter().any(|name| name.starts_with(PipelineAction::Refresh.as_str()));
        Some(bytes as f64 / if is_fed { BYTES_A_SECOND * FEEDER_SHARE } else { BYTES_A_SECOND })
    }
}
