//! Rows that go while their files stay: what is left is what is read, however it is asked for.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::AsArray as _;
use arrow::datatypes::Int64Type;
use arrow::util::pretty::pretty_format_batches;
use datafusion::prelude::{SessionConfig, SessionContext};

use super::{day, delivery, lake, layout, stage, table};
use crate::commit::DELETION_VECTORS;
use crate::{ChangeSet, Commit, DataFile, Deletion, Error, Lake, Positions, ScanOptions, Snapshot, TableLayout};

const ROWS: i64 = 5_000;

fn keeping() -> TableLayout {
    layout().with_properties(BTreeMap::from([(DELETION_VECTORS.to_owned(), "true".to_owned())]))
}

/// A table of two days whose rows can go.
async fn keeping_table(lake: &Lake) -> Snapshot {
    let staged = stage(lake, (0..2).map(|number| day(number, ROWS)).collect()).await;
    let commit = Commit { operation: "load".to_owned(), layout: Some(keeping()), add: vec![staged], ..Commit::default() };
    lake.commit(None, &delivery(), commit).await.unwrap()
}

async fn delete(lake: &Lake, base: &Snapshot, file: usize, rows: &Positions) -> Result<Snapshot, Error> {
    let deletion = Deletion { file: base.files()[file].clone(), rows: rows.clone() };
    lake.commit(Some(base), &delivery(), Commit { operation: "delete".to_owned(), delete: vec![deletion], ..Commit::default() }).await
}

/// A question about the rows of some files, with the position of each in its file.
async fn ask(snapshot: &Snapshot, files: &[DataFile], sql: &str, filters_in_scan: bool) -> String {
    let config = SessionConfig::new().with_target_partitions(2).set_bool("datafusion.execution.parquet.pushdown_filters", filters_in_scan);
    let session = SessionContext::new_with_config(config);
    let options = ScanOptions { zone: Some(Arc::from("Asia/Taipei")), row_numbers: true, ..ScanOptions::default() };
    session.register_table("delivery", Arc::new(snapshot.table(files, &options))).unwrap();
    let plain = snapshot.provider_of(files, Some(Arc::from("Asia/Taipei")));
    session.register_table("plain", plain).unwrap();
    pretty_format_batches(&session.sql(sql).await.unwrap().collect().await.unwrap()).unwrap().to_string()
}

/// The same question, asked of all rows with a condition on their position.
async fn expect(snapshot: &Snapshot, sql: &str, is_left: &str) -> String {
    let all: Vec<DataFile> = snapshot.files().iter().map(|file| DataFile { counted: crate::file::Counted::All, ..file.clone() }).collect();
    let of = |name: &str| format!("(SELECT * FROM delivery WHERE {is_left}) {name}");
    let sql = sql.replace("FROM delivery", &format!("FROM {}", of("delivery"))).replace("FROM plain", &format!("FROM {}", of("plain")));
    ask(snapshot, &all, &sql, false).await
}

