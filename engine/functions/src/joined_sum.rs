//! `joined_sum(one, other)`: the sum of two sums, either of which may be NULL because it is one of no values. As with [`crate::checked_sum`], a sum
//! of integers or decimals that does not fit its type is an error.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::compute::kernels::{numeric, zip::zip};
use datafusion::arrow::compute::{cast, is_null};
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Int64Type};
use datafusion::common::{Result, exec_err, internal_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use crate::checked_sum::{Checked, sum_overflows};

/// The function; both arguments are of one type, which is that of the result.
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
            [one, other] if one == other => Ok(one.clone()),
            _ => internal_err!("joined_sum takes two sums of one type, not {argument_types:?}"),
        }
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [one, other] = arguments.args.as_slice() else { return exec_err!("joined_sum takes two sums") };
        let (one, other) = (one.to_array(arguments.number_rows)?, other.to_array(arguments.number_rows)?);
        if other.null_count() == other.len() {
            return Ok(ColumnarValue::Array(one));
        }
        let sums = match one.data_type() {
            DataType::Int64 => checked::<Int64Type>(&one, &other)?,
            DataType::Decimal128(..) => checked::<Decimal128Type>(&one, &other)?,
            _ => of_any(&one, &other)?,
        };
        Ok(ColumnarValue::Array(sums))
    }
}

/// Few sums are joined by another one: the first are taken over, and only the others looked at.
fn checked<T: Checked>(one: &ArrayRef, other: &ArrayRef) -> Result<ArrayRef> {
    let data_type = one.data_type();
    let (one, other) = (one.as_primitive::<T>(), other.as_primitive::<T>());
    let mut sums = one.values().to_vec();
    let mut add = |index: usize| -> Result<()> {
        let (Some(sum), Some(value)) = (sums.get_mut(index), other.values().get(index)) else { return Ok(()) };
        *sum = match one.is_null(index) {
            true => *value,
            false => T::plus(*sum, *value).ok_or_else(|| sum_overflows(data_type, sum, value))?,
        };
        Ok(())
    };
    match other.nulls() {
        Some(nulls) => nulls.valid_indices().try_for_each(&mut add)?,
        None => (0..other.len()).try_for_each(&mut add)?,
    }
    let known = one.nulls().zip(other.nulls()).map(|(one, other)| NullBuffer::new(one.inner() | other.inner()));
    let sums = PrimitiveArray::<T>::new(sums.into(), known).with_data_type(data_type.clone());
    T::validate(&sums)?;
    Ok(Arc::new(sums))
}

/// Sums of other types: of doubles, and of integers that a SELECT made narrower, which fail too where they do not fit.
fn of_any(one: &ArrayRef, other: &ArrayRef) -> Result<ArrayRef> {
    let both = numeric::add(one, other)?;
    // What may be NULL counts for nothing then.
    let sums = zip(&is_null(other)?, one, &zip(&is_null(one)?, other, &both)?)?;
    Ok(cast(&sums, one.data_type())?)
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
        let found = sums(
            Arc::new(Int64Array::from(vec![Some(1), Some(2), None, None])),
            Arc::new(Int64Array::from(vec![Some(10), None, Some(30), None])),
        );
        assert_eq!(found.await.unwrap().as_primitive::<Int64Type>(), &Int64Array::from(vec![Some(11), Some(2), Some(30), None]));
        let found = sums(Arc::new(Int64Array::from(vec![1, 2])), Arc::new(Int64Array::from(vec![Some(-3), None])));
        assert_eq!(found.await.unwrap().as_primitive::<Int64Type>(), &Int64Array::from(vec![-2, 2]));
        let found = sums(Arc::new(Int64Array::from(vec![Some(1), None])), Arc::new(Int64Array::from(vec![5, 6])));
        assert_eq!(found.await.unwrap().as_primitive::<Int64Type>(), &Int64Array::from(vec![6, 6]));
        let found = sums(Arc::new(Int64Array::from(vec![Some(1), None])), Arc::new(Int64Array::from(vec![None, None])));
        assert_eq!(found.await.unwrap().as_primitive::<Int64Type>(), &Int64Array::from(vec![Some(1), None]));
        let found = sums(
            Arc::new(Float64Array::from(vec![Some(0.5), None, Some(1.0), None])),
            Arc::new(Float64Array::from(vec![Some(0.25), Some(2.0), None, None])),
        );
        let expected = Float64Array::from(vec![Some(0.75), Some(2.0), Some(1.0), None]);
        assert_eq!(found.await.unwrap().as_ref(), &expected as &dyn Array);
    }

    #[tokio::test]
    async fn a_sum_that_does_not_fit_is_an_error() {
        let error = sums(Arc::new(Int64Array::from(vec![i64::MAX])), Arc::new(Int64Array::from(vec![1]))).await.unwrap_err();
        assert!(error.to_string().contains("sum overflows Int64"), "{error}");
        let narrow = sums(Arc::new(Int16Array::from(vec![Some(1), None])), Arc::new(Int16Array::from(vec![Some(2), Some(i16::MAX)])));
        assert_eq!(narrow.await.unwrap().as_ref(), &Int16Array::from(vec![3, i16::MAX]) as &dyn Array);
        assert!(sums(Arc::new(Int16Array::from(vec![i16::MAX])), Arc::new(Int16Array::from(vec![1]))).await.is_err(), "it must not wrap");
        let decimal = |value| Arc::new(Decimal128Array::from(vec![value]).with_precision_and_scale(4, 2).unwrap());
        assert!(sums(decimal(9_999), decimal(-1)).await.is_ok());
        let error = sums(decimal(9_999), decimal(1)).await.unwrap_err();
        assert!(error.to_string().contains("100.00"), "{error}");
    }
}
