//! Appended and full loads, and what a load says about itself.

use std::fs::File;
use std::time::{Duration, SystemTime};

use nightshift_diagnostic::{Fault, Faulty as _};

use super::place::Place;
use crate::{Error, FileState};

const APPEND: &str = "/* source\ntitle: T\nformat: csv\nload: append\npartition: {month: at}\n*/\n\
    CREATE TABLE t (id BIGINT PRIMARY KEY, at TIMESTAMP NOT NULL, name VARCHAR, price DECIMAL(8, 2) CHECK (price > 0))";
const FULL: &str = "/* source\ntitle: T\nformat: csv\nload: full\n*/\nCREATE TABLE t (id BIGINT PRIMARY KEY, name VARCHAR NOT NULL)";

#[tokio::test]
async fn good_rows_are_appended_and_the_others_reviewed() {
    let place = Place::new(APPEND);
    let text = "id,at,name,price,extra\n1,2026-01-31 23:59:59,\"a, \"\"b\"\"\nc\",1.50,x\n2,2026-02-01,,2,x\nx,2026-02-30,n,0,x\n\n1,2026-02-01,n,,x\n5,2026-02-01\n6,2026-02-01,\u{6c23},3.999,x\n";
    place.arrive("2026-02-01/t.csv", format!("\u{feff}{text}"));
    let report = place.ingest().await;
    assert_eq!((report.records, report.review, report.rows_loaded), (6, 4, 2));
    assert_eq!(report.extra_columns, ["2026-02-01/t.csv: extra"]);
    let rows = place.rows("source/t", &["id", "at", "name", "price", "_file", "_line", "_part_at"]).await;
    assert_eq!(
        rows,
        ["1|2026-01-31T23:59:59+08:00|a, \"b\"\nc|1.50|2026-02-01/t.csv|2|2026-01", "2|2026-02-01T00:00:00+08:00||2.00|2026-02-01/t.csv|4|2026-02",]
    );
    let review = place.rows("review/t", &["line", "reasons", "record"]).await;
    assert_eq!(
        review,
        [
            "5|id: `x` is not a valid BIGINT; at: `2026-02-30` is out of range for TIMESTAMP; CHECK price > 0|x,2026-02-30,n,0,x",
            "7|PRIMARY KEY (id) was on an earlier line of the file|1,2026-02-01,n,,x",
            "8|the record has 2 fields, the header has 5|5,2026-02-01",
            "9|price: `3.999` has too many digits after the point for DECIMAL(8, 2)|6,2026-02-01,\u{6c23},3.999,x",
        ]
    );
}

#[tokio::test]
async fn a_corrected_file_takes_the_place_of_the_earlier_one() {
    let place = Place::new(APPEND);
    place.arrive("2026-02-01/t.csv", "id,at,name,price\n1,2026-02-01,a,1\n2,2026-01-01,b,1\nbad,,,\n");
    place.arrive("2026-02-02/t.csv", "id,at,name,price\n3,2026-02-02,c,1\n");
    let first = place.ingest().await;
    assert_eq!((first.loaded.len(), first.version_after), (2, Some(0)));
    place.arrive("2026-02-01/t.csv", "id,at,name,price\n1,2026-02-01,A,1\n");
    let planned = place.plan().await;
    assert_eq!(planned.in_state(FileState::Corrected).count(), 1);
    let second = place.ingest().await;
    assert_eq!((second.replaced, second.unchanged, second.version_after), (vec!["2026-02-01/t.csv".to_owned()], 1, Some(1)));
    assert_eq!(place.rows("source/t", &["id", "name"]).await, ["1|A", "3|c"]);
    assert_eq!(place.rows("review/t", &["line"]).await, [""; 0]);
    // The same again is nothing, and so is a date before it.
    let mut place = place;
    assert_eq!(place.ingest().await.version_after, Some(1));
    place.up_to = "2026-02-01".to_owned();
    assert_eq!(place.ingest().await.version_after, Some(1));
}

/// A file that comes again with other spaces and another broken row changes no row, so that its commit is marks alone; one that
/// changes a row leaves the others where they are.
#[tokio::test]
async fn a_corrected_file_writes_no_more_than_it_changes() {
    let upsert = APPEND.replace("load: append", "load: {upsert: {key: [id], watermark: at}}");
    for contract in [APPEND, &upsert] {
        let place = Place::new(contract);
        place.arrive("2026-02-01/t.csv", "id,at,name,price\n1,2026-02-01,a,1\n2,2026-01-01,b,1\nbad,,,\n");
        place.ingest().await;
        let files = |snapshot: nightshift_lake::Snapshot| snapshot.files().iter().map(|file| file.path.clone()).collect::<Vec<_>>();
        let before = files(place.snapshot("source/t").await.unwrap());
        assert_eq!(before.len(), 2);
        place.arrive("2026-02-01/t.csv", "id,at,name,price\n1, 2026-02-01 00:00,a,1.00\n2,2026-01-01,b,1\n");
        let report = place.ingest().await;
        assert_eq!((report.version_after, report.rows_loaded, report.rows_written), (Some(1), 2, 0));
        assert_eq!(files(place.snapshot("source/t").await.unwrap()), before);
        place.arrive("2026-02-01/t.csv", "id,at,name,price\n1, 2026-02-01 00:00,A,1.00\n2,2026-01-01,b,1\n");
        let report = place.ingest().await;
        assert_eq!((report.version_after, report.rows_written), (Some(2), 1));
        assert_eq!(place.rows("source/t", &["id", "name"]).await, ["1|A", "2|b"]);
        let after = files(place.snapshot("source/t").await.unwrap());
        assert_eq!(after.iter().filter(|file| before.contains(file)).count(), 1);
    }
}

