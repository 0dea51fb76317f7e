//! The ledger as a file: what is written is read back, and what must not happen is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::path::PathBuf;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use nightshift_diagnostic::{Fault, Faulty};
use serde_json::json;
use tempfile::TempDir;

use crate::{
    AttemptEnd, AttemptState, AuditEntry, BatchFilter, BatchRecord, BatchState, BatchTarget, CarriedPins, Error, Failure, Ledger, LockOutcome, Measures,
    OutputRecord, Owner, Pin, PlannedStep, PublicationRecord, RunCause, RunEnd, RunOpening, RunRecord, StagedFile, StepKind, StepMove, StepState,
};

struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("data/ledger.db")
    }

    async fn open(&self) -> Ledger {
        Ledger::open(&self.path()).await.unwrap()
    }
}

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_400_000, 0).unwrap() + TimeDelta::minutes(minute)
}

fn date() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 23).unwrap()
}

fn opening(target: BatchTarget, cause: RunCause, pins: CarriedPins) -> RunOpening {
    let step = |name: &str, kind| PlannedStep {
        name: name.to_owned(),
        kind,
        target: name.to_owned(),
        priority: 3,
        known: None,
        state: StepState::Pending,
        reason: None,
    };
    let steps = match &target {
        BatchTarget::New { .. } => {
            vec![step("ingest:delivery", StepKind::Ingest), step("report:sales", StepKind::Report)]
        }
        BatchTarget::Existing { .. } => Vec::new(),
    };
    RunOpening { target, cause, owner: Owner::current("chen"), steps, dropped: Vec::new(), pins }
}

async fn first_run(ledger: &Ledger) -> (BatchRecord, RunRecord) {
    let target = BatchTarget::New { pipeline: "daily".to_owned(), business_date: date(), attempt: 1 };
    ledger.open_run(&opening(target, RunCause::First, CarriedPins::None), at(0)).await.unwrap()
}

fn attempt_end(run: &RunRecord, attempt: crate::AttemptId, step: StepMove, state: AttemptState) -> AttemptEnd {
    AttemptEnd {
        attempt,
        run: run.id,
        step,
        state,
        failure: None,
        measures: Measures::default(),
        technique: None,
        pins: Vec::new(),
        publications: Vec::new(),
        outputs: Vec::new(),
    }
}

/// Runs a step to its end; `fill` adds to what the attempt brought.
async fn do_step(ledger: &Ledger, run: &RunRecord, position: usize, fill: impl FnOnce(&mut AttemptEnd)) -> crate::AttemptId {
    let step = ledger.steps(run.batch).await.unwrap().remove(position);
    let start = StepMove { step: step.id, from: step.state, to: StepState::Running, reason: None };
    let (attempt, _) = ledger.start_attempt(run.id, &start, at(1)).await.unwrap();
    let done = StepMove { step: step.id, from: StepState::Running, to: StepState::Succeeded, reason: None };
    let mut end = attempt_end(run, attempt, done, AttemptState::Succeeded);
    fill(&mut end);
    ledger.end_attempt(&end, at(2)).await.unwrap();
    attempt
}

