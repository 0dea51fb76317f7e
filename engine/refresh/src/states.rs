//! The states of a rollup as parts of plans: computed beside the SELECT, and put together again.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Column, DFSchema, DataFusionError, NullEquality, ScalarValue};
use datafusion::execution::FunctionRegistry as _;
use datafusion::functions::expr_fn::{coalesce, greatest, least};
use datafusion::functions_aggregate::expr_fn::{max, min};
use datafusion::logical_expr::expr::{AggregateFunction, AggregateFunctionParams};
use datafusion::logical_expr::{
    Aggregate, AggregateUDF, Expr, ExprSchemable as _, Filter, Join, JoinConstraint, JoinType, LogicalPlan, LogicalPlanBuilder, Projection, SubqueryAlias,
    Window, cast, lit, when,
};
use nightshift_compile::rollup::STATE_ROWS;
use nightshift_compile::rollup::states::{Function, Kept, Merge, StateColumn, States, call_of, grouping_of};
use nightshift_execute::StepSession;
use nightshift_failure::{Mutation, is_broken};
use nightshift_functions::Partial;

use crate::Result;

/// A query with its states, and the names of the columns that they add.
pub(crate) struct Stated {
    pub(crate) plan: LogicalPlan,
    pub(crate) columns: Vec<String>,
    partials: Partials,
}

/// What is done with those states that DataFusion itself makes, by the names of their columns.
type Partials = BTreeMap<String, Partial>;

/// Adds the states of a rollup to its query, or only the count of input rows where it has none; nothing if the last grouping cannot carry
/// even that upward.
pub(crate) fn stated(plan: &LogicalPlan, states: Option<&States>, session: &StepSession) -> Result<Stated> {
    let Some(states) = states else {
        let columns = vec![STATE_ROWS.to_owned()];
        let rows = count(session, lit(1_i64)).alias(STATE_ROWS);
        let with_rows = |aggregate: &Aggregate| {
            let functions = aggregate.aggr_expr.iter().cloned().chain([rows.clone()]).collect();
            Ok(LogicalPlan::Aggregate(Aggregate::try_new(Arc::clone(&aggregate.input), aggregate.group_expr.clone(), functions)?))
        };
        return Ok(match with_grouping(plan, &with_rows, &columns)? {
            Some(plan) => Stated { plan, columns, partials: Partials::new() },
            None => Stated { plan: plan.clone(), columns: vec![], partials: Partials::new() },
        });
    };
    let columns: Vec<String> = states.hidden_columns().map(ToOwned::to_owned).collect();
    let partials = partials(plan, states)?;
    let from_states = |aggregate: &Aggregate| {
        let keys = aggregate.group_expr.iter().zip(&states.keys).map(|(key, name)| key.clone().unalias().alias(name));
        let values = states.columns.iter().map(|state| state_call(aggregate, state, &partials, session));
        let values = values.collect::<Result<Vec<_>>>()?;
        finished(aggregate, states, &partials, LogicalPlanBuilder::from(aggregate.input.as_ref().clone()).aggregate(keys, values)?.build()?)
    };
    let plan = with_grouping(plan, &from_states, &columns)?;
    let plan = plan.ok_or_else(|| DataFusionError::Internal("the plan of a rollup with states has no grouping".to_owned()))?;
    Ok(Stated { plan, columns, partials })
}

/// The functions of those states that DataFusion itself makes.
fn partials(plan: &LogicalPlan, states: &States) -> Result<Partials> {
    let kept = states.columns.iter().filter(|state| state.function == Function::Partial);
    let kept = kept.map(|state| {
        let aggregate = grouping_of(plan);
        let call = aggregate.zip(state.aggregate).and_then(|(aggregate, index)| Some((aggregate, call_of(aggregate.aggr_expr.get(index)?)?)));
        let (aggregate, call) = call.ok_or_else(|| lacking(&state.column))?;
        let fields = call.params.args.iter().map(|argument| Ok(argument.to_field(aggregate.input.schema().as_ref())?.1));
        Ok((state.column.clone(), Partial::of(&call.func, &fields.collect::<Result<Vec<_>>>()?)?))
    });
    kept.collect()
}

