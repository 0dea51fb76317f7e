//! Which times a condition wants, and which whole buckets lie in them.

use std::ops::Range;

use chrono::{DateTime, NaiveDate};
use datafusion::arrow::datatypes::{DataType, Date32Type, TimeUnit};
use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{TreeNode as _, TreeNodeRecursion};
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::expr::BinaryExpr;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, Operator, Volatility, cast};
use nightshift_calendar::{Calendar, Grain};
use nightshift_compile::rollup::symbol::{Bucketing, Days, TimeSymbol};
use nightshift_refresh::buckets::{Bucket, is_sharp};

/// Times from one instant to another, in microseconds since 1970; open where there is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) from: Option<i64>,
    /// The first that is not meant.
    pub(crate) until: Option<i64>,
}

/// Whole buckets, by the days with which they begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Whole {
    pub(crate) from: Option<NaiveDate>,
    pub(crate) until: Option<NaiveDate>,
    /// The instants at which they begin and end.
    pub(crate) times: Times,
    /// Whether some times that are wanted lie in no whole bucket.
    pub(crate) leaves_some: bool,
}

impl Times {
    /// The times that are in both.
    pub(crate) fn and(self, other: Self) -> Self {
        let from = self.from.into_iter().chain(other.from).max();
        let until = self.until.into_iter().chain(other.until).min();
        Self { from, until }
    }

    /// The whole buckets that lie in these times; none if there is none, or the clock goes back over the beginning of one.
    pub(crate) fn whole_buckets(self, buckets: Bucketing, calendar: &Calendar) -> Option<Whole> {
        let buckets = Bucketing { grain: buckets.grain.max(Grain::Day), ..buckets };
        let begins = |instant: i64| {
            let day = first_day(instant, buckets, calendar)?;
            let start = start_of(day, buckets, calendar)?;
            Some((day, start))
        };
        let from = match self.from {
            None => None,
            Some(from) => match begins(from)? {
                (day, start) if start == from => Some((day, start)),
                (day, _) => {
                    let next = buckets.grain.next_first_day(day);
                    Some((next, start_of(next, buckets, calendar)?))
                }
            },
        };
        let until = match self.until {
            None => None,
            Some(until) => Some(begins(until)?),
        };
        if matches!((from, until), (Some((_, from)), Some((_, until))) if from >= until) {
            return None;
        }
        let times = Self { from: from.map(|(_, start)| start), until: until.map(|(_, start)| start) };
        Some(Whole { from: from.map(|(day, _)| day), until: until.map(|(day, _)| day), times, leaves_some: times != self })
    }
}

/// A comparison of a time, or of its bucket, with a constant.
pub(crate) struct Comparison<'a> {
    /// What is compared.
    pub(crate) symbol: TimeSymbol,
    /// Its type.
    pub(crate) data_type: &'a DataType,
    pub(crate) state: &'a SessionState,
    pub(crate) calendar: &'a Calendar,
}

impl Comparison<'_> {
    /// The times for which a condition holds; none if it says something else.
    pub(crate) fn times(&self, condition: &BinaryExpr, is_left: bool) -> Option<Times> {
        let constant = if is_left { &condition.right } else { &condition.left };
        let value = self.constant(constant)?;
        let (at, after) = self.around(&value)?;
        let (from, until) = (|from| Times { from: Some(from), until: None }, |until| Times { from: None, until: Some(until) });
        Some(match (condition.op, is_left) {
            (Operator::Eq, _) => Times { from: Some(at?), until: Some(after) },
            (Operator::Lt, true) => until(at.unwrap_or(after)),
            (Operator::LtEq, true) => until(after),
            (Operator::LtEq, false) => from(at.unwrap_or(after)),
            (Operator::Lt, false) => from(after),
            _ => return None,
        })
    }

    /// The first instants whose symbol is the value, if there are such, and whose symbol is greater.
    fn around(&self, value: &ScalarValue) -> Option<(Option<i64>, i64)> {
        match (self.symbol, value) {
            (TimeSymbol::Time(_), ScalarValue::TimestampMicrosecond(Some(instant), Some(_))) => Some((Some(*instant), instant.checked_add(1)?)),
            (TimeSymbol::Bucket(_, buckets), value) if buckets.grain > Grain::Hour => {
                let (day, is_start) = match value {
                    ScalarValue::Date32(Some(day)) => {
                        let day = Date32Type::to_naive_date_opt(*day)?;
                        (buckets.grain.first_day(day), buckets.grain.first_day(day) == day)
                    }
                    ScalarValue::TimestampMicrosecond(Some(instant), Some(_)) if buckets.days == Days::Calendar => {
                        let day = first_day(*instant, buckets, self.calendar)?;
                        (day, start_of(day, buckets, self.calendar)? == *instant)
                    }
                    _ => return None,
                };
                let start = start_of(day, buckets, self.calendar)?;
                Some((is_start.then_some(start), start_of(buckets.grain.next_first_day(day), buckets, self.calendar)?))
            }
            _ => None,
        }
    }

    /// The value of a constant in the type of the symbol, to which the comparison brings it.
    fn constant(&self, constant: &Expr) -> Option<ScalarValue> {
        let is_fixed = !constant.any_column_refs() && !calls_what_may_change(constant);
        let own = self.evaluate(constant.clone()).filter(|_| is_fixed)?;
        let is_kept = match (&own, self.data_type) {
            (ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)) | ScalarValue::LargeUtf8(Some(text)), DataType::Timestamp(..)) => {
                text.rsplit('.').next().is_none_or(|digits| digits.len() <= 6 || digits.len() == text.len())
            }
            (ScalarValue::Utf8(Some(_)) | ScalarValue::Utf8View(Some(_)) | ScalarValue::LargeUtf8(Some(_)), DataType::Date32) => true,
            (ScalarValue::TimestampNanosecond(Some(instant), _), DataType::Timestamp(..)) => instant % 1_000 == 0,
            (ScalarValue::TimestampMicrosecond(Some(_), _) | ScalarValue::TimestampMillisecond(Some(_), _), DataType::Timestamp(..)) => true,
            (ScalarValue::TimestampSecond(Some(_), _) | ScalarValue::Date32(Some(_)), DataType::Timestamp(..)) => true,
            (ScalarValue::Date32(Some(_)), DataType::Date32) => true,
            _ => false,
        };
        self.evaluate(cast(constant.clone(), self.data_type.clone())).filter(|_| is_kept)
    }

    /// The value of an expression as the session computes it, with the project's clock.
    fn evaluate(&self, constant: Expr) -> Option<ScalarValue> {
        let plan = LogicalPlanBuilder::empty(true).project([constant.alias("constant")]).and_then(LogicalPlanBuilder::build).ok()?;
        match self.state.optimize(&plan).ok()? {
            LogicalPlan::Projection(projection) => match projection.expr.first()? {
                Expr::Alias(alias) => alias.expr.as_literal().cloned(),
                other => other.as_literal().cloned(),
            },
            _ => None,
        }
    }
}

