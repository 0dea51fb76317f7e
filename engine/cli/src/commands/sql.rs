//! `nightshift sql`.

use std::io::Read;
use std::path::Path;

use nightshift_app::{Error, Result, Workspace};
use nightshift_diagnostic::{Fault, SourceText};
use nightshift_project::Rewrite;
use serde_json::{Map, json};

use super::rows::{answers_json, note_answers, note_missing, print_rows, tables_json};
use super::signal::stop_on_signal;
use crate::arguments::Limit;
use crate::printer::Printer;

pub(super) async fn sql(
    root: &Path,
    target: Option<&str>,
    printer: &Printer,
    query: Option<&str>,
    file: Option<&Path>,
    limit: Limit,
    may_rewrite: Rewrite,
) -> Result<Option<Fault>> {
    let text = read(query, file)?;
    let (workspace, problems) = Workspace::open(root, target).await?;
    let query = workspace.query(&text, limit.0, may_rewrite, &problems, &stop_on_signal(*printer)).await?;
    note_missing(printer, &query.tables);
    note_answers(printer, &workspace, &query.blocks);
    printer.other_problems(&problems);
    let about =
        Map::from_iter([("tables".to_owned(), json!(tables_json(&query.tables))), ("answered_from".to_owned(), answers_json(&workspace, &query.blocks))]);
    print_rows(printer, query, about).await?;
    Ok(None)
}

/// The query with the name that diagnostics call it by.
fn read(query: Option<&str>, file: Option<&Path>) -> Result<std::sync::Arc<SourceText>> {
    let unreadable = |path: &Path| {
        let path = path.to_path_buf();
        |source| Error::File { path, source }
    };
    match (query, file) {
        (Some("-"), _) => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).map_err(unreadable(Path::new("<standard input>")))?;
            Ok(SourceText::new("<standard input>", text))
        }
        (Some(query), _) => Ok(SourceText::new("<command line>", query)),
        (None, file) => {
            let file = file.unwrap_or(Path::new("<no file>"));
            Ok(SourceText::new(file, std::fs::read_to_string(file).map_err(unreadable(file))?))
        }
    }
}
