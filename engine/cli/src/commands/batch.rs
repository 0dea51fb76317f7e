//! `nightshift run` and `nightshift retry`.

use std::sync::Arc;

use chrono::NaiveDate;
use nightshift_app::batch::OpenRun;
use nightshift_app::{Result, Workspace};
use nightshift_diagnostic::Fault;
use nightshift_orchestrate::Intent;

use super::rerun;
use super::signal::stop_on_signal;
use super::summary::print_summary;
use crate::bars::Bars;
use crate::printer::Printer;

pub(super) async fn batch(
    root: &std::path::Path,
    target: Option<&str>,
    printer: &Printer,
    pipeline: &str,
    date: NaiveDate,
    intent: Intent,
    accepted: &[String],
) -> Result<Option<Fault>> {
    let workspace = Arc::new(open_for_run(root, target, printer, pipeline).await?);
    for name in accepted {
        workspace.rollup(name)?;
    }
    let cancel = stop_on_signal(*printer);
    let run = workspace.begin(pipeline, date, intent).await?;
    if let Err(error) = announce(printer, &run).await {
        run.abandon().await?;
        return Err(error);
    }
    let bars = Arc::new(Bars::new(&format!("{pipeline} {date}"), run.steps()));
    let summary = run.execute(accepted.iter().cloned().collect(), bars, cancel).await?;
    print_summary(printer, &summary);
    Ok(summary.fault())
}

/// Opens the project for a run of a pipeline, or a look at one, and says which mistakes some of its steps would meet.
pub(super) async fn open_for_run(root: &std::path::Path, target: Option<&str>, printer: &Printer, pipeline: &str) -> Result<Workspace> {
    let (workspace, problems) = Workspace::open_for_run(root, target, pipeline).await?;
    if problems.has_errors() {
        printer.mistakes(&problems);
        printer.note("warning: steps that need a file with a mistake fail; the others are done");
    }
    Ok(workspace)
}

/// Says what a person has to know before the work begins.
async fn announce(printer: &Printer, run: &OpenRun) -> Result<()> {
    taken_over(printer, run);
    if let Some(rerun) = run.rerun().await? {
        printer.note(&format!("note: {}", rerun::text(&rerun)));
    }
    Ok(())
}

/// Says what a dead process has left.
pub(super) fn taken_over(printer: &Printer, run: &OpenRun) {
    if let Some(displaced) = run.displaced() {
        printer.note(&format!("note: {displaced}; its lock is taken over"));
    }
    if let Some(recovered) = run.recovered() {
        let began = recovered.started_at.format("%Y-%m-%d %H:%M:%S UTC");
        printer.note(&format!(
            "note: run {}, begun by {} on {began}, did not end; its steps that were under way are done again",
            recovered.number, recovered.owner
        ));
    }
}
