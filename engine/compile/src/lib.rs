//! From the SQL files of a project to plans, and what is proved about them before anything runs.
//!
//! [`Compiled::compile`] reads every file against the contracts, without any data. [`resolve`] brings a plan into our own form; on it
//! stand the proofs: bucket-locality and feeders in [`rollup`], lineage in [`lineage`], fingerprints. The crate knows DataFusion's
//! logical plans and the project; it reads no table and commits nothing. Start reading at [`Compiled`].

mod comparison;
mod compiled;
pub mod condition;
mod constants;
pub mod contract;
mod cycle;
mod determinism;
mod diagnose;
pub mod lineage;
mod output;
pub mod parameters;
pub mod planning;
pub mod report;
pub mod resolve;
pub mod rollup;
mod sql_type;

pub use compiled::Compiled;
pub use contract::Contract;
pub use report::Report;
pub use rollup::Rollup;
