//! Data files that attempts are about to write, recorded before the first byte, so that those of dead attempts can be found.

use sqlx::SqliteConnection;

use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::records::{AttemptId, StagedFile};
use crate::row::Columns;

impl Ledger {
    /// Records that an attempt is about to write these files. The rows go when the attempt succeeds.
    ///
    /// # Errors
    /// If the ledger cannot be written.
    pub async fn stage(&self, files: &[StagedFile]) -> Result<()> {
        let mut transaction = self.begin().await?;
        for file in files {
            sqlx::query("INSERT INTO staged_file (attempt, table_name, path) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
                .bind(file.attempt.0)
                .bind(&file.table)
                .bind(&file.path)
                .execute(&mut *transaction)
                .await
                .map_err(Error::doing("record a staged file"))?;
        }
        Self::commit(transaction).await
    }

    /// The files of attempts that ended without success. A process may have died after its commit and before it could say so:
    /// only a file that no commit of its table names may be removed.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub async fn abandoned_files(&self) -> Result<Vec<StagedFile>> {
        sqlx::query(
            "SELECT f.* FROM staged_file f JOIN attempt a ON a.id = f.attempt \
             WHERE a.state IN ('failed', 'interrupted') ORDER BY f.attempt, f.table_name, f.path",
        )
        .fetch_all(self.pool())
        .await
        .map_err(Error::doing("read the staged files"))?
        .iter()
        .map(|row| Ok(StagedFile { attempt: AttemptId(row.integer("attempt")?), table: row.text("table_name")?, path: row.text("path")? }))
        .collect()
    }

    /// Forgets the files of an attempt, once they are removed or found to be in use.
    ///
    /// # Errors
    /// If the ledger cannot be written.
    pub async fn forget_staged(&self, attempt: AttemptId) -> Result<()> {
        let mut transaction = self.begin().await?;
        forget(&mut transaction, attempt).await?;
        Self::commit(transaction).await
    }
}

pub(crate) async fn forget(connection: &mut SqliteConnection, attempt: AttemptId) -> Result<()> {
    sqlx::query("DELETE FROM staged_file WHERE attempt = ?").bind(attempt.0).execute(connection).await.map_err(Error::doing("forget staged files"))?;
    Ok(())
}
