//! `nightshift check`.

use std::time::Instant;

use nightshift_app::{Result, Workspace};
use nightshift_diagnostic::{Fault, Severity};

use crate::printer::Printer;

pub(super) async fn check(root: &std::path::Path, target: Option<&str>, printer: &Printer) -> Result<Option<Fault>> {
    let started = Instant::now();
    let (workspace, problems) = Workspace::open(root, target).await?;
    let compiled = &workspace.compiled;
    let counts = (compiled.contracts.len(), compiled.rollups.len(), compiled.reports.len(), workspace.project.pipelines.len());
    if !problems.is_empty() || printer.is_json() {
        printer.diagnostics(&problems);
    }
    let (sources, rollups, reports, pipelines) = counts;
    printer.note(&format!(
        "{sources} sources, {rollups} rollups, {reports} reports, {pipelines} pipelines; {} errors, {} warnings ({:.2} s)",
        problems.count(Severity::Error),
        problems.count(Severity::Warning),
        started.elapsed().as_secs_f64(),
    ));
    Ok(problems.has_errors().then_some(Fault::User))
}
