//! Progress while a batch runs: a bar over the steps with what is under way, on terminals only.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use nightshift_orchestrate::{Advance, Observer, StepReport, StepSpec, StepState};

use crate::columns::count;

/// One bar for a run.
pub(crate) struct Bars {
    bar: ProgressBar,
    /// The steps under way, with how far they are.
    under_way: Mutex<BTreeMap<String, String>>,
}

impl Bars {
    pub(crate) fn new(title: &str, steps: usize) -> Self {
        let bar = ProgressBar::new(steps as u64);
        if let Ok(style) = ProgressStyle::with_template("{prefix} [{bar:24}] {pos}/{len} {elapsed} {wide_msg}") {
            bar.set_style(style);
        }
        bar.set_prefix(title.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar, under_way: Mutex::default() }
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<String, String>)) {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut under_way);
        let told: Vec<String> = under_way.iter().map(|(step, far)| format!("{step}{far}")).collect();
        self.bar.set_message(told.join(", "));
    }
}

impl Observer for Bars {
    fn step_started(&self, step: &StepSpec, _attempt: u32) {
        self.change(|under_way| {
            under_way.insert(step.name.clone(), String::new());
        });
    }

    fn step_advanced(&self, step: &StepSpec, advance: &Advance) {
        let of = advance.total.map(|total| format!(" of {}", count(total))).unwrap_or_default();
        let far = format!(" ({} {}{of})", count(advance.done), advance.doing);
        self.change(|under_way| {
            under_way.insert(step.name.clone(), far);
        });
    }

    fn step_ended(&self, report: &StepReport) {
        self.change(|under_way| {
            under_way.remove(&report.step.name);
        });
        // An attempt that will be followed by another one does not end its step.
        if report.state != StepState::Pending {
            self.bar.inc(1);
        }
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
