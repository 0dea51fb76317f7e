//! The plan of a GROUP BY over a rollup's rows, and over what they leave out.

use std::cell::Cell;

use datafusion::common::tree_node::{Transformed, TransformedResult as _, TreeNode as _};
use datafusion::common::{Column, JoinType, TableReference};
use datafusion::datasource::provider_as_source;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::FunctionRegistry as _;
use datafusion::functions::core::expr_fn::coalesce;
use datafusion::logical_expr::expr::{AggregateFunction, AggregateFunctionParams};
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Aggregate, Expr, LogicalPlan, LogicalPlanBuilder, cast, lit};
use nightshift_calendar::Calendar;
use nightshift_compile::rollup::states::{Function, Kept, Merge, call_of};
use nightshift_execute::StepSession;
use nightshift_lake::Snapshot;
use nightshift_refresh::{merged, value_of};

use crate::answer::{Answer, Joined, Value, Wanted, alias};
use crate::bounds::outside;
use crate::offer::Offer;

/// What puts a plan together.
pub(crate) struct Plans<'a> {
    pub(crate) session: &'a StepSession,
    pub(crate) calendar: &'a Calendar,
    pub(crate) query: &'a Aggregate,
    pub(crate) offer: &'a Offer,
    pub(crate) table: &'a Snapshot,
    pub(crate) answer: &'a Answer,
}

/// A column of the parts that are put together: a state, or a value whose different ones are counted.
struct Part {
    name: String,
    /// From the rollup.
    stored: Expr,
    /// From the tables themselves.
    computed: Expr,
    /// How several become one; none for a value.
    merge: Option<Merge>,
}

