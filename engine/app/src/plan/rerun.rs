//! A date that is run again: which reports would be others than those that people have read.

use chrono::NaiveDate;
use nightshift_ledger::{BatchFilter, BatchRecord, BatchState, Ledger, StepKind};

use super::{PlannedStep, Verdict};
use crate::Result;

/// What becomes of reports that were made before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rerun {
    /// The batch that made them, if it succeeded.
    pub earlier: Option<BatchRecord>,
    /// The latest date that the pipeline was run for, if it is later.
    pub latest: Option<NaiveDate>,
    /// Reports that change.
    pub changes: Vec<ReportChange>,
    /// Reports that earlier steps of the run decide about.
    pub may_change: Vec<ReportChange>,
    /// Reports that stay as they are.
    pub same: Vec<String>,
    /// Reports that were never made for the date.
    pub first: Vec<String>,
}

/// A report and why it changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportChange {
    /// The report.
    pub report: String,
    /// Why, one reason each.
    pub reasons: Vec<String>,
    /// The steps with work that reach it.
    pub causes: Vec<String>,
}

impl Rerun {
    /// None if neither this date was run before nor a later one.
    pub(super) fn of(newest: Option<BatchRecord>, latest: Option<NaiveDate>, steps: &[PlannedStep]) -> Option<Self> {
        let earlier = newest.filter(|batch| batch.state == BatchState::Succeeded);
        if earlier.is_none() && latest.is_none() {
            return None;
        }
        let mut rerun = Self { earlier, latest, changes: vec![], may_change: vec![], same: vec![], first: vec![] };
        for planned in steps.iter().filter(|planned| planned.step.kind == StepKind::Report) {
            let report = planned.step.target.clone();
            let others = planned.causes.iter().filter(|cause| **cause != planned.step.name);
            let change = ReportChange { report: report.clone(), reasons: planned.reasons.clone(), causes: others.cloned().collect() };
            match planned.verdict {
                Verdict::Work | Verdict::Fails => rerun.changes.push(change),
                Verdict::Undecided => rerun.may_change.push(change),
                Verdict::Kept | Verdict::Nothing | Verdict::Marks => rerun.same.push(report),
                Verdict::First => rerun.first.push(report),
                Verdict::Skipped => {}
            }
        }
        Some(rerun)
    }
}

/// The latest date after `date` that a batch of the pipeline was made for.
pub(crate) async fn latest_date(ledger: &Ledger, pipeline: &str, date: NaiveDate) -> Result<Option<NaiveDate>> {
    let filter = BatchFilter { pipeline: Some(pipeline.to_owned()), since: date.succ_opt(), limit: u32::MAX };
    let later = ledger.batches(&filter).await?;
    Ok(later.into_iter().map(|batch| batch.batch.business_date).max())
}
