//! How much a query reads, known before it is planned.
//!
//! A night asks many questions about a few thousand rows. To spread those over threads, which groups them twice and exchanges them in between, costs
//! more than it gains.

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::datasource::{MemTable, source_as_provider};
use datafusion::logical_expr::{LogicalPlan, TableScan};

/// So many rows, of all tables together, are few.
const FEW: usize = 100_000;

/// Whether a query is known to read few rows.
pub(crate) fn is_small(plan: &LogicalPlan) -> bool {
    rows_of_plan(plan).is_some_and(|rows| rows <= FEW)
}

/// How many rows the tables of a plan have, each counted as often as it is read; nothing if that is not known, or says little of the work.
fn rows_of_plan(plan: &LogicalPlan) -> Option<usize> {
    let mut sum = Some(0_usize);
    let walked = plan.apply_with_subqueries(|node| {
        match node {
            LogicalPlan::TableScan(scan) => sum = rows_of_scan(scan).and_then(|rows| sum?.checked_add(rows)),
            // These make many rows of few.
            LogicalPlan::Join(join) if join.on.is_empty() => sum = None,
            LogicalPlan::RecursiveQuery(_) | LogicalPlan::Unnest(_) | LogicalPlan::Extension(_) => sum = None,
            _ => {}
        }
        Ok(if sum.is_some() { TreeNodeRecursion::Continue } else { TreeNodeRecursion::Stop })
    });
    walked.ok().and(sum)
}

fn rows_of_scan(scan: &TableScan) -> Option<usize> {
    let provider = source_as_provider(&scan.source).ok()?;
    if let Some(view) = provider.get_logical_plan() {
        return rows_of_plan(&view);
    }
    match provider.downcast_ref::<MemTable>() {
        Some(table) => rows_in_memory(table),
        None => provider.statistics()?.num_rows.get_value().copied(),
    }
}

fn rows_in_memory(table: &MemTable) -> Option<usize> {
    let mut sum = 0_usize;
    for partition in &table.batches {
        sum = sum.saturating_add(partition.try_read().ok()?.iter().map(|rows| rows.num_rows()).sum());
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use datafusion::arrow::array::{Int64Array, RecordBatch};
    use datafusion::prelude::SessionContext;

    use super::*;

    #[tokio::test]
    async fn rows_are_counted_as_often_as_they_are_read() {
        let context = SessionContext::new();
        for (name, rows) in [("few", 10), ("many", 100_001)] {
            let numbers = Arc::new(Int64Array::from_iter_values(0..rows)) as _;
            context.register_batch(name, RecordBatch::try_from_iter([("number", numbers)]).unwrap()).unwrap();
        }
        context.sql("CREATE VIEW seen AS SELECT * FROM few WHERE number > 3").await.unwrap();
        let rows = async |sql: &str| rows_of_plan(context.sql(sql).await.unwrap().logical_plan());
        assert_eq!(rows("SELECT 1").await, Some(0));
        assert_eq!(rows("SELECT * FROM few UNION ALL SELECT * FROM seen").await, Some(20));
        assert_eq!(rows("SELECT * FROM few WHERE number IN (SELECT number FROM few)").await, Some(20));
        assert_eq!(rows("SELECT * FROM few JOIN few AS other USING (number)").await, Some(20));
        assert_eq!(rows("SELECT * FROM few, few AS other").await, None, "each row with each");
        assert_eq!(rows("SELECT unnest(make_array(number, number)) FROM few").await, None);
        assert_eq!(rows("SELECT * FROM generate_series(1, 3)").await, None, "not known");
        let is_few = async |sql: &str| is_small(context.sql(sql).await.unwrap().logical_plan());
        assert!(is_few("SELECT * FROM few").await && !is_few("SELECT * FROM many").await && !is_few("SELECT * FROM few, few AS other").await);
    }
}
