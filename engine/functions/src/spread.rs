//! `var`, `var_pop`, `stddev` and `stddev_pop` as DataFusion's own, but for how groups are put together from parts.
//!
//! DataFusion adds up two means by their weights, which leaves a last digit even of two that are the same: values that are all equal then have a spread
//! that is not 0, as soon as they were looked at in parts. Here the mean moves by its share of what lies between both, as Chan, Golub and
//! LeVeque have it (*Updating formulae and a pairwise algorithm for computing sample variances*, 1979).

use std::fmt::Debug;
use std::mem::size_of;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, UInt64Array};
use datafusion::arrow::datatypes::{DataType, FieldRef, Float64Type, UInt64Type};
use datafusion::common::{Result, exec_err};
use datafusion::functions_aggregate::{stddev, variance};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Documentation, EmitTo, GroupsAccumulator, Signature};

/// The functions, to be registered in the place of DataFusion's.
pub(crate) fn spreads() -> [AggregateUDF; 4] {
    [
        (variance::var_samp_udaf(), true, false),
        (variance::var_pop_udaf(), false, false),
        (stddev::stddev_udaf(), true, true),
        (stddev::stddev_pop_udaf(), false, true),
    ]
    .map(|(inner, of_sample, is_root)| AggregateUDF::from(Spread { inner, of_sample, is_root }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Spread {
    inner: Arc<AggregateUDF>,
    /// Whether the rows are a sample, so that one value says nothing.
    of_sample: bool,
    /// Whether the root of the variance is asked for.
    is_root: bool,
}

impl AggregateUDFImpl for Spread {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, argument_types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(argument_types)
    }

    fn accumulator(&self, arguments: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        self.inner.accumulator(arguments)
    }

    fn state_fields(&self, arguments: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        self.inner.state_fields(arguments)
    }

    fn groups_accumulator_supported(&self, arguments: AccumulatorArgs) -> bool {
        self.inner.groups_accumulator_supported(arguments)
    }

    fn create_groups_accumulator(&self, _arguments: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(Moments { of_sample: self.of_sample, is_root: self.is_root, groups: vec![] }))
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }
}

/// What is known of the values of a group.
#[derive(Debug, Clone, Copy, Default)]
struct Moment {
    count: u64,
    mean: f64,
    /// The sum of the squares of what the values differ from their mean.
    squares: f64,
}

impl Moment {
    fn merge(&mut self, other: Self) {
        match (self.count, other.count) {
            (_, 0) => {}
            (0, _) => *self = other,
            (own, others) => {
                let (count, distance) = (own + others, other.mean - self.mean);
                let share = others as f64 / count as f64;
                *self = Self { count, mean: self.mean + distance * share, squares: self.squares + other.squares + distance * distance * own as f64 * share };
            }
        }
    }
}

#[derive(Debug)]
struct Moments {
    of_sample: bool,
    is_root: bool,
    groups: Vec<Moment>,
}

impl Moments {
    fn merge(&mut self, group: usize, moment: Moment) {
        if let Some(own) = self.groups.get_mut(group) {
            own.merge(moment);
        }
    }

    fn value(&self, Moment { count, squares, .. }: Moment) -> Option<f64> {
        let degrees = if self.of_sample { count.saturating_sub(1) } else { count };
        let variance = (degrees > 0).then(|| squares / degrees as f64)?;
        Some(if self.is_root { variance.sqrt() } else { variance })
    }
}

/// The values that a filter keeps, as moments of one value each, or of none.
fn moments<'a>(values: &'a [ArrayRef], filter: Option<&'a BooleanArray>) -> Result<impl Iterator<Item = Moment> + 'a> {
    let Some(values) = values.first().and_then(|values| values.as_primitive_opt::<Float64Type>()) else { return exec_err!("a spread is one of doubles") };
    Ok(values.iter().enumerate().map(move |(row, value)| match value {
        Some(mean) if filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row)) => Moment { count: 1, mean, squares: 0.0 },
        _ => Moment::default(),
    }))
}

