//! Whole runs with a real ledger and a fake runner.

use std::collections::BTreeSet;

use nightshift_diagnostic::{Fault, Faulty};
use nightshift_ledger::{AttemptState, BatchState, RunCause, StepState};
use proptest::prelude::*;
use tokio_util::sync::CancellationToken;

use super::{Act, Fake, Place, acyclic_steps, ingest, step};
use crate::{Error, Intent, Refusal, RunSummary, StepSpec};

fn night() -> Vec<StepSpec> {
    vec![
        ingest("delivery"),
        ingest("payment"),
        step("refresh:depot_daily", &["ingest:delivery"]),
        step("refresh:depot_monthly", &["refresh:depot_daily"]),
        step("report:sales", &["refresh:depot_monthly"]),
        step("report:ageing", &["ingest:payment"]),
    ]
}

fn state(summary: &RunSummary, name: &str) -> StepState {
    summary.steps.iter().find(|report| report.step.name == name).unwrap().state
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_stops_what_depends_on_it_and_a_retry_does_only_the_rest() {
    let place = Place::new().await;
    let bad = Fake::new(&[("refresh:depot_daily", Act::Fail)]);
    let summary = place.run(Intent::Run, &night(), &bad).await;
    assert_eq!(summary.batch.state, BatchState::Failed);
    assert_eq!((summary.fault(), summary.exit_code()), (Some(Fault::Data), 1));
    assert_eq!(state(&summary, "report:ageing"), StepState::Succeeded);
    let skipped = summary.steps.iter().find(|report| report.step.name == "report:sales").unwrap();
    assert_eq!(skipped.state, StepState::Skipped);
    assert_eq!(skipped.reason.as_deref(), Some("refresh:depot_monthly was not done"));

    let good = Fake::new(&[]);
    let summary = place.run(Intent::Retry, &night(), &good).await;
    assert_eq!((summary.batch.state, summary.batch.attempt, summary.run.number), (BatchState::Succeeded, 1, 2));
    assert_eq!(good.started(), ["refresh:depot_daily", "refresh:depot_monthly", "report:sales"]);
    let first = &place.ledger.batch_detail(summary.batch.id).await.unwrap().unwrap().runs[0];
    assert_eq!(place.ledger.pins(summary.run.id).await.unwrap(), first.1, "a retry reads the same versions");
    assert_eq!(first.1.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_succeeded_batch_is_run_again_and_a_failed_one_anew() {
    let place = Place::new().await;
    let good = Fake::new(&[]);
    let first = place.run(Intent::Run, &night(), &good).await;
    let again = place.run(Intent::Run, &night(), &good).await;
    assert_eq!(again.batch.id, first.batch.id);
    assert_eq!((again.run.number, again.run.cause), (2, RunCause::Rerun));
    assert_eq!(good.started().len(), 2 * night().len());
    let pins = place.ledger.pins(again.run.id).await.unwrap();
    assert!(pins.iter().all(|pin| pin.version == 2), "a rerun looks at its sources anew: {pins:?}");

    let refused = place.begin(Intent::Retry, &night()).await.err().unwrap();
    assert!(matches!(refused, Error::Refused(Refusal::Succeeded { .. })) && refused.fault() == Fault::User);

    place.run(Intent::Run, &night(), &Fake::new(&[("ingest:payment", Act::Fail)])).await;
    let anew = place.run(Intent::Run, &night(), &good).await;
    assert_eq!((anew.batch.attempt, anew.run.number, anew.batch.label().as_str()), (2, 1, "daily@2026-11-23#2"));
    let failed = place.ledger.batches(&nightshift_ledger::BatchFilter { pipeline: None, since: None, limit: 9 }).await.unwrap();
    assert_eq!(failed.iter().map(|line| (line.batch.attempt, line.runs, line.succeeded)).collect::<Vec<_>>(), [(2, 1, 6), (1, 3, 4)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn from_a_step_on_means_it_and_what_depends_on_it() {
    let place = Place::new().await;
    let good = Fake::new(&[]);
    let from = |name: &str| Intent::From(name.to_owned());
    let summary = place.run(from("refresh:depot_monthly"), &night(), &good).await;
    assert_eq!(good.started(), ["refresh:depot_monthly", "report:sales"]);
    assert_eq!(summary.batch.state, BatchState::Succeeded);
    assert_eq!(state(&summary, "ingest:delivery"), StepState::Skipped);

    let error = place.begin(from("refresh:depot_montly"), &night()).await.err().unwrap();
    assert_eq!(error.to_string(), "the pipeline has no step `refresh:depot_montly`; did you mean `refresh:depot_monthly`?");
    // The refusal gave the lock back.
    let summary = place.run(from("ingest:payment"), &night(), &good).await;
    assert_eq!(good.started().split_off(2), ["ingest:payment", "report:ageing"]);
    assert_eq!((summary.batch.attempt, summary.run.number, summary.run.cause), (1, 2, RunCause::FromStep));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_is_made_only_where_it_helps() {
    let place = Place::new().await;
    let steps = [step("flaky", &[]), step("hopeless", &[]), step("broken", &[]), step("panics", &[])];
    let acts = [("flaky", Act::FailFirst(2)), ("hopeless", Act::FailFirst(9)), ("broken", Act::Fail), ("panics", Act::Panic)];
    let summary = place.run(Intent::Run, &steps, &Fake::new(&acts)).await;
    let attempts = |name: &str| summary.steps.iter().find(|report| report.step.name == name).map(|report| (report.state, report.attempts));
    assert_eq!(attempts("flaky"), Some((StepState::Succeeded, 3)));
    assert_eq!(attempts("hopeless"), Some((StepState::Failed, 3)));
    assert_eq!(attempts("broken"), Some((StepState::Failed, 1)));
    assert_eq!(attempts("panics"), Some((StepState::Failed, 1)));
    assert_eq!(summary.fault(), Some(Fault::Internal));
    let detail = place.ledger.batch_detail(summary.batch.id).await.unwrap().unwrap();
    let panicked = detail.steps.iter().find(|detail| detail.step.name == "panics").unwrap();
    assert_eq!(panicked.attempts[0].0.message.as_deref(), Some("the step panicked: as told"));
    assert_eq!(panicked.attempts[0].0.fault, Some(Fault::Internal));
    let flaky = detail.steps.iter().find(|detail| detail.step.name == "flaky").unwrap();
    let states: Vec<_> = flaky.attempts.iter().map(|(attempt, ..)| attempt.state).collect();
    assert_eq!(states, [AttemptState::Failed, AttemptState::Failed, AttemptState::Succeeded]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_leaves_a_batch_that_is_gone_on_with() {
    let place = Place::new().await;
    let cancel = CancellationToken::new();
    let slow = Fake::new(&[("refresh:depot_daily", Act::UntilCancelled)]);
    slow.cancel_after(3, &cancel);
    let summary = place.run_until(Intent::Run, &night(), &slow, &cancel).await;
    assert_eq!((summary.batch.state, summary.exit_code()), (BatchState::Interrupted, 3));
    let done: BTreeSet<String> = summary.steps.iter().filter(|report| report.state == StepState::Succeeded).map(|report| report.step.name.clone()).collect();

    let good = Fake::new(&[]);
    let summary = place.run(Intent::Run, &night(), &good).await;
    assert_eq!((summary.batch.state, summary.run.cause), (BatchState::Succeeded, RunCause::Resume));
    assert!(good.started().iter().all(|name| !done.contains(name)), "what was done is not done again");
}

#[tokio::test(flavor = "multi_thread")]
async fn independent_steps_run_beside_each_other_but_no_more_than_allowed() {
    let place = Place::new().await;
    let steps: Vec<StepSpec> = ["a", "b", "c", "d", "e", "f"].map(|name| step(name, &[])).to_vec();
    let acts: Vec<(&str, Act)> = steps.iter().map(|step| (step.name.as_str(), Act::Meet)).collect();
    let fake = Fake::new(&acts);
    // One at a time would never meet another.
    let summary = place.run(Intent::Run, &steps, &fake).await;
    assert_eq!((summary.batch.state, fake.most_at_once()), (BatchState::Succeeded, 2));
}

/// What a graph comes to when these steps fail for good: they and all behind them are not done.
fn undone(steps: &[StepSpec], failing: &BTreeSet<String>) -> BTreeSet<String> {
    let mut undone = failing.clone();
    for step in crate::order(steps.to_vec()).unwrap() {
        if step.depends_on.iter().any(|name| undone.contains(name)) {
            undone.insert(step.name);
        }
    }
    undone
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Interrupted again and again, each time after some starts, a batch is resumed until it ends, and then stands as if it
    /// had never been interrupted; nothing that had succeeded was done twice.
    #[test]
    fn interrupted_batches_resume_and_end(
        steps in acyclic_steps(8),
        fails in prop::collection::vec(any::<prop::sample::Index>(), 0..3),
        cuts in prop::collection::vec(1usize..4, 0..4),
    ) {
        let failing: BTreeSet<String> = fails.iter().map(|pick| pick.get(&steps).name.clone()).collect();
        let acts: Vec<(&str, Act)> = failing.iter().map(|name| (name.as_str(), Act::Fail)).collect();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let place = Place::new().await;
            let mut done: BTreeSet<String> = BTreeSet::new();
            let mut cuts = cuts.into_iter();
            loop {
                let cancel = CancellationToken::new();
                let fake = Fake::new(&acts);
                if let Some(cut) = cuts.next() {
                    fake.cancel_after(cut, &cancel);
                }
                let summary = place.run_until(Intent::Run, &steps, &fake, &cancel).await;
                prop_assert_eq!(summary.batch.attempt, 1);
                prop_assert!(fake.started().iter().all(|name| !done.contains(name)));
                done = summary.steps.iter().filter(|report| report.state == StepState::Succeeded).map(|report| report.step.name.clone()).collect();
                let recorded = place.ledger.steps(summary.batch.id).await.unwrap();
                for (record, report) in recorded.iter().zip(&summary.steps) {
                    prop_assert_eq!((&record.name, record.state), (&report.step.name, report.state));
                }
                if summary.batch.state != BatchState::Interrupted {
                    let undone = undone(&steps, &failing);
                    prop_assert_eq!(summary.batch.state == BatchState::Failed, !undone.is_empty());
                    let expected: BTreeSet<String> = steps.iter().map(|step| step.name.clone()).filter(|name| !undone.contains(name)).collect();
                    prop_assert_eq!(done, expected);
                    return Ok(());
                }
            }
        })?;
    }
}
