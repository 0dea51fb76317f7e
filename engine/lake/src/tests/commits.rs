//! Commits as compare-and-swap, what they remember, change sets and changed layouts.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use nightshift_diagnostic::Faulty as _;
use serde_json::json;

use super::{day, delivery, lake, layout, stage, table};
use crate::{ChangeSet, Commit, Error, NoChangeSet, StageOptions, TableKind, TableLayout, TableName};

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_created_with_its_rows_and_marks_in_one_commit() {
    let (_folder, lake) = lake();
    assert!(lake.snapshot(&delivery()).await.unwrap().is_none());
    assert!(matches!(lake.snapshot_at(&delivery(), 0).await, Err(Error::VersionMissing { .. })));
    let commit = Commit {
        operation: "load".to_owned(),
        layout: Some(layout()),
        add: vec![stage(&lake, vec![day(0, 100), day(1, 50)]).await],
        transactions: vec![("ingest".to_owned(), 7)],
        information: BTreeMap::from([("batch".to_owned(), json!("2025-11-01/1"))]),
        ..Commit::default()
    };
    let created = lake.commit(None, &delivery(), commit).await.unwrap();
    assert_eq!((created.version(), created.files().len(), created.rows()), (0, 2, Some(150)));
    let read = lake.snapshot(&delivery()).await.unwrap().unwrap();
    assert_eq!(read.layout(), &layout());
    assert_eq!(read.transaction_version("ingest").await.unwrap(), Some(7));
    assert_eq!(read.transaction_version("other").await.unwrap(), None);
    assert_eq!(lake.tables().await.unwrap(), vec![delivery()]);
    let history = lake.history(&delivery(), 10).await.unwrap();
    assert_eq!(history.len(), 1);
    assert_eq!((history[0].operation.as_str(), history[0].added_files), ("load", 2));
    assert_eq!(history[0].information["batch"], json!("2025-11-01/1"));
    assert_eq!(history[0].transactions, vec![("ingest".to_owned(), 7)]);
    for (old, new) in created.files().iter().zip(read.files()) {
        assert_eq!(old.statistics, new.statistics);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_of_two_commits_conflicts_and_leaves_nothing() {
    let (_folder, lake) = lake();
    let base = table(&lake, 1).await;
    let add = async |n| Commit { operation: "append".to_owned(), add: vec![stage(&lake, vec![day(n, 10)]).await], ..Commit::default() };
    let (first, second) = (add(1).await, add(2).await);
    let orphan = lake.folder(&delivery()).join(&second.add[0].files()[0].path);
    assert!(orphan.exists());
    assert_eq!(lake.commit(Some(&base), &delivery(), first).await.unwrap().version(), 1);
    let error = lake.commit(Some(&base), &delivery(), second).await.unwrap_err();
    assert!(matches!(error, Error::Conflict { expected: Some(0), found: 1, .. }), "{error:?}");
    assert!(error.retry_helps() && !orphan.exists());
    let error = lake.commit(None, &delivery(), Commit { layout: Some(layout()), ..Commit::default() }).await.unwrap_err();
    assert!(matches!(error, Error::Conflict { expected: None, found: 1, .. }), "{error:?}");
    assert_eq!(lake.snapshot(&delivery()).await.unwrap().unwrap().rows(), Some(5010));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_removes_only_what_is_there_and_may_bring_it_back() {
    let (_folder, lake) = lake();
    let base = table(&lake, 3).await;
    let remove = vec![base.files()[1].clone()];
    let replaced = Commit { add: vec![stage(&lake, vec![day(1, 7)]).await], remove: remove.clone(), ..Commit::default() };
    let next = lake.commit(Some(&base), &delivery(), replaced).await.unwrap();
    assert_eq!(next.rows(), Some(10_007));
    let error = lake.commit(Some(&next), &delivery(), Commit { remove: remove.clone(), ..Commit::default() }).await.unwrap_err();
    assert!(matches!(error, Error::UnknownFile { version: 1, .. }), "{error:?}");

    let changes = ChangeSet::between(&base, &next).unwrap();
    assert_eq!((changes.added.len(), changes.removed.len(), changes.rows()), (1, 1, Some(5007)));
    assert_eq!(changes.removed[0].path, remove[0].path);
    assert!(ChangeSet::between(&next, &next).unwrap().is_empty());
    assert_eq!(ChangeSet::between(&next, &base).unwrap_err(), NoChangeSet::Backwards);

    let back = Commit { restore: changes.removed, remove: changes.added, ..Commit::default() };
    let back = lake.commit(Some(&next), &delivery(), back).await.unwrap();
    let paths = |files: &[crate::DataFile]| files.iter().map(|file| file.path.clone()).collect::<Vec<_>>();
    assert_eq!(paths(back.files()), paths(base.files()));
    assert_eq!(back.files()[1].statistics, base.files()[1].statistics);
    assert_eq!(lake.snapshot_at(&delivery(), 1).await.unwrap().rows(), Some(10_007));
    assert!(matches!(lake.snapshot_at(&delivery(), 9).await, Err(Error::VersionMissing { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn checkpoints_and_many_commits_keep_everything() {
    let (_folder, lake) = lake();
    let snapshot = table(&lake, 2).await;
    let first = Commit { transactions: vec![("first".to_owned(), 3)], ..Commit::default() };
    let mut snapshot = lake.commit(Some(&snapshot), &delivery(), first).await.unwrap();
    assert_eq!(snapshot.transaction_version("first").await.unwrap(), Some(3));
    for version in 2..=101 {
        let marks = Commit { transactions: vec![("ingest".to_owned(), version)], ..Commit::default() };
        snapshot = lake.commit(Some(&snapshot), &delivery(), marks).await.unwrap();
    }
    assert!(lake.folder(&delivery()).join("_delta_log/_last_checkpoint").exists());
    let read = lake.snapshot(&delivery()).await.unwrap().unwrap();
    assert_eq!(read.version(), 101);
    assert_eq!(read.transaction_version("ingest").await.unwrap(), Some(101));
    assert_eq!(read.transactions().await.unwrap(), &[("first".to_owned(), 3), ("ingest".to_owned(), 101)].into());
    assert_eq!(snapshot.transactions().await.unwrap(), read.transactions().await.unwrap());
    let before = lake.snapshot_at(&delivery(), 50).await.unwrap();
    assert_eq!(before.transaction_version("ingest").await.unwrap(), Some(50));
    assert_eq!(read.layout(), &layout());
    let original = lake.snapshot_at(&delivery(), 0).await.unwrap();
    for (old, new) in original.files().iter().zip(read.files()) {
        assert_eq!(old.statistics, new.statistics);
    }
    assert!(ChangeSet::between(&original, &read).unwrap().is_empty());
}

fn small(fields: Vec<Field>) -> TableLayout {
    TableLayout::new(&Schema::new(fields), vec![], vec![]).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_layout_changes_in_the_commit_that_replaces_the_files() {
    let (_folder, lake) = lake();
    let name = TableName::new(TableKind::Report, "totals").unwrap();
    let number = |data_type: DataType| Field::new("n", data_type, true);
    let rows = async |layout: &TableLayout| {
        let columns = layout.schema().fields().iter().map(|field| arrow::array::new_null_array(field.data_type(), 3)).collect();
        let batch = arrow::array::RecordBatch::try_new(Arc::clone(layout.schema()), columns).unwrap();
        let mut writer = lake.stage(&name, layout.clone(), StageOptions::default()).unwrap();
        writer.write(batch).await.unwrap();
        writer.finish().await.unwrap()
    };
    let first = small(vec![number(DataType::Int64)]);
    let commit = Commit { layout: Some(first.clone()), add: vec![rows(&first).await], ..Commit::default() };
    let base = lake.commit(None, &name, commit).await.unwrap();

    // A column that may be NULL needs no new files.
    let wider = small(vec![Field::new("text", DataType::Utf8, true), number(DataType::Int64)]).with_description("Totals");
    let commit = Commit { layout: Some(wider.clone()), add: vec![rows(&wider).await], ..Commit::default() };
    let second = lake.commit(Some(&base), &name, commit).await.unwrap();
    assert_eq!((second.layout(), second.table_id()), (&wider, base.table_id()));
    assert_eq!(ChangeSet::between(&base, &second).unwrap_err(), NoChangeSet::SchemaChanged);
    let session = datafusion::prelude::SessionContext::new();
    session.register_table("totals", second.provider(None)).unwrap();
    let found = session.sql("SELECT text, n FROM totals WHERE text IS NULL").await.unwrap().collect().await.unwrap();
    assert_eq!(found.iter().map(|batch| batch.num_rows()).sum::<usize>(), 6);

    // Another type needs every file replaced.
    let retyped = small(vec![number(DataType::Date32)]);
    let commit = async |remove| Commit { layout: Some(retyped.clone()), add: vec![rows(&retyped).await], remove, ..Commit::default() };
    let error = lake.commit(Some(&second), &name, commit(vec![second.files()[0].clone()]).await).await.unwrap_err();
    assert!(matches!(error, Error::KeptFiles { kept: 1, .. }), "{error:?}");
    let third = lake.commit(Some(&second), &name, commit(second.files().to_vec()).await).await.unwrap();
    assert_eq!((third.layout(), third.rows()), (&retyped, Some(3)));
    let error = lake.commit(Some(&third), &name, Commit { add: vec![rows(&wider).await], ..Commit::default() }).await.unwrap_err();
    assert!(matches!(error, Error::StagedLayout { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn statistics_of_every_column_survive_a_checkpoint() {
    let (_folder, lake) = lake();
    let name = TableName::new(TableKind::Rollup, "wide").unwrap();
    let layout = small((0..40).map(|n| Field::new(format!("c{n}"), DataType::Int64, true)).collect());
    let columns = (0..40).map(|n| Arc::new(arrow::array::Int64Array::from(vec![n, n + 1])) as _).collect();
    let batch = arrow::array::RecordBatch::try_new(Arc::clone(layout.schema()), columns).unwrap();
    let mut writer = lake.stage(&name, layout.clone(), StageOptions::default()).unwrap();
    writer.write(batch).await.unwrap();
    let properties = BTreeMap::from([("delta.checkpointInterval".to_owned(), "2".to_owned())]);
    let commit = Commit { layout: Some(layout.with_properties(properties)), add: vec![writer.finish().await.unwrap()], ..Commit::default() };
    let base = lake.commit(None, &name, commit).await.unwrap();
    let next = lake.commit(Some(&base), &name, Commit { transactions: vec![("a".to_owned(), 1)], ..Commit::default() }).await.unwrap();
    lake.commit(Some(&next), &name, Commit::default()).await.unwrap();
    let log = lake.folder(&name).join("_delta_log");
    assert!(log.join("00000000000000000001.checkpoint.parquet").exists());
    std::fs::remove_file(log.join("00000000000000000000.json")).unwrap();
    std::fs::remove_file(log.join("00000000000000000001.json")).unwrap();
    let read = lake.snapshot(&name).await.unwrap().unwrap();
    assert_eq!(read.files()[0].statistics.as_ref().unwrap().columns.len(), 40);
    assert_eq!(read.files()[0].statistics, base.files()[0].statistics);
    assert_eq!(read.transaction_version("a").await.unwrap(), Some(1));
    assert!(matches!(lake.snapshot_at(&name, 0).await, Err(Error::VersionMissing { .. })));
}
