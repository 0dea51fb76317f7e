//! Writing files: their statistics, what is refused, what is left behind.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use arrow::array::{
    Array, ArrayRef, AsArray as _, DictionaryArray, Float64Array, Int64Array, ListArray, RecordBatch, StringArray, StringViewArray, StructArray,
    TimestampNanosecondArray,
};
use arrow::datatypes::{DataType, Field, Int32Type, Int64Type, Schema, TimeUnit};
use datafusion::common::ScalarValue;
use datafusion::prelude::SessionContext;
use parquet::basic::{Compression, Encoding};
use parquet::file::reader::{FileReader as _, SerializedFileReader};

use super::{FIRST_DAY, START, day, delivery, lake, layout, stage};
use crate::{Commit, Error, Lake, StageJournal, StageOptions, Staged, TableLayout, TableName};

fn files_of(lake: &Lake) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![lake.root().to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn each_partition_has_its_file_with_the_statistics_of_its_rows() {
    let (_folder, lake) = lake();
    let staged = stage(&lake, vec![day(0, 2500), day(0, 2500), day(1, 10)]).await;
    assert_eq!((staged.files().len(), staged.rows()), (2, 5010));
    let file = &staged.files()[0];
    assert!(file.path.starts_with(&format!("day=2025-11-01/{}-0000-", staged.id())), "{}", file.path);
    assert_eq!(file.size, std::fs::metadata(lake.folder(&delivery()).join(&file.path)).unwrap().len());
    let statistics = file.statistics.as_ref().unwrap();
    let column = |name: &str| &statistics.columns[name];
    assert_eq!(statistics.rows, 5000);
    assert_eq!(column("delivery_id").maximum, Some(ScalarValue::Int64(Some(2499))));
    assert_eq!(column("delivered_at").minimum, Some(ScalarValue::TimestampMicrosecond(Some(START), Some("UTC".into()))));
    assert_eq!(column("amount").maximum, Some(ScalarValue::Decimal128(Some(249_905), 14, 2)));
    assert_eq!(column("due_on").minimum, Some(ScalarValue::Date32(Some(FIRST_DAY))));
    assert_eq!((column("customer").nulls, column("rating").nulls, column("completed").nulls), (Some(500), Some(3332), Some(0)));
    assert!(column("customer").minimum_exact && !column("distance").maximum_exact && column("completed").maximum.is_none());

    let session = SessionContext::new();
    session.register_table("staged", staged.provider(Some("Asia/Taipei".into()))).unwrap();
    let rows = session.sql("SELECT delivery_id FROM staged WHERE day = DATE '2025-11-02'").await.unwrap().count().await.unwrap();
    assert_eq!(rows, 10);
    assert!(lake.snapshot(&delivery()).await.unwrap().is_none(), "staged rows are visible");
    staged.discard().await;
    assert_eq!(files_of(&lake), Vec::<std::path::PathBuf>::new());
}

fn one(name: &str, data_type: DataType, nullable: bool) -> TableLayout {
    TableLayout::new(&Schema::new(vec![Field::new(name, data_type, nullable)]), vec![], vec![]).unwrap()
}

async fn write(lake: &Lake, layout: TableLayout, columns: Vec<(&str, ArrayRef)>) -> crate::Result<Staged> {
    let fields: Vec<Field> = columns.iter().map(|(name, column)| Field::new(*name, column.data_type().clone(), true)).collect();
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns.into_iter().map(|(_, column)| column).collect()).unwrap();
    let mut writer = lake.stage(&delivery(), layout, StageOptions::default()).unwrap();
    writer.write(batch).await?;
    writer.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn bounds_of_long_strings_are_wider_than_the_strings() {
    let (_folder, lake) = lake();
    let long = |c: char| c.to_string().repeat(200);
    let strings = StringArray::from(vec![long('\u{4e00}'), long('\u{9fa5}'), long('m')]);
    let staged = write(&lake, one("s", DataType::Utf8, true), vec![("s", Arc::new(strings))]).await.unwrap();
    let statistics = staged.files()[0].statistics.as_ref().unwrap();
    let column = &statistics.columns["s"];
    let text = |bound: &Option<ScalarValue>| bound.as_ref().unwrap().try_as_str().unwrap().unwrap().to_owned();
    assert!(text(&column.minimum) <= long('m') && text(&column.minimum).len() <= 64);
    assert!(text(&column.maximum) >= long('\u{9fa5}') && text(&column.maximum).len() <= 72);
    assert!(!column.minimum_exact && !column.maximum_exact);
}

/// Numbers that repeat, that hardly repeat and fill their bits, that follow each other, and the greatest steps that there are.
#[tokio::test(flavor = "multi_thread")]
async fn a_column_is_packed_and_compressed_where_that_makes_it_smaller() {
    const ROWS: i64 = 5_000;
    let (folder, lake) = lake();
    let extremes = |row: i64| [i64::MIN + row, i64::MAX - row, row][usize::try_from(row % 3).unwrap()];
    let scattered = |row: i64| {
        let bits = row.cast_unsigned().wrapping_mul(0x9E37_79B9_7F4A_7C15);
        ((bits ^ (bits >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 30).cast_signed()
    };
    let columns: Vec<(&str, Vec<Option<i64>>)> = vec![
        ("repeats", (0..ROWS).map(|row| Some(row % 7)).collect()),
        ("scattered", (0..ROWS).map(|row| Some(scattered(row))).collect()),
        ("follows", (0..ROWS).map(|row| Some(1_764_000_000_000_000 + row * row % 1_009 * 1_000_000 + row * 60_000_000)).collect()),
        ("extremes", (0..ROWS).map(|row| (row % 9 > 0).then(|| extremes(row))).collect()),
    ];
    let schema = Schema::new(columns.iter().map(|(name, _)| Field::new(*name, DataType::Int64, true)).collect::<Vec<_>>());
    let layout = TableLayout::new(&schema, vec![], vec![]).unwrap();
    let arrays = columns.iter().map(|(name, values)| (*name, Arc::new(Int64Array::from(values.clone())) as ArrayRef)).collect();
    let staged = write(&lake, layout, arrays).await.unwrap();
    let path = folder.path().join(lake.folder(&delivery())).join(&staged.files()[0].path);
    let file = SerializedFileReader::new(std::fs::File::open(path).unwrap()).unwrap();
    let chunks = file.metadata().row_group(0).columns();
    let written: Vec<(bool, bool)> = chunks
        .iter()
        .map(|chunk| (chunk.encodings().any(|encoding| encoding == Encoding::DELTA_BINARY_PACKED), chunk.compression() != Compression::UNCOMPRESSED))
        .collect();
    assert_eq!(written, [(false, true), (true, false), (true, true), (true, true)], "packed, compressed");

    let session = SessionContext::new();
    session.register_table("staged", staged.provider(None)).unwrap();
    let found = session.sql("SELECT * FROM staged").await.unwrap().collect().await.unwrap();
    for (index, (name, values)) in columns.iter().enumerate() {
        let read: Vec<Option<i64>> = found.iter().flat_map(|batch| batch.column(index).as_primitive::<Int64Type>().iter()).collect();
        assert!(&read == values, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_with_nan_have_no_bounds() {
    let (_folder, lake) = lake();
    let numbers = Float64Array::from(vec![1.0, f64::NAN, 3.0]);
    let staged = write(&lake, one("x", DataType::Float64, true), vec![("x", Arc::new(numbers))]).await.unwrap();
    let column = &staged.files()[0].statistics.as_ref().unwrap().columns["x"];
    assert_eq!((&column.minimum, &column.maximum, column.nulls), (&None, &None, Some(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn other_forms_of_the_same_values_are_taken_and_others_refused() {
    let (_folder, lake) = lake();
    let strings = || one("s", DataType::Utf8, false);
    let dictionary: DictionaryArray<Int32Type> = vec!["a", "b", "a"].into_iter().collect();
    for column in [Arc::new(dictionary) as ArrayRef, Arc::new(StringViewArray::from(vec!["x"]))] {
        write(&lake, strings(), vec![("s", column)]).await.unwrap();
    }
    let numbers = || Arc::new(Int64Array::from(vec![1])) as ArrayRef;
    let nothing = Arc::new(StringArray::from(vec![None::<&str>])) as ArrayRef;
    let name = || Arc::new(StringArray::from(vec!["x"])) as ArrayRef;
    assert!(matches!(write(&lake, strings(), vec![("s", numbers())]).await, Err(Error::BatchType { .. })));
    assert!(matches!(write(&lake, strings(), vec![("s", nothing)]).await, Err(Error::NullValue { .. })));
    assert!(matches!(write(&lake, strings(), vec![("t", name())]).await, Err(Error::ExtraColumn { .. })));
    let instants = || one("at", DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())), true);
    let nanoseconds = |time| Arc::new(TimestampNanosecondArray::from(vec![time]).with_timezone("UTC")) as ArrayRef;
    write(&lake, instants(), vec![("at", nanoseconds(5000))]).await.unwrap();
    assert!(matches!(write(&lake, instants(), vec![("at", nanoseconds(5001))]).await, Err(Error::Precision { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_or_failed_writer_leaves_no_file() {
    let (_folder, lake) = lake();
    let mut writer = lake.stage(&delivery(), layout(), StageOptions::default()).unwrap();
    writer.write(day(0, 100)).await.unwrap();
    writer.write(day(1, 100)).await.unwrap();
    writer.write(day(2, 100)).await.unwrap();
    drop(writer);
    // None yet is not none left: it stays so for a while.
    let mut without = 0;
    for _ in 0..100 {
        without = if files_of(&lake).is_empty() { without + 1 } else { 0 };
        if without == 10 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(without, 10);
    assert_eq!(files_of(&lake), Vec::<std::path::PathBuf>::new());

    let mut writer = lake.stage(&delivery(), layout(), StageOptions::default()).unwrap();
    writer.write(day(0, 100)).await.unwrap();
    writer.write(day(1, 100)).await.unwrap();
    let broken = RecordBatch::try_from_iter([("delivery_id", Arc::new(Int64Array::from(vec![1])) as ArrayRef)]).unwrap();
    let sent = writer.write(broken).await;
    assert!(matches!(sent.and(writer.finish().await.map(|_| ())), Err(Error::MissingColumn { .. })));
    assert_eq!(files_of(&lake), Vec::<std::path::PathBuf>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_attempt_staged_is_found_by_its_identity() {
    let (_folder, lake) = lake();
    let (dead, alive) = (stage(&lake, vec![day(0, 10), day(1, 10)]).await, stage(&lake, vec![day(2, 10)]).await);
    let dead_id = dead.id().to_owned();
    let cut_off = lake.folder(&delivery()).join(format!("{dead_id}-cut-off.parquet#1"));
    std::fs::write(&cut_off, "half").unwrap();
    assert_eq!(lake.remove_stage(&delivery(), &dead_id).await.unwrap(), 3);
    assert!(!cut_off.exists());
    assert_eq!(files_of(&lake).len(), alive.files().len());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_committed_is_not_taken_for_abandoned() {
    let (_folder, lake) = lake();
    let staged = stage(&lake, vec![day(0, 10)]).await;
    let id = staged.id().to_owned();
    let commit = Commit { operation: "load".to_owned(), layout: Some(layout()), add: vec![staged], ..Commit::default() };
    let first = lake.commit(None, &delivery(), commit).await.unwrap();
    assert_eq!(lake.remove_stage(&delivery(), &id).await.unwrap(), 0);
    // Taken out again by a later commit, it still belongs to the earlier version.
    let commit = Commit { operation: "load".to_owned(), remove: first.files().to_vec(), ..Commit::default() };
    lake.commit(Some(&first), &delivery(), commit).await.unwrap();
    assert_eq!(lake.remove_stage(&delivery(), &id).await.unwrap(), 0);
    let data = files_of(&lake).into_iter().filter(|file| file.extension().is_some_and(|end| end == "parquet"));
    assert_eq!(data.count(), 1);
}

/// Remembers what it was told, and refuses when it is told to.
#[derive(Debug, Default)]
struct Journal {
    told: Mutex<Vec<(String, String, usize)>>,
    refuses: bool,
    folder: PathBuf,
}

#[async_trait::async_trait]
impl StageJournal for Journal {
    async fn begins(&self, table: &TableName, stage: &str) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let files = std::fs::read_dir(&self.folder).map_or(0, Iterator::count);
        self.told.lock().unwrap().push((table.to_string(), stage.to_owned(), files));
        if self.refuses { Err("no".into()) } else { Ok(()) }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_is_written_down_before_its_first_file() {
    let (_folder, lake) = lake();
    let folder = lake.folder(&delivery());
    let journal = Arc::new(Journal { folder: folder.clone(), ..Journal::default() });
    let staged = stage(&lake.with_journal(Arc::<Journal>::clone(&journal)), vec![day(0, 10), day(1, 10)]).await;
    assert_eq!(*journal.told.lock().unwrap(), [("source/delivery".to_owned(), staged.id().to_owned(), 0)]);
    staged.discard().await;

    let refusing = lake.with_journal(Arc::new(Journal { refuses: true, ..Journal::default() }));
    let mut writer = refusing.stage(&delivery(), layout(), StageOptions::default()).unwrap();
    let sent = writer.write(day(0, 10)).await;
    assert!(matches!(sent.and(writer.finish().await.map(|_| ())), Err(Error::Journal { .. })));
    assert_eq!(files_of(&lake), Vec::<PathBuf>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_and_structs_are_written_and_read() {
    let (_folder, lake) = lake();
    let list = ListArray::from_iter_primitive::<Int64Type, _, _>(vec![Some(vec![Some(1), None]), None]);
    let members: Vec<(Arc<Field>, ArrayRef)> = vec![
        (Arc::new(Field::new("n", DataType::Int64, true)), Arc::new(Int64Array::from(vec![1, 2]))),
        (Arc::new(Field::new("text", DataType::Utf8View, true)), Arc::new(StringViewArray::from(vec!["a", "b"]))),
    ];
    let pair = StructArray::from(members);
    let schema = Schema::new(vec![Field::new("list", list.data_type().clone(), true), Field::new("pair", pair.data_type().clone(), true)]);
    let layout = TableLayout::new(&schema, vec![], vec![]).unwrap();
    let staged = write(&lake, layout, vec![("list", Arc::new(list)), ("pair", Arc::new(pair))]).await.unwrap();
    let commit = crate::Commit { layout: Some(staged.layout().clone()), add: vec![staged], ..crate::Commit::default() };
    lake.commit(None, &delivery(), commit).await.unwrap();
    let read = lake.snapshot(&delivery()).await.unwrap().unwrap();
    let session = SessionContext::new();
    session.register_table("t", read.provider(None)).unwrap();
    let found = session.sql("SELECT list, pair['text'] AS text FROM t WHERE pair['n'] = 1").await.unwrap().collect().await.unwrap();
    let shown = arrow::util::pretty::pretty_format_batches(&found).unwrap().to_string();
    assert!(shown.contains("[1, ]") && shown.contains("| a "), "{shown}");
}
