//! Runs: opening one with all that it changes, and ending it, each in one transaction.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::process::Owner;
use crate::records::{BatchId, BatchRecord, RunId, RunRecord, StepId};
use crate::row::{Columns, stored};
use crate::step::{self, StepMove};
use crate::words::{BatchState, RunCause, StepKind, StepState};
use crate::{batch, pin};

/// The batch that a run belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BatchTarget {
    /// A new one.
    New {
        /// The pipeline's name.
        pipeline: String,
        /// The business date.
        business_date: NaiveDate,
        /// 1, or one more than the newest attempt.
        attempt: u32,
    },
    /// One that is there; it becomes `ready`.
    Existing {
        /// The batch.
        batch: BatchId,
        /// The state that the decision was made from.
        from: BatchState,
    },
}

/// Which pins of the batch's run before hold in the new one too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CarriedPins {
    /// None: the sources are looked at anew.
    None,
    /// All but those of the named sources.
    AllBut(Vec<String>),
}

/// A step as the new run wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedStep {
    /// e.g. `refresh:depot_daily`.
    pub name: String,
    /// What it does.
    pub kind: StepKind,
    /// To which source, rollup or report.
    pub target: String,
    /// 1 is the most urgent.
    pub priority: u8,
    /// The step in the ledger and the state that the decision was made from; none if it is new to the batch.
    pub known: Option<(StepId, StepState)>,
    /// Its state when the run opens.
    pub state: StepState,
    /// Why, where it is skipped.
    pub reason: Option<String>,
}

/// All that opening a run changes, as one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunOpening {
    /// The batch, new or there.
    pub target: BatchTarget,
    /// Why the run is opened.
    pub cause: RunCause,
    /// Who runs it.
    pub owner: Owner,
    /// The steps of the plan, in their order.
    pub steps: Vec<PlannedStep>,
    /// Changes of steps that the batch has and the plan no longer has.
    pub dropped: Vec<StepMove>,
    /// The pins that go on.
    pub pins: CarriedPins,
}

/// All that ending a run changes, as one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunEnd {
    /// The run.
    pub run: RunId,
    /// Its batch.
    pub batch: BatchId,
    /// The state that the decision was made from.
    pub from: BatchState,
    /// How the run leaves the batch.
    pub to: BatchState,
    /// Changes of steps that go with it: those that a dead process left `running`.
    pub steps: Vec<StepMove>,
}

impl Ledger {
    /// Opens a run: makes or changes the batch, its steps and the pins in one transaction.
    ///
    /// # Errors
    /// [`Error::StateChanged`] if the batch or a step is no longer as the decision saw it; or if the ledger cannot be written.
    pub async fn open_run(&self, opening: &RunOpening, at: DateTime<Utc>) -> Result<(BatchRecord, RunRecord)> {
        let mut transaction = self.begin().await?;
        let batch = match &opening.target {
            BatchTarget::New { pipeline, business_date, attempt } => batch::insert(&mut transaction, pipeline, *business_date, *attempt, at).await?,
            BatchTarget::Existing { batch, from } => {
                batch::move_state(&mut transaction, *batch, *from, BatchState::Ready, at).await?;
                *batch
            }
        };
        let run = insert(&mut transaction, batch, opening, at).await?;
        pin::carry(&mut transaction, batch, run, &opening.pins).await?;
        for (planned, position) in opening.steps.iter().zip(0_i64..) {
            put_step(&mut transaction, batch, planned, position, at).await?;
        }
        for change in &opening.dropped {
            step::move_state(&mut transaction, change, at).await?;
        }
        let records = read_back(&mut transaction, batch, run).await?;
        Self::commit(transaction).await?;
        Ok(records)
    }

