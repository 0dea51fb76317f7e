//! Rewriting the expressions of a plan so that each keeps its name, by which the plans above know it.

use datafusion::common::tree_node::{Transformed, TreeNode as _};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::optimizer::utils::NamePreserver;

/// Rewrites each expression of one node of a plan, with the schema of what it reads. Of a ROLLUP, a CUBE or GROUPING SETS the members have names, and
/// not they together.
pub(crate) fn rewrite_named(plan: LogicalPlan, rewrite: impl Fn(Expr, &DFSchema) -> Result<Transformed<Expr>>) -> Result<Transformed<LogicalPlan>> {
    let schema = merge_schema(&plan.inputs());
    let names = NamePreserver::new(&plan);
    let keep_name = |expression: Expr| {
        let name = names.save(&expression);
        Ok(rewrite(expression, &schema)?.update_data(|rewritten| name.restore(rewritten)))
    };
    plan.map_expressions(|expression| match expression {
        Expr::GroupingSet(_) => expression.map_children(keep_name),
        expression => keep_name(expression),
    })
}
