//! Values of partition columns: how rows split by them, how the log spells them, and which folder they give.

use std::collections::BTreeMap;
use std::ops::Range;

use arrow::array::{Array as _, ArrayRef, AsArray as _, RecordBatch};
use arrow::compute::partition;
use arrow::datatypes::{DataType, Date32Type};
use arrow::temporal_conversions::date32_to_datetime;
use datafusion::common::ScalarValue;

use crate::error::{Error, Result};
use crate::layout::TableLayout;

/// The partition of some rows: a value for each partition column, as the log spells it; none is NULL.
pub(crate) type PartitionValues = BTreeMap<String, Option<String>>;

/// Splits a batch in stored types into runs of rows of one partition.
pub(crate) fn runs(batch: &RecordBatch, layout: &TableLayout) -> Result<Vec<(PartitionValues, Range<usize>)>> {
    if batch.num_rows() == 0 {
        return Ok(Vec::new());
    }
    if layout.partition_columns().is_empty() {
        return Ok(vec![(PartitionValues::new(), 0..batch.num_rows())]);
    }
    let columns = layout
        .partition_columns()
        .iter()
        .map(|name| batch.column_by_name(name).cloned().ok_or_else(|| Error::MissingColumn { column: name.clone() }))
        .collect::<Result<Vec<_>>>()?;
    let ranges = partition(&columns)?.ranges();
    ranges
        .into_iter()
        .map(|range| {
            let values = layout.partition_columns().iter().zip(&columns);
            let values = values.map(|(name, column)| Ok((name.clone(), spell(name, column, range.start)?))).collect::<Result<_>>()?;
            Ok((values, range))
        })
        .collect()
}

fn spell(name: &str, column: &ArrayRef, row: usize) -> Result<Option<String>> {
    if column.is_null(row) {
        return Ok(None);
    }
    match column.data_type() {
        DataType::Date32 => {
            let date = date32_to_datetime(column.as_primitive::<Date32Type>().value(row));
            Ok(date.map(|date| date.format("%Y-%m-%d").to_string()))
        }
        DataType::Utf8 => match column.as_string::<i32>().value(row) {
            "" => Err(Error::PartitionValue { column: name.to_owned() }),
            text => Ok(Some(text.to_owned())),
        },
        other => Err(Error::PartitionType { column: name.to_owned(), data_type: other.clone() }),
    }
}

/// The value of a partition column from how the log spells it, in one of the types that partition columns have.
pub(crate) fn parse(text: Option<&str>, data_type: &DataType) -> ScalarValue {
    let value = match (text.filter(|text| !text.is_empty()), data_type) {
        (Some(text), DataType::Date32) => {
            let days = text.parse::<chrono::NaiveDate>().ok().map(|date| date.signed_duration_since(chrono::NaiveDate::default()).num_days());
            Some(ScalarValue::Date32(days.and_then(|days| i32::try_from(days).ok())))
        }
        (Some(text), DataType::Utf8View) => Some(ScalarValue::Utf8View(Some(text.to_owned()))),
        (Some(text), _) => Some(ScalarValue::Utf8(Some(text.to_owned()))),
        (None, _) => None,
    };
    value.unwrap_or_else(|| ScalarValue::try_from(data_type).unwrap_or(ScalarValue::Null))
}

/// The folder that the files of a partition lie in, for people who look. Delta does not read it, so that a value which would
/// need escaping simply gives none.
pub(crate) fn folder(layout: &TableLayout, values: &PartitionValues) -> String {
    let plain = |text: &str| text.len() <= 64 && !text.starts_with('.') && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    let mut folder = String::new();
    for name in layout.partition_columns() {
        match values.get(name) {
            Some(Some(value)) if plain(value) && plain(name) => folder = format!("{folder}{name}={value}/"),
            Some(None) if plain(name) => folder = format!("{folder}{name}=__HIVE_DEFAULT_PARTITION__/"),
            _ => {}
        }
    }
    folder
}
