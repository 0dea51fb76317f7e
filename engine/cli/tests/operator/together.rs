//! Several processes that bring one rollup up to date at the same moment: one commit lands, and the others find their work done.

use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use nightshift_app::Workspace;
use nightshift_ledger::{AttemptState, BatchFilter};

use crate::place::{Place, text};

const PROCESSES: usize = 8;
const ROLLUP: &str = "depot_daily";
const NIGHTS: [&str; 3] = ["2025-12-30", "2025-12-31", "2026-01-01"];
const PATIENCE: Duration = Duration::from_secs(120);

/// A lock is that of a pipeline and a date: pipelines of their own have none in common.
fn place() -> Place {
    let place = Place::with_days(8);
    place.write("pipelines/files.yaml", "title: Files\nsteps: [{ingest: [customer, delivery]}]\n");
    for number in 0..PROCESSES {
        place.write(&format!("pipelines/p{number}.yaml"), &format!("title: One of many\nsteps: [{{refresh: [{ROLLUP}]}}]\n"));
    }
    place
}

/// Lets all processes compute what they want to commit, and only then go on.
fn at_once(place: &Place, night: &str) {
    let go = place.root().join(format!("go-{night}"));
    let hold = format!("commit-ready:1={}", go.display());
    let start = |number: usize| place.starts_with(&["run", &format!("p{number}"), "--date", night], ("NIGHTSHIFT_HOLD_AT", &hold));
    let processes: Vec<Child> = (0..PROCESSES).map(start).collect();
    wait_for(&go, PROCESSES);
    std::fs::write(&go, b"").unwrap();
    for process in processes {
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    }
}

fn wait_for(go: &Path, processes: usize) {
    let began = Instant::now();
    let stem = go.file_name().unwrap().to_str().unwrap();
    let stands = || {
        let entries = std::fs::read_dir(go.parent().unwrap()).unwrap();
        entries.filter(|entry| entry.as_ref().unwrap().file_name().to_str().is_some_and(|name| name.starts_with(stem) && name.ends_with(".here"))).count()
    };
    while stands() < processes {
        assert!(began.elapsed() < PATIENCE, "only {} of {processes} processes have something to commit", stands());
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[tokio::test]
async fn one_commit_lands_for_each_version_of_the_sources() {
    let place = place();
    for (number, night) in NIGHTS.into_iter().enumerate() {
        place.succeeds(&["run", "files", "--date", night]);
        at_once(&place, night);
        let log = place.files(&format!("data/lake/rollup/{ROLLUP}/_delta_log"));
        let commits = log.iter().filter(|file| file.extension().is_some_and(|end| end == "json")).count();
        assert_eq!(commits, number + 1, "{log:?}");
    }

    // The losers stand in the ledger with what they met, and each found its work done when it tried again.
    let (workspace, _) = Workspace::open(place.root(), None).await.unwrap();
    let ledger = workspace.ledger().await.unwrap();
    let batches = ledger.batches(&BatchFilter { pipeline: None, since: None, limit: 100 }).await.unwrap();
    let (mut lost, mut published) = (0, 0);
    for batch in batches.iter().filter(|found| found.batch.pipeline != "files") {
        let detail = ledger.batch_detail(batch.batch.id).await.unwrap().unwrap();
        let attempts = &detail.steps[0].attempts;
        published += attempts.iter().map(|attempt| attempt.1.len()).sum::<usize>();
        for (attempt, ..) in attempts.iter().filter(|(attempt, ..)| attempt.state == AttemptState::Failed) {
            let message = attempt.message.as_deref().unwrap();
            assert!(attempt.retry_helps == Some(true) && message.contains(ROLLUP) && message.contains("version"), "{message}");
            lost += 1;
        }
        assert_eq!(attempts.last().unwrap().0.state, AttemptState::Succeeded);
    }
    assert_eq!((lost, published), (NIGHTS.len() * (PROCESSES - 1), NIGHTS.len()));
    place.succeeds(&["verify", ROLLUP, "--all"]);
    assert_eq!(place.strays(), Vec::<std::path::PathBuf>::new(), "the losers take back what they had staged");
}
