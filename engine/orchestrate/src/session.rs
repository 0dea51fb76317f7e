//! Beginning a run: the lock, what a dead process left, the decision, and the opening in the ledger.

use std::fmt;
use std::sync::Arc;

use chrono::{NaiveDate, TimeDelta};
use nightshift_failure::{Point, reach};
use nightshift_ledger::{AuditEntry, BatchRecord, BatchState, Ledger, Lock, LockOutcome, Owner, RunEnd, RunRecord, StepMove, StepState};
use serde_json::json;

use crate::admit::{Admission, Intent, admit};
use crate::batch_machine::BatchEvent;
use crate::clock::Clock;
use crate::error::{Error, Result, spoken};
use crate::machine::Machine;
use crate::order::order;
use crate::plan::{RunPlan, plan};
use crate::runner::StepSpec;
use crate::step_machine::StepEvent;

/// Who wants what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The pipeline's name.
    pub pipeline: String,
    /// The business date.
    pub business_date: NaiveDate,
    /// What is wanted.
    pub intent: Intent,
    /// Who wants it, and the process that does it.
    pub owner: Owner,
}

/// The one whose lock was taken over, because its process is dead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Displaced {
    /// Who held it.
    pub owner: Owner,
    /// How long ago it had been taken.
    pub age: TimeDelta,
}

impl fmt::Display for Displaced {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Owner { name, process } = &self.owner;
        write!(formatter, "process {} of {name} on {}, which began {} ago, is dead", process.pid, process.host, spoken(self.age))
    }
}

/// A run that is open in the ledger, with the lock held, and not yet started.
pub struct Session {
    /// The batch, `ready`.
    pub batch: BatchRecord,
    /// The run; sources that no step ingests are to be pinned under its id.
    pub run: RunRecord,
    /// What it is to do.
    pub plan: RunPlan,
    /// Whose lock was taken over, to be told.
    pub displaced: Option<Displaced>,
    /// The run that a dead process had left open, now ended as interrupted.
    pub recovered: Option<RunRecord>,
    pub(crate) ledger: Ledger,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) lock: Lock,
}

/// What [`begin`] would do, without the lock and without changing anything.
///
/// # Errors
/// If the wish does not fit what is there, the steps have no order, or the ledger cannot be read.
pub async fn preview(ledger: &Ledger, request: &Request, steps: Vec<StepSpec>) -> Result<RunPlan> {
    let ordered = order(steps)?;
    let newest = ledger.latest_batch(&request.pipeline, request.business_date).await?;
    decide(ledger, request, newest.as_ref(), ordered).await
}

/// Begins a run of a pipeline for a date: takes the lock, ends what a dead process left, decides, and opens the run.
///
/// # Errors
/// [`Error::Held`] if another process works on it; or as [`preview`]. The lock is then not held.
pub async fn begin(ledger: &Ledger, request: &Request, steps: Vec<StepSpec>, clock: Arc<dyn Clock>) -> Result<Session> {
    let ordered = order(steps)?;
    let taken = ledger.take_lock(&request.pipeline, request.business_date, &request.owner, clock.now()).await?;
    let (lock, displaced) = match taken {
        LockOutcome::Taken(lock) => (lock, None),
        LockOutcome::TakenOver { lock, owner, age } => (lock, Some(Displaced { owner, age })),
        LockOutcome::Held { owner, age } => {
            let (pipeline, business_date) = (request.pipeline.clone(), request.business_date);
            return Err(Error::Held { pipeline, business_date, owner, age });
        }
    };
    reach(Point::LockTaken);
    match open(ledger, request, ordered, clock.as_ref(), displaced.as_ref()).await {
        Ok(Opened { batch, run, plan, recovered }) => Ok(Session { batch, run, plan, displaced, recovered, ledger: ledger.clone(), clock, lock }),
        Err(error) => {
            ledger.release_lock(&lock).await?;
            Err(error)
        }
    }
}

impl Session {
    /// Gives the run up before it was started: the batch becomes interrupted and can be resumed.
    ///
    /// # Errors
    /// If the ledger cannot be written.
    pub async fn abandon(self) -> Result<()> {
        let end =
            RunEnd { run: self.run.id, batch: self.batch.id, from: self.batch.state, to: self.batch.state.after(BatchEvent::Interrupt)?, steps: Vec::new() };
        self.ledger.end_run(&end, self.clock.now()).await?;
        self.ledger.release_lock(&self.lock).await?;
        Ok(())
    }
}

struct Opened {
    batch: BatchRecord,
    run: RunRecord,
    plan: RunPlan,
    recovered: Option<RunRecord>,
}

async fn open(ledger: &Ledger, request: &Request, ordered: Vec<StepSpec>, clock: &dyn Clock, displaced: Option<&Displaced>) -> Result<Opened> {
    let mut newest = ledger.latest_batch(&request.pipeline, request.business_date).await?;
    let mut recovered = None;
    if let Some(batch) = newest.as_mut().filter(|batch| matches!(batch.state, BatchState::Ready | BatchState::Running)) {
        recovered = recover(ledger, batch, clock).await?;
    }
    let plan = decide(ledger, request, newest.as_ref(), ordered).await?;
    let (batch, run) = ledger.open_run(&plan.opening(request)?, clock.now()).await?;
    reach(Point::RunOpened);
    let detail = json!({
        "batch": batch.label(), "run": run.number, "cause": run.cause.as_str(), "recovered_run": recovered.as_ref().map(|run| run.number),
        "lock_taken_over_from": displaced.map(|displaced| json!({
            "owner": displaced.owner.name, "host": displaced.owner.process.host, "pid": displaced.owner.process.pid,
            "age_seconds": displaced.age.num_seconds(),
        })),
    });
    let (actor, action) = (request.owner.name.clone(), "run-opened".to_owned());
    ledger.audit(&AuditEntry { actor, action, batch: Some(batch.id), detail }, clock.now()).await?;
    Ok(Opened { batch, run, plan, recovered })
}

/// Decides from what the ledger holds; nothing is changed.
async fn decide(ledger: &Ledger, request: &Request, newest: Option<&BatchRecord>, ordered: Vec<StepSpec>) -> Result<RunPlan> {
    let admission = admit(&request.pipeline, newest, &request.intent)?;
    let known = match (&admission, newest) {
        (Admission::Reopen { .. }, Some(batch)) => ledger.steps(batch.id).await?,
        _ => Vec::new(),
    };
    Ok(plan(admission, &request.intent, ordered, &known)?)
}

/// Ends the run that a dead process left open. We hold its lock, so nobody works on it.
async fn recover(ledger: &Ledger, batch: &mut BatchRecord, clock: &dyn Clock) -> Result<Option<RunRecord>> {
    let Some(run) = ledger.runs(batch.id).await?.pop() else {
        return Ok(None);
    };
    let to = batch.state.after(BatchEvent::Interrupt)?;
    let steps = ledger
        .steps(batch.id)
        .await?
        .into_iter()
        .filter(|step| step.state == StepState::Running)
        .map(|step| {
            let to = step.state.after(StepEvent::Interrupt)?;
            Ok(StepMove { step: step.id, from: step.state, to, reason: None })
        })
        .collect::<Result<_>>()?;
    ledger.end_run(&RunEnd { run: run.id, batch: batch.id, from: batch.state, to, steps }, clock.now()).await?;
    reach(Point::RunRecovered);
    batch.state = to;
    Ok(Some(run))
}
