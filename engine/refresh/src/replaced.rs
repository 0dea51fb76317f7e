//! The files of a rollup's table that a technique writes anew.

use datafusion::common::ScalarValue;
use nightshift_calendar::Calendar;
use nightshift_compile::Rollup;
use nightshift_lake::{DataFile, Snapshot};

use crate::buckets::{Bucket, Buckets};
use crate::layout::partition_column;
use crate::technique::Technique;

/// Whether a file, by its statistics, may hold a row of one of the buckets.
fn may_hold(file: &DataFile, column: &str, buckets: &Buckets) -> bool {
    let Some(known) = file.statistics.as_ref().and_then(|statistics| statistics.columns.get(column)) else { return true };
    let bound = |value: &Option<ScalarValue>| value.as_ref().and_then(Bucket::from_scalar);
    match (bound(&known.minimum), bound(&known.maximum)) {
        (Some(least), Some(greatest)) if least <= greatest => {
            buckets.range(least..=greatest).next().is_some() || (known.nulls != Some(0) && buckets.contains(&Bucket::None))
        }
        _ => true,
    }
}

/// The files of the partitions that a technique writes anew.
pub(crate) fn replaced_files(base: &Snapshot, rollup: &Rollup, technique: &Technique, calendar: &Calendar) -> Vec<DataFile> {
    let Some(column) = partition_column(rollup.grain()) else { return base.files().to_vec() };
    let value = |file: &DataFile| file.partition_values.get(column).cloned().flatten();
    let touched: Box<dyn Fn(&DataFile) -> bool> = match (technique, technique.onward()) {
        (Technique::Rebuild(buckets) | Technique::RebuildGroups(buckets) | Technique::Merge(buckets), _) => {
            let partitions: Vec<Option<String>> = buckets.iter().filter_map(|bucket| bucket.partition(rollup.grain(), calendar)).collect();
            let bucket = rollup.bucket_column();
            Box::new(move |file| partitions.contains(&value(file)) && may_hold(file, bucket, buckets))
        }
        (_, Some(first)) => {
            let from = first.partition(rollup.grain(), calendar).flatten();
            Box::new(move |file| value(file).is_none_or(|value| from.as_ref().is_none_or(|from| value >= *from)))
        }
        _ => Box::new(|_| true),
    };
    base.files().iter().filter(|file| touched(file)).cloned().collect()
}