fn columns(moments: Vec<Moment>) -> Vec<ArrayRef> {
    let counts: UInt64Array = moments.iter().map(|moment| Some(moment.count)).collect();
    let means: Float64Array = moments.iter().map(|moment| Some(moment.mean)).collect();
    let squares: Float64Array = moments.iter().map(|moment| Some(moment.squares)).collect();
    vec![Arc::new(counts), Arc::new(means), Arc::new(squares)]
}

impl GroupsAccumulator for Moments {
    fn update_batch(&mut self, values: &[ArrayRef], group_indices: &[usize], filter: Option<&BooleanArray>, total_num_groups: usize) -> Result<()> {
        self.groups.resize(total_num_groups, Moment::default());
        for (moment, group) in moments(values, filter)?.zip(group_indices) {
            self.merge(*group, moment);
        }
        Ok(())
    }

    fn merge_batch(&mut self, values: &[ArrayRef], group_indices: &[usize], total_num_groups: usize) -> Result<()> {
        self.groups.resize(total_num_groups, Moment::default());
        let [counts, means, squares] = values else { return exec_err!("the state of a spread has three columns") };
        let (Some(counts), Some(means), Some(squares)) =
            (counts.as_primitive_opt::<UInt64Type>(), means.as_primitive_opt::<Float64Type>(), squares.as_primitive_opt::<Float64Type>())
        else {
            return exec_err!("the state of a spread is a count and two doubles");
        };
        for (((count, mean), squares), group) in counts.values().iter().zip(means.values()).zip(squares.values()).zip(group_indices) {
            self.merge(*group, Moment { count: *count, mean: *mean, squares: *squares });
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let moments = emit_to.take_needed(&mut self.groups);
        Ok(Arc::new(moments.into_iter().map(|moment| self.value(moment)).collect::<Float64Array>()))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(columns(emit_to.take_needed(&mut self.groups)))
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        Ok(columns(moments(values, filter)?.collect()))
    }

    fn size(&self) -> usize {
        self.groups.capacity() * size_of::<Moment>()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use datafusion::prelude::SessionContext;

    use super::*;

    async fn rows(context: &SessionContext, sql: &str) -> usize {
        context.sql(sql).await.unwrap().count().await.unwrap()
    }

    #[tokio::test]
    async fn they_are_those_of_datafusion() {
        let (own, others) = (SessionContext::new(), SessionContext::new());
        spreads().into_iter().for_each(|function| own.register_udaf(function));
        let mut found = vec![];
        for context in [&own, &others] {
            let values = "SELECT value % 7 AS g, CASE WHEN value % 5 > 0 AND value % 7 < 6 THEN value * value % 101 END AS x FROM generate_series(1, 2000)";
            let sql = format!("SELECT g, var(x), var_pop(x), stddev(x), stddev_pop(x) FILTER (WHERE x > 50) FROM ({values}) t GROUP BY g ORDER BY g");
            let batches = context.sql(&sql).await.unwrap().collect().await.unwrap();
            let columns = (1..5).flat_map(|column| batches.iter().flat_map(move |batch| batch.column(column).as_primitive::<Float64Type>().iter()));
            found.push(columns.map(|value| value.map(|value| format!("{value:.9}"))).collect::<Vec<_>>());
        }
        let [own, others] = found.as_slice() else { unreachable!() };
        assert_eq!(own, others);
        assert!(own.len() == 28 && own.contains(&None));
    }

    /// Parts of 3, 4, 5 and more values, of which DataFusion's own spread is not 0.
    #[tokio::test]
    async fn values_that_are_equal_have_no_spread() {
        let context = SessionContext::new();
        spreads().into_iter().for_each(|function| context.register_udaf(function));
        let mut moment = Moment::default();
        (3..60).for_each(|count| moment.merge(Moment { count, mean: 19.99, squares: 0.0 }));
        assert!(moment.squares == 0.0 && moment.mean == 19.99, "{moment:?}");
        let sql = "SELECT g FROM (SELECT value % 3 AS g, 0.1 AS x FROM generate_series(1, 20000)) t GROUP BY g HAVING stddev(x) <> 0 OR var_pop(x) <> 0";
        assert_eq!(rows(&context, sql).await, 0);
    }
}
