#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::fs;

use datafusion::arrow::datatypes::DataType;
use nightshift_project::Project;

use super::*;

/// A project with one source, as `nightshift-project` loads it.
fn parse(name: &str, text: &str) -> Result<Contract, Diagnostics> {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("sql/sources")).unwrap();
    fs::write(folder.path().join("nightshift.yaml"), "name: test\ntimezone: Asia/Taipei\n").unwrap();
    fs::write(folder.path().join(format!("sql/sources/{name}.sql")), text).unwrap();
    let (project, problems) = Project::load(folder.path(), None).unwrap();
    assert!(!problems.has_errors(), "{problems:?}");
    Contract::parse(project.source(name).unwrap(), project.calendar.zone)
}

/// `line:column code | the marked text | hint` for each problem.
fn problems(text: &str) -> Vec<String> {
    let problems = parse("t", text).unwrap_err();
    let show = |problem: &nightshift_diagnostic::Diagnostic| {
        let location = problem.location.as_ref().unwrap();
        let start = location.span.start;
        let hint = problem.hint.clone().unwrap_or_default();
        format!("{}:{} {} | {} | {hint}", start.line, start.column, problem.code, location.text())
    };
    problems.iter().map(show).collect()
}

const HEADER: &str = "/* source\ntitle: T\nowner: o\nformat: csv\nload: append\n*/\n";

#[test]
fn every_lucky_gas_contract_parses() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../sql/sources");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let contract = parse(&name, &fs::read_to_string(&path).unwrap()).unwrap();
        assert!(!contract.primary_key.is_empty() && contract.columns.iter().all(|column| column.description.is_some()), "{name}");
        count += 1;
    }
    assert_eq!(count, 10);
}

#[test]
fn types_keys_and_checks() {
    let text = "/* source\ntitle: T\nformat: csv\nload: {upsert: {key: [id, \"Day\"], watermark: at, delete_when: gone}}\npartition: {month: at}\n\
        personal: [name]\ncolumns: {name: {description: Who, unit: people}}\n*/\n\
        CREATE TABLE t (id BIGINT, \"Day\" DATE, name VARCHAR(20), amount NUMERIC(12, 2) NOT NULL CHECK (amount > 0),\n\
        at TIMESTAMP, sent TIMESTAMPTZ, gone BOOLEAN, ratio DOUBLE PRECISION,\n\
        PRIMARY KEY (id, \"Day\"), CONSTRAINT sane CHECK (amount < 100 -- much\n OR name = ')'));";
    let contract = parse("t", text).unwrap();
    let zoned = DataType::Timestamp(datafusion::arrow::datatypes::TimeUnit::Microsecond, Some("Asia/Taipei".into()));
    let types: Vec<_> = contract.columns.iter().map(|column| column.data_type.clone()).collect();
    let expected = [DataType::Int64, DataType::Date32, DataType::Utf8, DataType::Decimal128(12, 2), zoned.clone(), zoned, DataType::Boolean, DataType::Float64];
    assert_eq!(types, expected);
    assert_eq!(contract.primary_key, ["id", "Day"]);
    assert_eq!(contract.key(), ["id", "Day"]);
    assert!(!contract.columns[0].nullable && contract.columns[2].nullable && !contract.columns[3].nullable);
    assert_eq!(contract.local_time.iter().collect::<Vec<_>>(), ["at"]);
    let checks: Vec<_> = contract.checks.iter().map(|check| (check.name.as_deref(), check.sql.as_str())).collect();
    let length = (None, "character_length(\"name\") <= 20");
    assert_eq!(checks, [length, (None, "amount > 0"), (Some("sane"), "amount < 100 -- much\n OR name = ')'")]);
    let field = contract.columns[2].field();
    assert_eq!(
        (&field.metadata()[COMMENT], &field.metadata()[UNIT], &field.metadata()[PERSONAL]),
        (&"Who".to_owned(), &"people".to_owned(), &"true".to_owned())
    );
}

