//! One value into one cell, without losing any of it.

use std::path::Path;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use rust_xlsxwriter::{Worksheet, XlsxError};

use crate::Error;
use crate::cell::Cell;
use crate::decimal::{sheet_number, write_decimal};

/// UTF-16 units of a cell's text.
const LONGEST_TEXT: usize = 32_767;

/// The doubles that Excel reads back as what they are.
const SMALLEST_DOUBLE: f64 = 2.225_073_858_507_2e-308;
const LARGEST_DOUBLE: f64 = 9.999_999_999_999_99e307;

const MICROSECONDS_PER_DAY: f64 = 86_400_000_000.0;

/// A cell of a sheet; row 0 is the header.
pub(super) struct Place<'a> {
    pub(super) sheet: &'a mut Worksheet,
    pub(super) row: u32,
    pub(super) column: u16,
}

/// Why a value could not be written.
pub(super) enum Problem {
    TooLong(usize),
    Library(XlsxError),
}

impl Problem {
    pub(super) fn into_error(self, path: &Path, column: &str, row: u64) -> Error {
        match self {
            Self::TooLong(length) => Error::TextTooLong { column: column.to_owned(), row, length },
            Self::Library(error) => Error::workbook(path, error),
        }
    }
}

impl Place<'_> {
    /// Writes the value and says how many bytes of text it has beyond a number's.
    pub(super) fn write(self, cell: &Cell<'_>) -> Result<u64, Problem> {
        match cell {
            Cell::Null => Ok(0),
            Cell::Boolean(value) => {
                self.sheet.write_boolean(self.row, self.column, *value).map_err(Problem::Library)?;
                Ok(0)
            }
            Cell::Text(text) => self.text(text),
            Cell::Integer(value) => self.number(sheet_number(*value, 0), || value.to_string()),
            Cell::Decimal { unscaled, scale } => self.number(sheet_number(*unscaled, *scale), || {
                let mut text = Vec::new();
                write_decimal(&mut text, *unscaled, *scale);
                String::from_utf8_lossy(&text).into_owned()
            }),
            Cell::Single(value) => self.number(double(f64::from(*value)), || format!("{value:?}")),
            Cell::Double(value) => self.number(double(*value), || format!("{value:?}")),
            Cell::Date(date) => self.number(day_number(*date), || date.to_string()),
            Cell::Timestamp(local) => self.number(moment_number(*local), || format!("{} {}", local.date(), local.time())),
            Cell::Time(time) => self.number(time_number(*time), || time.to_string()),
        }
    }

    /// A number where one holds the value, else the value's text.
    fn number(self, number: Option<f64>, text: impl FnOnce() -> String) -> Result<u64, Problem> {
        match number {
            Some(number) => {
                self.sheet.write_number(self.row, self.column, number).map_err(Problem::Library)?;
                Ok(0)
            }
            None => self.text(&text()),
        }
    }

    fn text(self, text: &str) -> Result<u64, Problem> {
        // A UTF-16 unit takes at least one byte, so short texts need no count.
        if text.len() > LONGEST_TEXT {
            let length = text.encode_utf16().count();
            if length > LONGEST_TEXT {
                return Err(Problem::TooLong(length));
            }
        }
        self.sheet.write_string(self.row, self.column, text).map_err(Problem::Library)?;
        Ok(text.len() as u64)
    }
}

fn double(value: f64) -> Option<f64> {
    let magnitude = value.abs();
    (magnitude == 0.0 || (SMALLEST_DOUBLE..=LARGEST_DOUBLE).contains(&magnitude)).then_some(value)
}

/// Excel's day number. Before March 1900 its calendar has a 29 February that never was, and readers disagree.
fn day_number(date: NaiveDate) -> Option<f64> {
    let epoch = NaiveDate::from_ymd_opt(1899, 12, 30)?;
    let first = NaiveDate::from_ymd_opt(1900, 3, 1)?;
    let last = NaiveDate::from_ymd_opt(9999, 12, 31)?;
    let days = date.signed_duration_since(epoch).num_days();
    // Fewer than 3 million days, so exact.
    (first..=last).contains(&date).then_some(days as f64)
}

/// Day number and fraction of the day, if the time can be read back from it: whole milliseconds always, microseconds until 2079.
fn moment_number(local: NaiveDateTime) -> Option<f64> {
    let fraction = time_number(local.time())?;
    let number = day_number(local.date())? + fraction;
    let (written, read) = (fraction * MICROSECONDS_PER_DAY, number.fract() * MICROSECONDS_PER_DAY);
    // A reader rounds to the unit that the value has.
    let unit = if written.round() % 1000.0 == 0.0 { 1000.0 } else { 1.0 };
    ((written / unit).round() == (read / unit).round()).then_some(number)
}

/// The fraction of the day, if the time has no more than microseconds.
fn time_number(time: NaiveTime) -> Option<f64> {
    let since_midnight: TimeDelta = time.signed_duration_since(NaiveTime::MIN);
    let microseconds = since_midnight.num_microseconds()?;
    // Fewer than 2^37 microseconds a day, so exact.
    (since_midnight == TimeDelta::microseconds(microseconds)).then_some(microseconds as f64 / MICROSECONDS_PER_DAY)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
    use super::*;

    fn moment(text: &str) -> Option<f64> {
        moment_number(text.parse().unwrap())
    }

    #[test]
    fn moments_keep_their_microsecond_or_stay_text() {
        assert_eq!(moment("2026-11-24T06:00:00"), Some(46_350.25));
        assert!(moment("2026-11-24T01:30:00.123457").is_some());
        assert!(moment("2026-11-24T01:30:00.123456789").is_none());
        assert!(moment("2300-01-01T00:00:01").is_some());
        assert_eq!(moment("1900-02-28T00:00:00"), None);
        assert_eq!(moment("1900-03-01T00:00:00"), Some(61.0));
        assert_eq!(day_number(NaiveDate::from_ymd_opt(10_000, 1, 1).unwrap()), None);
    }

    #[test]
    fn doubles_that_excel_cannot_hold_are_no_numbers() {
        assert_eq!(double(f64::NAN), None);
        assert_eq!(double(f64::NEG_INFINITY), None);
        assert_eq!(double(f64::MAX), None);
        assert_eq!(double(5e-324), None);
        assert_eq!(double(-0.1), Some(-0.1));
    }
}
