//! What each technique has to look at and to write, told from the statistics of files.

use std::collections::BTreeSet;

use datafusion::arrow::array::RecordBatch;
use datafusion::common::ScalarValue;
use nightshift_calendar::Calendar;
use nightshift_compile::Rollup;
use nightshift_lake::{ChangedRows, DataFile, Snapshot};

use crate::buckets::{Bucket, Buckets};
use crate::changed::Change;
use crate::cost::Work;
use crate::replaced::replaced_files;
use crate::rows::ranges;
use crate::spans::spans;
use crate::tables::{Pinned, used_by};
use crate::technique::Technique;

/// Rows of a page of a column: Parquet's writer looks after every 1,024 rows whether it has 20,000.
pub(crate) const PAGE_ROWS: f64 = 20_480.0;
/// So many rows of a page may be elsewhere than they would be if all were spread evenly.
const PAGE_SLACK: f64 = 400.0;
/// An hour in microseconds.
const HOUR: i64 = 3_600_000_000;
/// A day in microseconds.
const DAY: i64 = 86_400_000_000;

/// What is known of a refresh before it is made.
pub(crate) struct Estimate<'a> {
    pub(crate) rollup: &'a Rollup,
    pub(crate) calendar: &'a Calendar,
    pub(crate) pinned: &'a Pinned,
    /// The rollup's table.
    pub(crate) base: &'a Snapshot,
    pub(crate) changes: &'a [Change],
    /// How many facts are computed in units where all are.
    pub(crate) cut_from: u64,
    /// The table of the finer rollup from which facts need not be read.
    pub(crate) feeder: Option<&'a Snapshot>,
}

