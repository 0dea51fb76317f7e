//! Who is told of a stage before its first file is written, and named in its commits, so that what a dead process leaves is found again.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::name::TableName;

/// Writes down the identities of stages.
#[async_trait]
pub trait StageJournal: Debug + Send + Sync {
    /// A stage is about to write its first file for a table; the names of all its files begin with `stage`.
    ///
    /// # Errors
    /// If it cannot be written down; the stage then writes nothing.
    async fn begins(&self, table: &TableName, stage: &str) -> Result<(), Box<dyn std::error::Error + Send + Sync>>;

    /// Who writes, in words that nobody else ever has: they stand in the information of its commits under [`AUTHOR`].
    fn author(&self) -> Option<String> {
        None
    }
}

/// The key in the information of a commit under which its author stands.
pub const AUTHOR: &str = "attempt";
