//! What each technique has to look at and to write, told from the statistics of files.

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
use crate::tables::{Pinned, used_by};
use crate::technique::Technique;

/// Rows of a page of a column: Parquet's writer begins another one after so many.
const PAGE_ROWS: f64 = 20_000.0;
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
        let groups = match technique.buckets() {
            Some(buckets) => self.share_of_stored(&replaced, buckets),
            None => replaced.iter().filter_map(DataFile::rows).sum(),
        };
        Work {
            changed_rows: self.changes.iter().map(|change| added_rows(change) + removed_rows(change)).sum(),
            removed_rows: self.changes.iter().map(removed_rows).sum(),
            fact_rows: facts.0,
            fact_bytes: facts.1,
            lookup_rows: self.lookup_rows(),
            stored_rows: stored.iter().filter_map(DataFile::rows).sum(),
            stored_bytes: stored.iter().map(|file| file.size).sum(),
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
        let (mut rows, mut bytes) = (0.0, 0.0);
        for file in facts.files() {
            let share = share(file, column, &spans, &instants);
            let all = file.rows().unwrap_or_default() as f64;
            rows += share * all;
            // Whole pages are read.
            let pages = if share > 0.0 && all > 0.0 { (share + PAGE_ROWS / all).min(1.0) } else { 0.0 };
            bytes += pages * used * file.size as f64;
        }
        (rows as u64, bytes as u64)
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

    /// Rows of files that lie in buckets, if they are spread evenly over the days of each file.
    fn share_of_stored(&self, files: &[DataFile], buckets: &Buckets) -> u64 {
        let numbers = ranges(&buckets.iter().filter_map(|bucket| self.numbers(*bucket)).collect::<Vec<_>>());
        let rows = |file: &DataFile| {
            file.rows().unwrap_or_default() as f64 * share(file, self.rollup.bucket_column(), &numbers, &|value| self.numbers(Bucket::from_scalar(value)?))
        };
        files.iter().map(rows).sum::<f64>() as u64
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

/// The share of a file's rows that lie in spans, if they are spread evenly between the least and the greatest; all of them if these are not known.
/// `extent` says from where to where a value reaches.
fn share(file: &DataFile, column: &str, spans: &[(i64, i64)], extent: &dyn Fn(&ScalarValue) -> Option<(i64, i64)>) -> f64 {
    let known = file.statistics.as_ref().and_then(|statistics| statistics.columns.get(column));
    let bounds = known.and_then(|known| Some((extent(known.minimum.as_ref()?)?.0, extent(known.maximum.as_ref()?)?.1)));
    let Some((least, end)) = bounds.filter(|(least, end)| least < end) else { return 1.0 };
    let inside: i128 = spans.iter().map(|(from, until)| i128::from((*until).min(end)) - i128::from((*from).max(least))).filter(|length| *length > 0).sum();
    (inside as f64 / (i128::from(end) - i128::from(least)) as f64).min(1.0)
}

/// A time or a day in microseconds since 1970. Where the clock is ahead of UTC or behind it a day is some hours off, which does not matter for a share.
fn instants(value: &ScalarValue) -> Option<(i64, i64)> {
    let number = Bucket::from_scalar(value)?.number()?;
    match value {
        ScalarValue::Date32(_) => Some((number.saturating_mul(DAY), number.saturating_add(1).saturating_mul(DAY))),
        _ => Some((number, number.saturating_add(1))),
    }
}
