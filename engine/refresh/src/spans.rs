//! How a full build is cut into units: spans of the facts' time, each computed by itself.
//!
//! Where every bucket depends on its own facts alone, so does a span of buckets. A unit groups a fraction of the rows: its hash tables
//! fit the processor's cache and a small memory pool, and no row changes hands between threads, because the threads take units.
//! The spans are open at both ends and the first one takes the rows without a time, so that together they hold every row whatever
//! the statistics say; those only decide where it is worth to cut.

use chrono::{DateTime, NaiveDate};
use datafusion::arrow::datatypes::Date32Type;
use datafusion::common::ScalarValue;
use nightshift_calendar::{Calendar, Grain};
use nightshift_compile::Rollup;
use nightshift_compile::rollup::locality::Locality;
use nightshift_compile::rollup::symbol::Bucketing;

use crate::buckets::is_sharp;
use crate::tables::Pinned;

/// Fewer facts than this are better computed at once: planning a unit costs a few milliseconds.
pub const CUT_FROM: u64 = 500_000;

/// Joined tables are read again for each unit; all units together read at most this share of the facts, one in so many.
const LOOKUP_SHARE: u64 = 4;

/// Buckets from the one that begins with a day to the one before another; open where there is no day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: Option<NaiveDate>,
    pub(crate) until: Option<NaiveDate>,
}

impl Span {
    /// True if it is just one bucket of a grain.
    pub(crate) fn is_one(self, grain: Grain) -> bool {
        matches!((self.from, self.until), (Some(from), Some(until)) if grain.next_first_day(from) == until)
    }
}

/// The spans in which a rollup is built from nothing, in the order of time; one alone if it is not worth to cut, or not proved.
pub(crate) fn spans(rollup: &Rollup, pinned: &Pinned, calendar: &Calendar, cut_from: u64) -> Vec<Span> {
    let days = cuts(rollup, pinned, calendar, cut_from).unwrap_or_default();
    let begins = std::iter::once(None).chain(days.iter().copied().map(Some));
    let ends = days.iter().copied().map(Some).chain([None]);
    begins.zip(ends).map(|(from, until)| Span { from, until }).collect()
}

/// The days at which spans begin, the first one aside.
fn cuts(rollup: &Rollup, pinned: &Pinned, calendar: &Calendar, cut_from: u64) -> Option<Vec<NaiveDate>> {
    if rollup.proof.locality != Locality::Bucket {
        return None;
    }
    let facts = pinned.snapshot(&rollup.time.table)?;
    let rows = facts.rows().filter(|rows| *rows >= cut_from)?;
    let bounds = facts.files().iter().filter_map(|file| file.statistics.as_ref()?.columns.get(&rollup.time.column));
    let (least, greatest): (Vec<_>, Vec<_>) =
        bounds.map(|bounds| (day_of(bounds.minimum.as_ref(), calendar), day_of(bounds.maximum.as_ref(), calendar))).unzip();
    let (first, last) = (least.into_iter().flatten().min()?, greatest.into_iter().flatten().max()?);
    let unit = Bucketing { grain: rollup.grain().max(Grain::Month), days: rollup.bucketing().days };
    let mut days = Vec::new();
    let mut day = unit.grain.next_first_day(unit.grain.first_day(first));
    while day <= last {
        days.push(day);
        day = unit.grain.next_first_day(day);
    }
    days.retain(|day| is_sharp(*day, unit, calendar));
    let most = lookup_rows(rollup, pinned)?.checked_mul(LOOKUP_SHARE).filter(|read| *read > 0).map_or(u64::MAX, |read| rows / read);
    Some(thinned(&days, usize::try_from(most).unwrap_or(usize::MAX)))
}

/// Rows of all tables that are joined to the facts; none if one of them does not say.
fn lookup_rows(rollup: &Rollup, pinned: &Pinned) -> Option<u64> {
    let scans = rollup.query.relation.scans();
    let lookups = scans.into_iter().filter(|(of, _)| rollup.proof.lookups.contains(of));
    lookups.map(|(_, table)| pinned.snapshot(table).map_or(Some(0), nightshift_lake::Snapshot::rows)).sum()
}

/// So many of the days that there are at most `most` spans, evenly.
fn thinned(days: &[NaiveDate], most: usize) -> Vec<NaiveDate> {
    let stride = (days.len() + 1).div_ceil(most.max(1));
    days.iter().copied().enumerate().filter(|(index, _)| (index + 1) % stride == 0).map(|(_, day)| day).collect()
}

pub(crate) fn day_of(bound: Option<&ScalarValue>, calendar: &Calendar) -> Option<NaiveDate> {
    match bound? {
        ScalarValue::Date32(Some(day)) => Date32Type::to_naive_date_opt(*day),
        ScalarValue::TimestampMicrosecond(Some(instant), _) => DateTime::from_timestamp_micros(*instant).map(|instant| calendar.local(instant).date()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn days_are_thinned_evenly() {
        let days: Vec<NaiveDate> = (1..=13).map(|day| NaiveDate::from_ymd_opt(2026, 1, day).unwrap()).collect();
        assert_eq!(thinned(&days, usize::MAX), days);
        assert_eq!(thinned(&days, 1), []);
        assert_eq!(thinned(&days, 0), []);
        assert_eq!(thinned(&days, 2), [days[6]]);
        assert!((1..20).all(|most| thinned(&days, most).len() < most));
    }
}