const QUESTIONS: [&str; 9] = [
    "SELECT count(*), sum(delivery_id), min(delivery_id), max(delivery_id), max(customer) FROM plain",
    "SELECT count(*), count(customer), count(rating), min(rating), max(due_on) FROM plain",
    "SELECT day, count(*), sum(amount), min(delivered_at), max(delivered_at) FROM plain GROUP BY day ORDER BY day",
    "SELECT count(*) FROM plain WHERE customer IS NULL",
    "SELECT count(*) FROM plain WHERE customer IS NOT NULL",
    "SELECT delivery_id, customer FROM plain WHERE delivery_id BETWEEN 990 AND 1013 ORDER BY delivery_id",
    "SELECT sum(delivery_id), count(*) FROM plain WHERE delivered_at >= '2025-11-01T12:00:00+08:00' AND distance < 900",
    "SELECT day, sum(_row_number), min(_row_number), max(_row_number) FROM delivery GROUP BY day ORDER BY day",
    "SELECT delivery_id, _row_number FROM delivery WHERE delivery_id IN (0, 7, 998, 1001, 4999, 1000000) ORDER BY delivery_id",
];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_is_read_however_it_is_asked_for() {
    let (_folder, lake) = lake();
    let base = keeping_table(&lake).await;
    // The first and the last row, runs within and over row groups of 1,000, a whole row group, and single ones.
    let rows: Positions = [0, 7, 4_999].into_iter().chain(990..1_010).chain(2_000..3_000).chain((3_100..3_900).step_by(13)).collect();
    let is_left = |day: i32| {
        format!(
            "(day <> DATE '2025-11-0{day}' OR NOT (_row_number IN (0, 7, 4999) OR (_row_number >= 990 AND _row_number < 1010) OR (_row_number >= 2000 AND _row_number < 3000) OR (_row_number >= 3100 AND _row_number < 3900 AND (_row_number - 3100) % 13 = 0)))"
        )
    };
    let first = delete(&lake, &base, 0, &rows).await.unwrap();
    assert_eq!((first.rows(), first.files()[0].gone()), (Some(10_000 - rows.len()), rows.len()));
    let second = delete(&lake, &first, 1, &rows).await.unwrap();
    let more: Positions = [1, 8].into_iter().collect();
    let third = delete(&lake, &second, 0, &more).await.unwrap();
    let states = [
        (&base, "true".to_owned()),
        (&first, is_left(1)),
        (&second, format!("{} AND {}", is_left(1), is_left(2))),
        (&third, format!("{} AND {} AND NOT (day = DATE '2025-11-01' AND _row_number IN (1, 8))", is_left(1), is_left(2))),
    ];
    for (snapshot, is_left) in states {
        // As another process finds it.
        let lake = Lake::open(lake.root()).unwrap();
        let found = lake.snapshot_at(&delivery(), snapshot.version()).await.unwrap();
        for (sql, filters_in_scan) in QUESTIONS.into_iter().flat_map(|sql| [(sql, false), (sql, true)]) {
            let expected = expect(&found, sql, &is_left).await;
            assert_eq!(ask(&found, found.files(), sql, filters_in_scan).await, expected, "version {}: {sql}", snapshot.version());
        }
    }
}

/// A change set has the very rows that went, and those that come back with a rollback.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_set_has_the_rows_that_went() {
    let (_folder, lake) = lake();
    let base = keeping_table(&lake).await;
    let first = delete(&lake, &base, 0, &[3, 5, 900].into_iter().collect()).await.unwrap();
    let second = delete(&lake, &first, 0, &[4, 4_000].into_iter().collect()).await.unwrap();
    let commit = Commit { operation: "rollback".to_owned(), remove: second.files()[..1].to_vec(), restore: first.files()[..1].to_vec(), ..Commit::default() };
    let back = lake.commit(Some(&second), &delivery(), commit).await.unwrap();
    let numbers = async |snapshot: &Snapshot, files: &[DataFile]| ask(snapshot, files, "SELECT delivery_id FROM plain ORDER BY 1", false).await;
    let expected = async |ids: &str| ask(&base, base.files(), &format!("SELECT delivery_id FROM plain WHERE delivery_id IN ({ids}) ORDER BY 1"), false).await;
    for (old, new, added, removed) in
        [(&base, &second, "-1", "3, 4, 5, 900, 4000"), (&first, &second, "-1", "4, 4000"), (&second, &back, "4, 4000", "-1"), (&first, &back, "-1", "-1")]
    {
        let change = ChangeSet::between(old, new).unwrap();
        assert_eq!(numbers(new, &change.added).await, expected(added).await);
        assert_eq!(numbers(old, &change.removed).await, expected(removed).await);
        assert!(change.added.iter().chain(&change.removed).all(DataFile::is_selection));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_go_once_and_only_where_they_can() {
    let (_folder, lake) = lake();
    let base = keeping_table(&lake).await;
    let first = delete(&lake, &base, 0, &[3].into_iter().collect()).await.unwrap();
    let same = delete(&lake, &first, 0, &Positions::new()).await.unwrap();
    assert_eq!(same.rows(), first.rows());
    let first = same;
    // As the version before had the file, twice, or back beside itself.
    let deletion = |file: &DataFile, row: u64| Deletion { file: file.clone(), rows: [row].into_iter().collect() };
    let refused = async |commit: Commit| lake.commit(Some(&first), &delivery(), commit).await.unwrap_err();
    let stale = Commit { operation: "delete".to_owned(), delete: vec![deletion(&base.files()[0], 9)], ..Commit::default() };
    assert!(matches!(refused(stale).await, Error::UnknownFile { .. }));
    let twice = Commit { operation: "delete".to_owned(), delete: vec![deletion(&first.files()[0], 9), deletion(&first.files()[0], 10)], ..Commit::default() };
    assert!(matches!(refused(twice).await, Error::UnknownFile { .. }));
    let back = Commit { operation: "rollback".to_owned(), restore: vec![base.files()[0].clone()], ..Commit::default() };
    assert!(matches!(refused(back).await, Error::FileThere { .. }));
    for wrong in [3, 5_000] {
        assert!(matches!(delete(&lake, &first, 0, &[wrong].into_iter().collect()).await, Err(Error::RowsGone { .. })));
    }
    let (_other_folder, other) = super::lake();
    let plain = table(&other, 1).await;
    assert!(matches!(delete(&other, &plain, 0, &[3].into_iter().collect()).await, Err(Error::NoDeletionVectors { .. })));
    // A table from before becomes one with the commit that says so.
    let deletion = Deletion { file: plain.files()[0].clone(), rows: [3].into_iter().collect() };
    let commit = Commit { operation: "delete".to_owned(), layout: Some(keeping()), delete: vec![deletion], ..Commit::default() };
    let upgraded = other.commit(Some(&plain), &delivery(), commit).await.unwrap();
    assert_eq!(delete(&other, &upgraded, 0, &[4].into_iter().collect()).await.unwrap().rows(), Some(4_998));
}

/// A checkpoint holds the vectors too.
#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_keeps_what_is_gone() {
    let (_folder, lake) = lake();
    let mut properties = keeping().properties().clone();
    properties.insert("delta.checkpointInterval".to_owned(), "3".to_owned());
    let staged = stage(&lake, vec![day(0, ROWS)]).await;
    let commit = Commit { operation: "load".to_owned(), layout: Some(layout().with_properties(properties)), add: vec![staged], ..Commit::default() };
    let mut newest = lake.commit(None, &delivery(), commit).await.unwrap();
    for row in 0..8 {
        newest = delete(&lake, &newest, 0, &[row * 600].into_iter().collect()).await.unwrap();
    }
    let log = lake.folder(&delivery()).join("_delta_log");
    let checkpoints =
        std::fs::read_dir(log).unwrap().filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().contains("checkpoint.parquet")).count();
    assert!(checkpoints > 0);
    let found = Lake::open(lake.root()).unwrap().snapshot(&delivery()).await.unwrap().unwrap();
    assert_eq!((found.version(), found.rows()), (8, Some(4_992)));
    let session = SessionContext::new();
    let left = session.read_table(found.provider(None)).unwrap().select_columns(&["delivery_id"]).unwrap().collect().await.unwrap();
    let left: Vec<i64> = left.iter().flat_map(|rows| rows.column(0).as_primitive::<Int64Type>().values().to_vec()).collect();
    assert_eq!(left.len(), 4_992);
    assert!(left.iter().all(|number| number % 600 != 0 || *number >= 4_800));
}

