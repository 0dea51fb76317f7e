//! `one_of(number)`: whether a number is one of some numbers, which the function is made with.
//!
//! A list of numbers is searched with a hash table, which takes several times as long as reading the column. Keys of one table mostly lie close
//! enough to each other for a bit each.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{Array as _, AsArray as _, BooleanArray, BooleanBufferBuilder};
use datafusion::arrow::buffer::BooleanBuffer;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

/// The function's name, by which a plan knows what finds rows by their keys.
pub const ONE_OF: &str = "one_of";

/// Bits that are held at most: 4 MiB.
const MOST_BITS: u64 = 1 << 25;

/// The function for some numbers, in their order; nothing if the first and the last are too far apart. NULL is none of them.
#[must_use]
pub(crate) fn one_of(sorted: &[i64]) -> Option<ScalarUDF> {
    let (least, greatest) = (*sorted.first()?, *sorted.last()?);
    let length = usize::try_from(greatest.abs_diff(least).checked_add(1).filter(|length| *length <= MOST_BITS)?).ok()?;
    let mut bits = BooleanBufferBuilder::new(length);
    bits.append_n(length, false);
    for number in sorted {
        bits.set_bit(place(*number, least)?, true);
    }
    Some(ScalarUDF::from(OneOf { signature: Signature::any(1, Volatility::Immutable), least, bits: bits.finish() }))
}

/// Which bit stands for a number.
fn place(number: i64, least: i64) -> Option<usize> {
    usize::try_from(number.checked_sub(least)?).ok()
}

#[derive(Debug, PartialEq, Eq)]
struct OneOf {
    signature: Signature,
    least: i64,
    bits: BooleanBuffer,
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
        let bytes = self.bits.values();
        // A number before the least one wraps round to a place far behind the last.
        let is_one = |number: i64| {
            let place = number.wrapping_sub(self.least).cast_unsigned();
            let byte = usize::try_from(place / 8).ok().and_then(|place| bytes.get(place));
            byte.is_some_and(|byte| byte >> (place % 8) & 1 == 1)
        };
        let found = BooleanBuffer::collect_bool(values.len(), |row| values.get(row).is_some_and(|number| is_one(*number)));
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
        let expected = |numbers: Vec<Option<i64>>| numbers.into_iter().map(|number| Some(number.is_some_and(|number| among.contains(&number)))).collect::<Vec<_>>();
        let wanted = (expected(wide.clone()), expected(narrow.iter().map(|number| number.map(i64::from)).collect()));
        let batch = RecordBatch::try_from_iter([("wide", Arc::new(Int64Array::from(wide)) as _), ("narrow", Arc::new(Int32Array::from(narrow)) as _)]).unwrap();
        let function = one_of(&among).unwrap();
        let calls = vec![function.call(vec![col("wide")]), function.call(vec![col("narrow")])];
        let found = SessionContext::new().read_batch(batch).unwrap().select(calls).unwrap().collect().await.unwrap();
        let column = |index: usize| found.iter().flat_map(|rows| rows.column(index).as_boolean().iter()).collect::<Vec<_>>();
        assert_eq!((column(0), column(1)), wanted);
    }

    #[test]
    fn numbers_far_apart_have_no_bits() {
        assert!(one_of(&[0, 1 << 25]).is_none() && one_of(&[i64::MIN, i64::MAX]).is_none() && one_of(&[]).is_none());
        assert!(one_of(&[1, 1 << 25]).is_some());
    }
}
