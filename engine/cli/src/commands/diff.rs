//! `nightshift diff`.

use nightshift_app::diff::{Diff, told};
use nightshift_app::{Result, Workspace};
use nightshift_diagnostic::Fault;
use serde_json::{Value, json};

use super::rows::table;
use super::signal::stop_on_signal;
use crate::printer::Printer;

pub(super) async fn diff(root: &std::path::Path, target: Option<&str>, printer: &Printer, name: &str, shown: Option<usize>) -> Result<Option<Fault>> {
    let (workspace, problems) = Workspace::open(root, target).await?;
    let rollup = workspace.named_rollup(name)?;
    let found = workspace.diff(rollup, shown.unwrap_or(usize::MAX), &stop_on_signal(*printer)).await?;
    printer.data(text(&found).trim_end(), &as_json(&found));
    printer.other_problems(&problems);
    if found.columns.breaks_readers() {
        printer.note(&format!("readers of the table may break; a run takes it with --accept {}", found.rollup));
    }
    Ok(None)
}

fn text(found: &Diff) -> String {
    let is_same = if found.is_of_definition { "the table is of this definition" } else { "the table is of an earlier definition" };
    let mut text = format!("{}, version {}: {is_same}\n", found.rollup, found.table_version);
    for line in told(&found.columns).into_iter().chain(found.columns.added.iter().map(|name| format!("`{name}` is new"))) {
        text.push_str(&format!("column {line}\n"));
    }
    let rows = found.rows;
    match found.differences {
        0 => text.push_str(&format!("the same in the columns that both have (rows: {rows})\n")),
        count => {
            text.push_str(&format!("rows that only one side has, in the columns that both have: {count} (the table has {rows})\n\n"));
            text.push_str(&table(&found.shown_columns, &found.shown));
            let more = count - found.shown.len() as u64;
            if more > 0 {
                text.push_str(&format!("and {more} more: --limit N, or --limit all\n"));
            }
        }
    }
    text
}

fn as_json(found: &Diff) -> Value {
    let columns = &found.columns;
    json!({
        "rollup": found.rollup, "table_version": found.table_version, "is_of_definition": found.is_of_definition, "rows": found.rows,
        "columns": {"kept": columns.kept, "added": columns.added, "removed": columns.removed, "retyped": columns.retyped.iter().map(|(name, ..)| name).collect::<Vec<_>>()},
        "breaks_readers": columns.breaks_readers(), "differences": found.differences,
        "shown_columns": found.shown_columns.iter().map(|column| column.name.clone()).collect::<Value>(), "shown": found.shown,
    })
}
