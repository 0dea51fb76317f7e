//! What a query gives beside what it should have given.
//!
//! Rows are compared as a person reads them, first as a bag: what is left on both sides after equal rows have gone is paired by
//! likeness, so that the message can point at the value that differs. Where the query has an order, that of the rows must be it.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;
use nightshift_diagnostic::{Diagnostic, Diagnostics, Location, SourceText, codes};

use super::fixture::Rows;
use crate::Result;
use crate::query::Row;

/// Doubles are equal if they differ by less than this share of the greater: nobody writes all 17 digits of a quotient.
const TOLERANCE: f64 = 1e-9;

/// Surplus rows that are shown; the others are counted.
const SHOWN: usize = 5;

/// The two sides.
pub(super) struct Sides<'a> {
    /// What is tested.
    pub(super) name: &'a str,
    /// The test's file.
    pub(super) file: &'a Arc<SourceText>,
    /// The expected rows, with their places.
    pub(super) expect: &'a Rows,
    /// The expected rows.
    pub(super) wanted: &'a RecordBatch,
    /// The query's rows.
    pub(super) got: &'a RecordBatch,
    /// Whether the query says in which order they come.
    pub(super) ordered: bool,
}

/// What differs, each at its place; nothing if the test passes.
pub(super) fn compare(sides: &Sides<'_>) -> Result<Diagnostics> {
    let wanted = nightshift_deliver::text::rows(sides.wanted)?;
    let got = nightshift_deliver::text::rows(sides.got)?;
    let comparison = Comparison { sides, schema: sides.got.schema(), wanted, got };
    Ok(comparison.differences())
}

struct Comparison<'a> {
    sides: &'a Sides<'a>,
    schema: SchemaRef,
    wanted: Vec<Row>,
    got: Vec<Row>,
}

