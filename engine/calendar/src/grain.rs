//! The lengths of buckets.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, Days, Months, NaiveDate};

/// The length of a bucket, finest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grain {
    /// An hour.
    Hour,
    /// A business day.
    Day,
    /// A calendar month.
    Month,
    /// A calendar year.
    Year,
}

/// A word that is no grain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is no grain")]
pub struct UnknownGrain {
    /// The word.
    pub word: String,
}

impl Grain {
    /// All of them, finest first.
    pub const ALL: [Self; 4] = [Self::Hour, Self::Day, Self::Month, Self::Year];

    /// The word for one bucket, as `date_trunc` takes it: `day`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// The folder of its rollups: `daily`.
    #[must_use]
    pub const fn folder(self) -> &'static str {
        match self {
            Self::Hour => "hourly",
            Self::Day => "daily",
            Self::Month => "monthly",
            Self::Year => "yearly",
        }
    }

    /// The next coarser grain, by which the tables of this one are partitioned; a year has none.
    #[must_use]
    pub const fn coarser(self) -> Option<Self> {
        match self {
            Self::Hour => Some(Self::Day),
            Self::Day => Some(Self::Month),
            Self::Month => Some(Self::Year),
            Self::Year => None,
        }
    }

    /// The first day of the bucket that `day` lies in; for hours and days `day` itself.
    #[must_use]
    pub fn first_day(self, day: NaiveDate) -> NaiveDate {
        let first = match self {
            Self::Hour | Self::Day => Some(day),
            Self::Month => day.with_day(1),
            Self::Year => NaiveDate::from_ymd_opt(day.year(), 1, 1),
        };
        first.unwrap_or(day)
    }

    /// The first day of the bucket after the one that `day` lies in; for hours and days the day after. At the end of what can be
    /// computed with (262,142 AD) it is the last day of all.
    #[must_use]
    pub fn next_first_day(self, day: NaiveDate) -> NaiveDate {
        let first = self.first_day(day);
        let next = match self {
            Self::Hour | Self::Day => first.checked_add_days(Days::new(1)),
            Self::Month => first.checked_add_months(Months::new(1)),
            Self::Year => first.checked_add_months(Months::new(12)),
        };
        next.unwrap_or(NaiveDate::MAX)
    }
}

impl fmt::Display for Grain {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Grain {
    type Err = UnknownGrain;

    /// Takes `day` as well as the folder's name `daily`.
    fn from_str(word: &str) -> Result<Self, UnknownGrain> {
        Self::ALL.into_iter().find(|grain| word == grain.as_str() || word == grain.folder()).ok_or_else(|| UnknownGrain { word: word.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn words_and_buckets() {
        let day: NaiveDate = "2024-02-29".parse().unwrap();
        assert_eq!("monthly".parse(), Ok(Grain::Month));
        assert_eq!("hour".parse(), Ok(Grain::Hour));
        assert!("weekly".parse::<Grain>().is_err());
        assert_eq!(Grain::Year.to_string(), "year");
        assert_eq!(Grain::Day.coarser(), Some(Grain::Month));
        assert_eq!(Grain::Month.first_day(day).to_string(), "2024-02-01");
        assert_eq!(Grain::Month.next_first_day(day).to_string(), "2024-03-01");
        assert_eq!(Grain::Year.next_first_day(day).to_string(), "2025-01-01");
        assert_eq!(Grain::Day.next_first_day(day).to_string(), "2024-03-01");
    }
}
