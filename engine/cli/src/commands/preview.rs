//! `nightshift preview`.

use std::collections::BTreeMap;

use nightshift_app::{Result, Workspace};
use nightshift_diagnostic::Fault;
use serde_json::{Map, json};

use super::rows::{answers_json, note_answers, note_missing, print_rows, tables_json};
use super::signal::stop_on_signal;
use crate::arguments::Limit;
use crate::printer::Printer;

pub(super) async fn preview(
    root: &std::path::Path,
    target: Option<&str>,
    printer: &Printer,
    file: &str,
    parameters: &[(String, String)],
    limit: Limit,
) -> Result<Option<Fault>> {
    let (workspace, problems) = Workspace::open(root, target).await?;
    let given: BTreeMap<String, String> = parameters.iter().cloned().collect();
    let named = workspace.named(file)?;
    let preview = workspace.preview(named, &given, limit.0, &problems, &stop_on_signal(*printer)).await?;
    printer.note(&format!("{} ({}): {}", preview.name, preview.kind, preview.title));
    for (name, value) in &preview.parameters {
        printer.note(&format!("{name} = {value}"));
    }
    note_missing(printer, &preview.query.tables);
    note_answers(printer, &workspace, &preview.query.blocks);
    printer.other_problems(&problems);
    let about = Map::from_iter([
        ("name".to_owned(), json!(preview.name)),
        ("kind".to_owned(), json!(preview.kind.as_str())),
        ("parameters".to_owned(), preview.parameters.iter().map(|(name, value)| (name.clone(), json!(value))).collect::<Map<_, _>>().into()),
        ("tables".to_owned(), tables_json(&preview.query.tables)),
        ("answered_from".to_owned(), answers_json(&workspace, &preview.query.blocks)),
    ]);
    print_rows(printer, preview.query, about).await?;
    Ok(None)
}
