//! Carries out work that was cut into units of time: as many at a time as the session has threads, each by one thread.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::logical_expr::LogicalPlan;
use nightshift_execute::{Measurement, StepSession, run};
use nightshift_lake::{Lake, StageOptions, Staged, StagedWriter, TableLayout, TableName};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{Error, Result};

/// A file is closed between two units when it has so many rows, so that later a part of a partition can be written anew alone.
const ROWS_A_FILE: u64 = 100_000;

/// Rows to be written, as plans.
pub(crate) enum Written {
    /// All of them, in the order of the files.
    Together(LogicalPlan),
    /// Those of spans of time, or of buckets, one after the other.
    InUnits(VecDeque<LogicalPlan>),
}

/// What all workers share.
#[derive(Clone)]
pub(crate) struct Units {
    pub(crate) lake: Lake,
    pub(crate) table: TableName,
    pub(crate) layout: TableLayout,
    pub(crate) session: StepSession,
    pub(crate) cancel: CancellationToken,
    /// What is left to do, in the order of time.
    pub(crate) plans: Arc<Mutex<VecDeque<LogicalPlan>>>,
}

/// Runs all units.
///
/// # Errors
/// The first that a unit meets; what the others staged is removed.
pub(crate) async fn run_all(units: Units) -> Result<(Vec<Staged>, Measurement)> {
    let threads = units.session.context.copied_config().target_partitions().max(1);
    let mut workers = JoinSet::new();
    for _ in 0..threads {
        workers.spawn(work(units.clone()));
    }
    let (mut staged, mut measurement, mut failure) = (Vec::new(), Measurement::default(), None);
    while let Some(ended) = workers.join_next().await {
        match ended.map_err(Error::UnitGone).flatten() {
            Ok((files, cost)) => {
                staged.extend(files);
                measurement.add(&cost);
            }
            Err(error) => {
                // The others stop at their next unit.
                units.plans.lock().unwrap_or_else(PoisonError::into_inner).clear();
                failure.get_or_insert(error);
            }
        }
    }
    match failure {
        None => Ok((staged, measurement)),
        Some(error) => {
            discard(staged).await;
            Err(error)
        }
    }
}

async fn work(units: Units) -> Result<(Vec<Staged>, Measurement)> {
    let (mut staged, mut measurement) = (Vec::new(), Measurement::default());
    match units.work(&mut staged, &mut measurement).await {
        Ok(()) => Ok((staged, measurement)),
        Err(error) => {
            discard(staged).await;
            Err(error)
        }
    }
}

pub(crate) async fn discard(staged: Vec<Staged>) {
    for files in staged {
        files.discard().await;
    }
}

impl Units {
    async fn work(&self, staged: &mut Vec<Staged>, measurement: &mut Measurement) -> Result<()> {
        let mut open: Option<(StagedWriter, u64)> = None;
        while let Some(plan) = self.next() {
            let mut running = run::start_serial(&self.session, &plan, &self.cancel).await?;
            let (mut writer, mut rows) = match open.take() {
                Some(open) => open,
                None => (self.lake.stage(&self.table, self.layout.clone(), StageOptions::default())?, 0),
            };
            while let Some(batch) = running.next().await? {
                rows += batch.num_rows() as u64;
                writer.write(batch).await?;
            }
            measurement.add(&running.measurement());
            if rows < ROWS_A_FILE {
                open = Some((writer, rows));
            } else {
                staged.push(writer.finish().await?);
            }
        }
        if let Some((writer, _)) = open {
            staged.push(writer.finish().await?);
        }
        Ok(())
    }

    fn next(&self) -> Option<LogicalPlan> {
        self.plans.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}