impl Plans<'_> {
    /// The GROUP BY, answered from the rollup; its columns are the same.
    pub(crate) fn plan(&self) -> Result<LogicalPlan> {
        let (parts, kept) = self.parts()?;
        let stored = self.stored(&parts)?;
        let all = match self.computed(&parts)? {
            Some(computed) => LogicalPlanBuilder::from(stored).union(computed)?.build()?,
            None => stored,
        };
        let keys: Vec<Expr> = (0..self.query.group_expr.len()).map(|index| named(&key_name(index))).collect();
        let merges = parts.iter().map(|part| {
            let column = named(&part.name);
            let merge = match part.merge {
                Some(merge) => merged(self.session, merge, column).map_err(external)?,
                None => self.distinct(column)?,
            };
            Ok(merge.alias(&part.name))
        });
        let groups = LogicalPlanBuilder::from(all).aggregate(keys.clone(), merges.collect::<Result<Vec<_>>>()?)?;
        let schema = &self.query.schema;
        // There may be no row at all where a query has no keys.
        let without_null = parts.iter().map(|part| {
            let is_count = kept.iter().any(|kept| matches!(kept, Kept::Count { count } | Kept::Average { values: count, .. } if *count == part.name));
            if is_count { coalesce(vec![named(&part.name), lit(0_i64)]).alias(&part.name) } else { named(&part.name) }
        });
        let groups = groups.project(keys.iter().cloned().chain(without_null).collect::<Vec<_>>())?;
        let values = kept.iter().zip(schema.fields().iter().skip(keys.len())).map(|(kept, field)| value_of(kept, field.data_type()).map_err(external));
        let values = values.collect::<Result<Vec<Expr>>>()?;
        let columns = schema
            .iter()
            .zip(keys.into_iter().chain(values))
            .map(|((qualifier, field), value)| cast(value, field.data_type().clone()).alias_qualified(qualifier.cloned(), field.name()));
        groups.project(columns.collect::<Vec<_>>())?.build()
    }

    /// What has to be known of each part, and how the aggregates follow from it.
    fn parts(&self) -> Result<(Vec<Part>, Vec<Kept>)> {
        let mut parts = vec![];
        let mut kept = vec![];
        for (call, value) in self.query.aggr_expr.iter().zip(&self.answer.values) {
            let mut part = |stored: &Expr, function: Function| -> Result<String> {
                let name = format!("value {}", parts.len());
                parts.push(Part { name: name.clone(), stored: stored.clone(), computed: self.state(call, function)?, merge: Some(function.merge()) });
                Ok(name)
            };
            kept.push(match value {
                Value::Count(state) => Kept::Count { count: part(state, Function::Count)? },
                Value::Sum(state) => Kept::Sum { sum: part(state, Function::Sum)?, values: None },
                Value::Average { sum, values } => Kept::Average { sum: part(sum, Function::Sum)?, values: part(values, Function::Count)? },
                Value::Extreme(function, state) => Kept::Extreme { value: part(state, *function)? },
                Value::Distinct(stored) => {
                    let name = format!("value {}", parts.len());
                    parts.push(Part { name: name.clone(), stored: stored.clone(), computed: different(call)?, merge: None });
                    Kept::Count { count: name }
                }
            });
        }
        Ok((parts, kept))
    }

    /// The rollup's rows, joined to what the query joins.
    fn stored(&self, parts: &[Part]) -> Result<LogicalPlan> {
        let rows = self.table.provider(Some(self.calendar.zone.name().into()));
        let mut plan = LogicalPlanBuilder::scan(alias(self.offer), provider_as_source(rows), None)?;
        for Joined { scan, optional } in &self.answer.joined {
            let table = LogicalPlanBuilder::from(scan.plan.clone()).alias(TableReference::bare(scan.name.as_str()))?.build()?;
            plan = match optional {
                None => plan.cross_join(table)?,
                Some(conditions) => plan.join_on(table, JoinType::Left, conditions.iter().cloned())?,
            };
        }
        if let Some(condition) = conjunction(self.answer.conditions.iter().cloned()) {
            plan = plan.filter(condition)?;
        }
        let fields = self.query.schema.fields();
        let keys = self.answer.keys.iter().zip(fields).enumerate();
        let keys = keys.map(|(index, (key, field))| cast(key.clone(), field.data_type().clone()).alias(key_name(index)));
        let columns = keys.chain(parts.iter().map(|part| part.stored.clone().alias(&part.name)));
        plan.project(columns.collect::<Vec<_>>())?.build()
    }

    /// The same of the rows that lie in no whole bucket of the rollup.
    fn computed(&self, parts: &[Part]) -> Result<Option<LogicalPlan>> {
        let Some(Wanted { whole, .. }) = self.answer.times.filter(|wanted| wanted.whole.leaves_some) else { return Ok(None) };
        let time = &self.offer.rollup.time;
        let is_first = Cell::new(true);
        let input = self.query.input.as_ref().clone().transform_up(|node| match &node {
            LogicalPlan::TableScan(scan) if scan.table_name == TableReference::bare(time.table.as_str()) && is_first.replace(false) => {
                let column = Expr::Column(Column::new(Some(scan.table_name.clone()), time.column.clone()));
                let rest = outside(&column, whole.times, self.calendar.zone.name());
                LogicalPlanBuilder::from(node.clone()).filter(rest)?.build().map(Transformed::yes)
            }
            _ => Ok(Transformed::no(node)),
        });
        let keys = self.query.group_expr.iter().enumerate().map(|(index, key)| key.clone().unalias().alias(key_name(index)));
        let (values, states): (Vec<&Part>, Vec<&Part>) = parts.iter().partition(|part| part.merge.is_none());
        let groups = keys.chain(values.iter().map(|part| part.computed.clone().alias(&part.name)));
        let states = states.iter().map(|part| part.computed.clone().alias(&part.name));
        let plan = LogicalPlanBuilder::from(input.data()?).aggregate(groups.collect::<Vec<_>>(), states.collect::<Vec<_>>())?;
        let columns = (0..self.query.group_expr.len()).map(key_name).chain(parts.iter().map(|part| part.name.clone()));
        Ok(Some(plan.project(columns.map(|column| named(&column)).collect::<Vec<_>>())?.build()?))
    }

    /// Another function of what a call of the query is of.
    fn state(&self, call: &Expr, function: Function) -> Result<Expr> {
        let AggregateFunctionParams { args, filter, .. } = parameters(call)?.clone();
        let name = function.call().ok_or_else(|| lacking("function"))?;
        let function = self.session.context.udaf(name)?;
        Ok(Expr::AggregateFunction(AggregateFunction::new_udf(function, args, false, filter, vec![], None)))
    }

    fn distinct(&self, value: Expr) -> Result<Expr> {
        let count = self.session.context.udaf("count")?;
        Ok(Expr::AggregateFunction(AggregateFunction::new_udf(count, vec![value], true, None, vec![], None)))
    }
}

/// The value whose different ones a call counts.
fn different(call: &Expr) -> Result<Expr> {
    let parameters = parameters(call)?;
    let argument = parameters.args.first().ok_or_else(|| lacking("argument"))?.clone();
    Ok(match parameters.filter.as_deref() {
        Some(filter) => datafusion::logical_expr::when(filter.clone(), argument).end()?,
        None => argument,
    })
}

fn parameters(call: &Expr) -> Result<&AggregateFunctionParams> {
    Ok(&call_of(call).ok_or_else(|| lacking("call"))?.params)
}

fn external(error: nightshift_refresh::Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

fn lacking(what: &str) -> DataFusionError {
    DataFusionError::Internal(format!("an aggregate has no {what}"))
}

fn key_name(index: usize) -> String {
    format!("key {index}")
}

fn named(name: &str) -> Expr {
    Expr::Column(Column::new_unqualified(name))
}
