//! The record of what was run, by whom, with what outcome: batches, their runs and steps, every attempt at a step, pinned
//! source versions, published table versions, files made, what was verified, who holds a lock, and the audit.
//!
//! It is the only crate that holds state SQL (SQLite in one file). It stores states and refuses a change of state that does
//! not start from what is stored, but which change is legal is `nightshift-orchestrate`'s to know; it knows no clock either,
//! callers pass the time in. Start reading at [`Ledger`], then the typed rows in `records.rs`.

mod attempt;
mod audit;
mod batch;
mod error;
mod ledger;
mod lock;
mod pin;
mod process;
mod records;
mod reference;
mod row;
mod run;
mod show;
mod staged;
mod step;
#[cfg(test)]
mod tests;
mod verification;
mod words;

pub use attempt::{AttemptEnd, Failure};
pub use audit::{AuditEntry, AuditRecord};
pub use error::{Error, Result};
pub use ledger::Ledger;
pub use lock::{Lock, LockOutcome};
pub use process::{Liveness, Owner, Process};
pub use records::{
    AttemptId, AttemptRecord, BatchId, BatchRecord, Measures, OutputRecord, Pin, PublicationRecord, RunId, RunRecord, StagedFile, StepId, StepRecord,
};
pub use reference::BatchReference;
pub use run::{BatchTarget, CarriedPins, PlannedStep, RunEnd, RunOpening};
pub use show::{BatchDetail, BatchFilter, BatchSummary, StepDetail};
pub use step::StepMove;
pub use verification::VerificationRecord;
pub use words::{AttemptState, BatchState, RunCause, StepKind, StepState, UnknownWord};
