//! From the layout of a table and a file of the log to what DataFusion is told about them.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef, TimeUnit};
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, ScalarValue, Statistics};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::ParquetRowSelection;
use datafusion::datasource::table_schema::TableSchema;
use object_store::ObjectMeta;
use parquet::arrow::RowNumber;
use parquet::arrow::arrow_reader::{RowSelection, RowSelector};

use super::prune::{Bounds, ScanFile};
use super::{ROW_NUMBER, ScanOptions};
use crate::file::{Counted, DataFile, written_fingerprint};
use crate::layout::{TableLayout, fingerprint};
use crate::snapshot::ScanRoot;
use crate::stage::parse_partition;

/// A table in the types that SQL sees.
pub(super) struct Shown {
    pub(super) schema: SchemaRef,
    pub(super) scanned: TableSchema,
    pub(super) places: Vec<usize>,
    fingerprint: String,
}

impl Shown {
    pub(super) fn new(layout: &TableLayout, options: &ScanOptions) -> Self {
        let show = |field: &Field| Arc::new(Field::new(field.name(), shown_type(field.data_type(), options), field.is_nullable())) as FieldRef;
        let schema = Schema::new(layout.schema().fields().iter().map(|field| show(field)).collect::<Fields>());
        let stored = layout.file_schema();
        let file_schema = Schema::new(stored.fields().iter().map(|field| show(field)).collect::<Fields>());
        let partition: Fields =
            layout.partition_columns().iter().filter_map(|name| schema.field_with_name(name).ok().map(|field| Arc::new(field.clone()))).collect();
        let number = options.row_numbers.then(|| Arc::new(Field::new(ROW_NUMBER, DataType::Int64, false).with_extension_type(RowNumber)));
        let numbers: Fields = number.into_iter().collect();
        let scanned = TableSchema::builder(Arc::new(file_schema)).with_table_partition_cols(partition).with_virtual_columns(numbers.clone()).build();
        let fields: Fields = schema.fields().iter().cloned().chain(numbers.iter().map(|field| Arc::new(field.as_ref().clone()))).collect();
        let schema = Schema::new(fields);
        let places = schema.fields().iter().filter_map(|field| scanned.table_schema().index_of(field.name()).ok()).collect();
        Self { schema: Arc::new(schema), scanned, places, fingerprint: fingerprint(&stored) }
    }

    /// A file as DataFusion scans it, with its statistics in shown types.
    pub(super) fn file(&self, root: &ScanRoot, file: &DataFile) -> ScanFile {
        let partition: Vec<ScalarValue> = self
            .scanned
            .table_partition_cols()
            .iter()
            .map(|field| parse_partition(file.partition_values.get(field.name()).and_then(Option::as_deref), field.data_type()))
            .collect();
        let rows = file.rows();
        let mut bounds: Vec<Bounds> = self.scanned.file_schema().fields().iter().map(|field| file_bounds(file, field)).collect();
        bounds.extend(partition.iter().map(|value| Bounds {
            minimum: value.clone(),
            maximum: value.clone(),
            nulls: if value.is_null() { rows } else { Some(0) },
            minimum_exact: true,
            maximum_exact: true,
        }));
        bounds.extend(self.scanned.virtual_columns().iter().map(|_| Bounds {
            minimum: ScalarValue::Int64(None),
            maximum: ScalarValue::Int64(None),
            nulls: Some(0),
            minimum_exact: false,
            maximum_exact: false,
        }));
        let statistics = Arc::new(Statistics {
            num_rows: rows.and_then(|rows| usize::try_from(rows).ok()).map_or(Precision::Absent, Precision::Exact),
            total_byte_size: usize::try_from(file.size).map_or(Precision::Absent, Precision::Inexact),
            column_statistics: bounds.iter().map(Bounds::statistics).collect(),
        });
        let location = ObjectMeta { location: root.file(&file.path), last_modified: file.modified_at(), size: file.size, e_tag: None, version: None };
        let mut scanned = PartitionedFile::new_from_meta(location).with_partition_values(partition);
        // Set directly: the builder method takes the statistics of the file's own columns and says that no partition is NULL.
        scanned.statistics = Some(statistics);
        if let Some(selection) = selection(file) {
            scanned = scanned.with_extension(ParquetRowSelection::new(selection));
        }
        if written_fingerprint(&file.path) == Some(&self.fingerprint) {
            scanned = scanned.with_arrow_schema(Arc::clone(self.scanned.file_schema()));
        }
        ScanFile { file: scanned, rows, bounds: Arc::from(bounds) }
    }
}

