//! Carrying a run out: start what the schedule says, write down what comes of it, until nothing is left.

use std::collections::HashMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use nightshift_diagnostic::Fault;
use nightshift_failure::{Point, reach};
use nightshift_ledger::{AttemptEnd, AttemptId, AttemptState, AuditEntry, BatchState, RunEnd, StepId, StepMove};
use serde_json::json;
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::batch_machine::BatchEvent;
use crate::error::{Error, Result};
use crate::machine::Machine;
use crate::observe::{Observer, Progress};
use crate::plan::{StepAction, StepPlan};
use crate::runner::{StepContext, StepFailure, StepOutcome, StepRunner, StepSpec};
use crate::schedule::{Decision, Schedule};
use crate::session::Session;
use crate::step_machine::StepEvent;
use crate::summary::{RunSummary, StepReport};

/// How a run is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// At most so many steps at a time.
    pub parallel: NonZeroUsize,
    /// At most so many attempts at a step in one run, where a retry helps.
    pub attempts: NonZeroU32,
    /// How long to wait before the second attempt; twice as long before the third, and so on.
    pub pause: Duration,
}

impl Default for Options {
    /// Three steps at a time, so that two processors have work where a step waits for the disk; a first attempt and three retries, as the
    /// workflow has it; half a second before the first of them.
    fn default() -> Self {
        Self { parallel: NonZeroUsize::MIN.saturating_add(2), attempts: NonZeroU32::MIN.saturating_add(3), pause: Duration::from_millis(500) }
    }
}

impl Session {
    /// Carries the run out and gives the lock back. When `cancel` is cancelled no step starts any more, those under way are
    /// told, and the batch is left interrupted, to be resumed.
    ///
    /// # Errors
    /// If the ledger cannot be written: the steps under way are then cancelled and waited for, and the next run finds the
    /// batch as a dead process would have left it. That a step fails is no error but part of the summary.
    pub async fn execute(self, runner: Arc<dyn StepRunner>, observer: Arc<dyn Observer>, options: Options, cancel: CancellationToken) -> Result<RunSummary> {
        let started = Instant::now();
        let mut execution = Execution::new(self, runner, observer, options, cancel.child_token()).await?;
        let outcome = match execution.drive().await {
            Ok(event) => execution.end(event).await,
            Err(error) => {
                execution.stop().await;
                Err(error)
            }
        };
        let released = execution.session.ledger.release_lock(&execution.session.lock).await;
        outcome?;
        released?;
        execution.summary(started.elapsed()).await
    }
}

/// What a task of the set is.
enum Task {
    Attempt { step: usize, attempt: AttemptId, started: Instant, begun: Arc<OnceLock<Instant>> },
    Rest { step: usize },
}

/// What a task gives back; none for a rest.
type Ended = Option<Result<StepOutcome, StepFailure>>;

struct Execution {
    session: Session,
    runner: Arc<dyn StepRunner>,
    observer: Arc<dyn Observer>,
    options: Options,
    cancel: CancellationToken,
    batch: Arc<nightshift_ledger::BatchRecord>,
    run: Arc<nightshift_ledger::RunRecord>,
    schedule: Schedule,
    steps: Vec<Arc<StepSpec>>,
    ids: Vec<StepId>,
    reports: Vec<StepReport>,
    set: JoinSet<Ended>,
    tasks: HashMap<Id, Task>,
}

impl Execution {
    async fn new(session: Session, runner: Arc<dyn StepRunner>, observer: Arc<dyn Observer>, options: Options, cancel: CancellationToken) -> Result<Self> {
        let records = session.ledger.steps(session.batch.id).await?;
        let known: HashMap<&str, &nightshift_ledger::StepRecord> = records.iter().map(|record| (record.name.as_str(), record)).collect();
        let mut reports = Vec::with_capacity(session.plan.steps.len());
        let mut ids = Vec::with_capacity(session.plan.steps.len());
        for StepPlan { step, .. } in &session.plan.steps {
            let record = known.get(step.name.as_str()).ok_or(Error::Stuck)?;
            ids.push(record.id);
            reports.push(StepReport {
                step: step.clone(),
                state: record.state,
                attempts: 0,
                failure: None,
                reason: record.reason.clone(),
                measures: Default::default(),
                technique: None,
                publications: Vec::new(),
                outputs: Vec::new(),
            });
        }
        let mut seconds = session.ledger.usual_seconds().await?;
        for StepPlan { step, action, .. } in &session.plan.steps {
            if *action == StepAction::Do && !seconds.contains_key(&step.name) {
                seconds.extend(runner.guess_seconds(step).await.map(|guess| (step.name.clone(), guess)));
            }
        }
        Ok(Self {
            schedule: Schedule::new(&session.plan.steps, options.parallel.get(), &seconds),
            steps: session.plan.steps.iter().map(|plan| Arc::new(plan.step.clone())).collect(),
            batch: Arc::new(session.batch.clone()),
            run: Arc::new(session.run.clone()),
            session,
            runner,
            observer,
            options,
            cancel,
            ids,
            reports,
            set: JoinSet::new(),
            tasks: HashMap::new(),
        })
    }

