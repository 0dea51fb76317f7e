//! The operator: rows in the order of the window come in, the same rows with their running totals go out.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::compute::partition;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, ScalarValue, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{OrderingRequirements, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{CardinalityEffect, ChildrenPropertiesMode};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet, RecordOutput};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::windows::BoundedWindowAggExec;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, InputDistributionRequirements, InputOrderMode, PlanProperties, ReplaceChildrenOptions,
};
use futures::StreamExt;

use super::total::{Function, Total};

/// Running totals over rows that are ordered by partition and window order. What it demands of its input, and promises of its output,
/// is what the window that it replaces does.
#[derive(Debug)]
pub(super) struct RunningExec {
    window: BoundedWindowAggExec,
    functions: Vec<Function>,
    partition_by: Vec<Arc<dyn PhysicalExpr>>,
    metrics: ExecutionPlanMetricsSet,
}

impl RunningExec {
    /// The operator that does what a window does, if every function of it is a running total and its rows come in order.
    pub(super) fn replacing(window: &BoundedWindowAggExec) -> Option<Self> {
        if window.input_order_mode != InputOrderMode::Sorted || window.state_observer().is_some() {
            return None;
        }
        let functions = window.window_expr().iter().map(|function| Function::of(function.as_ref())).collect::<Option<Vec<_>>>()?;
        let partition_by = window.window_expr().first()?.partition_by().to_vec();
        Some(Self { window: window.clone(), functions, partition_by, metrics: ExecutionPlanMetricsSet::new() })
    }
}

impl DisplayAs for RunningExec {
    fn fmt_as(&self, _format: DisplayFormatType, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.window.window_expr().iter().map(|function| function.name()).collect();
        write!(formatter, "RunningExec: {}", names.join(", "))
    }
}

impl ExecutionPlan for RunningExec {
    fn name(&self) -> &'static str {
        "RunningExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.window.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.window.children()
    }

    fn apply_expressions(&self, visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>) -> Result<TreeNodeRecursion> {
        self.window.apply_expressions(visit)
    }

    fn required_input_ordering(&self) -> Vec<Option<OrderingRequirements>> {
        self.window.required_input_ordering()
    }

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        self.window.input_distribution_requirements()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        self.window.maintains_input_order()
    }

    fn replace_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>, options: ReplaceChildrenOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let window = Arc::new(self.window.clone()).replace_children(children, options)?;
        match window.downcast_ref::<BoundedWindowAggExec>().and_then(Self::replacing) {
            Some(running) => Ok(Arc::new(running)),
            None => Ok(window),
        }
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let mut totals = Totals {
            schema: self.schema(),
            partition_by: self.partition_by.clone(),
            functions: self.functions.iter().map(|function| (function.clone(), function.start())).collect(),
            current: None,
            metrics: BaselineMetrics::new(&self.metrics, partition),
        };
        let input = self.window.input().execute(partition, context)?;
        let rows = input.map(move |batch| totals.add(&batch?));
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn cardinality_effect(&self) -> CardinalityEffect {
        CardinalityEffect::Equal
    }
}

/// Where one stream of rows has got to.
struct Totals {
    schema: SchemaRef,
    partition_by: Vec<Arc<dyn PhysicalExpr>>,
    functions: Vec<(Function, Total)>,
    /// The partition of the last row; `None` before the first.
    current: Option<Vec<ScalarValue>>,
    metrics: BaselineMetrics,
}

impl Totals {
    fn add(&mut self, batch: &RecordBatch) -> Result<RecordBatch> {
        let timer = self.metrics.elapsed_compute().clone();
        let _timing = timer.timer();
        let keys = self.partition_by.iter().map(|key| key.evaluate(batch)?.into_array(batch.num_rows())).collect::<Result<Vec<ArrayRef>>>()?;
        // The rows at which a partition begins.
        let mut starts = Vec::new();
        if let Some(last) = batch.num_rows().checked_sub(1) {
            let key = |row: usize| keys.iter().map(|key| ScalarValue::try_from_array(key, row)).collect::<Result<Vec<_>>>();
            if self.current.as_ref() != Some(&key(0)?) {
                starts.push(0);
            }
            if !keys.is_empty() {
                starts.extend(partition(&keys)?.ranges().into_iter().map(|range| range.start).skip(1));
            }
            self.current = Some(key(last)?);
        }
        let mut columns = batch.columns().to_vec();
        for (function, total) in &mut self.functions {
            columns.push(function.run(total, batch, &starts)?);
        }
        if columns.len() != self.schema.fields().len() {
            return internal_err!("a window of {} columns has {}", self.schema.fields().len(), columns.len());
        }
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns)?.record_output(&self.metrics))
    }
}
