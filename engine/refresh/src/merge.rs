//! Merging: the rows of a table plus what came, minus what went, without looking at most of the facts that stay.
//!
//! A row of the table, and the rollup's own query over the rows that came or went, have the same columns. Their states are put together
//! by one GROUP BY. It is exact as long as every aggregate can give back what goes. Two kinds cannot, and groups in which it matters are
//! *spoilt*: where the least or the greatest value may be among the rows that went, and where a sum of doubles loses a row. Those
//! groups, and no others of their buckets, are computed anew from their facts. How many different values a group has is asked of the
//! facts too, of those that have a value which came or went ([`crate::distinct`]).

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::common::NullEquality;
use datafusion::datasource::provider_as_source;
use datafusion::functions::expr_fn::coalesce;
use datafusion::logical_expr::{Expr, Join, JoinConstraint, JoinType, LogicalPlan, LogicalPlanBuilder, lit};
use nightshift_compile::rollup::grouping::Merge;
use nightshift_compile::rollup::STATE_ROWS;
use nightshift_compile::rollup::states::States;
use nightshift_lake::{DataFile, Snapshot};
use tokio_util::sync::CancellationToken;

use crate::Result;
use crate::affected::Gathered;
use crate::buckets::Bucket;
use crate::delta::{Delta, union};
use crate::distinct::Distinct;
use crate::groups::{Groups, key_name};
use crate::states::{Part, Stated, named, one_state, over_states, put_together, state_columns};

/// One merge.
pub(crate) struct Merging<'a> {
    pub(crate) delta: &'a Delta<'a>,
    pub(crate) states: &'a States,
    pub(crate) stated: &'a Stated,
    /// Where later buckets depend on earlier ones: the first that is written anew.
    pub(crate) onward: Option<Bucket>,
    pub(crate) cancel: &'a CancellationToken,
}

/// What a merge gives.
pub(crate) struct Merged {
    pub(crate) rows: LogicalPlan,
    /// The plan holds these.
    _spoilt: Option<Groups>,
    _anew: Option<Gathered>,
    _distinct: BTreeMap<String, Gathered>,
}

