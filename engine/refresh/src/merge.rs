//! Merging: the rows of a table plus what came, minus what went, without looking at the facts that stay.
//!
//! A row of the table, and the rollup's own query over the rows that came or went, have the same columns. Their states are put together
//! by one GROUP BY. It is exact as long as every aggregate can give back what goes. Two kinds cannot, and groups in which it matters are
//! *spoilt*: where the least or the greatest value may be among the rows that went, and where a sum of doubles loses a row. Those
//! groups, and no others of their buckets, are computed anew from their facts.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::common::{NullEquality, ScalarValue};
use datafusion::catalog::TableProvider;
use datafusion::datasource::{MemTable, provider_as_source};
use datafusion::functions::expr_fn::coalesce;
use datafusion::logical_expr::{Aggregate, Expr, Join, JoinConstraint, JoinType, LogicalPlan, LogicalPlanBuilder, TableScan, lit};
use nightshift_compile::rollup::grouping::Merge;
use nightshift_compile::rollup::STATE_ROWS;
use nightshift_compile::rollup::states::States;
use nightshift_execute::run;
use nightshift_lake::{DataFile, Snapshot};
use tokio_util::sync::CancellationToken;

use crate::Result;
use crate::buckets::{Bucket, Buckets};
use crate::affected::{Affected, Found, with_keys};
use crate::changed::Change;
use crate::decide::Technique;
use crate::rows::{Rows, map_scans};
use crate::states::{Stated, named, over_states, put_together, state_columns};
use crate::tables::Pinned;

/// One merge.
pub(crate) struct Merging<'a> {
    pub(crate) rows: &'a Rows<'a>,
    pub(crate) states: &'a States,
    pub(crate) stated: &'a Stated,
    /// What changed of the facts.
    pub(crate) change: Option<&'a Change>,
    /// Facts that find other rows than before, and what they find; nothing else may have changed.
    pub(crate) affected: Option<(&'a Affected, Found)>,
    pub(crate) pinned: &'a Pinned,
    /// The touched buckets.
    pub(crate) buckets: &'a Buckets,
    /// Where later buckets depend on earlier ones: the first that is written anew.
    pub(crate) onward: Option<Bucket>,
    pub(crate) cancel: &'a CancellationToken,
}

/// Keys of groups, under names of their own.
struct Groups {
    rows: Vec<RecordBatch>,
    buckets: Buckets,
}

