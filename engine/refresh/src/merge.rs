//! Merging: the rows of a table plus what came, minus what went, without looking at most of the facts that stay.
//!
//! A row of the table, and the rollup's own query over the rows that came or went, have the same columns. What changes a group is put together
//! in one row and held; the table's rows meet these rows in a join as they are read, so that a row of a group that did not change costs no grouping.
//! It is exact as long as every aggregate can give back what goes. Two kinds cannot, and groups in which it matters are
//! *spoilt*: where the least or the greatest value may be among the rows that went, and where a sum of doubles loses a row. Those
//! groups, and no others of their buckets, are computed anew from their facts, and what is computed stands in for what the table has. How many
//! different values a group has is asked of the facts too, of those that have a value which came or went ([`crate::distinct`]).

use std::sync::Arc;

use datafusion::common::NullEquality;
use datafusion::datasource::provider_as_source;
use datafusion::functions::expr_fn::coalesce;
use datafusion::functions_aggregate::expr_fn::max;
use datafusion::logical_expr::{Expr, Join, JoinConstraint, JoinType, LogicalPlan, LogicalPlanBuilder, lit};
use nightshift_compile::rollup::STATE_ROWS;
use nightshift_compile::rollup::states::{Merge, States};
use nightshift_failure::{Mutation, is_broken};
use nightshift_lake::{DataFile, Snapshot};
use tokio_util::sync::CancellationToken;

use crate::Result;
use crate::affected::Gathered;
use crate::buckets::{Bucket, Buckets};
use crate::delta::{Delta, union};
use crate::distinct::Distinct;
use crate::groups::{Groups, key_name};
use crate::states::{Part, REPLACES, Stated, changed, named, no_state, one_state, over_groups, put_together, replacing, state_columns};

/// Groups that change are held in memory, so many at most; where there are more, buckets are computed anew.
const MOST_GROUPS: usize = 500_000;

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
pub(crate) struct Merged<'a> {
    merging: &'a Merging<'a>,
    /// The rows that the table has in the touched buckets, or all of them where later buckets depend on earlier ones.
    stored: LogicalPlan,
    pub(crate) changes: GroupChanges,
}

/// What changes the groups of a table.
pub(crate) struct GroupChanges {
    /// One row a group, in the columns of [`state_columns`] and [`REPLACES`].
    rows: Gathered,
    /// Whether some stand in for what the table has.
    replaces: bool,
}

