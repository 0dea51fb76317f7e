//! Statistics from the JSON of Delta's log, for all files of a version at once.

use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, RecordBatch, StructArray};
use arrow::datatypes::{DataType, Field, Fields, Int64Type, Schema};
use arrow::json::ReaderBuilder;
use datafusion::common::ScalarValue;

use super::{ColumnStatistics, FileStatistics, is_whole_string};

/// One entry for a file: its JSON, if the log has any, and whether this engine wrote the file.
pub(crate) struct Encoded<'a> {
    pub(crate) json: Option<&'a str>,
    pub(crate) ours: bool,
}

/// Reads the statistics of many files. What cannot be read is unknown: a scan is then slower, never wrong.
pub(crate) fn decode(file_schema: &Schema, files: &[Encoded<'_>]) -> Vec<Option<Arc<FileStatistics>>> {
    let Some(batch) = parse(file_schema, files) else {
        return vec![None; files.len()];
    };
    let rows = batch.column_by_name("numRecords").map(|column| column.as_primitive::<Int64Type>().clone());
    let part = |name: &str| batch.column_by_name(name).and_then(|column| column.as_struct_opt());
    let (minimums, maximums, nulls) = (part("minValues"), part("maxValues"), part("nullCount"));
    files
        .iter()
        .enumerate()
        .map(|(index, file)| {
            let rows = rows.as_ref().filter(|rows| rows.is_valid(index)).and_then(|rows| u64::try_from(rows.value(index)).ok())?;
            let columns = file_schema
                .fields()
                .iter()
                .filter(|field| !field.data_type().is_nested())
                .map(|field| {
                    let bound = |part: Option<&StructArray>| bound(part, field.name(), index);
                    (field.name().clone(), column(field.data_type(), bound(minimums), bound(maximums), count(nulls, field.name(), index), file.ours))
                })
                .collect();
            Some(Arc::new(FileStatistics { rows, columns }))
        })
        .collect()
}

fn parse(file_schema: &Schema, files: &[Encoded<'_>]) -> Option<RecordBatch> {
    let flat: Vec<&Arc<Field>> = file_schema.fields().iter().filter(|field| !field.data_type().is_nested()).collect();
    let bounds: Fields = flat
        .iter()
        .filter(|field| !matches!(field.data_type(), DataType::Boolean | DataType::Binary))
        .map(|field| Field::new(field.name(), field.data_type().clone(), true))
        .collect();
    let counts: Fields = flat.iter().map(|field| Field::new(field.name(), DataType::Int64, true)).collect();
    let schema = Arc::new(Schema::new(vec![
        Field::new("numRecords", DataType::Int64, true),
        Field::new("minValues", DataType::Struct(bounds.clone()), true),
        Field::new("maxValues", DataType::Struct(bounds), true),
        Field::new("nullCount", DataType::Struct(counts), true),
    ]));
    let mut decoder = ReaderBuilder::new(schema).with_batch_size(files.len().max(1)).build_decoder().ok()?;
    for file in files {
        let json = file.json.filter(|json| json.starts_with('{')).unwrap_or("{}");
        let mut bytes = json.as_bytes();
        while !bytes.is_empty() {
            match decoder.decode(bytes) {
                Ok(0) | Err(_) => {
                    tracing::warn!("the statistics of a table's files cannot be read; scans will not skip files");
                    return None;
                }
                Ok(read) => bytes = bytes.get(read..).unwrap_or_default(),
            }
        }
        if decoder.decode(b"\n").is_err() {
            return None;
        }
    }
    decoder.flush().ok().flatten().filter(|batch| batch.num_rows() == files.len())
}

fn bound(part: Option<&StructArray>, name: &str, index: usize) -> Option<ScalarValue> {
    let values: &ArrayRef = part.filter(|part| part.is_valid(index))?.column_by_name(name)?;
    values.is_valid(index).then(|| ScalarValue::try_from_array(values, index).ok()).flatten()
}

fn count(part: Option<&StructArray>, name: &str, index: usize) -> Option<u64> {
    match bound(part, name, index) {
        Some(ScalarValue::Int64(Some(count))) => u64::try_from(count).ok(),
        _ => None,
    }
}

fn column(data_type: &DataType, minimum: Option<ScalarValue>, maximum: Option<ScalarValue>, nulls: Option<u64>, ours: bool) -> ColumnStatistics {
    let (minimum, maximum) = if ours { (minimum, maximum) } else { (minimum.and_then(trusted), maximum.and_then(trusted).map(rounded_up)) };
    let exact = |bound: &Option<ScalarValue>, upper: bool| match bound {
        None => false,
        Some(ScalarValue::Utf8(Some(text))) => is_whole_string(text),
        Some(ScalarValue::TimestampMicrosecond(..)) => ours || !upper,
        Some(_) => !data_type.is_floating(),
    };
    ColumnStatistics { minimum_exact: exact(&minimum, false), maximum_exact: exact(&maximum, true), minimum, maximum, nulls }
}

/// Other writers put decimals through floating point: past 15 digits a bound may lie inside the values.
fn trusted(bound: ScalarValue) -> Option<ScalarValue> {
    match &bound {
        ScalarValue::Decimal128(Some(number), _, _) if number.unsigned_abs() >= 1_000_000_000_000_000 => None,
        _ => Some(bound),
    }
}

/// Other writers cut times at milliseconds, so that the greatest one may be up to 999 microseconds later.
fn rounded_up(bound: ScalarValue) -> ScalarValue {
    match bound {
        ScalarValue::TimestampMicrosecond(Some(time), zone) if time % 1000 == 0 => ScalarValue::TimestampMicrosecond(Some(time.saturating_add(999)), zone),
        other => other,
    }
}
