//! `sum` as DataFusion's own, but an integer or decimal sum that overflows is an error: DataFusion's wraps around silently.

use std::marker::PhantomData;
use std::mem::size_of;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, ArrowNativeTypeOp, AsArray, BooleanArray, BooleanBufferBuilder, PrimitiveArray};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::datatypes::{ArrowPrimitiveType, DataType, Decimal128Type, FieldRef, Int64Type};
use datafusion::common::{DataFusionError, Result, ScalarValue, exec_datafusion_err};
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Documentation, EmitTo, GroupsAccumulator, ReversedUDAF, SetMonotonicity, Signature,
};

/// The function, to be registered in the place of DataFusion's `sum`.
pub(crate) fn checked_sum() -> AggregateUDF {
    AggregateUDF::from(CheckedSum { inner: sum_udaf() })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct CheckedSum {
    inner: Arc<AggregateUDF>,
}

impl AggregateUDFImpl for CheckedSum {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, argument_types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(argument_types)
    }

    fn accumulator(&self, arguments: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let data_type = arguments.return_field.data_type().clone();
        match data_type {
            DataType::Int64 if arguments.is_distinct => Ok(Box::new(DistinctTotal::<Int64Type>::new(self.inner.accumulator(arguments)?, data_type))),
            DataType::Decimal128(..) if arguments.is_distinct => {
                Ok(Box::new(DistinctTotal::<Decimal128Type>::new(self.inner.accumulator(arguments)?, data_type)))
            }
            DataType::Int64 => Ok(Box::new(Total::<Int64Type>::new(data_type))),
            DataType::Decimal128(..) => Ok(Box::new(Total::<Decimal128Type>::new(data_type))),
            _ => self.inner.accumulator(arguments),
        }
    }

    fn create_sliding_accumulator(&self, arguments: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        match arguments.return_field.data_type() {
            DataType::Int64 | DataType::Decimal128(..) if !arguments.is_distinct => self.accumulator(arguments),
            _ => self.inner.create_sliding_accumulator(arguments),
        }
    }

    fn state_fields(&self, arguments: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        self.inner.state_fields(arguments)
    }

    fn groups_accumulator_supported(&self, arguments: AccumulatorArgs) -> bool {
        self.inner.groups_accumulator_supported(arguments)
    }

    fn create_groups_accumulator(&self, arguments: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        let data_type = arguments.return_field.data_type().clone();
        match data_type {
            DataType::Int64 => Ok(Box::new(Totals::<Int64Type>::new(data_type))),
            DataType::Decimal128(..) => Ok(Box::new(Totals::<Decimal128Type>::new(data_type))),
            _ => self.inner.create_groups_accumulator(arguments),
        }
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }

    fn set_monotonicity(&self, data_type: &DataType) -> SetMonotonicity {
        self.inner.inner().set_monotonicity(data_type)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }
}

/// The error of a sum that does not fit its type.
#[cold]
pub fn sum_overflows(data_type: &DataType, sum: &dyn std::fmt::Debug, value: &dyn std::fmt::Debug) -> DataFusionError {
    exec_datafusion_err!("sum overflows {data_type}: {sum:?} and {value:?} do not fit; cast the argument to a wider type")
}

/// A type whose sums fit or do not.
pub(crate) trait Checked: ArrowPrimitiveType + std::fmt::Debug + Sized {
    /// An error if a value has more digits than its type allows.
    fn validate(array: &PrimitiveArray<Self>) -> Result<()>;

    /// The sum of two values, if it fits into as many bits.
    fn plus(one: Self::Native, other: Self::Native) -> Option<Self::Native>;
}

impl Checked for Int64Type {
    fn plus(one: i64, other: i64) -> Option<i64> {
        one.checked_add(other)
    }

    fn validate(_array: &PrimitiveArray<Self>) -> Result<()> {
        Ok(())
    }
}

