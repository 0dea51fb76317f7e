//! Tables for people: columns two spaces apart, a rule under the header, numbers to the right. Nothing that a copy and paste would have
//! to be cleaned of.

use std::fmt;

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, TableStyle};

/// Where the values of a column stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// A table under way.
pub(crate) struct Table {
    names: Vec<String>,
    align: Vec<Align>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(columns: impl Iterator<Item = (String, Align)>) -> Self {
        let (names, align) = columns.map(|(name, align)| (visible(&name), align)).unzip();
        Self { names, align, rows: Vec::new() }
    }

    pub(crate) fn row(&mut self, values: impl Iterator<Item = String>) {
        self.rows.push(values.map(|value| visible(&value)).collect());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = comfy_table::Table::new();
        table.load_style(TableStyle::new().header_separator(LineStyle::none().fill('-')));
        table.set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(&self.names);
        for row in &self.rows {
            table.add_row(row);
        }
        for (column, align) in table.column_iter_mut().zip(&self.align) {
            column.set_padding((0, 2));
            column.set_cell_alignment(if *align == Align::Right { CellAlignment::Right } else { CellAlignment::Left });
        }
        let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
        formatter.write_str(&lines.join("\n"))
    }
}

/// A line stays a line: what would break it is written as an escape.
fn visible(text: &str) -> String {
    if !text.contains(char::is_control) {
        return text.to_owned();
    }
    text.chars().map(|letter| if letter.is_control() { letter.escape_default().to_string() } else { letter.to_string() }).collect()
}
