//! How queries run: sessions, memory pools, spill and measurement.
//!
//! An [`Engine`] stands for one batch: it owns the batch's memory and spill directory. Each step gets a [`StepSession`] from it,
//! whose own pool lies under the batch's. The crate knows DataFusion and the calendar, but no tables, no SQL text and no ledger.
//! Start reading at [`engine`], then [`pool`].

pub mod engine;
mod error;
mod input;
mod join_filter;
mod keys_first;
pub mod measure;
mod page_cache;
pub mod pool;
pub mod run;
mod running;
mod sharing;
mod sorted_joins;
#[cfg(test)]
mod tests;

pub use engine::{Engine, Joins, Limits, StepSession};
pub use error::{Error, Result};
pub use measure::Measurement;
