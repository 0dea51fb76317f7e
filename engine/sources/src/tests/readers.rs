//! Formats other than CSV, and local times.

use std::fs::File;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int32Array, RecordBatch, StringArray, TimestampNanosecondArray};
use parquet::arrow::ArrowWriter;

use super::place::Place;

const COLUMNS: &str = "CREATE TABLE t (id BIGINT NOT NULL, at TIMESTAMP, amount DECIMAL(20, 4), name VARCHAR, flag BOOLEAN)";

fn contract(format: &str, more: &str) -> String {
    format!("/* source\ntitle: T\nformat: {format}\nload: append\n{more}*/\n{COLUMNS}")
}

#[tokio::test]
async fn json_lines_keep_every_digit() {
    let place = Place::new(&contract("jsonl", ""));
    let text = "\u{feff}{\"id\":1,\"at\":\"2026-01-02T03:04:05\",\"amount\":\"1234567890123456.7891\",\"name\":\"\",\"flag\":true}\n\
        \n{\"name\":\"\\u6c23\",\"id\":\"2\",\"amount\":0.1,\"at\":\"2026-01-02T03:04:05+00:00\",\"more\":[1]}\n\
        {\"id\":3,\"amount\":1e-5}\n{\"id\":4\n{\"id\":5,\"id\":6}\n{\"id\":7,\"name\":{\"a\":1}}\n[1]\n";
    place.arrive("2026-01-02/t.jsonl", text);
    let report = place.ingest().await;
    assert_eq!((report.records, report.review, report.extra_columns), (7, 5, vec!["2026-01-02/t.jsonl: more".to_owned()]));
    assert_eq!(
        place.rows("source/t", &["id", "at", "amount", "name", "flag", "_line"]).await,
        ["1|2026-01-02T03:04:05+08:00|1234567890123456.7891||true|1", "2|2026-01-02T11:04:05+08:00|0.1000|\u{6c23}||3"]
    );
    assert_eq!(
        place.rows("review/t", &["line", "reasons"]).await,
        [
            "4|amount: `1e-5` has too many digits after the point for DECIMAL(20, 4)",
            "5|the line is not JSON: `,` or `}` is expected at byte 8",
            "6|the member `id` is there twice",
            "7|name: an object or array is no value of a column",
            "8|the line is not JSON: an object is expected at byte 1",
        ]
    );
}

fn write_parquet(place: &Place, identity: &str, columns: Vec<(&str, ArrayRef)>) {
    place.arrive(identity, "");
    let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true))).unwrap();
    let file = File::create(place.path("incoming").join(identity)).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

#[tokio::test]
async fn parquet_is_cast_exactly() {
    let place = Place::new(&contract("parquet", ""));
    let at = TimestampNanosecondArray::from(vec![Some(1_767_323_045_000_001_000), Some(1), None]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("name", Arc::new(StringArray::from(vec![Some("a"), None, Some("c")]))),
        ("unused", Arc::new(Int32Array::from(vec![1, 2, 3]))),
        ("id", Arc::new(Int32Array::from(vec![Some(1), Some(2), None]))),
        ("at", Arc::new(at)),
        ("amount", Arc::new(Float64Array::from(vec![0.1, 2.5, 3.0]))),
        ("flag", Arc::new(StringArray::from(vec!["yes", "no", "1"]))),
    ];
    write_parquet(&place, "2026-01-02/t.parquet", columns);
    place.ingest().await;
    assert_eq!(place.rows("source/t", &["id", "at", "amount", "name", "flag", "_line"]).await, ["1|2026-01-02T03:04:05.000001+08:00|0.1000|a|true|1"]);
    let review = place.rows("review/t", &["line", "reasons", "record"]).await;
    assert!(review[0].starts_with("2|at: `1970-01-01T00:00:00.000000001` has too many digits"), "{review:?}");
    assert!(
        review[0].ends_with("{\"name\":null,\"id\":2,\"at\":\"1970-01-01T00:00:00.000000001\",\"amount\":2.5,\"flag\":\"no\"}")
            || review[0].contains("\"id\":2"),
        "{review:?}"
    );
    assert!(review[1].starts_with("3|id: is NULL"), "{review:?}");
    write_parquet(&place, "2026-01-03/t.parquet", vec![("id", Arc::new(StringArray::from(vec!["1"]))), ("at", Arc::new(Int32Array::from(vec![1])))]);
    let error = place.try_ingest().await.unwrap_err().to_string();
    assert!(error.contains("it has no column `amount`") && error.contains("it has no column `name`"), "{error}");
}

#[tokio::test]
async fn local_times_that_are_no_instant() {
    let contract = contract("csv", "").replace("*/", "ambiguous: review\n*/");
    let place = Place::new(&contract);
    std::fs::write(place.path("nightshift.yaml"), "name: test\ntimezone: America/New_York\n").unwrap();
    place.arrive("2026-01-02/t.csv", "id,at,amount,name,flag\n1,2026-03-08 02:30:00,,,\n2,2026-11-01 01:30:00,,,\n3,2026-03-08 03:30:00,,,\n");
    place.ingest().await;
    assert_eq!(
        place.rows("review/t", &["reasons"]).await,
        ["at: 2026-03-08 02:30:00 does not exist in America/New_York", "at: 2026-11-01 01:30:00 happens twice in America/New_York",]
    );
    assert_eq!(place.rows("source/t", &["id", "at"]).await, ["3|2026-03-08T15:30:00+08:00"]);
    place.set_contract(&contract.replace("ambiguous: review", "ambiguous: later"));
    place.ingest().await;
    let rows = place.rows("source/t", &["id", "at"]).await;
    assert_eq!(rows, ["1|2026-03-08T14:30:00+08:00", "2|2026-11-01T14:30:00+08:00", "3|2026-03-08T15:30:00+08:00"]);
}
