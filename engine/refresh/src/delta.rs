//! A rollup's query over what came and over what went.
//!
//! The query is linear in the facts: over all of them it gives what it gave before, and what came, and not what went. Facts that find
//! other rows of a joined table than before go with those and come with these ([`crate::affected`]). What is grouped is then made of five parts
//! with a join each: it is computed once and held, and every query over it, up to the grouping, reads that. It is held too where different values are
//! counted, which asks for it several times.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, JoinType};
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{Aggregate, Expr, LogicalPlan, LogicalPlanBuilder, TableScan};
use nightshift_failure::{Mutation, is_broken};
use tokio_util::sync::CancellationToken;

use crate::Result;
use crate::affected::{Affected, Found, Gathered, with_keys};
use crate::buckets::Buckets;
use crate::changed::Change;
use crate::rows::{Rows, map_scans};
use crate::states::named;
use crate::tables::Pinned;

/// What changed for a rollup.
pub(crate) struct Delta<'a> {
    pub(crate) rows: &'a Rows<'a>,
    /// What changed of the facts.
    pub(crate) change: Option<&'a Change>,
    /// Facts that find other rows than before, and what they find; nothing else may have changed.
    pub(crate) affected: Option<(&'a Affected, Found)>,
    pub(crate) pinned: &'a Pinned,
    /// The touched buckets.
    pub(crate) buckets: &'a Buckets,
    /// What is grouped, if it is held.
    pub(crate) held: Option<Held>,
}

/// The rows that are grouped, those that came and those that went.
pub(crate) struct Held {
    /// The query that gives them, a part of the rollup's.
    query: LogicalPlan,
    /// Those of its columns that count.
    columns: Vec<Column>,
    came: Option<Gathered>,
    went: Option<Gathered>,
}

/// A query over what came and over what went, each in parts whose rows count together.
#[derive(Default)]
pub(crate) struct Sides {
    pub(crate) came: Vec<LogicalPlan>,
    pub(crate) went: Vec<LogicalPlan>,
}

