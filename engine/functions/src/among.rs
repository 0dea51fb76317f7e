//! A condition by which a scan finds rows that have one of some numbers in a column: a few ranges in which these lie, with which it skips files,
//! row groups and pages, and in each of them number by number.
//!
//! Keys of a change are mostly close to each other (the orders that are paid today were made in the last weeks), with a few far away. The
//! widest gaps between them are left out.
//!
//! Number by number comes first, because that leaves few rows whose column has to be decoded once more for the ranges: a scan evaluates each part
//! of a conjunction by itself.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{Expr, in_list, lit};

use crate::one_of::one_of;

/// So few numbers are listed one by one where they lie too far apart for [`one_of`].
const MOST_LISTED: usize = 1_024;
/// More ranges skip hardly more, and each is compared with every row that is read.
const MOST_RANGES: usize = 8;
/// A gap skips enough where it is this part of all that lies between the first and the last number, one in so many.
const LEAST_GAP: u64 = 16;

/// A condition on a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Among {
    /// It holds where the column has one of the numbers, and nowhere else.
    Just(Expr),
    /// It holds there, and also for some of what lies between them.
    Around(Expr),
}

impl Among {
    /// The condition for a column of signed whole numbers, and numbers in their order.
    ///
    /// # Errors
    /// DataFusion's, if a number is none of the column's type.
    pub fn of(column: &Expr, data_type: &DataType, sorted: &[i64]) -> Result<Self> {
        let bound = |number: i64| -> Result<Expr> { Ok(Expr::Literal(ScalarValue::Int64(Some(number)).cast_to(data_type)?, None)) };
        let mut near: Option<Expr> = None;
        for (least, greatest) in ranges(sorted) {
            let range = column.clone().between(bound(least)?, bound(greatest)?);
            near = Some(match near {
                None => range,
                Some(others) => others.or(range),
            });
        }
        let Some(near) = near else { return Ok(Self::Just(lit(false))) };
        if let Some(one_of) = one_of(sorted) {
            return Ok(Self::Just(one_of.call(vec![column.clone()]).and(near)));
        }
        if sorted.len() > MOST_LISTED {
            return Ok(Self::Around(near));
        }
        let listed = sorted.iter().map(|number| bound(*number)).collect::<Result<Vec<_>>>()?;
        Ok(Self::Just(near.and(in_list(column.clone(), listed, false))))
    }
}

/// At most [`MOST_RANGES`] ranges that hold all of the sorted numbers, with the widest gaps between them.
fn ranges(sorted: &[i64]) -> Vec<(i64, i64)> {
    let (Some(first), Some(last)) = (sorted.first(), sorted.last()) else { return vec![] };
    let mut gaps: Vec<(u64, i64, i64)> = sorted
        .windows(2)
        .filter_map(|pair| match pair {
            [before, after] => Some((after.abs_diff(*before), *before, *after)),
            _ => None,
        })
        .collect();
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
        assert_eq!(ranges(&[1, 2, 3, 4]), [(1, 4)]);
        assert_eq!(ranges(&[i64::MIN, 5, 6, i64::MAX]), [(i64::MIN, i64::MIN), (5, 6), (i64::MAX, i64::MAX)]);
        assert_eq!(ranges(&(0..100).map(|number| 3 * number).collect::<Vec<_>>()), [(0, 297)], "numbers that lie evenly");
        let many: Vec<i64> = (0..20).map(|number| number * number).collect();
        let found = ranges(&many);
        assert_eq!(found.len(), MOST_RANGES);
        assert!(many.iter().all(|number| found.iter().any(|(least, greatest)| (least..=greatest).contains(&number))));
        assert_eq!(found.first(), Some(&(0, 144)));
    }
}
