//! Rollups whose table has one row for each group: what it says of a group, the groups of coarser buckets can be told from.

use datafusion::logical_expr::{Aggregate, Expr, LogicalPlan};

use super::keys::{grouping_of_rows, shown};
use super::obstacle::Obstacle;
use super::states::{StateColumn, States, grouping_of, shown_states};
use crate::resolve::{Occurrence, Relation, Resolved, Term, resolve};

/// What the rows of a table say of its groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grouping {
    /// What is grouped.
    pub input: Relation,
    /// The column and the meaning of each group key.
    pub keys: Vec<(String, Term)>,
    /// The columns that have states, visible or not.
    pub states: Vec<StateColumn>,
}

impl Grouping {
    /// Reads a query over `facts` of which all `states` are kept, or only those that it shows.
    ///
    /// # Errors
    /// Why its rows do not stand for its groups.
    pub(super) fn of(plan: &LogicalPlan, query: &Resolved, facts: &[Occurrence], states: Option<&States>) -> Result<Self, Obstacle> {
        let grouping = LastGrouping::of(plan, query)?;
        let states = states.map_or_else(|| shown_states(&grouping, query, facts), |states| states.columns.clone());
        Ok(Self { input: grouping.input.clone(), keys: grouping.keys.into_iter().zip(grouping.groups).collect(), states })
    }
}

/// The GROUP BY of a query that hides none of its groups.
pub(super) struct LastGrouping<'a> {
    pub(super) aggregate: &'a Aggregate,
    /// What is grouped.
    pub(super) input: &'a Relation,
    /// The columns that show its keys, in the order of the plan.
    pub(super) keys: Vec<String>,
    groups: Vec<Term>,
    functions: Vec<Term>,
}

impl<'a> LastGrouping<'a> {
    pub(super) fn of(plan: &'a LogicalPlan, query: &'a Resolved) -> Result<Self, Obstacle> {
        let aggregate = grouping_of(plan).ok_or_else(|| if grouping_of_rows(plan).is_some() { Obstacle::Having } else { Obstacle::NoGrouping })?;
        let input = grouped(&query.relation).ok_or(Obstacle::NoGrouping)?;
        let mut groups: Vec<Term> = resolve(&LogicalPlan::Aggregate(aggregate.clone())).columns.into_iter().map(|column| column.term).collect();
        if groups.len() < aggregate.group_expr.len() {
            return Err(Obstacle::NoGrouping);
        }
        let functions = groups.split_off(aggregate.group_expr.len());
        Ok(Self { aggregate, input, keys: shown(&groups, aggregate, query)?, groups, functions })
    }

    /// Its aggregates with their meanings.
    pub(super) fn calls(&self) -> impl Iterator<Item = (&Expr, &Term)> {
        self.aggregate.aggr_expr.iter().zip(&self.functions)
    }
}

/// What the last GROUP BY groups.
fn grouped(relation: &Relation) -> Option<&Relation> {
    match relation {
        Relation::Aggregate { input, .. } => Some(input),
        Relation::Window { input, .. } => grouped(input),
        _ => None,
    }
}
