#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::fs;
use std::io::Read;
use std::sync::Arc;

use arrow::array::TimestampMicrosecondArray;
use arrow::array::{ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, StringArray};

use super::*;
use crate::Change;

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
}

fn numbers(from: i64, to: i64) -> RecordBatch {
    batch(vec![("n", Arc::new(Int64Array::from_iter_values(from..to))), ("twice", Arc::new(Int64Array::from_iter_values((from..to).map(|n| n * 2))))])
}

fn deliver(folder: &Path, batches: &[RecordBatch], options: CsvOptions) -> Vec<Delivered> {
    let mut delivery = Box::new(CsvDelivery::create(folder, "sales", batches[0].schema(), options).unwrap());
    for batch in batches {
        delivery.write(batch).unwrap();
    }
    delivery.finish().unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn every_type_has_its_text() {
    let folder = tempfile::tempdir().unwrap();
    let rows = batch(vec![
        ("depot, id", Arc::new(Int64Array::from(vec![Some(7), None]))),
        ("name", Arc::new(StringArray::from(vec![Some("台北 \"北\",\r\n廠"), Some("")]))),
        ("revenue", Arc::new(Decimal128Array::from(vec![Some(-5), Some(i128::from(i64::MAX) * 1000)]).with_precision_and_scale(38, 2).unwrap())),
        ("share", Arc::new(Float64Array::from(vec![Some(0.1), Some(1e300)]))),
        ("open", Arc::new(BooleanArray::from(vec![Some(true), None]))),
        ("day", Arc::new(Date32Array::from(vec![Some(20_780), None]))),
        ("at", Arc::new(TimestampMicrosecondArray::from(vec![Some(1_795_455_000_000_000), Some(1_795_455_000_250_000)]).with_timezone("Asia/Taipei"))),
    ]);
    let delivered = deliver(folder.path(), &[rows], CsvOptions::default());
    let expected = "\"depot, id\",name,revenue,share,open,day,at\r\n\
        7,\"台北 \"\"北\"\",\r\n廠\",-0.05,0.1,true,2026-11-23,2026-11-24 01:30:00\r\n\
        ,\"\",92233720368547758070.00,1e300,,,2026-11-24 01:30:00.250\r\n";
    assert_eq!(fs::read_to_string(&delivered[0].path).unwrap(), expected);
    assert_eq!((delivered[0].rows, delivered[0].bytes), (2, expected.len() as u64));
}

#[test]
fn a_single_column_has_no_empty_lines() {
    let folder = tempfile::tempdir().unwrap();
    let rows = batch(vec![("n", Arc::new(Int64Array::from(vec![None, Some(1)])))]);
    let delivered = deliver(folder.path(), &[rows], CsvOptions { delimiter: ';', ..CsvOptions::default() });
    assert_eq!(fs::read_to_string(&delivered[0].path).unwrap(), "n\r\n\"\"\r\n1\r\n");
}

#[test]
fn splits_follow_the_rows_and_not_the_batches() {
    let folder = tempfile::tempdir().unwrap();
    let options = CsvOptions { rows_per_file: Some(4), ..CsvOptions::default() };
    let delivered = deliver(folder.path(), &[numbers(0, 3), numbers(3, 10)], options.clone());
    let found: Vec<_> = delivered.iter().map(|file| (file.role, file.rows)).collect();
    assert_eq!(found, [(Role::Data, 4), (Role::Data, 4), (Role::Data, 2), (Role::PartList, 3)]);
    assert_eq!(fs::read_to_string(folder.path().join("sales-0003.csv")).unwrap(), "n,twice\r\n8,16\r\n9,18\r\n");
    let list = fs::read_to_string(folder.path().join("sales.parts.csv")).unwrap();
    assert_eq!(list.lines().count(), 4);
    assert!(list.contains(&format!("sales-0002.csv,4,{},{}\r\n", delivered[1].bytes, delivered[1].sha256)));
    // Fewer rows, a full last part: no part of the longer result stays, and none is empty.
    let again = deliver(folder.path(), &[numbers(0, 8)], options);
    assert_eq!(again.iter().map(|file| file.change == Change::Unchanged).collect::<Vec<_>>(), [true, true, false]);
    let kept = format!("sales-0003.{}.csv", &delivered[2].sha256[..8]);
    assert!(names(folder.path()).contains(&kept) && !names(folder.path()).contains(&"sales-0003.csv".to_owned()));
}

#[test]
fn compressed_files_are_reproducible_and_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let rows = [numbers(0, 20_000)];
    let plain = deliver(folder.path(), &rows, CsvOptions::default());
    let expected = fs::read(&plain[0].path).unwrap();
    for compress in [Compression::Gzip, Compression::Zstd] {
        let options = CsvOptions { compress: Some(compress), ..CsvOptions::default() };
        let delivered = deliver(folder.path(), &rows, options.clone());
        assert_eq!(deliver(folder.path(), &rows, options)[0].change, Change::Unchanged);
        let stored = fs::read(&delivered[0].path).unwrap();
        let mut read = Vec::new();
        match compress {
            Compression::Gzip => flate2::read::GzDecoder::new(&stored[..]).read_to_end(&mut read).unwrap(),
            Compression::Zstd => zstd::Decoder::new(&stored[..]).unwrap().read_to_end(&mut read).unwrap(),
        };
        assert_eq!(read, expected);
    }
    assert_eq!(names(folder.path()), ["sales.csv", "sales.csv.gz", "sales.csv.zst"]);
}

#[test]
fn what_fails_leaves_nothing_and_cannot_be_finished() {
    let folder = tempfile::tempdir().unwrap();
    let mut delivery = Box::new(CsvDelivery::create(folder.path(), "sales", numbers(0, 1).schema(), CsvOptions::default()).unwrap());
    let other = batch(vec![("n", Arc::new(Int64Array::from(vec![1])))]);
    assert!(matches!(delivery.write(&other), Err(Error::OtherColumns { .. })));
    assert!(matches!(delivery.finish(), Err(Error::Incomplete { .. })));
    assert_eq!(names(folder.path()), Vec::<String>::new());
}

#[test]
fn a_folder_that_cannot_be_made_is_an_external_fault() {
    use nightshift_diagnostic::{Fault, Faulty};
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let failed = CsvDelivery::create(&file.join("out"), "sales", numbers(0, 1).schema(), CsvOptions::default());
    let error = failed.unwrap_err();
    assert!(matches!(error.fault(), Fault::External));
    assert!(error.to_string().contains("/file/out"), "{error}");
}
