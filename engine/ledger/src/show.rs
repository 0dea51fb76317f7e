//! What `nightshift runs` lists and `nightshift show` prints of one batch.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::sqlite::SqliteRow;

use crate::audit::AuditRecord;
use crate::batch;
use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::records::{AttemptRecord, BatchId, BatchRecord, Measures, OutputRecord, Pin, PublicationRecord, RunRecord, StepRecord};
use crate::row::Columns;
use crate::verification::VerificationRecord;

/// Which batches to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchFilter {
    /// Only this pipeline's.
    pub pipeline: Option<String>,
    /// Only those of this business date or a later one.
    pub since: Option<NaiveDate>,
    /// At most so many.
    pub limit: u32,
}

/// A line of the list.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchSummary {
    /// The batch.
    pub batch: BatchRecord,
    /// How many runs it had.
    pub runs: u32,
    /// When its newest run was opened.
    pub started_at: DateTime<Utc>,
    /// When its newest run ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// How many steps it has.
    pub steps: u32,
    /// How many of them succeeded.
    pub succeeded: u32,
    /// How many of them failed.
    pub failed: u32,
    /// How many of them were skipped.
    pub skipped: u32,
    /// Over the attempts of its newest run: sums, the greatest peak of memory, and the seconds of all steps together.
    pub measures: Measures,
}

/// A step with all that was tried and made for it.
#[derive(Debug, Clone, PartialEq)]
pub struct StepDetail {
    /// The step.
    pub step: StepRecord,
    /// Its attempts, oldest first, each with what it published and made.
    pub attempts: Vec<(AttemptRecord, Vec<PublicationRecord>, Vec<OutputRecord>)>,
}

/// Everything that the ledger holds of a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchDetail {
    /// The batch.
    pub batch: BatchRecord,
    /// Its runs, oldest first, each with its pins.
    pub runs: Vec<(RunRecord, Vec<Pin>)>,
    /// Its steps in their order.
    pub steps: Vec<StepDetail>,
    /// What was verified by it, oldest first.
    pub verifications: Vec<VerificationRecord>,
    /// What the audit says of it, oldest first.
    pub audit: Vec<AuditRecord>,
}

impl Ledger {
    /// The batches of a project, the newest run first.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub async fn batches(&self, filter: &BatchFilter) -> Result<Vec<BatchSummary>> {
        sqlx::query(LIST)
            .bind(filter.pipeline.as_deref())
            .bind(filter.since.map(|date| date.to_string()))
            .bind(i64::from(filter.limit))
            .fetch_all(self.pool())
            .await
            .map_err(Error::doing("list the batches"))?
            .iter()
            .map(read_summary)
            .collect()
    }

    /// Everything about one batch.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub async fn batch_detail(&self, batch: BatchId) -> Result<Option<BatchDetail>> {
        let Some(record) = self.batch(batch).await? else {
            return Ok(None);
        };
        let mut runs = Vec::new();
        for run in self.runs(batch).await? {
            let pins = self.pins(run.id).await?;
            runs.push((run, pins));
        }
        let mut steps: Vec<StepDetail> = self.steps(batch).await?.into_iter().map(|step| StepDetail { step, attempts: Vec::new() }).collect();
        let mut publications = self.publications(batch).await?;
        let mut outputs = self.outputs(batch).await?;
        for attempt in self.attempts(batch).await? {
            let published = take(&mut publications, attempt.id.0);
            let made = take(&mut outputs, attempt.id.0);
            if let Some(detail) = steps.iter_mut().find(|detail| detail.step.id == attempt.step) {
                detail.attempts.push((attempt, published, made));
            }
        }
        let audit = self.audit_entries(Some(batch)).await?;
        let verifications = self.verifications(batch).await?;
        Ok(Some(BatchDetail { batch: record, runs, steps, verifications, audit }))
    }

    async fn publications(&self, batch: BatchId) -> Result<Vec<(i64, PublicationRecord)>> {
        sqlx::query(
            "SELECT p.* FROM publication p JOIN attempt a ON a.id = p.attempt JOIN step s ON s.id = a.step \
             WHERE s.batch = ? ORDER BY p.attempt, p.table_name",
        )
        .bind(batch.0)
        .fetch_all(self.pool())
        .await
        .map_err(Error::doing("read the publications of a batch"))?
        .iter()
        .map(|row| {
            let publication = PublicationRecord {
                table: row.text("table_name")?,
                version_before: row.optional_integer("version_before")?,
                version_after: row.integer("version_after")?,
            };
            Ok((row.integer("attempt")?, publication))
        })
        .collect()
    }

    async fn outputs(&self, batch: BatchId) -> Result<Vec<(i64, OutputRecord)>> {
        sqlx::query(
            "SELECT o.* FROM output o JOIN attempt a ON a.id = o.attempt JOIN step s ON s.id = a.step \
             WHERE s.batch = ? ORDER BY o.attempt, o.path",
        )
        .bind(batch.0)
        .fetch_all(self.pool())
        .await
        .map_err(Error::doing("read the outputs of a batch"))?
        .iter()
        .map(|row| Ok((row.integer("attempt")?, read_output(row)?)))
        .collect()
    }

    /// The newest record of a file at this path, over all batches: what a re-run is compared with.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub async fn latest_output(&self, path: &str) -> Result<Option<(BatchId, OutputRecord)>> {
        sqlx::query(
            "SELECT o.*, s.batch FROM output o JOIN attempt a ON a.id = o.attempt JOIN step s ON s.id = a.step \
             WHERE o.path = ? ORDER BY o.attempt DESC LIMIT 1",
        )
        .bind(path)
        .fetch_optional(self.pool())
        .await
        .map_err(Error::doing("find an output"))?
        .map(|row| Ok((BatchId(row.integer("batch")?), read_output(&row)?)))
        .transpose()
    }
}

