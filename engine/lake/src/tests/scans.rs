//! What a scan reads, what it skips, and what it answers without reading.

use std::sync::Arc;

use arrow::array::AsArray as _;
use arrow::datatypes::Int64Type;
use arrow::util::pretty::pretty_format_batches;
use datafusion::catalog::TableProvider;
use datafusion::physical_plan::metrics::MetricValue;
use datafusion::physical_plan::{ExecutionPlan, collect, displayable};
use datafusion::prelude::{SessionConfig, SessionContext};

use super::{delivery, lake, table};
use crate::ScanOptions;

fn session(provider: Arc<dyn TableProvider>) -> SessionContext {
    let config = SessionConfig::new().with_target_partitions(2).set_str("datafusion.execution.time_zone", "Asia/Taipei");
    let session = SessionContext::new_with_config(config);
    session.register_table("delivery", provider).unwrap();
    session
}

async fn zoned(days: i32) -> (tempfile::TempDir, SessionContext) {
    let (folder, lake) = lake();
    let provider = table(&lake, days).await.provider(Some(Arc::from("Asia/Taipei")));
    (folder, session(provider))
}

async fn rows(session: &SessionContext, sql: &str) -> String {
    let batches = session.sql(sql).await.unwrap().collect().await.unwrap();
    pretty_format_batches(&batches).unwrap().to_string()
}

/// What a query read: its plan as text, and the counters of its scans.
struct Read {
    plan: String,
    files: usize,
    row_groups: usize,
    rows_scanned: usize,
    count: i64,
}

async fn read(session: &SessionContext, sql: &str) -> Read {
    let plan = session.sql(sql).await.unwrap().create_physical_plan().await.unwrap();
    let batches = collect(Arc::clone(&plan), session.task_ctx()).await.unwrap();
    let count = batches[0].column(0).as_primitive::<Int64Type>().value(0);
    let mut read = Read { plan: displayable(plan.as_ref()).indent(true).to_string(), files: 0, row_groups: 0, rows_scanned: 0, count };
    add_scans(&plan, &mut read);
    read
}

