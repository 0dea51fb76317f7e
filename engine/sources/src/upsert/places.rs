//! Where rows stand in a file of the table, so that they can go while the file stays.

use arrow::array::{AsArray as _, RecordBatch};
use arrow::datatypes::Int64Type;
use nightshift_lake::{DataFile, Positions, ROW_NUMBER};

use crate::Result;
use crate::columns::{FILE, LINE, strings};
use crate::ingest::Keep;
use crate::origin::RowSet;

/// More rows than so many are not taken out of a file that stays: they stand in the log, which every reader reads, with at most two bytes for
/// each.
const MOST: u64 = 32_768;

/// Rows by file and line, each with its position.
pub(super) struct Places {
    rows: Vec<(String, i64, u64)>,
    /// How many rows may go.
    most: u64,
}

impl Places {
    /// None yet; nothing for a file that does not stay.
    pub(super) fn of(file: &DataFile, keep: Keep) -> Option<Self> {
        let left = file.rows().filter(|rows| *rows >= keep.rows)?;
        let all = left + file.gone();
        Some(Self { rows: Vec::new(), most: (all / keep.share.max(1)).min(MOST).saturating_sub(file.gone()) })
    }

    /// Takes rows; whether they are still few enough to go while the file stays.
    pub(super) fn add(&mut self, rows: &RecordBatch) -> Result<bool> {
        let columns = (rows.column_by_name(FILE), rows.column_by_name(LINE), rows.column_by_name(ROW_NUMBER));
        let (Some(files), Some(lines), Some(positions)) = columns else { return Ok(false) };
        let (lines, positions) = (lines.as_primitive::<Int64Type>().values(), positions.as_primitive::<Int64Type>().values());
        for ((file, line), position) in strings(files)?.iter().zip(lines).zip(positions) {
            let (Some(file), Ok(position)) = (file, u64::try_from(*position)) else { return Ok(false) };
            self.rows.push((file.to_owned(), *line, position));
        }
        Ok(u64::try_from(self.rows.len()).is_ok_and(|rows| rows <= self.most))
    }

    /// The positions of the rows that are in one of two sets.
    pub(super) fn of_rows(&self, one: &RowSet, other: &RowSet) -> Positions {
        let goes = |file: &str, line: i64| one.contains(file, line) || other.contains(file, line);
        self.rows.iter().filter(|(file, line, _)| goes(file, *line)).map(|(_, _, position)| *position).collect()
    }
}