fn lacking(column: &str) -> DataFusionError {
    DataFusionError::Internal(format!("the plan lacks the aggregate of `{column}`"))
}

impl Stated {
    /// The functions of a state that DataFusion itself makes.
    fn partial(&self, column: &str) -> Result<&Partial> {
        Ok(self.partials.get(column).ok_or_else(|| lacking(column))?)
    }

    /// Rows with what states stand for: values in the place of those that nobody could read, and 0 for a sum of no values, which may be kept as NULL.
    pub(crate) fn readable(&self, rows: LogicalPlan, states: Option<&States>) -> Result<LogicalPlan> {
        let is_sum = |name: &String| states.is_some_and(|states| states.columns.iter().any(|state| state.column == *name && state.merge() == Merge::Sum));
        let columns = rows.schema().fields().iter().map(|field| match self.partials.get(field.name()) {
            Some(partial) => Ok(partial.value().call(vec![named(field.name())]).alias(field.name())),
            None if self.columns.contains(field.name()) && is_sum(field.name()) => {
                Ok(coalesce(vec![named(field.name()), neutral(Merge::Sum, field.data_type())?]).alias(field.name()))
            }
            None => Ok(named(field.name())),
        });
        let columns = columns.collect::<Result<Vec<Expr>>>()?;
        Ok(LogicalPlanBuilder::from(rows).project(columns)?.build()?)
    }
}

/// Puts something with more columns in the place of the last grouping of a query, and passes these upward.
fn with_grouping(plan: &LogicalPlan, grouping: &dyn Fn(&Aggregate) -> Result<LogicalPlan>, names: &[String]) -> Result<Option<LogicalPlan>> {
    let passed = |expressions: &[Expr]| expressions.iter().cloned().chain(names.iter().map(|name| named(name))).collect::<Vec<_>>();
    Ok(match plan {
        LogicalPlan::Aggregate(aggregate) => Some(grouping(aggregate)?),
        LogicalPlan::Projection(projection) => match with_grouping(&projection.input, grouping, names)? {
            None => None,
            Some(input) => Some(LogicalPlan::Projection(Projection::try_new(passed(&projection.expr), Arc::new(input))?)),
        },
        LogicalPlan::SubqueryAlias(alias) => match with_grouping(&alias.input, grouping, names)? {
            None => None,
            Some(input) => Some(LogicalPlan::SubqueryAlias(SubqueryAlias::try_new(Arc::new(input), alias.alias.clone())?)),
        },
        LogicalPlan::Filter(filter) => match with_grouping(&filter.input, grouping, names)? {
            None => None,
            Some(input) => Some(LogicalPlan::Filter(Filter::try_new(filter.predicate.clone(), Arc::new(input))?)),
        },
        LogicalPlan::Window(window) => match with_grouping(&window.input, grouping, names)? {
            None => None,
            // The functions come last in a window's schema; the projection above names columns, so their order does not matter.
            Some(input) => Some(LogicalPlan::Window(Window::try_new(window.window_expr.clone(), Arc::new(input))?)),
        },
        LogicalPlan::Sort(sort) => with_grouping(&sort.input, grouping, names)?,
        _ => None,
    })
}

/// What computes a state: a function of what an aggregate of the query is called with.
fn state_call(aggregate: &Aggregate, state: &StateColumn, partials: &Partials, session: &StepSession) -> Result<Expr> {
    let Some(index) = state.aggregate else { return Ok(count(session, lit(1_i64)).alias(&state.column)) };
    let call = aggregate.aggr_expr.get(index).and_then(call_of);
    let call = call.ok_or_else(|| lacking(&state.column))?;
    let AggregateFunctionParams { args, filter, .. } = call.params.clone();
    let (function, args) = match (state.function.call(), partials.get(&state.column)) {
        (Some(name), _) => (function(session, name)?, args),
        (None, Some(partial)) => (Arc::new(partial.state()), args.into_iter().zip(partial.types()).map(|(argument, to)| cast(argument, to.clone())).collect()),
        (None, None) => return Err(lacking(&state.column).into()),
    };
    Ok(Expr::AggregateFunction(AggregateFunction::new_udf(function, args, state.function.is_distinct(), filter, vec![], None)).alias(&state.column))
}

