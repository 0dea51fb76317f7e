//! Rows as two engines write them, compared by the contract of a rollup: everything is equal, doubles nearly.

use std::cmp::Ordering;
use std::fmt;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use arrow::util::display::{ArrayFormatter, FormatOptions};

/// What doubles may differ by, relatively. Below 1 it is what they may differ by: the doubles that they are made from are eighths, so that
/// there a difference is one of numbers that are no nearer to 0.
const TOLERANCE: f64 = 1e-12;

/// The rows of a rollup in an order of their own.
pub(crate) struct Rows(Vec<Vec<Cell>>);

#[derive(Debug)]
enum Cell {
    Exact(String),
    Double(f64),
}

impl Rows {
    /// The rows of batches.
    pub(crate) fn of(schema: &Schema, batches: &[RecordBatch]) -> Self {
        Self::read(schema, batches.iter().flat_map(texts).collect())
    }

    /// Rows whose cells are written as text; the types of their columns say which are doubles.
    pub(crate) fn read(schema: &Schema, texts: Vec<Vec<String>>) -> Self {
        let cell = |(column, text): (usize, String)| match text.parse() {
            Ok(number) if schema.field(column).data_type().is_floating() => Cell::Double(number),
            _ => Cell::Exact(text),
        };
        let mut rows: Vec<Vec<Cell>> = texts.into_iter().map(|row| row.into_iter().enumerate().map(cell).collect()).collect();
        rows.sort_by(|one, other| order(one, other));
        Self(rows)
    }
}

/// Rows that differ in nothing exact are those of a multiset, and are told apart by their doubles.
fn order(one: &[Cell], other: &[Cell]) -> Ordering {
    let exact = |cell: &Cell| if let Cell::Exact(text) = cell { Some(text.clone()) } else { None };
    let double = |cell: &Cell| if let Cell::Double(number) = cell { Some(*number) } else { None };
    let doubles = || one.iter().filter_map(double).zip(other.iter().filter_map(double));
    one.iter().filter_map(exact).cmp(other.iter().filter_map(exact)).then_with(|| {
        let unequal = doubles().map(|(one, other)| one.total_cmp(&other)).find(|order| order.is_ne());
        unequal.unwrap_or(Ordering::Equal)
    })
}

impl PartialEq for Rows {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl PartialEq for Cell {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Exact(one), Self::Exact(other)) => one == other,
            (Self::Double(one), Self::Double(other)) if one.is_finite() && other.is_finite() => {
                (one - other).abs() <= TOLERANCE * one.abs().max(other.abs()).max(1.0)
            }
            (Self::Double(one), Self::Double(other)) => one == other || (one.is_nan() && other.is_nan()),
            _ => false,
        }
    }
}

impl fmt::Display for Rows {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in &self.0 {
            let cells: Vec<String> = row.iter().map(Cell::to_string).collect();
            write!(formatter, "\n  {}", cells.join(" | "))?;
        }
        Ok(())
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(text) => formatter.write_str(text),
            Self::Double(number) => write!(formatter, "{number:?}"),
        }
    }
}

/// The cells of each row; times are those of the clock on the wall.
fn texts(batch: &RecordBatch) -> Vec<Vec<String>> {
    let options = FormatOptions::default().with_null("NULL").with_timestamp_tz_format(Some("%Y-%m-%dT%H:%M:%S"));
    let columns: Vec<ArrayFormatter<'_>> = batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
    (0..batch.num_rows()).map(|row| columns.iter().map(|column| column.value(row).to_string()).collect()).collect()
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::{DataType, Field};

    use super::*;

    fn rows(texts: &[[&str; 2]]) -> Rows {
        let schema = Schema::new(vec![Field::new("key", DataType::Utf8, true), Field::new("number", DataType::Float64, true)]);
        Rows::read(&schema, texts.iter().map(|row| row.map(str::to_owned).to_vec()).collect())
    }

    #[test]
    fn doubles_are_nearly_equal_and_all_else_is_equal() {
        assert!(rows(&[["a", "1e16"], ["b", "nan"]]) == rows(&[["b", "NaN"], ["a", "10000000000000001"]]));
        assert!(rows(&[["a", "-0.0"], ["a", "inf"]]) == rows(&[["a", "inf"], ["a", "1e-17"]]));
        for other in [["a", "1.00000000001"], ["a", "NULL"], ["a", "inf"], ["a", "nan"], ["b", "1"]] {
            assert!(rows(&[["a", "1"]]) != rows(&[other]), "{other:?}");
        }
        assert!(rows(&[["a", "1"], ["a", "1"]]) != rows(&[["a", "1"]]));
        assert!(rows(&[["a", "inf"]]) != rows(&[["a", "-inf"]]));
    }
}
