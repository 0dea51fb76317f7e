//! Contracts and checks: which rows may enter the lake, and whether a result may leave it.
//!
//! [`Rules`] are a contract made executable: a [`RawBatch`] of a file goes in, typed rows and [`BadRow`]s with their reasons
//! come out; no bad row stops the others. [`report`] runs the checks of a report over its staged result. The crate reads no
//! file and commits nothing; sessions are handed in. Start reading at [`Rules`].

mod cast;
mod error;
mod keys;
mod local_clock;
pub mod report;
mod review;
mod rules;
mod text;
mod validate;

pub use cast::{accepts, read_values};
pub use error::{Error, Result};
pub use local_clock::LocalClock;
pub use review::{ReviewRow, review_batch, review_schema};
pub use rules::Rules;
pub use validate::{BadRow, FileValidator, RawBatch, Validated};
