//! Nights at Lucky Gas, end to end: real files in, Delta tables, workbooks and a ledger out, and an independent engine that
//! recomputes all of it from the files. And nights in zones whose clocks change, against Python's zoneinfo.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr)]

mod backfill;
mod late;
mod maintain;
mod oracle;
mod packed;
mod place;
mod rerun;
mod rewrite;
mod verify;
mod zones;

use std::sync::Arc;

use nightshift_app::demo::Demo;
use nightshift_lake::{TableKind, TableName};
use nightshift_orchestrate::{Intent, Silent};
use tokio_util::sync::CancellationToken;

use place::Place;

const FIRST_NIGHT: &str = "2025-12-30";

fn demo() -> Demo {
    Demo { first_night: FIRST_NIGHT.parse().unwrap(), nights: 3, history_days: 45, deliveries_per_day: 60, seed: 7 }
}

/// Everything is the same as DuckDB makes it of the raw files, after each night, over a year's end; and a night that is run again,
/// with its ledger lost, changes no table and no file.
#[tokio::test(flavor = "multi_thread")]
async fn nights_are_what_another_engine_makes_of_the_files() {
    let place = Place::new();
    let workspace = place.workspace().await;
    let demo = demo();
    let mut generator = demo.generate_history(&workspace.project.paths.incoming).unwrap();
    let mut date = demo.first_night;
    for number in 0..demo.nights {
        date = demo.first_night + chrono::Days::new(u64::from(number));
        let summary = demo.night(number, &mut generator, &workspace, Arc::new(Silent), CancellationToken::new()).await.unwrap();
        let failures: Vec<String> = summary.steps.iter().filter_map(|step| Some(step.failure.as_ref()?.message.clone())).collect();
        assert!(summary.fault().is_none(), "{date}: {failures:?}");
        oracle::check(&place, date);
    }

    // A month's rows have one place in a report's table, whichever of its dates put them there; so have a year's.
    for report in ["top_customers", "year_on_year"] {
        let table = TableName::new(TableKind::Report, report).unwrap();
        let snapshot = workspace.lake.snapshot(&table).await.unwrap().unwrap();
        let slot = format!("report/{report}/slot/");
        let slots = snapshot.transactions().await.unwrap().keys().filter(|mark| mark.starts_with(&slot)).count();
        assert_eq!(slots, 2, "{report}: two nights in December 2025 and one in January 2026");
    }

    let versions = place.versions(&workspace.lake).await;
    let files = place.files();
    assert!(versions.len() > 30 && files.len() > 12, "{} tables, {} files", versions.len(), files.len());
    std::fs::remove_file(&workspace.project.paths.ledger).unwrap();
    let again = workspace.run("daily", date, Intent::Run, Arc::new(Silent), CancellationToken::new()).await.unwrap();
    assert!(again.fault().is_none());
    assert_eq!(place.versions(&workspace.lake).await, versions, "a table has another version");
    assert_eq!(place.files(), files, "a file has other bytes");
}
