//! A scan that finds rows by their keys looks at the keys first.
//!
//! Parquet's reader evaluates one condition after the other, each over the rows that the ones before it left. They come to it in the order of the
//! query, which asks whether a row is deleted, or what its status is, before it asks for one of few keys.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::datasource::physical_plan::{FileScanConfigBuilder, FileSource as _, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr, conjunction, split_conjunction};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use nightshift_functions::ONE_OF;

/// The rule. It must come after those that hand conditions down to scans.
#[derive(Debug, Default)]
pub(crate) struct KeysFirst;

impl PhysicalOptimizerRule for KeysFirst {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|node| {
            Ok(match node.downcast_ref::<DataSourceExec>().and_then(reordered) {
                Some(scan) => Transformed::yes(scan as Arc<dyn ExecutionPlan>),
                None => Transformed::no(node),
            })
        })
        .data()
    }

    fn name(&self) -> &'static str {
        "keys_first"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// The scan with what asks for keys before all else; nothing if it asks for none, or does so already.
fn reordered(scan: &DataSourceExec) -> Option<Arc<DataSourceExec>> {
    let (config, source) = scan.downcast_to_file_source::<ParquetSource>()?;
    let filter = source.filter()?;
    let parts: Vec<Arc<dyn PhysicalExpr>> = split_conjunction(&filter).into_iter().map(Arc::clone).collect();
    let (keys, others): (Vec<_>, Vec<_>) = parts.iter().cloned().partition(asks_for_keys);
    let moved = parts.iter().zip(keys.iter().chain(&others)).any(|(before, after)| !Arc::ptr_eq(before, after));
    let source = moved.then(|| source.with_predicate(conjunction(keys.into_iter().chain(others))))?;
    Some(DataSourceExec::from_data_source(FileScanConfigBuilder::from(config.clone()).with_source(Arc::new(source)).build()))
}

fn asks_for_keys(condition: &Arc<dyn PhysicalExpr>) -> bool {
    let own = condition.downcast_ref::<ScalarFunctionExpr>().is_some_and(|function| function.name() == ONE_OF);
    own || condition.children().into_iter().any(asks_for_keys)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use datafusion::arrow::array::AsArray as _;
    use datafusion::arrow::datatypes::{DataType, Int64Type};
    use datafusion::dataframe::DataFrameWriteOptions;
    use datafusion::execution::session_state::SessionStateBuilder;
    use datafusion::physical_plan::displayable;
    use datafusion::prelude::{SessionConfig, SessionContext, col, lit};
    use nightshift_functions::Among;

    use super::*;

    #[tokio::test]
    async fn a_scan_asks_for_keys_before_all_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.parquet");
        let context = SessionContext::new();
        let rows = context.sql("SELECT value AS id, value % 3 AS kind FROM generate_series(1, 1000)").await.unwrap();
        rows.write_parquet(path.to_str().unwrap(), DataFrameWriteOptions::new().with_single_file_output(true), None).await.unwrap();
        let state = |rule: bool| {
            let mut config = SessionConfig::new();
            config.options_mut().execution.parquet.pushdown_filters = true;
            let builder = SessionStateBuilder::new().with_config(config).with_default_features();
            if rule { builder.with_physical_optimizer_rule(Arc::new(KeysFirst)) } else { builder }.build()
        };
        let Among::Just(has_key) = Among::of(&col("id"), &DataType::Int64, &[3, 4, 6, 700, 702]).unwrap() else { unreachable!("so few are looked up") };
        let mut plans = Vec::new();
        for rule in [false, true] {
            let context = SessionContext::new_with_state(state(rule));
            let rows = context.read_parquet(path.to_str().unwrap(), Default::default()).await.unwrap();
            let rows = rows.filter(col("kind").eq(lit(0_i64))).unwrap().filter(has_key.clone()).unwrap();
            let plan = rows.clone().create_physical_plan().await.unwrap();
            plans.push(displayable(plan.as_ref()).indent(false).to_string());
            let found: Vec<_> = rows.collect().await.unwrap().iter().flat_map(|rows| rows.column(0).as_primitive::<Int64Type>().values().to_vec()).collect();
            assert_eq!(found, [3, 6, 702]);
        }
        let keys_first = |plan: &String| plan.find("one_of").unwrap() < plan.find("kind@1 = 0").unwrap();
        assert_eq!(plans.iter().map(keys_first).collect::<Vec<_>>(), [false, true], "{plans:?}");
    }
}
