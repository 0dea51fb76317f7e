//! Days since 1970 to civil dates and back, in plain integers.
//!
//! Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", <https://howardhinnant.github.io/date_algorithms.html>.

/// What a bucket is cut to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    Hour,
    Day,
    Month,
    Year,
}

impl Cut {
    /// Reads the first argument of `date_trunc`; other units are left to DataFusion.
    pub(crate) fn parse(unit: &str) -> Option<Self> {
        match unit.to_ascii_lowercase().as_str() {
            "hour" => Some(Self::Hour),
            "day" => Some(Self::Day),
            "month" => Some(Self::Month),
            "year" => Some(Self::Year),
            _ => None,
        }
    }
}

/// The first day of the month or year that `day` (days since 1970-01-01) lies in.
pub(crate) fn first_day(day: i32, cut: Cut) -> i32 {
    match cut {
        Cut::Hour | Cut::Day => day,
        Cut::Month => {
            let (_, _, day_of_month) = from_days(day);
            day - (day_of_month - 1)
        }
        Cut::Year => {
            let (year, _, _) = from_days(day);
            to_days(year, 1, 1)
        }
    }
}

fn from_days(days: i32) -> (i32, i32, i32) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i32::from(month <= 2);
    (year, month, day)
}

fn to_days(year: i32, month: i32, day: i32) -> i32 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use chrono::{Datelike, NaiveDate};

    #[test]
    fn agrees_with_chrono_for_eight_centuries() {
        let epoch = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();
        for days in -150_000..150_000 {
            let date = epoch + chrono::Duration::days(i64::from(days));
            let month = (date.with_day(1).unwrap() - epoch).num_days() as i32;
            let year = (NaiveDate::from_ymd_opt(date.year(), 1, 1).unwrap() - epoch).num_days() as i32;
            assert_eq!(first_day(days, Cut::Month), month, "{date}");
            assert_eq!(first_day(days, Cut::Year), year, "{date}");
        }
    }
}
