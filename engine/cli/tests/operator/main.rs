//! What an operator meets: the real program, signals, a dead process, a lock that is held, and what the screens say.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr)]

mod backfill;
mod deaths;
mod failures;
mod instants;
mod oracle;
mod outcome;
mod place;
mod screens;
mod stops;
mod together;