const LIST: &str = "\
SELECT b.*, newest.number AS runs, newest.started_at, newest.finished_at,
       (SELECT count(*) FROM step s WHERE s.batch = b.id) AS steps,
       (SELECT count(*) FROM step s WHERE s.batch = b.id AND s.state = 'succeeded') AS succeeded,
       (SELECT count(*) FROM step s WHERE s.batch = b.id AND s.state = 'failed') AS failed,
       (SELECT count(*) FROM step s WHERE s.batch = b.id AND s.state = 'skipped') AS skipped,
       coalesce(sum(a.rows_in), 0) AS rows_in, coalesce(sum(a.rows_out), 0) AS rows_out,
       coalesce(sum(a.bytes), 0) AS bytes, coalesce(sum(a.spill_bytes), 0) AS spill_bytes,
       coalesce(max(a.peak_memory_bytes), 0) AS peak_memory_bytes, coalesce(sum(a.seconds), 0.0) AS seconds
FROM batch b
JOIN run newest ON newest.id = (SELECT max(id) FROM run WHERE batch = b.id)
LEFT JOIN attempt a ON a.run = newest.id
WHERE (?1 IS NULL OR b.pipeline = ?1) AND (?2 IS NULL OR b.business_date >= ?2)
GROUP BY b.id
ORDER BY newest.id DESC
LIMIT ?3";

fn read_summary(row: &SqliteRow) -> Result<BatchSummary> {
    Ok(BatchSummary {
        batch: batch::read(row)?,
        runs: row.number("runs")?,
        started_at: row.instant("started_at")?,
        finished_at: row.optional_instant("finished_at")?,
        steps: row.number("steps")?,
        succeeded: row.number("succeeded")?,
        failed: row.number("failed")?,
        skipped: row.number("skipped")?,
        measures: Measures {
            rows_in: row.number("rows_in")?,
            rows_out: row.number("rows_out")?,
            bytes: row.number("bytes")?,
            spill_bytes: row.number("spill_bytes")?,
            peak_memory_bytes: row.number("peak_memory_bytes")?,
            seconds: row.real("seconds")?,
        },
    })
}

fn read_output(row: &SqliteRow) -> Result<OutputRecord> {
    Ok(OutputRecord {
        report: row.text("report")?,
        path: row.text("path")?,
        rows: row.number("rows")?,
        bytes: row.number("bytes")?,
        sha256: row.text("sha256")?,
        unchanged: row.integer("unchanged")? != 0,
    })
}

/// Takes what belongs to an attempt out of a list.
fn take<T>(all: &mut Vec<(i64, T)>, attempt: i64) -> Vec<T> {
    all.extract_if(.., |(owner, _)| *owner == attempt).map(|(_, value)| value).collect()
}
