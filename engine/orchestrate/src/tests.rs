//! The fake runner and the generators that the tests share; the cases are in the folder beside this file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod machines;
mod run;
mod scheduling;
mod takeover;

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::NaiveDate;
use nightshift_diagnostic::Fault;
use nightshift_ledger::{Ledger, Owner, Pin};
use proptest::prelude::*;
use tempfile::TempDir;
use tokio::sync::Barrier;
use tokio_util::sync::CancellationToken;

use crate::{
    Intent, Options, Request, Result, RunSummary, Session, Silent, StepContext, StepFailure, StepKind, StepOutcome, StepRunner, StepSpec, SystemClock, begin,
};

/// A refresh step of priority 3.
pub(crate) fn step(name: &str, depends_on: &[&str]) -> StepSpec {
    StepSpec {
        name: name.to_owned(),
        kind: StepKind::Refresh,
        target: name.to_owned(),
        depends_on: depends_on.iter().map(|name| (*name).to_owned()).collect(),
        priority: 3,
    }
}

/// An ingest step, which pins its source.
pub(crate) fn ingest(source: &str) -> StepSpec {
    StepSpec { kind: StepKind::Ingest, target: source.to_owned(), ..step(&format!("ingest:{source}"), &[]) }
}

/// Steps without a circle, in a shuffled order: each may depend on those generated before it.
pub(crate) fn acyclic_steps(most: usize) -> impl Strategy<Value = Vec<StepSpec>> {
    let one = |index: usize| {
        (prop::collection::vec(any::<prop::sample::Index>(), 0..3), 1u8..5).prop_map(move |(picks, priority)| {
            let depends_on = picks.into_iter().filter(|_| index > 0).map(|pick| format!("s{:02}", pick.index(index))).collect();
            StepSpec { depends_on, priority, ..step(&format!("s{index:02}"), &[]) }
        })
    };
    (1..=most).prop_flat_map(move |count| (0..count).map(one).collect::<Vec<_>>()).prop_shuffle()
}

/// What the fake runner does with a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    Succeed,
    /// Fails where no retry helps.
    Fail,
    /// Fails so many times where a retry helps, then succeeds.
    FailFirst(u32),
    Panic,
    /// Waits until it is cancelled.
    UntilCancelled,
    /// Waits until another step that does the same runs beside it.
    Meet,
}

/// Does what it was told, and remembers what it was asked to do.
pub(crate) struct Fake {
    acts: Mutex<BTreeMap<String, Act>>,
    started: Mutex<Vec<String>>,
    /// How many run now, and the most there were.
    running: Mutex<(usize, usize)>,
    /// Cancels this after so many starts.
    trip: Mutex<Option<(usize, CancellationToken)>>,
    meeting: Barrier,
}

impl Fake {
    pub(crate) fn new(acts: &[(&str, Act)]) -> Arc<Self> {
        Arc::new(Self {
            acts: Mutex::new(acts.iter().map(|(name, act)| ((*name).to_owned(), *act)).collect()),
            started: Mutex::default(),
            running: Mutex::default(),
            trip: Mutex::default(),
            meeting: Barrier::new(2),
        })
    }

    pub(crate) fn started(&self) -> Vec<String> {
        self.started.lock().unwrap().clone()
    }

    /// The most steps that ran at one time.
    pub(crate) fn most_at_once(&self) -> usize {
        self.running.lock().unwrap().1
    }

    pub(crate) fn cancel_after(&self, starts: usize, cancel: &CancellationToken) {
        *self.trip.lock().unwrap() = Some((starts, cancel.clone()));
    }

    fn enter(&self, name: &str) -> Act {
        let mut started = self.started.lock().unwrap();
        started.push(name.to_owned());
        if let Some((starts, cancel)) = &*self.trip.lock().unwrap()
            && started.len() >= *starts
        {
            cancel.cancel();
        }
        let mut running = self.running.lock().unwrap();
        *running = (running.0 + 1, running.1.max(running.0 + 1));
        self.acts.lock().unwrap().get(name).copied().unwrap_or(Act::Succeed)
    }

    async fn act(&self, step: &StepSpec, context: &StepContext, act: Act) -> Result<StepOutcome, StepFailure> {
        tokio::task::yield_now().await;
        let failure = |retry_helps, message: &str| StepFailure { fault: Fault::Data, retry_helps, message: message.to_owned() };
        let tries = self.started().iter().filter(|name| **name == step.name).count();
        if act == Act::Meet {
            self.meeting.wait().await;
        }
        match act {
            Act::Fail => Err(failure(false, "as told")),
            Act::FailFirst(times) if tries <= times as usize => Err(failure(true, "not yet")),
            Act::Panic => panic!("as told"),
            Act::UntilCancelled => {
                context.cancel.cancelled().await;
                Err(failure(false, "stopped"))
            }
            Act::Succeed | Act::FailFirst(_) | Act::Meet => {
                let pins = match step.kind {
                    StepKind::Ingest => {
                        vec![Pin { source: step.target.clone(), version: i64::from(context.attempt_number) }]
                    }
                    StepKind::Refresh | StepKind::Report | StepKind::Maintain | StepKind::Backfill => Vec::new(),
                };
                Ok(StepOutcome { pins, ..StepOutcome::default() })
            }
        }
    }
}

#[async_trait]
impl StepRunner for Fake {
    async fn run(&self, step: &StepSpec, context: StepContext) -> Result<StepOutcome, StepFailure> {
        let act = self.enter(&step.name);
        let ended = self.act(step, &context, act).await;
        self.running.lock().unwrap().0 -= 1;
        ended
    }
}

/// A ledger in a folder of its own.
pub(crate) struct Place {
    pub(crate) ledger: Ledger,
    _folder: TempDir,
}

impl Place {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(&folder.path().join("data/ledger.db")).await.unwrap();
        Self { ledger, _folder: folder }
    }

    pub(crate) async fn begin(&self, intent: Intent, steps: &[StepSpec]) -> Result<Session> {
        begin(&self.ledger, &request(intent), steps.to_vec(), Arc::new(SystemClock)).await
    }

    /// Begins and executes, at most two steps at a time.
    pub(crate) async fn run(&self, intent: Intent, steps: &[StepSpec], runner: &Arc<Fake>) -> RunSummary {
        self.run_until(intent, steps, runner, &CancellationToken::new()).await
    }

    pub(crate) async fn run_until(&self, intent: Intent, steps: &[StepSpec], runner: &Arc<Fake>, cancel: &CancellationToken) -> RunSummary {
        let session = self.begin(intent, steps).await.unwrap();
        let runner: Arc<dyn StepRunner> = Arc::<Fake>::clone(runner);
        session.execute(runner, Arc::new(Silent), options(), cancel.clone()).await.unwrap()
    }
}

pub(crate) fn options() -> Options {
    Options { parallel: NonZeroUsize::new(2).unwrap(), attempts: NonZeroU32::new(3).unwrap(), pause: Duration::from_millis(1) }
}

pub(crate) fn request(intent: Intent) -> Request {
    let business_date = NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
    Request { pipeline: "daily".to_owned(), business_date, intent, owner: Owner::current("chen") }
}
