//! An earlier date is run again: it is said beforehand which reports change, and what people have read is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{Days, NaiveDate};
use nightshift_app::Workspace;
use nightshift_app::demo::Demo;
use nightshift_app::generate::Source;
use nightshift_app::plan::{Rerun, Verdict};
use nightshift_orchestrate::{Intent, Silent};
use tokio_util::sync::CancellationToken;

use crate::{oracle, place::Place};

type Files = BTreeMap<PathBuf, Vec<u8>>;

async fn run(workspace: &Arc<Workspace>, date: NaiveDate) {
    let summary = workspace.run("daily", date, Intent::Run, Arc::new(Silent), CancellationToken::new()).await.unwrap();
    let failures: Vec<String> = summary.steps.iter().filter_map(|step| Some(step.failure.as_ref()?.message.clone())).collect();
    assert!(summary.fault().is_none(), "{date}: {failures:?}");
}

/// What the plan says of a date that was run before; making the plan must write nothing.
async fn planned(place: &Place, workspace: &Workspace, date: NaiveDate) -> Rerun {
    let before = place.files_in("data");
    let plan = workspace.plan("daily", date, Intent::Run).await.unwrap();
    assert_eq!(place.files_in("data"), before, "the plan wrote something");
    assert!(plan.steps.iter().all(|step| step.verdict != Verdict::Fails), "{:?}", plan.steps);
    plan.rerun.expect("the date was run before")
}

fn names(changes: &[nightshift_app::plan::ReportChange]) -> BTreeSet<String> {
    changes.iter().map(|change| change.report.clone()).collect()
}

/// The report that a file belongs to: `daily_sales` of `daily_sales.1a2b3c4d.csv`.
fn report(path: &Path) -> String {
    let name = path.file_name().unwrap().to_str().unwrap();
    name.split(['.', '-']).next().unwrap().to_owned()
}

/// Reports that have a file with other bytes than before; the earlier bytes of each must still be there under another name.
fn changed(before: &Files, after: &Files) -> BTreeSet<String> {
    let changed = before.iter().filter(|(path, bytes)| after.get(*path) != Some(bytes));
    let mut reports = BTreeSet::new();
    for (path, bytes) in changed {
        let kept = after.iter().any(|(other, found)| found == bytes && other != path && report(other) == report(path) && other.parent() == path.parent());
        assert!(kept, "the earlier {} is gone", path.display());
        reports.insert(report(path));
    }
    reports
}

#[tokio::test(flavor = "multi_thread")]
async fn an_earlier_date_says_what_changes_and_keeps_what_was_read() {
    let place = Place::new();
    let workspace = place.workspace().await;
    let demo = Demo { first_night: "2026-01-13".parse().unwrap(), nights: 3, history_days: 20, deliveries_per_day: 50, seed: 3 };
    let incoming = &workspace.project.paths.incoming;
    let mut generator = demo.generate_history(incoming).unwrap();
    let day = |number: u64| demo.first_night + Days::new(number);
    for number in 0..3 {
        if number == 2 {
            generator.write_correction(day(0), Source::Payment, incoming).unwrap();
        }
        demo.night(number, &mut generator, &workspace, Arc::new(Silent), CancellationToken::new()).await.unwrap();
    }

    // All files are loaded, so that the plan knows for certain.
    let rerun = planned(&place, &workspace, day(0)).await;
    assert_eq!((rerun.latest, rerun.may_change.len()), (Some(day(2)), 0));
    let why: Vec<&String> = rerun.changes.iter().flat_map(|change| &change.reasons).collect();
    let late = format!("payment: {}/payment.jsonl", day(0));
    assert!(why.iter().any(|reason| reason.starts_with("loaded since: ") && reason.contains(&late)), "{why:?}");
    let before = place.files();
    run(&workspace, day(0)).await;
    let after = place.files();
    assert_eq!(names(&rerun.changes), changed(&before, &after));
    assert!(!rerun.changes.is_empty() && !rerun.same.is_empty(), "{rerun:?}");
    // The tables still show the newest date.
    oracle::check(&place, day(2));
    let again = planned(&place, &workspace, day(0)).await;
    assert!(again.changes.is_empty() && again.may_change.is_empty(), "{again:?}");

    // A late file that the rerun itself loads: what it reaches may change, and nothing else does.
    generator.write_correction(day(1), Source::Payment, incoming).unwrap();
    let rerun = planned(&place, &workspace, day(1)).await;
    assert!(rerun.may_change.iter().all(|change| change.causes == ["ingest:payment"]), "{:?}", rerun.may_change);
    let before = place.files();
    run(&workspace, day(1)).await;
    let changed = changed(&before, &place.files());
    let possible: BTreeSet<String> = names(&rerun.changes).union(&names(&rerun.may_change)).cloned().collect();
    assert!(changed.is_subset(&possible) && names(&rerun.changes).is_subset(&changed), "{changed:?} of {rerun:?}");
    assert!(changed.iter().any(|report| names(&rerun.may_change).contains(report)), "the late file reached no report");
}