/// Rows that were put into another file are no change, and those that went from there afterwards are.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_only_put_elsewhere_is_no_change() {
    let (_folder, lake) = lake();
    let base = keeping_table(&lake).await;
    let rearrange = async |from: &Snapshot| {
        let add = vec![stage(&lake, vec![day(0, ROWS)]).await];
        let remove: Vec<DataFile> = from.files().iter().filter(|file| file.partition_values == base.files()[0].partition_values).cloned().collect();
        let commit = Commit { operation: "optimize".to_owned(), add, remove, rearranges: true, ..Commit::default() };
        lake.commit(Some(from), &delivery(), commit).await.unwrap()
    };
    let rearranged = rearrange(&base).await;
    let place = |snapshot: &Snapshot| snapshot.files().iter().position(|file| file.partition_values == base.files()[0].partition_values).unwrap();
    let corrected = delete(&lake, &rearranged, place(&rearranged), &[7, 8].into_iter().collect()).await.unwrap();
    let twice = rearrange(&corrected).await;
    // As another process finds it, which knows only the log.
    let lake = Lake::open(lake.root()).unwrap();
    let changed = async |old: &Snapshot, new: &Snapshot| {
        let change = lake.change_set(old, new).await.unwrap().unwrap();
        (change.added.len(), change.removed.iter().map(|file| (file.is_selection(), file.rows().unwrap())).collect::<Vec<_>>())
    };
    assert_eq!(changed(&base, &rearranged).await, (0, vec![]));
    assert_eq!(changed(&base, &corrected).await, (0, vec![(true, 2)]));
    assert_eq!(changed(&rearranged, &corrected).await, (0, vec![(true, 2)]));
    // Rows that went in between, so that what went is not what was there: the files are the change.
    let rows = u64::try_from(ROWS).unwrap();
    assert_eq!(changed(&base, &twice).await, (1, vec![(false, rows)]));
}
