//! The days whose buckets are computed anew.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use nightshift_calendar::{Calendar, Grain};

use crate::buckets::Buckets;

/// More units than these are not worth their commits: several partitions go together then.
const MOST_UNITS: usize = 36;

/// Days, both included; open where there is none. Where it is open at its beginning it has the rows without a time as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// The first day.
    pub from: Option<NaiveDate>,
    /// The last day.
    pub to: Option<NaiveDate>,
}

impl Interval {
    /// All days.
    pub const ALL: Self = Self { from: None, to: None };

    /// The days of all buckets that it overlaps.
    #[must_use]
    pub fn of_buckets(self, grain: Grain) -> Self {
        let last = |day| grain.next_first_day(day).pred_opt().unwrap_or(day);
        Self { from: self.from.map(|day| grain.first_day(day)), to: self.to.map(last) }
    }

    /// The buckets that begin in it.
    #[must_use]
    pub fn within(self, buckets: &Buckets, calendar: &Calendar) -> Buckets {
        buckets.iter().filter(|bucket| self.has(bucket.day(calendar))).copied().collect()
    }

    /// Whether something between two days, open where there is none, may lie in it or beside it by a day.
    pub(crate) fn is_near(self, first: Option<NaiveDate>, last: Option<NaiveDate>) -> bool {
        let is_behind = self.to.and_then(|to| to.succ_opt()).is_some_and(|to| first.is_some_and(|first| first > to));
        let is_before = self.from.and_then(|from| from.pred_opt()).is_some_and(|from| last.is_some_and(|last| last < from));
        !is_behind && !is_before
    }

    fn has(self, day: Option<NaiveDate>) -> bool {
        match day {
            Some(day) => self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to),
            None => self.from.is_none(),
        }
    }

    /// Cuts it between the partitions of a rollup's table, so that two units never write the same file anew. Together they are the interval.
    #[must_use]
    pub fn units(self, grain: Grain, buckets: &Buckets, calendar: &Calendar) -> Vec<Self> {
        let partition = match grain {
            Grain::Hour | Grain::Day => Grain::Month,
            Grain::Month => Grain::Year,
            Grain::Year => return vec![self],
        };
        let mut begins: Vec<NaiveDate> = self.within(buckets, calendar).iter().filter_map(|bucket| Some(partition.first_day(bucket.day(calendar)?))).collect();
        begins.dedup();
        let together = begins.len().div_ceil(MOST_UNITS).max(1);
        let cuts: Vec<NaiveDate> = begins.into_iter().step_by(together).skip(1).collect();
        let froms = std::iter::once(self.from).chain(cuts.iter().copied().map(Some));
        let tos = cuts.iter().map(|cut| cut.pred_opt()).chain([self.to]);
        froms.zip(tos).map(|(from, to)| Self { from, to }).collect()
    }
}

/// `2026-01-01..2026-01-31`, without a day where it is open; `all`.
impl fmt::Display for Interval {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
        match *self {
            Self::ALL => formatter.write_str("all"),
            Self { from, to } => write!(formatter, "{}..{}", day(from), day(to)),
        }
    }
}

/// A text that is no interval.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an interval of days")]
pub struct NoInterval(String);

impl FromStr for Interval {
    type Err = NoInterval;

    fn from_str(text: &str) -> Result<Self, NoInterval> {
        let unknown = || NoInterval(text.to_owned());
        let day = |day: &str| if day.is_empty() { Ok(None) } else { day.parse().map(Some).map_err(|_| unknown()) };
        match text.split_once("..") {
            Some((from, to)) => Ok(Self { from: day(from)?, to: day(to)? }),
            None if text == "all" => Ok(Self::ALL),
            None => Err(unknown()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use crate::buckets::Bucket;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn between(from: &str, to: &str) -> Interval {
        Interval { from: Some(day(from)), to: Some(day(to)) }
    }

    fn calendar() -> Calendar {
        Calendar::new("Asia/Taipei".parse().unwrap())
    }

    /// Every day of a year and what has no time.
    fn buckets() -> Buckets {
        day("2025-01-01").iter_days().take(365).map(Bucket::Date).chain([Bucket::None]).collect()
    }

    #[test]
    fn what_is_shown_is_read_back() {
        for text in ["all", "2026-01-01..2026-01-31", "2026-01-01..", "..2026-01-31"] {
            assert_eq!(text.parse::<Interval>().unwrap().to_string(), text);
        }
        for text in ["", "2026-01-01", "a..b", "2026-01-01..x"] {
            assert!(text.parse::<Interval>().is_err(), "{text}");
        }
    }

    #[test]
    fn units_end_with_partitions_and_are_the_interval_together() {
        let (all, calendar) = (buckets(), calendar());
        let units = between("2025-01-20", "2025-03-05").units(Grain::Day, &all, &calendar);
        assert_eq!(units, [between("2025-01-20", "2025-01-31"), between("2025-02-01", "2025-02-28"), between("2025-03-01", "2025-03-05")]);
        let units = Interval::ALL.units(Grain::Day, &all, &calendar);
        assert_eq!((units.len(), units[0].to_string().as_str(), units[11].to_string().as_str()), (12, "..2025-01-31", "2025-12-01.."));
        let found: Vec<Buckets> = units.iter().map(|unit| unit.within(&all, &calendar)).collect();
        assert_eq!(found.iter().map(Buckets::len).sum::<usize>(), all.len());
        assert!(found[0].contains(&Bucket::None) && !found[1].contains(&Bucket::None));
        assert_eq!(Interval::ALL.units(Grain::Year, &all, &calendar), [Interval::ALL]);
    }

    #[test]
    fn many_partitions_share_units() {
        let years: Buckets = day("1990-01-01").iter_days().take(365 * 30).map(Bucket::Date).collect();
        let units = Interval::ALL.units(Grain::Day, &years, &calendar());
        assert!(units.len() <= MOST_UNITS && units.len() > MOST_UNITS / 2, "{}", units.len());
        assert_eq!(units[0].to_string(), "..1990-10-31");
    }

    #[test]
    fn an_interval_has_the_buckets_that_it_overlaps() {
        let interval = between("2025-01-20", "2025-02-03");
        assert_eq!(interval.of_buckets(Grain::Month), between("2025-01-01", "2025-02-28"));
        assert_eq!(interval.of_buckets(Grain::Year), between("2025-01-01", "2025-12-31"));
        assert_eq!(interval.of_buckets(Grain::Day), interval);
        assert_eq!(interval.within(&buckets(), &calendar()).len(), 15);
        assert!(!interval.is_near(Some(day("2025-02-05")), None) && interval.is_near(Some(day("2025-02-04")), None));
        assert!(!interval.is_near(None, Some(day("2025-01-18"))) && interval.is_near(None, Some(day("2025-01-19"))));
    }
}
