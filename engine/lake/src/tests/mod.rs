//! Tests over tables in a temporary folder: what is written, what is read, what is skipped.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod commits;
mod deletions;
mod scans;
mod stages;

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use tempfile::TempDir;

use crate::{COMMENT, Commit, Lake, Snapshot, StageOptions, Staged, TableKind, TableLayout, TableName};

/// 2025-11-01T00:00 in Asia/Taipei, in microseconds.
const START: i64 = 1_761_926_400_000_000;
const DAY: i64 = 86_400_000_000;
const FIRST_DAY: i32 = 20_393;

fn lake() -> (TempDir, Lake) {
    let folder = TempDir::new().unwrap();
    let lake = Lake::open(&folder.path().join("lake")).unwrap();
    (folder, lake)
}

fn delivery() -> TableName {
    TableName::new(TableKind::Source, "delivery").unwrap()
}

/// The partition column stands in the middle, as it may in a SELECT.
fn layout() -> TableLayout {
    let instant = DataType::Timestamp(TimeUnit::Microsecond, Some("Asia/Taipei".into()));
    let schema = Schema::new(vec![
        Field::new("delivery_id", DataType::Int64, false).with_metadata([(COMMENT.to_owned(), "Number of the delivery".to_owned())].into()),
        Field::new("day", DataType::Date32, false),
        Field::new("delivered_at", instant, false),
        Field::new("customer", DataType::Utf8, true),
        Field::new("amount", DataType::Decimal128(14, 2), true),
        Field::new("distance", DataType::Float64, true),
        Field::new("rating", DataType::Int32, true),
        Field::new("completed", DataType::Boolean, false),
        Field::new("due_on", DataType::Date32, true),
    ]);
    let layout = TableLayout::new(&schema, vec!["day".to_owned()], vec!["delivered_at".to_owned()]).unwrap();
    layout.with_description("Deliveries of gas")
}

/// `rows` deliveries of one day, spread evenly over it.
fn day(day: i32, rows: i64) -> RecordBatch {
    let start = START + i64::from(day) * DAY;
    let numbers: Vec<i64> = (0..rows).collect();
    let first = i64::from(day) * 1_000_000;
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("delivery_id", Arc::new(Int64Array::from_iter_values(numbers.iter().map(|n| first + n)))),
        ("day", Arc::new(Date32Array::from_iter_values(numbers.iter().map(|_| FIRST_DAY + day)))),
        ("delivered_at", Arc::new(TimestampMicrosecondArray::from_iter_values(numbers.iter().map(|n| start + n * (DAY / rows))).with_timezone("Asia/Taipei"))),
        ("customer", Arc::new(StringArray::from_iter(numbers.iter().map(|n| (n % 10 != 0).then(|| format!("\u{738b}{:03}", n % 500)))))),
        ("amount", Arc::new(Decimal128Array::from_iter(numbers.iter().map(|n| Some(i128::from(*n) * 100 + 5))).with_precision_and_scale(14, 2).unwrap())),
        ("distance", Arc::new(Float64Array::from_iter_values(numbers.iter().map(|n| *n as f64 / 4.0)))),
        ("rating", Arc::new(Int32Array::from_iter(numbers.iter().map(|n| (n % 3 == 0).then_some((n % 5) as i32 + 1))))),
        ("completed", Arc::new(BooleanArray::from_iter(numbers.iter().map(|n| Some(n % 7 != 0))))),
        ("due_on", Arc::new(Date32Array::from_iter_values(numbers.iter().map(|n| FIRST_DAY + day + (*n % 30) as i32)))),
    ];
    let fields: Vec<Field> = columns.iter().map(|(name, column)| Field::new(*name, column.data_type().clone(), true)).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns.into_iter().map(|(_, column)| column).collect()).unwrap()
}

async fn stage(lake: &Lake, batches: Vec<RecordBatch>) -> Staged {
    let options = StageOptions { row_group_rows: 1000, ..StageOptions::default() };
    let mut writer = lake.stage(&delivery(), layout(), options).unwrap();
    for batch in batches {
        writer.write(batch).await.unwrap();
    }
    writer.finish().await.unwrap()
}

/// A table of `days` days with 5,000 deliveries each, at version 0.
async fn table(lake: &Lake, days: i32) -> Snapshot {
    let staged = stage(lake, (0..days).map(|n| day(n, 5000)).collect()).await;
    let commit = Commit { operation: "load".to_owned(), layout: Some(layout()), add: vec![staged], ..Commit::default() };
    lake.commit(None, &delivery(), commit).await.unwrap()
}
