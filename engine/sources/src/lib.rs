//! What comes from outside: files that are read by contract and loaded into source tables exactly once.
//!
//! [`discover()`] finds what arrived, [`plan()`] says what of it is new, and [`ingest()`] loads it: rows that break the contract go to
//! the review table first, then one commit brings the good ones, with a mark for every file. Which files are loaded is known from the
//! table's Delta log alone ([`arrivals`]); how rows replace each other stands at the top of `upsert.rs`. The crate is handed sessions
//! and builds none. Start reading at [`ingest()`].

mod arrival;
mod changed;
mod columns;
mod correct;
mod discover;
mod error;
mod fingerprint;
mod ingest;
mod keys;
mod load;
mod memory;
mod origin;
mod plan;
mod read;
mod review;
mod route;
mod rows;
mod spool;
mod upsert;

pub use arrival::{Arrival, FileState, arrivals};
pub use discover::{IncomingFile, discover};
pub use error::{Error, Result};
pub use fingerprint::Fingerprint;
pub use ingest::{IngestReport, IngestRequest, Keep, ingest};
pub use plan::{IngestPlan, plan};

#[cfg(test)]
mod tests;