fn function(session: &StepSession, name: &str) -> Result<Arc<AggregateUDF>> {
    Ok(session.context.udaf(name)?)
}

fn count(session: &StepSession, argument: Expr) -> Expr {
    let count = session.context.udaf("count").unwrap_or_else(|_| datafusion::functions_aggregate::count::count_udaf());
    count.call(vec![argument])
}

/// A column by its name, whatever it looks like.
pub(crate) fn named(name: &str) -> Expr {
    Expr::Column(Column::new_unqualified(name))
}

/// Puts the states of several sets of rows together in one column.
///
/// # Errors
/// If the session lacks `sum`, or the states are DataFusion's own.
pub fn merged(session: &StepSession, merge: Merge, column: Expr) -> Result<Expr> {
    Ok(match merge {
        Merge::Min => min(column),
        Merge::Max => max(column),
        Merge::Sum => function(session, "sum")?.call(vec![column]),
        Merge::Partial => return Err(DataFusionError::Internal(format!("what puts {column} together depends on its aggregate")).into()),
    })
}

/// What rows are in a merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// All that there is of their groups.
    Whole,
    /// What came to their groups.
    Came,
    /// What went.
    Went,
}

/// The columns of a table's row that take part in a merge: the keys, then the states. Those of rows that go are turned around: what they
/// had added is taken away, and their extremes count for nothing. How many values are new to a group is not told by a part of it
/// ([`crate::distinct`]).
pub(crate) fn state_columns(rows: LogicalPlan, states: &States, part: Part) -> Result<LogicalPlan> {
    let keys = states.keys.iter().map(|key| Ok(named(key)));
    let schema = Arc::clone(rows.schema());
    let values = states.columns.iter().map(|state| {
        let (column, merge) = (state.column.as_str(), state.merge());
        let data_type = schema.field_with_unqualified_name(column)?.data_type();
        Ok(match (part, merge) {
            (Part::Came | Part::Went, _) if state.function.is_distinct() => neutral(merge, data_type)?.alias(column),
            (Part::Whole | Part::Came, _) => named(column),
            (Part::Went, Merge::Sum) if is_broken(Mutation::KeepsSign) => named(column),
            (Part::Went, Merge::Sum) => cast(Expr::Negative(Box::new(named(column))), data_type.clone()).alias(column),
            (Part::Went, _) => neutral(merge, data_type)?.alias(column),
        })
    });
    let columns: Result<Vec<Expr>> = keys.chain(values).collect();
    Ok(LogicalPlanBuilder::from(rows).project(columns?)?.build()?)
}

/// Rows of groups, of which one state alone says something, in the columns of [`state_columns`]; `schema` has those of the stored rows.
pub(crate) fn one_state(rows: LogicalPlan, states: &States, one: &str, schema: &DFSchema) -> Result<LogicalPlan> {
    some_state(rows, states, Some(one), schema)
}

/// Rows of groups of which no state says anything, in the columns of [`state_columns`]; `schema` has those of the stored rows.
pub(crate) fn no_state(rows: LogicalPlan, states: &States, schema: &DFSchema) -> Result<LogicalPlan> {
    some_state(rows, states, None, schema)
}

fn some_state(rows: LogicalPlan, states: &States, one: Option<&str>, schema: &DFSchema) -> Result<LogicalPlan> {
    let keys = states.keys.iter().map(|key| Ok(named(key)));
    let values = states.columns.iter().map(|state| {
        let column = state.column.as_str();
        let data_type = schema.field_with_unqualified_name(column)?.data_type();
        let value = if one == Some(column) { cast(named(column), data_type.clone()) } else { neutral(state.merge(), data_type)? };
        Ok(value.alias(column))
    });
    let columns: Result<Vec<Expr>> = keys.chain(values).collect();
    Ok(LogicalPlanBuilder::from(rows).project(columns?)?.build()?)
}

