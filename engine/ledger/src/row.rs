//! Reading typed values from a row, and writing instants so that they sort as text.

use std::str::FromStr;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use nightshift_diagnostic::Fault;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::error::{Error, Result};

/// An instant as the ledger stores it: UTC, microseconds, always of the same length.
pub(crate) fn stored(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// A count as SQLite stores it. What does not fit (nothing real) is stored as the greatest value.
pub(crate) fn count(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Typed reads by column name.
pub(crate) trait Columns {
    fn text(&self, column: &'static str) -> Result<String>;
    fn optional_text(&self, column: &'static str) -> Result<Option<String>>;
    fn integer(&self, column: &'static str) -> Result<i64>;
    fn optional_integer(&self, column: &'static str) -> Result<Option<i64>>;
    fn real(&self, column: &'static str) -> Result<f64>;

    fn number<N: TryFrom<i64>>(&self, column: &'static str) -> Result<N> {
        let value = self.integer(column)?;
        N::try_from(value).map_err(|_| Error::Unreadable { column, value: value.to_string(), wanted: "a number in range" })
    }

    fn word<W: FromStr>(&self, column: &'static str) -> Result<W> {
        parse(column, self.text(column)?, "a word known to this version")
    }

    fn optional_word<W: FromStr>(&self, column: &'static str) -> Result<Option<W>> {
        self.optional_text(column)?.map(|text| parse(column, text, "a word known to this version")).transpose()
    }

    fn date(&self, column: &'static str) -> Result<NaiveDate> {
        parse(column, self.text(column)?, "a date")
    }

    fn instant(&self, column: &'static str) -> Result<DateTime<Utc>> {
        parse(column, self.text(column)?, "an instant")
    }

    fn optional_instant(&self, column: &'static str) -> Result<Option<DateTime<Utc>>> {
        self.optional_text(column)?.map(|text| parse(column, text, "an instant")).transpose()
    }

    fn optional_json(&self, column: &'static str) -> Result<Option<serde_json::Value>> {
        self.optional_text(column)?.map(|text| parse(column, text, "JSON")).transpose()
    }

    fn optional_fault(&self, column: &'static str) -> Result<Option<Fault>> {
        let Some(text) = self.optional_text(column)? else {
            return Ok(None);
        };
        [Fault::User, Fault::Data, Fault::External, Fault::Internal].into_iter().find(|fault| fault.as_str() == text).map(Some).ok_or(Error::Unreadable {
            column,
            value: text,
            wanted: "a fault",
        })
    }
}

fn parse<T: FromStr>(column: &'static str, value: String, wanted: &'static str) -> Result<T> {
    value.parse().map_err(|_| Error::Unreadable { column, value, wanted })
}

impl Columns for SqliteRow {
    fn text(&self, column: &'static str) -> Result<String> {
        self.try_get(column).map_err(Error::doing("read a row"))
    }

    fn optional_text(&self, column: &'static str) -> Result<Option<String>> {
        self.try_get(column).map_err(Error::doing("read a row"))
    }

    fn integer(&self, column: &'static str) -> Result<i64> {
        self.try_get(column).map_err(Error::doing("read a row"))
    }

    fn optional_integer(&self, column: &'static str) -> Result<Option<i64>> {
        self.try_get(column).map_err(Error::doing("read a row"))
    }

    fn real(&self, column: &'static str) -> Result<f64> {
        self.try_get(column).map_err(Error::doing("read a row"))
    }
}
