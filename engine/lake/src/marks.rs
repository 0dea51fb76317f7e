//! The marks of a version: which applications wrote down which of their versions.
//!
//! Delta's own lookup reads the log again for each application. A source has a mark for every file that ever arrived, so that
//! all marks are read together here, once a version: from the newest checkpoint and the commits behind it.

use std::collections::HashMap;

use arrow::array::{Array as _, AsArray as _, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

use crate::error::Result;

/// How many commits are read at the same time.
const READS: usize = 8;

/// Application and version; the last commit that names an application wins.
pub(crate) type Marks = HashMap<String, i64>;

/// The marks of a version; none if the log has another form than the one that we and most writers make, so that they must be
/// looked up one by one.
pub(crate) async fn load(store: &dyn ObjectStore, version: u64) -> Result<Option<Marks>> {
    let checkpoint = newest_checkpoint(store, version).await?;
    let mut marks = match checkpoint {
        Some(at) => from_checkpoint(store.get(&log_file(at, "checkpoint.parquet")).await?.bytes().await?)?,
        None => Marks::new(),
    };
    let first = checkpoint.map_or(0, |at| at + 1);
    let commits = stream::iter(first..=version).map(async |version| match store.get(&log_file(version, "json")).await {
        Ok(found) => found.bytes().await.map(Some),
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    });
    let mut commits = std::pin::pin!(commits.buffered(READS));
    while let Some(commit) = commits.try_next().await? {
        let Some(commit) = commit else { return Ok(None) };
        add_commit(&mut marks, &commit);
    }
    Ok(Some(marks))
}

async fn newest_checkpoint(store: &dyn ObjectStore, version: u64) -> Result<Option<u64>> {
    let mut files = store.list(Some(&Path::from("_delta_log")));
    let mut newest = None;
    while let Some(file) = files.try_next().await? {
        let at = file.location.filename().and_then(|name| name.strip_suffix(".checkpoint.parquet")).and_then(|at| at.parse().ok());
        newest = newest.max(at.filter(|at| *at <= version));
    }
    Ok(newest)
}

fn log_file(version: u64, ending: &str) -> Path {
    Path::from(format!("_delta_log/{version:020}.{ending}"))
}

fn from_checkpoint(bytes: Bytes) -> Result<Marks> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes)?;
    let schema = builder.parquet_schema();
    let columns = schema.root_schema().get_fields().iter().enumerate().filter(|(_, field)| field.name() == "txn").map(|(index, _)| index);
    let mask = ProjectionMask::roots(schema, columns);
    let mut marks = Marks::new();
    for batch in builder.with_projection(mask).build()? {
        let batch = batch?;
        let Some(transactions) = batch.column_by_name("txn").and_then(|column| column.as_struct_opt()) else { continue };
        let (Some(names), Some(versions)) = (transactions.column_by_name("appId"), transactions.column_by_name("version")) else { continue };
        let names = cast(names, &DataType::Utf8)?;
        let (names, versions): (&StringArray, _) = (names.as_string(), versions.as_primitive::<Int64Type>());
        let filled = (0..batch.num_rows()).filter(|row| transactions.is_valid(*row) && names.is_valid(*row) && versions.is_valid(*row));
        marks.extend(filled.map(|row| (names.value(row).to_owned(), versions.value(row))));
    }
    Ok(marks)
}

fn add_commit(marks: &mut Marks, commit: &[u8]) {
    for line in commit.split(|byte| *byte == b'\n') {
        // Most lines name files, with statistics that are costly to parse; the action's name is at the beginning of its line.
        if !line.get(..16).unwrap_or(line).windows(5).any(|word| word == b"\"txn\"") {
            continue;
        }
        let Ok(action) = serde_json::from_slice::<Value>(line) else { continue };
        let transaction = action.get("txn");
        let name = transaction.and_then(|transaction| transaction.get("appId")).and_then(Value::as_str);
        let version = transaction.and_then(|transaction| transaction.get("version")).and_then(Value::as_i64);
        if let (Some(name), Some(version)) = (name, version) {
            marks.insert(name.to_owned(), version);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_mark_of_a_commit_wins_and_other_actions_are_passed_over() {
        let commit = "{\"add\":{\"path\":\"txn\"}}\n{\"txn\":{\"appId\":\"a\",\"version\":1}}\n{ \"txn\" : {\"appId\":\"b\",\"version\":7,\"lastUpdated\":1}}\n{\"txn\":{\"appId\":\"a\",\"version\":2}}";
        let mut marks = Marks::new();
        add_commit(&mut marks, commit.as_bytes());
        assert_eq!(marks, Marks::from([("a".to_owned(), 2), ("b".to_owned(), 7)]));
    }
}
