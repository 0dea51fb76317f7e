//! How others follow a run: progress bars, logs, the console.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::runner::StepSpec;
use crate::summary::StepReport;

/// How far a step is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advance {
    /// What it does just now, e.g. `reading 2026-11-23/delivery.csv`.
    pub doing: Cow<'static, str>,
    /// How much is done, in whatever unit the step counts.
    pub done: u64,
    /// How much there is to do in the same unit, if it is known.
    pub total: Option<u64>,
}

/// Follows a run. The calls come from several threads and must not block.
pub trait Observer: Send + Sync {
    /// An attempt at a step starts.
    fn step_started(&self, step: &StepSpec, attempt: u32) {
        let _ = (step, attempt);
    }

    /// A step says how far it is.
    fn step_advanced(&self, step: &StepSpec, advance: &Advance) {
        let _ = (step, advance);
    }

    /// An attempt ended, or the step was skipped. The state says how; `pending` means that it will be tried again.
    fn step_ended(&self, report: &StepReport) {
        let _ = report;
    }
}

/// Follows nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {}

/// Where a step says how far it is.
#[derive(Clone)]
pub struct Progress {
    step: Arc<StepSpec>,
    observer: Arc<dyn Observer>,
}

impl Progress {
    /// For a step that is run by hand, outside of a batch, this is `Progress::new(step, Arc::new(Silent))`.
    #[must_use]
    pub fn new(step: Arc<StepSpec>, observer: Arc<dyn Observer>) -> Self {
        Self { step, observer }
    }

    /// Says how far the step is.
    pub fn advance(&self, doing: impl Into<Cow<'static, str>>, done: u64, total: Option<u64>) {
        self.observer.step_advanced(&self.step, &Advance { doing: doing.into(), done, total });
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Progress").field("step", &self.step.name).finish_non_exhaustive()
    }
}