fn add_scans(plan: &Arc<dyn ExecutionPlan>, read: &mut Read) {
    if plan.name() == "DataSourceExec" {
        let metrics = plan.metrics().unwrap();
        for metric in metrics.iter() {
            match metric.value() {
                MetricValue::PruningMetrics { name, pruning_metrics } if name == "files_ranges_pruned_statistics" => read.files += pruning_metrics.matched(),
                MetricValue::PruningMetrics { name, pruning_metrics } if name == "row_groups_pruned_statistics" => read.row_groups += pruning_metrics.matched(),
                _ => {}
            }
        }
        read.rows_scanned += metrics.output_rows().unwrap_or_default();
    }
    for child in plan.children() {
        add_scans(child, read);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn times_are_shown_in_the_zone_and_columns_in_the_order_of_the_layout() {
    let (_folder, session) = zoned(2).await;
    let shown = rows(&session, "SELECT * FROM delivery WHERE delivery_id IN (0, 1, 1000001) ORDER BY delivery_id").await;
    let expected = "\
+-------------+------------+---------------------------------+----------+--------+----------+--------+-----------+------------+
| delivery_id | day        | delivered_at                    | customer | amount | distance | rating | completed | due_on     |
+-------------+------------+---------------------------------+----------+--------+----------+--------+-----------+------------+
| 0           | 2025-11-01 | 2025-11-01T00:00:00+08:00       |          | 0.05   | 0.0      | 1      | false     | 2025-11-01 |
| 1           | 2025-11-01 | 2025-11-01T00:00:17.280+08:00   | \u{738b}001    | 1.05   | 0.25     |        | true      | 2025-11-02 |
| 1000001     | 2025-11-02 | 2025-11-02T00:00:17.280+08:00   | \u{738b}001    | 1.05   | 0.25     |        | true      | 2025-11-03 |
+-------------+------------+---------------------------------+----------+--------+----------+--------+-----------+------------+";
    let words = |text: &str| text.split_whitespace().filter(|word| !word.starts_with('+')).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(words(&shown), words(expected), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_on_local_time_skips_files_and_row_groups() {
    let (_folder, session) = zoned(10).await;
    let local = "SELECT count(amount) FROM delivery WHERE delivered_at >= TIMESTAMP '2025-11-04 00:00:00' AND delivered_at < TIMESTAMP '2025-11-04 01:00:00'";
    let read_local = read(&session, local).await;
    assert_eq!(read_local.count, 209, "{}", read_local.plan);
    assert_eq!(read_local.files, 1, "{}", read_local.plan);
    assert_eq!(read_local.row_groups, 1, "{}", read_local.plan);
    // Pages hold up to 20,000 rows by default, so that a row group of these tests is one page.
    assert_eq!(read_local.rows_scanned, 1000, "{}", read_local.plan);
    assert!(!read_local.plan.contains("CAST(delivered_at"), "{}", read_local.plan);

    let instants =
        "SELECT count(amount) FROM delivery WHERE delivered_at >= TIMESTAMPTZ '2025-11-03T16:00:00Z' AND delivered_at < TIMESTAMPTZ '2025-11-03T17:00:00Z'";
    let read_instants = read(&session, instants).await;
    assert_eq!((read_instants.count, read_instants.files, read_instants.row_groups), (209, 1, 1), "{}", read_instants.plan);

    let buckets = "SELECT count(amount) FROM delivery WHERE date_trunc('day', delivered_at) = TIMESTAMP '2025-11-04 00:00:00'";
    assert_eq!(read(&session, buckets).await.count, 5000);
}

#[tokio::test(flavor = "multi_thread")]
async fn partition_filters_leave_nothing_to_filter() {
    let (_folder, session) = zoned(10).await;
    let one = read(&session, "SELECT count(DISTINCT rating) FROM delivery WHERE day = DATE '2025-11-04'").await;
    assert_eq!((one.count, one.files), (5, 1), "{}", one.plan);
    assert!(!one.plan.contains("FilterExec"), "{}", one.plan);
    // Functions of partition columns, too, and counts are then known without reading.
    let odd = read(&session, "SELECT count(*) FROM delivery WHERE date_part('day', day) % 2 = 1").await;
    assert_eq!(odd.count, 25_000);
    assert!(odd.plan.contains("PlaceholderRowExec"), "{}", odd.plan);
    let both = read(&session, "SELECT count(*) FROM delivery WHERE day >= DATE '2025-11-09' AND delivery_id % 1000 = 7").await;
    assert_eq!((both.count, both.files), (10, 2), "{}", both.plan);
    let none = read(&session, "SELECT count(amount) FROM delivery WHERE day = DATE '2030-01-01'").await;
    assert_eq!((none.count, none.files), (0, 0), "{}", none.plan);
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_and_extremes_come_from_the_log() {
    let (_folder, session) = zoned(3).await;
    let sql = "SELECT count(*) AS n, count(customer) AS named, min(delivered_at) AS first, max(amount) AS most, min(day) AS day, max(customer) AS last, max(due_on) AS due FROM delivery";
    let plan = session.sql(sql).await.unwrap().create_physical_plan().await.unwrap();
    let text = displayable(plan.as_ref()).indent(true).to_string();
    assert!(!text.contains("DataSourceExec"), "{text}");
    let answer = rows(&session, sql).await;
    for word in ["15000", "13500", "2025-11-01T00:00:00+08:00", "4999.05", "2025-11-01", "\u{738b}499", "2025-12-02"] {
        assert!(answer.contains(word), "{word}: {answer}");
    }
    // The extremes of floats have no exact bounds.
    let floats = session.sql("SELECT max(distance) FROM delivery").await.unwrap().create_physical_plan().await.unwrap();
    assert!(displayable(floats.as_ref()).indent(true).to_string().contains("DataSourceExec"));
}

#[tokio::test(flavor = "multi_thread")]
async fn other_filters_skip_by_statistics_too() {
    let (_folder, session) = zoned(10).await;
    for (filter, count, files) in [
        ("delivery_id BETWEEN 3000000 AND 3000009", 10, 1),
        ("delivery_id = 3000001 OR delivery_id = 7000001", 2, 2),
        ("due_on >= DATE '2025-12-09'", 166, 1),
        ("amount > 4999.00", 10, 10),
        ("amount > 5000.00", 0, 0),
        ("customer > '\u{738b}9'", 0, 0),
        ("delivery_id IS NULL", 0, 0),
    ] {
        let read = read(&session, &format!("SELECT count(*) FROM delivery WHERE {filter}")).await;
        assert_eq!((read.count, read.files), (count, files), "{filter}: {}", read.plan);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strings_can_be_shown_as_views_and_limits_read_few_files() {
    let (_folder, lake) = lake();
    let snapshot = table(&lake, 4).await;
    let options = ScanOptions { string_views: true, ..ScanOptions::default() };
    let session = session(Arc::new(snapshot.table(snapshot.files(), &options)));
    let found = rows(
        &session,
        "SELECT arrow_typeof(customer) AS shown, arrow_typeof(delivered_at) AS at, count(*) AS n FROM delivery WHERE customer = '\u{738b}001' GROUP BY 1, 2",
    )
    .await;
    assert!(found.contains("Utf8View") && found.contains("UTC") && found.contains("40"), "{found}");
    let plan = session.sql("SELECT delivery_id FROM delivery LIMIT 10").await.unwrap().create_physical_plan().await.unwrap();
    let text = displayable(plan.as_ref()).indent(true).to_string();
    assert!(text.contains("1 group: [["), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_file_is_told_apart() {
    let (_folder, lake) = lake();
    let snapshot = table(&lake, 2).await;
    let session = session(snapshot.provider(None));
    std::fs::remove_file(lake.folder(&delivery()).join(&snapshot.files()[1].path)).unwrap();
    let failed = session.sql("SELECT sum(amount) FROM delivery").await.unwrap().collect().await.unwrap_err();
    match crate::Error::from_scan(failed) {
        crate::Error::FileMissing { path, .. } => assert!(path.ends_with(&snapshot.files()[1].path), "{path}"),
        other => panic!("{other:?}"),
    }
}