#[test]
fn layout_of_the_text_is_no_part_of_the_normal_form() {
    let one = parse("t", &format!("{HEADER}CREATE TABLE t (a BIGINT CHECK (a > 0))")).unwrap();
    let other = parse("t", &format!("{HEADER}create table t (\n  a bigint check (a  >  0) -- positive\n);")).unwrap();
    let different = parse("t", &format!("{HEADER}CREATE TABLE t (a BIGINT CHECK (a > 1))")).unwrap();
    assert_eq!(one.normal_form(), other.normal_form());
    assert_ne!(one.normal_form(), different.normal_form());
}

#[test]
fn one_file_tells_all_its_problems() {
    let text = format!(
        "{HEADER}CREATE TABLE t (\n  id BIGNIT,\n  id BIGINT,\n  _x DATE,\n  p DECIMAL,\n  q FLOAT DEFAULT 1,\n  at DATE CHECK (att > p),\n  PRIMARY KEY (idd)\n)"
    );
    assert_eq!(
        problems(&text),
        [
            "8:6 unknown-type | BIGNIT | did you mean `BIGINT`?",
            "9:3 duplicate-column | id | take one of them out",
            "10:3 invalid-name | _x | names that start with an underscore belong to Nightshift",
            "11:5 unknown-type | DECIMAL | write DECIMAL(14, 2): 14 digits in all, 2 of them after the point",
            "12:3 unsupported-sql | q | NOT NULL, CHECK and PRIMARY KEY are",
            "12:5 unknown-type | FLOAT | use DOUBLE, or DECIMAL(p, s) for money",
            "13:18 unknown-column | att | did you mean `at`?",
            "14:16 unknown-column | idd | did you mean `id`?",
        ]
    );
}

#[test]
fn the_header_must_fit_the_columns() {
    let text = "/* source\ntitle: T\nformat: csv\nload: {upsert: {key: [idd], watermark: ratio, delete_when: goone = true}}\npartition: {month: id}\n\
        personal: [nam]\ncolumns: {amuont: {description: x}}\n*/\n\
        CREATE TABLE t (id BIGINT, name VARCHAR, amount BIGINT, gone BOOLEAN, ratio DOUBLE)";
    assert_eq!(
        problems(text),
        [
            "4:23 unknown-column | idd | did you mean `id`?",
            "4:40 type-mismatch | ratio | a watermark is a TIMESTAMP, DATE, whole number, DECIMAL or VARCHAR",
            "4:60 unknown-column | goone | did you mean `gone`?",
            "5:20 type-mismatch | id | partition by a DATE or TIMESTAMP column",
            "6:12 unknown-column | nam | did you mean `name`?",
            "7:11 unknown-column | amuont | did you mean `amount`?",
        ]
    );
}

#[test]
fn what_is_no_contract_at_all() {
    let sql = |sql: &str| problems(&format!("{HEADER}{sql}"));
    assert_eq!(sql("CREATE TABLE t (id BIGINT,, x DATE)"), ["7:27 invalid-sql | , | take out the comma before it"]);
    assert_eq!(sql("CREATE TABLE t (id BIGINT"), ["7:26 invalid-sql |  | "]);
    assert_eq!(sql("CREATE TABLE t (id BIGINT); DROP TABLE t"), ["7:29 statement-count | DROP | give every source a file of its own"]);
    assert_eq!(sql("SELECT 1"), ["7:1 not-a-contract | SELECT | write CREATE TABLE t (…)"]);
    assert_eq!(sql("CREATE TABLE u (id BIGINT)"), ["7:14 not-a-contract | u | write CREATE TABLE t, or rename the file"]);
    assert_eq!(sql(""), ["6:3 statement-count |  | "]);
    assert!(sql("CREATE TABLE t AS SELECT 1")[0].starts_with("7:1 unsupported-sql"));
    assert!(sql("CREATE TABLE t (id BIGINT, name VARCHAR CHECK (name = 'x))")[0].contains("invalid-sql"));
}
