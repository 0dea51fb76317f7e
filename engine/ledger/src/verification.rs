//! What comparisons of rollups with their sources found.

use chrono::{DateTime, Utc};
use sqlx::sqlite::SqliteRow;

use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::records::BatchId;
use crate::row::{Columns, count, stored};

/// One comparison of a rollup's table with its query over the sources.
#[derive(Debug, Clone, PartialEq)]
pub struct VerificationRecord {
    /// When it ended.
    pub at: DateTime<Utc>,
    /// Who asked for it.
    pub actor: String,
    /// The batch that it was part of.
    pub batch: Option<BatchId>,
    /// The rollup.
    pub rollup: String,
    /// The version of its table.
    pub table_version: i64,
    /// How many buckets were compared; all of them where there is no number.
    pub buckets: Option<u64>,
    /// How many rows the table has in these.
    pub rows: u64,
    /// How many rows only the table or only the query has.
    pub differences: u64,
    /// Why nothing could be compared.
    pub reason: Option<String>,
    /// How long it took.
    pub seconds: f64,
}

impl Ledger {
    /// Writes down what a comparison found.
    ///
    /// # Errors
    /// If the ledger cannot be written.
    pub async fn verified(&self, record: &VerificationRecord) -> Result<()> {
        sqlx::query(
            "INSERT INTO verification (at, actor, batch, rollup, table_version, buckets, rows, differences, reason, seconds) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(stored(record.at))
        .bind(&record.actor)
        .bind(record.batch.map(|batch| batch.0))
        .bind(&record.rollup)
        .bind(record.table_version)
        .bind(record.buckets.map(count))
        .bind(count(record.rows))
        .bind(count(record.differences))
        .bind(record.reason.as_deref())
        .bind(record.seconds)
        .execute(self.pool())
        .await
        .map_err(Error::doing("write down a verification"))?;
        Ok(())
    }

    /// The comparisons that were part of a batch, oldest first.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub async fn verifications(&self, batch: BatchId) -> Result<Vec<VerificationRecord>> {
        sqlx::query("SELECT * FROM verification WHERE batch = ? ORDER BY id")
            .bind(batch.0)
            .fetch_all(self.pool())
            .await
            .map_err(Error::doing("read the verifications of a batch"))?
            .iter()
            .map(read)
            .collect()
    }

    /// The newest comparison of a rollup.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub async fn latest_verification(&self, rollup: &str) -> Result<Option<VerificationRecord>> {
        sqlx::query("SELECT * FROM verification WHERE rollup = ? ORDER BY id DESC LIMIT 1")
            .bind(rollup)
            .fetch_optional(self.pool())
            .await
            .map_err(Error::doing("find a verification"))?
            .map(|row| read(&row))
            .transpose()
    }
}

fn read(row: &SqliteRow) -> Result<VerificationRecord> {
    Ok(VerificationRecord {
        at: row.instant("at")?,
        actor: row.text("actor")?,
        batch: row.optional_integer("batch")?.map(BatchId),
        rollup: row.text("rollup")?,
        table_version: row.integer("table_version")?,
        buckets: row.optional_integer("buckets")?.map(i64::unsigned_abs),
        rows: row.number("rows")?,
        differences: row.number("differences")?,
        reason: row.optional_text("reason")?,
        seconds: row.real("seconds")?,
    })
}