impl Checked for Decimal128Type {
    fn plus(one: i128, other: i128) -> Option<i128> {
        one.checked_add(other)
    }

    fn validate(array: &PrimitiveArray<Self>) -> Result<()> {
        Ok(array.validate_decimal_precision(array.precision())?)
    }
}

/// One sum, from which rows can be taken away again.
#[derive(Debug)]
struct Total<T: Checked> {
    data_type: DataType,
    sum: T::Native,
    values: u64,
}

impl<T: Checked> Total<T> {
    fn new(data_type: DataType) -> Self {
        Self { data_type, sum: T::Native::default(), values: 0 }
    }
}

impl<T: Checked> Accumulator for Total<T> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for value in values.iter().flat_map(|array| array.as_primitive::<T>().iter().flatten()) {
            self.sum = self.sum.add_checked(value).map_err(|_| sum_overflows(&self.data_type, &self.sum, &value))?;
            self.values += 1;
        }
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for value in values.iter().flat_map(|array| array.as_primitive::<T>().iter().flatten()) {
            self.sum = self.sum.sub_checked(value).map_err(|_| sum_overflows(&self.data_type, &self.sum, &value))?;
            self.values -= 1;
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.update_batch(states)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let sum = (self.values > 0).then_some(self.sum);
        let array = PrimitiveArray::<T>::from_iter([sum]).with_data_type(self.data_type.clone());
        T::validate(&array)?;
        ScalarValue::try_from_array(&array, 0)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.evaluate()?])
    }

    fn size(&self) -> usize {
        size_of::<Self>()
    }
}

/// The sum of different values, which DataFusion's own accumulator holds as its state: a list of them.
#[derive(Debug)]
struct DistinctTotal<T: Checked> {
    values: Box<dyn Accumulator>,
    data_type: DataType,
    total: PhantomData<Total<T>>,
}

impl<T: Checked> DistinctTotal<T> {
    const fn new(values: Box<dyn Accumulator>, data_type: DataType) -> Self {
        Self { values, data_type, total: PhantomData }
    }
}

impl<T: Checked> Accumulator for DistinctTotal<T> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.values.update_batch(values)
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.values.merge_batch(states)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let mut total = Total::<T>::new(self.data_type.clone());
        for state in self.values.state()? {
            if let ScalarValue::List(list) = state {
                total.update_batch(&[Arc::clone(list.values())])?;
            }
        }
        total.evaluate()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.values.state()
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.values.size()
    }
}

/// One sum a group.
#[derive(Debug)]
struct Totals<T: Checked> {
    data_type: DataType,
    sums: Vec<T::Native>,
    seen: BooleanBufferBuilder,
}

impl<T: Checked> Totals<T> {
    fn new(data_type: DataType) -> Self {
        Self { data_type, sums: Vec::new(), seen: BooleanBufferBuilder::new(0) }
    }

    /// Once a row; what is rare stands elsewhere, so that this is a few instructions in the loop around it.
    #[inline]
    fn add(&mut self, group: usize, value: T::Native) -> Result<()> {
        if let Some(sum) = self.sums.get_mut(group) {
            match T::plus(*sum, value) {
                Some(both) => *sum = both,
                None => return Err(sum_overflows(&self.data_type, sum, &value)),
            }
            self.seen.set_bit(group, true);
        }
        Ok(())
    }
}

