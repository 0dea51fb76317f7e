//! What our optimizer rules make of a query gives the same rows as DataFusion without them.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, Date32Array, Decimal128Array, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::physical_plan::displayable;
use datafusion::prelude::{SessionConfig, SessionContext};
use nightshift_calendar::Calendar;
use tokio_util::sync::CancellationToken;

use crate::{Engine, Error, Joins, Limits, StepSession, run};

const ROWS: i64 = 500;

/// Numbers that look random and are the same in each run (the multiplier is Knuth's MMIX).
fn numbers(seed: u64) -> impl Iterator<Item = i64> {
    std::iter::successors(Some(seed), |state| Some(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407)))
        .skip(1)
        .map(|state| i64::try_from(state >> 34).unwrap())
}

fn column<T>(seed: u64, value: impl Fn(i64) -> Option<T>) -> Vec<Option<T>> {
    numbers(seed).map(value).take(usize::try_from(ROWS).unwrap()).collect()
}

fn event() -> RecordBatch {
    let sparse = |number: i64| (number % 5 != 0).then_some(number);
    let decimal = Decimal128Array::from(column(3, |number| sparse(number).map(|number| i128::from(number % 100_000) - 50_000)));
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(Int64Array::from_iter_values(0..ROWS))),
        ("depot", Arc::new(Int32Array::from(column(1, |number| sparse(number).map(|number| i32::try_from(number % 6).unwrap()))))),
        ("kind", Arc::new(StringArray::from(column(2, |number| sparse(number).map(|number| if number % 2 == 0 { "full" } else { "empty" }))))),
        ("quantity", Arc::new(Int32Array::from(column(4, |number| sparse(number).map(|number| i32::try_from(number % 100).unwrap() - 50))))),
        ("amount", Arc::new(decimal.with_precision_and_scale(12, 2).unwrap())),
        ("weight", Arc::new(Float64Array::from(column(5, |number| sparse(number).map(|number| f64::from(i32::try_from(number % 1000).unwrap()) / 7.0))))),
        (
            "at",
            Arc::new(
                TimestampMicrosecondArray::from(column(6, |number| sparse(number).map(|number| (number % 400) * 86_400_000_000))).with_timezone("Asia/Taipei"),
            ),
        ),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
}

