//! The analyzer rule that makes casts between local times and instants follow the project's clock.
//!
//! SQL casts between the two by itself wherever an instant meets a date, a TIMESTAMP or a text: `delivered_at >= $business_date`.
//! Arrow's casts cannot be used for that. From a local time they fail where it does not exist or happens twice (midnight at Havana);
//! to a local time they give that of UTC. So:
//!
//! - A cast to an instant is the first instant at which the clock shows the local time, or the end of the gap that swallows it.
//! - A cast to a local time is what the clock shows.
//! - A cast of an instant to a date is its day on the clock, which Arrow's would give too, many times slower. Where it is compared with what no row
//!   says, it stays: DataFusion skips files and pages by a cast, and by no function. It takes the cast to keep the order of what is cast, so not
//!   in a zone where the clock has gone back over midnight.
//! - An instant and an INTERVAL of days or months are added on the clock: Arrow fails where the sum is missing or doubled.
//! - Where an instant is compared with a date, DataFusion makes the *instant* a local time. Turned round, it is the date that is
//!   cast, once, so that files and pages are still skipped by it.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::{Between, BinaryExpr, Cast, InList, ScalarFunction, TryCast};
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, Operator, ScalarUDF, cast, lit};
use datafusion::optimizer::AnalyzerRule;

use crate::named_expressions::rewrite_named;
use crate::wall_clock::{instant_to_local, local_to_instant};
use crate::zone_offsets::ZoneOffsets;

#[derive(Debug)]
pub(crate) struct ZonedCasts {
    offsets: Arc<ZoneOffsets>,
    to_instant: Arc<ScalarUDF>,
    to_local: Arc<ScalarUDF>,
    bucket_date: Arc<ScalarUDF>,
}

impl ZonedCasts {
    pub(crate) fn new(offsets: &Arc<ZoneOffsets>, bucket_date: Arc<ScalarUDF>) -> Self {
        Self { bucket_date, offsets: Arc::clone(offsets), to_instant: Arc::new(local_to_instant(offsets)), to_local: Arc::new(instant_to_local(offsets)) }
    }

    fn rewrite(&self, expression: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
        let turned = expression.transform_down(|node| Ok(self.turn_comparison(node, schema)))?;
        let days = pruning_days(&turned.data)?;
        let pruning = if days.is_empty() || self.offsets.keep_order_of_days() { days } else { vec![] };
        turned.transform_data(|turned| {
            turned.transform_up(|node| match node {
                Expr::BinaryExpr(sum) => Ok(self.add_days(sum, schema)),
                node if pruning.contains(&node) => Ok(Transformed::no(node)),
                node => Ok(self.replace_cast(node, schema)),
            })
        })
    }

    /// `CAST(instant AS TIMESTAMP) >= CAST(date AS TIMESTAMP)` becomes `instant >= CAST(date AS TIMESTAMP WITH TIME ZONE)`.
    fn turn_comparison(&self, expression: Expr, schema: &DFSchema) -> Transformed<Expr> {
        match &expression {
            Expr::BinaryExpr(BinaryExpr { left, op, right }) if is_comparison(*op) => {
                if let Some((left, [right])) = self.turned(left, [right.as_ref()], schema) {
                    return Transformed::yes(binary(left, *op, right));
                }
                if let Some((right, [left])) = self.turned(right, [left.as_ref()], schema) {
                    return Transformed::yes(binary(left, *op, right));
                }
            }
            Expr::Between(Between { expr, negated, low, high }) => {
                if let Some((instant, [low, high])) = self.turned(expr, [low.as_ref(), high.as_ref()], schema) {
                    return Transformed::yes(Expr::Between(Between::new(instant, *negated, Box::new(low), Box::new(high))));
                }
            }
            _ => {}
        }
        Transformed::no(expression)
    }

    /// The instant without its cast, and the dates cast to its type.
    fn turned<const N: usize>(&self, instant: &Expr, dates: [&Expr; N], schema: &DFSchema) -> Option<(Box<Expr>, [Expr; N])> {
        let instant = cast_to_local(instant).filter(|inner| self.is_instant(inner, schema))?;
        let data_type = instant.get_type(schema).ok()?;
        let dates = dates.map(|date| cast_to_local(date).filter(|inner| inner.get_type(schema).is_ok_and(|inner| inner == DataType::Date32)));
        if dates.iter().any(Option::is_none) {
            return None;
        }
        let dates = dates.map(|date| date.map_or(Expr::default(), |date| cast(date.clone(), data_type.clone())));
        Some((Box::new(instant.clone()), dates))
    }

