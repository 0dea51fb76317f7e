//! The columns of a source's tables: those of the contract, then the hidden ones, whose names start with an underscore.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, BooleanArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Field, Int64Type, Schema, SchemaRef, TimestampMicrosecondType};
use chrono::{Datelike as _, NaiveDate, TimeDelta};
use nightshift_calendar::Grain;
use nightshift_compile::contract::Contract;
use nightshift_lake::{DELETION_VECTORS, TableLayout};
use nightshift_project::Load;
use nightshift_quality::{LocalClock, Rules};

use crate::Result;

/// The file that a row came from, `<date>/<name>`.
pub(crate) const FILE: &str = "_file";
/// The line of the file on which it stands; in Parquet the number of the row.
pub(crate) const LINE: &str = "_line";
/// Whether the row is the tombstone of its key.
pub(crate) const DELETED: &str = "_deleted";
/// In the state of an upserted source: which load brought the row.
pub(crate) const LOAD: &str = "_load";
/// Before the name of the column that a table is partitioned by.
const PARTITION: &str = "_part_";

/// Microseconds in a day.
const DAY: i64 = 86_400_000_000;

/// Whether rows of this source replace each other by key.
pub(crate) fn is_upsert(contract: &Contract) -> bool {
    matches!(contract.header.load, Load::Upsert { .. })
}

/// The columns of a row that was read: the contract's as SQL sees them, then its origin.
pub(crate) fn row_schema(rules: &Rules) -> SchemaRef {
    let mut fields: Vec<Field> = rules.schema().fields().iter().map(|field| field.as_ref().clone()).collect();
    fields.push(Field::new(FILE, DataType::Utf8, false));
    fields.push(Field::new(LINE, DataType::Int64, false));
    if is_upsert(rules.contract()) {
        fields.push(Field::new(DELETED, DataType::Boolean, false));
    }
    Arc::new(Schema::new(fields))
}

