//! Statistics of a file that was just written, from what the Parquet writer collected, and from the rows where that is not enough.

use std::collections::{HashMap, HashSet};

use arrow::array::{Array as _, ArrayRef, AsArray as _, RecordBatch};
use arrow::datatypes::{DataType, Float32Type, Float64Type, Schema};
use datafusion::common::ScalarValue;
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::file::metadata::ParquetMetaData;

use super::{CUT, ColumnStatistics, FileStatistics};
use crate::error::Result;

/// Collects what the Parquet writer does not: columns with NaN, whose bounds mean nothing to engines that sort NaN last.
#[derive(Debug, Default)]
pub(crate) struct FileCollector {
    with_nan: HashSet<usize>,
}

impl FileCollector {
    /// Looks at a batch in the schema of the file.
    pub(crate) fn observe(&mut self, batch: &RecordBatch) {
        for (index, column) in batch.columns().iter().enumerate() {
            if !self.with_nan.contains(&index) && has_nan(column) {
                self.with_nan.insert(index);
            }
        }
    }

    /// The statistics of the whole file.
    pub(crate) fn finish(&self, schema: &Schema, metadata: &ParquetMetaData) -> Result<FileStatistics> {
        let rows = u64::try_from(metadata.file_metadata().num_rows()).unwrap_or_default();
        let mut columns = HashMap::with_capacity(schema.fields().len());
        for (index, field) in schema.fields().iter().enumerate() {
            if field.data_type().is_nested() {
                continue;
            }
            let mut statistics = column_statistics(schema, field.name(), metadata)?;
            if self.with_nan.contains(&index) || !has_bounds(field.data_type()) {
                statistics = ColumnStatistics { nulls: statistics.nulls, ..ColumnStatistics::default() };
            }
            columns.insert(field.name().clone(), statistics);
        }
        Ok(FileStatistics { rows, columns })
    }
}

fn column_statistics(schema: &Schema, column: &str, metadata: &ParquetMetaData) -> Result<ColumnStatistics> {
    let converter = StatisticsConverter::try_new(column, schema, metadata.file_metadata().schema_descr())?;
    let groups = metadata.row_groups();
    let nulls = converter.row_group_null_counts(groups)?;
    let minimums = converter.row_group_mins(groups)?;
    let maximums = converter.row_group_maxes(groups)?;
    let minimum_exact = all(&converter.row_group_is_min_value_exact(groups)?);
    let maximum_exact = all(&converter.row_group_is_max_value_exact(groups)?);
    // A group without bounds holds NULLs only, or its writer had no bounds to give: then there are none for the file.
    let empty = |index: usize| groups.get(index).is_some_and(|group| nulls.is_valid(index) && i64::try_from(nulls.value(index)) == Ok(group.num_rows()));
    let known = (0..groups.len()).all(|index| (minimums.is_valid(index) && maximums.is_valid(index)) || empty(index));
    let (minimum, maximum) =
        if known { (extreme(&minimums, std::cmp::Ordering::Less)?, extreme(&maximums, std::cmp::Ordering::Greater)?) } else { (None, None) };
    // The zero of a float has two signs, which its bounds do not tell apart.
    let float = minimums.data_type().is_floating();
    Ok(ColumnStatistics {
        minimum_exact: minimum.is_some() && minimum_exact && !float,
        maximum_exact: maximum.is_some() && maximum_exact && !float,
        maximum: maximum.map(|bound| if maximum_exact { bound } else { mark_cut(bound) }),
        minimum,
        nulls: (nulls.null_count() == 0).then(|| nulls.iter().flatten().sum()),
    })
}

fn all(flags: &arrow::array::BooleanArray) -> bool {
    flags.iter().all(|flag| flag.unwrap_or(true))
}

fn extreme(bounds: &ArrayRef, wanted: std::cmp::Ordering) -> Result<Option<ScalarValue>> {
    let mut best: Option<ScalarValue> = None;
    for index in (0..bounds.len()).filter(|index| bounds.is_valid(*index)) {
        let bound = ScalarValue::try_from_array(bounds, index).map_err(crate::Error::from_scan)?;
        if best.as_ref().is_none_or(|best| bound.partial_cmp(best) == Some(wanted)) {
            best = Some(bound);
        }
    }
    Ok(best)
}

/// A string bound that was cut gets a last character that says so; it stays above every value.
fn mark_cut(bound: ScalarValue) -> ScalarValue {
    match bound {
        ScalarValue::Utf8(Some(text)) => ScalarValue::Utf8(Some(format!("{text}{CUT}"))),
        other => other,
    }
}

/// Whether Delta keeps bounds for a type.
fn has_bounds(data_type: &DataType) -> bool {
    !matches!(data_type, DataType::Boolean | DataType::Binary)
}

fn has_nan(column: &ArrayRef) -> bool {
    match column.data_type() {
        DataType::Float64 => column.as_primitive::<Float64Type>().values().iter().any(|value| value.is_nan()),
        DataType::Float32 => column.as_primitive::<Float32Type>().values().iter().any(|value| value.is_nan()),
        _ => false,
    }
}
