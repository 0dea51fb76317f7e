//! A rollup whose table somebody has changed is mended where it is asked for, and nowhere else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::{Expr, cast, col, lit, when};
use datafusion::prelude::SessionContext;
use nightshift_app::Workspace;
use nightshift_app::backfill::{Interval, Wish};
use nightshift_app::demo::Demo;
use nightshift_app::verify::{Extent, Verification};
use nightshift_lake::{Snapshot, TableKind, TableName};
use nightshift_orchestrate::{Intent, RunSummary, Silent, StepState};
use tokio_util::sync::CancellationToken;

use crate::place::Place;
use crate::verify::tamper;

/// A rollup that reads another one.
const DAYS_OF_DEPOTS: &str = "/* rollup
title: What depots did in a month, by their days
time: day
*/
SELECT date_trunc('month', d.day)::date AS month, count(*) AS days, CAST(sum(d.deliveries) AS BIGINT) AS deliveries
FROM depot_daily d
GROUP BY 1
";

struct Backfilled {
    place: Place,
    workspace: Arc<Workspace>,
}

impl Backfilled {
    /// A night after seventy days: rows of three months, in three partitions of a daily rollup.
    async fn new() -> Self {
        let place = Place::new();
        let file = place.root().join("sql/rollups/monthly/days_of_depots.sql");
        std::fs::write(file, DAYS_OF_DEPOTS).unwrap();
        let workspace = place.workspace().await;
        let demo = Demo { first_night: "2025-12-30".parse().unwrap(), nights: 1, history_days: 70, deliveries_per_day: 30, seed: 5 };
        let mut generator = demo.generate_history(&workspace.project.paths.incoming).unwrap();
        let summary = demo.night(0, &mut generator, &workspace, Arc::new(Silent), CancellationToken::new()).await.unwrap();
        assert!(summary.fault().is_none(), "{summary:?}");
        Self { place, workspace }
    }

    async fn snapshot(&self, rollup: &str) -> Snapshot {
        self.workspace.lake.snapshot(&TableName::new(TableKind::Rollup, rollup).unwrap()).await.unwrap().unwrap()
    }

    async fn paths(&self, rollup: &str) -> BTreeSet<String> {
        self.snapshot(rollup).await.files().iter().map(|file| file.path.clone()).collect()
    }

    async fn marks(&self, rollup: &str) -> BTreeMap<String, i64> {
        self.snapshot(rollup).await.transactions().await.unwrap().clone().into_iter().collect()
    }

    /// The rows of a rollup, as text.
    async fn rows(&self, rollup: &str) -> String {
        let rows = SessionContext::new().read_table(self.snapshot(rollup).await.provider(None)).unwrap();
        let rows = rows.select_columns(&["month", "days", "deliveries"]).unwrap().sort_by(vec![col("month")]).unwrap();
        rows.to_string().await.unwrap()
    }

    async fn verify(&self, rollup: &str, interval: Interval) -> Verification {
        let extent = match (interval.from, interval.to) {
            (Some(from), Some(to)) => Extent::Between(from, to),
            _ => Extent::All,
        };
        let ledger = self.workspace.ledger().await.unwrap();
        let rollup = self.workspace.compiled.rollup(rollup).unwrap();
        self.workspace.verify(rollup, extent, 10, (&ledger, "test", None), &CancellationToken::new()).await.unwrap()
    }

    async fn backfill(&self, rollup: &str, interval: Interval, downstream: bool) -> RunSummary {
        let rollup = Arc::clone(self.workspace.compiled.rollup(rollup).unwrap());
        let wish = Wish { rollup, interval, downstream, date: None };
        let plan = self.workspace.plan_backfill(&wish, &CancellationToken::new()).await.unwrap();
        let run = self.workspace.begin_backfill(&plan).await.unwrap();
        let summary = run.execute(BTreeSet::new(), Arc::new(Silent), CancellationToken::new()).await.unwrap();
        assert!(summary.fault().is_none(), "{summary:?}");
        assert!(summary.steps.iter().all(|step| step.state == StepState::Succeeded), "{summary:?}");
        summary
    }
}

fn days(from: &str, to: &str) -> Interval {
    Interval { from: Some(from.parse().unwrap()), to: Some(to.parse().unwrap()) }
}