    async fn drive(&mut self) -> Result<BatchEvent> {
        let running = self.session.batch.state.after(BatchEvent::Start)?;
        let Session { ledger, batch, clock, .. } = &self.session;
        ledger.move_batch(batch.id, batch.state, running, clock.now()).await?;
        self.session.batch.state = running;
        loop {
            match self.schedule.decide(self.cancel.is_cancelled())? {
                Decision::Start(step) => self.start(step).await?,
                Decision::Skip { step, because } => self.skip(step, because).await?,
                Decision::Wait => self.wait().await?,
                Decision::End(event) => return Ok(event),
            }
        }
    }

    async fn start(&mut self, step: usize) -> Result<()> {
        let change = self.change(step, StepEvent::Start, None)?;
        let Session { ledger, run, clock, .. } = &self.session;
        let (attempt, attempt_number) = ledger.start_attempt(run.id, &change, clock.now()).await?;
        reach(Point::AttemptStarted);
        let (Some(spec), Some(report)) = (self.steps.get(step).cloned(), self.reports.get_mut(step)) else {
            return Err(Error::Stuck);
        };
        report.attempts += 1;
        self.observer.step_started(&spec, attempt_number);
        let begun = Arc::new(OnceLock::new());
        let context = StepContext {
            begun: Arc::clone(&begun),
            batch: Arc::clone(&self.batch),
            run: Arc::clone(&self.run),
            attempt,
            attempt_number,
            cancel: self.cancel.child_token(),
            progress: Progress::new(Arc::clone(&spec), Arc::clone(&self.observer)),
        };
        let runner = Arc::clone(&self.runner);
        let handle = self.set.spawn(async move { Some(runner.run(&spec, context).await) });
        self.tasks.insert(handle.id(), Task::Attempt { step, attempt, started: Instant::now(), begun });
        Ok(())
    }

    async fn skip(&mut self, step: usize, because: usize) -> Result<()> {
        let cause = self.reports.get(because).ok_or(Error::Stuck)?;
        let reason = format!("{} {}", cause.step.name, if cause.attempts > 0 { "failed" } else { "was not done" });
        let change = self.change(step, StepEvent::Skip, Some(reason))?;
        self.session.ledger.move_step(&change, self.session.clock.now()).await?;
        let report = self.reports.get(step).ok_or(Error::Stuck)?;
        self.observer.step_ended(report);
        Ok(())
    }

    async fn wait(&mut self) -> Result<()> {
        let (id, ended) = match self.set.join_next_with_id().await {
            Some(Ok((id, ended))) => (id, ended),
            Some(Err(error)) => (error.id(), Some(Err(lost(error)))),
            None => return Err(Error::Stuck),
        };
        match (self.tasks.remove(&id), ended) {
            (Some(Task::Attempt { step, attempt, started, begun }), Some(ended)) => {
                let elapsed = begun.get().copied().unwrap_or(started).elapsed();
                self.ended(step, attempt, elapsed, ended).await
            }
            (Some(Task::Rest { step }), _) => {
                self.schedule.rested(step);
                Ok(())
            }
            (Some(Task::Attempt { .. }) | None, _) => Err(Error::Stuck),
        }
    }

    /// An attempt ended: decide what that means, write it down, tell the observer, and rest before another one.
    async fn ended(&mut self, step: usize, attempt: AttemptId, elapsed: Duration, ended: Result<StepOutcome, StepFailure>) -> Result<()> {
        let attempts = self.reports.get(step).map_or(0, |report| report.attempts);
        let event = verdict(&ended, self.cancel.is_cancelled(), attempts, self.options.attempts);
        let change = self.change(step, event, None)?;
        let (mut outcome, failure) = match ended {
            Ok(outcome) => (outcome, None),
            Err(failure) => (StepOutcome::default(), Some(failure)),
        };
        outcome.measures.seconds = elapsed.as_secs_f64();
        let end = attempt_end(self.session.run.id, attempt, change, event, outcome, failure);
        self.session.ledger.end_attempt(&end, self.session.clock.now()).await?;
        reach(Point::AttemptEnded);
        let report = self.reports.get_mut(step).ok_or(Error::Stuck)?;
        report.failure = end.failure;
        report.measures = end.measures;
        report.technique = end.technique;
        report.publications = end.publications;
        report.outputs = end.outputs;
        self.observer.step_ended(report);
        if event == StepEvent::TryAgain {
            self.rest(step, attempts);
        }
        Ok(())
    }