impl Comparison<'_> {
    /// What differs: rows first, then their order, which is not looked at before all rows are right.
    fn differences(&self) -> Diagnostics {
        let found = self.in_any_order();
        if found.is_empty() && self.sides.ordered { self.order() } else { found }
    }

    fn in_any_order(&self) -> Diagnostics {
        let mut left: Vec<&Row> = self.got.iter().collect();
        let mut lacking: Vec<(usize, &Row)> = Vec::new();
        for (index, wanted) in self.wanted.iter().enumerate() {
            match left.iter().position(|got| self.differing(wanted, got).is_empty()) {
                Some(place) => drop(left.remove(place)),
                None => lacking.push((index, wanted)),
            }
        }
        let mut found = Diagnostics::new();
        for (index, wanted) in lacking {
            // Rows that agree in less than half of their columns are not the same row with a mistake.
            let likeness = |got: &&Row| self.schema.fields().len() - self.differing(wanted, got).len();
            let nearest = left.iter().enumerate().max_by_key(|(_, got)| likeness(got)).filter(|(_, got)| 2 * likeness(got) >= self.schema.fields().len());
            match nearest.map(|(place, _)| place) {
                Some(place) => found.push(self.differs(index, wanted, left.remove(place))),
                None => found.push(self.lacking(index, wanted)),
            }
        }
        found.extend(self.surplus(left));
        found
    }

    /// The first row that stands in another place than it should; all rows are there.
    fn order(&self) -> Diagnostics {
        let pairs = self.wanted.iter().zip(&self.got).enumerate();
        let misplaced = pairs.into_iter().find(|(_, (wanted, got))| !self.differing(wanted, got).is_empty());
        let Some((index, (_, got))) = misplaced else { return Diagnostics::new() };
        let message = format!("the rows of `{}` are right, but their order is not", self.sides.name);
        self.failed(message, index, "").label(format!("another row comes as row {}", index + 1)).note(format!("got {}", self.written(got))).into()
    }

    /// The positions of the columns in which two rows differ.
    fn differing(&self, wanted: &Row, got: &Row) -> Vec<usize> {
        let pairs = wanted.iter().zip(got).zip(self.schema.fields()).enumerate();
        pairs.filter(|(_, ((wanted, got), field))| !equal(wanted.as_deref(), got.as_deref(), field.data_type())).map(|(index, _)| index).collect()
    }

    fn differs(&self, row: usize, wanted: &Row, got: &Row) -> Diagnostic {
        let columns = self.differing(wanted, got);
        let name = |index: &usize| self.schema.fields().get(*index).map_or("", |field| field.name().as_str());
        let first = columns.first().map_or("", name);
        let value = |row: &Row, index: &usize| shown(row.get(*index).and_then(Option::as_deref)).to_owned();
        let label = columns.first().map(|index| format!("the query gives {}", value(got, index))).unwrap_or_default();
        let lines = columns.iter().map(|index| format!("{}: expected {}, got {}", name(index), value(wanted, index), value(got, index)));
        let mut diagnostic = self.failed(format!("row {} of `{}` is not as expected", row + 1, self.sides.name), row, first).label(label);
        for line in lines {
            diagnostic = diagnostic.note(line);
        }
        diagnostic.note(format!("got {}", self.written(got)))
    }

    fn lacking(&self, row: usize, wanted: &Row) -> Diagnostic {
        let message = format!("`{}` does not give row {}", self.sides.name, row + 1);
        self.failed(message, row, "").label("expected").note(format!("expected {}", self.written(wanted)))
    }

    fn surplus(&self, rows: Vec<&Row>) -> Diagnostics {
        if rows.is_empty() {
            return Diagnostics::new();
        }
        let count = if rows.len() == 1 { "a row".to_owned() } else { format!("{} rows", rows.len()) };
        let mut diagnostic = Diagnostic::error(codes::TEST_FAILED, format!("`{}` gives {count} that nobody expects", self.sides.name))
            .at(Location::new(self.sides.file, self.sides.expect.place));
        for row in rows.iter().take(SHOWN) {
            diagnostic = diagnostic.note(format!("got {}", self.written(row)));
        }
        if rows.len() > SHOWN {
            diagnostic = diagnostic.note(format!("and {} more", rows.len() - SHOWN));
        }
        diagnostic.into()
    }

    fn failed(&self, message: String, row: usize, column: &str) -> Diagnostic {
        Diagnostic::error(codes::TEST_FAILED, message).at(Location::new(self.sides.file, self.sides.expect.place_of(row, column)))
    }

    /// A row as it would be written in the test.
    fn written(&self, row: &Row) -> String {
        let cells = self.schema.fields().iter().zip(row).map(|(field, value)| format!("{}: {}", field.name(), shown(value.as_deref())));
        format!("{{{}}}", cells.collect::<Vec<_>>().join(", "))
    }
}

fn shown(value: Option<&str>) -> &str {
    match value {
        None => "null",
        Some("") => "''",
        Some(value) => value,
    }
}

fn equal(wanted: Option<&str>, got: Option<&str>, data_type: &DataType) -> bool {
    let numbers = || Some((wanted?.parse::<f64>().ok()?, got?.parse::<f64>().ok()?));
    match (data_type, numbers()) {
        (DataType::Float32 | DataType::Float64, Some((wanted, got))) if wanted.is_finite() && got.is_finite() => {
            (wanted - got).abs() <= TOLERANCE * wanted.abs().max(got.abs())
        }
        _ => wanted == got,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_may_be_written_short_and_everything_else_is_exact() {
        let double = DataType::Float64;
        assert!(equal(Some("0.3333333333"), Some("0.3333333333333333"), &double));
        assert!(!equal(Some("0.333333"), Some("0.3333333333333333"), &double));
        assert!(equal(Some("0"), Some("0.0"), &double) && !equal(Some("0"), Some("1e-300"), &double));
        assert!(!equal(None, Some("0.0"), &double) && equal(None, None, &double));
        assert!(equal(Some("NaN"), Some("NaN"), &double) && !equal(Some("NaN"), Some("1.0"), &double));
        assert!(!equal(Some("1.0"), Some("1.00"), &DataType::Decimal128(10, 2)), "both sides are written with the column's own scale");
    }
}