fn price() -> RecordBatch {
    let days = [0, 90, 200, 310];
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("depot", Arc::new(Int32Array::from_iter_values((0..5).flat_map(|depot| days.map(|_| depot))))),
        ("valid_from", Arc::new(Date32Array::from_iter_values((0..5).flat_map(|_| days)))),
        ("valid_until", Arc::new(Date32Array::from_iter_values((0..5).flat_map(|_| [90, 200, 310, 500])))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn register(context: &SessionContext) {
    context.register_batch("event", event()).unwrap();
    context.register_batch("price", price()).unwrap();
}

fn limits(folder: &std::path::Path, memory: u64, batch_size: usize) -> Limits {
    Limits { memory, step_memory: memory, spill: 1 << 30, spill_directory: folder.to_path_buf(), batch_size, threads: 2 }
}

fn step(limits: Limits) -> StepSession {
    let calendar = Arc::new(Calendar::new("Asia/Taipei".parse().unwrap()));
    Engine::new(limits, calendar).unwrap().step("test").unwrap()
}

fn sorting(limits: Limits) -> StepSession {
    let calendar = Arc::new(Calendar::new("Asia/Taipei".parse().unwrap()));
    Engine::new(limits, calendar).unwrap().step_joining("test", Joins::Sorted).unwrap()
}

fn ours(folder: &std::path::Path) -> SessionContext {
    let context = step(limits(folder, 1 << 30, 7)).context;
    register(&context);
    context
}

fn theirs() -> SessionContext {
    let mut config = SessionConfig::new().with_target_partitions(2);
    config.options_mut().execution.time_zone = Some("Asia/Taipei".to_owned());
    let context = SessionContext::new_with_state(SessionStateBuilder::new().with_config(config).with_default_features().build());
    register(&context);
    context
}

async fn plan(context: &SessionContext, sql: &str) -> String {
    let plan = context.sql(sql).await.unwrap().create_physical_plan().await.unwrap();
    displayable(plan.as_ref()).indent(false).to_string()
}

async fn rows(context: &SessionContext, sql: &str) -> String {
    let rows = context.sql(sql).await.unwrap().collect().await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    pretty_format_batches(&rows).unwrap().to_string()
}

async fn same(sql: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let ours = ours(folder.path());
    let expected = rows(&theirs(), sql).await;
    assert!(expected.lines().count() > 10, "{sql}\n{expected}");
    assert_eq!(rows(&ours, sql).await, expected, "{sql}");
    plan(&ours, sql).await
}

#[tokio::test]
async fn running_totals_are_those_of_datafusion() {
    for total in ["sum(quantity)", "sum(amount)", "sum(weight)", "count(quantity)", "count(*)", "sum(amount) OVER w, count(kind)"] {
        for partition in ["PARTITION BY depot", "PARTITION BY depot, kind", ""] {
            let window = format!("WINDOW w AS ({partition} ORDER BY at, id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)");
            let plan = same(&format!("SELECT id, depot, {total} OVER w FROM event {window} ORDER BY id")).await;
            assert!(plan.contains("RunningExec") && !plan.contains("BoundedWindowAggExec"), "{plan}");
        }
    }
}

#[tokio::test]
async fn other_windows_are_left_alone() {
    let frame = "PARTITION BY depot ORDER BY at, id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW";
    for function in [
        "sum(quantity) OVER (PARTITION BY depot ORDER BY at)".to_owned(),
        "sum(quantity) OVER (PARTITION BY depot ORDER BY at, id ROWS BETWEEN 3 PRECEDING AND CURRENT ROW)".to_owned(),
        format!("sum(quantity) FILTER (WHERE kind = 'full') OVER ({frame})"),
        format!("max(quantity) OVER ({frame})"),
        format!("sum(amount) OVER ({frame}), max(quantity) OVER ({frame})"),
    ] {
        let plan = same(&format!("SELECT id, {function} FROM event ORDER BY id")).await;
        assert!(!plan.contains("RunningExec"), "{plan}");
    }
}

#[tokio::test]
async fn a_running_total_that_overflows_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let sql = "SELECT sum(CASE WHEN id > 400 THEN 9223372036854775807 ELSE id END) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING) AS total FROM event";
    let context = ours(folder.path());
    assert!(plan(&context, sql).await.contains("RunningExec"));
    let error = context.sql(sql).await.unwrap().collect().await.unwrap_err().to_string();
    assert!(error.contains("sum overflows Int64"), "{error}");
}

#[tokio::test]
async fn a_join_computes_what_its_condition_asks_of_one_side_before_it() {
    for join in ["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"] {
        let sql = format!(
            "SELECT e.id, e.depot, p.depot AS listed, p.valid_from FROM event e {join} price p
             ON p.depot = e.depot AND p.valid_from <= e.at::date AND (p.valid_until IS NULL OR p.valid_until > e.at::date)
             ORDER BY e.id, listed, p.valid_from"
        );
        let plan = same(&sql).await;
        let joins: Vec<&str> = plan.lines().filter(|line| line.contains("HashJoinExec")).collect();
        assert!(!joins.is_empty() && joins.iter().all(|join| join.contains("filter=") && !join.contains("bucket_date")), "{plan}");
        assert_eq!(plan.matches("bucket_date(day, at").count(), 1, "{plan}");
    }
    for exists in ["EXISTS", "NOT EXISTS"] {
        let sql = format!(
            "SELECT e.id, e.depot FROM event e WHERE {exists} (SELECT 1 FROM price p WHERE p.depot = e.depot AND p.valid_from = date_trunc('month', e.at)::date)
             ORDER BY e.id"
        );
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(rows(&ours(folder.path()), &sql).await, rows(&theirs(), &sql).await);
    }
}

/// A query that runs in one thread has a state of its own.
#[tokio::test]
async fn a_session_has_its_tables_after_a_query() {
    let folder = tempfile::tempdir().unwrap();
    let session = step(limits(folder.path(), 1 << 30, 8192));
    register(&session.context);
    let plan = session.context.sql("SELECT count(*) FROM event").await.unwrap().logical_plan().clone();
    let cancel = CancellationToken::new();
    run::start_serial(&session, &plan, &cancel).await.unwrap();
    run::start_selective(&session, &plan, &cancel).await.unwrap();
    assert!(session.context.sql("SELECT count(*) FROM event").await.is_ok());
}

#[tokio::test]
async fn what_a_query_spills_is_measured() {
    let sql = "SELECT value, repeat('x', 40) AS text FROM generate_series(1, 600000) ORDER BY value % 1000, value";
    for (memory, spills) in [(1 << 30, false), (24 << 20, true)] {
        let folder = tempfile::tempdir().unwrap();
        let session = step(limits(folder.path(), memory, 8192));
        let plan = session.context.sql(sql).await.unwrap().into_unoptimized_plan();
        let mut running = run::start(&session, &plan, &CancellationToken::new()).await.unwrap();
        let mut rows = 0;
        while let Some(batch) = running.next().await.unwrap() {
            rows += batch.num_rows();
        }
        assert_eq!(rows, 600_000);
        let spilled = running.measurement().bytes_spilled;
        assert_eq!(spilled > 10_000_000, spills, "{spilled} bytes spilled with {memory} bytes of memory");
        assert!(session.peak_memory() <= memory);
    }
}

#[tokio::test]
async fn what_can_fail_is_left_in_the_join() {
    let folder = tempfile::tempdir().unwrap();
    let context = ours(folder.path());
    for left in ["CAST(e.kind AS TIMESTAMP)", "date_trunc('month', CAST(e.kind AS TIMESTAMP))", "CAST(CAST(e.kind AS TIMESTAMP) AS DATE)"] {
        // No event has a depot 9, so no text is ever read as a time.
        let sql = format!("SELECT e.id FROM event e JOIN price p ON p.depot + 9 = e.depot AND p.valid_from <= {left}");
        let rows = context.sql(&sql).await.unwrap().collect().await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        assert_eq!(rows.iter().map(RecordBatch::num_rows).sum::<usize>(), 0, "{sql}");
    }
}

#[tokio::test]
async fn sorted_joins_are_those_of_datafusion() {
    let on = "a.depot = b.depot AND a.kind = b.kind";
    let joins = ["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"].into_iter().flat_map(|join| {
        let select = format!("SELECT a.id, b.id AS other, a.depot, b.quantity FROM event a {join} event b ON {on}");
        [format!("{select} ORDER BY a.id, other"), format!("{select} AND a.quantity < b.quantity ORDER BY a.id, other")]
    });
    let exist = ["EXISTS", "NOT EXISTS"]
        .map(|exists| format!("SELECT a.id FROM event a WHERE {exists} (SELECT 1 FROM event b WHERE {on} AND b.quantity = a.quantity + 1) ORDER BY a.id"));
    let grouped = "SELECT a.at, count(*) AS events, sum(b.total) AS total FROM event a
         LEFT JOIN (SELECT depot, sum(amount) AS total FROM event GROUP BY depot) b ON b.depot = a.depot GROUP BY a.at ORDER BY a.at";
    for sql in joins.chain(exist).chain([grouped.to_owned()]) {
        let folder = tempfile::tempdir().unwrap();
        for threads in [1, 2] {
            let context = sorting(Limits { threads, ..limits(folder.path(), 1 << 30, 7) }).context;
            let state = context.state_ref();
            // No side is small.
            for threshold in ["hash_join_single_partition_threshold", "hash_join_single_partition_threshold_rows"] {
                state.write().config_mut().options_mut().set(&format!("datafusion.optimizer.{threshold}"), "0").unwrap();
            }
            register(&context);
            let shown = plan(&context, &sql).await;
            assert!(shown.contains("SortMergeJoin") && !shown.contains("HashJoinExec"), "{shown}");
            assert_eq!(rows(&context, &sql).await, rows(&theirs(), &sql).await, "{sql}");
        }
    }
}

#[tokio::test]
async fn a_join_that_does_not_fit_fails_hashed_and_spills_sorted() {
    let numbers = |name: &str| format!("(SELECT value * 7 % 600000 AS {name}, repeat('x', 100) AS text FROM generate_series(1, 600000))");
    let sql = format!("SELECT count(*) AS pairs, sum(length(a.text) + length(b.text)) AS letters FROM {} a JOIN {} b ON a.k = b.k", numbers("k"), numbers("k"));
    let folder = tempfile::tempdir().unwrap();
    let limits = limits(folder.path(), 64 << 20, 2048);
    let hashed = step(limits.clone());
    let plan = hashed.context.sql(&sql).await.unwrap().into_unoptimized_plan();
    let error = run::collect(&hashed, &plan, &CancellationToken::new()).await.err();
    assert!(error.as_ref().is_some_and(Error::is_out_of_memory), "{error:?}");
    let session = sorting(limits);
    let plan = session.context.sql(&sql).await.unwrap().into_unoptimized_plan();
    let (rows, cost) = run::collect(&session, &plan, &CancellationToken::new()).await.unwrap();
    assert!(pretty_format_batches(&rows).unwrap().to_string().contains("| 600000 | 120000000 |"));
    assert!(cost.bytes_spilled > 10_000_000, "{cost:?}");
}