/// Whether what changes a group stands in for all that the table has of it (1), or is added to that (0).
pub(crate) const REPLACES: &str = "_replaces";

/// Rows of [`state_columns`] that say whether they stand in for what the table has.
pub(crate) fn replacing(rows: LogicalPlan, replaces: bool) -> Result<LogicalPlan> {
    let columns: Vec<Expr> = rows.schema().fields().iter().map(|field| named(field.name())).collect();
    let replaces = lit(i64::from(replaces)).alias(REPLACES);
    Ok(LogicalPlanBuilder::from(rows).project(columns.into_iter().chain([replaces]))?.build()?)
}

/// The state that changes no other.
fn neutral(merge: Merge, data_type: &DataType) -> Result<Expr> {
    let value = match merge {
        Merge::Sum => ScalarValue::Int64(Some(0)).cast_to(data_type)?,
        Merge::Min | Merge::Max | Merge::Partial => ScalarValue::try_from(data_type)?,
    };
    Ok(Expr::Literal(value, None))
}

/// The query of a rollup over its groups' states instead of its sources: the grouping that computes states gives way to rows that have them, one a
/// group. Groups of which no row is left vanish.
pub(crate) fn over_groups(stated: &LogicalPlan, groups: &LogicalPlan) -> Result<LogicalPlan> {
    if let LogicalPlan::Aggregate(aggregate) = stated {
        let least = if is_broken(Mutation::EmptyGroupsStay) { -1_i64 } else { 0 };
        let left = LogicalPlanBuilder::from(groups.clone()).filter(named(STATE_ROWS).gt(lit(least)))?;
        let columns = aggregate.schema.fields().iter().map(|field| cast(named(field.name()), field.data_type().clone()).alias(field.name()));
        return Ok(left.project(columns.collect::<Vec<_>>())?.build()?);
    }
    let inputs = stated.inputs().into_iter().map(|input| over_groups(input, groups)).collect::<Result<Vec<_>>>()?;
    Ok(stated.with_new_exprs(stated.expressions(), inputs)?)
}

/// The states of several sets of rows as one row a group, and what else is asked of a group's rows.
pub(crate) fn put_together(rows: &LogicalPlan, states: &States, stated: &Stated, others: &[Expr], session: &StepSession) -> Result<LogicalPlan> {
    let keys: Vec<Expr> = states.keys.iter().map(|key| named(key)).collect();
    let values = states.columns.iter().map(|state| {
        let column = named(&state.column);
        let value = match state.merge() {
            Merge::Partial => stated.partial(&state.column)?.merged().call(vec![column]),
            merge => merged(session, merge, column)?,
        };
        Ok(value.alias(&state.column))
    });
    let values = values.chain(others.iter().cloned().map(Ok)).collect::<Result<Vec<_>>>()?;
    Ok(LogicalPlanBuilder::from(rows.clone()).aggregate(keys, values)?.build()?)
}

