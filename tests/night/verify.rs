//! A rollup whose table somebody has changed is found out, by hand and by the night, and one that is right is not.

use std::sync::Arc;

use chrono::NaiveDate;
use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::{Expr, cast, col, lit, when};
use datafusion::prelude::SessionContext;
use nightshift_app::Workspace;
use nightshift_app::demo::Demo;
use nightshift_app::verify::{Extent, Verification};
use nightshift_diagnostic::Fault;
use nightshift_lake::{Commit, StageOptions, TableKind, TableName};
use nightshift_orchestrate::{Intent, RunSummary, Silent, StepState};
use tokio_util::sync::CancellationToken;

use crate::place::Place;

struct Night {
    place: Place,
    workspace: Arc<Workspace>,
    demo: Demo,
}

impl Night {
    /// A night of a pipeline that compares three buckets of each rollup.
    async fn new() -> Self {
        let place = Place::new();
        let file = place.root().join("pipelines/daily.yaml");
        let text = std::fs::read_to_string(&file).unwrap().replace("steps:", "verify: {sample: 3}\nsteps:");
        std::fs::write(&file, text).unwrap();
        let workspace = place.workspace().await;
        let demo = Demo { first_night: "2025-12-30".parse().unwrap(), nights: 1, history_days: 40, deliveries_per_day: 30, seed: 3 };
        let mut generator = demo.generate_history(&workspace.project.paths.incoming).unwrap();
        let summary = demo.night(0, &mut generator, &workspace, Arc::new(Silent), CancellationToken::new()).await.unwrap();
        assert!(summary.fault().is_none(), "{summary:?}");
        Self { place, workspace, demo }
    }

    async fn again(&self) -> RunSummary {
        self.workspace.run("daily", self.demo.first_night, Intent::Run, Arc::new(Silent), CancellationToken::new()).await.unwrap()
    }

    async fn verify(&self, rollup: &str, extent: Extent) -> Verification {
        let ledger = self.workspace.ledger().await.unwrap();
        let rollup = self.workspace.compiled.rollup(rollup).unwrap();
        self.workspace.verify(rollup, extent, 10, (&ledger, "test", None), &CancellationToken::new()).await.unwrap()
    }

    async fn tamper(&self, rollup: &str, keep: Expr, column: &str, value: Expr) {
        tamper(&self.workspace, rollup, keep, column, value).await;
    }
}