impl<T: Checked> GroupsAccumulator for Totals<T> {
    fn update_batch(&mut self, values: &[ArrayRef], group_indices: &[usize], filter: Option<&BooleanArray>, total_num_groups: usize) -> Result<()> {
        self.sums.resize(total_num_groups, T::Native::default());
        if self.seen.len() < total_num_groups {
            self.seen.append_n(total_num_groups - self.seen.len(), false);
        }
        let Some(values) = values.first().map(|array| array.as_primitive::<T>()) else { return Ok(()) };
        match (values.null_count(), filter) {
            (0, None) => group_indices.iter().zip(values.values()).try_for_each(|(group, value)| self.add(*group, *value)),
            (_, None) => {
                let rows = group_indices.iter().zip(values.iter());
                rows.filter_map(|(group, value)| Some((group, value?))).try_for_each(|(group, value)| self.add(*group, value))
            }
            (_, Some(filter)) => {
                let rows = group_indices.iter().zip(values.iter()).zip(filter.iter());
                rows.filter_map(|((group, value), keep)| keep.unwrap_or(false).then_some((group, value?)))
                    .try_for_each(|(group, value)| self.add(*group, value))
            }
        }
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let sums = emit_to.take_needed(&mut self.sums);
        let seen = self.seen.finish();
        let emitted = seen.slice(0, sums.len());
        self.seen.append_buffer(&seen.slice(sums.len(), seen.len() - sums.len()));
        let array = PrimitiveArray::<T>::new(sums.into(), Some(NullBuffer::new(emitted))).with_data_type(self.data_type.clone());
        T::validate(&array)?;
        Ok(Arc::new(array))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(vec![self.evaluate(emit_to)?])
    }

    fn merge_batch(&mut self, values: &[ArrayRef], group_indices: &[usize], total_num_groups: usize) -> Result<()> {
        self.update_batch(values, group_indices, None, total_num_groups)
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let Some(values) = values.first().map(|array| array.as_primitive::<T>()) else { return Ok(vec![]) };
        let kept = match filter {
            None => values.clone(),
            Some(filter) => values.iter().zip(filter.iter()).map(|(value, keep)| value.filter(|_| keep.unwrap_or(false))).collect::<PrimitiveArray<T>>(),
        };
        Ok(vec![Arc::new(kept.with_data_type(self.data_type.clone()))])
    }

    fn size(&self) -> usize {
        self.sums.capacity() * size_of::<T::Native>() + self.seen.capacity() / 8
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use datafusion::arrow::array::{Decimal128Array, Int64Array, RecordBatch};
    use datafusion::prelude::SessionContext;

    use super::*;

    /// The sum of the different values; that of others beside it keeps DataFusion from making a GROUP BY of it.
    async fn distinct_sum(values: ArrayRef) -> Result<ArrayRef> {
        let context = SessionContext::new();
        context.register_udaf(checked_sum());
        let others: ArrayRef = Arc::new(Int64Array::from_iter_values(0..values.len() as i64));
        context.register_batch("t", RecordBatch::try_from_iter([("x", values), ("y", others)])?)?;
        let batches = context.sql("SELECT sum(DISTINCT x), count(DISTINCT y) FROM t").await?.collect().await?;
        Ok(Arc::clone(batches.first().unwrap().column(0)))
    }

    #[tokio::test]
    async fn different_values_that_do_not_fit_together_are_an_error() {
        let whole = |values: &[i64]| Arc::new(Int64Array::from(values.to_vec()));
        assert_eq!(distinct_sum(whole(&[i64::MAX - 3, 1, 2, 2, 1])).await.unwrap().as_primitive::<Int64Type>(), &Int64Array::from(vec![i64::MAX]));
        let error = distinct_sum(whole(&[i64::MAX - 3, 1, 3])).await.unwrap_err().to_string();
        assert!(error.contains("sum overflows Int64"), "{error}");
        let nines = 10_i128.pow(38) - 1;
        let decimal = |values: &[i128]| Arc::new(Decimal128Array::from(values.to_vec()).with_precision_and_scale(38, 2).unwrap());
        assert_eq!(distinct_sum(decimal(&[nines - 1, 1, 1])).await.unwrap().as_primitive::<Decimal128Type>().value(0), nines);
        for values in [[nines, 1], [nines, nines - 1]] {
            assert!(distinct_sum(decimal(&values)).await.is_err(), "{values:?}");
        }
    }
}
