//! Delta tables: what a version of a table holds, how it is scanned, what changed between two versions, and the only code of
//! Nightshift that commits.
//!
//! The crate knows Delta, Parquet, Arrow and DataFusion; it knows nothing of contracts, rollups or reports, and it is handed a
//! session, it never builds one. Start reading at [`Lake`], then [`Snapshot`] for reading, and [`StagedWriter`] and [`Commit`]
//! for writing: rows are first written to files that no reader sees, may be scanned and checked there, and become visible in
//! one commit that is a compare-and-swap on the version of the table.

mod cache;
mod change;
mod changed_rows;
mod commit;
mod deletion;
mod error;
mod file;
mod history;
mod lake;
mod layout;
mod maintenance;
mod marks;
mod name;
mod provider;
mod snapshot;
mod stage;
mod statistics;
#[cfg(test)]
mod tests;

pub use change::{ChangeSet, NoChangeSet};
pub use changed_rows::ChangedRows;
pub use commit::{Commit, DELETION_VECTORS, Deletion};
pub use deletion::Positions;
pub use error::{Error, Result};
pub use file::DataFile;
pub use history::HistoryEntry;
pub use lake::Lake;
pub use layout::{COMMENT, TableLayout, UNIT};
pub use maintenance::{Keep, Vacuumed};
pub use name::{TableKind, TableName};
pub use provider::{FileTable, ROW_NUMBER, ScanOptions};
pub use snapshot::Snapshot;
pub use stage::{AUTHOR, StageJournal, StageOptions, Staged, StagedWriter};
pub use statistics::{ColumnStatistics, FileStatistics};
