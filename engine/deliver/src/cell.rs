//! Arrow's many types as the few that a file has.
//!
//! A batch's column is brought to one of a handful of arrays, once a batch; a cell of it is then a value on the stack.

use std::borrow::Cow;

use arrow::array::timezone::Tz;
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Decimal128Array, Decimal256Array, Float32Array, Float64Array, Int64Array, StringArray,
    StringViewArray, UInt64Array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, Decimal256Type, Field, Float32Type, Float64Type, Int64Type};
use arrow::datatypes::{Schema, TimeUnit, UInt64Type};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, DurationFormat, FormatOptions};
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta, TimeZone};

use crate::{Error, Result};

/// The largest scale that [`crate::decimal`] writes.
const LARGEST_SCALE: i8 = 38;

/// What a column holds, as far as files care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Nothing,
    Boolean,
    Integer,
    Decimal { scale: i8 },
    Float,
    Text,
    Date,
    Timestamp,
    Time,
}

impl Kind {
    /// The kind of a field, or an error for lists, structs and the like.
    pub(crate) fn of(field: &Field) -> Result<Self> {
        Self::of_type(field.data_type()).ok_or_else(|| Error::UnsupportedType { column: field.name().clone(), data_type: field.data_type().clone() })
    }

    fn of_type(data_type: &DataType) -> Option<Self> {
        Some(match data_type {
            DataType::Null => Self::Nothing,
            DataType::Boolean => Self::Boolean,
            integer if integer.is_integer() => Self::Integer,
            DataType::Float16 | DataType::Float32 | DataType::Float64 => Self::Float,
            DataType::Decimal32(_, scale) | DataType::Decimal64(_, scale) | DataType::Decimal128(_, scale) | DataType::Decimal256(_, scale) => {
                Self::Decimal { scale: *scale }
            }
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Self::Text,
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => Self::Text,
            DataType::Duration(_) | DataType::Interval(_) => Self::Text,
            DataType::Date32 | DataType::Date64 => Self::Date,
            DataType::Timestamp(_, _) => Self::Timestamp,
            DataType::Time32(_) | DataType::Time64(_) => Self::Time,
            DataType::Dictionary(_, values) => Self::of_type(values)?,
            _ => return None,
        })
    }
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell<'a> {
    Null,
    Boolean(bool),
    Integer(i128),
    /// `unscaled` × 10^-`scale`, with a scale of at most 38.
    Decimal {
        unscaled: i128,
        scale: i8,
    },
    Single(f32),
    Double(f64),
    Text(Cow<'a, str>),
    Date(NaiveDate),
    /// The local time in the column's zone.
    Timestamp(NaiveDateTime),
    Time(NaiveTime),
}

/// One column of a batch.
#[derive(Debug)]
pub(crate) struct Column {
    name: String,
    values: Values,
}

#[derive(Debug)]
enum Values {
    Nothing,
    Boolean(BooleanArray),
    Integer(Int64Array),
    Unsigned(UInt64Array),
    Single(Float32Array),
    Double(Float64Array),
    Decimal(Decimal128Array, i8),
    Wide(Decimal256Array, i8),
    Text(StringArray),
    View(StringViewArray),
    Date(Date32Array),
    Timestamp { ticks: Int64Array, unit: TimeUnit, zone: Option<Tz> },
    Time { ticks: Int64Array, unit: TimeUnit },
}

/// The columns of a batch, which must have the names and types of the schema.
pub(crate) fn columns(schema: &Schema, batch: &RecordBatch) -> Result<Vec<Column>> {
    let found = batch.schema_ref();
    let same = schema.fields().len() == found.fields().len()
        && schema.fields().iter().zip(found.fields()).all(|(ours, theirs)| ours.name() == theirs.name() && ours.data_type() == theirs.data_type());
    if !same {
        return Err(Error::OtherColumns { expected: listing(schema), found: listing(found) });
    }
    schema.fields().iter().zip(batch.columns()).map(|(field, array)| Column::new(field, array)).collect()
}

fn listing(schema: &Schema) -> String {
    let columns: Vec<_> = schema.fields().iter().map(|field| format!("{} {}", field.name(), field.data_type())).collect();
    columns.join(", ")
}

impl Column {
    fn new(field: &Field, array: &ArrayRef) -> Result<Self> {
        let name = field.name().clone();
        let failed = |source| Error::Column { column: name.clone(), source };
        let plain = match array.data_type() {
            DataType::Dictionary(_, values) => cast(array, values).map_err(failed)?,
            _ => array.clone(),
        };
        let to = |data_type: DataType| cast(&plain, &data_type).map_err(failed);
        let values = match plain.data_type() {
            DataType::Null => Values::Nothing,
            DataType::Boolean => Values::Boolean(plain.as_boolean().clone()),
            DataType::UInt64 => Values::Unsigned(plain.as_primitive::<UInt64Type>().clone()),
            integer if integer.is_integer() => Values::Integer(to(DataType::Int64)?.as_primitive::<Int64Type>().clone()),
            DataType::Float16 | DataType::Float32 => Values::Single(to(DataType::Float32)?.as_primitive::<Float32Type>().clone()),
            DataType::Float64 => Values::Double(plain.as_primitive::<Float64Type>().clone()),
            DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) | DataType::Decimal128(precision, scale) => {
                Values::Decimal(to(DataType::Decimal128(*precision, *scale))?.as_primitive::<Decimal128Type>().clone(), *scale)
            }
            DataType::Decimal256(_, scale) => Values::Wide(plain.as_primitive::<Decimal256Type>().clone(), *scale),
            DataType::Utf8 => Values::Text(plain.as_string::<i32>().clone()),
            DataType::Utf8View | DataType::LargeUtf8 => Values::View(to(DataType::Utf8View)?.as_string_view().clone()),
            DataType::Date32 | DataType::Date64 => Values::Date(to(DataType::Date32)?.as_primitive::<Date32Type>().clone()),
            DataType::Timestamp(unit, zone) => Values::Timestamp {
                ticks: to(DataType::Int64)?.as_primitive::<Int64Type>().clone(),
                unit: *unit,
                zone: zone.as_deref().map(|zone| parse_zone(field, zone)).transpose()?,
            },
            DataType::Time32(unit) | DataType::Time64(unit) => Values::Time { ticks: to(DataType::Int64)?.as_primitive::<Int64Type>().clone(), unit: *unit },
            _ => Values::Text(as_text(&plain).map_err(failed)?),
        };
        Ok(Self { name, values })
    }

