//! A zone's offset from UTC, by UTC day, remembered; and with it the way from instants to local times and back.
//!
//! Looking an offset up in the zone's table costs as much as all the rest of `date_trunc`. Nearly every UTC day has one offset, so
//! one remembered number a day answers for all of its rows; a day with a change of offset says so and is left to the slow way.

use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use chrono::{DateTime, Offset, TimeZone, Utc};
use chrono_tz::Tz;
use nightshift_calendar::Calendar;

/// Days since 1970-01-01 that are remembered: until 2110.
const REMEMBERED_DAYS: usize = 51_135;
const SECONDS_PER_DAY: i64 = 86_400;
/// Offsets hold for longer than this; that of Recife's summer in October 2000 for a minute less than a week.
const DAYS_WITHOUT_TWO_CHANGES: i64 = 6;
/// 1900-01-01 as a day since 1970-01-01. Before it towns had their own time.
const FIRST_DAY: i64 = -25_567;
const UNKNOWN: i32 = i32::MIN;
const CHANGES: i32 = i32::MAX;

/// The offsets of one zone.
#[derive(Debug)]
pub(crate) struct ZoneOffsets {
    calendar: Calendar,
    by_day: Vec<AtomicI32>,
    keep_order_of_days: OnceLock<bool>,
}

impl ZoneOffsets {
    /// Those of a zone, which all sessions of the process share: each looks up the same days.
    pub(crate) fn of(zone: Tz) -> Arc<Self> {
        static KNOWN: Mutex<Vec<Arc<ZoneOffsets>>> = Mutex::new(Vec::new());
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(offsets) = known.iter().find(|offsets| offsets.calendar.zone == zone) {
            return Arc::clone(offsets);
        }
        let offsets = Arc::new(Self::new(zone));
        known.push(Arc::clone(&offsets));
        offsets
    }

    fn new(zone: Tz) -> Self {
        let by_day = std::iter::repeat_with(|| AtomicI32::new(UNKNOWN)).take(REMEMBERED_DAYS).collect();
        Self { calendar: Calendar::new(zone), by_day, keep_order_of_days: OnceLock::new() }
    }

    /// The zone's name.
    pub(crate) fn name(&self) -> &'static str {
        self.calendar.zone.name()
    }

    /// True if these are the offsets of the zone with this name.
    pub(crate) fn is_zone(&self, name: &str) -> bool {
        self.name() == name
    }

    /// The offset in seconds that holds during the whole UTC day `day`, or `None` where it changes or is not remembered.
    pub(crate) fn of_day(&self, day: i64) -> Option<i32> {
        let slot = self.by_day.get(usize::try_from(day).ok()?)?;
        match slot.load(Ordering::Relaxed) {
            UNKNOWN => {
                let offset = self.look_up(day);
                slot.store(offset.unwrap_or(CHANGES), Ordering::Relaxed);
                offset
            }
            CHANGES => None,
            offset => Some(offset),
        }
    }

    /// The offset in seconds that holds on the UTC day `day` and on its neighbours, so for all times of that local date too.
    pub(crate) fn around_day(&self, day: i64) -> Option<i32> {
        let offset = self.of_day(day)?;
        (self.of_day(day - 1)? == offset && self.of_day(day + 1)? == offset).then_some(offset)
    }

    /// What the clock shows at an instant, both in ticks since 1970. At the ends of what can be computed with it is `None`.
    pub(crate) fn local_of(&self, instant: i64, ticks_per_second: i64) -> Option<i64> {
        let (second, fraction) = (instant.div_euclid(ticks_per_second), instant.rem_euclid(ticks_per_second));
        let offset = match self.of_day(second.div_euclid(SECONDS_PER_DAY)) {
            Some(offset) => offset,
            None => self.offset_at(second)?,
        };
        second.checked_add(i64::from(offset))?.checked_mul(ticks_per_second)?.checked_add(fraction)
    }

    /// The first instant at which the clock shows a local time, or the end of the gap where the clock jumps over it, both in ticks
    /// since 1970. At the ends of what can be computed with it is `None`.
    pub(crate) fn instant_of(&self, local: i64, ticks_per_second: i64) -> Option<i64> {
        let (second, fraction) = (local.div_euclid(ticks_per_second), local.rem_euclid(ticks_per_second));
        let (instant, fraction) = match self.around_day(second.div_euclid(SECONDS_PER_DAY)) {
            Some(offset) => (second - i64::from(offset), fraction),
            None => {
                let naive = DateTime::from_timestamp(second, 0)?.naive_utc();
                let first = self.calendar.first_instant(naive);
                // A gap ends on a whole second.
                (first.timestamp(), if self.calendar.local(first) == naive { fraction } else { 0 })
            }
        };
        instant.checked_mul(ticks_per_second)?.checked_add(fraction)
    }

    /// True if of two instants since 1900 the later one never has the earlier date. It is so unless the clock was put back over midnight, as at
    /// St. John's, from one minute past it, until 2011.
    pub(crate) fn keep_order_of_days(&self) -> bool {
        *self.keep_order_of_days.get_or_init(|| {
            let last = i64::try_from(REMEMBERED_DAYS).unwrap_or(i64::MAX) * SECONDS_PER_DAY;
            let first = FIRST_DAY * SECONDS_PER_DAY;
            let mut before = (first, self.offset_at(first));
            (first..last).step_by(usize::try_from(DAYS_WITHOUT_TWO_CHANGES * SECONDS_PER_DAY).unwrap_or(1)).skip(1).chain([last]).all(|second| {
                let after = (second, self.offset_at(second));
                let keeps = self.keeps_order_within(before, after);
                before = after;
                keeps
            })
        })
    }

    /// The same for a span in which the offset changes once at most; its ends come with their offsets.
    fn keeps_order_within(&self, (mut before, old): (i64, Option<i32>), (mut after, new): (i64, Option<i32>)) -> bool {
        let (Some(old), Some(new)) = (old, new) else { return true };
        if new >= old {
            return true;
        }
        while after - before > 1 {
            let middle = before.midpoint(after);
            if self.offset_at(middle) == Some(old) { before = middle } else { after = middle }
        }
        // The last second before the change, and the first one after it.
        let day = |second: i64, offset: i32| (second + i64::from(offset)).div_euclid(SECONDS_PER_DAY);
        day(after, new) >= day(before, old)
    }

    /// A day counts as steady if its first and last second and every quarter of an hour between have one offset.
    fn look_up(&self, day: i64) -> Option<i32> {
        let start = day.checked_mul(SECONDS_PER_DAY)?;
        let first = self.offset_at(start)?;
        let mut seconds = (0..SECONDS_PER_DAY).step_by(900).chain([SECONDS_PER_DAY - 1]);
        seconds.all(|second| self.offset_at(start + second) == Some(first)).then_some(first)
    }

    fn offset_at(&self, second: i64) -> Option<i32> {
        let instant = Utc.timestamp_opt(second, 0).single()?;
        Some(self.calendar.zone.offset_from_utc_datetime(&instant.naive_utc()).fix().local_minus_utc())
    }
}

/// Two tables of offsets are the same if their zone is.
impl PartialEq for ZoneOffsets {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for ZoneOffsets {}

impl Hash for ZoneOffsets {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}
