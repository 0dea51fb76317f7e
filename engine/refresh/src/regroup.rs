//! Rebuilding groups: those to which a fact came, or from which one went, are computed anew from their facts; all others stay.
//!
//! It asks nothing of the aggregates: a median of a group needs the facts of that group and no others, and HAVING
//! looks at one group at a time.

use datafusion::arrow::array::AsArray as _;
use datafusion::arrow::datatypes::Int64Type;
use datafusion::datasource::provider_as_source;
use datafusion::functions_aggregate::expr_fn::sum;
use datafusion::logical_expr::{Expr, JoinType, LogicalPlan, LogicalPlanBuilder};
use nightshift_compile::rollup::STATE_ROWS;
use nightshift_compile::rollup::keys::{GroupKeys, grouping_of_rows};
use nightshift_execute::run;
use nightshift_lake::{DataFile, Snapshot};
use tokio_util::sync::CancellationToken;

use crate::Result;
use crate::delta::{Delta, union};
use crate::groups::{Groups, key_name};
use crate::states::named;

/// To look for the facts of groups costs about as much as to group them: it is worth it where at least so many parts of the facts are spared.
const SPARED: i64 = 2;

/// The rebuilding of groups.
pub(crate) struct Regrouping<'a> {
    pub(crate) delta: &'a Delta<'a>,
    pub(crate) keys: &'a GroupKeys,
    /// The rollup's query.
    pub(crate) query: &'a LogicalPlan,
    pub(crate) cancel: &'a CancellationToken,
}

impl Regrouping<'_> {
    /// The groups that a fact came to or went from; nothing if they are too many to be held, or most of what there is in their buckets. `files`
    /// are those of the table that may hold rows of these buckets.
    pub(crate) async fn groups(&self, table: &Snapshot, files: &[DataFile]) -> Result<Option<Groups>> {
        let Some(keys) = self.keys_of_changes()? else { return Ok(None) };
        let Some(groups) = Groups::of(&keys, &self.keys.columns, self.delta, self.cancel).await? else { return Ok(None) };
        if groups.len() == 0 || table.schema().field_with_name(STATE_ROWS).is_err() {
            return Ok(None);
        }
        let all = self.delta.touched(self.stored(table, files)?)?;
        let touched = self.facts_in(groups.matched(all.clone(), &self.columns(), JoinType::LeftSemi)?).await?;
        Ok((touched.saturating_mul(SPARED) <= self.facts_in(all).await?).then_some(groups))
    }

    /// Rows of files that belong to none of the groups.
    pub(crate) fn others(&self, groups: &Groups, table: &Snapshot, files: &[DataFile]) -> Result<LogicalPlan> {
        groups.matched(self.stored(table, files)?, &self.columns(), JoinType::LeftAnti)
    }

    /// The keys of the groups of all facts that came or went.
    fn keys_of_changes(&self) -> Result<Option<LogicalPlan>> {
        let Some(grouping) = grouping_of_rows(self.query) else { return Ok(None) };
        let keys = grouping.group_expr.iter().zip(&self.keys.columns).map(|(key, column)| key.clone().unalias().alias(column));
        let keys = LogicalPlanBuilder::from(grouping.input.as_ref().clone()).project(keys.collect::<Vec<_>>())?.build()?;
        let sides = self.delta.over(&keys)?;
        let all = union(sides.came.into_iter().chain(sides.went))?.map(LogicalPlanBuilder::from);
        let names = self.keys.columns.iter().enumerate().map(|(index, column)| named(column).alias(key_name(index)));
        all.map(|all| Ok(all.distinct()?.project(names.collect::<Vec<_>>())?.build()?)).transpose()
    }

    fn columns(&self) -> Vec<Expr> {
        self.keys.columns.iter().map(|column| named(column)).collect()
    }

    fn stored(&self, table: &Snapshot, files: &[DataFile]) -> Result<LogicalPlan> {
        let zone = Some(std::sync::Arc::clone(&self.delta.pinned.zone));
        Ok(LogicalPlanBuilder::scan("stored", provider_as_source(table.provider_of(files, zone)), None)?.build()?)
    }

    /// How many facts some rows of the table are made of.
    async fn facts_in(&self, rows: LogicalPlan) -> Result<i64> {
        let plan = LogicalPlanBuilder::from(rows).aggregate(Vec::<Expr>::new(), [sum(named(STATE_ROWS)).alias(STATE_ROWS)])?.build()?;
        let (batches, _) = run::collect(self.delta.rows.session, &plan, self.cancel).await?;
        Ok(batches.iter().filter_map(|batch| batch.column(0).as_primitive_opt::<Int64Type>()).flat_map(|sums| sums.iter().flatten()).sum())
    }
}
