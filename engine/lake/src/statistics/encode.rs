//! Statistics as the JSON of Delta's log.

use std::fmt::Write as _;

use arrow::datatypes::Schema;
use arrow::temporal_conversions::{date32_to_datetime, timestamp_us_to_datetime};
use datafusion::common::ScalarValue;

use super::{ColumnStatistics, FileStatistics};

/// The JSON of an Add action's `stats`, columns in the order of the file's schema. Decimals are written digit by digit: as a
/// floating-point number a bound could lie inside the values.
pub(crate) fn encode(statistics: &FileStatistics, schema: &Schema) -> String {
    let of = |name: &str| statistics.columns.get(name);
    let columns = || schema.fields().iter().filter_map(|field| of(field.name()).map(|column| (field.name().as_str(), column)));
    let bounds = |bound: fn(&ColumnStatistics) -> Option<&ScalarValue>| {
        object(columns().filter_map(|(name, column)| bound(column).and_then(value).map(|text| (name, text))))
    };
    let mut text = format!("{{\"numRecords\":{}", statistics.rows);
    // Writing to a String cannot fail.
    let _ = write!(text, ",\"minValues\":{}", bounds(|column| column.minimum.as_ref()));
    let _ = write!(text, ",\"maxValues\":{}", bounds(|column| column.maximum.as_ref()));
    let nulls = columns().filter_map(|(name, column)| column.nulls.map(|nulls| (name, nulls.to_string())));
    let _ = write!(text, ",\"nullCount\":{}}}", object(nulls));
    text
}

fn object<'a>(entries: impl Iterator<Item = (&'a str, String)>) -> String {
    let entries: Vec<String> = entries.map(|(name, value)| format!("{}:{value}", string(name))).collect();
    format!("{{{}}}", entries.join(","))
}

fn value(bound: &ScalarValue) -> Option<String> {
    match bound {
        ScalarValue::Int8(Some(number)) => Some(number.to_string()),
        ScalarValue::Int16(Some(number)) => Some(number.to_string()),
        ScalarValue::Int32(Some(number)) => Some(number.to_string()),
        ScalarValue::Int64(Some(number)) => Some(number.to_string()),
        ScalarValue::Float32(Some(number)) => number.is_finite().then(|| serde_json::Value::from(*number).to_string()),
        ScalarValue::Float64(Some(number)) => number.is_finite().then(|| serde_json::Value::from(*number).to_string()),
        ScalarValue::Decimal128(Some(number), _, scale) => decimal(*number, *scale),
        ScalarValue::Date32(Some(days)) => date32_to_datetime(*days).map(|date| string(&date.format("%Y-%m-%d").to_string())),
        ScalarValue::TimestampMicrosecond(Some(time), _) => {
            timestamp_us_to_datetime(*time).map(|time| string(&time.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()))
        }
        ScalarValue::Utf8(Some(text)) => Some(string(text)),
        _ => None,
    }
}

fn decimal(number: i128, scale: i8) -> Option<String> {
    let scale = usize::try_from(scale).ok()?;
    let digits = format!("{:0>width$}", number.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let sign = if number < 0 { "-" } else { "" };
    Some(if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") })
}

fn string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_keep_every_digit() {
        assert_eq!(decimal(-5, 2).as_deref(), Some("-0.05"));
        assert_eq!(decimal(12_345, 0).as_deref(), Some("12345"));
        assert_eq!(decimal(99_999_999_999_999_999_999_999_999_999_999_999_999, 2).as_deref(), Some("999999999999999999999999999999999999.99"));
        assert_eq!(decimal(0, 3).as_deref(), Some("0.000"));
    }

    #[test]
    fn strings_are_escaped() {
        assert_eq!(value(&ScalarValue::from("say \"\u{53f0}\"\n")).as_deref(), Some("\"say \\\"\u{53f0}\\\"\\n\""));
    }
}
