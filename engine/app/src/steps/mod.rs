//! The kinds of steps, one file each.

mod ingest;
mod pins;
mod refresh;
pub(crate) mod report;

use std::sync::Arc;

use async_trait::async_trait;
use nightshift_diagnostic::Faulty;
use nightshift_ledger::{Ledger, StepKind};
use nightshift_orchestrate::{StepContext, StepFailure, StepOutcome, StepRunner, StepSpec};

use crate::{Result, Workspace, chain};

/// Does the work of a project's steps.
pub struct Steps {
    /// The project.
    pub workspace: Arc<Workspace>,
    /// Where pins are written and read.
    pub ledger: Ledger,
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
