//! A condition by which a scan finds rows that have one of some numbers in a column: a few ranges in which these lie, with which it skips files,
//! row groups and pages, and in each of them number by number.
//!
//! Keys of a change are mostly close to each other (the orders that are paid today were made in the last weeks), with a few far away. The
//! widest gaps between them are left out.
//!
//! A scan evaluates each part of a conjunction by itself and decodes its columns for it anew, which costs more than to compare them. The condition
//! therefore is a disjunction, of at least two ranges where there are two numbers.

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
    /// The condition for a column of signed whole numbers, and numbers in their order, each once.
    ///
    /// # Errors
    /// DataFusion's, if a number is none of the column's type.
    pub fn of(column: &Expr, data_type: &DataType, sorted: &[i64]) -> Result<Self> {
        let (mut is_just, mut all) = (true, None);
        for numbers in ranges(sorted) {
            let within = match within(column, numbers, data_type)? {
                Self::Just(within) => within,
                Self::Around(within) => {
                    is_just = false;
                    within
                }
            };
            all = Some(match all {
                None => within,
                Some(others) => Expr::or(others, within),
            });
        }
        let all = all.unwrap_or(lit(false));
        Ok(if is_just { Self::Just(all) } else { Self::Around(all) })
    }
}

/// The condition for the numbers of one range.
fn within(column: &Expr, numbers: &[i64], data_type: &DataType) -> Result<Among> {
    let (Some(least), Some(greatest)) = (numbers.first(), numbers.last()) else { return Ok(Among::Just(lit(false))) };
    let bound = |number: i64| -> Result<Expr> { Ok(Expr::Literal(ScalarValue::Int64(Some(number)).cast_to(data_type)?, None)) };
    let range = column.clone().between(bound(*least)?, bound(*greatest)?);
    if greatest.abs_diff(*least) == numbers.len().saturating_sub(1) as u64 {
        return Ok(Among::Just(range));
    }
    if let Some(one_of) = one_of(numbers) {
        return Ok(Among::Just(range.and(one_of.call(vec![column.clone()]))));
    }
    if numbers.len() > MOST_LISTED {
        return Ok(Among::Around(range));
    }
    let listed = numbers.iter().map(|number| bound(*number)).collect::<Result<Vec<_>>>()?;
    Ok(Among::Just(range.and(in_list(column.clone(), listed, false))))
}

/// The sorted, different numbers cut into at most [`MOST_RANGES`] parts at the widest gaps between them; into two at least, if they are two.
fn ranges(sorted: &[i64]) -> Vec<&[i64]> {
    let (Some(first), Some(last)) = (sorted.first(), sorted.last()) else { return vec![] };
    let mut gaps: Vec<(u64, usize)> = sorted.windows(2).enumerate().filter_map(|(index, pair)| match pair {
        [before, after] => Some((after.abs_diff(*before), index + 1)),
        _ => None,
    }).collect();
    gaps.sort_unstable_by(|one, other| other.cmp(one));
    gaps.truncate(MOST_RANGES - 1);
    let least = last.abs_diff(*first) / LEAST_GAP;
    let wide = gaps.iter().take_while(|(width, _)| *width > least.max(1)).count();
    gaps.truncate(wide.max(1));
    let mut cuts: Vec<usize> = gaps.into_iter().map(|(_, cut)| cut).collect();
    cuts.sort_unstable();
    let starts = std::iter::once(0).chain(cuts.iter().copied());
    let ends = cuts.iter().copied().chain([sorted.len()]);
    starts.zip(ends).filter_map(|(start, end)| sorted.get(start..end)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(sorted: &[i64]) -> Vec<(i64, i64)> {
        ranges(sorted).into_iter().filter_map(|range| Some((*range.first()?, *range.last()?))).collect()
    }

    #[test]
    fn the_widest_gaps_are_left_out() {
        assert_eq!(bounds(&[]), []);
        assert_eq!(bounds(&[7]), [(7, 7)]);
        assert_eq!(bounds(&[1, 2]), [(1, 1), (2, 2)]);
        assert_eq!(bounds(&[i64::MIN, 5, 6, i64::MAX]), [(i64::MIN, i64::MIN), (5, 6), (i64::MAX, i64::MAX)]);
        assert_eq!(bounds(&[1, 2, 4, 5]), [(1, 2), (4, 5)]);
        let even: Vec<i64> = (0..100).map(|number| 3 * number).collect();
        assert_eq!(ranges(&even).len(), 2, "keys that lie evenly");
        assert_eq!(ranges(&even).concat(), even);
        let many: Vec<i64> = (0..20).map(|number| number * number).collect();
        assert_eq!(ranges(&many).len(), MOST_RANGES);
        assert_eq!(ranges(&many).concat(), many);
        assert_eq!(bounds(&many).first(), Some(&(0, 144)));
    }
}
