//! The independent engine: Python and DuckDB, from the raw files (see `tests/oracle`).

use std::process::Command;

use crate::place::{Place, repository, text};

/// Compares every source, rollup, report and reader with what the raw files give.
pub(crate) fn check(place: &Place, date: &str) {
    let environment = Command::new("bash").arg(repository().join("tests/oracle/environment.sh")).output().expect("bash starts");
    assert!(environment.status.success(), "{}", text(&environment.stderr));
    let python = text(&environment.stdout).lines().last().unwrap_or_default().trim().to_owned();
    let output = Command::new(&python)
        .arg(repository().join("tests/oracle/main.py"))
        .args(["all", "--date", date, "--pipeline", "daily", "--project"])
        .arg(place.root())
        .arg("--scratch")
        .arg(place.root().join("oracle"))
        .output()
        .unwrap_or_else(|error| panic!("{python} starts: {error}"));
    assert!(output.status.success(), "{date}\n{}\n{}", text(&output.stdout), text(&output.stderr));
}
