//! What comes from outside: files that are read by contract and loaded into source tables exactly once.
//!
//! [`discover()`] finds what arrived, [`arrivals`] says what of it is new, and [`ingest`] loads it: rows that break the contract go to
//! the review table first, then one commit brings the good ones, with a mark for every file. The crate is handed sessions and builds
//! none. Start reading at [`ingest`].

mod arrival;
mod discover;
mod error;
mod fingerprint;
mod ingest;
mod merge;
mod read;
mod review;
mod stage;

pub use arrival::{Arrival, FileState, arrivals};
pub use discover::{IncomingFile, discover};
pub use error::{Error, Result};
pub use fingerprint::Fingerprint;
pub use ingest::{IngestReport, IngestRequest, ingest};
