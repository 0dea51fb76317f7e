//! Where days, months and years begin and end on the time line.

use std::ops::Range;

use chrono::{DateTime, Days, MappedLocalTime, NaiveDate, TimeDelta, TimeZone, Utc};
use chrono_tz::GapInfo;

use crate::{Calendar, Grain};

impl Calendar {
    /// The business date of an instant: the day whose range holds it.
    ///
    /// Days are ranges of the time line, one after the other without holes: where midnight happens twice, what lies between the
    /// two belongs to the day that the first one began.
    #[must_use]
    pub fn business_date(&self, instant: DateTime<Utc>) -> NaiveDate {
        let since_midnight = self.day_starts_at.signed_duration_since(chrono::NaiveTime::MIN);
        let local = self.local(instant);
        let mut day = local.checked_sub_signed(since_midnight).unwrap_or(local).date();
        // The clock may show a day once more after the next one has begun.
        while let Some(next) = day.checked_add_days(Days::new(1)) {
            if self.day_start(next) > instant {
                break;
            }
            day = next;
        }
        day
    }

    /// The first instant of a business date: the first at which the clock shows [`Calendar::day_starts_at`] of that date, or the
    /// end of the gap where the clock jumps over it. At the ends of what can be computed with it is the first or last instant.
    #[must_use]
    pub fn day_start(&self, day: NaiveDate) -> DateTime<Utc> {
        let local = day.and_time(self.day_starts_at);
        let start = match self.zone.from_local_datetime(&local) {
            MappedLocalTime::Single(instant) => Some(instant),
            MappedLocalTime::Ambiguous(one, other) => Some(one.min(other)),
            MappedLocalTime::None => GapInfo::new(&local, &self.zone).and_then(|gap| gap.end),
        };
        start.map_or_else(|| local.and_utc(), |start| start.to_utc())
    }

    /// The instants of the bucket that a day lies in, end exclusive. For [`Grain::Hour`] those of the whole day: hours are found
    /// with [`Calendar::hour_start`].
    #[must_use]
    pub fn bucket_range(&self, grain: Grain, day: NaiveDate) -> Range<DateTime<Utc>> {
        self.day_start(grain.first_day(day))..self.day_start(grain.next_first_day(day))
    }

    /// The instants of a range of days, end exclusive on both sides.
    #[must_use]
    pub fn days_range(&self, days: Range<NaiveDate>) -> Range<DateTime<Utc>> {
        self.day_start(days.start)..self.day_start(days.end)
    }

    /// The instant at which the hour on the wall began that `instant` lies in, by the offset that holds at `instant`: an hour that
    /// happens twice is two buckets.
    #[must_use]
    pub fn hour_start(&self, instant: DateTime<Utc>) -> DateTime<Utc> {
        let local = self.local(instant);
        let into_hour = local.and_utc().timestamp_micros().rem_euclid(MICROSECONDS_AN_HOUR);
        instant.checked_sub_signed(TimeDelta::microseconds(into_hour)).unwrap_or(instant)
    }
}

const MICROSECONDS_AN_HOUR: i64 = 3_600_000_000;
