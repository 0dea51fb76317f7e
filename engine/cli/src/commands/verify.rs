//! `nightshift verify`.

use std::sync::Arc;

use nightshift_app::verify::{Extent, Verification};
use nightshift_app::{Result, Workspace};
use nightshift_diagnostic::Fault;
use serde_json::{Value, json};

use super::rows::table;
use super::signal::stop_on_signal;
use crate::printer::Printer;

pub(super) async fn verify(
    root: &std::path::Path,
    target: Option<&str>,
    printer: &Printer,
    name: Option<&str>,
    extent: Extent,
    shown: Option<usize>,
) -> Result<Option<Fault>> {
    let (workspace, problems) = Workspace::open(root, target).await?;
    let chosen = match name {
        None => workspace.compiled.rollups.clone(),
        Some(name) => vec![Arc::clone(workspace.named_rollup(name)?)],
    };
    let cancel = stop_on_signal(*printer);
    let ledger = workspace.ledger().await?;
    let mut found = Vec::new();
    for rollup in &chosen {
        let verification = workspace.verify(rollup, extent, shown.unwrap_or(usize::MAX), (&ledger, &nightshift_app::batch::owner(), None), &cancel).await?;
        if !printer.is_json() {
            printer.part(&text(&verification));
        }
        found.push(verification);
    }
    ledger.close().await;
    let different = found.iter().filter(|one| one.differences > 0).count();
    let skipped = found.iter().filter(|one| one.reason.is_some()).count();
    if printer.is_json() {
        printer.data("", &json!({"equal": found.len() - different - skipped, "different": different, "not_verified": skipped, "rollups": found.iter().map(as_json).collect::<Value>()}));
    }
    printer.other_problems(&problems);
    printer.note(&format!("{} equal, {different} different, {skipped} not verified", found.len() - different - skipped));
    if different > 0 {
        printer.note("what differs was not made by a refresh of these sources, or by a mistake of the engine; to compute buckets anew: nightshift backfill ROLLUP --from DAY --to DAY");
    }
    Ok((different > 0).then_some(Fault::Data))
}

fn text(found: &Verification) -> String {
    let mut text = format!("{}: {} ({:.1} s)\n", found.rollup, found.summary(), found.seconds);
    if !found.shown.is_empty() {
        let rows = table(&found.columns, &found.shown);
        text.push_str(&rows);
        let more = found.differences - found.shown.len() as u64;
        if more > 0 {
            text.push_str(&format!("and {more} more: --limit N, or --limit all\n"));
        }
        text.push('\n');
    }
    text
}

fn as_json(found: &Verification) -> Value {
    json!({
        "rollup": found.rollup, "table_version": found.table_version, "buckets": found.buckets.map(|(some, _)| some),
        "of_buckets": found.buckets.map(|(_, all)| all), "rows": found.rows, "not_verified_because": found.reason,
        "differences": found.differences, "columns": found.columns.iter().map(|column| column.name.clone()).collect::<Value>(),
        "shown": found.shown, "seconds": found.seconds,
    })
}
