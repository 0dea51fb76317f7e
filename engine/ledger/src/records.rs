//! The rows of the ledger as typed values.

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use nightshift_diagnostic::Fault;

use crate::attempt::Failure;
use crate::words::{AttemptState, BatchState, RunCause, StepKind, StepState};

macro_rules! identifiers {
    ($($(#[$attribute:meta])* $name:ident),+ $(,)?) => {
        $(
            $(#[$attribute])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
            pub struct $name(pub i64);

            impl fmt::Display for $name {
                fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                    self.0.fmt(formatter)
                }
            }
        )+
    };
}

identifiers! {
    /// Names a batch.
    BatchId,
    /// Names one run of a batch.
    RunId,
    /// Names a step of a batch.
    StepId,
    /// Names one attempt at a step.
    AttemptId,
}

/// A batch: a pipeline for one business date. A new attempt at the same date is a new batch with pins of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchRecord {
    /// Its number, unique in the ledger.
    pub id: BatchId,
    /// The pipeline's name.
    pub pipeline: String,
    /// The business date, fixed at creation.
    pub business_date: NaiveDate,
    /// 1 for the first batch of this pipeline and date.
    pub attempt: u32,
    /// Where it stands.
    pub state: BatchState,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When its state last changed.
    pub changed_at: DateTime<Utc>,
}

impl BatchRecord {
    /// How people name it: `daily@2026-11-23`, with `#2` for a second attempt. [`crate::BatchReference`] reads it back.
    #[must_use]
    pub fn label(&self) -> String {
        match self.attempt {
            1 => format!("{}@{}", self.pipeline, self.business_date),
            attempt => format!("{}@{}#{attempt}", self.pipeline, self.business_date),
        }
    }
}

/// One go at a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRecord {
    /// Its number, unique in the ledger.
    pub id: RunId,
    /// Its batch.
    pub batch: BatchId,
    /// 1 for the batch's first run.
    pub number: u32,
    /// Why it was opened.
    pub cause: RunCause,
    /// Who ran it.
    pub owner: String,
    /// On which host.
    pub host: String,
    /// In which process.
    pub pid: u32,
    /// When it was opened.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// How it left the batch.
    pub ended_as: Option<BatchState>,
}

/// A step of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepRecord {
    /// Its number, unique in the ledger.
    pub id: StepId,
    /// Its batch.
    pub batch: BatchId,
    /// e.g. `refresh:depot_daily`, unique in its batch.
    pub name: String,
    /// What it does.
    pub kind: StepKind,
    /// To which source, rollup or report.
    pub target: String,
    /// 1 is the most urgent.
    pub priority: u8,
    /// Its place in the order of the batch, from 0.
    pub position: u32,
    /// Where it stands.
    pub state: StepState,
    /// Why it was skipped.
    pub reason: Option<String>,
    /// When its state last changed.
    pub changed_at: DateTime<Utc>,
}

/// What an attempt moved and needed.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Measures {
    /// Rows read.
    pub rows_in: u64,
    /// Rows written.
    pub rows_out: u64,
    /// Bytes written to the lake and to outputs.
    pub bytes: u64,
    /// Bytes spilled to disk.
    pub spill_bytes: u64,
    /// The most memory that was reserved at one time, in bytes.
    pub peak_memory_bytes: u64,
    /// Wall time in seconds.
    pub seconds: f64,
}

/// One attempt at a step.
#[derive(Debug, Clone, PartialEq)]
pub struct AttemptRecord {
    /// Its number, unique in the ledger.
    pub id: AttemptId,
    /// Its step.
    pub step: StepId,
    /// The run in which it was made.
    pub run: RunId,
    /// 1 for the step's first attempt, counted over all runs of the batch.
    pub number: u32,
    /// How it stands or ended.
    pub state: AttemptState,
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// Who has to act, if it failed.
    pub fault: Option<Fault>,
    /// Whether the same again may succeed, if it failed.
    pub retry_helps: Option<bool>,
    /// Why it failed or was interrupted.
    pub message: Option<String>,
    /// What it moved and needed.
    pub measures: Measures,
    /// For a refresh: the technique chosen, the others with why not, the prediction and what came of it.
    pub technique: Option<serde_json::Value>,
}

impl AttemptRecord {
    /// The failure as one value, if it failed.
    #[must_use]
    pub fn failure(&self) -> Option<Failure> {
        Some(Failure { fault: self.fault?, retry_helps: self.retry_helps?, message: self.message.clone()? })
    }
}

/// The version of a source that a run reads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pin {
    /// The source.
    pub source: String,
    /// The version of its table.
    pub version: i64,
}

/// A table version that was committed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PublicationRecord {
    /// The table's folder in the lake, e.g. `rollup/depot_daily`.
    pub table: String,
    /// The version it replaced; none where the table was created.
    pub version_before: Option<i64>,
    /// The version committed.
    pub version_after: i64,
}

/// A file made for people.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OutputRecord {
    /// The report.
    pub report: String,
    /// Where the file lies.
    pub path: String,
    /// Its rows, without a header.
    pub rows: u64,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its hash, in hexadecimal.
    pub sha256: String,
    /// Whether the very same file lay there already and was left untouched.
    pub unchanged: bool,
}

/// Data files that an attempt was about to write.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StagedFile {
    /// The attempt.
    pub attempt: AttemptId,
    /// The table's folder in the lake.
    pub table: String,
    /// What their names begin with.
    pub path: String,
}
