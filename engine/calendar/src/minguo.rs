//! Dates of the Republic of China's calendar (民國), in which Taiwan's taxes and invoices are dated.

use std::fmt;

use chrono::{Datelike, NaiveDate};

use crate::Calendar;

/// A date with the year counted from 1912 = 1. Years before it are counted backwards: 1911 = -1 (民前一年); there is no year 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Minguo {
    /// The year, never 0.
    pub year: i32,
    /// 1 to 12.
    pub month: u32,
    /// 1 to 31.
    pub day: u32,
}

const YEAR_BEFORE_FIRST: i32 = 1911;

impl Minguo {
    /// The same day in the common calendar; `None` if there is no such day.
    #[must_use]
    pub fn to_date(self) -> Option<NaiveDate> {
        let year = match self.year {
            0 => return None,
            1.. => self.year.checked_add(YEAR_BEFORE_FIRST)?,
            _ => self.year.checked_add(YEAR_BEFORE_FIRST + 1)?,
        };
        NaiveDate::from_ymd_opt(year, self.month, self.day)
    }
}

impl From<NaiveDate> for Minguo {
    fn from(date: NaiveDate) -> Self {
        let counted = date.year() - YEAR_BEFORE_FIRST;
        let year = if counted > 0 { counted } else { counted - 1 };
        Self { year, month: date.month(), day: date.day() }
    }
}

impl fmt::Display for Minguo {
    /// `115/02/22`, as Taiwan's forms have it: at least three digits for the year.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:03}/{:02}/{:02}", self.year, self.month, self.day)
    }
}

impl Calendar {
    /// A day in the Republic of China's calendar.
    #[must_use]
    pub fn minguo(&self, day: NaiveDate) -> Minguo {
        day.into()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn years_count_from_1912_and_backwards_without_a_year_0() {
        for (date, shown) in [("2026-02-22", "115/02/22"), ("1912-01-01", "001/01/01"), ("1911-12-31", "-01/12/31")] {
            let date: NaiveDate = date.parse().unwrap();
            let minguo = Minguo::from(date);
            assert_eq!(minguo.to_string(), shown);
            assert_eq!(minguo.to_date(), Some(date));
        }
        assert_eq!(Minguo { year: 0, month: 1, day: 1 }.to_date(), None);
        assert_eq!(Minguo { year: 115, month: 2, day: 29 }.to_date(), None);
    }
}
