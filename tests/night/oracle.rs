//! The independent engine: Python and DuckDB, from the raw files (see `tests/oracle`).

use std::process::Command;

use chrono::NaiveDate;

use crate::place::{Place, repository};

/// Compares every source, rollup, report and reader; what differs is printed.
pub(crate) fn check(place: &Place, date: NaiveDate) {
    let environment = Command::new("bash").arg(repository().join("tests/oracle/environment.sh")).output().expect("bash starts");
    assert!(environment.status.success(), "{}", String::from_utf8_lossy(&environment.stderr));
    let python = String::from_utf8_lossy(&environment.stdout).lines().last().unwrap_or_default().trim().to_owned();
    let output = Command::new(&python)
        .arg(repository().join("tests/oracle/main.py"))
        .args(["all", "--date", &date.to_string(), "--pipeline", "daily"])
        .arg("--project")
        .arg(place.root())
        .arg("--scratch")
        .arg(place.root().join("data/oracle"))
        .output()
        .unwrap_or_else(|error| panic!("{python} starts: {error}"));
    let said = String::from_utf8_lossy(&output.stdout);
    eprintln!("{date}: {}", said.lines().rev().take(2).collect::<Vec<_>>().join("; "));
    assert!(output.status.success(), "{date}\n{said}\n{}", String::from_utf8_lossy(&output.stderr));
}
