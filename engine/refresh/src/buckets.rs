//! A set of buckets: what a change touches.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, NaiveDate};
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::Date32Type;
use datafusion::common::ScalarValue;
use nightshift_calendar::{Calendar, Grain};
use nightshift_compile::Rollup;
use nightshift_compile::rollup::symbol::{Bucketing, Days};

use crate::{Error, Result};

/// One bucket's key as the table stores it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bucket {
    /// Rows without a time.
    None,
    /// A day, or the first day of a month or year.
    Date(NaiveDate),
    /// The instant at which an hour begins, in microseconds since 1970.
    Hour(i64),
}

/// A set of buckets.
pub type Buckets = BTreeSet<Bucket>;

/// Reads a column of buckets of a rollup.
pub(crate) fn read(batches: &[RecordBatch], column: usize, rollup: &Rollup) -> Result<Buckets> {
    let mut found = Buckets::new();
    for batch in batches {
        for row in 0..batch.num_rows() {
            let value = ScalarValue::try_from_array(batch.column(column), row)?;
            let unexpected = || Error::BucketType { rollup: rollup.name().to_owned(), found: value.data_type().to_string() };
            found.insert(Bucket::from_scalar(&value).ok_or_else(unexpected)?);
        }
    }
    Ok(found)
}

/// True if no instant before the beginning of a bucket belongs to it or to a later one. It is not so where the clock goes back over
/// midnight.
#[must_use]
pub fn is_sharp(day: NaiveDate, unit: Bucketing, calendar: &Calendar) -> bool {
    let before = day.pred_opt().map(|day| unit.grain.first_day(day));
    let instants = |day| Bucket::Date(day).instants(unit, calendar);
    matches!((before.and_then(instants), instants(day)), (Some((_, end)), Some((start, _))) if end <= start)
}

impl Bucket {
    /// Reads a value of a bucket column.
    pub fn from_scalar(value: &ScalarValue) -> Option<Self> {
        match value {
            ScalarValue::Date32(Some(days)) => Date32Type::to_naive_date_opt(*days).map(Self::Date),
            ScalarValue::TimestampMicrosecond(Some(instant), _) => Some(Self::Hour(*instant)),
            value if value.is_null() => Some(Self::None),
            _ => None,
        }
    }

    /// The value in a bucket column, times in the calendar's zone.
    pub fn scalar(self, calendar: &Calendar) -> Option<ScalarValue> {
        match self {
            Self::None => None,
            Self::Date(day) => Some(ScalarValue::Date32(Some(Date32Type::from_naive_date(day)))),
            Self::Hour(instant) => Some(ScalarValue::TimestampMicrosecond(Some(instant), Some(calendar.zone.name().into()))),
        }
    }

    /// As people write it: a date, for an hour the local time at which it begins.
    pub fn text(self, calendar: &Calendar) -> String {
        match self {
            Self::None => "without a time".to_owned(),
            Self::Date(day) => day.to_string(),
            Self::Hour(instant) => {
                let local = DateTime::from_timestamp_micros(instant).map(|instant| calendar.local(instant));
                local.map_or_else(|| instant.to_string(), |local| local.format("%Y-%m-%d %H:%M").to_string())
            }
        }
    }

    /// The number that stands for it in its column: days or microseconds since 1970.
    pub(crate) fn number(self) -> Option<i64> {
        match self {
            Self::None => None,
            Self::Date(day) => Some(Date32Type::from_naive_date(day).into()),
            Self::Hour(instant) => Some(instant),
        }
    }

    /// The local day with which the bucket begins.
    pub fn day(self, calendar: &Calendar) -> Option<NaiveDate> {
        match self {
            Self::None => None,
            Self::Date(day) => Some(day),
            Self::Hour(instant) => DateTime::from_timestamp_micros(instant).map(|instant| calendar.local(instant).date()),
        }
    }

    /// The partition of a rollup's table that holds the bucket; `None` in the first place where the table has no partitions.
    pub fn partition(self, grain: Grain, calendar: &Calendar) -> Option<Option<String>> {
        let day = self.day(calendar);
        match grain {
            Grain::Hour | Grain::Day => Some(day.map(|day| format!("{:04}-{:02}", day.year(), day.month()))),
            Grain::Month => Some(day.map(|day| format!("{:04}", day.year()))),
            Grain::Year => None,
        }
    }

    /// Instants between which all of the bucket lies, in microseconds since 1970, end exclusive. For an hour those of its whole day.
    pub fn instants(self, buckets: Bucketing, calendar: &Calendar) -> Option<(i64, i64)> {
        let day = self.day(calendar)?;
        let range = match buckets.days {
            Days::Calendar => calendar.local_range(buckets.grain, day),
            Days::Business => calendar.bucket_range(buckets.grain, day),
        };
        Some((range.start.timestamp_micros(), range.end.timestamp_micros()))
    }
}
