//! Fiscal years and periods.

use std::fmt;

use chrono::{Datelike, NaiveDate};

use crate::Calendar;

/// A period of a fiscal year: its months, counted from the first of the year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FiscalPeriod {
    /// The fiscal year, named for the calendar year in which it ends.
    pub year: i32,
    /// 1 to 12.
    pub period: u32,
}

impl fmt::Display for FiscalPeriod {
    /// `FY2026-P03`, which sorts as it counts.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "FY{:04}-P{:02}", self.year, self.period)
    }
}

impl Calendar {
    /// The fiscal year and period of a day.
    #[must_use]
    pub fn fiscal_period(&self, day: NaiveDate) -> FiscalPeriod {
        let period = (day.month() + 12 - self.fiscal_year_starts % 12) % 12 + 1;
        let ends_next_year = self.fiscal_year_starts > 1 && day.month() >= self.fiscal_year_starts;
        FiscalPeriod { year: day.year() + i32::from(ends_next_year), period }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_fiscal_year_is_named_for_the_year_in_which_it_ends() {
        let mut calendar = Calendar::new(chrono_tz::Asia::Taipei);
        let shown = |calendar: &Calendar, day: &str| calendar.fiscal_period(day.parse().unwrap()).to_string();
        assert_eq!(shown(&calendar, "2026-03-31"), "FY2026-P03");
        calendar.fiscal_year_starts = 4;
        assert_eq!(shown(&calendar, "2026-03-31"), "FY2026-P12");
        assert_eq!(shown(&calendar, "2026-04-01"), "FY2027-P01");
        assert_eq!(shown(&calendar, "2026-12-31"), "FY2027-P09");
    }
}
