//! The rows of a query: a table for people, one JSON value or CSV for programs.

use nightshift_app::query::{Column, Query, Row, ValueKind};
use nightshift_app::rewrite::{Answered, Block};
use nightshift_app::{Result, Workspace, query};
use serde_json::{Map, Value, json};

use crate::arguments::Format;
use crate::printer::Printer;
use crate::table::{Align, Table};

/// Rows that a person sees under one header; the widths of their columns fit all of them.
const PAGE: usize = 1000;

/// Prints the rows as they come. `about` stands beside them in JSON. Gives the number of rows.
pub(super) async fn print_rows(printer: &Printer, mut query: Query, about: Map<String, Value>) -> Result<usize> {
    let columns = query.columns.clone();
    let mut count = 0;
    let mut page: Vec<Row> = Vec::new();
    let mut next = query.next().await?;
    // Nothing is printed before the first rows are there: a query that fails leaves no half of a result.
    printer.part(&head(printer.format(), &columns, &about));
    while let Some(rows) = next {
        for row in rows {
            let heard = match printer.format() {
                Format::Json => printer.part(&json_row(&columns, &row, count == 0)),
                Format::Csv => printer.part(&csv_line(row.iter().map(Option::as_deref))),
                Format::Text => {
                    page.push(row);
                    page.len() < PAGE || printer.part(&table(&columns, &std::mem::take(&mut page)))
                }
            };
            count += 1;
            if !heard {
                return Ok(count);
            }
        }
        next = query.next().await?;
    }
    match printer.format() {
        Format::Text if count == 0 || !page.is_empty() => printer.part(&table(&columns, &page)),
        Format::Json => printer.part(&format!("],\"has_more\":{}}}\n", query.has_more())),
        _ => true,
    };
    let more = if query.has_more() { "; there are more: --limit N, or --limit all" } else { "" };
    printer.note(&format!("{count} {}{more}", if count == 1 { "row" } else { "rows" }));
    Ok(count)
}

/// What is said of the tables: those that are not there.
pub(super) fn note_missing(printer: &Printer, tables: &[query::TableRead]) {
    for table in tables {
        if let Some(command) = &table.missing {
            printer.note(&format!("warning: `{}` has never been made, so it has no rows here; to make it: {command}", table.name));
        }
    }
}

/// What is said of a query that was answered from rollups.
pub(super) fn note_answers(printer: &Printer, workspace: &Workspace, blocks: &[Block]) {
    for (block, answered) in blocks.iter().filter_map(|block| Some((block, block.answered.as_ref()?))) {
        printer.note(&told(workspace, block, answered));
    }
}

/// Which rollup answers what, for people.
pub(super) fn told(workspace: &Workspace, block: &Block, answered: &Answered) -> String {
    let tables: Vec<String> = block.tables.iter().map(|table| format!("`{table}`")).collect();
    let tables = tables.join(", ");
    let rows = answered.rows.map_or_else(String::new, |rows| format!(" ({rows} {})", if rows == 1 { "row" } else { "rows" }));
    let rests = workspace.rests(answered);
    let rests = if rests.is_empty() { String::new() } else { format!("; read from {tables} itself: {}", rests.join(", ")) };
    format!("answered from `{}`{rows} instead of {tables}{rests}", answered.rollup)
}

pub(super) fn answers_json(workspace: &Workspace, blocks: &[Block]) -> Value {
    let answers = blocks.iter().filter_map(|block| {
        let answered = block.answered.as_ref()?;
        Some(json!({"rollup": answered.rollup, "version": answered.version, "rows": answered.rows, "tables": block.tables, "rests": workspace.rests(answered)}))
    });
    answers.collect()
}

pub(super) fn tables_json(tables: &[query::TableRead]) -> Value {
    tables.iter().map(|table| json!({"table": table.name, "version": table.version})).collect()
}

fn head(format: Format, columns: &[Column], about: &Map<String, Value>) -> String {
    match format {
        Format::Text => String::new(),
        Format::Csv => csv_line(columns.iter().map(|column| Some(column.name.as_str()))),
        Format::Json => {
            let described =
                columns.iter().map(|column| json!({"name": column.name, "type": column.data_type, "description": column.description, "unit": column.unit}));
            let mut head = about.clone();
            head.insert("columns".to_owned(), described.collect());
            let text = Value::Object(head).to_string();
            format!("{},\"rows\":[", text.strip_suffix('}').unwrap_or(&text))
        }
    }
}

pub(super) fn table(columns: &[Column], rows: &[Row]) -> String {
    let align = |column: &Column| if column.kind == ValueKind::Number { Align::Right } else { Align::Left };
    let mut table = Table::new(columns.iter().map(|column| (column.name.clone(), align(column))));
    for row in rows {
        table.row(row.iter().map(|value| value.clone().unwrap_or_else(|| "NULL".to_owned())));
    }
    format!("{table}\n")
}

fn csv_line<'a>(values: impl Iterator<Item = Option<&'a str>>) -> String {
    let fields: Vec<String> = values.map(query::csv_field).collect();
    format!("{}\n", fields.join(","))
}

fn json_row(columns: &[Column], row: &Row, first: bool) -> String {
    let values: Vec<String> = columns.iter().zip(row).map(|(column, value)| json_value(column.kind, value.as_deref())).collect();
    format!("{}\n[{}]", if first { "" } else { "," }, values.join(","))
}

/// Numbers are written with all their digits, which a double could not keep.
fn json_value(kind: ValueKind, value: Option<&str>) -> String {
    match (kind, value) {
        (_, None) => "null".to_owned(),
        (ValueKind::Boolean, Some(text)) => text.to_owned(),
        (ValueKind::Number, Some(text)) if !text.ends_with(|last: char| last.is_alphabetic()) => text.to_owned(),
        (_, Some(text)) => Value::from(text).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_keeps_its_digits_and_what_is_none_is_a_text() {
        let value = |text| json_value(ValueKind::Number, Some(text));
        assert_eq!(value("12345678901234567890.10"), "12345678901234567890.10");
        assert_eq!(value("1e-300"), "1e-300");
        assert_eq!((value("NaN"), value("-inf")), ("\"NaN\"".to_owned(), "\"-inf\"".to_owned()));
        assert_eq!(json_value(ValueKind::Text, Some("王\"\n")), "\"王\\\"\\n\"");
        assert_eq!(json_value(ValueKind::Text, None), "null");
    }
}
