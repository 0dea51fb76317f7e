//! The checks of a report, run over its staged result before anybody sees it.

use std::sync::Arc;

use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::datatypes::Int64Type;
use datafusion::catalog::TableProvider;
use datafusion::common::Column;
use datafusion::error::DataFusionError;
use datafusion::functions_aggregate::expr_fn::{count, sum};
use datafusion::logical_expr::{Expr, ExprFunctionExt as _, col, lit};
use datafusion::prelude::{DataFrame, SessionContext};
use nightshift_project::{CheckSeverity, Checks};

use crate::{Error, Result};

/// Rows that are shown of a check that failed.
const SAMPLE: usize = 5;

/// What came of one check.
#[derive(Debug, Clone)]
pub struct CheckResult {
    /// The check, as a reader of the report's file knows it.
    pub check: String,
    /// Whether a failure stops the report.
    pub severity: CheckSeverity,
    /// How many rows fail it.
    pub failing_rows: u64,
    /// A few of them, as they are.
    pub sample: Vec<RecordBatch>,
}

impl CheckResult {
    /// Whether no row fails it.
    #[must_use]
    pub const fn passed(&self) -> bool {
        self.failing_rows == 0
    }
}

/// Runs every check over the result, streaming; a condition that is NULL passes, as in a `CHECK`.
///
/// # Errors
/// [`Error::Check`] for a check that does not compile or whose query fails.
pub async fn run(session: &SessionContext, result: Arc<dyn TableProvider>, checks: &Checks) -> Result<Vec<CheckResult>> {
    let runner = Runner { rows: session.read_table(result)?, session };
    let mut results = Vec::new();
    let named = |column: &String| (format!("not_null: {column}"), Expr::from(Column::from_name(column)).is_null());
    let mut conditions: Vec<(String, CheckSeverity, Expr)> = Vec::new();
    for (label, failing) in checks.not_null.iter().map(named) {
        conditions.push((label, CheckSeverity::Error, failing));
    }
    for expectation in &checks.expect {
        let parsed = session.parse_sql_expr(&expectation.sql, runner.rows.schema());
        let condition = parsed.map_err(|error| failed(&expectation.sql, error))?;
        conditions.push((format!("expect: {}", expectation.sql), expectation.severity, condition.is_false()));
    }
    results.extend(runner.conditions(conditions).await?);
    if !checks.unique.is_empty() {
        results.push(runner.unique(&checks.unique).await?);
    }
    Ok(results)
}

fn failed(check: &str, error: DataFusionError) -> Error {
    Error::Check { check: check.to_owned(), source: Box::new(error) }
}

struct Runner<'a> {
    rows: DataFrame,
    session: &'a SessionContext,
}

impl Runner<'_> {
    /// All conditions in one scan; a second one only for samples of what failed.
    async fn conditions(&self, conditions: Vec<(String, CheckSeverity, Expr)>) -> Result<Vec<CheckResult>> {
        if conditions.is_empty() {
            return Ok(Vec::new());
        }
        let all = conditions.iter().map(|(label, _, _)| label.as_str()).collect::<Vec<_>>().join(", ");
        let mut counts = Vec::with_capacity(conditions.len());
        for (index, (label, _, failing)) in conditions.iter().enumerate() {
            let counted = count(lit(1_i64)).filter(failing.clone()).build().map_err(|error| failed(label, error))?;
            counts.push(counted.alias(format!("c{index}")));
        }
        let frame = self.rows.clone().aggregate(Vec::new(), counts).map_err(|error| failed(&all, error))?;
        let batches = frame.collect().await.map_err(|error| failed(&all, error))?;
        let mut results = Vec::with_capacity(conditions.len());
        for (index, (check, severity, failing)) in conditions.into_iter().enumerate() {
            let failing_rows = first_count(&batches, index);
            let sample = if failing_rows == 0 { Vec::new() } else { self.sample(&check, self.rows.clone().filter(failing)).await? };
            results.push(CheckResult { check, severity, failing_rows, sample });
        }
        Ok(results)
    }

    /// Keys that come more than once; all rows of such a key fail.
    async fn unique(&self, columns: &[String]) -> Result<CheckResult> {
        let check = format!("unique: {}", columns.join(", "));
        let keys: Vec<Expr> = columns.iter().map(|column| Expr::from(Column::from_name(column))).collect();
        let grouped = self.rows.clone().aggregate(keys, vec![count(lit(1_i64)).alias("rows")]);
        let repeated = grouped.and_then(|frame| frame.filter(col("rows").gt(lit(1_i64))));
        let repeated = repeated.map_err(|error| failed(&check, error))?;
        let total = repeated.clone().aggregate(Vec::new(), vec![sum(col("rows")).alias("failing")]);
        let total = total.map_err(|error| failed(&check, error))?.collect().await.map_err(|error| failed(&check, error))?;
        let failing_rows = first_count(&total, 0);
        let sample = if failing_rows == 0 { Vec::new() } else { self.sample(&check, Ok(repeated)).await? };
        Ok(CheckResult { check, severity: CheckSeverity::Error, failing_rows, sample })
    }

    async fn sample(&self, check: &str, rows: Result<DataFrame, DataFusionError>) -> Result<Vec<RecordBatch>> {
        let limited = rows.and_then(|rows| rows.limit(0, Some(SAMPLE))).map_err(|error| failed(check, error))?;
        let plan = limited.into_unoptimized_plan();
        let frame = self.session.execute_logical_plan(plan).await.map_err(|error| failed(check, error))?;
        frame.collect().await.map_err(|error| failed(check, error))
    }
}

/// The number in a column of the first row; none and NULL are 0.
fn first_count(batches: &[RecordBatch], column: usize) -> u64 {
    let values = batches.iter().find(|batch| batch.num_rows() > 0).and_then(|batch| batch.columns().get(column));
    let number = values.and_then(|values| values.as_primitive_opt::<Int64Type>()).and_then(|values| values.iter().next().flatten());
    number.and_then(|number| u64::try_from(number).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
