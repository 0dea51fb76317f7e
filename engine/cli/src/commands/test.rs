//! `nightshift test`.

use nightshift_app::test::TestOutcome;
use nightshift_app::{Named, Result, Workspace};
use nightshift_diagnostic::{Fault, render};
use serde_json::{Value, json};

use super::signal::stop_on_signal;
use crate::printer::Printer;

pub(super) async fn test(root: &std::path::Path, target: Option<&str>, printer: &Printer, names: &[String]) -> Result<Option<Fault>> {
    let (workspace, problems) = Workspace::open(root, target).await?;
    let cancel = stop_on_signal(*printer);
    let chosen: Vec<Named<'_>> = if names.is_empty() {
        workspace.definitions().filter(|named| named.test().is_some()).collect()
    } else {
        names.iter().map(|name| workspace.named(name)).collect::<Result<_>>()?
    };
    let mut outcomes = Vec::new();
    for named in chosen {
        match workspace.test(named, &problems, &cancel).await? {
            Some(outcome) => {
                print_outcome(printer, &outcome);
                outcomes.push(outcome);
            }
            None => printer.note(&format!("{} has no test; it would be {}.test.yaml beside its SQL", named.name(), named.name())),
        }
    }
    let failed = outcomes.iter().filter(|outcome| !outcome.passed()).count();
    if printer.is_json() {
        let tests: Vec<Value> = outcomes.iter().map(as_json).collect();
        printer.data("", &json!({"passed": outcomes.len() - failed, "failed": failed, "tests": tests}));
    }
    printer.other_problems(&problems);
    printer.note(&format!("{} passed, {failed} failed", outcomes.len() - failed));
    Ok((failed > 0).then_some(Fault::User))
}

fn print_outcome(printer: &Printer, outcome: &TestOutcome) {
    if printer.is_json() {
        return;
    }
    let word = if outcome.passed() { "ok    " } else { "FAILED" };
    printer.part(&format!("{word} {}\n", outcome.file.display()));
    if !outcome.passed() {
        printer.diagnostics(&outcome.problems);
    }
}

fn as_json(outcome: &TestOutcome) -> Value {
    json!({
        "name": outcome.name, "file": outcome.file, "passed": outcome.passed(),
        "seconds": outcome.seconds, "problems": render::json(outcome.problems.as_slice()),
    })
}