/// A batch of one file's good rows with their origin.
pub(crate) fn with_origin(rules: &Rules, schema: &SchemaRef, rows: &RecordBatch, file: &str, lines: ArrayRef) -> Result<RecordBatch> {
    let mut columns = rows.columns().to_vec();
    columns.push(Arc::new(StringArray::from_iter_values(std::iter::repeat_n(file, rows.num_rows()))));
    columns.push(lines);
    if is_upsert(rules.contract()) {
        let deleted: BooleanArray = rules.deleted(rows)?;
        columns.push(Arc::new(deleted));
    }
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

/// The layout of the table that SQL reads. Rows are sorted by time where the table is partitioned by it, else by key.
pub(crate) fn source_layout(rules: &Rules) -> Result<TableLayout> {
    let contract = rules.contract();
    let mut fields: Vec<Field> = row_schema(rules).fields().iter().map(|field| field.as_ref().clone()).collect();
    let mut partition = Vec::new();
    let mut sort = contract.key().to_vec();
    if let Some(by) = &contract.header.partition {
        let name = format!("{PARTITION}{}", by.column);
        fields.push(Field::new(&name, DataType::Utf8, true));
        partition.push(name);
        sort = vec![by.column.clone()];
    }
    let layout = TableLayout::new(&Schema::new(fields), partition, sort)?.with_description(contract.header.title.clone());
    // Of a file of a month only a few rows are replaced: they go while the file stays.
    let deletes = is_upsert(contract).then(|| (DELETION_VECTORS.to_owned(), "true".to_owned()));
    Ok(layout.with_properties(deletes.into_iter().collect()))
}

/// The layout of the state of an upserted source: rows that lost, with the load that brought them, sorted by key.
pub(crate) fn state_layout(rules: &Rules) -> Result<TableLayout> {
    let contract = rules.contract();
    let mut fields: Vec<Field> = row_schema(rules).fields().iter().map(|field| field.as_ref().clone()).collect();
    fields.push(Field::new(LOAD, DataType::Int64, false));
    let layout = TableLayout::new(&Schema::new(fields), vec![], contract.key().to_vec())?;
    Ok(layout.with_description(format!("Superseded rows of {}", contract.header.title)))
}

/// Finds the partition of rows by a local day.
pub(crate) struct Partitioner {
    column: usize,
    grain: Grain,
    clock: LocalClock,
}

impl Partitioner {
    /// What splits rows of this source; nothing if its table is not partitioned.
    pub(crate) fn new(rules: &Rules) -> Option<Self> {
        let by = rules.contract().header.partition.as_ref()?;
        let column = rules.contract().index_of(&by.column)?;
        Some(Self { column, grain: by.grain, clock: rules.clock() })
    }

    /// For each row the first local day of its partition, in days since 1970; nothing where the time is NULL.
    pub(crate) fn days(&mut self, rows: &RecordBatch) -> Result<Vec<Option<i32>>> {
        let times = rows.column(self.column);
        let mut last: Option<(i32, i32)> = None;
        let grain = self.grain;
        let mut first_day = |day: i32| match last {
            Some((known, first)) if known == day => first,
            _ => {
                let first = first_day(grain, day);
                last = Some((day, first));
                first
            }
        };
        if let DataType::Date32 = times.data_type() {
            let days = times.as_primitive::<Date32Type>();
            return Ok(days.iter().map(|day| day.map(&mut first_day)).collect());
        }
        let times = times.as_primitive::<TimestampMicrosecondType>();
        let clock = &mut self.clock;
        let mut local_day = |instant: i64| i32::try_from(clock.to_local(instant).div_euclid(DAY)).unwrap_or_default();
        Ok(times.iter().map(|instant| instant.map(|instant| first_day(local_day(instant)))).collect())
    }

    /// How the log spells a partition: `2026-11`.
    pub(crate) fn spell(&self, first_day: i32) -> String {
        let Some(date) = date(first_day) else { return first_day.to_string() };
        match self.grain {
            Grain::Year => format!("{:04}", date.year()),
            Grain::Month => format!("{:04}-{:02}", date.year(), date.month()),
            Grain::Hour | Grain::Day => date.to_string(),
        }
    }
}

fn date(day: i32) -> Option<NaiveDate> {
    NaiveDate::default().checked_add_signed(TimeDelta::days(i64::from(day)))
}

fn first_day(grain: Grain, day: i32) -> i32 {
    let first = date(day).map(|date| grain.first_day(date).signed_duration_since(NaiveDate::default()).num_days());
    first.and_then(|first| i32::try_from(first).ok()).unwrap_or(day)
}

/// A key column as 64-bit numbers in the order of its values; nothing if the key is not one whole number.
pub(crate) fn integers(column: &ArrayRef) -> Result<Option<Vec<u64>>> {
    if !matches!(column.data_type(), DataType::Int64 | DataType::Int32 | DataType::Int16) {
        return Ok(None);
    }
    let wide = cast(column, &DataType::Int64)?;
    let wide = wide.as_primitive::<Int64Type>();
    Ok(Some(wide.values().iter().map(|value| ordered(*value)).collect()))
}

/// A signed number as an unsigned one of the same order.
pub(crate) const fn ordered(value: i64) -> u64 {
    value.cast_unsigned() ^ (1 << 63)
}

/// The signed number of an unsigned one: [`ordered`] the other way.
pub(crate) const fn signed(ordered: u64) -> i64 {
    (ordered ^ (1 << 63)).cast_signed()
}

/// The strings of a column, which a scan may give in any form.
pub(crate) fn strings(column: &ArrayRef) -> Result<StringArray> {
    if let DataType::Dictionary(_, _) | DataType::Utf8View | DataType::LargeUtf8 = column.data_type() {
        return Ok(cast(column, &DataType::Utf8)?.as_string::<i32>().clone());
    }
    Ok(column.as_string::<i32>().clone())
}
