//! Rows as text for whoever prints them instead of writing a file: the same text for the same value as in a CSV file.

use arrow::record_batch::RecordBatch;

use crate::Result;
use crate::cell::{self, Cell};
use crate::csv::encode;

/// The rows of a batch, each value as a CSV file shows it but without quotes; `None` is NULL. Lists and the like are shown as Arrow
/// prints them.
///
/// # Errors
/// When a time lies outside of what a calendar can say, or a zone is unknown.
pub fn rows(batch: &RecordBatch) -> Result<Vec<Vec<Option<String>>>> {
    let columns = cell::columns(batch.schema_ref(), batch)?;
    let row = |row| columns.iter().map(|column| Ok(shown(&column.cell(row)?))).collect();
    (0..batch.num_rows()).map(row).collect()
}

/// A field of a line of CSV: quoted where it must be; nothing at all is NULL.
#[must_use]
pub fn csv_field(value: Option<&str>) -> String {
    let mut out = Vec::new();
    if let Some(value) = value {
        encode::write_text(&mut out, value, ',');
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn shown(cell: &Cell<'_>) -> Option<String> {
    match cell {
        Cell::Null => None,
        Cell::Text(text) => Some(text.clone().into_owned()),
        other => {
            let mut out = Vec::new();
            encode::write_cell(&mut out, other, ',');
            Some(String::from_utf8_lossy(&out).into_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Decimal128Array, Float64Array, ListArray, StringArray, TimestampMicrosecondArray};
    use arrow::datatypes::Int32Type;

    use super::*;

    #[test]
    fn values_are_shown_as_in_a_file_and_null_is_told_from_nothing() {
        let decimals = Decimal128Array::from(vec![Some(123_450), None]).with_precision_and_scale(10, 2).unwrap();
        let times = TimestampMicrosecondArray::from(vec![1_795_455_000_000_000; 2]).with_timezone("Asia/Taipei");
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("decimal", Arc::new(decimals)),
            ("time", Arc::new(times)),
            ("double", Arc::new(Float64Array::from(vec![0.1, 1e300]))),
            ("text", Arc::new(StringArray::from(vec!["a, \"b\"", ""]))),
            ("list", Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(vec![Some(vec![Some(1), None]), None]))),
        ];
        let rows = rows(&RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true))).unwrap()).unwrap();
        let shown: Vec<Vec<&str>> = rows.iter().map(|row| row.iter().map(|value| value.as_deref().unwrap_or("NULL")).collect()).collect();
        assert_eq!(shown, [["1234.50", "2026-11-24 01:30:00", "0.1", "a, \"b\"", "[1, ]"], ["NULL", "2026-11-24 01:30:00", "1e300", "", "NULL"],]);
        let fields: Vec<String> = [Some("a, \"b\""), Some(""), Some("plain"), None].into_iter().map(csv_field).collect();
        assert_eq!(fields, ["\"a, \"\"b\"\"\"", "\"\"", "plain", ""]);
    }
}