#[tokio::test]
async fn what_is_written_is_read_back_after_the_file_was_closed() {
    let place = Place::new();
    let ledger = place.open().await;
    let (batch, run) = first_run(&ledger).await;
    ledger.move_batch(batch.id, BatchState::Ready, BatchState::Running, at(0)).await.unwrap();
    let measures = Measures { rows_in: 9, rows_out: 7, bytes: 4_096, spill_bytes: 12, peak_memory_bytes: 1 << 33, seconds: 1.25 };
    let publication = PublicationRecord { table: "report/sales".to_owned(), version_before: None, version_after: 0 };
    let output =
        OutputRecord { report: "sales".to_owned(), path: "2026-11-23/sales.csv".to_owned(), rows: 7, bytes: 210, sha256: "ab".repeat(32), unchanged: true };
    do_step(&ledger, &run, 0, |end| end.pins.push(Pin { source: "delivery".to_owned(), version: 4 })).await;
    do_step(&ledger, &run, 1, |end| {
        end.measures = measures;
        end.technique = Some(json!({"chosen": "rebuild", "buckets": 3}));
        end.publications.push(publication.clone());
        end.outputs.push(output.clone());
    })
    .await;
    let end = RunEnd { run: run.id, batch: batch.id, from: BatchState::Running, to: BatchState::Succeeded, steps: vec![] };
    ledger.end_run(&end, at(3)).await.unwrap();
    ledger.close().await;

    let ledger = place.open().await;
    let found = ledger.find_batch(&"daily@2026-11-23".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!((found.state, found.created_at, found.changed_at), (BatchState::Succeeded, at(0), at(3)));
    let detail = ledger.batch_detail(found.id).await.unwrap().unwrap();
    assert_eq!(detail.runs[0].0.finished_at, Some(at(3)));
    assert_eq!(detail.runs[0].1, [Pin { source: "delivery".to_owned(), version: 4 }]);
    let (attempt, published, made) = &detail.steps[1].attempts[0];
    assert_eq!((attempt.measures, attempt.technique.as_ref().unwrap()["buckets"].as_u64()), (measures, Some(3)));
    assert_eq!((published.as_slice(), made.as_slice()), (&[publication][..], &[output.clone()][..]));
    assert_eq!(ledger.latest_output(&output.path).await.unwrap(), Some((found.id, output)));
    assert_eq!(ledger.usual_seconds().await.unwrap().get("report:sales"), Some(&1.25));
    let filter = BatchFilter { pipeline: Some("daily".to_owned()), since: Some(date()), limit: 10 };
    let line = ledger.batches(&filter).await.unwrap().remove(0);
    assert_eq!((line.runs, line.steps, line.succeeded, line.failed), (1, 2, 2, 0));
    assert_eq!((line.measures.rows_out, line.measures.seconds, line.finished_at), (7, 1.25, Some(at(3))));
}

#[tokio::test]
async fn a_change_from_a_state_that_is_gone_is_refused_and_changes_nothing() {
    let place = Place::new();
    let ledger = place.open().await;
    let (batch, run) = first_run(&ledger).await;
    let error = ledger.move_batch(batch.id, BatchState::Running, BatchState::Failed, at(1)).await.unwrap_err();
    assert_eq!(error.to_string(), "batch 1 is no longer running but ready: another process changed it");
    assert_eq!((error.fault(), error.retry_helps()), (Fault::External, true));

    let step = ledger.steps(batch.id).await.unwrap().remove(0);
    let wrong = StepMove { step: step.id, from: StepState::Failed, to: StepState::Running, reason: None };
    assert!(matches!(ledger.start_attempt(run.id, &wrong, at(1)).await, Err(Error::StateChanged { .. })));
    assert_eq!(ledger.steps(batch.id).await.unwrap()[0], step);
    assert!(ledger.attempts(batch.id).await.unwrap().is_empty(), "no attempt without the step's change");
}

#[tokio::test]
async fn the_first_pin_of_a_source_holds_and_goes_on_where_it_is_carried() {
    let place = Place::new();
    let ledger = place.open().await;
    let (batch, run) = first_run(&ledger).await;
    let pin = |source: &str, version| Pin { source: source.to_owned(), version };
    assert_eq!(ledger.pin(run.id, &pin("delivery", 4)).await.unwrap(), 4);
    assert_eq!(ledger.pin(run.id, &pin("delivery", 5)).await.unwrap(), 4);
    ledger.pin(run.id, &pin("payment", 2)).await.unwrap();
    let end = RunEnd { run: run.id, batch: batch.id, from: BatchState::Ready, to: BatchState::Interrupted, steps: vec![] };
    ledger.end_run(&end, at(1)).await.unwrap();

    let target = BatchTarget::Existing { batch: batch.id, from: BatchState::Interrupted };
    let carried = CarriedPins::AllBut(vec!["payment".to_owned()]);
    let (_, second) = ledger.open_run(&opening(target, RunCause::Resume, carried), at(2)).await.unwrap();
    assert_eq!((second.number, ledger.pins(second.id).await.unwrap()), (2, vec![pin("delivery", 4)]));
}

#[tokio::test]
async fn attempts_of_a_dead_process_end_with_its_run_and_their_files_are_known() {
    let place = Place::new();
    let ledger = place.open().await;
    let (batch, run) = first_run(&ledger).await;
    let staged = |attempt, path: &str| StagedFile { attempt, table: "source/delivery".to_owned(), path: path.to_owned() };
    let done = do_step(&ledger, &run, 0, |_| ()).await;
    ledger.stage(&[staged(done, "late.parquet")]).await.unwrap();
    ledger.move_batch(batch.id, BatchState::Ready, BatchState::Running, at(1)).await.unwrap();
    let step = ledger.steps(batch.id).await.unwrap().remove(1);
    let start = StepMove { step: step.id, from: StepState::Pending, to: StepState::Running, reason: None };
    let (dead, _) = ledger.start_attempt(run.id, &start, at(1)).await.unwrap();
    ledger.stage(&[staged(dead, "a.parquet"), staged(dead, "b.parquet")]).await.unwrap();
    assert!(ledger.abandoned_files().await.unwrap().is_empty(), "it may still be writing them");

    let interrupted = StepMove { step: step.id, from: StepState::Running, to: StepState::Interrupted, reason: None };
    let (from, to) = (BatchState::Running, BatchState::Interrupted);
    ledger.end_run(&RunEnd { run: run.id, batch: batch.id, from, to, steps: vec![interrupted] }, at(5)).await.unwrap();
    let attempt = ledger.attempts(batch.id).await.unwrap().pop().unwrap();
    assert_eq!((attempt.state, attempt.finished_at), (AttemptState::Interrupted, Some(at(5))));
    let abandoned = ledger.abandoned_files().await.unwrap();
    assert_eq!(abandoned, [staged(dead, "a.parquet"), staged(dead, "b.parquet")]);
    ledger.forget_staged(dead).await.unwrap();
    assert!(ledger.abandoned_files().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_failure_is_kept_with_its_fault() {
    let place = Place::new();
    let ledger = place.open().await;
    let (batch, run) = first_run(&ledger).await;
    let failure = Failure { fault: Fault::Data, retry_helps: false, message: "18 rows break `revenue >= 0`".to_owned() };
    do_step(&ledger, &run, 0, |end| {
        end.state = AttemptState::Failed;
        end.step.to = StepState::Failed;
        end.failure = Some(failure.clone());
    })
    .await;
    assert_eq!(ledger.attempts(batch.id).await.unwrap()[0].failure(), Some(failure));
}

#[tokio::test]
async fn the_audit_only_grows() {
    let place = Place::new();
    let ledger = place.open().await;
    let entry = AuditEntry { actor: "chen".to_owned(), action: "lock-broken".to_owned(), batch: None, detail: json!({"why": "power cut"}) };
    ledger.audit(&entry, at(0)).await.unwrap();
    for statement in ["UPDATE audit SET actor = 'nobody'", "DELETE FROM audit", "INSERT OR REPLACE INTO audit SELECT * FROM audit"] {
        let refused = sqlx::query(statement).execute(ledger.pool()).await.err().map(|error| error.to_string());
        assert!(refused.is_some_and(|message| message.contains("append-only")), "{statement}");
    }
    let entries = ledger.audit_entries(None).await.unwrap();
    assert_eq!((entries.len(), &entries[0].entry, entries[0].at), (1, &entry, at(0)));
}

#[tokio::test]
async fn a_lock_is_for_one_until_it_is_given_back() {
    let place = Place::new();
    let ledger = place.open().await;
    let owner = Owner::current("chen");
    let LockOutcome::Taken(lock) = ledger.take_lock("daily", date(), &owner, at(0)).await.unwrap() else { panic!("not taken") };
    let held = place.open().await.take_lock("daily", date(), &Owner::current("lin"), at(7)).await.unwrap();
    assert_eq!(held, LockOutcome::Held { owner: owner.clone(), age: TimeDelta::minutes(7) });
    let other = ledger.take_lock("daily", date() + TimeDelta::days(1), &owner, at(0)).await.unwrap();
    assert!(matches!(other, LockOutcome::Taken(_)), "another date is another lock");
    ledger.release_lock(&lock).await.unwrap();
    let LockOutcome::Taken(next) = ledger.take_lock("daily", date(), &owner, at(8)).await.unwrap() else { panic!("not taken") };
    ledger.release_lock(&lock).await.unwrap();
    let held = ledger.take_lock("daily", date(), &owner, at(9)).await.unwrap();
    assert!(matches!(held, LockOutcome::Held { .. }), "an old lock given back twice is not the new one");
    ledger.release_lock(&next).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn many_may_open_a_new_ledger_and_write_at_the_same_moment() {
    let place = Place::new();
    let mut set = tokio::task::JoinSet::new();
    for day in 0..6 {
        let path = place.path();
        set.spawn(async move {
            let ledger = Ledger::open(&path).await.unwrap();
            let (pipeline, business_date) = ("daily".to_owned(), date() + TimeDelta::days(day));
            let target = BatchTarget::New { pipeline, business_date, attempt: 1 };
            ledger.open_run(&opening(target, RunCause::First, CarriedPins::None), at(day)).await.unwrap();
            ledger.close().await;
        });
    }
    while let Some(done) = set.join_next().await {
        done.unwrap();
    }
    let all = place.open().await.batches(&BatchFilter { pipeline: None, since: None, limit: 99 }).await.unwrap();
    assert_eq!(all.len(), 6);
}

#[tokio::test]
async fn a_ledger_deleted_under_its_log_is_a_new_one_and_a_newer_or_foreign_one_is_refused() {
    let place = Place::new();
    let ledger = place.open().await;
    first_run(&ledger).await;
    // Not closed: its write-ahead log stays behind.
    std::fs::remove_file(place.path()).unwrap();
    let new = place.open().await;
    assert_eq!(new.latest_batch("daily", date()).await.unwrap(), None);

    sqlx::query("INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (99, 'later', 1, x'00', 0)")
        .execute(new.pool())
        .await
        .unwrap();
    let newer = Ledger::open(&place.path()).await.unwrap_err();
    assert!(matches!(newer, Error::Newer { version: 99, .. }) && newer.fault() == Fault::User);

    let foreign = place.folder.path().join("foreign.db");
    std::fs::write(&foreign, "not a database, but long enough to look like one: ".repeat(40)).unwrap();
    assert!(matches!(Ledger::open(&foreign).await, Err(Error::Open { .. })));
}