impl Merging<'_> {
    /// What the touched buckets, and those that depend on them, have afterwards; `files` are those of the table that may hold what this follows
    /// from. Nothing if more groups change than can be held.
    pub(crate) async fn merged(&self, table: &Snapshot, files: &[DataFile]) -> Result<Option<Merged<'_>>> {
        let zone = Some(Arc::clone(&self.delta.pinned.zone));
        let stored = LogicalPlanBuilder::scan("stored", provider_as_source(table.provider_of(files, zone)), None)?.build()?;
        let stored = if self.onward.is_some() { stored } else { self.delta.touched(stored)? };
        let changes = self.changes(&stored).await?;
        Ok(changes.map(|changes| Merged { merging: self, stored, changes }))
    }

    /// What changes the groups of the stored rows.
    async fn changes(&self, stored: &LogicalPlan) -> Result<Option<GroupChanges>> {
        let Some([came, went]) = self.sides().await? else { return Ok(None) };
        let scan = |rows: &Option<Gathered>| rows.as_ref().map(|rows| rows.scan("changes")).transpose();
        let (came, went) = (scan(&came)?, scan(&went)?);
        let spoilt = match &went {
            Some(went) => {
                let keys = self.spoilt(stored, came.as_ref(), went)?;
                let Some(spoilt) = Groups::of(&keys, &self.states.keys, self.delta, self.cancel).await? else { return Ok(None) };
                Some(spoilt).filter(|spoilt| spoilt.len() > 0)
            }
            None => None,
        };
        let counting = Distinct { delta: self.delta, states: self.states, query: &self.stated.plan, stored, spoilt: spoilt.as_ref(), cancel: self.cancel };
        let Some(distinct) = counting.changes().await? else { return Ok(None) };
        let sides = [(came, Part::Came), (went, Part::Went)].into_iter().filter_map(|(rows, part)| Some((rows?, part)));
        let mut added = sides.map(|(rows, part)| state_columns(rows, self.states, part)).collect::<Result<Vec<_>>>()?;
        for (column, new) in &distinct {
            added.push(one_state(new.scan("new values")?, self.states, column, stored.schema())?);
        }
        let mut parts: Vec<LogicalPlan> = union(added)?.map(|added| replacing(added, false)).transpose()?.into_iter().collect();
        if let Some(spoilt) = &spoilt {
            let keys: Vec<Expr> = self.states.keys.iter().map(|key| named(key)).collect();
            parts = parts.into_iter().map(|rows| spoilt.matched(rows, &keys, JoinType::LeftAnti)).collect::<Result<_>>()?;
            let anew = state_columns(spoilt.anew(self.delta.rows, &self.stated.plan)?, self.states, Part::Whole)?;
            // Groups of which no fact is left are not computed.
            let none = no_state(spoilt.keys_as(&self.states.keys)?, self.states, stored.schema())?;
            parts.extend([replacing(anew, true)?, replacing(none, true)?]);
        }
        let Some(all) = union(parts)? else { return Ok(None) };
        let all = put_together(&all, self.states, self.stated, &[max(named(REPLACES)).alias(REPLACES)], self.delta.rows.session)?;
        let rows = Gathered::at_most(MOST_GROUPS, &all, self.delta.rows.session, self.cancel).await?;
        Ok(rows.map(|rows| GroupChanges { rows, replaces: spoilt.is_some() }))
    }

    /// What came and what went, one row a group; nothing if it is too much to be held.
    async fn sides(&self) -> Result<Option<[Option<Gathered>; 2]>> {
        let sides = self.delta.over(&self.stated.plan)?;
        let mut gathered = [None, None];
        for (queries, side) in [sides.came, sides.went].into_iter().zip(&mut gathered) {
            let Some(rows) = self.together(queries)? else { continue };
            match Gathered::at_most(MOST_GROUPS, &rows, self.delta.rows.session, self.cancel).await? {
                Some(rows) => *side = Some(rows),
                None => return Ok(None),
            }
        }
        Ok(Some(gathered))
    }

    /// One row a group, of several queries' rows; those of one query are that already.
    fn together(&self, mut queries: Vec<LogicalPlan>) -> Result<Option<LogicalPlan>> {
        if queries.len() < 2 {
            return Ok(queries.pop());
        }
        let states = queries.into_iter().map(|query| state_columns(query, self.states, Part::Came)).collect::<Result<Vec<_>>>()?;
        union(states)?.map(|all| put_together(&all, self.states, self.stated, &[], self.delta.rows.session)).transpose()
    }

    /// The keys of the groups that have to be computed anew.
    fn spoilt(&self, stored: &LogicalPlan, came: Option<&LogicalPlan>, went: &LogicalPlan) -> Result<LogicalPlan> {
        let joined = self.beside(self.renamed(went, "went")?, stored, "stored")?;
        let joined = came.map_or(Ok(joined.clone()), |came| self.beside(joined.clone(), came, "came"))?;
        let is_spoilt = self.states.columns.iter().map(|state| self.is_spoilt(&state.column, state.merge(), came.is_some()));
        let is_spoilt = is_spoilt.reduce(Expr::or).unwrap_or(lit(false)).or(lit(!self.states.exact && !is_broken(Mutation::DoublesGiveBack)));
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
            // What DataFusion itself keeps gives nothing back: its groups are spoilt as a whole.
            Merge::Sum | Merge::Partial => lit(false),
            Merge::Min | Merge::Max if is_broken(Mutation::ExtremesStay) => lit(false),
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

impl Merged<'_> {
    /// The rows, or only those of some buckets.
    pub(crate) fn rows(&self, only: Option<&Buckets>) -> Result<LogicalPlan> {
        let rows = self.merging.delta.rows;
        let within = |plan: LogicalPlan| match only {
            Some(buckets) => Ok(LogicalPlanBuilder::from(plan).filter(rows.keeps(buckets, false))?.build()?),
            None => Ok::<_, crate::Error>(plan),
        };
        let (stored, changes) = (within(self.stored.clone())?, within(self.changes.rows.scan("changes")?)?);
        let groups = changed(stored, changes, self.changes.replaces, self.merging.states, self.merging.stated)?;
        let merged = over_groups(&self.merging.stated.plan, &groups)?;
        match self.merging.onward {
            Some(first) => rows.from(merged, first),
            None => Ok(merged),
        }
    }
}

fn key_of(side: &str, index: usize) -> String {
    format!("{side} key {index}")
}
