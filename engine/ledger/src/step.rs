//! Steps of a batch and the change of their states.

use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::records::{BatchId, StepId, StepRecord};
use crate::row::{Columns, stored};
use crate::words::StepState;

/// A change of a step's state, decided by the caller. It is made only if the step is still in `from`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepMove {
    /// The step.
    pub step: StepId,
    /// The state that the decision was made from.
    pub from: StepState,
    /// The new state.
    pub to: StepState,
    /// Why, where the new state is `skipped`.
    pub reason: Option<String>,
}

impl Ledger {
    /// The steps of a batch, in their order.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub async fn steps(&self, batch: BatchId) -> Result<Vec<StepRecord>> {
        sqlx::query("SELECT * FROM step WHERE batch = ? ORDER BY position, id")
            .bind(batch.0)
            .fetch_all(self.pool())
            .await
            .map_err(Error::doing("read the steps of a batch"))?
            .iter()
            .map(read)
            .collect()
    }

    /// Changes a step's state without an attempt, e.g. to `skipped`.
    ///
    /// # Errors
    /// [`Error::StateChanged`] if it is no longer in `from`; or if the ledger cannot be written.
    pub async fn move_step(&self, change: &StepMove, at: DateTime<Utc>) -> Result<()> {
        let mut transaction = self.begin().await?;
        move_state(&mut transaction, change, at).await?;
        Self::commit(transaction).await
    }
}

pub(crate) fn read(row: &SqliteRow) -> Result<StepRecord> {
    Ok(StepRecord {
        id: StepId(row.integer("id")?),
        batch: BatchId(row.integer("batch")?),
        name: row.text("name")?,
        kind: row.word("kind")?,
        target: row.text("target")?,
        priority: row.number("priority")?,
        position: row.number("position")?,
        state: row.word("state")?,
        reason: row.optional_text("reason")?,
        changed_at: row.instant("changed_at")?,
    })
}

pub(crate) async fn move_state(connection: &mut SqliteConnection, change: &StepMove, at: DateTime<Utc>) -> Result<()> {
    let changed = sqlx::query("UPDATE step SET state = ?, reason = ?, changed_at = ? WHERE id = ? AND state = ?")
        .bind(change.to.as_str())
        .bind(change.reason.as_deref())
        .bind(stored(at))
        .bind(change.step.0)
        .bind(change.from.as_str())
        .execute(&mut *connection)
        .await
        .map_err(Error::doing("change the state of a step"))?;
    if changed.rows_affected() == 1 {
        return Ok(());
    }
    let found: Option<String> = sqlx::query_scalar("SELECT state FROM step WHERE id = ?")
        .bind(change.step.0)
        .fetch_optional(connection)
        .await
        .map_err(Error::doing("read the state of a step"))?;
    Err(Error::StateChanged { what: format!("step {}", change.step), expected: change.from.as_str(), found: found.unwrap_or_else(|| "absent".to_owned()) })
}