impl Delta<'_> {
    /// A query with the scans and the bucket column of the rollup's own, over what came and what went.
    pub(crate) fn over(&self, query: &LogicalPlan) -> Result<Sides> {
        let sides = match &self.held {
            Some(held) => held.under(query)?,
            None => self.sides(query)?,
        };
        let touched = |parts: Vec<LogicalPlan>| parts.into_iter().map(|part| self.touched(part)).collect::<Result<_>>();
        Ok(Sides { came: touched(sides.came)?, went: touched(sides.went)? })
    }

    /// Computes what is grouped once, if it is not too much to be held.
    pub(crate) async fn hold(&mut self, grouping: &Aggregate, cancel: &CancellationToken) -> Result<()> {
        let expressions = grouping.group_expr.iter().chain(&grouping.aggr_expr);
        let columns: BTreeSet<Column> = expressions.flat_map(|expression| expression.column_refs()).cloned().collect();
        let columns = Vec::from_iter(columns);
        let numbered = columns.iter().enumerate().map(|(index, column)| Expr::Column(column.clone()).alias(column_name(index)));
        let query = grouping.input.as_ref().clone();
        let sides = self.sides(&LogicalPlanBuilder::from(query.clone()).project(numbered.collect::<Vec<_>>())?.build()?)?;
        let mut held = Held { query, columns, came: None, went: None };
        for (parts, side) in [(sides.came, &mut held.came), (sides.went, &mut held.went)] {
            let Some(rows) = union(parts)? else { continue };
            match Gathered::of(&rows, self.rows.session, cancel).await? {
                Some(rows) => *side = Some(rows),
                None => return Ok(()),
            }
        }
        self.held = Some(held);
        Ok(())
    }

    fn sides(&self, query: &LogicalPlan) -> Result<Sides> {
        let table = &self.rows.rollup.time.table;
        let Facts { came, went } = facts(self.change, table, self.pinned)?;
        let mut sides = Sides::default();
        let Some((affected, found)) = &self.affected else {
            sides.came.extend(came.map(|came| self.query_over(query, &came, None)).transpose()?);
            sides.went.extend(went.map(|went| self.query_over(query, &went, None)).transpose()?);
            return Ok(sides);
        };
        let with_keys = |facts: &LogicalPlan, kept| with_keys(facts.clone(), &affected.key.fact_column, &affected.keys, kept);
        let stay = affected.facts.scan(table)?;
        sides.came.push(self.query_over(query, &stay, Some(&found.now))?);
        sides.went.push(self.query_over(query, &stay, Some(&found.before))?);
        if let Some(came) = came {
            sides.came.push(self.query_over(query, &with_keys(&came, JoinType::LeftAnti)?, Some(&found.now))?);
            sides.came.push(self.query_over(query, &with_keys(&came, JoinType::LeftSemi)?, Some(&found.before))?);
        }
        if let Some(went) = went {
            let found = if is_broken(Mutation::WentFindsNow) { &found.now } else { &found.before };
            sides.went.push(self.query_over(query, &went, Some(found))?);
        }
        Ok(sides)
    }

    /// Whether a row that came may be among those that went.
    pub(crate) fn may_cancel(&self) -> bool {
        self.affected.is_some() || self.change.is_some_and(Change::may_cancel)
    }

    /// The query over some facts, and over other rows of the joined table that changed.
    pub(crate) fn query_over(&self, query: &LogicalPlan, facts: &LogicalPlan, found: Option<&LogicalPlan>) -> Result<LogicalPlan> {
        let lookup = self.affected.as_ref().map(|(affected, _)| affected.lookup);
        map_scans(query, &|index, scan: &TableScan| {
            let is_fact = self.rows.rollup.proof.facts.iter().any(|fact| fact.0 == index);
            let other = if is_fact { Some(facts) } else { found.filter(|_| lookup.is_some_and(|lookup| lookup.0 == index)) };
            other.map(|rows| Ok(LogicalPlanBuilder::from(rows.clone()).alias(scan.table_name.clone())?.build()?)).transpose()
        })
    }

    /// Rows that were rewritten and are the same cancel in buckets that are not touched; there is nothing to do in those.
    pub(crate) fn touched(&self, rows: LogicalPlan) -> Result<LogicalPlan> {
        Ok(LogicalPlanBuilder::from(rows).filter(self.rows.keeps(self.buckets, false))?.build()?)
    }
}

impl Held {
    /// A query over these rows instead of those that it gets from the rollup's sources.
    fn under(&self, query: &LogicalPlan) -> Result<Sides> {
        let side = |rows: &Option<Gathered>| -> Result<Vec<LogicalPlan>> {
            let Some(rows) = rows else { return Ok(vec![]) };
            let columns =
                self.columns.iter().enumerate().map(|(index, column)| named(&column_name(index)).alias_qualified(column.relation.clone(), column.name.clone()));
            let rows = LogicalPlanBuilder::from(rows.scan("held")?).project(columns.collect::<Vec<_>>())?.build()?;
            let over = query.clone().transform_down(|node| {
                Ok(if node == self.query { Transformed::new(rows.clone(), true, TreeNodeRecursion::Jump) } else { Transformed::no(node) })
            })?;
            Ok(vec![over.data.recompute_schema()?])
        };
        Ok(Sides { came: side(&self.came)?, went: side(&self.went)? })
    }
}

fn column_name(index: usize) -> String {
    format!("column {index}")
}

/// The rows of all parts.
pub(crate) fn union(parts: impl IntoIterator<Item = LogicalPlan>) -> Result<Option<LogicalPlan>> {
    let mut all: Option<LogicalPlanBuilder> = None;
    for part in parts {
        all = Some(match all {
            None => LogicalPlanBuilder::from(part),
            Some(others) => others.union(part)?,
        });
    }
    Ok(all.map(LogicalPlanBuilder::build).transpose()?)
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
