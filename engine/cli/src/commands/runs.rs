//! `nightshift runs`.

use comfy_table::Table;
use nightshift_app::{Result, Workspace};
use nightshift_diagnostic::Fault;
use nightshift_ledger::BatchFilter;
use serde_json::json;

use crate::printer::Printer;

pub(super) async fn runs(root: &std::path::Path, target: Option<&str>, printer: &Printer, limit: u32) -> Result<Option<Fault>> {
    let workspace = Workspace::open_sound(root, target).await?;
    let ledger = workspace.ledger().await?;
    let batches = ledger.batches(&BatchFilter { pipeline: None, since: None, limit }).await?;
    let mut table = Table::new();
    table.set_header(["batch", "state", "runs", "succeeded", "failed", "skipped", "seconds"]);
    let mut rows = Vec::new();
    for batch in &batches {
        let cells = [
            batch.batch.label(),
            batch.batch.state.to_string(),
            batch.runs.to_string(),
            batch.succeeded.to_string(),
            batch.failed.to_string(),
            batch.skipped.to_string(),
            format!("{:.1}", batch.measures.seconds),
        ];
        rows.push(json!({"batch": batch.batch.label(), "state": batch.batch.state.to_string(), "failed": batch.failed}));
        table.add_row(cells);
    }
    printer.data(&table.to_string(), &serde_json::Value::Array(rows));
    Ok(None)
}