impl Merging<'_> {
    /// The plan of the rows that the touched buckets, and those that depend on them, have afterwards, with the groups that it holds; `files` are
    /// those of the table that may hold what they follow from. Nothing if more groups are spoilt, or more values came and went, than can be held.
    pub(crate) async fn plan(&self, table: &Snapshot, files: &[DataFile]) -> Result<Option<Merged>> {
        let rows = self.delta.rows;
        let zone = Some(Arc::clone(&self.delta.pinned.zone));
        let stored = LogicalPlanBuilder::scan("stored", provider_as_source(table.provider_of(files, zone)), None)?;
        let stored = if self.onward.is_some() { stored.build()? } else { self.delta.touched(stored.build()?)? };
        let schema = Arc::clone(stored.schema());
        let sides = self.delta.over(&self.stated.plan)?;
        let (came, went) = (self.together(sides.came)?, self.together(sides.went)?);
        let spoilt = match &went {
            Some(went) => {
                let keys = self.spoilt(&stored, came.as_ref(), went)?;
                let Some(spoilt) = Groups::of(&keys, &self.states.keys, self.delta, self.cancel).await? else { return Ok(None) };
                Some(spoilt).filter(|spoilt| spoilt.len() > 0)
            }
            None => None,
        };
        let counting = Distinct {
            delta: self.delta,
            states: self.states,
            query: &self.stated.plan,
            stored: &stored,
            spoilt: spoilt.as_ref(),
            cancel: self.cancel,
        };
        let Some(distinct) = counting.changes().await? else { return Ok(None) };
        let mut states = LogicalPlanBuilder::from(state_columns(stored, self.states, Part::Whole)?);
        for (rows, part) in [(came, Part::Came), (went, Part::Went)] {
            if let Some(rows) = rows {
                states = states.union(state_columns(rows, self.states, part)?)?;
            }
        }
        for (column, new) in &distinct {
            let new = LogicalPlanBuilder::from(new.scan("new values")?);
            states = states.union(one_state(new.build()?, self.states, column, &schema)?)?;
        }
        let mut states = states.build()?;
        let mut anew = None;
        if let Some(spoilt) = &spoilt {
            let keys: Vec<Expr> = self.states.keys.iter().map(|key| named(key)).collect();
            let sound = spoilt.matched(states, &keys, JoinType::LeftAnti)?;
            // By a query of its own, which reads of most facts no more than a key.
            let rows = state_columns(spoilt.anew(rows, &self.stated.plan)?, self.states, Part::Whole)?;
            let Some(rows) = Gathered::of(&rows, self.delta.rows.session, self.cancel).await? else { return Ok(None) };
            states = LogicalPlanBuilder::from(sound).union(rows.scan("computed anew")?)?.build()?;
            anew = Some(rows);
        }
        let merged = over_states(&self.stated.plan, self.states, &states, rows.session)?;
        let merged = match self.onward {
            Some(first) => rows.from(merged, first)?,
            None => merged,
        };
        Ok(Some(Merged { rows: merged, _spoilt: spoilt, _anew: anew, _distinct: distinct }))
    }

    /// One row a group, of several queries' rows; those of one query are that already.
    fn together(&self, mut queries: Vec<LogicalPlan>) -> Result<Option<LogicalPlan>> {
        if queries.len() < 2 {
            return Ok(queries.pop());
        }
        let states = queries.into_iter().map(|query| state_columns(query, self.states, Part::Came)).collect::<Result<Vec<_>>>()?;
        union(states)?.map(|all| put_together(&all, self.states, self.delta.rows.session)).transpose()
    }

    /// The keys of the groups that have to be computed anew.
    fn spoilt(&self, stored: &LogicalPlan, came: Option<&LogicalPlan>, went: &LogicalPlan) -> Result<LogicalPlan> {
        let joined = self.beside(self.renamed(went, "went")?, stored, "stored")?;
        let joined = came.map_or(Ok(joined.clone()), |came| self.beside(joined.clone(), came, "came"))?;
        let is_spoilt = self.states.columns.iter().map(|state| self.is_spoilt(&state.column, state.merge(), came.is_some()));
        let is_spoilt = is_spoilt.reduce(Expr::or).unwrap_or(lit(false)).or(lit(!self.states.exact));
        let keys = (0..self.states.keys.len()).map(|index| named(&key_of("went", index)).alias(key_name(index)));
        Ok(LogicalPlanBuilder::from(joined).filter(is_spoilt)?.project(keys.collect::<Vec<_>>())?.build()?)
    }

    /// Whether a state does not follow from those of the stored rows and of what came and went.
    fn is_spoilt(&self, column: &str, merge: Merge, came: bool) -> Expr {
        let value = |side: &str| named(&format!("{side}.{column}"));
        let (went, stored) = (value("went"), value("stored"));
        let holds = |condition: Expr| coalesce(vec![condition, lit(false)]);
        let beyond = |value: Expr, other: Expr| if merge == Merge::Min { value.gt(other) } else { value.lt(other) };
        match merge {
            // More rows go than there are: the table is not what its marks say, and its facts are asked.
            Merge::Sum if column == STATE_ROWS => {
                let count = |value: Expr| coalesce(vec![value, lit(0_i64)]);
                let there = if came { count(stored) + count(value("came")) } else { count(stored) };
                there.lt(went)
            }
            Merge::Sum => lit(false),
            Merge::Min | Merge::Max => {
                let mut stays = holds(beyond(went.clone(), stored));
                if came && self.delta.may_cancel() {
                    stays = stays.or(holds(beyond(went.clone(), value("came"))));
                } else if came {
                    // What came is there to stay.
                    stays = stays.or(holds(Expr::Not(Box::new(beyond(value("came"), went.clone())))));
                }
                went.is_not_null().and(Expr::Not(Box::new(stays)))
            }
        }
    }

    /// Rows with those of another side that have the same keys.
    fn beside(&self, rows: LogicalPlan, others: &LogicalPlan, side: &str) -> Result<LogicalPlan> {
        let others = self.renamed(others, side)?;
        let on = (0..self.states.keys.len()).map(|index| (named(&key_of("went", index)), named(&key_of(side, index)))).collect();
        let join = Join::try_new(Arc::new(rows), Arc::new(others), on, None, JoinType::Left, JoinConstraint::On, NullEquality::NullEqualsNull, false)?;
        Ok(LogicalPlan::Join(join))
    }

    /// Keys and states under names that say where they come from.
    fn renamed(&self, rows: &LogicalPlan, side: &str) -> Result<LogicalPlan> {
        let keys = self.states.keys.iter().enumerate().map(|(index, key)| named(key).alias(key_of(side, index)));
        let states = self.states.columns.iter().map(|state| named(&state.column).alias(format!("{side}.{}", state.column)));
        Ok(LogicalPlanBuilder::from(rows.clone()).project(keys.chain(states).collect::<Vec<_>>())?.build()?)
    }
}

fn key_of(side: &str, index: usize) -> String {
    format!("{side} key {index}")
}
