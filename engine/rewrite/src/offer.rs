//! What the table of a rollup has to offer: keys of its groups, and states of their rows.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode as _};
use datafusion::common::{Column, DFSchema, ScalarValue};
use datafusion::logical_expr::expr::Cast;
use datafusion::logical_expr::{Aggregate, Expr, ExprSchemable, LogicalPlan};
use nightshift_compile::Rollup;
use nightshift_compile::resolve::{Term, exact_scale};
use nightshift_compile::rollup::STATE_ROWS;
use nightshift_compile::rollup::states::{Function, StateColumn, call_of, grouping_of};
use nightshift_lake::Snapshot;

use crate::flat::Flat;
use crate::refusal::Refusal;

/// A rollup, by what its query says.
pub(crate) struct Offer {
    pub(crate) rollup: Arc<Rollup>,
    /// What it groups.
    pub(crate) rows: Flat,
    /// The keys of its groups that are columns: what they mean, and the columns.
    pub(crate) keys: Vec<(Term, String)>,
    states: Vec<State>,
}

/// A column that says something about the rows of a group.
struct State {
    meaning: Meaning,
    column: String,
    /// Whether it is NULL where there is no value.
    keeps_null: bool,
}

/// What is computed of the rows of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Meaning {
    pub(crate) function: Function,
    /// Of what; none where rows are counted.
    pub(crate) argument: Option<Term>,
    /// Of which rows.
    pub(crate) filter: Option<Term>,
}

impl Offer {
    /// Reads a rollup by the plan of its query over the tables that the other query reads.
    ///
    /// # Errors
    /// Why its table can answer no query.
    pub(crate) fn of(rollup: &Arc<Rollup>, plan: &LogicalPlan) -> Result<Self, Refusal> {
        let aggregate = grouping_of(plan).ok_or(Refusal::NotGrouping)?;
        let rows = Flat::of(&aggregate.input)?;
        let mut offer = Self { rollup: Arc::clone(rollup), rows, keys: vec![], states: vec![] };
        offer.states.push(State { meaning: Meaning::of_rows(), column: STATE_ROWS.to_owned(), keeps_null: false });
        let shown = shown(plan).ok_or(Refusal::NotGrouping)?;
        for (field, definition) in plan.schema().fields().iter().zip(shown) {
            offer.read_column(field.name(), &definition, aggregate);
        }
        for state in rollup.states.iter().flat_map(|states| &states.columns) {
            let is_hidden = plan.schema().field_with_unqualified_name(&state.column).is_err();
            if is_hidden {
                offer.read_hidden(state, aggregate);
            }
        }
        Ok(offer)
    }

    /// Whether a table has what its rollup keeps.
    ///
    /// # Errors
    /// The column that it lacks.
    pub(crate) fn check(&self, table: &Snapshot) -> Result<(), Refusal> {
        let schema = table.schema();
        let kept = self.keys.iter().map(|(_, column)| column).chain(self.states.iter().map(|state| &state.column));
        let lacks = kept.into_iter().find(|column| schema.field_with_name(column).is_err());
        lacks.map_or(Ok(()), |column| Err(Refusal::Lacks { column: column.clone() }))
    }

    /// A column of the SELECT, which is made from what the GROUP BY gives.
    fn read_column(&mut self, name: &str, definition: &Expr, aggregate: &Aggregate) {
        let value = or_zero(definition);
        let (definition, keeps_null) = value.as_ref().map_or((definition, true), |value| (value, false));
        let Some(place) = place_of(definition, aggregate) else { return };
        if let Some(key) = aggregate.group_expr.get(place) {
            if let (Expr::Column(_), true, Some(key)) = (definition, keeps_null, self.rows.over_scans(key, aggregate.input.schema())) {
                self.keys.push((self.rows.meaning(&key), name.to_owned()));
            }
            return;
        }
        let call = aggregate.aggr_expr.get(place - aggregate.group_expr.len());
        if let Some(meaning) = call.and_then(|call| Meaning::read(call, aggregate, &self.rows)) {
            let is_itself = matches!(definition, Expr::Column(_));
            let adds = matches!(meaning.function, Function::Count | Function::Sum);
            if (is_itself && (keeps_null || meaning.function == Function::Sum)) || (adds && loses_nothing(definition, aggregate.schema.as_ref())) {
                self.states.push(State { meaning, column: name.to_owned(), keeps_null });
            }
        }
    }

    /// A column that only our own tables have.
    fn read_hidden(&mut self, state: &StateColumn, aggregate: &Aggregate) {
        let call = state.aggregate.and_then(|index| aggregate.aggr_expr.get(index));
        let call = call.and_then(|call| Meaning::read_as(state.function, call, aggregate, &self.rows));
        if let Some(meaning) = call {
            self.states.push(State { meaning, column: state.column.clone(), keeps_null: false });
        }
    }

    /// The column that has a state, if it is NULL for no value or there always is one.
    pub(crate) fn state(&self, meaning: &Meaning, has_values: bool) -> Option<&str> {
        let is_it = |state: &&State| state.meaning == *meaning && (state.keeps_null || has_values || meaning.function == Function::Count);
        self.states.iter().find(is_it).map(|state| state.column.as_str())
    }