    fn rest(&mut self, step: usize, attempts: u32) {
        let pause = self.options.pause.saturating_mul(1 << attempts.saturating_sub(1).min(10));
        let cancel = self.cancel.clone();
        let handle = self.set.spawn(async move {
            // Whether the time is over or the run is cancelled, the schedule decides what comes next.
            cancel.run_until_cancelled(tokio::time::sleep(pause)).await;
            None
        });
        self.tasks.insert(handle.id(), Task::Rest { step });
    }

    /// Lets an event happen to a step, in the schedule and the report; the change is then to be written down.
    fn change(&mut self, step: usize, event: StepEvent, reason: Option<String>) -> Result<StepMove> {
        let (from, to) = self.schedule.apply(step, event)?;
        let (Some(id), Some(report)) = (self.ids.get(step), self.reports.get_mut(step)) else {
            return Err(Error::Stuck);
        };
        report.state = to;
        report.reason.clone_from(&reason);
        Ok(StepMove { step: *id, from, to, reason })
    }

    async fn end(&mut self, event: BatchEvent) -> Result<()> {
        let Session { ledger, batch, run, clock, .. } = &self.session;
        let to = batch.state.after(event)?;
        let end = RunEnd { run: run.id, batch: batch.id, from: batch.state, to, steps: Vec::new() };
        reach(Point::StepsEnded);
        ledger.end_run(&end, clock.now()).await?;
        reach(Point::RunEnded);
        let detail = json!({ "batch": batch.label(), "run": run.number, "ended_as": to.as_str() });
        let (actor, action) = (run.owner.clone(), "run-ended".to_owned());
        ledger.audit(&AuditEntry { actor, action, batch: Some(batch.id), detail }, clock.now()).await?;
        Ok(())
    }

    /// After an error of the ledger: nothing goes on behind the caller's back.
    async fn stop(&mut self) {
        self.cancel.cancel();
        while self.set.join_next().await.is_some() {}
    }

    async fn summary(self, elapsed: Duration) -> Result<RunSummary> {
        let Session { ledger, batch, run, .. } = self.session;
        let batch = ledger.batch(batch.id).await?.unwrap_or(batch);
        let run = ledger.runs(batch.id).await?.into_iter().find(|found| found.id == run.id).unwrap_or(run);
        debug_assert!(!matches!(batch.state, BatchState::Ready | BatchState::Running));
        Ok(RunSummary { batch, run, steps: self.reports, seconds: elapsed.as_secs_f64() })
    }
}

/// What the end of an attempt means for its step.
fn verdict(ended: &Result<StepOutcome, StepFailure>, cancelled: bool, attempts: u32, most: NonZeroU32) -> StepEvent {
    match ended {
        Ok(_) => StepEvent::Succeed,
        Err(_) if cancelled => StepEvent::Interrupt,
        Err(failure) if failure.retry_helps && attempts < most.get() => StepEvent::TryAgain,
        Err(_) => StepEvent::Fail,
    }
}

fn attempt_end(
    run: nightshift_ledger::RunId,
    attempt: AttemptId,
    step: StepMove,
    event: StepEvent,
    outcome: StepOutcome,
    failure: Option<StepFailure>,
) -> AttemptEnd {
    let state = match event {
        StepEvent::Succeed => AttemptState::Succeeded,
        StepEvent::Interrupt => AttemptState::Interrupted,
        StepEvent::Fail | StepEvent::TryAgain | StepEvent::Start | StepEvent::Skip | StepEvent::Reset => AttemptState::Failed,
    };
    let StepOutcome { measures, technique, pins, publications, outputs } = outcome;
    AttemptEnd { attempt, run, step, state, failure, measures, technique, pins, publications, outputs }
}

/// A step that panicked did not return a failure; that is our defect.
fn lost(error: JoinError) -> StepFailure {
    let said = error.try_into_panic().ok().and_then(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        text.or_else(|| panic.downcast_ref::<String>().cloned())
    });
    let message = match said {
        Some(said) => format!("the step panicked: {said}"),
        None => "the step broke off without saying why".to_owned(),
    };
    StepFailure { fault: Fault::Internal, retry_helps: false, message }
}