impl Estimate<'_> {
    /// What a technique has to do.
    pub(crate) fn work(&self, technique: &Technique) -> Work {
        let facts = self.facts(technique);
        let replaced = replaced_files(self.base, self.rollup, technique, self.calendar);
        let is_full = matches!(technique, Technique::Full(_));
        // What is written in full is not read.
        let stored: &[DataFile] = if is_full { &[] } else { &replaced };
        let table_rows: u64 = self.base.files().iter().filter_map(DataFile::rows).sum();
        let touched = technique.buckets().map(|buckets| self.stored(&replaced, buckets));
        let groups = touched.map_or_else(|| replaced.iter().filter_map(DataFile::rows).sum(), |(rows, _)| rows);
        let stored_bytes = stored.iter().map(|file| file.size).sum();
        Work {
            changed_rows: self.changes.iter().map(|change| added_rows(change) + removed_rows(change)).sum(),
            removed_rows: self.changes.iter().map(removed_rows).sum(),
            fact_rows: facts.0,
            fact_bytes: facts.1,
            lookup_rows: self.lookup_rows(),
            stored_rows: stored.iter().filter_map(DataFile::rows).sum(),
            stored_bytes,
            touched_bytes: touched.map_or(stored_bytes, |(_, bytes)| bytes),
            groups: if is_full { table_rows } else { groups },
        }
    }

    /// Facts that are read, with their bytes.
    fn facts(&self, technique: &Technique) -> (u64, u64) {
        let of_bucket = |bucket: &Bucket| bucket.instants(self.rollup.bucketing(), self.calendar);
        let spans = match technique {
            Technique::Full(_) => vec![(i64::MIN, i64::MAX)],
            Technique::Rebuild(buckets) | Technique::RebuildGroups(buckets) => ranges(&buckets.iter().filter_map(of_bucket).collect::<Vec<_>>()),
            Technique::Onward(first) => vec![(of_bucket(first).map_or(i64::MIN, |(start, _)| start), i64::MAX)],
            _ => return (0, 0),
        };
        // A finer rollup is read as a whole: its rows are chosen by what their buckets are cut to.
        if let Some(feeder) = self.feeder {
            return (feeder.rows().unwrap_or_default(), feeder.bytes());
        }
        let name = &self.rollup.time.table;
        let Some(facts) = self.pinned.snapshot(name) else { return (0, 0) };
        let used = (used_by(self.rollup, name).len() as f64 / facts.schema().fields().len().max(1) as f64).min(1.0);
        let column = &self.rollup.time.column;
        let new = self.new_files(name);
        let cuts = if matches!(technique, Technique::Full(_)) { self.cuts() } else { vec![] };
        let (mut rows, mut bytes) = (0.0, 0.0);
        for file in facts.files() {
            let is_new = new.contains(file.path.as_str());
            let parts = match parts(file, column, &spans, &instants) {
                // All of its rows are of touched buckets, and who knows in which order.
                parts if !parts.is_empty() && is_new => vec![(0.0, 1.0)],
                parts => parts,
            };
            let all = file.rows().unwrap_or_default() as f64;
            rows += parts.iter().map(|(from, until)| until - from).sum::<f64>() * all;
            // Each further unit reads the page again that it shares with another one, or all pages of a file without an order.
            let again = if is_new { 1.0 } else { (PAGE_ROWS / all.max(1.0)).min(1.0) } * cuts_within(file, column, &cuts) as f64;
            bytes += (bytes_of_pages(file, &parts) + again * file.size as f64) * used;
        }
        (rows as u64, bytes as u64)
    }

    /// Files of a table that hold nothing but rows that came.
    fn new_files(&self, table: &str) -> BTreeSet<&str> {
        let is_new = |change: &&Change| match &change.rows {
            Some(_) => change.files.added.iter().filter_map(DataFile::rows).sum::<u64>() == added_rows(change),
            None => change.is_sharp(),
        };
        let changes = self.changes.iter().filter(|change| change.table == table).filter(is_new);
        changes.flat_map(|change| &change.files.added).filter(|file| !file.is_selection()).map(|file| file.path.as_str()).collect()
    }

    /// The instants at which the units of a full build follow each other.
    fn cuts(&self) -> Vec<i64> {
        let start = |day| Bucket::Date(day).instants(self.rollup.bucketing(), self.calendar).map(|(start, _)| start);
        let units = spans(self.rollup, self.pinned, self.calendar, self.cut_from);
        units.into_iter().filter_map(|unit| start(unit.from?)).collect()
    }

    /// The numbers of a bucket's column from this bucket to the next.
    fn numbers(&self, bucket: Bucket) -> Option<(i64, i64)> {
        let next = match bucket {
            Bucket::None => return None,
            Bucket::Date(day) => Bucket::Date(self.rollup.grain().next_first_day(day)).number()?,
            Bucket::Hour(instant) => instant.checked_add(HOUR)?,
        };
        Some((bucket.number()?, next))
    }

    fn lookup_rows(&self) -> u64 {
        let scans = self.rollup.query.relation.scans();
        let lookups = scans.into_iter().filter(|(of, _)| self.rollup.proof.lookups.contains(of));
        lookups.filter_map(|(_, table)| self.pinned.snapshot(table)?.rows()).sum()
    }

    /// Rows of files that lie in buckets, and the bytes of their pages, if they are spread evenly over the days of each file.
    fn stored(&self, files: &[DataFile], buckets: &Buckets) -> (u64, u64) {
        let numbers = ranges(&buckets.iter().filter_map(|bucket| self.numbers(*bucket)).collect::<Vec<_>>());
        let extent = |value: &ScalarValue| self.numbers(Bucket::from_scalar(value)?);
        let (mut rows, mut bytes) = (0.0, 0.0);
        for file in files {
            let parts = parts(file, self.rollup.bucket_column(), &numbers, &extent);
            rows += parts.iter().map(|(from, until)| until - from).sum::<f64>() * file.rows().unwrap_or_default() as f64;
            bytes += bytes_of_pages(file, &parts);
        }
        (rows as u64, bytes as u64)
    }
}

fn added_rows(change: &Change) -> u64 {
    rows_of(change, &change.files.added, |rows| &rows.added)
}

fn removed_rows(change: &Change) -> u64 {
    rows_of(change, &change.files.removed, |rows| &rows.removed)
}

/// The rows of one side of a change: those that are known, or all of its files.
fn rows_of(change: &Change, files: &[DataFile], side: impl Fn(&ChangedRows) -> &Vec<RecordBatch>) -> u64 {
    match &change.rows {
        Some(commits) => commits.iter().flat_map(|commit| side(commit)).map(|batch| batch.num_rows() as u64).sum(),
        None => files.iter().filter_map(DataFile::rows).sum(),
    }
}

