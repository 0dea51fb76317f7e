//! Batches of a query as rows of a file: the columns of the layout, in the types that are stored.

use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, RecordBatch};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, TimeUnit, TimestampMicrosecondType, TimestampNanosecondType};

use crate::error::{Error, Result};
use crate::layout::TableLayout;

/// The batch with the columns of the layout, in its order, in stored types. Times only change their zone, which copies nothing.
pub(crate) fn to_stored(batch: &RecordBatch, layout: &TableLayout) -> Result<RecordBatch> {
    let found = batch.schema();
    let wanted = layout.schema();
    if let Some(extra) = found.fields().iter().find(|field| wanted.field_with_name(field.name()).is_err()) {
        return Err(Error::ExtraColumn { column: extra.name().clone() });
    }
    let mut columns = Vec::with_capacity(wanted.fields().len());
    for (position, field) in wanted.fields().iter().enumerate() {
        // Columns usually come in the order of the layout.
        let index = match found.fields().get(position) {
            Some(same) if same.name() == field.name() => position,
            _ => found.index_of(field.name()).map_err(|_| Error::MissingColumn { column: field.name().clone() })?,
        };
        let column = stored(batch.column(index), field)?;
        if !field.is_nullable() && column.null_count() > 0 {
            return Err(Error::NullValue { column: field.name().clone() });
        }
        columns.push(column);
    }
    Ok(RecordBatch::try_new(Arc::clone(wanted), columns)?)
}

fn stored(column: &ArrayRef, field: &Field) -> Result<ArrayRef> {
    let (found, wanted) = (column.data_type(), field.data_type());
    if found == wanted {
        return Ok(Arc::clone(column));
    }
    if let (DataType::Timestamp(TimeUnit::Microsecond, Some(_)), DataType::Timestamp(_, Some(zone))) = (found, wanted) {
        return Ok(Arc::new(column.as_primitive::<TimestampMicrosecondType>().clone().with_timezone(Arc::clone(zone))));
    }
    if matches!(found, DataType::Timestamp(TimeUnit::Nanosecond, Some(_))) {
        let times = column.as_primitive::<TimestampNanosecondType>();
        if times.iter().flatten().any(|time| time % 1000 != 0) {
            return Err(Error::Precision { column: field.name().clone() });
        }
    }
    if !is_another_form(found, wanted) {
        return Err(Error::BatchType { column: field.name().clone(), expected: wanted.clone(), found: found.clone() });
    }
    Ok(cast_with_options(column, wanted, &CastOptions { safe: false, ..CastOptions::default() })?)
}

/// Whether two types are forms of the same values, so that a cast loses nothing.
fn is_another_form(found: &DataType, stored: &DataType) -> bool {
    match (found, stored) {
        (DataType::Dictionary(_, values), stored) => values.as_ref() == stored || is_another_form(values, stored),
        (DataType::Utf8View | DataType::LargeUtf8, DataType::Utf8)
        | (DataType::BinaryView | DataType::LargeBinary, DataType::Binary)
        | (DataType::Timestamp(_, Some(_)), DataType::Timestamp(_, Some(_))) => true,
        (DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale), DataType::Decimal128(wide, same)) => precision == wide && scale == same,
        (DataType::List(found) | DataType::LargeList(found), DataType::List(stored)) => same_or_another_form(found, stored),
        (DataType::Struct(found), DataType::Struct(stored)) => {
            found.len() == stored.len() && found.iter().zip(stored).all(|(found, stored)| found.name() == stored.name() && same_or_another_form(found, stored))
        }
        _ => false,
    }
}

fn same_or_another_form(found: &Field, stored: &Field) -> bool {
    found.data_type() == stored.data_type() || is_another_form(found.data_type(), stored.data_type())
}
