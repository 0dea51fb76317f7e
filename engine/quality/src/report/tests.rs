#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::sync::Arc;

use datafusion::arrow::array::{Int64Array, RecordBatch, StringArray};
use datafusion::datasource::MemTable;
use nightshift_diagnostic::{Fault, Faulty as _, Position, Span};
use nightshift_project::Expectation;

use super::*;

fn checks(not_null: &[&str], unique: &[&str], expect: &[(&str, CheckSeverity)]) -> Checks {
    let words = |words: &[&str]| words.iter().map(ToString::to_string).collect();
    let expectation =
        |(sql, severity): &(&str, CheckSeverity)| Expectation { sql: (*sql).to_owned(), severity: *severity, path: vec![], span: Span::at(Position::START) };
    Checks { not_null: words(not_null), unique: words(unique), expect: expect.iter().map(expectation).collect() }
}

fn result() -> Arc<dyn TableProvider> {
    let depots = Int64Array::from(vec![Some(1), Some(1), None, Some(4)]);
    let names = StringArray::from(vec![Some("a"), Some("a"), Some("c"), None]);
    let batch = RecordBatch::try_from_iter([("depot_id", Arc::new(depots) as _), ("Name", Arc::new(names) as _)]).unwrap();
    Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]]).unwrap())
}

#[tokio::test]
async fn every_check_says_how_many_rows_fail_and_shows_some() {
    let session = SessionContext::new();
    let expect = [("depot_id > 1", CheckSeverity::Warn), ("depot_id / (depot_id - depot_id + 1) < 9", CheckSeverity::Error)];
    let checks = checks(&["depot_id", "Name"], &["depot_id", "Name"], &expect);
    let results = run(&session, result(), &checks).await.unwrap();
    let told: Vec<_> = results.iter().map(|result| (result.check.as_str(), result.severity, result.failing_rows, result.passed())).collect();
    assert_eq!(
        told,
        [
            ("not_null: depot_id", CheckSeverity::Error, 1, false),
            ("not_null: Name", CheckSeverity::Error, 1, false),
            // A condition that is NULL passes.
            ("expect: depot_id > 1", CheckSeverity::Warn, 2, false),
            ("expect: depot_id / (depot_id - depot_id + 1) < 9", CheckSeverity::Error, 0, true),
            ("unique: depot_id, Name", CheckSeverity::Error, 2, false),
        ]
    );
    assert_eq!(results[0].sample[0].num_rows(), 1);
    assert!(results[3].sample.is_empty());
}

#[tokio::test]
async fn a_check_that_does_not_compile_is_the_users() {
    let session = SessionContext::new();
    let error = run(&session, result(), &checks(&[], &[], &[("depot > 1", CheckSeverity::Error)])).await.unwrap_err();
    assert_eq!((error.to_string().as_str(), error.fault()), ("the check `depot > 1` could not be run", Fault::User));
}
