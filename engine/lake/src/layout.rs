//! What a table's rows look like: columns in SQL order, partition columns, sort order, descriptions.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef, TimeUnit};
use deltalake::kernel::StructType;
use deltalake::kernel::engine::arrow_conversion::TryIntoKernel as _;
use sha2::{Digest as _, Sha256};

use crate::error::{Error, Result};

/// The key of an Arrow field's metadata that holds the description of the column; BI tools show it.
pub const COMMENT: &str = "comment";
/// The key of an Arrow field's metadata that holds the unit of the column.
pub const UNIT: &str = "unit";

/// The form of a table: its columns in the order that SQL shows, how it is partitioned, how rows are sorted inside a file.
///
/// The schema is kept in the types that are stored: strings as Utf8, times as UTC microseconds. Two layouts are equal if
/// everything that the Delta log says about them is.
#[derive(Debug, Clone, PartialEq)]
pub struct TableLayout {
    schema: SchemaRef,
    partition_columns: Vec<String>,
    sort_columns: Vec<String>,
    description: Option<String>,
    properties: BTreeMap<String, String>,
}

impl TableLayout {
    /// A layout from the columns of a query or contract.
    ///
    /// Types that are another form of the same values (string views, dictionaries, times in any zone) become the stored one.
    /// Field metadata other than [`COMMENT`] and [`UNIT`] is dropped.
    ///
    /// # Errors
    /// [`Error::ColumnType`], [`Error::ColumnName`], [`Error::DuplicateColumn`], [`Error::LayoutColumn`],
    /// [`Error::PartitionType`] or [`Error::NoFileColumns`] where Delta could not hold the table.
    pub fn new(schema: &Schema, partition_columns: Vec<String>, sort_columns: Vec<String>) -> Result<Self> {
        let mut seen = HashSet::new();
        let mut fields = Vec::with_capacity(schema.fields().len());
        for field in schema.fields() {
            check_name(field.name())?;
            if !seen.insert(field.name().to_lowercase()) {
                return Err(Error::DuplicateColumn { column: field.name().clone() });
            }
            let data_type = stored_type(field.name(), field.data_type())?;
            fields.push(Field::new(field.name(), data_type, field.is_nullable()).with_metadata(documentation(field.metadata())));
        }
        let schema = Arc::new(Schema::new(fields));
        for column in partition_columns.iter().chain(&sort_columns) {
            schema.field_with_name(column).map_err(|_| Error::LayoutColumn { column: column.clone() })?;
        }
        for column in &partition_columns {
            let data_type = schema.field_with_name(column)?.data_type();
            if !matches!(data_type, DataType::Date32 | DataType::Utf8) {
                return Err(Error::PartitionType { column: column.clone(), data_type: data_type.clone() });
            }
        }
        if partition_columns.len() >= schema.fields().len() {
            return Err(Error::NoFileColumns);
        }
        Ok(Self { schema, partition_columns, sort_columns, description: None, properties: BTreeMap::new() })
    }

    /// The same layout with a description of the table, which BI tools show.
    #[must_use]
    pub fn with_description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// The same layout with table properties; keys that start with `delta.` are Delta's own.
    #[must_use]
    pub fn with_properties(mut self, properties: BTreeMap<String, String>) -> Self {
        self.properties = properties;
        self
    }

    /// The columns in SQL order, partition columns among them, in the types that are stored.
    #[must_use]
    pub const fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The partition columns, outermost first.
    #[must_use]
    pub fn partition_columns(&self) -> &[String] {
        &self.partition_columns
    }

    /// The columns that rows are sorted by inside a file, ascending, NULLs last. A promise of the writer, written into the
    /// Parquet files.
    #[must_use]
    pub fn sort_columns(&self) -> &[String] {
        &self.sort_columns
    }

    /// What the table is, for people.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// Table properties.
    #[must_use]
    pub const fn properties(&self) -> &BTreeMap<String, String> {
        &self.properties
    }

    /// Whether a column is a partition column.
    pub(crate) fn is_partition(&self, column: &str) -> bool {
        self.partition_columns.iter().any(|name| name == column)
    }

    /// The columns that the Parquet files hold, without documentation: what the files' own schema must be.
    pub(crate) fn file_schema(&self) -> SchemaRef {
        let fields: Fields = self
            .schema
            .fields()
            .iter()
            .filter(|field| !self.is_partition(field.name()))
            .map(|field| Arc::new(Field::new(field.name(), field.data_type().clone(), field.is_nullable())) as FieldRef)
            .collect();
        Arc::new(Schema::new(fields))
    }

    /// Whether rows written for `other` are rows of this layout and the other way round: documentation may differ.
    #[must_use]
    pub fn holds_same_rows(&self, other: &Self) -> bool {
        self.partition_columns == other.partition_columns && bare(&self.schema) == bare(&other.schema)
    }

    /// Whether files written for `old` can be read with this layout: the same columns of the same types, perhaps more that may
    /// be NULL, perhaps less strict about NULL, and the same partition columns.
    pub(crate) fn reads(&self, old: &Self) -> bool {
        self.partition_columns == old.partition_columns
            && self.schema.fields().iter().all(|field| match old.schema.field_with_name(field.name()) {
                Ok(before) => before.data_type() == field.data_type() && (field.is_nullable() || !before.is_nullable()),
                Err(_) => field.is_nullable(),
            })
    }

    /// The Delta schema, descriptions and units included.
    pub(crate) fn delta_schema(&self) -> std::result::Result<StructType, arrow::error::ArrowError> {
        self.schema.as_ref().try_into_kernel()
    }
}

