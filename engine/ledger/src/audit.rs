//! The audit: who did what and when. Rows are only ever added; triggers refuse the rest, whoever asks.

use chrono::{DateTime, Utc};

use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::records::BatchId;
use crate::row::{Columns, stored};

/// Something that somebody did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Who did it.
    pub actor: String,
    /// What was done, in kebab-case words, e.g. `run-opened`.
    pub action: String,
    /// The batch it concerns.
    pub batch: Option<BatchId>,
    /// All else, as a JSON object.
    pub detail: serde_json::Value,
}

/// An entry as it stands in the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    /// Its number; later entries have greater ones.
    pub id: i64,
    /// When it was done.
    pub at: DateTime<Utc>,
    /// What was done.
    pub entry: AuditEntry,
}

impl Ledger {
    /// Adds an entry.
    ///
    /// # Errors
    /// If the ledger cannot be written.
    pub async fn audit(&self, entry: &AuditEntry, at: DateTime<Utc>) -> Result<()> {
        sqlx::query("INSERT INTO audit (at, actor, action, batch, detail) VALUES (?, ?, ?, ?, ?)")
            .bind(stored(at))
            .bind(&entry.actor)
            .bind(&entry.action)
            .bind(entry.batch.map(|batch| batch.0))
            .bind(entry.detail.to_string())
            .execute(self.pool())
            .await
            .map_err(Error::doing("add to the audit"))?;
        Ok(())
    }

    /// The entries that concern a batch, or all of them, oldest first.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub async fn audit_entries(&self, batch: Option<BatchId>) -> Result<Vec<AuditRecord>> {
        sqlx::query("SELECT * FROM audit WHERE ?1 IS NULL OR batch = ?1 ORDER BY id")
            .bind(batch.map(|batch| batch.0))
            .fetch_all(self.pool())
            .await
            .map_err(Error::doing("read the audit"))?
            .iter()
            .map(|row| {
                Ok(AuditRecord {
                    id: row.integer("id")?,
                    at: row.instant("at")?,
                    entry: AuditEntry {
                        actor: row.text("actor")?,
                        action: row.text("action")?,
                        batch: row.optional_integer("batch")?.map(BatchId),
                        detail: row.optional_json("detail")?.unwrap_or_default(),
                    },
                })
            })
            .collect()
    }
}
