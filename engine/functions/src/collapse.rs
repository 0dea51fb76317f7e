//! The analyzer rule that turns `date_trunc(unit, time)::date` into `bucket_date(unit, time)`.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, ScalarUDF};
use datafusion::optimizer::AnalyzerRule;

use crate::named_expressions::rewrite_named;

#[derive(Debug)]
pub(crate) struct CollapseBucketDate {
    bucket_date: Arc<ScalarUDF>,
}

impl CollapseBucketDate {
    pub(crate) fn new(bucket_date: Arc<ScalarUDF>) -> Self {
        Self { bucket_date }
    }

    fn rewrite(&self, expression: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
        match date_trunc_arguments(&expression) {
            Some([unit, time]) if is_time(time, schema) => {
                let call = ScalarFunction::new_udf(Arc::clone(&self.bucket_date), vec![unit.clone(), time.clone()]);
                Ok(Transformed::yes(Expr::ScalarFunction(call)))
            }
            _ => Ok(Transformed::no(expression)),
        }
    }
}

/// The arguments of `date_trunc` where the expression is `date_trunc(…)::date`.
fn date_trunc_arguments(expression: &Expr) -> Option<&[Expr; 2]> {
    let Expr::Cast(cast) = expression else { return None };
    if cast.field.data_type() != &DataType::Date32 {
        return None;
    }
    match cast.expr.as_ref() {
        Expr::ScalarFunction(call) if call.func.name() == "date_trunc" => call.args.as_slice().try_into().ok(),
        _ => None,
    }
}

fn is_time(expression: &Expr, schema: &DFSchema) -> bool {
    matches!(expression.get_type(schema), Ok(DataType::Timestamp(..) | DataType::Date32))
}

impl AnalyzerRule for CollapseBucketDate {
    fn name(&self) -> &str {
        "collapse_bucket_date"
    }

    fn analyze(&self, plan: LogicalPlan, _options: &ConfigOptions) -> Result<LogicalPlan> {
        plan.transform_up_with_subqueries(|node| rewrite_named(node, |expression, schema| expression.transform_up(|node| self.rewrite(node, schema))))
            .map(|result| result.data)
    }
}
