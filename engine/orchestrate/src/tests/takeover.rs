//! Locks of the living and the dead, and what a dead process leaves.

use std::sync::Arc;

use nightshift_diagnostic::{Fault, Faulty};
use nightshift_ledger::{AttemptState, BatchState, RunCause, StepState};
use tokio_util::sync::CancellationToken;

use super::{Act, Fake, Place, options, request, step};
use crate::{Error, Intent, Request, Silent, StepAction, StepRunner, SystemClock, begin, preview};

/// As if a process on this host had asked that is dead by now: the number is ours, but it started at another time.
fn ghost() -> Request {
    let mut request = request(Intent::Run);
    request.owner.name = "ghost".to_owned();
    request.owner.process.started = Some("an earlier boot/1".to_owned());
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_living_process_holds_stays_its_own() {
    let place = Place::new().await;
    let steps = [step("a", &[])];
    let session = place.begin(Intent::Run, &steps).await.unwrap();
    let error = place.begin(Intent::Run, &steps).await.err().unwrap();
    assert!(matches!(&error, Error::Held { owner, .. } if owner.name == "chen"), "{error}");
    assert_eq!((error.fault(), error.retry_helps()), (Fault::External, true));
    assert!(error.to_string().starts_with("daily for 2026-11-23 is being run by chen (process "), "{error}");
    session.abandon().await.unwrap();
    let summary = place.run(Intent::Run, &steps, &Fake::new(&[])).await;
    assert_eq!((summary.run.number, summary.run.cause), (2, RunCause::Resume));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_process_left_is_taken_over_and_brought_to_its_end() {
    let place = Place::new().await;
    let steps = [step("a", &[]), step("b", &["a"]), step("c", &["b"])];
    let session = begin(&place.ledger, &ghost(), steps.to_vec(), Arc::new(SystemClock)).await.unwrap();
    let stuck = Fake::new(&[("b", Act::UntilCancelled)]);
    let runner: Arc<dyn StepRunner> = Arc::<Fake>::clone(&stuck);
    let killed = tokio::spawn(session.execute(runner, Arc::new(Silent), options(), CancellationToken::new()));
    while stuck.started().len() < 2 {
        tokio::task::yield_now().await;
    }
    // Nothing is written any more once it is gone: as after kill -9.
    killed.abort();
    assert!(killed.await.unwrap_err().is_cancelled());

    let planned = preview(&place.ledger, &request(Intent::Run), steps.to_vec()).await.unwrap();
    let actions: Vec<_> = planned.steps.into_iter().map(|plan| plan.action).collect();
    assert_eq!(actions, [StepAction::Keep, StepAction::Do, StepAction::Do]);

    let session = place.begin(Intent::Run, &steps).await.unwrap();
    assert_eq!(session.displaced.as_ref().map(|displaced| displaced.owner.name.as_str()), Some("ghost"));
    assert_eq!(session.recovered.as_ref().map(|run| run.number), Some(1));
    let good = Fake::new(&[]);
    let runner: Arc<dyn StepRunner> = Arc::<Fake>::clone(&good);
    let summary = session.execute(runner, Arc::new(Silent), options(), CancellationToken::new()).await.unwrap();
    assert_eq!((summary.batch.state, good.started()), (BatchState::Succeeded, vec!["b".to_owned(), "c".to_owned()]));

    let detail = place.ledger.batch_detail(summary.batch.id).await.unwrap().unwrap();
    assert_eq!(detail.runs[0].0.ended_as, Some(BatchState::Interrupted));
    let attempts: Vec<_> = detail.steps[1].attempts.iter().map(|(attempt, ..)| attempt.state).collect();
    assert_eq!(attempts, [AttemptState::Interrupted, AttemptState::Succeeded]);
    let opened = &detail.audit[1].entry;
    assert_eq!((opened.action.as_str(), &opened.detail["lock_taken_over_from"]["owner"]), ("run-opened", &"ghost".into()));
    assert!(detail.steps.iter().all(|detail| detail.step.state == StepState::Succeeded));
}
