#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::fs;
use std::io::BufReader;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray};
use calamine::{Data, Reader, Xlsx, open_workbook};
use chrono::TimeZone;

use super::*;
use crate::Change;

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
}

fn numbers(from: i64, to: i64) -> RecordBatch {
    batch(vec![("n", Arc::new(Int64Array::from_iter_values(from..to)))])
}

fn options() -> XlsxOptions {
    XlsxOptions {
        sheet: Some("Daily sales".into()),
        title: Some("Daily sales by depot".into()),
        notes: vec![("Business date".into(), "2026-11-23".into())],
        ..XlsxOptions::new(Utc.with_ymd_and_hms(2026, 11, 23, 16, 0, 0).unwrap())
    }
}

fn deliver(folder: &Path, batches: &[RecordBatch], rows_per_sheet: u32) -> Delivered {
    let schema = batches[0].schema();
    let mut delivery = Box::new(XlsxDelivery::with_rows_per_sheet(folder, "sales", schema, options(), rows_per_sheet).unwrap());
    for batch in batches {
        delivery.write(batch).unwrap();
    }
    delivery.finish().unwrap().remove(0)
}

fn read(path: &Path) -> Xlsx<BufReader<fs::File>> {
    open_workbook(path).unwrap()
}

fn every_type() -> RecordBatch {
    let integers = vec![Some(1_234_567), Some(i64::MAX), None];
    let decimals = vec![Some(12_345), Some(99_999_999_999_999_999_999_999_999_999_999_999_999), Some(-1)];
    let instants = vec![Some(1_795_455_000_000_000), None, Some(1_795_455_000_000_000)];
    batch(vec![
        ("depot_id", Arc::new(Int64Array::from(integers))),
        ("name", Arc::new(StringArray::from(vec![Some("台北 <北> & \"廠\""), Some("=1+1"), Some(" 007 ")]))),
        ("revenue", Arc::new(Decimal128Array::from(decimals).with_precision_and_scale(38, 2).unwrap())),
        ("share", Arc::new(Float64Array::from(vec![Some(0.1), Some(f64::NAN), Some(f64::INFINITY)]))),
        ("open", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None]))),
        ("day", Arc::new(Date32Array::from(vec![Some(20_780), Some(-30_000), None]))),
        ("at", Arc::new(TimestampMicrosecondArray::from(instants).with_timezone("Asia/Taipei"))),
    ])
}

#[test]
fn types_are_real_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let delivered = deliver(folder.path(), &[every_type()], ROWS_PER_SHEET);
    assert_eq!((delivered.rows, delivered.bytes), (3, fs::metadata(&delivered.path).unwrap().len()));
    let mut workbook = read(&delivered.path);
    assert_eq!(workbook.sheet_names(), ["Daily sales", "About"]);
    let sheet = workbook.worksheet_range("Daily sales").unwrap();
    let cell = |row, column| sheet.get_value((row, column)).cloned().unwrap_or_default();
    let text = |text: &str| Data::String(text.into());
    assert_eq!(cell(0, 2), text("revenue"));
    assert_eq!([cell(1, 0), cell(2, 0), cell(3, 0)], [Data::Float(1_234_567.0), text("9223372036854775807"), Data::Empty]);
    assert_eq!([cell(1, 1), cell(2, 1), cell(3, 1)], [text("台北 <北> & \"廠\""), text("=1+1"), text(" 007 ")]);
    let longest = text("999999999999999999999999999999999999.99");
    assert_eq!([cell(1, 2), cell(2, 2), cell(3, 2)], [Data::Float(123.45), longest, Data::Float(-0.01)]);
    assert_eq!([cell(1, 3), cell(2, 3), cell(3, 3)], [Data::Float(0.1), text("NaN"), text("inf")]);
    assert_eq!([cell(1, 4), cell(2, 4), cell(3, 4)], [Data::Bool(true), Data::Bool(false), Data::Empty]);
    let serial = |data: Data| {
        if let Data::DateTime(moment) = data { moment.as_f64() } else { panic!("{data:?}") }
    };
    assert_eq!((serial(cell(1, 5)), cell(2, 5)), (46_349.0, text("1887-11-12")));
    assert_eq!(serial(cell(1, 6)), 46_350.0 + 1.5 / 24.0);
    let about = workbook.worksheet_range("About").unwrap();
    assert_eq!(about.get_value((1, 1)), Some(&text("2026-11-23")));
}

#[test]
fn rows_go_on_in_further_sheets() {
    let folder = tempfile::tempdir().unwrap();
    let delivered = deliver(folder.path(), &[numbers(0, 3), numbers(3, 10), numbers(10, 12)], 4);
    assert_eq!(delivered.rows, 12);
    let mut workbook = read(&delivered.path);
    assert_eq!(workbook.sheet_names(), ["Daily sales", "Daily sales (2)", "Daily sales (3)", "About"]);
    let mut found = Vec::new();
    for name in &workbook.sheet_names()[..3] {
        let sheet = workbook.worksheet_range(name).unwrap();
        assert_eq!(sheet.get_value((0, 0)), Some(&Data::String("n".into())));
        found.extend(sheet.rows().skip(1).map(|row| if let Data::Float(n) = row[0] { n as i64 } else { -1 }));
    }
    assert_eq!(found, (0..12).collect::<Vec<_>>());
}

#[test]
fn equal_rows_give_equal_bytes_whatever_the_batches() {
    let folder = tempfile::tempdir().unwrap();
    let first = deliver(folder.path(), &[every_type(), every_type()], ROWS_PER_SHEET);
    let again = deliver(folder.path(), &[every_type(), every_type()], ROWS_PER_SHEET);
    assert_eq!((first.change, again.change), (Change::Created, Change::Unchanged));
    let other = tempfile::tempdir().unwrap();
    let texts = (0..3000).map(|row| "x".repeat(row % 1300 / 30)).collect::<Vec<_>>();
    let rows = batch(vec![("text", Arc::new(StringArray::from(texts)))]);
    let whole = deliver(other.path(), std::slice::from_ref(&rows), ROWS_PER_SHEET);
    let pieces = [rows.slice(0, 1), rows.slice(1, 1500), rows.slice(1501, 1499)];
    let pieces = deliver(other.path(), &pieces, ROWS_PER_SHEET);
    assert_eq!((pieces.change, pieces.sha256), (Change::Unchanged, whole.sha256));
}

#[test]
fn a_result_without_rows_is_a_workbook_with_a_header() {
    let folder = tempfile::tempdir().unwrap();
    let delivered = deliver(folder.path(), &[numbers(0, 0)], ROWS_PER_SHEET);
    let sheet = read(&delivered.path).worksheet_range("Daily sales").unwrap();
    assert_eq!((sheet.get_size(), delivered.rows), ((1, 1), 0));
}

#[test]
fn a_text_that_no_cell_holds_is_an_error_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let texts = |text: &str| batch(vec![("note", Arc::new(StringArray::from(vec!["short", text])))]);
    deliver(folder.path(), &[texts(&"氣".repeat(32_767))], ROWS_PER_SHEET);
    let long = texts(&"x".repeat(32_768));
    let mut delivery = Box::new(XlsxDelivery::create(folder.path(), "long", long.schema(), options()).ok().unwrap());
    // The first rows wait until their widths are known, so that their errors come with the finish.
    delivery.write(&long).unwrap();
    let error = delivery.finish().unwrap_err();
    assert!(matches!(error, Error::TextTooLong { row: 2, length: 32_768, .. }), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
