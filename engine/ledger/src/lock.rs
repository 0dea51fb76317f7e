//! The lock of a pipeline and date: only one process works on a batch.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::process::{Liveness, Owner, Process};
use crate::row::{Columns, stored};

/// A lock that this process holds. It stays until [`Ledger::release_lock`], or until its process is dead and another one on
/// the same host takes it over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    id: i64,
}

/// What came of the wish for a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockOutcome {
    /// It is ours.
    Taken(Lock),
    /// It is ours; a process that had died without giving it back held it.
    TakenOver {
        /// The lock.
        lock: Lock,
        /// The one who held it.
        owner: Owner,
        /// How long ago it had been taken.
        age: TimeDelta,
    },
    /// It is another one's, who lives or may live.
    Held {
        /// The one who holds it.
        owner: Owner,
        /// How long ago it was taken.
        age: TimeDelta,
    },
}

impl Ledger {
    /// Takes the lock of a pipeline and date, or says who has it.
    ///
    /// # Errors
    /// If the ledger cannot be written.
    pub async fn take_lock(&self, pipeline: &str, business_date: NaiveDate, owner: &Owner, at: DateTime<Utc>) -> Result<LockOutcome> {
        let mut transaction = self.begin().await?;
        let held = sqlx::query("SELECT * FROM pipeline_lock WHERE pipeline = ? AND business_date = ?")
            .bind(pipeline)
            .bind(business_date.to_string())
            .fetch_optional(&mut *transaction)
            .await
            .map_err(Error::doing("read a lock"))?;
        let Some(row) = held else {
            let lock = insert(&mut transaction, pipeline, business_date, owner, at).await?;
            Self::commit(transaction).await?;
            return Ok(LockOutcome::Taken(lock));
        };
        let holder = read_owner(&row)?;
        let age = at - row.instant("taken_at")?;
        if holder.process.liveness() != Liveness::Dead {
            return Ok(LockOutcome::Held { owner: holder, age });
        }
        delete(&mut transaction, row.integer("id")?).await?;
        let lock = insert(&mut transaction, pipeline, business_date, owner, at).await?;
        Self::commit(transaction).await?;
        Ok(LockOutcome::TakenOver { lock, owner: holder, age })
    }

    /// Who holds the lock of a pipeline and date and lives or may live, and for how long.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub async fn lock_holder(&self, pipeline: &str, business_date: NaiveDate, at: DateTime<Utc>) -> Result<Option<(Owner, TimeDelta)>> {
        let held = sqlx::query("SELECT * FROM pipeline_lock WHERE pipeline = ? AND business_date = ?")
            .bind(pipeline)
            .bind(business_date.to_string())
            .fetch_optional(self.pool())
            .await
            .map_err(Error::doing("read a lock"))?;
        let Some(row) = held else { return Ok(None) };
        let holder = read_owner(&row)?;
        let age = at - row.instant("taken_at")?;
        Ok((holder.process.liveness() != Liveness::Dead).then_some((holder, age)))
    }

    /// Gives a lock back.
    ///
    /// # Errors
    /// If the ledger cannot be written.
    pub async fn release_lock(&self, lock: &Lock) -> Result<()> {
        let mut transaction = self.begin().await?;
        delete(&mut transaction, lock.id).await?;
        Self::commit(transaction).await
    }
}

fn read_owner(row: &SqliteRow) -> Result<Owner> {
    Ok(Owner {
        name: row.text("owner")?,
        process: Process { host: row.text("host")?, pid: row.number("pid")?, started: row.optional_text("process_started")? },
    })
}

async fn insert(connection: &mut SqliteConnection, pipeline: &str, business_date: NaiveDate, owner: &Owner, at: DateTime<Utc>) -> Result<Lock> {
    let inserted = sqlx::query(
        "INSERT INTO pipeline_lock (pipeline, business_date, owner, host, pid, process_started, taken_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(pipeline)
    .bind(business_date.to_string())
    .bind(&owner.name)
    .bind(&owner.process.host)
    .bind(i64::from(owner.process.pid))
    .bind(owner.process.started.as_deref())
    .bind(stored(at))
    .execute(connection)
    .await
    .map_err(Error::doing("take a lock"))?;
    Ok(Lock { id: inserted.last_insert_rowid() })
}

async fn delete(connection: &mut SqliteConnection, lock: i64) -> Result<()> {
    sqlx::query("DELETE FROM pipeline_lock WHERE id = ?").bind(lock).execute(connection).await.map_err(Error::doing("give a lock back"))?;
    Ok(())
}
