//! Progress while a batch runs: a bar over the steps, on terminals only.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use nightshift_orchestrate::{Observer, StepReport, StepSpec};

/// One bar for a run.
pub(crate) struct Bars {
    bar: ProgressBar,
}

impl Bars {
    pub(crate) fn new(title: &str, steps: usize) -> Self {
        let bar = ProgressBar::new(steps as u64);
        if let Ok(style) = ProgressStyle::with_template("{prefix} [{bar:24}] {pos}/{len} {wide_msg}") {
            bar.set_style(style);
        }
        bar.set_prefix(title.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar }
    }
}

impl Observer for Bars {
    fn step_started(&self, step: &StepSpec, _attempt: u32) {
        self.bar.set_message(step.name.clone());
    }

    fn step_ended(&self, _report: &StepReport) {
        self.bar.inc(1);
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
