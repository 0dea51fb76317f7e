//! Local time to instants and back, for millions of rows.

use chrono::{DateTime, NaiveDateTime};
use nightshift_calendar::{Ambiguous, Calendar, Error};

/// Microseconds in an hour: within one that has the same offset at both its ends, the clock does not change.
const HOUR: i64 = 3_600_000_000;
/// Hours that are remembered, a power of two: a little more than a year.
const SLOTS: usize = 16_384;

/// Converts between local business time and instants. The calendar is asked once an hour of data; in hours in which the
/// clock changes, once a row.
#[derive(Debug, Clone)]
pub struct LocalClock {
    calendar: Calendar,
    ambiguous: Ambiguous,
    offsets: Vec<Slot>,
    local_offsets: Vec<Slot>,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    hour: i64,
    /// Microseconds from the instant to local time; `None` while the clock changes in this hour.
    offset: Option<i64>,
}

const EMPTY: Slot = Slot { hour: i64::MIN, offset: None };

impl LocalClock {
    /// A clock of this calendar that treats missing and doubled times by `ambiguous`.
    #[must_use]
    pub fn new(calendar: Calendar, ambiguous: Ambiguous) -> Self {
        Self { calendar, ambiguous, offsets: vec![EMPTY; SLOTS], local_offsets: vec![EMPTY; SLOTS] }
    }

    /// The instant of a local time, both in microseconds since 1970.
    ///
    /// # Errors
    /// What [`Calendar::to_instant`] has against it.
    #[inline]
    pub fn to_instant(&mut self, local: i64) -> Result<i64, Error> {
        let hour = local.div_euclid(HOUR);
        let known = self.offsets.get(slot(hour)).filter(|slot| slot.hour == hour);
        let offset = match known {
            Some(slot) => slot.offset,
            None => self.learn_local(hour),
        };
        match offset {
            Some(offset) => Ok(local - offset),
            None => self.instant(local),
        }
    }

    /// What the clock on the wall shows at an instant, both in microseconds since 1970.
    #[inline]
    #[must_use]
    pub fn to_local(&mut self, instant: i64) -> i64 {
        let hour = instant.div_euclid(HOUR);
        let known = self.local_offsets.get(slot(hour)).filter(|slot| slot.hour == hour);
        let offset = match known {
            Some(slot) => slot.offset,
            None => self.learn_instant(hour),
        };
        instant + offset.unwrap_or_else(|| self.offset_at(instant))
    }

    fn learn_local(&mut self, hour: i64) -> Option<i64> {
        let (first, last) = (hour.saturating_mul(HOUR), hour.saturating_mul(HOUR).saturating_add(HOUR - 1));
        let offset_of = |local: i64| self.instant(local).ok().map(|instant| local - instant);
        // A time that happens twice has one offset by the `ambiguous` rule, but is not the whole hour's.
        let plain = |local: i64| self.is_plain(local).then(|| offset_of(local)).flatten();
        let offset = plain(first).filter(|offset| plain(last) == Some(*offset));
        if let Some(place) = self.offsets.get_mut(slot(hour)) {
            *place = Slot { hour, offset };
        }
        offset
    }

    fn learn_instant(&mut self, hour: i64) -> Option<i64> {
        let (first, last) = (hour.saturating_mul(HOUR), hour.saturating_mul(HOUR).saturating_add(HOUR - 1));
        let offset = Some(self.offset_at(first)).filter(|offset| *offset == self.offset_at(last));
        if let Some(place) = self.local_offsets.get_mut(slot(hour)) {
            *place = Slot { hour, offset };
        }
        offset
    }

    fn is_plain(&self, local: i64) -> bool {
        naive(local).is_some_and(|local| self.calendar.to_instant(local, Ambiguous::Review).is_ok())
    }

    fn instant(&self, local: i64) -> Result<i64, Error> {
        let naive = naive(local).ok_or(Error::OutOfRange { local: NaiveDateTime::MAX })?;
        Ok(self.calendar.to_instant(naive, self.ambiguous)?.timestamp_micros())
    }

    fn offset_at(&self, instant: i64) -> i64 {
        DateTime::from_timestamp_micros(instant).map_or(0, |utc| self.calendar.local(utc).and_utc().timestamp_micros().saturating_sub(instant))
    }
}

fn naive(local: i64) -> Option<NaiveDateTime> {
    DateTime::from_timestamp_micros(local).map(|utc| utc.naive_utc())
}

fn slot(hour: i64) -> usize {
    usize::try_from(hour.rem_euclid(SLOTS as i64)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    /// The remembered offsets give what the calendar gives, through every change of the clock of three unusual zones.
    #[test]
    fn agrees_with_the_calendar() {
        for zone in [chrono_tz::America::Havana, chrono_tz::Australia::Lord_Howe, chrono_tz::Asia::Taipei] {
            for ambiguous in Ambiguous::ALL {
                let calendar = Calendar::new(zone);
                let mut clock = LocalClock::new(calendar.clone(), ambiguous);
                let start = "2025-01-01T00:00:00".parse::<NaiveDateTime>().unwrap();
                for quarter in 0..366 * 96 {
                    let local = start + chrono::TimeDelta::minutes(15 * quarter) + chrono::TimeDelta::seconds(7);
                    let micros = local.and_utc().timestamp_micros();
                    let expected = calendar.to_instant(local, ambiguous).map(|instant| instant.timestamp_micros());
                    assert_eq!(clock.to_instant(micros), expected, "{local} in {zone}");
                    let shown = calendar.local(local.and_utc()).and_utc().timestamp_micros();
                    assert_eq!(clock.to_local(micros), shown, "{local}Z in {zone}");
                }
            }
        }
    }

    /// And both are right: Python's zoneinfo says the same.
    #[test]
    fn agrees_with_the_oracle() {
        let text = include_str!("../../../tests/oracle/zones.json");
        let all: serde_json::Value = serde_json::from_str(text).unwrap();
        let clock = |case: &serde_json::Value, ambiguous| LocalClock::new(Calendar::new(case["zone"].as_str().unwrap().parse().unwrap()), ambiguous);
        let micros = |case: &serde_json::Value, field: &str| {
            let text = case[field].as_str().unwrap().trim_end_matches('Z');
            text.parse::<NaiveDateTime>().unwrap().and_utc().timestamp_micros()
        };
        for case in all["locals"].as_array().unwrap() {
            let local = micros(case, "local");
            for (ambiguous, field) in [(Ambiguous::Earlier, "earlier"), (Ambiguous::Later, "later")] {
                assert_eq!(clock(case, ambiguous).to_instant(local), Ok(micros(case, field)), "{case} {ambiguous}");
            }
            let reviewed = clock(case, Ambiguous::Review).to_instant(local);
            assert_eq!(reviewed.ok(), (case["kind"] == "unique").then(|| micros(case, "earlier")), "{case}");
        }
        for case in all["instants"].as_array().unwrap() {
            assert_eq!(clock(case, Ambiguous::Review).to_local(micros(case, "instant")), micros(case, "local"), "{case}");
        }
    }
}
