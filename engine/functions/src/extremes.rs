//! `min` and `max` as DataFusion's own, but of doubles in one order, in which NaN is greater than every number.
//!
//! In a grouped query DataFusion's take NaN or a number, whichever comes later, so that the same rows in another order have another extreme;
//! and where there is nothing but infinities they give the greatest finite number.

use std::cmp::Ordering;
use std::fmt::Debug;
use std::mem::size_of;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, ArrowNativeTypeOp, AsArray, BooleanArray, PrimitiveArray};
use datafusion::arrow::datatypes::{ArrowPrimitiveType, DataType, FieldRef, Float32Type, Float64Type};
use datafusion::common::{Result, ScalarValue};
use datafusion::functions_aggregate::min_max::{max_udaf, min_udaf};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Documentation, EmitTo, GroupsAccumulator, ReversedUDAF, SetMonotonicity, Signature, StatisticsArgs,
};

/// The functions, to be registered in the place of DataFusion's `min` and `max`.
pub(crate) fn extremes() -> [AggregateUDF; 2] {
    [(min_udaf(), Ordering::Less), (max_udaf(), Ordering::Greater)].map(|(inner, wanted)| AggregateUDF::from(Extreme { inner, wanted }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Extreme {
    inner: Arc<AggregateUDF>,
    /// How a value that takes the place of another stands to it.
    wanted: Ordering,
}

impl AggregateUDFImpl for Extreme {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn coerce_types(&self, argument_types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(argument_types)
    }

    fn return_type(&self, argument_types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(argument_types)
    }

    fn accumulator(&self, arguments: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        match arguments.return_field.data_type() {
            DataType::Float32 => Ok(Box::new(One(Many::<Float32Type>::new(self.wanted)))),
            DataType::Float64 => Ok(Box::new(One(Many::<Float64Type>::new(self.wanted)))),
            _ => self.inner.accumulator(arguments),
        }
    }

    fn create_sliding_accumulator(&self, arguments: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        self.inner.create_sliding_accumulator(arguments)
    }

    fn state_fields(&self, arguments: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        self.inner.state_fields(arguments)
    }

    fn groups_accumulator_supported(&self, arguments: AccumulatorArgs) -> bool {
        self.inner.groups_accumulator_supported(arguments)
    }

    fn create_groups_accumulator(&self, arguments: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        match arguments.return_field.data_type() {
            DataType::Float32 => Ok(Box::new(Many::<Float32Type>::new(self.wanted))),
            DataType::Float64 => Ok(Box::new(Many::<Float64Type>::new(self.wanted))),
            _ => self.inner.create_groups_accumulator(arguments),
        }
    }

    /// The statistics of a file leave NaN out.
    fn value_from_stats(&self, arguments: &StatisticsArgs) -> Option<ScalarValue> {
        if arguments.return_type.is_floating() { None } else { self.inner.value_from_stats(arguments) }
    }

    fn is_descending(&self) -> Option<bool> {
        self.inner.is_descending()
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

/// One extreme a group; none where there is no value.
#[derive(Debug)]
struct Many<T: ArrowPrimitiveType + Debug> {
    wanted: Ordering,
    values: Vec<Option<T::Native>>,
}

impl<T: ArrowPrimitiveType + Debug> Many<T> {
    const fn new(wanted: Ordering) -> Self {
        Self { wanted, values: Vec::new() }
    }

    fn add(&mut self, group: usize, value: T::Native) {
        if let Some(extreme) = self.values.get_mut(group)
            && extreme.is_none_or(|extreme| order(value, extreme) == self.wanted)
        {
            *extreme = Some(value);
        }
    }
}

/// Numbers in their order, and NaN after them, whatever its sign.
fn order<N: ArrowNativeTypeOp>(one: N, other: N) -> Ordering {
    let is_nan = |number: N| number.partial_cmp(&number).is_none();
    is_nan(one).cmp(&is_nan(other)).then_with(|| one.compare(other))
}

impl<T: ArrowPrimitiveType + Debug> GroupsAccumulator for Many<T> {
    fn update_batch(&mut self, values: &[ArrayRef], group_indices: &[usize], filter: Option<&BooleanArray>, total_num_groups: usize) -> Result<()> {
        self.values.resize(total_num_groups, None);
        let Some(values) = values.first().map(|array| array.as_primitive::<T>()) else { return Ok(()) };
        for (row, (group, value)) in group_indices.iter().zip(values.iter()).enumerate() {
            let is_kept = filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row));
            if let (Some(value), true) = (value, is_kept) {
                self.add(*group, value);
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        Ok(Arc::new(PrimitiveArray::<T>::from_iter(emit_to.take_needed(&mut self.values))))
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
            Some(filter) => values.iter().zip(filter.iter()).map(|(value, keep)| value.filter(|_| keep.unwrap_or(false))).collect(),
        };
        Ok(vec![Arc::new(kept)])
    }

    fn size(&self) -> usize {
        self.values.capacity() * size_of::<Option<T::Native>>()
    }
}

/// The extreme of the only group.
#[derive(Debug)]
struct One<T: ArrowPrimitiveType + Debug>(Many<T>);

impl<T: ArrowPrimitiveType + Debug> Accumulator for One<T> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let rows = values.first().map_or(0, |values| values.len());
        self.0.update_batch(values, &vec![0; rows], None, 1)
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.update_batch(states)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let value = self.0.values.first().copied().flatten();
        ScalarValue::try_from_array(&PrimitiveArray::<T>::from_iter([value]), 0)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.evaluate()?])
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.0.size()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use datafusion::arrow::array::{Float64Array, RecordBatch};
    use datafusion::prelude::SessionContext;

    use super::*;

    /// The extremes of values, of a group and of all rows.
    async fn extremes_of(values: &[Option<f64>]) -> [(Option<f64>, Option<f64>); 2] {
        let context = SessionContext::new();
        extremes().into_iter().for_each(|function| context.register_udaf(function));
        let values: ArrayRef = Arc::new(values.iter().copied().collect::<Float64Array>());
        context.register_batch("t", RecordBatch::try_from_iter_with_nullable([("x", values, true)]).unwrap()).unwrap();
        let read = async |sql: &str| {
            let batches = context.sql(sql).await.unwrap().collect().await.unwrap();
            let value = |column: usize| batches.first().unwrap().column(column).as_primitive::<Float64Type>().iter().next().unwrap();
            (value(0), value(1))
        };
        [read("SELECT min(x) AS least, max(x) AS most FROM t GROUP BY 1 + 1").await, read("SELECT min(x), max(x) FROM t").await]
    }

    #[tokio::test]
    async fn nan_is_the_greatest_wherever_it_stands() {
        let (nan, infinity) = (f64::NAN, f64::INFINITY);
        for (values, least, most) in [
            (vec![Some(nan), Some(1.0), None, Some(-2.0)], Some(-2.0), Some(nan)),
            (vec![Some(1.0), Some(-nan), Some(infinity)], Some(1.0), Some(nan)),
            (vec![Some(infinity), Some(infinity)], Some(infinity), Some(infinity)),
            (vec![Some(-infinity)], Some(-infinity), Some(-infinity)),
            (vec![Some(nan)], Some(nan), Some(nan)),
            (vec![None], None, None),
        ] {
            let reversed: Vec<Option<f64>> = values.iter().rev().copied().collect();
            for values in [values, reversed] {
                for found in extremes_of(&values).await {
                    let same = |one: Option<f64>, other: Option<f64>| {
                        one.map_or(other.is_none(), |one| other.is_some_and(|other| order(one, other).is_eq() || (one.is_nan() && other.is_nan())))
                    };
                    assert!(same(found.0, least) && same(found.1, most), "{values:?}: {found:?}");
                }
            }
        }
    }
}
