//! The calendar of a business.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, Utc, Weekday};
use chrono_tz::Tz;

/// The calendar of a business: its zone, when its day starts, its fiscal year, its holidays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    /// The zone in which business dates are counted.
    pub zone: Tz,
    /// The local time at which a business day starts; before it, the clock still belongs to the day before.
    pub day_starts_at: NaiveTime,
    /// The month, 1 to 12, with whose first day the fiscal year begins.
    pub fiscal_year_starts: u32,
    /// Days without business, besides Saturdays and Sundays.
    pub holidays: BTreeSet<NaiveDate>,
}

impl Calendar {
    /// A calendar whose days start at midnight, whose fiscal year is the calendar's, and that knows no holidays.
    #[must_use]
    pub const fn new(zone: Tz) -> Self {
        Self { zone, day_starts_at: NaiveTime::MIN, fiscal_year_starts: 1, holidays: BTreeSet::new() }
    }

    /// What the clock on the wall shows at an instant.
    #[must_use]
    pub fn local(&self, instant: DateTime<Utc>) -> NaiveDateTime {
        instant.with_timezone(&self.zone).naive_local()
    }

    /// Whether there is business on a day: neither Saturday nor Sunday nor a holiday.
    #[must_use]
    pub fn is_business_day(&self, day: NaiveDate) -> bool {
        !matches!(day.weekday(), Weekday::Sat | Weekday::Sun) && !self.holidays.contains(&day)
    }

    /// The first business day after `day`. The last day of all (262,142 AD) is followed by itself.
    #[must_use]
    pub fn next_business_day(&self, day: NaiveDate) -> NaiveDate {
        self.step_business_day(day, NaiveDate::checked_add_days)
    }

    /// The last business day before `day`. The first day of all is preceded by itself.
    #[must_use]
    pub fn previous_business_day(&self, day: NaiveDate) -> NaiveDate {
        self.step_business_day(day, NaiveDate::checked_sub_days)
    }

    fn step_business_day(&self, mut day: NaiveDate, step: fn(NaiveDate, Days) -> Option<NaiveDate>) -> NaiveDate {
        while let Some(next) = step(day, Days::new(1)) {
            day = next;
            if self.is_business_day(day) {
                break;
            }
        }
        day
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn business_days_leave_out_weekends_and_holidays() {
        let mut calendar = Calendar::new(chrono_tz::Asia::Taipei);
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        calendar.holidays = ["2026-02-16", "2026-02-17", "2026-02-18", "2026-02-19", "2026-02-20"].map(day).into();
        assert_eq!(calendar.next_business_day(day("2026-02-13")), day("2026-02-23"));
        assert_eq!(calendar.previous_business_day(day("2026-02-23")), day("2026-02-13"));
        assert!(calendar.is_business_day(day("2026-02-13")) && !calendar.is_business_day(day("2026-02-17")));
    }
}
