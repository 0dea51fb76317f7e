//! How a scan finds rows by keys: by a few ranges in which these lie, with which it skips files, row groups and pages, and then key by key.
//!
//! Keys of a change are mostly close to each other (the orders that are paid today were made in the last weeks), with a few far away. The
//! widest gaps between them are left out.

use datafusion::arrow::array::{ArrayRef, AsArray as _, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{Expr, in_list, lit};
use nightshift_functions::one_of;

/// So few keys are listed one by one as well where they lie too far apart for [`one_of`].
const MOST_LISTED: usize = 1_024;
/// More ranges skip hardly more, and each is compared with every row that is read.
const MOST_RANGES: usize = 8;
/// A gap skips enough where it is this part of all that lies between the first and the last key, one in so many.
const LEAST_GAP: u64 = 16;

/// A condition that holds where a column has one of some keys.
pub(crate) enum Near {
    /// Where it has one, and nowhere else.
    Just(Expr),
    /// Also for what lies between them.
    Around(Expr),
}

/// The condition for keys that stand in the first column of some batches. Nothing for keys that are not whole numbers.
pub(crate) fn near(column: &Expr, keys: &[RecordBatch]) -> Result<Option<Near>> {
    let Some(first) = keys.first() else { return Ok(Some(Near::Just(lit(false)))) };
    let data_type = first.schema().field(0).data_type().clone();
    if !data_type.is_signed_integer() {
        return Ok(None);
    }
    let mut numbers = Vec::new();
    for batch in keys {
        numbers.extend(whole(batch.column(0))?.as_primitive::<Int64Type>().iter().flatten());
    }
    numbers.sort_unstable();
    let bound = |number: i64| -> Result<Expr> { Ok(Expr::Literal(ScalarValue::Int64(Some(number)).cast_to(&data_type)?, None)) };
    let mut all: Option<Expr> = None;
    for (least, greatest) in ranges(&numbers) {
        let range = column.clone().between(bound(least)?, bound(greatest)?);
        all = Some(match all {
            None => range,
            Some(others) => others.or(range),
        });
    }
    let near = all.unwrap_or(lit(false));
    numbers.dedup();
    if let Some(one_of) = one_of(&numbers) {
        return Ok(Some(Near::Just(near.and(one_of.call(vec![column.clone()])))));
    }
    if numbers.len() > MOST_LISTED {
        return Ok(Some(Near::Around(near)));
    }
    let listed = numbers.into_iter().map(bound).collect::<Result<Vec<_>>>()?;
    Ok(Some(Near::Just(near.and(in_list(column.clone(), listed, false)))))
}

fn whole(column: &ArrayRef) -> Result<ArrayRef> {
    cast(column, &DataType::Int64).map_err(DataFusionError::from)
}

/// At most [`MOST_RANGES`] ranges that hold all of the sorted numbers, with the widest gaps between them.
fn ranges(sorted: &[i64]) -> Vec<(i64, i64)> {
    let (Some(first), Some(last)) = (sorted.first(), sorted.last()) else { return vec![] };
    let mut gaps: Vec<(u64, i64, i64)> = sorted.windows(2).filter_map(|pair| match pair {
        [before, after] => Some((after.abs_diff(*before), *before, *after)),
        _ => None,
    }).collect();
    gaps.sort_unstable_by(|one, other| other.cmp(one));
    gaps.truncate(MOST_RANGES - 1);
    let least = last.abs_diff(*first) / LEAST_GAP;
    gaps.retain(|(width, ..)| *width > least.max(1));
    gaps.sort_unstable_by_key(|(_, before, _)| *before);
    let starts = std::iter::once(*first).chain(gaps.iter().map(|(_, _, after)| *after));
    let ends = gaps.iter().map(|(_, before, _)| *before).chain([*last]);
    starts.zip(ends).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_gaps_are_left_out() {
        assert_eq!(ranges(&[]), []);
        assert_eq!(ranges(&[7]), [(7, 7)]);
        assert_eq!(ranges(&[1, 2, 3, 3, 4]), [(1, 4)]);
        assert_eq!(ranges(&[i64::MIN, 5, 6, i64::MAX]), [(i64::MIN, i64::MIN), (5, 6), (i64::MAX, i64::MAX)]);
        assert_eq!(ranges(&(0..100).map(|number| 3 * number).collect::<Vec<_>>()), [(0, 297)], "keys that lie evenly");
        let many: Vec<i64> = (0..20).map(|number| number * number).collect();
        let found = ranges(&many);
        assert_eq!(found.len(), MOST_RANGES);
        assert!(many.iter().all(|number| found.iter().any(|(least, greatest)| (least..=greatest).contains(&number))));
        assert_eq!(found.first(), Some(&(0, 144)));
    }
}