impl Merging<'_> {
    /// The plan of the rows that the touched buckets, and those that depend on them, have afterwards; `files` are those of the table that
    /// may hold what they follow from.
    pub(crate) async fn plan(&self, table: &Snapshot, files: &[DataFile]) -> Result<LogicalPlan> {
        let zone = Some(Arc::clone(&self.pinned.zone));
        let stored = LogicalPlanBuilder::scan("stored", provider_as_source(table.provider_of(files, zone)), None)?;
        let stored = if self.onward.is_some() { stored.build()? } else { self.touched(stored.build()?)? };
        let (came, went) = self.came_and_went()?;
        let spoilt = match &went {
            Some(went) => self.spoilt(&stored, came.as_ref(), went).await?,
            None => None,
        };
        let mut states = LogicalPlanBuilder::from(state_columns(stored, self.states, false)?);
        for (rows, goes) in [(came, false), (went, true)] {
            if let Some(rows) = rows {
                states = states.union(state_columns(rows, self.states, goes)?)?;
            }
        }
        let mut states = states.build()?;
        if let Some(spoilt) = spoilt {
            let keys: Vec<Expr> = self.states.keys.iter().map(|key| named(key)).collect();
            let sound = self.matched(states, &keys, &spoilt, JoinType::LeftAnti)?;
            let anew = state_columns(self.anew(&spoilt)?, self.states, false)?;
            states = LogicalPlanBuilder::from(sound).union(anew)?.build()?;
        }
        let merged = over_states(&self.stated.plan, self.states, &states, self.rows.session)?;
        match self.onward {
            Some(first) => self.rows.from(merged, first),
            None => Ok(merged),
        }
    }

    /// States of what came and of what went, one row a group.
    fn came_and_went(&self) -> Result<(Option<LogicalPlan>, Option<LogicalPlan>)> {
        let table = &self.rows.rollup.time.table;
        let Facts { came, went } = facts(self.change, table, self.pinned)?;
        let Some((affected, found)) = &self.affected else {
            let query = |facts: Option<LogicalPlan>| facts.map(|facts| self.query_over(&facts, None)).transpose();
            return Ok((query(came)?, query(went)?));
        };
        let with_keys = |facts: &LogicalPlan, kept| with_keys(facts.clone(), &affected.key.fact_column, &affected.keys, kept);
        let stay = affected.facts.scan(table)?;
        let mut coming = vec![self.query_over(&stay, Some(&found.now))?];
        let mut going = vec![self.query_over(&stay, Some(&found.before))?];
        if let Some(came) = came {
            coming.push(self.query_over(&with_keys(&came, JoinType::LeftAnti)?, Some(&found.now))?);
            coming.push(self.query_over(&with_keys(&came, JoinType::LeftSemi)?, Some(&found.before))?);
        }
        if let Some(went) = went {
            going.push(self.query_over(&went, Some(&found.before))?);
        }
        Ok((Some(self.together(coming)?), Some(self.together(going)?)))
    }

    /// One row a group, of several queries' rows.
    fn together(&self, queries: Vec<LogicalPlan>) -> Result<LogicalPlan> {
        let mut all: Option<LogicalPlanBuilder> = None;
        for query in queries {
            let states = state_columns(query, self.states, false)?;
            all = Some(match all {
                None => LogicalPlanBuilder::from(states),
                Some(others) => others.union(states)?,
            });
        }
        let all = all.unwrap_or_else(|| LogicalPlanBuilder::empty(false)).build()?;
        put_together(&all, self.states, self.rows.session)
    }

    /// The rollup's query, states included, over some facts, and over other rows of the joined table that changed.
    fn query_over(&self, facts: &LogicalPlan, found: Option<&LogicalPlan>) -> Result<LogicalPlan> {
        let lookup = self.affected.as_ref().map(|(affected, _)| affected.lookup);
        let query = map_scans(&self.stated.plan, &|index, scan: &TableScan| {
            let is_fact = self.rows.rollup.proof.facts.iter().any(|fact| fact.0 == index);
            let other = if is_fact { Some(facts) } else { found.filter(|_| lookup.is_some_and(|lookup| lookup.0 == index)) };
            other.map(|rows| Ok(LogicalPlanBuilder::from(rows.clone()).alias(scan.table_name.clone())?.build()?)).transpose()
        })?;
        self.touched(query)
    }

    /// Rows that were rewritten and are the same cancel in buckets that are not touched; there is nothing to merge in those.
    fn touched(&self, rows: LogicalPlan) -> Result<LogicalPlan> {
        Ok(LogicalPlanBuilder::from(rows).filter(self.rows.keeps(self.buckets, false))?.build()?)
    }

    /// The groups that have to be computed anew.
    async fn spoilt(&self, stored: &LogicalPlan, came: Option<&LogicalPlan>, went: &LogicalPlan) -> Result<Option<Groups>> {
        let joined = self.beside(self.renamed(went, "went")?, stored, "stored")?;
        let joined = came.map_or(Ok(joined.clone()), |came| self.beside(joined.clone(), came, "came"))?;
        let is_spoilt = self.states.columns.iter().map(|state| self.is_spoilt(&state.column, state.merge(), came.is_some()));
        let is_spoilt = is_spoilt.reduce(Expr::or).unwrap_or(lit(false)).or(lit(!self.states.exact));
        let keys = (0..self.states.keys.len()).map(|index| named(&key_of("went", index)));
        let plan = LogicalPlanBuilder::from(joined).filter(is_spoilt)?.project(keys.collect::<Vec<_>>())?.build()?;
        let (rows, _) = run::collect(self.rows.session, &plan, self.cancel).await?;
        let rows: Vec<RecordBatch> = rows.into_iter().filter(|rows| rows.num_rows() > 0).collect();
        if rows.is_empty() { Ok(None) } else { Ok(Some(Groups { buckets: self.buckets_of(&rows)?, rows })) }
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
                if came && self.may_cancel() {
                    stays = stays.or(holds(beyond(went.clone(), value("came"))));
                } else if came {
                    // What came is there to stay.
                    stays = stays.or(holds(Expr::Not(Box::new(beyond(value("came"), went.clone())))));
                }
                went.is_not_null().and(Expr::Not(Box::new(stays)))
            }
        }
    }

    /// Whether a row that came may be among those that went.
    fn may_cancel(&self) -> bool {
        self.affected.is_some() || self.change.is_some_and(Change::may_cancel)
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

    fn buckets_of(&self, keys: &[RecordBatch]) -> Result<Buckets> {
        let Some(bucket) = self.states.keys.iter().position(|key| key == self.rows.rollup.bucket_column()) else { return Ok(self.buckets.clone()) };
        let mut found = BTreeSet::new();
        for rows in keys {
            for row in 0..rows.num_rows() {
                found.extend(Bucket::from_scalar(&ScalarValue::try_from_array(rows.column(bucket), row)?));
            }
        }
        Ok(found)
    }

    /// The rows of some groups, from their facts.
    fn anew(&self, groups: &Groups) -> Result<LogicalPlan> {
        let plan = self.with_facts_of(&self.stated.plan, groups)?;
        self.rows.query(&plan, &Technique::Rebuild(groups.buckets.clone()))
    }

    fn with_facts_of(&self, plan: &LogicalPlan, groups: &Groups) -> Result<LogicalPlan> {
        if let LogicalPlan::Aggregate(aggregate) = plan {
            let keys: Vec<Expr> = aggregate.group_expr.iter().map(|key| key.clone().unalias()).collect();
            let input = self.matched(aggregate.input.as_ref().clone(), &keys, groups, JoinType::LeftSemi)?;
            return Ok(LogicalPlan::Aggregate(Aggregate::try_new(Arc::new(input), aggregate.group_expr.clone(), aggregate.aggr_expr.clone())?));
        }
        let inputs = plan.inputs().into_iter().map(|input| self.with_facts_of(input, groups)).collect::<Result<Vec<_>>>()?;
        Ok(plan.with_new_exprs(plan.expressions(), inputs)?)
    }

    /// Rows whose keys are among those of the groups, or are not.
    fn matched(&self, rows: LogicalPlan, keys: &[Expr], groups: &Groups, join: JoinType) -> Result<LogicalPlan> {
        let Some(first) = groups.rows.first() else { return Ok(rows) };
        let spoilt = Arc::new(MemTable::try_new(first.schema(), vec![groups.rows.clone()])?);
        let spoilt = LogicalPlanBuilder::scan("spoilt", provider_as_source(spoilt), None)?.build()?;
        let on = keys.iter().cloned().enumerate().map(|(index, key)| (key, named(&key_of("went", index)))).collect();
        let join = Join::try_new(Arc::new(rows), Arc::new(spoilt), on, None, join, JoinConstraint::On, NullEquality::NullEqualsNull, false)?;
        Ok(LogicalPlan::Join(join))
    }
}

/// The facts that came and those that went, in the columns that their table stores.
pub(crate) struct Facts {
    pub(crate) came: Option<LogicalPlan>,
    pub(crate) went: Option<LogicalPlan>,
}

/// What a change of the facts is made of.
pub(crate) fn facts(change: Option<&Change>, table: &str, pinned: &Pinned) -> Result<Facts> {
    let Some(change) = change else { return Ok(Facts { came: None, went: None }) };
    let scan = |rows: Option<Arc<dyn TableProvider>>| -> Result<Option<LogicalPlan>> {
        rows.map(|rows| Ok(LogicalPlanBuilder::scan(table, provider_as_source(rows), None)?.build()?)).transpose()
    };
    Ok(Facts { came: scan(change.added(pinned)?)?, went: scan(change.removed(pinned)?)? })
}

fn key_of(side: &str, index: usize) -> String {
    format!("{side} key {index}")
}
