//! A cylinder movement that is 40 days late corrects every later balance, and touches nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{AsArray, Date32Array, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Date32Type, Field, Int64Type, Schema, TimeUnit};
use chrono::{Days, NaiveDate};
use nightshift_app::Workspace;
use nightshift_app::demo::Demo;
use nightshift_lake::{Snapshot, TableKind, TableName};
use nightshift_orchestrate::{Intent, Silent};
use parquet::arrow::ArrowWriter;
use tokio_util::sync::CancellationToken;

use crate::{oracle, place::Place};

const LATE_DAYS: u64 = 40;
const QUANTITY: i32 = 7;

/// Depot and kind of cylinder.
type Key = (i64, i64);
/// The balance of each at the end of each day with movements.
type Balances = BTreeMap<Key, BTreeMap<NaiveDate, i64>>;

async fn snapshot(workspace: &Workspace) -> Snapshot {
    let table = TableName::new(TableKind::Rollup, "cylinder_balance_daily").unwrap();
    workspace.lake.snapshot(&table).await.unwrap().unwrap()
}

async fn balances(workspace: &Workspace) -> Balances {
    let session = workspace.engine.step("test").unwrap();
    let rows = session.context.read_table(snapshot(workspace).await.provider(None)).unwrap();
    let mut balances = Balances::new();
    for batch in rows.select_columns(&["day", "depot_id", "product_id", "balance"]).unwrap().collect().await.unwrap() {
        let day: &Date32Array = batch.column(0).as_primitive::<Date32Type>();
        let number = |column: usize, row: usize| batch.column(column).as_primitive::<Int64Type>().value(row);
        for row in 0..batch.num_rows() {
            let key = (number(1, row), number(2, row));
            let earlier = balances.entry(key).or_default().insert(day.value_as_date(row).unwrap(), number(3, row));
            assert_eq!(earlier, None, "two rows for one day");
        }
    }
    balances
}

/// The files of each partition.
async fn files(workspace: &Workspace) -> BTreeMap<String, BTreeSet<String>> {
    let mut files: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in snapshot(workspace).await.files() {
        let month = file.partition_values["_part_month"].clone().unwrap();
        files.entry(month).or_default().insert(file.path.clone());
    }
    files
}

/// The file of a night on which one movement is all that arrives.
fn write_movement(path: &Path, (depot, product): Key, day: NaiveDate) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let moved_at = day.and_hms_opt(9, 30, 0).unwrap().and_utc().timestamp_micros();
    let time = DataType::Timestamp(TimeUnit::Microsecond, None);
    let types = [
        ("movement_id", DataType::Int64),
        ("depot_id", DataType::Int64),
        ("product_id", DataType::Int64),
        ("customer_id", DataType::Int64),
        ("moved_at", time),
        ("movement", DataType::Utf8),
        ("quantity", DataType::Int32),
    ];
    let schema = Arc::new(Schema::new(types.map(|(name, kind)| Field::new(name, kind, true)).to_vec()));
    let rows = RecordBatch::try_new(
        Arc::clone(&schema),
        vec![
            Arc::new(Int64Array::from(vec![999_999_999_999_i64])),
            Arc::new(Int64Array::from(vec![depot])),
            Arc::new(Int64Array::from(vec![product])),
            Arc::new(Int64Array::from(vec![None::<i64>])),
            Arc::new(TimestampMicrosecondArray::from(vec![moved_at])),
            Arc::new(StringArray::from(vec!["received"])),
            Arc::new(Int32Array::from(vec![QUANTITY])),
        ],
    )
    .unwrap();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), schema, None).unwrap();
    writer.write(&rows).unwrap();
    writer.close().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_movement_40_days_late_corrects_every_later_balance() {
    let place = Place::looking_at_least();
    let workspace = place.workspace().await;
    let demo = Demo { first_night: "2025-12-30".parse().unwrap(), nights: 1, history_days: 90, deliveries_per_day: 20, seed: 5 };
    let mut generator = demo.generate_history(&workspace.project.paths.incoming).unwrap();
    let summary = demo.night(0, &mut generator, &workspace, Arc::new(Silent), CancellationToken::new()).await.unwrap();
    assert!(summary.fault().is_none());
    let (before, files_before) = (balances(&workspace).await, files(&workspace).await);

    let date = demo.first_night + Days::new(1);
    let late = date - Days::new(LATE_DAYS);
    let moved = *before.iter().max_by_key(|(_, days)| days.len()).unwrap().0;
    write_movement(&workspace.project.paths.incoming.join(date.to_string()).join("cylinder_movement.parquet"), moved, late);
    let summary = workspace.run("daily", date, Intent::Run, Arc::new(Silent), CancellationToken::new()).await.unwrap();
    assert!(summary.fault().is_none());
    let step = summary.steps.iter().find(|step| step.step.name == "refresh:cylinder_balance_daily").unwrap();
    assert_eq!(step.technique.as_ref().unwrap()["technique"], format!("merge from {late} onward"));

    let after = balances(&workspace).await;
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    for (key, days) in &after {
        let known = &before[key];
        let added: Vec<&NaiveDate> = days.keys().filter(|day| !known.contains_key(*day)).collect();
        assert!(known.keys().all(|day| days.contains_key(day)) && added.iter().all(|day| *key == moved && **day == late), "{key:?}: {added:?}");
        for (day, balance) in days {
            let last = known.range(..=day).next_back().map_or(0, |(_, balance)| *balance);
            let correction = if *key == moved && *day >= late { i64::from(QUANTITY) } else { 0 };
            assert_eq!(*balance, last + correction, "{key:?} on {day}");
        }
    }
    let later = after[&moved].range(late..).count();
    assert!(later > 10 && after[&moved].range(..late).count() > 10, "{later} balances are late or later");

    let files_after = files(&workspace).await;
    for (month, files) in &files_after {
        let is_touched = *month >= late.format("%Y-%m").to_string();
        assert_eq!(files_before[month] != *files, is_touched, "{month}");
    }
    assert!(files_after.len() >= 3, "{:?}", files_after.keys());
    oracle::check(&place, date);
}