/// The states of groups, one row each, after what changes them: `changes` has one row a group too, with [`REPLACES`], which says something if some
/// `replaces` what is stored.
pub(crate) fn changed(stored: LogicalPlan, changes: LogicalPlan, replaces: bool, states: &States, stated: &Stated) -> Result<LogicalPlan> {
    let change_of = |column: &str| named(&format!("change of {column}"));
    let columns: Vec<&String> = states.keys.iter().chain(states.columns.iter().map(|state| &state.column)).collect();
    let own = columns.iter().map(|column| named(column)).collect::<Vec<_>>();
    let changing = columns.iter().map(|column| named(column).alias(format!("change of {column}"))).chain([named(REPLACES)]);
    let changes = LogicalPlanBuilder::from(changes).project(changing.collect::<Vec<_>>())?.build()?;
    let stored = LogicalPlanBuilder::from(stored).project(own)?.build()?;
    let types = Arc::clone(stored.schema());
    let on = states.keys.iter().map(|key| (change_of(key), named(key))).collect();
    // The rows that change stand on the left: those are held, and the others pass by.
    let (changes, stored) = (Arc::new(changes), Arc::new(stored));
    let both = Join::try_new(changes, stored, on, None, JoinType::Full, JoinConstraint::On, NullEquality::NullEqualsNull, false)?;
    let keys = states.keys.iter().map(|key| Ok(coalesce(vec![named(key), change_of(key)]).alias(key)));
    let values = states.columns.iter().map(|state| {
        let column = state.column.as_str();
        let data_type = types.field_with_unqualified_name(column)?.data_type();
        let nothing = Expr::Literal(ScalarValue::try_from(data_type)?, None);
        let before = match replaces {
            true => when(named(REPLACES).eq(lit(1_i64)), nothing).otherwise(named(column))?,
            false => named(column),
        };
        let after = match state.merge() {
            Merge::Min => least(vec![before, cast(change_of(column), data_type.clone())]),
            Merge::Max => greatest(vec![before, cast(change_of(column), data_type.clone())]),
            // A sum of sums has more digits than these.
            Merge::Sum => nightshift_functions::joined_sum().call(vec![before, change_of(column)]),
            Merge::Partial if is_broken(Mutation::PartialsForget) => before,
            Merge::Partial => stated.partial(column)?.joined().call(vec![before, change_of(column)]),
        };
        Ok(after.alias(column))
    });
    let columns = keys.chain(values).collect::<Result<Vec<Expr>>>()?;
    Ok(LogicalPlanBuilder::from(LogicalPlan::Join(both)).project(columns)?.build()?)
}

/// What a grouping gives, made from the states of its groups, and the hidden columns after it.
fn finished(aggregate: &Aggregate, states: &States, partials: &Partials, groups: LogicalPlan) -> Result<LogicalPlan> {
    let keys = states.keys.iter().map(|key| Ok(named(key)));
    let own = states.aggregates.iter().enumerate().map(|(index, kept)| {
        let field = aggregate.schema.field(aggregate.group_expr.len() + index);
        match kept {
            Kept::Partial { state } => Ok(partials.get(state).ok_or_else(|| lacking(state))?.value().call(vec![named(state)])),
            kept => value_of(kept, field.data_type()),
        }
    });
    let columns = aggregate
        .schema
        .iter()
        .zip(keys.chain(own))
        .map(|((qualifier, field), value)| Ok(cast(value?, field.data_type().clone()).alias_qualified(qualifier.cloned(), field.name())));
    let columns = columns.chain(states.hidden_columns().map(|column| Ok(named(column))));
    Ok(LogicalPlanBuilder::from(groups).project(columns.collect::<Result<Vec<_>>>()?)?.build()?)
}

/// The value of an aggregate from its states.
///
/// # Errors
/// If there is no NULL of its type, or the state is DataFusion's own.
pub fn value_of(kept: &Kept, data_type: &DataType) -> Result<Expr> {
    let none = Expr::Literal(ScalarValue::try_from(data_type)?, None);
    Ok(match kept {
        Kept::Count { count } | Kept::Distinct { count, .. } => named(count),
        Kept::Extreme { value } => named(value),
        Kept::Partial { state } => return Err(DataFusionError::Internal(format!("what `{state}` stands for depends on its aggregate")).into()),
        Kept::Sum { sum, values: None } => named(sum),
        Kept::Sum { sum, values: Some(values) } => when(named(values).gt(lit(0_i64)), cast(named(sum), data_type.clone())).otherwise(none)?,
        Kept::Average { sum, values } => match data_type {
            DataType::Decimal128(digits, scale) => nightshift_functions::decimal_average(*digits, *scale).call(vec![named(sum), named(values)]),
            _ => {
                let average = cast(named(sum), DataType::Float64) / cast(named(values), DataType::Float64);
                when(named(values).gt(lit(0_i64)), average).otherwise(none)?
            }
        },
    })
}