/// Eight hexadecimal digits that stand for a file schema. They are part of the names of data files, so that a scan knows,
/// without opening a file, that it may read the columns in the types of the table, without a conversion.
pub(crate) fn fingerprint(file_schema: &Schema) -> String {
    let mut text = String::new();
    for field in file_schema.fields() {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{} {} {}", field.name(), field.data_type(), field.is_nullable());
    }
    Sha256::digest(text.as_bytes()).iter().take(4).fold(String::with_capacity(8), |mut hexadecimal, byte| {
        let _ = write!(hexadecimal, "{byte:02x}");
        hexadecimal
    })
}

/// The type in which values are stored in Parquet and shown by Delta.
fn stored_type(column: &str, data_type: &DataType) -> Result<DataType> {
    let refuse = |hint| Err(Error::ColumnType { column: column.to_owned(), data_type: data_type.clone(), hint });
    Ok(match data_type {
        DataType::Boolean
        | DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::Float32
        | DataType::Float64
        | DataType::Date32
        | DataType::Utf8
        | DataType::Binary
        | DataType::Decimal128(_, _) => data_type.clone(),
        DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
        DataType::BinaryView | DataType::LargeBinary => DataType::Binary,
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => DataType::Decimal128(*precision, *scale),
        DataType::Dictionary(_, values) => stored_type(column, values)?,
        DataType::Timestamp(_, Some(_)) => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        DataType::Timestamp(_, None) => return refuse("a time needs a zone: make it an instant first"),
        DataType::List(item) | DataType::LargeList(item) | DataType::ListView(item) => {
            // Delta names the items of a list "element".
            DataType::List(Arc::new(Field::new("element", stored_type(column, item.data_type())?, item.is_nullable())))
        }
        DataType::Struct(fields) => DataType::Struct(
            fields
                .iter()
                .map(|field| {
                    stored_type(column, field.data_type()).map(|data_type| Arc::new(Field::new(field.name(), data_type, field.is_nullable())) as FieldRef)
                })
                .collect::<Result<Fields>>()?,
        ),
        DataType::UInt8 | DataType::UInt16 | DataType::UInt32 | DataType::UInt64 => return refuse("cast it to BIGINT"),
        DataType::Null => return refuse("NULL needs a type: CAST(NULL AS ...)"),
        DataType::Decimal256(_, _) => return refuse("cast it to a DECIMAL of at most 38 digits"),
        _ => return refuse("cast it to a number, a string, a DATE or a TIMESTAMP"),
    })
}

/// Parquet files of Delta tables without column mapping cannot have these characters in column names.
fn check_name(name: &str) -> Result<()> {
    let bad = |c: char| matches!(c, ' ' | ',' | ';' | '{' | '}' | '(' | ')' | '\n' | '\t' | '=');
    if name.is_empty() || name.chars().any(bad) {
        return Err(Error::ColumnName { column: name.to_owned() });
    }
    Ok(())
}

fn documentation(metadata: &HashMap<String, String>) -> HashMap<String, String> {
    metadata.iter().filter(|(key, _)| *key == COMMENT || *key == UNIT).map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn bare(schema: &Schema) -> Vec<(&str, &DataType, bool)> {
    schema.fields().iter().map(|field| (field.name().as_str(), field.data_type(), field.is_nullable())).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn layout(fields: Vec<Field>, partition: &[&str]) -> Result<TableLayout> {
        TableLayout::new(&Schema::new(fields), partition.iter().map(|name| (*name).to_owned()).collect(), vec![])
    }

    #[test]
    fn stored_types_are_those_that_delta_has() {
        let zoned = DataType::Timestamp(TimeUnit::Nanosecond, Some("Asia/Taipei".into()));
        let stored = layout(vec![Field::new("at", zoned, false), Field::new("name", DataType::Utf8View, true)], &[]).unwrap();
        assert_eq!(stored.schema().field(0).data_type(), &DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())));
        assert_eq!(stored.schema().field(1).data_type(), &DataType::Utf8);
        for refused in [DataType::UInt64, DataType::Null, DataType::Timestamp(TimeUnit::Microsecond, None)] {
            assert!(matches!(layout(vec![Field::new("x", refused, true)], &[]), Err(Error::ColumnType { .. })));
        }
    }

    #[test]
    fn partition_columns_are_dates_or_strings() {
        let columns = || vec![Field::new("day", DataType::Date32, false), Field::new("n", DataType::Int64, false)];
        assert!(layout(columns(), &["day"]).is_ok());
        assert!(matches!(layout(columns(), &["n"]), Err(Error::PartitionType { .. })));
        assert!(matches!(layout(columns(), &["x"]), Err(Error::LayoutColumn { .. })));
        assert!(matches!(layout(columns(), &["day", "day"]), Err(Error::NoFileColumns)));
    }

    #[test]
    fn names_that_parquet_cannot_hold_are_refused() {
        assert!(matches!(layout(vec![Field::new("count(*)", DataType::Int64, true)], &[]), Err(Error::ColumnName { .. })));
        let twice = vec![Field::new("day", DataType::Int64, true), Field::new("Day", DataType::Int64, true)];
        assert!(matches!(layout(twice, &[]), Err(Error::DuplicateColumn { .. })));
    }

    #[test]
    fn a_new_column_that_may_be_null_keeps_old_files_readable() {
        let old = layout(vec![Field::new("a", DataType::Int64, false)], &[]).unwrap();
        let wider = layout(vec![Field::new("b", DataType::Utf8, true), Field::new("a", DataType::Int64, false)], &[]).unwrap();
        let other = layout(vec![Field::new("a", DataType::Int32, false)], &[]).unwrap();
        assert!(wider.reads(&old) && !old.holds_same_rows(&wider));
        assert!(!other.reads(&old));
        assert_ne!(fingerprint(&old.file_schema()), fingerprint(&wider.file_schema()));
    }
}
