//! Runs a logical plan as a stream, with cancellation, and measures it.

use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::{ExecutionPlan, SendableRecordBatchStream, execute_stream};
use datafusion::prelude::SessionConfig;
use futures::StreamExt;
use tokio_util::sync::CancellationToken;

use crate::input::is_small;
use crate::keys_first::KeysFirst;
use crate::{Error, Measurement, Result, StepSession};

/// A query under way. Dropping it cancels it and removes what it spilled.
pub struct Running {
    plan: Arc<dyn ExecutionPlan>,
    stream: SendableRecordBatchStream,
    cancel: CancellationToken,
    limit: u64,
}

/// Plans and starts a query; its rows come from [`Running::next`].
///
/// # Errors
/// [`Error::Query`] if it cannot be planned, [`Error::OutOfMemory`] if starting it exceeds the step's memory.
pub async fn start(session: &StepSession, plan: &LogicalPlan, cancel: &CancellationToken) -> Result<Running> {
    if is_small(plan) {
        return start_serial(session, plan, cancel).await;
    }
    start_in(session, &session.context.state(), plan, cancel).await
}

/// As [`start`], for a query that keeps few of the rows that it scans: other columns than those by which it chooses are read only where a row
/// is kept.
///
/// # Errors
/// As [`start`].
pub async fn start_selective(session: &StepSession, plan: &LogicalPlan, cancel: &CancellationToken) -> Result<Running> {
    let mut config = config_of(session);
    config.options_mut().execution.parquet.pushdown_filters = true;
    if is_small(plan) {
        config = config.with_target_partitions(1);
    }
    let state = SessionStateBuilder::new_from_existing(session.context.state()).with_config(config).with_physical_optimizer_rule(Arc::new(KeysFirst)).build();
    start_in(session, &state, plan, cancel).await
}

/// As [`start`], but the query runs in one thread: for queries of which several run side by side, and for those that several threads would make
/// no faster.
///
/// # Errors
/// As [`start`].
pub async fn start_serial(session: &StepSession, plan: &LogicalPlan, cancel: &CancellationToken) -> Result<Running> {
    let config = config_of(session).with_target_partitions(1);
    let state = SessionStateBuilder::new_from_existing(session.context.state()).with_config(config).build();
    start_in(session, &state, plan, cancel).await
}

/// The settings of a session, for a state that shares its tables: one that made its default catalog would put an empty one in the place of theirs.
fn config_of(session: &StepSession) -> SessionConfig {
    session.context.copied_config().with_create_default_catalog_and_schema(false)
}

async fn start_in(session: &StepSession, state: &SessionState, plan: &LogicalPlan, cancel: &CancellationToken) -> Result<Running> {
    let limit = session.memory_limit();
    let physical = state.create_physical_plan(plan).await.map_err(|error| Error::from_query(error, limit))?;
    let stream = execute_stream(Arc::clone(&physical), state.task_ctx()).map_err(|error| Error::from_query(error, limit))?;
    Ok(Running { plan: physical, stream, cancel: cancel.clone(), limit })
}

/// Starts a physical plan.
///
/// # Errors
/// As [`start`].
pub fn start_physical(session: &StepSession, plan: Arc<dyn ExecutionPlan>, cancel: &CancellationToken) -> Result<Running> {
    let limit = session.memory_limit();
    let stream = execute_stream(Arc::clone(&plan), session.context.task_ctx()).map_err(|error| Error::from_query(error, limit))?;
    Ok(Running { plan, stream, cancel: cancel.clone(), limit })
}

impl Running {
    /// The columns of the rows.
    pub fn schema(&self) -> SchemaRef {
        self.stream.schema()
    }

    /// The next rows, or `None` at the end.
    ///
    /// # Errors
    /// [`Error::Cancelled`] once the token is cancelled, else what the query met.
    pub async fn next(&mut self) -> Result<Option<RecordBatch>> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(Error::Cancelled),
            item = self.stream.next() => match item {
                None => Ok(None),
                Some(Ok(batch)) => Ok(Some(batch)),
                Some(Err(error)) => Err(Error::from_query(error, self.limit)),
            },
        }
    }

    /// What the query has cost so far; whole once it has ended. The peak of memory is the session's, not the query's.
    pub fn measurement(&self) -> Measurement {
        Measurement::of_plan(&self.plan)
    }
}

/// Runs a plan and gathers its rows: only for results that are small by their nature, such as a list of buckets.
///
/// # Errors
/// As [`Running::next`].
pub async fn collect(session: &StepSession, plan: &LogicalPlan, cancel: &CancellationToken) -> Result<(Vec<RecordBatch>, Measurement)> {
    let mut running = start(session, plan, cancel).await?;
    let mut batches = Vec::new();
    while let Some(batch) = running.next().await? {
        batches.push(batch);
    }
    Ok((batches, running.measurement()))
}
