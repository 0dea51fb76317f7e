//! What a run would do, found out before anything is done and without writing anything.
//!
//! Steps are looked at in their order. What a step will do is certain where all that it waits for leaves its tables as they are; where
//! it is not, the plan says after which steps it is decided, and what is known. Start reading at [`Workspace::plan`]; there is one file
//! for each kind of step, `origin.rs` finds the files that made the difference, and `rerun.rs` compares with an earlier run.

mod ingest;
mod maintain;
mod origin;
mod refresh;
mod report;
mod rerun;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::NaiveDate;
use nightshift_ledger::{BatchRecord, Ledger, Owner, RunCause};
use nightshift_orchestrate::{Admission, Intent, Request, RunPlan, StepAction, StepKind, StepSpec};
use nightshift_refresh::tables::Pinned;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::{Result, Workspace, chain};
pub(crate) use refresh::rejected;
pub(crate) use rerun::latest_date;
pub use rerun::{ReportChange, Rerun};

/// What a run would do.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The pipeline.
    pub pipeline: String,
    /// The business date.
    pub date: NaiveDate,
    /// How the run comes about: a new batch, a resumption, a rerun.
    pub beginning: String,
    /// Every step in its order.
    pub steps: Vec<PlannedStep>,
    /// What becomes of the reports that were made before, if the date was run before or later dates were.
    pub rerun: Option<Rerun>,
}

/// What a run would do with a step.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedStep {
    /// The step.
    pub step: StepSpec,
    /// In one word.
    pub verdict: Verdict,
    /// For people.
    pub what: String,
    /// Why, one reason each; for a report the differences to how it was made.
    pub reasons: Vec<String>,
    /// For an undecided step: the steps whose outcome decides.
    pub after: Vec<String>,
    /// The steps with work at the root of it.
    pub causes: BTreeSet<String>,
    /// For programs: counts, sizes, technique.
    pub detail: Value,
}

/// What a run would do with a step, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It stays as an earlier run of the batch left it.
    Kept,
    /// It is not done.
    Skipped,
    /// It finds nothing to do.
    Nothing,
    /// It renews its marks: no row changes.
    Marks,
    /// It changes something.
    Work,
    /// It makes a report that was never made for the date.
    First,
    /// What comes before decides.
    Undecided,
    /// It would fail as things stand.
    Fails,
}

impl Verdict {
    /// The word that is shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Skipped => "skipped",
            Self::Nothing => "nothing",
            Self::Marks => "marks",
            Self::Work => "work",
            Self::First => "first",
            Self::Undecided => "undecided",
            Self::Fails => "fails",
        }
    }

    /// Whether the rows of the step's table may be others afterwards.
    const fn may_change_rows(self) -> bool {
        matches!(self, Self::Work | Self::First | Self::Undecided | Self::Fails)
    }

    /// Whether its table may have another version afterwards.
    const fn may_commit(self) -> bool {
        self.may_change_rows() || matches!(self, Self::Marks)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl Workspace {
    /// What a run of a pipeline for a date would do. Nothing is written: no table, no file, and no ledger where there is none.
    ///
    /// # Errors
    /// If the pipeline is unknown, the intent does not fit what the ledger holds, or ledger or lake cannot be read. What is wrong with
    /// one step is part of the plan.
    pub async fn plan(&self, pipeline: &str, date: NaiveDate, intent: Intent) -> Result<Plan> {
        let found = self.pipeline(pipeline)?;
        let steps = self.steps(&found, &self.merging(&found).await);
        let request = Request { pipeline: found.name.clone(), business_date: date, intent, owner: Owner::current("plan") };
        let ledger = self.existing_ledger().await?;
        let Some(ledger) = ledger else {
            let admission = nightshift_orchestrate::admit(pipeline, None, &request.intent).map_err(nightshift_orchestrate::Error::from)?;
            let ordered = nightshift_orchestrate::order(steps).map_err(nightshift_orchestrate::Error::from)?;
            let run = nightshift_orchestrate::plan(admission, &request.intent, ordered, &[]).map_err(nightshift_orchestrate::Error::from)?;
            return self.outlook(&request, &run, BTreeMap::new(), None, None).await;
        };
        let run = nightshift_orchestrate::preview(&ledger, &request, steps).await?;
        let newest = ledger.latest_batch(pipeline, date).await?;
        let pins = carried_pins(&ledger, &run, newest.as_ref()).await?;
        let later = rerun::latest_date(&ledger, pipeline, date).await?;
        let mut plan = self.outlook(&request, &run, pins, newest, later).await?;
        if let Some((owner, age)) = ledger.lock_holder(pipeline, date, chrono::Utc::now()).await? {
            let held = nightshift_orchestrate::Error::Held { pipeline: pipeline.to_owned(), business_date: date, owner, age };
            plan.beginning = format!("{held}; what it has not done yet");
        }
        ledger.close().await;
        Ok(plan)
    }

    /// The ledger, if there is one.
    pub(crate) async fn existing_ledger(&self) -> Result<Option<Ledger>> {
        if self.project.paths.ledger.exists() { self.ledger().await.map(Some) } else { Ok(None) }
    }

    /// Looks at every step of a run in its order.
    pub(crate) async fn outlook(
        &self,
        request: &Request,
        run: &RunPlan,
        pins: BTreeMap<String, i64>,
        newest: Option<BatchRecord>,
        later: Option<NaiveDate>,
    ) -> Result<Plan> {
        let steps = run.steps.iter().map(|planned| planned.step.name.clone()).collect();
        let mut planner = Planner { workspace: self, date: request.business_date, pins, steps, seen: Vec::new(), cancel: CancellationToken::new() };
        for planned in &run.steps {
            let step = match &planned.action {
                StepAction::Do => planner.look(&planned.step).await,
                StepAction::Keep => outcome(Verdict::Kept, "done by an earlier run of the batch").of(&planned.step),
                StepAction::Skip(reason) => outcome(Verdict::Skipped, reason.as_str()).of(&planned.step),
            };
            planner.seen.push(step);
        }
        let steps = planner.seen;
        Ok(Plan {
            pipeline: request.pipeline.clone(),
            date: request.business_date,
            beginning: beginning(run, newest.as_ref()),
            rerun: Rerun::of(newest, later, &steps),
            steps,
        })
    }
}

/// Looks at steps one after the other.
struct Planner<'a> {
    workspace: &'a Workspace,
    date: NaiveDate,
    /// Versions of sources that are fixed already.
    pins: BTreeMap<String, i64>,
    /// The names of all steps of the run.
    steps: BTreeSet<String>,
    /// The steps before.
    seen: Vec<PlannedStep>,
    cancel: CancellationToken,
}