    /// The value of a row of the batch.
    pub(crate) fn cell(&self, row: usize) -> Result<Cell<'_>> {
        let cell = match &self.values {
            Values::Nothing => None,
            Values::Boolean(array) => array.is_valid(row).then(|| Cell::Boolean(array.value(row))),
            Values::Integer(array) => array.is_valid(row).then(|| Cell::Integer(array.value(row).into())),
            Values::Unsigned(array) => array.is_valid(row).then(|| Cell::Integer(array.value(row).into())),
            Values::Single(array) => array.is_valid(row).then(|| Cell::Single(array.value(row))),
            Values::Double(array) => array.is_valid(row).then(|| Cell::Double(array.value(row))),
            Values::Decimal(array, scale) => array.is_valid(row).then(|| Cell::Decimal { unscaled: array.value(row), scale: *scale }),
            Values::Wide(array, scale) => array.is_valid(row).then(|| wide(array, row, *scale)),
            Values::Text(array) => array.is_valid(row).then(|| Cell::Text(array.value(row).into())),
            Values::View(array) => array.is_valid(row).then(|| Cell::Text(array.value(row).into())),
            Values::Date(array) if array.is_valid(row) => Some(Cell::Date(array.value_as_date(row).ok_or_else(|| self.out_of_range())?)),
            Values::Timestamp { ticks, unit, zone } if ticks.is_valid(row) => {
                let local = local_time(ticks.value(row), *unit, zone.as_ref()).ok_or_else(|| self.out_of_range())?;
                Some(Cell::Timestamp(local))
            }
            Values::Time { ticks, unit } if ticks.is_valid(row) => {
                let time = instant(ticks.value(row), *unit).ok_or_else(|| self.out_of_range())?.time();
                Some(Cell::Time(time))
            }
            Values::Date(_) | Values::Timestamp { .. } | Values::Time { .. } => None,
        };
        Ok(cell.unwrap_or(Cell::Null))
    }

    fn out_of_range(&self) -> Error {
        Error::TimeOutOfRange { column: self.name.clone() }
    }
}

