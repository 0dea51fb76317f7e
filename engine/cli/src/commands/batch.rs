//! `nightshift run` and `nightshift retry`.

use std::sync::Arc;

use chrono::NaiveDate;
use nightshift_app::{Result, Workspace};
use nightshift_diagnostic::Fault;
use nightshift_orchestrate::Intent;

use super::signal::stop_on_signal;
use super::summary::print_summary;
use crate::bars::Bars;
use crate::printer::Printer;

pub(super) async fn batch(root: &std::path::Path, target: Option<&str>, printer: &Printer, pipeline: &str, date: NaiveDate, intent: Intent) -> Result<Option<Fault>> {
    let workspace = Arc::new(Workspace::open_sound(root, target).await?);
    let cancel = stop_on_signal();
    let steps = workspace.steps(workspace.pipeline(pipeline)?).len();
    let bars = Arc::new(Bars::new(&format!("{pipeline} {date}"), steps));
    let summary = workspace.run(pipeline, date, intent, bars, cancel).await?;
    print_summary(printer, &summary);
    Ok(summary.fault())
}
