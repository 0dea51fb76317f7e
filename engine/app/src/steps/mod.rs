//! The kinds of steps, one file each.

mod ingest;
mod pins;
mod refresh;
pub(crate) mod report;
pub(crate) mod staged;

use std::sync::Arc;

use async_trait::async_trait;
use nightshift_diagnostic::Faulty;
use nightshift_lake::Lake;
use nightshift_ledger::{Ledger, StepKind};
use nightshift_orchestrate::{StepContext, StepFailure, StepOutcome, StepRunner, StepSpec};

use crate::{Result, Workspace, chain};
use staged::AttemptJournal;

/// Does the work of a project's steps.
pub struct Steps {
    /// The project.
    pub workspace: Arc<Workspace>,
    /// Where pins are written and read.
    pub ledger: Ledger,
}

impl Steps {
    /// The lake as one attempt writes to it: what it stages stands in the ledger first.
    fn lake(&self, context: &StepContext) -> Lake {
        self.workspace.lake.with_journal(Arc::new(AttemptJournal { ledger: self.ledger.clone(), attempt: context.attempt }))
    }
}

#[async_trait]
impl StepRunner for Steps {
    async fn run(&self, step: &StepSpec, context: StepContext) -> Result<StepOutcome, StepFailure> {
        let done = match step.kind {
            StepKind::Ingest => self.ingest(&step.target, &context).await,
            StepKind::Refresh => self.refresh(&step.target, &context).await,
            StepKind::Report => self.report(&step.target, &context).await,
        };
        done.map_err(|error| StepFailure { fault: error.fault(), retry_helps: error.retry_helps(), message: chain(&error) })
    }
}