/// A decimal of up to 76 digits: as a number where it fits, else as text, which loses nothing either.
fn wide(array: &Decimal256Array, row: usize, scale: i8) -> Cell<'_> {
    match array.value(row).to_i128() {
        Some(unscaled) if scale <= LARGEST_SCALE => Cell::Decimal { unscaled, scale },
        _ => Cell::Text(array.value_as_string(row).into()),
    }
}

fn instant(ticks: i64, unit: TimeUnit) -> Option<NaiveDateTime> {
    let moment = match unit {
        TimeUnit::Second => DateTime::from_timestamp(ticks, 0)?,
        TimeUnit::Millisecond => DateTime::from_timestamp_millis(ticks)?,
        TimeUnit::Microsecond => DateTime::from_timestamp_micros(ticks)?,
        TimeUnit::Nanosecond => DateTime::from_timestamp_nanos(ticks),
    };
    Some(moment.naive_utc())
}

fn local_time(ticks: i64, unit: TimeUnit, zone: Option<&Tz>) -> Option<NaiveDateTime> {
    let utc = instant(ticks, unit)?;
    let Some(zone) = zone else {
        return Some(utc);
    };
    let offset = zone.offset_from_utc_datetime(&utc).fix().local_minus_utc();
    utc.checked_add_signed(TimeDelta::seconds(offset.into()))
}

fn parse_zone(field: &Field, zone: &str) -> Result<Tz> {
    zone.parse().map_err(|source| Error::UnknownZone { column: field.name().clone(), zone: zone.to_owned(), source })
}

/// Durations and intervals in ISO 8601, bytes in hexadecimal.
fn as_text(array: &ArrayRef) -> std::result::Result<StringArray, ArrowError> {
    let options = FormatOptions::default().with_duration_format(DurationFormat::ISO8601);
    let formatter = ArrayFormatter::try_new(array, &options)?;
    (0..array.len()).map(|row| if array.is_valid(row) { formatter.value(row).try_to_string().map(Some) } else { Ok(None) }).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
    use std::sync::Arc;

    use arrow::array::{BinaryArray, DictionaryArray, TimestampMicrosecondArray};
    use arrow::datatypes::Int32Type;

    use super::*;

    fn cell_text(array: ArrayRef) -> String {
        let field = Field::new("c", array.data_type().clone(), true);
        Kind::of(&field).unwrap();
        format!("{:?}", Column::new(&field, &array).unwrap().cell(0).unwrap())
    }

    #[test]
    fn instants_are_shown_in_the_zone_of_the_column() {
        // 2026-11-23T17:30:00Z is already the 24th in Taipei; Lord Howe is eleven hours ahead in summer.
        let noon = TimestampMicrosecondArray::from(vec![1_795_455_000_000_000]);
        let shown = |zone: &str| cell_text(Arc::new(noon.clone().with_timezone(zone)));
        assert_eq!(shown("Asia/Taipei"), "Timestamp(2026-11-24T01:30:00)");
        assert_eq!(shown("Australia/Lord_Howe"), "Timestamp(2026-11-24T04:30:00)");
        assert_eq!(shown("+00:00"), "Timestamp(2026-11-23T17:30:00)");
        assert_eq!(cell_text(Arc::new(noon.clone())), "Timestamp(2026-11-23T17:30:00)");
    }

    #[test]
    fn encodings_are_taken_off() {
        let dictionary: DictionaryArray<Int32Type> = vec!["台北"].into_iter().collect();
        assert_eq!(cell_text(Arc::new(dictionary)), "Text(\"台北\")");
        assert_eq!(cell_text(Arc::new(UInt64Array::from(vec![u64::MAX]))), "Integer(18446744073709551615)");
        assert_eq!(cell_text(Arc::new(BinaryArray::from_vec(vec![b"\x01\xff"]))), "Text(\"01ff\")");
    }

    #[test]
    fn nested_columns_are_refused_by_name() {
        let field = Field::new("items", DataType::new_list(DataType::Int64, true), true);
        assert!(matches!(Kind::of(&field), Err(Error::UnsupportedType { column, .. }) if column == "items"));
    }
}
