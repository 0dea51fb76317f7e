//! Puts the parts together: a project folder becomes a [`Workspace`], a pipeline becomes steps, and each step does its work.
//!
//! Only this crate builds sessions and knows all the others. It holds no SQL text and makes no Delta calls of its own beyond reading
//! snapshots. Start reading at [`Workspace`], then [`batch`], then [`steps`]; what analysts ask is in
//! [`preview`], [`query`], [`rewrite`], [`lineage`], [`explain`],
//! [`verify`], [`diff`], [`test`] and [`show`].

pub mod backfill;
pub mod batch;
mod counted;
pub mod demo;
pub mod diff;
mod error;
pub mod explain;
mod feeders;
pub mod generate;
mod history;
pub mod lineage;
mod named;
mod pins;
pub mod plan;
pub mod preview;
pub mod query;
pub mod rewrite;
pub mod show;
pub mod steps;
pub mod test;
pub mod verify;
mod workspace;

pub use error::{Error, Result, chain};
pub use named::Named;
pub use workspace::Workspace;
