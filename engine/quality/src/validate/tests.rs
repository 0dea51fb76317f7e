#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::fs;

use datafusion::arrow::array::{AsArray as _, StringArray};
use datafusion::arrow::datatypes::Int64Type;
use datafusion::prelude::SessionContext;
use nightshift_compile::contract::Contract;
use nightshift_project::Project;

use super::*;
use crate::Error;

fn rules(load: &str, columns: &str) -> Result<Arc<Rules>> {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("sql/sources")).unwrap();
    fs::write(folder.path().join("nightshift.yaml"), "name: test\ntimezone: Asia/Taipei\n").unwrap();
    let text = format!("/* source\ntitle: T\nformat: csv\nload: {load}\n*/\nCREATE TABLE t ({columns})");
    fs::write(folder.path().join("sql/sources/t.sql"), text).unwrap();
    let (project, problems) = Project::load(folder.path(), None).unwrap();
    assert!(!problems.has_errors(), "{problems:?}");
    let contract = Arc::new(Contract::parse(&project.sources[0], project.calendar.zone).unwrap());
    Rules::compile(&contract, &project.calendar, &SessionContext::new())
}

fn raw(columns: &[&[Option<&str>]]) -> RawBatch {
    let rows = i64::try_from(columns[0].len()).unwrap();
    let text = |column: &&[Option<&str>]| Some(Arc::new(StringArray::from(column.to_vec())) as ArrayRef);
    RawBatch { columns: columns.iter().map(text).collect(), lines: Int64Array::from_iter_values(2..2 + rows) }
}

fn reasons(validated: &Validated) -> Vec<String> {
    validated.bad.iter().map(|bad| format!("{}: {}", bad.line, bad.reasons.join("; "))).collect()
}

#[test]
fn every_reason_is_told_and_the_good_rows_go_on() {
    let rules = rules("append", "a BIGINT NOT NULL, b INTEGER CHECK (b > 0), c VARCHAR(2), CONSTRAINT sum CHECK (a + b < 10)").unwrap();
    let columns: [&[Option<&str>]; 3] = [
        &[Some("1"), Some(" 2 "), None, Some("x"), Some("9"), Some("9223372036854775807")],
        &[Some("1"), None, Some("0"), Some("2147483648"), Some("9"), Some("1")],
        &[Some("ab"), None, Some("abc"), None, None, None],
    ];
    let validated = rules.file().unwrap().validate(&raw(&columns)).unwrap();
    assert_eq!(validated.rows.column(0).as_primitive::<Int64Type>().values(), &[1, 2]);
    assert_eq!(validated.lines.values(), &[2, 3]);
    let told = reasons(&validated);
    assert_eq!(told[0], "4: a: is NULL; CHECK b > 0; CHECK character_length(\"c\") <= 2");
    assert_eq!(told[1], "5: a: `x` is not a valid BIGINT; b: `2147483648` is out of range for INTEGER");
    assert_eq!(told[2], "6: CHECK sum: a + b < 10");
    assert!(told[3].starts_with("7: CHECK sum: a + b < 10 cannot be computed: ") && told[3].contains("verflow"), "{told:?}");
}

#[test]
fn a_key_that_comes_again_goes_to_review_across_batches_unless_the_first_was_bad() {
    for (key, columns) in [("a", "a BIGINT PRIMARY KEY, b INTEGER"), ("a, b", "a VARCHAR, b INTEGER, PRIMARY KEY (a, b)")] {
        let rules = rules("full", columns).unwrap();
        let mut file = rules.file().unwrap();
        let first = file.validate(&raw(&[&[Some("1"), Some("2"), Some("1"), None], &[Some("5"), Some("x"), Some("5"), Some("1")]])).unwrap();
        let again = format!("PRIMARY KEY ({key}) was on an earlier line of the file");
        assert_eq!(reasons(&first)[1], format!("4: {again}"));
        assert!(reasons(&first)[2].starts_with("5: a: is NULL"));
        let second = file.validate(&raw(&[&[Some("2"), Some("1")], &[Some("5"), Some("5")]])).unwrap();
        assert_eq!((reasons(&second), second.rows.num_rows()), (vec![format!("3: {again}")], 1));
        assert!(file.size() > 0);
    }
}

#[test]
fn an_upsert_cannot_place_a_row_without_key_or_watermark() {
    let rules = rules("{upsert: {key: [k], watermark: w, delete_when: 'd'}}", "k VARCHAR, w DATE, d BOOLEAN").unwrap();
    let columns: [&[Option<&str>]; 3] =
        [&[Some("a"), None, Some("a"), Some("a")], &[Some("2026-01-01"), Some("2026-01-01"), None, Some("2026-01-02")], &[Some("t"), None, None, None]];
    let validated = rules.file().unwrap().validate(&raw(&columns)).unwrap();
    let told = ["3: k: is NULL, which an upsert cannot place", "4: w: is NULL, which an upsert cannot place"];
    assert_eq!(reasons(&validated), told);
    let deleted: Vec<_> = rules.deleted(&validated.rows).unwrap().iter().collect();
    assert_eq!(deleted, [Some(true), Some(false)]);
}

#[test]
fn conditions_that_do_not_compile_are_told_with_their_places() {
    let Err(Error::Expressions(problems)) = rules("append", "a BIGINT CHECK (a + 1), b VARCHAR CHECK (nothing(b))") else {
        unreachable!("the contract has two errors");
    };
    let told: Vec<_> = problems.iter().map(|problem| (problem.code.as_str(), problem.location.as_ref().unwrap().text())).collect();
    assert_eq!(told, [("type-mismatch", "a + 1"), ("unknown-function", "nothing")]);
}
