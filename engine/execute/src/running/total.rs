//! One running total: what it is, and the number that is carried from row to row.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, ArrowNativeTypeOp, AsArray, Int64Array, PrimitiveArray};
use datafusion::arrow::datatypes::{ArrowPrimitiveType, DataType, Decimal128Type, Float64Type, Int64Type};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::{WindowFrameBound, WindowFrameUnits};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::window::{PlainAggregateWindowExpr, WindowExpr};
use nightshift_functions::sum_overflows;

/// What is totalled.
#[derive(Debug, Clone)]
pub(super) enum Function {
    /// The values that are not NULL.
    Count(Arc<dyn PhysicalExpr>),
    /// The sum of an argument, in this type. An integer or decimal that overflows is an error, as in an aggregate.
    Sum(Arc<dyn PhysicalExpr>, DataType),
}

/// The total so far in the partition; `None` is a sum of no values.
#[derive(Debug, Clone, Copy)]
pub(super) enum Total {
    Count(i64),
    Integer(Option<i64>),
    Decimal(Option<i128>),
    Float(Option<f64>),
}

impl Function {
    /// The running total that a window function is, if it is one.
    pub(super) fn of(window: &dyn WindowExpr) -> Option<Self> {
        let window = window.as_any().downcast_ref::<PlainAggregateWindowExpr>()?;
        let frame = window.get_window_frame();
        let runs = frame.units == WindowFrameUnits::Rows && frame.start_bound.is_unbounded() && matches!(frame.end_bound, WindowFrameBound::CurrentRow);
        let aggregate = window.get_aggregate_expr();
        if !runs || aggregate.is_distinct() || has_filter(window) || !aggregate.order_bys().is_empty() {
            return None;
        }
        let [argument] = <[_; 1]>::try_from(aggregate.expressions()).ok()?;
        let data_type = aggregate.field().data_type().clone();
        match (aggregate.fun().name(), &data_type) {
            ("count", DataType::Int64) => Some(Self::Count(argument)),
            ("sum", DataType::Int64 | DataType::Decimal128(..) | DataType::Float64) => Some(Self::Sum(argument, data_type)),
            _ => None,
        }
    }

    /// The total of no rows.
    pub(super) const fn start(&self) -> Total {
        match self {
            Self::Count(_) => Total::Count(0),
            Self::Sum(_, DataType::Decimal128(..)) => Total::Decimal(None),
            Self::Sum(_, DataType::Float64) => Total::Float(None),
            Self::Sum(..) => Total::Integer(None),
        }
    }

    /// The totals of a batch's rows, one a row; `total` becomes that of the last. It starts again at each of the rows `starts`.
    pub(super) fn run(&self, total: &mut Total, batch: &RecordBatch, starts: &[usize]) -> Result<ArrayRef> {
        let argument = |argument: &Arc<dyn PhysicalExpr>| argument.evaluate(batch)?.into_array(batch.num_rows());
        match (self, total) {
            (Self::Count(counted), Total::Count(count)) => Ok(counts(&argument(counted)?, count, starts)),
            (Self::Sum(summed, data_type), Total::Integer(sum)) => sums::<Int64Type>(&argument(summed)?, data_type, sum, starts),
            (Self::Sum(summed, data_type), Total::Float(sum)) => sums::<Float64Type>(&argument(summed)?, data_type, sum, starts),
            (Self::Sum(summed, data_type), Total::Decimal(sum)) => {
                let array = sums::<Decimal128Type>(&argument(summed)?, data_type, sum, starts)?;
                let decimals = array.as_primitive::<Decimal128Type>();
                decimals.validate_decimal_precision(decimals.precision())?;
                Ok(array)
            }
            (function, total) => internal_err!("{total:?} is no total of {function:?}"),
        }
    }
}

/// Whether the function has a FILTER. DataFusion shows it to nobody but in the text for debugging, where it comes last; should that
/// change, no window is taken for a running total any more, and the results stay right.
fn has_filter(window: &PlainAggregateWindowExpr) -> bool {
    !format!("{window:?}").ends_with("filter: None }")
}

fn counts(values: &ArrayRef, count: &mut i64, starts: &[usize]) -> ArrayRef {
    let nulls = values.logical_nulls();
    let mut starts = starts.iter().copied().peekable();
    let counts = (0..values.len()).map(|row| {
        if starts.next_if_eq(&row).is_some() {
            *count = 0;
        }
        *count += i64::from(nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row)));
        *count
    });
    Arc::new(Int64Array::from_iter_values(counts))
}

fn sums<T: ArrowPrimitiveType>(values: &ArrayRef, data_type: &DataType, sum: &mut Option<T::Native>, starts: &[usize]) -> Result<ArrayRef> {
    let Some(values) = values.as_primitive_opt::<T>() else {
        return internal_err!("a sum in {data_type} of {}", values.data_type());
    };
    let mut starts = starts.iter().copied().peekable();
    let mut sums = PrimitiveArray::<T>::builder(values.len());
    for (row, value) in values.iter().enumerate() {
        if starts.next_if_eq(&row).is_some() {
            *sum = None;
        }
        if let Some(value) = value {
            let before = sum.unwrap_or_default();
            *sum = Some(before.add_checked(value).map_err(|_| sum_overflows(data_type, &before, &value))?);
        }
        sums.append_option(*sum);
    }
    Ok(Arc::new(sums.finish().with_data_type(data_type.clone())))
}