/// What is found out about a step.
struct Outlook {
    verdict: Verdict,
    what: String,
    reasons: Vec<String>,
    after: Vec<String>,
    detail: Value,
}

fn outcome(verdict: Verdict, what: impl Into<String>) -> Outlook {
    Outlook { verdict, what: what.into(), reasons: vec![], after: vec![], detail: json!({}) }
}

impl Outlook {
    fn of(self, step: &StepSpec) -> PlannedStep {
        let Self { verdict, what, reasons, after, detail } = self;
        let own = matches!(verdict, Verdict::Work | Verdict::Fails).then(|| step.name.clone());
        PlannedStep { step: step.clone(), verdict, what, reasons, after, causes: own.into_iter().collect(), detail }
    }
}

impl Planner<'_> {
    async fn look(&self, step: &StepSpec) -> PlannedStep {
        let found = match step.kind {
            StepKind::Ingest => self.ingest(&step.target).await,
            StepKind::Refresh => self.refresh(step).await,
            StepKind::Report => self.report(&step.target).await,
            StepKind::Maintain => self.maintain(&step.target).await,
            // No pipeline has one: a backfill has a plan of its own.
            StepKind::Backfill => Ok(outcome(Verdict::Work, "rebuild buckets")),
        };
        // What is wrong with one step is told beside the others.
        let outlook = found.unwrap_or_else(|error| outcome(Verdict::Fails, chain(&error)));
        let mut planned = outlook.of(step);
        let before = self.seen.iter().filter(|seen| planned.after.contains(&seen.step.name));
        let causes: BTreeSet<String> = before.flat_map(|seen| seen.causes.iter().cloned()).collect();
        planned.causes.extend(causes);
        planned
    }

    /// The steps of this plan that bring these tables up to date and may do `what` to them.
    fn before(&self, tables: &[String], what: impl Fn(Verdict) -> bool) -> Vec<String> {
        let makes = |step: &StepSpec, table: &String| matches!(step.kind, StepKind::Ingest | StepKind::Refresh) && step.target == *table;
        let of = |table: &String| self.seen.iter().find(|seen| makes(&seen.step, table)).filter(|seen| what(seen.verdict));
        tables.iter().filter_map(of).map(|seen| seen.step.name.clone()).collect()
    }

    /// Tables at the versions that the run would read as things stand.
    async fn pinned(&self, tables: &[String]) -> Result<Pinned> {
        self.workspace.pinned(tables, &self.pins).await
    }
}

/// The versions of sources that go on from the run before.
async fn carried_pins(ledger: &Ledger, run: &RunPlan, newest: Option<&BatchRecord>) -> Result<BTreeMap<String, i64>> {
    let nightshift_ledger::CarriedPins::AllBut(renewed) = &run.pins else { return Ok(BTreeMap::new()) };
    let Some(batch) = newest else { return Ok(BTreeMap::new()) };
    let Some(last) = ledger.runs(batch.id).await?.pop() else { return Ok(BTreeMap::new()) };
    let pins = ledger.pins(last.id).await?;
    Ok(pins.into_iter().filter(|pin| !renewed.contains(&pin.source)).map(|pin| (pin.source, pin.version)).collect())
}

/// How the run comes about, for people.
fn beginning(run: &RunPlan, newest: Option<&BatchRecord>) -> String {
    let done = run.steps.iter().filter(|step| step.action == StepAction::Keep).count();
    let of = format!("{done} of {} steps are done", run.steps.len());
    match &run.admission {
        Admission::Create { attempt: 1, .. } => "a new batch".to_owned(),
        Admission::Create { attempt, .. } => format!("a new batch, number {attempt} for this date: the last one failed"),
        Admission::Reopen { cause, .. } => match cause {
            RunCause::Resume => format!("goes on with the batch that was interrupted: {of}"),
            RunCause::Retry => format!("tries again what failed: {of}"),
            RunCause::FromStep => "does a step and all that depends on it again".to_owned(),
            RunCause::First | RunCause::Rerun => {
                let when = newest.map(|batch| format!(": it succeeded on {}", batch.changed_at.format("%Y-%m-%d %H:%M UTC")));
                format!("does all of the batch again{}", when.unwrap_or_default())
            }
        },
    }
}