fn file_bounds(file: &DataFile, field: &Field) -> Bounds {
    let known = file.statistics.as_ref().and_then(|statistics| statistics.columns.get(field.name()));
    let null = || ScalarValue::try_from(field.data_type()).unwrap_or(ScalarValue::Null);
    let show = |bound: Option<&ScalarValue>| bound.and_then(|bound| shown_value(bound, field.data_type())).unwrap_or_else(null);
    // Rows that do not count may be those that have a bound, or a NULL.
    let all = file.counted == Counted::All;
    Bounds {
        minimum: show(known.and_then(|known| known.minimum.as_ref())),
        maximum: show(known.and_then(|known| known.maximum.as_ref())),
        nulls: known.and_then(|known| known.nulls).filter(|nulls| all || *nulls == 0),
        minimum_exact: all && known.is_some_and(|known| known.minimum_exact),
        maximum_exact: all && known.is_some_and(|known| known.maximum_exact),
    }
}

/// The rows of a file that are read; none for all of them.
fn selection(file: &DataFile) -> Option<RowSelection> {
    let all = usize::try_from(file.statistics.as_ref()?.rows).ok()?;
    let (rows, skip) = match &file.counted {
        Counted::All => return None,
        Counted::Except(gone) => (&gone.rows, true),
        Counted::Only(rows) => (rows.as_ref(), false),
    };
    let selector = |row_count, skip| RowSelector { row_count, skip };
    let mut selectors = Vec::new();
    let mut next = 0;
    for row in rows.iter().filter_map(|row| usize::try_from(row).ok()).take_while(|row| *row < all) {
        selectors.extend((row > next).then(|| selector(row - next, !skip)));
        selectors.push(selector(1, skip));
        next = row + 1;
    }
    selectors.extend((all > next).then(|| selector(all - next, !skip)));
    Some(RowSelection::from(selectors))
}

fn shown_type(stored: &DataType, options: &ScanOptions) -> DataType {
    match stored {
        DataType::Timestamp(unit, Some(zone)) => DataType::Timestamp(*unit, Some(options.zone.clone().unwrap_or_else(|| Arc::clone(zone)))),
        DataType::Utf8 if options.string_views => DataType::Utf8View,
        DataType::Binary if options.string_views => DataType::BinaryView,
        other => other.clone(),
    }
}

/// A stored value in the type that SQL sees; none if it is of another type altogether, as in a file from before a change.
fn shown_value(stored: &ScalarValue, shown: &DataType) -> Option<ScalarValue> {
    match (stored, shown) {
        (ScalarValue::TimestampMicrosecond(time, _), DataType::Timestamp(TimeUnit::Microsecond, zone)) => {
            Some(ScalarValue::TimestampMicrosecond(*time, zone.clone()))
        }
        (ScalarValue::Utf8(text), DataType::Utf8View) => Some(ScalarValue::Utf8View(text.clone())),
        _ => (stored.data_type() == *shown).then(|| stored.clone()),
    }
}

impl Bounds {
    fn statistics(&self) -> ColumnStatistics {
        let precision = |bound: &ScalarValue, exact: bool| match (bound.is_null(), exact) {
            (true, _) => Precision::Absent,
            (false, true) => Precision::Exact(bound.clone()),
            (false, false) => Precision::Inexact(bound.clone()),
        };
        ColumnStatistics {
            null_count: self.nulls.and_then(|nulls| usize::try_from(nulls).ok()).map_or(Precision::Absent, Precision::Exact),
            min_value: precision(&self.minimum, self.minimum_exact),
            max_value: precision(&self.maximum, self.maximum_exact),
            ..ColumnStatistics::new_unknown()
        }
    }
}