fn is_between(column: &str, from: &str, to: &str) -> Expr {
    let date = |day: &str| cast(lit(day.to_owned()), DataType::Date32);
    col(column).between(date(from), date(to))
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_interval_is_mended_and_other_files_stay() {
    let place = Backfilled::new().await;
    // Counts of some days are wrong, a day is missing, and a day outside of what will be asked for is wrong too.
    let is_wrong = is_between("day", "2025-12-10", "2025-12-15").or(is_between("day", "2025-11-20", "2025-11-20"));
    let stops = when(is_wrong, col("deliveries") + lit(7)).otherwise(col("deliveries")).unwrap();
    let is_kept = Expr::Not(Box::new(is_between("day", "2025-12-12", "2025-12-12")));
    tamper(&place.workspace, "product_daily", is_kept, "deliveries", stops).await;
    assert!(place.verify("product_daily", Interval::ALL).await.differences > 0);
    let (before, files, marks) = (place.snapshot("product_daily").await.version(), place.paths("product_daily").await, place.marks("product_daily").await);

    let asked = days("2025-12-10", "2025-12-15");
    let summary = place.backfill("product_daily", asked, false).await;
    let names: Vec<&str> = summary.steps.iter().map(|step| step.step.name.as_str()).collect();
    assert_eq!(names, ["refresh:product_daily", "backfill:product_daily:2025-12-10..2025-12-15"]);
    assert!(place.verify("product_daily", asked).await.is_equal());
    assert!(place.verify("product_daily", days("2025-12-01", "2025-12-31")).await.is_equal());
    assert_eq!(place.verify("product_daily", days("2025-11-20", "2025-11-20")).await.buckets.unwrap().0, 1);
    assert!(place.verify("product_daily", days("2025-11-20", "2025-11-20")).await.differences > 0, "nobody asked for it");
    let now = place.paths("product_daily").await;
    let december = |path: &String| path.contains("2025-12");
    assert!(files.iter().filter(|path| !december(path)).all(|path| now.contains(path)), "{files:?}\n{now:?}");
    assert!(files.iter().filter(|path| !december(path)).count() >= 2 && now.iter().filter(|path| december(path)).all(|path| !files.contains(path)));
    assert_eq!((place.snapshot("product_daily").await.version(), place.marks("product_daily").await), (before + 1, marks));

    // All of it: a unit a month, of which each has its commit.
    let summary = place.backfill("product_daily", Interval::ALL, false).await;
    assert_eq!(summary.steps.len(), 4, "{summary:?}");
    assert_eq!(place.snapshot("product_daily").await.version(), before + 4);
    let found = place.verify("product_daily", Interval::ALL).await;
    assert!(found.is_equal() && found.rows > 100, "{found:?}");
    // The ledger knows what was made.
    let ledger = place.workspace.ledger().await.unwrap();
    let detail = ledger.batch_detail(summary.batch.id).await.unwrap().unwrap();
    let published: usize = detail.steps.iter().flat_map(|step| &step.attempts).map(|attempt| attempt.1.len()).sum();
    assert_eq!((published, detail.runs[0].1.len()), (3, 2), "{detail:?}");
}

/// What a coarser rollup took over from a finer one that was wrong is mended with it.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_computed_from_it_is_mended_too() {
    let place = Backfilled::new().await;
    let asked = days("2025-11-05", "2025-12-03");
    for rollup in ["delivery_hourly", "depot_monthly", "depot_yearly"] {
        tamper(&place.workspace, rollup, lit(true), "deliveries", col("deliveries") + lit(1)).await;
    }
    let alone = place.backfill("delivery_hourly", asked, false).await;
    assert!(place.verify("delivery_hourly", asked).await.is_equal());
    assert!(place.verify("depot_monthly", asked).await.differences > 0, "nobody asked for it: {alone:?}");

    let summary = place.backfill("delivery_hourly", asked, true).await;
    let position = |name: &str| summary.steps.iter().position(|step| step.step.name == name).unwrap_or_else(|| panic!("{name} in {summary:?}"));
    let order = [
        "refresh:delivery_hourly",
        "backfill:delivery_hourly:2025-11-05..2025-11-30",
        "refresh:depot_monthly",
        "backfill:depot_monthly:2025-11-01..2025-12-31",
        "refresh:depot_yearly",
        "backfill:depot_yearly:2025-01-01..2025-12-31",
    ];
    assert!(order.map(position).is_sorted(), "{summary:?}");
    assert!(place.verify("delivery_hourly", asked).await.is_equal());
    assert!(place.verify("delivery_hourly", days("2025-12-04", "2025-12-04")).await.differences > 0, "the rest of the month was not asked for");
    // A month and a year that the days are part of are computed from the sources, not from hours that are still wrong.
    assert!(place.verify("depot_monthly", days("2025-11-01", "2025-12-31")).await.is_equal());
    assert!(place.verify("depot_yearly", Interval::ALL).await.is_equal());
}