    fn replace_cast(&self, expression: Expr, schema: &DFSchema) -> Transformed<Expr> {
        let (inner, target, tries) = match &expression {
            Expr::Cast(Cast { expr, field }) => (expr.as_ref(), field.data_type(), false),
            Expr::TryCast(TryCast { expr, field }) => (expr.as_ref(), field.data_type(), true),
            _ => return Transformed::no(expression),
        };
        let Ok(source) = inner.get_type(schema) else { return Transformed::no(expression) };
        let DataType::Timestamp(unit, zone) = target else {
            let is_day = (!tries || !self.offsets.keep_order_of_days())
                && target == &DataType::Date32
                && matches!(&source, DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) if self.offsets.is_zone(zone));
            return if is_day { Transformed::yes(self.day_of(inner.clone())) } else { Transformed::no(expression) };
        };
        let with_unit = |expression: Expr, found: TimeUnit| if found == *unit { expression } else { cast(expression, target.clone()) };
        match (source, zone) {
            (DataType::Timestamp(found, Some(from)), None) if self.offsets.is_zone(&from) => {
                Transformed::yes(with_unit(call(&self.to_local, inner.clone()), found))
            }
            (DataType::Timestamp(_, None) | DataType::Date32 | DataType::Date64, Some(to)) if self.offsets.is_zone(to) => {
                let local = DataType::Timestamp(*unit, None);
                Transformed::yes(call(&self.to_instant, cast(inner.clone(), local)))
            }
            (DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View, Some(to)) if !tries && self.offsets.is_zone(to) => {
                Transformed::yes(with_unit(call(&self.to_instant, inner.clone()), TimeUnit::Microsecond))
            }
            _ => Transformed::no(expression),
        }
    }

    /// The day of an instant, for which Arrow's cast asks the zone's table row by row.
    fn day_of(&self, instant: Expr) -> Expr {
        Expr::ScalarFunction(ScalarFunction { func: Arc::clone(&self.bucket_date), args: vec![lit("day"), instant] })
    }

    /// `instant + INTERVAL '1' DAY` on the clock: `local_to_instant(instant_to_local(instant) + INTERVAL '1' DAY)`.
    fn add_days(&self, sum: BinaryExpr, schema: &DFSchema) -> Transformed<Expr> {
        let BinaryExpr { left, op, right } = sum;
        let adds = |instant: &Expr, interval: &Expr| is_whole_days(interval) && self.is_instant(instant, schema);
        let (instant, interval) = match op {
            Operator::Plus | Operator::Minus if adds(&left, &right) => (left, right),
            Operator::Plus if adds(&right, &left) => (right, left),
            _ => return Transformed::no(binary(left, op, right)),
        };
        let local = call(&self.to_local, *instant);
        Transformed::yes(call(&self.to_instant, binary(local, op, interval)))
    }

    fn is_instant(&self, expression: &Expr, schema: &DFSchema) -> bool {
        match expression.get_type(schema) {
            Ok(DataType::Timestamp(_, Some(zone))) => self.offsets.is_zone(&zone),
            _ => false,
        }
    }
}

fn call(function: &Arc<ScalarUDF>, argument: Expr) -> Expr {
    Expr::ScalarFunction(ScalarFunction::new_udf(Arc::clone(function), vec![argument]))
}

/// True for an INTERVAL of days and months alone; hours are added to instants.
fn is_whole_days(expression: &Expr) -> bool {
    match expression {
        Expr::Literal(ScalarValue::IntervalMonthDayNano(Some(interval)), _) => interval.nanoseconds == 0,
        Expr::Literal(ScalarValue::IntervalDayTime(Some(interval)), _) => interval.milliseconds == 0,
        Expr::Literal(ScalarValue::IntervalYearMonth(Some(_)), _) => true,
        _ => false,
    }
}

fn is_comparison(operator: Operator) -> bool {
    use Operator::{Eq, Gt, GtEq, IsDistinctFrom, IsNotDistinctFrom, Lt, LtEq, NotEq};
    matches!(operator, Eq | NotEq | Lt | LtEq | Gt | GtEq | IsDistinctFrom | IsNotDistinctFrom)
}

fn binary(left: impl Into<Box<Expr>>, operator: Operator, right: impl Into<Box<Expr>>) -> Expr {
    Expr::BinaryExpr(BinaryExpr::new(left.into(), operator, right.into()))
}

/// The casts to a date that are compared with constants.
fn pruning_days(expression: &Expr) -> Result<Vec<Expr>> {
    let is_constant = |expression: &Expr| expression.column_refs().is_empty();
    let mut found = Vec::new();
    expression.apply(|node| {
        let compared = match node {
            Expr::BinaryExpr(BinaryExpr { left, op, right }) if is_comparison(*op) && is_constant(right) => Some(left),
            Expr::BinaryExpr(BinaryExpr { left, op, right }) if is_comparison(*op) && is_constant(left) => Some(right),
            Expr::Between(Between { expr, low, high, .. }) if is_constant(low) && is_constant(high) => Some(expr),
            Expr::InList(InList { expr, list, .. }) if list.iter().all(is_constant) => Some(expr),
            _ => None,
        };
        found.extend(
            compared
                .filter(|compared| matches!(compared.as_ref(), Expr::Cast(cast) if cast.field.data_type() == &DataType::Date32))
                .map(|day| day.as_ref().clone()),
        );
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(found)
}

/// What is cast, where the expression is a cast to a TIMESTAMP without a zone.
fn cast_to_local(expression: &Expr) -> Option<&Expr> {
    match expression {
        Expr::Cast(Cast { expr, field }) if matches!(field.data_type(), DataType::Timestamp(_, None)) => Some(expr),
        _ => None,
    }
}

impl AnalyzerRule for ZonedCasts {
    fn name(&self) -> &str {
        "zoned_casts"
    }

    fn analyze(&self, plan: LogicalPlan, _options: &ConfigOptions) -> Result<LogicalPlan> {
        plan.transform_up_with_subqueries(|node| rewrite_named(node, |expression, schema| self.rewrite(expression, schema))).data()
    }
}
