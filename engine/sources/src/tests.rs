#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod loads;
mod place;
mod readers;
mod winners;