/// Balances go on from day to day: from the first day onward all are computed anew.
#[tokio::test(flavor = "multi_thread")]
async fn balances_are_mended_from_the_first_day_onward() {
    let place = Backfilled::new().await;
    let rollup = "cylinder_balance_daily";
    let is_wrong = is_between("day", "2025-12-10", "2099-12-31");
    tamper(&place.workspace, rollup, lit(true), "balance", when(is_wrong, col("balance") + lit(3)).otherwise(col("balance")).unwrap()).await;
    assert!(place.verify(rollup, Interval::ALL).await.differences > 0);
    let files = place.paths(rollup).await;
    let summary = place.backfill(rollup, days("2025-12-10", "2025-12-10"), false).await;
    assert_eq!(summary.steps[1].step.name, "backfill:cylinder_balance_daily:2025-12-10..");
    assert!(place.verify(rollup, Interval::ALL).await.is_equal());
    let now = place.paths(rollup).await;
    assert!(files.iter().filter(|path| path.contains("2025-11")).all(|path| now.contains(path)));
}

/// What cannot be cut is built in full, and so is what is built for the first time.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_cut_is_built_in_full() {
    let place = Backfilled::new().await;
    let file = place.place.root().join("sql/rollups/daily/payment_daily.sql");
    let text = std::fs::read_to_string(&file).unwrap().replace("FROM payment p\n", "FROM payment p\nLEFT JOIN payment q ON q.payment_id = p.order_id\n");
    std::fs::write(&file, text).unwrap();
    let place = Backfilled { workspace: place.place.workspace().await, ..place };
    let asked = days("2025-12-10", "2025-12-10");
    // The second time its batch is done again.
    for _ in 0..2 {
        let summary = place.backfill("payment_daily", asked, false).await;
        let technique = summary.steps[0].technique.as_ref().unwrap()["technique"].as_str().unwrap().to_owned();
        assert_eq!((summary.steps.len(), summary.steps[0].step.name.as_str()), (1, "backfill:payment_daily:all"));
        assert!(technique.starts_with("full: "), "{technique}");
        assert!(place.verify("payment_daily", Interval::ALL).await.is_equal());
        tamper(&place.workspace, "payment_daily", lit(true), "payments", col("payments") + lit(1)).await;
    }
}

/// A rollup that reads another one takes over what is mended there, because it changed.
#[tokio::test(flavor = "multi_thread")]
async fn what_reads_it_takes_over_what_is_mended() {
    let place = Backfilled::new().await;
    let right = place.rows("days_of_depots").await;
    tamper(&place.workspace, "depot_daily", lit(true), "deliveries", col("deliveries") + lit(1)).await;
    let wish =
        |downstream| Wish { rollup: Arc::clone(place.workspace.compiled.rollup("depot_daily").unwrap()), interval: Interval::ALL, downstream, date: None };
    let plan = place.workspace.plan_backfill(&wish(false), &CancellationToken::new()).await.unwrap();
    assert_eq!(plan.downstream.reading.iter().map(|rollup| rollup.name()).collect::<Vec<_>>(), ["days_of_depots"]);
    // It has read what is wrong.
    let night = place.workspace.run("daily", "2025-12-30".parse().unwrap(), Intent::Run, Arc::new(Silent), CancellationToken::new()).await.unwrap();
    assert!(night.fault().is_none() && place.rows("days_of_depots").await != right, "{night:?}");

    let summary = place.backfill("depot_daily", Interval::ALL, true).await;
    assert_eq!(summary.steps.last().unwrap().step.name, "refresh:days_of_depots");
    assert_eq!(place.rows("days_of_depots").await, right);
    assert!(place.verify("days_of_depots", Interval::ALL).await.is_equal() && place.verify("depot_daily", Interval::ALL).await.is_equal());
}

/// A file of the table is gone from the disk: what was in it is lost, so all of it is built anew.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_lost_a_file_is_built_in_full() {
    let place = Backfilled::new().await;
    let rollup = "product_daily";
    let folder = place.workspace.lake.folder(&TableName::new(TableKind::Rollup, rollup).unwrap());
    std::fs::remove_file(folder.join(place.paths(rollup).await.first().unwrap())).unwrap();
    let summary = place.backfill(rollup, days("2025-12-10", "2025-12-10"), false).await;
    assert_eq!(summary.steps[0].technique.as_ref().unwrap()["technique"], "full: files of its table are gone from the disk");
    assert!(place.verify(rollup, Interval::ALL).await.is_equal());
}
