//! How a column looks: number format and width.

use std::collections::BTreeMap;

use arrow::datatypes::Field;
use rust_xlsxwriter::Format;

use crate::Result;
use crate::cell::{Cell, Column, Kind};
use crate::decimal::write_decimal;

/// Widths in characters. Numbers get room for what later batches may bring, since a number that does not fit shows as `####`.
const NARROWEST: usize = 8;
const NARROWEST_NUMBER: usize = 14;
const WIDEST: usize = 60;

/// What the filter's arrow and the bold letters take beside a header.
const HEADER_EXTRA: usize = 4;

/// Rows that are measured, from the beginning.
pub(super) const MEASURED: usize = 1000;

/// Decimals that a number format can have.
const MOST_DECIMALS: i8 = 30;

/// The look of one column.
pub(super) struct Look {
    pub(super) name: String,
    pub(super) format: Option<Format>,
    grouped: bool,
    characters: usize,
}

impl Look {
    pub(super) fn of(field: &Field, formats: &BTreeMap<String, String>) -> Result<Self> {
        let kind = Kind::of(field)?;
        let name = field.name().clone();
        let code = formats.get(&name).cloned().or_else(|| number_format(&name, kind));
        let least = match kind {
            Kind::Integer if !is_label(&name) => NARROWEST_NUMBER,
            Kind::Decimal { .. } | Kind::Float => NARROWEST_NUMBER,
            _ => NARROWEST,
        };
        Ok(Self {
            characters: least.max(display_width(&name) + HEADER_EXTRA),
            grouped: code.as_deref().is_some_and(|code| code.starts_with("#,")),
            format: code.map(|code| Format::new().set_num_format(code)),
            name,
        })
    }

    /// Makes room for the first `rows` values of a column.
    pub(super) fn widen(&mut self, column: &Column, rows: usize) -> Result<()> {
        for row in 0..rows {
            self.characters = self.characters.max(length(&column.cell(row)?, self.grouped) + 1);
        }
        Ok(())
    }

    /// The width, in characters of the default font.
    pub(super) fn width(&self) -> f64 {
        // At most 60, so exact.
        self.characters.min(WIDEST) as f64
    }
}

/// Whether an integer names something rather than counts it: `depot_id`, `year`. `2,026` is no year.
fn is_label(name: &str) -> bool {
    ["id", "year"].iter().any(|word| name == *word || name.strip_suffix(word).is_some_and(|rest| rest.ends_with('_')))
}

fn number_format(name: &str, kind: Kind) -> Option<String> {
    let code = match kind {
        Kind::Integer | Kind::Decimal { scale: ..=0 } if is_label(name) => "0".to_owned(),
        Kind::Integer | Kind::Decimal { scale: ..=0 } => "#,##0".to_owned(),
        Kind::Decimal { scale } => format!("#,##0.{}", "0".repeat(usize::from(scale.min(MOST_DECIMALS).unsigned_abs()))),
        Kind::Float => "#,##0.00####".to_owned(),
        Kind::Date => "yyyy-mm-dd".to_owned(),
        Kind::Timestamp => "yyyy-mm-dd hh:mm:ss".to_owned(),
        Kind::Time => "hh:mm:ss".to_owned(),
        Kind::Nothing | Kind::Boolean | Kind::Text => return None,
    };
    Some(code)
}

fn length(cell: &Cell<'_>, grouped: bool) -> usize {
    let number = |text: &str| {
        let whole = text.split('.').next().unwrap_or(text).len();
        text.len() + if grouped { whole.saturating_sub(1) / 3 } else { 0 }
    };
    match cell {
        Cell::Null => 0,
        Cell::Boolean(_) => 5,
        Cell::Integer(value) => number(&value.to_string()),
        Cell::Decimal { unscaled, scale } => {
            let mut text = Vec::new();
            write_decimal(&mut text, *unscaled, *scale);
            number(&String::from_utf8_lossy(&text))
        }
        Cell::Single(value) => number(&format!("{value:.6}")),
        Cell::Double(value) => number(&format!("{value:.6}")),
        Cell::Text(text) => text.lines().map(display_width).max().unwrap_or(0),
        Cell::Date(_) => 10,
        Cell::Timestamp(_) => 19,
        Cell::Time(_) => 8,
    }
}

/// Characters of the default font; Chinese ones take two.
fn display_width(text: &str) -> usize {
    text.chars().map(|c| if c < '\u{1100}' { 1 } else { 2 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_follow_type_and_name() {
        let code = |name, kind| number_format(name, kind).unwrap_or_default();
        assert_eq!(code("depot_id", Kind::Integer), "0");
        assert_eq!(code("paid", Kind::Integer), "#,##0");
        assert_eq!(code("fiscal_year", Kind::Integer), "0");
        assert_eq!(code("revenue", Kind::Decimal { scale: 2 }), "#,##0.00");
        assert_eq!(code("cylinders", Kind::Decimal { scale: 0 }), "#,##0");
        assert_eq!(code("name", Kind::Text), "");
    }

    #[test]
    fn widths_count_separators_and_chinese() {
        assert_eq!(length(&Cell::Integer(1_234_567), true), 9);
        assert_eq!(length(&Cell::Decimal { unscaled: 123_456_789, scale: 2 }, true), 12);
        assert_eq!(length(&Cell::Text("台北廠\nA".into()), false), 6);
    }
}
