//! Days and local moments as numbers, and their text. Formatting with chrono would cost more than all the rest of a row.

use chrono::{Datelike, Days, NaiveDate};

/// A local day, as days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Day(pub(super) i32);

/// A local second of a day, without a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment {
    pub(super) day: Day,
    /// Seconds since midnight, below 86,400.
    pub(super) second: u32,
}

const SECONDS_PER_DAY: i64 = 86_400;

impl Day {
    pub(super) fn of(date: NaiveDate) -> Self {
        Day::from_civil(date.year(), date.month(), date.day())
    }

    /// A date of the calendar that exists, by Howard Hinnant's `days_from_civil`.
    pub(super) const fn from_civil(year: i32, month: u32, day: u32) -> Self {
        let year = if month <= 2 { year - 1 } else { year };
        let shifted_month = (month as i32 + 9) % 12;
        let day_of_year = (153 * shifted_month + 2) / 5 + day as i32 - 1;
        let year_of_era = year.rem_euclid(400);
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Day(year.div_euclid(400) * 146_097 + day_of_era - 719_468)
    }

    /// The date; days before 1970 do not occur.
    pub(super) fn date(self) -> NaiveDate {
        NaiveDate::default().checked_add_days(Days::new(u64::from(self.0.unsigned_abs()))).unwrap_or_default()
    }

    pub(super) fn plus(self, days: i32) -> Self {
        Day(self.0 + days)
    }

    /// How many days lie between `earlier` and this day.
    pub(super) fn since(self, earlier: Day) -> i32 {
        self.0 - earlier.0
    }

    /// The number as a key of a random stream.
    pub(super) fn key(self) -> u64 {
        u64::from(self.0.unsigned_abs())
    }

    /// 0 for Monday to 6 for Sunday; 1970-01-01 was a Thursday.
    pub(super) fn weekday(self) -> usize {
        (self.0 + 3).rem_euclid(7).unsigned_abs() as usize
    }

    /// Year, month and day of the month, by Howard Hinnant's `civil_from_days`.
    pub(super) fn civil(self) -> (i32, u32, u32) {
        let shifted = self.0 + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = year_of_era + era * 400 + i32::from(month <= 2);
        (year, month.unsigned_abs(), day.unsigned_abs())
    }

    /// The first `sequence`d id of a day: YYMMDD and seven digits, so that ids ascend with time and any day's ids can be
    /// made without the days before it.
    pub(super) fn id(self, sequence: u32) -> i64 {
        let (year, month, day) = self.civil();
        let prefix = i64::from(year % 100) * 10_000 + i64::from(month) * 100 + i64::from(day);
        prefix * 10_000_000 + i64::from(sequence)
    }

    /// How many months lie between January of year 0 and this day's month.
    pub(super) fn month(self) -> i32 {
        let (year, month, _) = self.civil();
        year * 12 + month as i32 - 1
    }

    /// The first day of a month as [`Day::month`] counts them.
    pub(super) fn first_of_month(month: i32) -> Self {
        Day::from_civil(month.div_euclid(12), month.rem_euclid(12).unsigned_abs() + 1, 1)
    }

    /// Writes `YYYY-MM-DD`.
    pub(super) fn write(self, out: &mut Vec<u8>) {
        let (year, month, day) = self.civil();
        two_digits(out, year.unsigned_abs() / 100);
        two_digits(out, year.unsigned_abs() % 100);
        out.push(b'-');
        two_digits(out, month);
        out.push(b'-');
        two_digits(out, day);
    }
}

impl Moment {
    pub(super) fn plus(self, seconds: i64) -> Self {
        let total = i64::from(self.second) + seconds;
        Moment { day: self.day.plus(total.div_euclid(SECONDS_PER_DAY) as i32), second: total.rem_euclid(SECONDS_PER_DAY) as u32 }
    }

    /// Microseconds since 1970-01-01 00:00:00, as if the local clock were UTC.
    pub(super) fn microseconds(self) -> i64 {
        (i64::from(self.day.0) * SECONDS_PER_DAY + i64::from(self.second)) * 1_000_000
    }

    /// Writes `YYYY-MM-DD`, the separator and `HH:MM:SS`.
    pub(super) fn write(self, separator: u8, out: &mut Vec<u8>) {
        self.day.write(out);
        out.push(separator);
        two_digits(out, self.second / 3600);
        out.push(b':');
        two_digits(out, self.second / 60 % 60);
        out.push(b':');
        two_digits(out, self.second % 60);
    }
}

fn two_digits(out: &mut Vec<u8>, number: u32) {
    out.push(b'0' + (number / 10 % 10) as u8);
    out.push(b'0' + (number % 10) as u8);
}

/// Whether ids of the day ascend: two digits of the year are part of them.
pub(super) fn has_ids(date: NaiveDate) -> bool {
    (2000..2100).contains(&date.year())
}
