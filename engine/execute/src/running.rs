//! Running totals: `sum(x)` and `count(x) OVER (PARTITION BY … ORDER BY … ROWS UNBOUNDED PRECEDING)`.
//!
//! DataFusion evaluates a window function one row at a time and makes a scalar of each result. Over rows that lie in the window's
//! order a running total needs one pass and one number: a physical optimizer rule puts [`exec::RunningExec`] in the place of
//! `BoundedWindowAggExec` where all functions of a window are of this kind. Balances are made of them.

mod exec;
mod total;

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::windows::BoundedWindowAggExec;

use exec::RunningExec;

/// The rule. It must come after those that order and partition the rows.
#[derive(Debug, Default)]
pub(crate) struct RunningTotals;

impl PhysicalOptimizerRule for RunningTotals {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|node| {
            let running = node.downcast_ref::<BoundedWindowAggExec>().and_then(RunningExec::replacing);
            Ok(match running {
                Some(running) => Transformed::yes(Arc::new(running) as Arc<dyn ExecutionPlan>),
                None => Transformed::no(node),
            })
        })
        .data()
    }

    fn name(&self) -> &'static str {
        "running_totals"
    }

    fn schema_check(&self) -> bool {
        true
    }
}
