//! `one_of(number)`: whether a number is one of some numbers, which the function is made with.
//!
//! A list of numbers is searched with a hash table, which takes several times as long as reading the column. Keys of one table mostly lie close
//! enough to each other for a bit each, or do so day by day, with wide gaps between (a key that begins with the date): the bits come in pages, and
//! there are none for a gap.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{Array as _, AsArray as _, BooleanArray};
use datafusion::arrow::buffer::BooleanBuffer;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

/// The function's name, by which a plan knows what finds rows by their keys.
pub const ONE_OF: &str = "one_of";

/// The numbers of a page, as a power of two: 8 KiB of bits.
const PAGE_SHIFT: u32 = 16;
const PAGE_BYTES: usize = 1 << (PAGE_SHIFT - 3);
/// Pages with numbers that are held at most: 4 MiB.
const MOST_PAGES: usize = 512;
/// Pages between the first and the last number at most, with those of gaps: 4 MiB of places.
const MOST_PLACES: u64 = 1 << 20;
/// The page of every gap, which has no number: it saves asking for each number whether there is a page.
const GAP: u32 = 0;

/// The function for some numbers, in their order; nothing if they lie too far apart. NULL is none of them.
#[must_use]
pub(crate) fn one_of(sorted: &[i64]) -> Option<ScalarUDF> {
    let (least, greatest) = (*sorted.first()?, *sorted.last()?);
    let places = (greatest.abs_diff(least) >> PAGE_SHIFT) + 1;
    let mut pages = vec![GAP; usize::try_from(places).ok().filter(|_| places <= MOST_PLACES)?];
    let mut bits = vec![0; PAGE_BYTES];
    for number in sorted {
        let distance = number.abs_diff(least);
        let page = pages.get_mut(usize::try_from(distance >> PAGE_SHIFT).ok()?)?;
        if *page == GAP {
            let next = bits.len() / PAGE_BYTES;
            *page = u32::try_from(next).ok().filter(|_| next <= MOST_PAGES)?;
            bits.resize(bits.len() + PAGE_BYTES, 0);
        }
        let (byte, bit) = place(*page, distance)?;
        *bits.get_mut(byte)? |= bit;
    }
    Some(ScalarUDF::from(OneOf { signature: Signature::any(1, Volatility::Immutable), least, pages, bits }))
}

/// The byte of a number that lies so far from the least one, and its bit there.
fn place(page: u32, distance: u64) -> Option<(usize, u8)> {
    let within = distance & ((1 << PAGE_SHIFT) - 1);
    let byte = (u64::from(page) << (PAGE_SHIFT - 3)) + (within >> 3);
    Some((usize::try_from(byte).ok()?, 1 << (within & 7)))
}

#[derive(Debug, PartialEq, Eq)]
struct OneOf {
    signature: Signature,
    least: i64,
    /// For each page between the least and the greatest number where its bits are, in pages.
    pages: Vec<u32>,
    bits: Vec<u8>,
}

impl OneOf {
    fn has(&self, number: i64) -> bool {
        // A number before the least one wraps round to a page far behind the last.
        let distance = number.wrapping_sub(self.least).cast_unsigned();
        let page = usize::try_from(distance >> PAGE_SHIFT).ok().and_then(|page| self.pages.get(page));
        let place = page.and_then(|page| place(*page, distance));
        place.is_some_and(|(byte, bit)| self.bits.get(byte).is_some_and(|bits| bits & bit != 0))
    }
}

impl Hash for OneOf {
    /// Plans are hashed often, and are not told apart by these numbers alone.
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.least, self.bits.len()).hash(state);
    }
}

impl ScalarUDFImpl for OneOf {
    fn name(&self) -> &str {
        ONE_OF
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _argument_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [numbers] = arguments.args.as_slice() else { return exec_err!("one_of takes a number") };
        let numbers = cast(&numbers.to_array(arguments.number_rows)?, &DataType::Int64)?;
        let numbers = numbers.as_primitive::<Int64Type>();
        let values = numbers.values();
        let found = BooleanBuffer::collect_bool(values.len(), |row| values.get(row).is_some_and(|number| self.has(*number)));
        let found = match numbers.nulls() {
            Some(nulls) => &found & nulls.inner(),
            None => found,
        };
        Ok(ColumnarValue::Array(Arc::new(BooleanArray::new(found, None))))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use datafusion::arrow::array::{Int32Array, Int64Array, RecordBatch};
    use datafusion::prelude::{SessionContext, col};

    use super::*;

    #[tokio::test]
    async fn a_number_is_one_of_them_or_not() {
        let among = [-3_i64, -3, 0, 7, 64, 1_000];
        let numbers = [i64::MIN, -4, -3, -2, 0, 1, 7, 63, 64, 65, 999, 1_000, 1_001, i64::MAX];
        let wide: Vec<Option<i64>> = numbers.into_iter().map(Some).chain([None]).collect();
        let narrow: Vec<Option<i32>> = wide.iter().map(|number| number.and_then(|number| i32::try_from(number).ok())).collect();
        let expected =
            |numbers: Vec<Option<i64>>| numbers.into_iter().map(|number| Some(number.is_some_and(|number| among.contains(&number)))).collect::<Vec<_>>();
        let wanted = (expected(wide.clone()), expected(narrow.iter().map(|number| number.map(i64::from)).collect()));
        let batch = RecordBatch::try_from_iter([("wide", Arc::new(Int64Array::from(wide)) as _), ("narrow", Arc::new(Int32Array::from(narrow)) as _)]).unwrap();
        let function = one_of(&among).unwrap();
        let calls = vec![function.call(vec![col("wide")]), function.call(vec![col("narrow")])];
        let found = SessionContext::new().read_batch(batch).unwrap().select(calls).unwrap().collect().await.unwrap();
        let column = |index: usize| found.iter().flat_map(|rows| rows.column(index).as_boolean().iter()).collect::<Vec<_>>();
        assert_eq!((column(0), column(1)), wanted);
    }

    #[tokio::test]
    async fn a_gap_has_no_bits() {
        let day = |day: i64| (0..50).map(move |number| 2_511_150_000_000 + day * 10_000_000 + 3 * number);
        let among: Vec<i64> = (0..40).flat_map(day).collect();
        let numbers: Vec<i64> = among.iter().flat_map(|number| [number - 65_536, number - 1, *number, number + 1, number + 65_536]).collect();
        let batch = RecordBatch::try_from_iter([("number", Arc::new(Int64Array::from(numbers.clone())) as _)]).unwrap();
        let call = one_of(&among).unwrap().call(vec![col("number")]);
        let found = SessionContext::new().read_batch(batch).unwrap().select(vec![call]).unwrap().collect().await.unwrap();
        let found: Vec<_> = found.iter().flat_map(|rows| rows.column(0).as_boolean().iter()).collect();
        assert_eq!(found, numbers.iter().map(|number| Some(among.binary_search(number).is_ok())).collect::<Vec<_>>());
    }

    #[test]
    fn numbers_far_apart_have_no_bits() {
        assert!(one_of(&[0, 1 << 36]).is_none() && one_of(&[i64::MIN, i64::MAX]).is_none() && one_of(&[]).is_none());
        assert!(one_of(&[1, 1 << 36]).is_some());
        let lonely = |count: i64| (0..count).map(|number| number << 20).collect::<Vec<_>>();
        assert!(one_of(&lonely(512)).is_some() && one_of(&lonely(513)).is_none());
    }
}