    /// Ends a run. Attempts that are still `running` then belong to a process that died; they become `interrupted`.
    ///
    /// # Errors
    /// [`Error::StateChanged`] if the batch or a step is no longer as the decision saw it; or if the ledger cannot be written.
    pub async fn end_run(&self, end: &RunEnd, at: DateTime<Utc>) -> Result<()> {
        let mut transaction = self.begin().await?;
        sqlx::query(
            "UPDATE attempt SET state = 'interrupted', finished_at = ?, message = 'its process ended before it did' \
             WHERE run = ? AND state = 'running'",
        )
        .bind(stored(at))
        .bind(end.run.0)
        .execute(&mut *transaction)
        .await
        .map_err(Error::doing("end the attempts of a run"))?;
        for change in &end.steps {
            step::move_state(&mut transaction, change, at).await?;
        }
        batch::move_state(&mut transaction, end.batch, end.from, end.to, at).await?;
        sqlx::query("UPDATE run SET finished_at = ?, ended_as = ? WHERE id = ?")
            .bind(stored(at))
            .bind(end.to.as_str())
            .bind(end.run.0)
            .execute(&mut *transaction)
            .await
            .map_err(Error::doing("end a run"))?;
        Self::commit(transaction).await
    }

    /// The runs of a batch, oldest first.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub async fn runs(&self, batch: BatchId) -> Result<Vec<RunRecord>> {
        sqlx::query("SELECT * FROM run WHERE batch = ? ORDER BY number")
            .bind(batch.0)
            .fetch_all(self.pool())
            .await
            .map_err(Error::doing("read the runs of a batch"))?
            .iter()
            .map(read)
            .collect()
    }
}

fn read(row: &SqliteRow) -> Result<RunRecord> {
    Ok(RunRecord {
        id: RunId(row.integer("id")?),
        batch: BatchId(row.integer("batch")?),
        number: row.number("number")?,
        cause: row.word("cause")?,
        owner: row.text("owner")?,
        host: row.text("host")?,
        pid: row.number("pid")?,
        started_at: row.instant("started_at")?,
        finished_at: row.optional_instant("finished_at")?,
        ended_as: row.optional_word("ended_as")?,
    })
}

async fn insert(connection: &mut SqliteConnection, batch: BatchId, opening: &RunOpening, at: DateTime<Utc>) -> Result<RunId> {
    let inserted = sqlx::query(
        "INSERT INTO run (batch, number, cause, owner, host, pid, started_at) \
         SELECT ?1, coalesce(max(number), 0) + 1, ?2, ?3, ?4, ?5, ?6 FROM run WHERE batch = ?1",
    )
    .bind(batch.0)
    .bind(opening.cause.as_str())
    .bind(&opening.owner.name)
    .bind(&opening.owner.process.host)
    .bind(i64::from(opening.owner.process.pid))
    .bind(stored(at))
    .execute(connection)
    .await
    .map_err(Error::doing("open a run"))?;
    Ok(RunId(inserted.last_insert_rowid()))
}

async fn put_step(connection: &mut SqliteConnection, batch: BatchId, planned: &PlannedStep, position: i64, at: DateTime<Utc>) -> Result<()> {
    let Some((step, from)) = planned.known else {
        sqlx::query(
            "INSERT INTO step (batch, name, kind, target, priority, position, state, reason, changed_at) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(batch.0)
        .bind(&planned.name)
        .bind(planned.kind.as_str())
        .bind(&planned.target)
        .bind(i64::from(planned.priority))
        .bind(position)
        .bind(planned.state.as_str())
        .bind(planned.reason.as_deref())
        .bind(stored(at))
        .execute(connection)
        .await
        .map_err(Error::doing("add a step to a batch"))?;
        return Ok(());
    };
    if from != planned.state {
        let change = StepMove { step, from, to: planned.state, reason: planned.reason.clone() };
        step::move_state(&mut *connection, &change, at).await?;
    }
    sqlx::query("UPDATE step SET priority = ?, position = ? WHERE id = ?")
        .bind(i64::from(planned.priority))
        .bind(position)
        .bind(step.0)
        .execute(connection)
        .await
        .map_err(Error::doing("place a step in its batch"))?;
    Ok(())
}

async fn read_back(connection: &mut SqliteConnection, batch: BatchId, run: RunId) -> Result<(BatchRecord, RunRecord)> {
    let batch = sqlx::query("SELECT * FROM batch WHERE id = ?").bind(batch.0).fetch_one(&mut *connection).await.map_err(Error::doing("read a batch"))?;
    let run = sqlx::query("SELECT * FROM run WHERE id = ?").bind(run.0).fetch_one(connection).await.map_err(Error::doing("read a run"))?;
    Ok((batch::read(&batch)?, read(&run)?))
}
