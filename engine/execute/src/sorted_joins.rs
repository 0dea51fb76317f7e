//! Joins that can spill.
//!
//! A hash join holds one side in memory and cannot spill it. Where a step ran out of memory it is planned again with this rule, which
//! sorts both sides and merges them: slower, but sorts spill. Sides that are small by their statistics stay hashed, because each thread
//! would have to sort the rows that meet them for nothing.

use std::sync::Arc;

use datafusion::arrow::compute::SortOptions;
use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::joins::{HashJoinExec, PartitionMode, SortMergeJoinExec};
use datafusion::physical_plan::projection::ProjectionExec;

/// The rule of DataFusion that chooses the kinds of joins; ours has to follow it, before rows are ordered and partitioned as they ask.
const AFTER: &str = "join_selection";

/// DataFusion's rules with ours in its place.
pub(crate) fn rules() -> Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
    let mut rules = PhysicalOptimizer::new().rules;
    let place = rules.iter().position(|rule| rule.name() == AFTER).map_or(0, |index| index + 1);
    rules.insert(place, Arc::new(SortedJoins));
    rules
}

/// The rule.
#[derive(Debug, Default)]
pub(crate) struct SortedJoins;

impl PhysicalOptimizerRule for SortedJoins {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        // In one thread nothing is partitioned, and the mode does not tell a small side from a large one.
        let is_serial = config.execution.target_partitions == 1;
        plan.transform_up(|node| {
            let hashed = node.downcast_ref::<HashJoinExec>().filter(|join| is_serial || *join.partition_mode() != PartitionMode::CollectLeft);
            Ok(match hashed.map(sorted).transpose()?.flatten() {
                Some(sorted) => Transformed::yes(sorted),
                None => Transformed::no(node),
            })
        })
        .data()
    }

    fn name(&self) -> &'static str {
        "sorted_joins"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// The same join by merging; none for `NOT IN`, whose NULLs only the hash join understands.
fn sorted(join: &HashJoinExec) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    if join.null_aware {
        return Ok(None);
    }
    let order = vec![SortOptions::default(); join.on().len()];
    let (left, right) = (Arc::clone(join.left()), Arc::clone(join.right()));
    let merged = SortMergeJoinExec::try_new(left, right, join.on().to_vec(), join.filter().cloned(), *join.join_type(), order, join.null_equality())?;
    let merged: Arc<dyn ExecutionPlan> = Arc::new(merged);
    let Some(projection) = join.projection.as_ref() else { return Ok(Some(merged)) };
    let schema = merged.schema();
    let columns: Vec<_> = projection.iter().filter_map(|index| Some((*index, schema.fields().get(*index)?.name().clone()))).collect();
    let columns = columns.into_iter().map(|(index, name)| (Arc::new(Column::new(&name, index)) as _, name));
    Ok(Some(Arc::new(ProjectionExec::try_new(columns.collect::<Vec<(Arc<dyn datafusion::physical_expr::PhysicalExpr>, String)>>(), merged)?)))
}
