//! Batches: creating, finding, and changing their state.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::records::{BatchId, BatchRecord};
use crate::reference::BatchReference;
use crate::row::{Columns, stored};
use crate::words::BatchState;

impl Ledger {
    /// The newest attempt at a pipeline and date.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub async fn latest_batch(&self, pipeline: &str, business_date: NaiveDate) -> Result<Option<BatchRecord>> {
        sqlx::query("SELECT * FROM batch WHERE pipeline = ? AND business_date = ? ORDER BY attempt DESC LIMIT 1")
            .bind(pipeline)
            .bind(business_date.to_string())
            .fetch_optional(self.pool())
            .await
            .map_err(Error::doing("find a batch"))?
            .as_ref()
            .map(read)
            .transpose()
    }

    /// The batch that a reference names; without an attempt, the newest one.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub async fn find_batch(&self, reference: &BatchReference) -> Result<Option<BatchRecord>> {
        match reference {
            BatchReference::Id(id) => self.batch(*id).await,
            BatchReference::Label { pipeline, business_date, attempt: None } => self.latest_batch(pipeline, *business_date).await,
            BatchReference::Label { pipeline, business_date, attempt: Some(attempt) } => {
                sqlx::query("SELECT * FROM batch WHERE pipeline = ? AND business_date = ? AND attempt = ?")
                    .bind(pipeline)
                    .bind(business_date.to_string())
                    .bind(i64::from(*attempt))
                    .fetch_optional(self.pool())
                    .await
                    .map_err(Error::doing("find a batch"))?
                    .as_ref()
                    .map(read)
                    .transpose()
            }
        }
    }

    /// A batch by its number.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub async fn batch(&self, id: BatchId) -> Result<Option<BatchRecord>> {
        sqlx::query("SELECT * FROM batch WHERE id = ?")
            .bind(id.0)
            .fetch_optional(self.pool())
            .await
            .map_err(Error::doing("read a batch"))?
            .as_ref()
            .map(read)
            .transpose()
    }

    /// Changes a batch's state, if it is still in `from`.
    ///
    /// # Errors
    /// [`Error::StateChanged`] if it is not; or if the ledger cannot be written.
    pub async fn move_batch(&self, batch: BatchId, from: BatchState, to: BatchState, at: DateTime<Utc>) -> Result<()> {
        let mut transaction = self.begin().await?;
        move_state(&mut transaction, batch, from, to, at).await?;
        Self::commit(transaction).await
    }
}

pub(crate) fn read(row: &SqliteRow) -> Result<BatchRecord> {
    Ok(BatchRecord {
        id: BatchId(row.integer("id")?),
        pipeline: row.text("pipeline")?,
        business_date: row.date("business_date")?,
        attempt: row.number("attempt")?,
        state: row.word("state")?,
        created_at: row.instant("created_at")?,
        changed_at: row.instant("changed_at")?,
    })
}

pub(crate) async fn insert(connection: &mut SqliteConnection, pipeline: &str, business_date: NaiveDate, attempt: u32, at: DateTime<Utc>) -> Result<BatchId> {
    let inserted = sqlx::query("INSERT INTO batch (pipeline, business_date, attempt, state, created_at, changed_at) VALUES (?, ?, ?, ?, ?, ?)")
        .bind(pipeline)
        .bind(business_date.to_string())
        .bind(i64::from(attempt))
        .bind(BatchState::Ready.as_str())
        .bind(stored(at))
        .bind(stored(at))
        .execute(connection)
        .await
        .map_err(Error::doing("create a batch"))?;
    Ok(BatchId(inserted.last_insert_rowid()))
}

pub(crate) async fn move_state(connection: &mut SqliteConnection, batch: BatchId, from: BatchState, to: BatchState, at: DateTime<Utc>) -> Result<()> {
    let changed = sqlx::query("UPDATE batch SET state = ?, changed_at = ? WHERE id = ? AND state = ?")
        .bind(to.as_str())
        .bind(stored(at))
        .bind(batch.0)
        .bind(from.as_str())
        .execute(&mut *connection)
        .await
        .map_err(Error::doing("change the state of a batch"))?;
    if changed.rows_affected() == 1 {
        return Ok(());
    }
    let found: Option<String> = sqlx::query_scalar("SELECT state FROM batch WHERE id = ?")
        .bind(batch.0)
        .fetch_optional(connection)
        .await
        .map_err(Error::doing("read the state of a batch"))?;
    Err(Error::StateChanged { what: format!("batch {batch}"), expected: from.as_str(), found: found.unwrap_or_else(|| "absent".to_owned()) })
}
