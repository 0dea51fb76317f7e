use std::path::PathBuf;

use chrono::NaiveDate;

use super::damage::Damage;
use super::source::Source;

/// What one file holds. The counts are what was meant; a reader is free to find out by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSummary {
    /// Whose rows they are.
    pub source: Source,
    /// Where the file is.
    pub path: PathBuf,
    /// Rows in the file, broken ones too, the header not.
    pub rows: u64,
    /// Rows that break the contract, the second one of a doubled key too. Invalid tax ids are among them.
    pub broken: u64,
    /// Rows that arrive a day or more after the day that they belong to.
    pub late: u64,
    /// Rows that change an earlier row of the same key.
    pub corrections: u64,
    /// Rows that delete an earlier row of the same key.
    pub deletions: u64,
    /// Size of the file.
    pub bytes: u64,
}

impl FileSummary {
    pub(super) fn new(source: Source, path: PathBuf) -> Self {
        FileSummary { source, path, rows: 0, broken: 0, late: 0, corrections: 0, deletions: 0, bytes: 0 }
    }

    /// Counts one row.
    pub(super) fn count(&mut self, damage: Option<Damage>) {
        self.rows += if damage == Some(Damage::Twice) { 2 } else { 1 };
        self.broken += u64::from(damage.is_some());
    }
}

/// What arrived on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DaySummary {
    /// The business date of the arrival, which names the folder.
    pub date: NaiveDate,
    /// One entry for each source, in the order of [`Source::ALL`].
    pub files: Vec<FileSummary>,
}

impl DaySummary {
    /// The file of a source.
    pub fn file(&self, source: Source) -> Option<&FileSummary> {
        self.files.iter().find(|file| file.source == source)
    }

    /// Rows of a source; 0 where no file was written.
    pub fn rows(&self, source: Source) -> u64 {
        self.file(source).map_or(0, |file| file.rows)
    }

    /// Rows of all sources.
    pub fn total_rows(&self) -> u64 {
        self.files.iter().map(|file| file.rows).sum()
    }

    /// Bytes of all files.
    pub fn total_bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}
