//! A zone's offset from UTC, by UTC day, remembered.
//!
//! Looking an offset up in the zone's table costs as much as all the rest of `date_trunc`. Nearly every UTC day has one offset, so
//! one remembered number a day answers for all of its rows; a day with a change of offset says so and is left to the slow way.

use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicI32, Ordering};

use chrono::{Offset, TimeZone, Utc};
use chrono_tz::Tz;

/// Days since 1970-01-01 that are remembered: until 2110.
const REMEMBERED_DAYS: usize = 51_135;
const SECONDS_PER_DAY: i64 = 86_400;
const UNKNOWN: i32 = i32::MIN;
const CHANGES: i32 = i32::MAX;

/// The offsets of one zone.
#[derive(Debug)]
pub(crate) struct ZoneOffsets {
    zone: Tz,
    by_day: Vec<AtomicI32>,
}

impl ZoneOffsets {
    pub(crate) fn new(zone: Tz) -> Self {
        Self { zone, by_day: std::iter::repeat_with(|| AtomicI32::new(UNKNOWN)).take(REMEMBERED_DAYS).collect() }
    }

    /// True if these are the offsets of the zone with this name.
    pub(crate) fn is_zone(&self, name: &str) -> bool {
        self.zone.name() == name
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

    /// A day counts as steady if its first and last second and every quarter of an hour between have one offset.
    fn look_up(&self, day: i64) -> Option<i32> {
        let start = day.checked_mul(SECONDS_PER_DAY)?;
        let offset_at = |second: i64| -> Option<i32> {
            let instant = Utc.timestamp_opt(start + second, 0).single()?;
            Some(self.zone.offset_from_utc_datetime(&instant.naive_utc()).fix().local_minus_utc())
        };
        let first = offset_at(0)?;
        let steady = (0..SECONDS_PER_DAY).step_by(900).chain([SECONDS_PER_DAY - 1]).all(|second| offset_at(second) == Some(first));
        steady.then_some(first)
    }
}

/// Two tables of offsets are the same if their zone is.
impl PartialEq for ZoneOffsets {
    fn eq(&self, other: &Self) -> bool {
        self.zone == other.zone
    }
}

impl Eq for ZoneOffsets {}

impl Hash for ZoneOffsets {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.zone.name().hash(state);
    }
}
