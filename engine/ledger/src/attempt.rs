//! Attempts at steps: starting one, and ending it together with all that it made.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use nightshift_diagnostic::Fault;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::records::{AttemptId, AttemptRecord, BatchId, Measures, OutputRecord, Pin, PublicationRecord, RunId, StepId};
use crate::row::{Columns, count, stored};
use crate::step::{self, StepMove};
use crate::words::AttemptState;
use crate::{pin, staged};

/// So many attempts, about a month of nights, tell how long steps take; a ledger of years has hundreds of thousands.
const ATTEMPTS_LOOKED_AT: i64 = 2_000;

/// Why an attempt did not do its work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Who has to act.
    pub fault: Fault,
    /// Whether the same again may succeed.
    pub retry_helps: bool,
    /// What a person reads.
    pub message: String,
}

/// How an attempt ended, with all that it made, as one value.
#[derive(Debug, Clone, PartialEq)]
pub struct AttemptEnd {
    /// The attempt.
    pub attempt: AttemptId,
    /// The run it belongs to.
    pub run: RunId,
    /// What becomes of the step.
    pub step: StepMove,
    /// How the attempt ended; not `running`.
    pub state: AttemptState,
    /// Why, where it failed or was interrupted.
    pub failure: Option<Failure>,
    /// What it moved and needed.
    pub measures: Measures,
    /// For a refresh: the choice of technique.
    pub technique: Option<serde_json::Value>,
    /// The sources that it pinned.
    pub pins: Vec<Pin>,
    /// The table versions that it committed.
    pub publications: Vec<PublicationRecord>,
    /// The files that it made.
    pub outputs: Vec<OutputRecord>,
}

impl Ledger {
    /// What the newest refreshes that had a choice of technique took, the newest first: what their steps wrote down as `observed`.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub async fn refreshes(&self, most: u32) -> Result<Vec<serde_json::Value>> {
        let rows = sqlx::query(
            "SELECT json_extract(a.technique, '$.observed') AS observed FROM attempt a JOIN step s ON s.id = a.step \
             WHERE s.kind = 'refresh' AND a.state = 'succeeded' AND json_extract(a.technique, '$.observed') IS NOT NULL \
             ORDER BY a.id DESC LIMIT ?",
        )
        .bind(most)
        .fetch_all(self.pool())
        .await
        .map_err(Error::doing("read what refreshes took"))?;
        rows.iter().filter_map(|row| row.optional_json("observed").transpose()).collect()
    }

    /// Starts an attempt: the step's change of state and the attempt's row in one transaction. Returns the attempt and its
    /// number, counted over all runs of the batch.
    ///
    /// # Errors
    /// [`Error::StateChanged`] if the step is no longer as the decision saw it; or if the ledger cannot be written.
    pub async fn start_attempt(&self, run: RunId, change: &StepMove, at: DateTime<Utc>) -> Result<(AttemptId, u32)> {
        let mut transaction = self.begin().await?;
        step::move_state(&mut transaction, change, at).await?;
        let row = sqlx::query(
            "INSERT INTO attempt (step, run, number, state, started_at) \
             SELECT ?1, ?2, coalesce(max(number), 0) + 1, 'running', ?3 FROM attempt WHERE step = ?1 \
             RETURNING id, number",
        )
        .bind(change.step.0)
        .bind(run.0)
        .bind(stored(at))
        .fetch_one(&mut *transaction)
        .await
        .map_err(Error::doing("start an attempt"))?;
        Self::commit(transaction).await?;
        Ok((AttemptId(row.integer("id")?), row.number("number")?))
    }

    /// Ends an attempt: its outcome, the step's change of state, pins, publications and outputs in one transaction.
    ///
    /// # Errors
    /// [`Error::StateChanged`] if the attempt or its step is no longer as the decision saw it; or if the ledger cannot be
    /// written.
    pub async fn end_attempt(&self, end: &AttemptEnd, at: DateTime<Utc>) -> Result<()> {
        let mut transaction = self.begin().await?;
        finish(&mut transaction, end, at).await?;
        step::move_state(&mut transaction, &end.step, at).await?;
        for pin in &end.pins {
            pin::insert(&mut transaction, end.run, pin).await?;
        }
        for publication in &end.publications {
            publish(&mut transaction, end.attempt, publication).await?;
        }
        for output in &end.outputs {
            deliver(&mut transaction, end.attempt, output).await?;
        }
        if end.state == AttemptState::Succeeded {
            staged::forget(&mut transaction, end.attempt).await?;
        }
        Self::commit(transaction).await
    }

    /// Writes down what an attempt had made before its process died, as far as it is not known.
    ///
    /// # Errors
    /// If the ledger cannot be written.
    pub async fn recover_attempt(&self, attempt: AttemptId, publication: &PublicationRecord, outputs: &[OutputRecord]) -> Result<()> {
        let mut transaction = self.begin().await?;
        let known = sqlx::query("SELECT 1 FROM publication WHERE attempt = ?")
            .bind(attempt.0)
            .fetch_optional(&mut *transaction)
            .await
            .map_err(Error::doing("read what an attempt published"))?;
        if known.is_none() {
            publish(&mut transaction, attempt, publication).await?;
            for output in outputs {
                deliver(&mut transaction, attempt, output).await?;
            }
        }
        Self::commit(transaction).await
    }

    /// All attempts at the steps of a batch, oldest first.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub async fn attempts(&self, batch: BatchId) -> Result<Vec<AttemptRecord>> {
        sqlx::query("SELECT a.* FROM attempt a JOIN step s ON s.id = a.step WHERE s.batch = ? ORDER BY a.id")
            .bind(batch.0)
            .fetch_all(self.pool())
            .await
            .map_err(Error::doing("read the attempts of a batch"))?
            .iter()
            .map(read)
            .collect()
    }

    /// How many seconds each step took when it last succeeded, by its name, as far as the newest attempts tell.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub async fn usual_seconds(&self) -> Result<HashMap<String, f64>> {
        // SQLite takes the other columns from the row that has the maximum.
        let rows = sqlx::query(
            "SELECT s.name AS name, a.seconds AS seconds, max(a.id) FROM attempt a JOIN step s ON s.id = a.step \
             WHERE a.state = 'succeeded' AND a.id > (SELECT max(id) FROM attempt) - ? GROUP BY s.name",
        )
        .bind(ATTEMPTS_LOOKED_AT)
        .fetch_all(self.pool())
        .await
        .map_err(Error::doing("read how long steps took"))?;
        rows.iter().map(|row| Ok((row.text("name")?, row.real("seconds")?))).collect()
    }
}

