//! `nightshift runs`.

use nightshift_app::{Result, Workspace};
use nightshift_diagnostic::Fault;
use nightshift_ledger::{BatchFilter, BatchSummary};
use serde_json::{Value, json};

use crate::columns::{shown, table};
use crate::printer::Printer;

pub(super) async fn runs(root: &std::path::Path, target: Option<&str>, printer: &Printer, limit: u32) -> Result<Option<Fault>> {
    // What has run can be looked at whatever is wrong with the files now.
    let (workspace, _) = Workspace::open(root, target).await?;
    let ledger = workspace.ledger().await?;
    let batches = ledger.batches(&BatchFilter { pipeline: None, since: None, limit }).await?;
    let mut lines =
        table(&["batch", "state", "began", "seconds", "runs", "succeeded", "failed", "skipped"], &["seconds", "runs", "succeeded", "failed", "skipped"]);
    for batch in &batches {
        lines.add_row(line(batch, &workspace));
    }
    printer.data(&shown(&lines), &Value::Array(batches.iter().map(as_json).collect()));
    Ok(None)
}

/// Times are those of the newest run, in the project's zone.
fn line(batch: &BatchSummary, workspace: &Workspace) -> [String; 8] {
    [
        batch.batch.label(),
        batch.batch.state.to_string(),
        workspace.calendar.local(batch.started_at).format("%Y-%m-%d %H:%M:%S").to_string(),
        seconds(batch).map(|seconds| format!("{seconds:.1}")).unwrap_or_default(),
        batch.runs.to_string(),
        batch.succeeded.to_string(),
        batch.failed.to_string(),
        batch.skipped.to_string(),
    ]
}

fn as_json(batch: &BatchSummary) -> Value {
    json!({
        "batch": batch.batch.label(), "state": batch.batch.state.to_string(),
        "started_at": batch.started_at.to_rfc3339(), "finished_at": batch.finished_at.map(|end| end.to_rfc3339()), "seconds": seconds(batch),
        "runs": batch.runs, "succeeded": batch.succeeded, "failed": batch.failed, "skipped": batch.skipped,
    })
}

/// How long the newest run took; none while it has not ended.
fn seconds(batch: &BatchSummary) -> Option<f64> {
    batch.finished_at.map(|end| (end - batch.started_at).as_seconds_f64())
}
