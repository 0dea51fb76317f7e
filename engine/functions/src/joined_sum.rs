//! `joined_sum(sum, change)`: a sum and what changes it, either of which may be NULL because it is one of no values. As with
//! [`crate::checked_sum`], a sum of integers or decimals that does not fit its type is an error. What changes it may have more digits: only the
//! result has to fit.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::compute::kernels::{numeric, zip::zip};
use datafusion::arrow::compute::{CastOptions, cast, cast_with_options, is_null};
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Int64Type};
use datafusion::common::{Result, exec_err, internal_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use crate::checked_sum::{Checked, sum_overflows};

/// The function; the result has the type of the first argument.
#[must_use]
pub fn joined_sum() -> ScalarUDF {
    ScalarUDF::from(JoinedSum { signature: Signature::any(2, Volatility::Immutable) })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct JoinedSum {
    signature: Signature,
}

impl ScalarUDFImpl for JoinedSum {
    fn name(&self) -> &str {
        "joined_sum"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, argument_types: &[DataType]) -> Result<DataType> {
        match argument_types {
            [sum, _change] => Ok(sum.clone()),
            _ => internal_err!("joined_sum takes a sum and what changes it, not {argument_types:?}"),
        }
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [sum, change] = arguments.args.as_slice() else { return exec_err!("joined_sum takes a sum and what changes it") };
        let (sum, change) = (sum.to_array(arguments.number_rows)?, change.to_array(arguments.number_rows)?);
        if change.null_count() == change.len() {
            return Ok(ColumnarValue::Array(sum));
        }
        let data_type = sum.data_type();
        let sums = match (data_type, change.data_type()) {
            (DataType::Int64, DataType::Int64) => checked::<Int64Type>(&sum, &change)?,
            (DataType::Int8 | DataType::Int16 | DataType::Int32, DataType::Int64) => {
                let must_fit = CastOptions { safe: false, ..CastOptions::default() };
                cast_with_options(&checked::<Int64Type>(&cast(&sum, &DataType::Int64)?, &change)?, data_type, &must_fit)?
            }
            (DataType::Decimal128(_, scale), DataType::Decimal128(_, same)) if scale == same => checked::<Decimal128Type>(&sum, &change)?,
            (DataType::Float64, DataType::Float64) => doubles(&sum, &change)?,
            (_, other) => return internal_err!("joined_sum does not add {other} to {data_type}"),
        };
        Ok(ColumnarValue::Array(sums))
    }
}

/// Few sums change: all are taken over, and only those looked at that do.
fn checked<T: Checked>(sums: &ArrayRef, changes: &ArrayRef) -> Result<ArrayRef> {
    let data_type = sums.data_type();
    let (sums, changes) = (sums.as_primitive::<T>(), changes.as_primitive::<T>());
    let mut totals = sums.values().to_vec();
    let mut add = |index: usize| -> Result<()> {
        let (Some(sum), Some(value)) = (totals.get_mut(index), changes.values().get(index)) else { return Ok(()) };
        *sum = match sums.is_null(index) {
            true => *value,
            false => T::plus(*sum, *value).ok_or_else(|| sum_overflows(data_type, sum, value))?,
        };
        Ok(())
    };
    match changes.nulls() {
        Some(nulls) => nulls.valid_indices().try_for_each(&mut add)?,
        None => (0..changes.len()).try_for_each(&mut add)?,
    }
    let known = sums.nulls().zip(changes.nulls()).map(|(sums, changes)| NullBuffer::new(sums.inner() | changes.inner()));
    let totals = PrimitiveArray::<T>::new(totals.into(), known).with_data_type(data_type.clone());
    T::validate(&totals)?;
    Ok(Arc::new(totals))
}

fn doubles(sums: &ArrayRef, changes: &ArrayRef) -> Result<ArrayRef> {
    let both = numeric::add(sums, changes)?;
    // What may be NULL counts for nothing then.
    Ok(zip(&is_null(changes)?, sums, &zip(&is_null(sums)?, changes, &both)?)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use datafusion::arrow::array::{Decimal128Array, Float64Array, Int16Array, Int64Array};
    use datafusion::arrow::record_batch::RecordBatch;
    use datafusion::prelude::SessionContext;

    use super::*;

    async fn sums(one: ArrayRef, other: ArrayRef) -> Result<ArrayRef> {
        let context = SessionContext::new();
        context.register_udf(joined_sum());
        context.register_batch("t", RecordBatch::try_from_iter_with_nullable([("one", one, true), ("other", other, true)])?)?;
        let batches = context.sql("SELECT joined_sum(one, other) AS sum FROM t").await?.collect().await?;
        Ok(Arc::clone(batches.first().unwrap().column(0)))
    }

    #[tokio::test]
    async fn either_may_be_missing() {
        let found = sums(Arc::new(Int64Array::from(vec![Some(1), Some(2), None, None])), Arc::new(Int64Array::from(vec![Some(10), None, Some(30), None])));
        assert_eq!(found.await.unwrap().as_primitive::<Int64Type>(), &Int64Array::from(vec![Some(11), Some(2), Some(30), None]));
        let found = sums(Arc::new(Int64Array::from(vec![1, 2])), Arc::new(Int64Array::from(vec![Some(-3), None])));
        assert_eq!(found.await.unwrap().as_primitive::<Int64Type>(), &Int64Array::from(vec![-2, 2]));
        let found = sums(Arc::new(Int64Array::from(vec![Some(1), None])), Arc::new(Int64Array::from(vec![5, 6])));
        assert_eq!(found.await.unwrap().as_primitive::<Int64Type>(), &Int64Array::from(vec![6, 6]));
        let found = sums(Arc::new(Int64Array::from(vec![Some(1), None])), Arc::new(Int64Array::from(vec![None, None])));
        assert_eq!(found.await.unwrap().as_primitive::<Int64Type>(), &Int64Array::from(vec![Some(1), None]));
        let found =
            sums(Arc::new(Float64Array::from(vec![Some(0.5), None, Some(1.0), None])), Arc::new(Float64Array::from(vec![Some(0.25), Some(2.0), None, None])));
        let expected = Float64Array::from(vec![Some(0.75), Some(2.0), Some(1.0), None]);
        assert_eq!(found.await.unwrap().as_ref(), &expected as &dyn Array);
    }

    #[tokio::test]
    async fn a_sum_that_does_not_fit_is_an_error() {
        let error = sums(Arc::new(Int64Array::from(vec![i64::MAX])), Arc::new(Int64Array::from(vec![1]))).await.unwrap_err();
        assert!(error.to_string().contains("sum overflows Int64"), "{error}");
        let decimal = |value| Arc::new(Decimal128Array::from(vec![value]).with_precision_and_scale(4, 2).unwrap());
        assert!(sums(decimal(9_999), decimal(-1)).await.is_ok());
        let error = sums(decimal(9_999), decimal(1)).await.unwrap_err();
        assert!(error.to_string().contains("100.00"), "{error}");
    }

    #[tokio::test]
    async fn only_the_result_has_to_fit() {
        let change = |value| Arc::new(Int64Array::from(vec![value]));
        let narrow = |value| Arc::new(Int16Array::from(vec![value]));
        assert_eq!(sums(narrow(Some(-30_000)), change(60_000)).await.unwrap().as_ref(), &Int16Array::from(vec![30_000]) as &dyn Array);
        assert_eq!(sums(narrow(None), change(5)).await.unwrap().as_ref(), &Int16Array::from(vec![5]) as &dyn Array);
        let error = sums(narrow(Some(1)), change(i64::from(i16::MAX))).await.unwrap_err();
        assert!(error.to_string().contains("32768"), "{error}");
        let decimal = |value, digits| Arc::new(Decimal128Array::from(vec![value]).with_precision_and_scale(digits, 2).unwrap());
        let found = sums(decimal(-9_999, 4), decimal(15_000, 14)).await.unwrap();
        assert_eq!(found.as_ref(), decimal(5_001, 4).as_ref() as &dyn Array);
    }
}