#[tokio::test]
async fn a_full_load_is_the_newest_file() {
    let mut place = Place::new(FULL);
    place.arrive("2026-01-01/t.csv", "id,name\n1,a\n2,b\n");
    place.arrive("2026-01-02/t.csv", "id,name\n3,c\n3,d\n");
    place.arrive("2026-01-03/t.csv", "");
    place.ingest().await;
    assert_eq!(place.rows("source/t", &["id", "name", "_file"]).await, ["3|c|2026-01-02/t.csv"]);
    place.up_to = "2026-01-01".to_owned();
    let report = place.ingest().await;
    assert_eq!((report.version_before, report.version_after), (Some(0), Some(0)));
    place.up_to = "2026-12-31".to_owned();
    place.arrive("2026-01-02/t.csv", "id,name\n4,d\n");
    place.ingest().await;
    assert_eq!(place.rows("source/t", &["id"]).await, ["4"]);
    place.arrive("2026-01-04/t.csv", "id,name\n");
    place.ingest().await;
    assert_eq!(place.rows("source/t", &["id"]).await, [""; 0]);
    assert_eq!(place.version("source/t").await, Some(2));
}

#[tokio::test]
async fn a_file_that_was_not_touched_is_not_read_again() {
    let place = Place::new(APPEND);
    place.arrive("2026-02-01/t.csv", "id,at,name,price\n1,2026-02-01,a,1\n");
    let path = place.path("incoming/2026-02-01/t.csv");
    let old = SystemTime::now() - Duration::from_secs(60);
    let touch = |time| File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    touch(old);
    place.ingest().await;
    // Other bytes of the same size and time are not seen: the proof that nobody looked.
    place.arrive("2026-02-01/t.csv", "id,at,name,price\n2,2026-02-01,a,1\n");
    touch(old);
    assert!(place.plan().await.files[0].hash.is_none());
    touch(old + Duration::from_secs(1));
    assert_eq!(place.plan().await.files[0].state, FileState::Corrected);
}

#[tokio::test]
async fn a_changed_contract_reads_all_files_again() {
    let mut place = Place::new(APPEND);
    place.arrive("2026-02-01/t.csv", "id,at,name,price,kind\n1,2026-02-01,a,1,x\n2,2026-02-01,b,5,y\n");
    place.arrive("2026-02-02/t.csv", "id,at,name,price,kind\n3,2026-02-02,c,9,z\n");
    place.ingest().await;
    place.set_contract(&APPEND.replace("price DECIMAL(8, 2) CHECK (price > 0)", "price DECIMAL(8, 2) CHECK (price > 3), kind VARCHAR"));
    place.up_to = "2026-02-01".to_owned();
    let error = place.try_ingest().await.unwrap_err();
    assert!(matches!(&error, Error::FilesGone { missing, .. } if missing == "2026-02-02/t.csv"), "{error}");
    assert_eq!(error.fault(), Fault::User);
    place.up_to = "2026-12-31".to_owned();
    let report = place.ingest().await;
    assert!(report.contract_changed && report.version_after == Some(1));
    assert_eq!(place.rows("source/t", &["id", "kind"]).await, ["2|y", "3|z"]);
    assert_eq!(place.rows("review/t", &["line"]).await, ["2"]);
    assert_eq!(place.ingest().await.version_after, Some(1));
}

#[tokio::test]
async fn a_file_without_a_column_of_the_contract_changes_nothing() {
    let place = Place::new(APPEND);
    place.arrive("2026-02-01/t.csv", "id,at,nam,price\n1,2026-02-01,a,1\n");
    let error = place.try_ingest().await.unwrap_err();
    assert!(error.to_string().ends_with("it has no column `name` (did you mean `nam`?)"), "{error}");
    assert_eq!((error.fault(), place.version("source/t").await), (Fault::Data, None));
    // A name in capitals is the same name; a file that is still being written is not there.
    place.arrive("2026-02-01/t.csv", "ID,AT,NAME,PRICE\n1,2026-02-01,a,1\n");
    place.arrive("2026-02-02/t.csv.partial", "nothing yet");
    assert_eq!(place.ingest().await.rows_loaded, 1);
}
