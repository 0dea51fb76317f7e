//! A rollup's query over what came and over what went.
//!
//! The query is linear in the facts: over all of them it gives what it gave before, and what came, and not what went. Facts that find
//! other rows of a joined table than before go with those and come with these ([`crate::affected`]).

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::common::JoinType;
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder, TableScan};

use crate::Result;
use crate::affected::{Affected, Found, with_keys};
use crate::buckets::Buckets;
use crate::changed::Change;
use crate::rows::{Rows, map_scans};
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
            sides.went.push(self.query_over(query, &went, Some(&found.before))?);
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
        let query = map_scans(query, &|index, scan: &TableScan| {
            let is_fact = self.rows.rollup.proof.facts.iter().any(|fact| fact.0 == index);
            let other = if is_fact { Some(facts) } else { found.filter(|_| lookup.is_some_and(|lookup| lookup.0 == index)) };
            other.map(|rows| Ok(LogicalPlanBuilder::from(rows.clone()).alias(scan.table_name.clone())?.build()?)).transpose()
        })?;
        self.touched(query)
    }

    /// Rows that were rewritten and are the same cancel in buckets that are not touched; there is nothing to do in those.
    pub(crate) fn touched(&self, rows: LogicalPlan) -> Result<LogicalPlan> {
        Ok(LogicalPlanBuilder::from(rows).filter(self.rows.keeps(self.buckets, false))?.build()?)
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
