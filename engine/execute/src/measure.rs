//! What a query did: read from the metrics of its physical plan after it ran.

use std::sync::Arc;

use datafusion::physical_plan::ExecutionPlan;

/// The measured cost of one or more queries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Measurement {
    /// Rows that the scans produced.
    pub rows_read: u64,
    /// Bytes that the scans read from storage.
    pub bytes_read: u64,
    /// Bytes written to the spill directory.
    pub bytes_spilled: u64,
    /// The most bytes reserved in the step's memory pool at one time.
    pub peak_memory: u64,
}

impl Measurement {
    /// Adds what another query of the same step did.
    pub fn add(&mut self, other: &Self) {
        self.rows_read += other.rows_read;
        self.bytes_read += other.bytes_read;
        self.bytes_spilled += other.bytes_spilled;
        self.peak_memory = self.peak_memory.max(other.peak_memory);
    }

    /// Sums the metrics of a plan that has run, all operators and partitions.
    pub fn of_plan(plan: &Arc<dyn ExecutionPlan>) -> Self {
        let mut total = Self::default();
        total.visit(plan);
        total
    }

    fn visit(&mut self, plan: &Arc<dyn ExecutionPlan>) {
        if let Some(metrics) = plan.metrics() {
            let named = |name: &str| metrics.sum_by_name(name).map_or(0, |value| value.as_usize() as u64);
            self.bytes_read += named("bytes_scanned");
            // Not by its name, which finds only the metrics that DataFusion has no kind of its own for.
            self.bytes_spilled += metrics.spilled_bytes().unwrap_or_default() as u64;
            if plan.children().is_empty() {
                self.rows_read += metrics.output_rows().unwrap_or_default() as u64;
            }
        }
        for child in plan.children() {
            self.visit(child);
        }
    }
}
