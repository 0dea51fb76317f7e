//! Result rows into files that people open: CSV and Excel workbooks.
//!
//! It knows Arrow record batches and file formats; it knows no SQL, no lake and no project. Batches are pushed one by one and
//! never collected, so that a delivery needs the memory of one batch, however many rows pass through. The same rows with the
//! same options give the same bytes, on any day and machine: no writer here looks at a clock.
//!
//! Every file is written under `<name>.partial`, synced and renamed when it is whole; a reader sees a complete file or none.
//!
//! Start reading at [`Delivery`], then [`CsvDelivery`] and [`XlsxDelivery`]; what happens to a file that is there already is in
//! `publish.rs`, and how Arrow's types become cells is in `cell.rs`.

mod cell;
mod csv;
mod decimal;
mod error;
mod partial;
mod publish;
pub mod text;
mod xlsx;

use std::path::PathBuf;

use arrow::record_batch::RecordBatch;

pub use crate::csv::{Compression, CsvDelivery, CsvOptions};
pub use crate::error::{Error, Result};
pub use crate::xlsx::{XlsxDelivery, XlsxOptions};

/// A file, or a set of files, that is being written.
///
/// Dropped without [`finish`](Delivery::finish) it removes its partial files and leaves what was there before.
pub trait Delivery: Send {
    /// Appends the rows of one batch.
    ///
    /// # Errors
    /// When the batch has other columns than the delivery was created with, when a value cannot be represented, or when the file
    /// cannot be written. After an error the delivery cannot be finished.
    fn write(&mut self, batch: &RecordBatch) -> Result<()>;

    /// Completes the files and gives them their final names.
    ///
    /// # Errors
    /// When a file cannot be written, synced or renamed, and when an earlier `write` failed.
    fn finish(self: Box<Self>) -> Result<Vec<Delivered>>;
}

/// One finished file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// Where the file is.
    pub path: PathBuf,
    /// Data rows in it, without headers; for a list of parts, the number of parts.
    pub rows: u64,
    /// Size in bytes, as stored (compressed, if it is).
    pub bytes: u64,
    /// SHA-256 of the stored bytes, in lower-case hexadecimal.
    pub sha256: String,
    /// Whether the file holds rows or names the files that do.
    pub role: Role,
    /// What the delivery changed in the folder.
    pub change: Change,
}

/// What a delivered file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It holds rows of the result.
    Data,
    /// It names the parts of a split result, with rows, bytes and hash of each.
    PartList,
}

/// What became of the file that had the name before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// There was none.
    Created,
    /// It had the same bytes and was left as it is, its modification time too.
    Unchanged,
    /// It had other bytes.
    Replaced {
        /// Where the earlier file is now; `None` when the options said to overwrite it.
        earlier: Option<PathBuf>,
    },
}
