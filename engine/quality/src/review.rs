//! The rows of a review table.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Date32Array, Int64Array, RecordBatch, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use crate::Result;

/// A record of a file that broke the contract, as it stands in `review/<source>` until someone decides. Within a source it is
/// known by file, hash and line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewRow {
    /// The file, `<date>/<name>`.
    pub file: Arc<str>,
    /// The day on which the file arrived, in days since 1970.
    pub date: i32,
    /// SHA-256 of the file, in hexadecimal digits.
    pub hash: Arc<str>,
    /// Line in the file on which the record starts, 1-based; in Parquet the number of the row.
    pub line: i64,
    /// Why, in words, one reason after the other.
    pub reasons: Vec<String>,
    /// The record as it stands in the file.
    pub record: String,
}

/// The columns of a review table.
#[must_use]
pub fn review_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("file", DataType::Utf8, false),
        Field::new("date", DataType::Date32, false),
        Field::new("hash", DataType::Utf8, false),
        Field::new("line", DataType::Int64, false),
        Field::new("reasons", DataType::Utf8, false),
        Field::new("record", DataType::Utf8, false),
    ]))
}

/// Review rows as a batch of [`review_schema`].
///
/// # Errors
/// Only if Arrow refuses the columns, which would be a defect.
pub fn review_batch(rows: &[ReviewRow]) -> Result<RecordBatch> {
    let text = |value: fn(&ReviewRow) -> &str| Arc::new(StringArray::from_iter_values(rows.iter().map(value))) as ArrayRef;
    let reasons = StringArray::from_iter_values(rows.iter().map(|row| row.reasons.join("; ")));
    let columns: Vec<ArrayRef> = vec![
        text(|row| &row.file),
        Arc::new(Date32Array::from_iter_values(rows.iter().map(|row| row.date))),
        text(|row| &row.hash),
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.line))),
        Arc::new(reasons),
        text(|row| &row.record),
    ];
    Ok(RecordBatch::try_new(review_schema(), columns)?)
}