pub(crate) fn read(row: &SqliteRow) -> Result<AttemptRecord> {
    Ok(AttemptRecord {
        id: AttemptId(row.integer("id")?),
        step: StepId(row.integer("step")?),
        run: RunId(row.integer("run")?),
        number: row.number("number")?,
        state: row.word("state")?,
        started_at: row.instant("started_at")?,
        finished_at: row.optional_instant("finished_at")?,
        fault: row.optional_fault("fault")?,
        retry_helps: row.optional_integer("retry_helps")?.map(|flag| flag != 0),
        message: row.optional_text("message")?,
        measures: Measures {
            rows_in: row.number("rows_in")?,
            rows_out: row.number("rows_out")?,
            bytes: row.number("bytes")?,
            spill_bytes: row.number("spill_bytes")?,
            peak_memory_bytes: row.number("peak_memory_bytes")?,
            seconds: row.real("seconds")?,
        },
        technique: row.optional_json("technique")?,
    })
}

async fn finish(connection: &mut SqliteConnection, end: &AttemptEnd, at: DateTime<Utc>) -> Result<()> {
    let failure = end.failure.as_ref();
    let changed = sqlx::query(
        "UPDATE attempt SET state = ?, finished_at = ?, fault = ?, retry_helps = ?, message = ?, rows_in = ?, \
         rows_out = ?, bytes = ?, spill_bytes = ?, peak_memory_bytes = ?, seconds = ?, technique = ? \
         WHERE id = ? AND state = 'running'",
    )
    .bind(end.state.as_str())
    .bind(stored(at))
    .bind(failure.map(|failure| failure.fault.as_str()))
    .bind(failure.map(|failure| failure.retry_helps))
    .bind(failure.map(|failure| failure.message.as_str()))
    .bind(count(end.measures.rows_in))
    .bind(count(end.measures.rows_out))
    .bind(count(end.measures.bytes))
    .bind(count(end.measures.spill_bytes))
    .bind(count(end.measures.peak_memory_bytes))
    .bind(end.measures.seconds)
    .bind(end.technique.as_ref().map(serde_json::Value::to_string))
    .bind(end.attempt.0)
    .execute(connection)
    .await
    .map_err(Error::doing("end an attempt"))?;
    if changed.rows_affected() == 1 {
        return Ok(());
    }
    Err(Error::StateChanged { what: format!("attempt {}", end.attempt), expected: AttemptState::Running.as_str(), found: "ended or absent".to_owned() })
}

async fn publish(connection: &mut SqliteConnection, attempt: AttemptId, publication: &PublicationRecord) -> Result<()> {
    sqlx::query("INSERT INTO publication (attempt, table_name, version_before, version_after) VALUES (?, ?, ?, ?)")
        .bind(attempt.0)
        .bind(&publication.table)
        .bind(publication.version_before)
        .bind(publication.version_after)
        .execute(connection)
        .await
        .map_err(Error::doing("record a publication"))?;
    Ok(())
}

async fn deliver(connection: &mut SqliteConnection, attempt: AttemptId, output: &OutputRecord) -> Result<()> {
    sqlx::query("INSERT INTO output (attempt, path, report, rows, bytes, sha256, unchanged) VALUES (?, ?, ?, ?, ?, ?, ?)")
        .bind(attempt.0)
        .bind(&output.path)
        .bind(&output.report)
        .bind(count(output.rows))
        .bind(count(output.bytes))
        .bind(&output.sha256)
        .bind(output.unchanged)
        .execute(connection)
        .await
        .map_err(Error::doing("record an output"))?;
    Ok(())
}