/// The parts of a file, which is 1 long, that lie in spans, if its rows are spread evenly between the least and the greatest; all of it if
/// these are not known. `extent` says from where to where a value reaches.
fn parts(file: &DataFile, column: &str, spans: &[(i64, i64)], extent: &dyn Fn(&ScalarValue) -> Option<(i64, i64)>) -> Vec<(f64, f64)> {
    let bounds = bounds(file, column, extent);
    let Some((least, end)) = bounds.filter(|(least, end)| least < end) else { return vec![(0.0, 1.0)] };
    let length = (i128::from(end) - i128::from(least)) as f64;
    let place = |at: i64| (i128::from(at.clamp(least, end)) - i128::from(least)) as f64 / length;
    spans.iter().map(|(from, until)| (place(*from), place(*until))).filter(|(from, until)| from < until).collect()
}

/// From where to where the values of a column reach, if the log says so.
fn bounds(file: &DataFile, column: &str, extent: &dyn Fn(&ScalarValue) -> Option<(i64, i64)>) -> Option<(i64, i64)> {
    let known = file.statistics.as_ref()?.columns.get(column)?;
    Some((extent(known.minimum.as_ref()?)?.0, extent(known.maximum.as_ref()?)?.1))
}

/// How many of some instants, which are in their order, lie between the times of a file; all of them if these are not known.
fn cuts_within(file: &DataFile, column: &str, cuts: &[i64]) -> usize {
    let Some((least, end)) = bounds(file, column, &instants) else { return cuts.len() };
    cuts.partition_point(|cut| *cut < end).saturating_sub(cuts.partition_point(|cut| *cut <= least))
}

/// The bytes of the pages in which parts of a file lie; the parts are in their order.
fn bytes_of_pages(file: &DataFile, parts: &[(f64, f64)]) -> f64 {
    let Some(rows) = file.rows().filter(|rows| *rows > 0).map(|rows| rows as f64) else { return if parts.is_empty() { 0.0 } else { file.size as f64 } };
    (pages(rows, parts) * PAGE_ROWS / rows).min(1.0) * file.size as f64
}

/// In how many pages of some rows parts of them lie.
fn pages(rows: f64, parts: &[(f64, f64)]) -> f64 {
    let (mut pages, mut next) = (0.0, 0.0_f64);
    for (from, until) in parts {
        let slack = PAGE_SLACK.min((until - from) * rows / 4.0);
        let first = ((from * rows + slack) / PAGE_ROWS).floor().max(next);
        let after = ((until * rows - slack) / PAGE_ROWS).ceil();
        pages += (after - first).max(0.0);
        next = next.max(after);
    }
    pages
}

/// A time or a day in microseconds since 1970. Where the clock is ahead of UTC or behind it a day is some hours off, which does not matter for a share.
fn instants(value: &ScalarValue) -> Option<(i64, i64)> {
    let number = Bucket::from_scalar(value)?.number()?;
    match value {
        ScalarValue::Date32(_) => Some((number.saturating_mul(DAY), number.saturating_add(1).saturating_mul(DAY))),
        _ => Some((number, number.saturating_add(1))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_takes_the_pages_in_which_it_begins_and_ends_and_none_twice() {
        let rows = 10.0 * PAGE_ROWS;
        for (parts, expected) in [
            (vec![], 0.0),
            (vec![(0.0, 1.0)], 10.0),
            (vec![(0.11, 0.12)], 1.0),
            (vec![(0.18, 0.22)], 2.0),
            // Where a page ends just there, the next one is not read.
            (vec![(0.1, 0.3)], 2.0),
            (vec![(0.11, 0.12), (0.15, 0.16), (0.95, 1.0)], 2.0),
            (vec![(0.11, 0.25), (0.26, 0.41)], 4.0),
        ] {
            assert_eq!(pages(rows, &parts), expected, "{parts:?}");
        }
        assert_eq!(pages(50.0, &[(0.9, 1.0)]), 1.0);
    }
}
