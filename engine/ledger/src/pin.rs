//! Pins: the version of each source that a run reads.

use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;

use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::records::{BatchId, Pin, RunId};
use crate::row::{Columns, stored};
use crate::run::CarriedPins;

impl Ledger {
    /// Pins a source for a run, unless it is pinned already: of several steps that want to, the first one wins. Returns the
    /// version that holds.
    ///
    /// # Errors
    /// If the ledger cannot be written.
    pub async fn pin(&self, run: RunId, pin: &Pin) -> Result<i64> {
        let mut transaction = self.begin().await?;
        insert(&mut transaction, run, pin).await?;
        let version = sqlx::query_scalar("SELECT version FROM pin WHERE run = ? AND source = ?")
            .bind(run.0)
            .bind(&pin.source)
            .fetch_one(&mut *transaction)
            .await
            .map_err(Error::doing("read a pin"))?;
        Self::commit(transaction).await?;
        Ok(version)
    }

    /// The pins of batches that may still be tried again with what they read: those that have not succeeded and were worked on since an instant.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub async fn open_pins(&self, since: DateTime<Utc>) -> Result<Vec<Pin>> {
        sqlx::query(
            "SELECT DISTINCT p.source AS source, p.version AS version FROM batch b \
             JOIN pin p ON p.run = (SELECT max(id) FROM run WHERE batch = b.id) \
             WHERE b.state <> 'succeeded' AND b.changed_at >= ? ORDER BY p.source, p.version",
        )
        .bind(stored(since))
        .fetch_all(self.pool())
        .await
        .map_err(Error::doing("read the pins of batches that are not done"))?
        .iter()
        .map(|row| Ok(Pin { source: row.text("source")?, version: row.integer("version")? }))
        .collect()
    }

    /// The pins of a run, by source.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub async fn pins(&self, run: RunId) -> Result<Vec<Pin>> {
        sqlx::query("SELECT source, version FROM pin WHERE run = ? ORDER BY source")
            .bind(run.0)
            .fetch_all(self.pool())
            .await
            .map_err(Error::doing("read the pins of a run"))?
            .iter()
            .map(|row| Ok(Pin { source: row.text("source")?, version: row.integer("version")? }))
            .collect()
    }
}

/// The first pin of a source in a run stays.
pub(crate) async fn insert(connection: &mut SqliteConnection, run: RunId, pin: &Pin) -> Result<()> {
    sqlx::query("INSERT INTO pin (run, source, version) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
        .bind(run.0)
        .bind(&pin.source)
        .bind(pin.version)
        .execute(connection)
        .await
        .map_err(Error::doing("pin a source"))?;
    Ok(())
}

/// Copies the pins of the batch's run before `run`, so that each run says by itself what it read.
pub(crate) async fn carry(connection: &mut SqliteConnection, batch: BatchId, run: RunId, carried: &CarriedPins) -> Result<()> {
    let CarriedPins::AllBut(renewed) = carried else {
        return Ok(());
    };
    let rows = sqlx::query(
        "SELECT source, version FROM pin \
         WHERE run = (SELECT max(id) FROM run WHERE batch = ? AND id < ?) ORDER BY source",
    )
    .bind(batch.0)
    .bind(run.0)
    .fetch_all(&mut *connection)
    .await
    .map_err(Error::doing("read the pins of a run"))?;
    for row in &rows {
        let pin = Pin { source: row.text("source")?, version: row.integer("version")? };
        if !renewed.contains(&pin.source) {
            insert(&mut *connection, run, &pin).await?;
        }
    }
    Ok(())
}