    /// The column of a key.
    pub(crate) fn key(&self, meaning: &Term) -> Option<&str> {
        self.keys.iter().find(|(key, _)| key == meaning).map(|(_, column)| column.as_str())
    }
}

impl Meaning {
    /// How many rows there are.
    pub(crate) const fn of_rows() -> Self {
        Self { function: Function::Count, argument: None, filter: None }
    }

    /// Reads a call whose value is a state that can be merged exactly.
    pub(crate) fn read(call: &Expr, aggregate: &Aggregate, rows: &Flat) -> Option<Self> {
        let function = match call_of(call)?.func.name() {
            "count" => Function::Count,
            "sum" => Function::Sum,
            "min" => Function::Min,
            "max" => Function::Max,
            _ => return None,
        };
        if call_of(call)?.params.distinct {
            return None;
        }
        Self::read_as(function, call, aggregate, rows)
    }

    /// What another function would give for the arguments of a call.
    pub(crate) fn read_as(function: Function, call: &Expr, aggregate: &Aggregate, rows: &Flat) -> Option<Self> {
        let parameters = &call_of(call)?.params;
        let schema = aggregate.input.schema();
        let [argument] = parameters.args.as_slice() else { return None };
        if !parameters.order_by.is_empty() || parameters.null_treatment.is_some() || matches!(function, Function::Distinct | Function::Partial) {
            return None;
        }
        let data_type = argument.get_type(schema).ok()?;
        if function == Function::Sum && exact_scale(&data_type).is_none() || data_type.is_floating() && function != Function::Count {
            return None;
        }
        let filter = match parameters.filter.as_deref() {
            Some(filter) => Some(rows.meaning_of_condition(&rows.over_scans(filter, schema)?)),
            None => None,
        };
        let counts_rows = function == Function::Count && !argument.nullable(schema).unwrap_or(true);
        let argument = rows.over_scans(argument, schema)?;
        Some(Self { function, argument: (!counts_rows).then(|| rows.meaning(&argument)), filter })
    }
}

/// What each column of a plan is made from: columns of its GROUP BY.
fn shown(plan: &LogicalPlan) -> Option<Vec<Expr>> {
    match plan {
        LogicalPlan::Aggregate(aggregate) => {
            let columns = aggregate.schema.iter().map(|(qualifier, field)| Expr::Column(Column::new(qualifier.cloned(), field.name())));
            Some(columns.collect())
        }
        LogicalPlan::Projection(projection) => {
            let input = shown(&projection.input)?;
            projection.expr.iter().map(|column| replaced(column, projection.input.schema(), &input)).collect()
        }
        LogicalPlan::Window(window) => {
            let input = shown(&window.input)?;
            Some(input.into_iter().chain(window.window_expr.iter().cloned()).collect())
        }
        LogicalPlan::SubqueryAlias(alias) => shown(&alias.input),
        LogicalPlan::Sort(sort) if sort.fetch.is_none() => shown(&sort.input),
        _ => None,
    }
}

fn replaced(expression: &Expr, schema: &DFSchema, columns: &[Expr]) -> Option<Expr> {
    let replaced = expression.clone().transform_up(|node| match node {
        Expr::Column(column) => {
            Ok(columns.get(schema.index_of_column(&column)?).map_or_else(|| Transformed::no(Expr::Column(column)), |is| Transformed::yes(is.clone())))
        }
        Expr::Alias(alias) => Ok(Transformed::yes(*alias.expr)),
        node => Ok(Transformed::no(node)),
    });
    replaced.ok().map(|replaced| replaced.data)
}

/// What stands in `coalesce(…, 0)`, with the casts around it.
fn or_zero(definition: &Expr) -> Option<Expr> {
    match definition {
        Expr::Cast(Cast { expr, field }) => Some(Expr::Cast(Cast { expr: Box::new(or_zero(expr)?), field: Arc::clone(field) })),
        Expr::ScalarFunction(call) if call.name() == "coalesce" => match call.args.as_slice() {
            [value, Expr::Literal(ScalarValue::Int64(Some(0)) | ScalarValue::Int32(Some(0)), _)] => Some(value.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// Which column of a GROUP BY a column shows, perhaps cast.
fn place_of(definition: &Expr, aggregate: &Aggregate) -> Option<usize> {
    match definition {
        Expr::Column(column) => aggregate.schema.index_of_column(column).ok(),
        Expr::Cast(cast) => place_of(&cast.expr, aggregate),
        _ => None,
    }
}

/// Whether casts leave a number as it is.
fn loses_nothing(definition: &Expr, schema: &DFSchema) -> bool {
    let scale = |expression: &Expr| expression.get_type(schema).ok().as_ref().and_then(exact_scale);
    match definition {
        Expr::Cast(Cast { expr, field }) => {
            let keeps = |target: &DataType| matches!((exact_scale(target), scale(expr)), (Some(target), Some(own)) if target >= own);
            keeps(field.data_type()) && loses_nothing(expr, schema)
        }
        Expr::Column(_) => scale(definition).is_some(),
        _ => false,
    }
}