/// Puts other rows in the place of all that a rollup's table has; its marks stay.
pub(crate) async fn tamper(workspace: &Workspace, rollup: &str, keep: Expr, column: &str, value: Expr) {
    let name = TableName::new(TableKind::Rollup, rollup).unwrap();
    let base = workspace.lake.snapshot(&name).await.unwrap().unwrap();
    let rows = SessionContext::new().read_table(base.provider(None)).unwrap().filter(keep).unwrap().with_column(column, value).unwrap();
    let schema = base.schema();
    let columns = schema.fields().iter().map(|field| cast(col(field.name()), field.data_type().clone()).alias(field.name())).collect::<Vec<Expr>>();
    let rows = rows.select(columns).unwrap();
    let mut writer = workspace.lake.stage(&name, base.layout().clone(), StageOptions::default()).unwrap();
    for batch in rows.collect().await.unwrap() {
        writer.write(batch).await.unwrap();
    }
    let commit = Commit { operation: "tamper".to_owned(), add: vec![writer.finish().await.unwrap()], remove: base.files().to_vec(), ..Commit::default() };
    workspace.lake.commit(Some(&base), &name, commit).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_somebody_changed_is_found_out() {
    let night = Night::new().await;
    let ledger = night.workspace.ledger().await.unwrap();
    let batch = ledger.latest_batch("daily", night.demo.first_night).await.unwrap().unwrap();
    let recorded = ledger.verifications(batch.id).await.unwrap();
    assert_eq!(recorded.len(), night.workspace.compiled.rollups.len());
    assert!(recorded.iter().all(|record| record.buckets.unwrap() >= 1 && record.differences == 0 && record.reason.is_none()), "{recorded:?}");
    assert!(recorded.iter().map(|record| record.rows).sum::<u64>() > 100, "{recorded:?}");
    for rollup in &night.workspace.compiled.rollups {
        let found = night.verify(rollup.name(), Extent::All).await;
        assert!(found.is_equal() && found.rows > 0 && found.buckets.is_none(), "{found:?}");
    }

    // What another order of adding up may change is no difference, and all else is.
    let scaled = |by: f64| col("distance_km") * lit(by);
    night.tamper("driver_daily", lit(true), "distance_km", scaled(1.0 + f64::EPSILON)).await;
    assert!(night.verify("driver_daily", Extent::All).await.is_equal());
    night.tamper("driver_daily", lit(true), "distance_km", scaled(1.0 + 1e-11)).await;
    let found = night.verify("driver_daily", Extent::All).await;
    assert!(found.differences > found.rows && found.differences <= 2 * found.rows, "not where no kilometre was driven: {found:?}");

    // A count of one day.
    let day: NaiveDate = "2025-12-15".parse().unwrap();
    let is_day = || col("day").eq(cast(lit("2025-12-15"), DataType::Date32));
    let stops = when(is_day(), col("deliveries") + lit(1)).otherwise(col("deliveries")).unwrap();
    night.tamper("product_daily", lit(true), "deliveries", stops).await;
    let found = night.verify("product_daily", Extent::Between(day, day)).await;
    assert_eq!((found.differences, found.buckets.unwrap().0), (2 * found.rows, 1), "{found:?}");
    let sides: Vec<&str> = found.shown.iter().map(|row| row[0].as_deref().unwrap()).collect();
    assert_eq!((sides[0], sides[1], found.shown[0][1].as_deref()), ("sources", "table", Some("2025-12-15")));
    assert!(night.verify("product_daily", Extent::Between(day.succ_opt().unwrap(), "2026-01-31".parse().unwrap())).await.is_equal());

    // A day that is missing, though no row of it is there to be looked at.
    night.tamper("payment_daily", Expr::Not(Box::new(is_day())), "payments", col("payments")).await;
    let found = night.verify("payment_daily", Extent::Between(day, day)).await;
    assert_eq!((found.rows, found.buckets.unwrap().0), (0, 1));
    assert!(found.differences > 0 && found.shown.iter().all(|row| row[0].as_deref() == Some("sources")), "{found:?}");

    // What no reader sees, but the next merge starts from.
    night.tamper("depot_daily", lit(true), "_state_average_price_sum", col("_state_average_price_sum") + lit(1)).await;
    let found = night.verify("depot_daily", Extent::Sample(1)).await;
    assert_eq!(found.differences, 2 * found.rows, "{found:?}");

    // The night fails, and what reads the table is not made.
    let failed = night.again().await;
    assert_eq!(failed.fault(), Some(Fault::Data));
    let step = |name: &str| failed.steps.iter().find(|report| report.step.name == name).unwrap();
    assert_eq!((step("refresh:depot_daily").state, step("report:daily_sales").state), (StepState::Failed, StepState::Skipped));
    let message = &step("refresh:depot_daily").failure.as_ref().unwrap().message;
    assert!(message.starts_with("`depot_daily` is not what its query gives over its sources:"), "{message}");
    assert_eq!(step("refresh:depot_monthly").state, StepState::Succeeded);

    // Nothing can be compared with a definition that the table is not of.
    let file = night.place.root().join("sql/rollups/monthly/depot_monthly.sql");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("max(d.amount) ", "min(d.amount) ")).unwrap();
    let changed = Night { workspace: night.place.workspace().await, ..night };
    let found = changed.verify("depot_monthly", Extent::All).await;
    let reason = "its definition, or the table `delivery`, is not the one that it was built from";
    assert_eq!((found.is_equal(), found.reason.as_deref(), found.rows), (false, Some(reason), 0));
}