/// The two sides of a condition that compares.
pub(crate) fn comparison(condition: &Expr) -> Option<&BinaryExpr> {
    match condition {
        Expr::BinaryExpr(comparison) if matches!(comparison.op, Operator::Eq | Operator::Lt | Operator::LtEq) => Some(comparison),
        _ => None,
    }
}

/// True for times before or after whole buckets.
pub(crate) fn outside(time: &Expr, whole: Times, zone: &str) -> Expr {
    let instant = |value| Expr::Literal(ScalarValue::TimestampMicrosecond(Some(value), Some(zone.into())), None);
    let before = whole.from.map(|from| time.clone().lt(instant(from)));
    let after = whole.until.map(|until| time.clone().gt_eq(instant(until)));
    before.into_iter().chain(after).reduce(Expr::or).unwrap_or_else(|| datafusion::logical_expr::lit(false))
}

/// True for rows of whole buckets, by the column of the buckets.
pub(crate) fn inside(bucket: &Expr, data_type: &DataType, whole: &Whole, zone: &str) -> Option<Expr> {
    let literal = |day: Option<NaiveDate>, instant: Option<i64>| match data_type {
        DataType::Date32 => Some(ScalarValue::Date32(Some(Date32Type::from_naive_date(day?)))),
        DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => Some(ScalarValue::TimestampMicrosecond(Some(instant?), Some(zone.into()))),
        _ => None,
    };
    let literal = |day, instant| literal(day, instant).map(|value| Expr::Literal(value, None));
    let from = literal(whole.from, whole.times.from).map(|from| bucket.clone().gt_eq(from));
    let until = literal(whole.until, whole.times.until).map(|until| bucket.clone().lt(until));
    from.into_iter().chain(until).reduce(Expr::and)
}

/// What lies before and after whole buckets of the times that are wanted.
pub(crate) fn rests(wanted: Times, whole: Times) -> Vec<Range<Option<i64>>> {
    let before = (wanted.from != whole.from).then_some(wanted.from..whole.from);
    let after = (wanted.until != whole.until).then_some(whole.until..wanted.until);
    before.into_iter().chain(after).collect()
}

fn calls_what_may_change(expression: &Expr) -> bool {
    let mut changes = false;
    // Nothing in it fails.
    let _ = expression.apply(|node| {
        changes |= matches!(node, Expr::ScalarFunction(call) if call.func.signature().volatility != Volatility::Immutable);
        changes |= matches!(node, Expr::Placeholder(_) | Expr::OuterReferenceColumn(..));
        Ok(TreeNodeRecursion::Continue)
    });
    changes
}

/// The day with which the bucket of an instant begins.
fn first_day(instant: i64, buckets: Bucketing, calendar: &Calendar) -> Option<NaiveDate> {
    let instant = DateTime::from_timestamp_micros(instant)?;
    let day = match buckets.days {
        Days::Calendar => calendar.local(instant).date(),
        Days::Business => calendar.business_date(instant),
    };
    Some(buckets.grain.first_day(day))
}

/// The instant at which a bucket begins, if none before it belongs to it.
fn start_of(day: NaiveDate, buckets: Bucketing, calendar: &Calendar) -> Option<i64> {
    let (start, _) = Bucket::Date(day).instants(buckets, calendar)?;
    is_sharp(day, buckets, calendar).then_some(start)
}
