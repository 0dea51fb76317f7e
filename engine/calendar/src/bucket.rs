//! Where days, months and years begin and end on the time line.

use std::ops::Range;

use chrono::{DateTime, Days, MappedLocalTime, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::GapInfo;

use crate::{Calendar, Grain};

impl Calendar {
    /// The business date of an instant: the day whose range holds it.
    ///
    /// Days are ranges of the time line, one after the other without holes: where midnight happens twice, what lies between the
    /// two belongs to the day that the first one began.
    #[must_use]
    pub fn business_date(&self, instant: DateTime<Utc>) -> NaiveDate {
        let since_midnight = self.day_starts_at.signed_duration_since(NaiveTime::MIN);
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
        self.first_instant(day.and_time(self.day_starts_at))
    }

    /// The first instant at which the clock shows `local`, or the end of the gap where the clock jumps over it: what a local time
    /// means when it is compared with instants. At the ends of what can be computed with it is the first or last instant.
    #[must_use]
    pub fn first_instant(&self, local: NaiveDateTime) -> DateTime<Utc> {
        let first = match self.zone.from_local_datetime(&local) {
            MappedLocalTime::Single(instant) => Some(instant),
            MappedLocalTime::Ambiguous(one, other) => Some(one.min(other)),
            MappedLocalTime::None => GapInfo::new(&local, &self.zone).and_then(|gap| gap.end),
        };
        first.map_or_else(|| local.and_utc(), |first| first.to_utc())
    }

    /// The instants at which the clock shows a date of the bucket that a day lies in, end exclusive, whatever
    /// [`Calendar::day_starts_at`] says. Where the clock goes back over midnight, ranges of neighbours overlap.
    #[must_use]
    pub fn local_range(&self, grain: Grain, day: NaiveDate) -> Range<DateTime<Utc>> {
        let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN);
        let next = midnight(grain.next_first_day(day));
        let end = match self.zone.from_local_datetime(&next) {
            MappedLocalTime::Ambiguous(one, other) => one.max(other).to_utc(),
            _ => self.first_instant(next),
        };
        self.first_instant(midnight(grain.first_day(day)))..end
    }

    /// The instants of the bucket of business dates that a day lies in, end exclusive. For [`Grain::Hour`] those of the whole day.
    #[must_use]
    pub fn bucket_range(&self, grain: Grain, day: NaiveDate) -> Range<DateTime<Utc>> {
        self.day_start(grain.first_day(day))..self.day_start(grain.next_first_day(day))
    }

    /// The instants of a range of days, end exclusive on both sides.
    #[must_use]
    pub fn days_range(&self, days: Range<NaiveDate>) -> Range<DateTime<Utc>> {
        self.day_start(days.start)..self.day_start(days.end)
    }
}
