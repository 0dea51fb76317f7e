//! What an attempt committed that died before the ledger knew of it: its commit says who made it, so it is written down afterwards.

use nightshift_failure::{Point, reach};
use nightshift_lake::{AUTHOR, HistoryEntry, Lake, TableKind, TableName};
use nightshift_ledger::{AttemptId, AttemptState, BatchId, Ledger, OutputRecord, PublicationRecord, RunRecord, StepKind, StepRecord};
use serde_json::{Value, json};

use crate::Result;

/// How many commits of a table are looked through for one of a dead attempt.
const COMMITS: usize = 20;

/// The key in the information of a report's commit under which its files stand.
pub(super) const FILES: &str = "files";

/// An attempt in words that no other attempt has, also where a ledger was lost and its numbers begin anew.
pub(super) fn author(run: &RunRecord, attempt: AttemptId) -> String {
    format!("{}/{attempt}", run.started_at.timestamp_micros())
}

/// Writes down what the attempts of a batch published that were interrupted.
///
/// # Errors
/// If ledger or lake cannot be read, or the ledger not written.
pub(crate) async fn recover(lake: &Lake, ledger: &Ledger, batch: BatchId) -> Result<()> {
    let runs = ledger.runs(batch).await?;
    let steps = ledger.steps(batch).await?;
    let interrupted = ledger.attempts(batch).await?.into_iter().filter(|attempt| attempt.state == AttemptState::Interrupted);
    for attempt in interrupted {
        let (run, step) = (runs.iter().find(|run| run.id == attempt.run), steps.iter().find(|step| step.id == attempt.step));
        let (Some(run), Some(step)) = (run, step) else { continue };
        let Some(table) = table_of(step)? else { continue };
        let author = Value::from(author(run, attempt.id));
        let commits = lake.history(&table, COMMITS).await?;
        if let Some(commit) = commits.iter().find(|commit| commit.information.get(AUTHOR) == Some(&author)) {
            ledger.recover_attempt(attempt.id, &published(&table, commit), &made(step, commit)).await?;
            reach(Point::AttemptRecovered);
        }
    }
    Ok(())
}

/// The table whose commits a step publishes; none for the keeping of tables, which changes no row.
fn table_of(step: &StepRecord) -> Result<Option<TableName>> {
    let kind = match step.kind {
        StepKind::Ingest => TableKind::Source,
        StepKind::Refresh | StepKind::Backfill => TableKind::Rollup,
        StepKind::Report => TableKind::Report,
        StepKind::Maintain => return Ok(None),
    };
    Ok(Some(TableName::new(kind, &step.target)?))
}

fn published(table: &TableName, commit: &HistoryEntry) -> PublicationRecord {
    let before = commit.version.checked_sub(1).filter(|before| *before >= 0);
    PublicationRecord { table: table.to_string(), version_before: before, version_after: commit.version }
}

/// The files of a report as its commit tells them.
fn made(step: &StepRecord, commit: &HistoryEntry) -> Vec<OutputRecord> {
    let files = commit.information.get(FILES).and_then(Value::as_array);
    let read = |file: &Value| {
        Some(OutputRecord {
            report: step.target.clone(),
            path: file.get("path")?.as_str()?.to_owned(),
            rows: file.get("rows")?.as_u64()?,
            bytes: file.get("bytes")?.as_u64()?,
            sha256: file.get("sha256")?.as_str()?.to_owned(),
            unchanged: file.get("unchanged")?.as_bool()?,
        })
    };
    files.into_iter().flatten().filter_map(read).collect()
}

/// Files as a report's commit tells them.
pub(super) fn told(outputs: &[OutputRecord]) -> Value {
    let file = |output: &OutputRecord| json!({"path": output.path, "rows": output.rows, "bytes": output.bytes, "sha256": output.sha256, "unchanged": output.unchanged});
    outputs.iter().map(file).collect()
}
