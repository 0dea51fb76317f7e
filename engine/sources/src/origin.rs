//! Rows by where they came from: file and line name a row of a source.

use std::collections::HashMap;

use arrow::array::{AsArray as _, BooleanArray, RecordBatch};
use arrow::datatypes::Int64Type;
use roaring::RoaringTreemap;

use crate::Result;
use crate::columns::{FILE, LINE, strings};

/// A set of rows, a bitmap of lines for each file.
#[derive(Debug, Clone, Default)]
pub(crate) struct RowSet {
    files: HashMap<String, RoaringTreemap>,
}

impl RowSet {
    /// Takes all rows of a batch; gives for each whether it was not there yet.
    pub(crate) fn insert(&mut self, rows: &RecordBatch) -> Result<Vec<bool>> {
        let mut fresh = Vec::with_capacity(rows.num_rows());
        let files = &mut self.files;
        each(rows, |file, line| {
            if !files.contains_key(file) {
                files.insert(file.to_owned(), RoaringTreemap::new());
            }
            fresh.push(files.get_mut(file).is_some_and(|lines| lines.insert(line)));
        })?;
        Ok(fresh)
    }

    /// Takes one row.
    pub(crate) fn insert_row(&mut self, file: &str, line: i64) {
        if !self.files.contains_key(file) {
            self.files.insert(file.to_owned(), RoaringTreemap::new());
        }
        if let Some(lines) = self.files.get_mut(file) {
            lines.insert(line.cast_unsigned());
        }
    }

    /// Whether a row is in the set.
    pub(crate) fn contains(&self, file: &str, line: i64) -> bool {
        self.files.get(file).is_some_and(|lines| lines.contains(line.cast_unsigned()))
    }

    /// For each row of a batch whether it is in the set; nothing if none is.
    pub(crate) fn mask(&self, rows: &RecordBatch) -> Result<Option<BooleanArray>> {
        if self.files.is_empty() {
            return Ok(None);
        }
        let mut found = Vec::with_capacity(rows.num_rows());
        let mut last: Option<(String, Option<&RoaringTreemap>)> = None;
        each(rows, |file, line| {
            let lines = match &last {
                Some((known, lines)) if known == file => *lines,
                _ => {
                    let lines = self.files.get(file);
                    last = Some((file.to_owned(), lines));
                    lines
                }
            };
            found.push(lines.is_some_and(|lines| lines.contains(line)));
        })?;
        Ok(found.contains(&true).then(|| BooleanArray::from(found)))
    }

    /// Whether the two sets share a row.
    pub(crate) fn meets(&self, other: &Self) -> bool {
        self.files.iter().any(|(file, lines)| other.files.get(file).is_some_and(|others| !lines.is_disjoint(others)))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// How many rows it holds.
    pub(crate) fn len(&self) -> u64 {
        self.files.values().map(RoaringTreemap::len).sum()
    }

    /// Takes all rows of another set.
    pub(crate) fn extend(&mut self, other: Self) {
        for (file, lines) in other.files {
            *self.files.entry(file).or_default() |= lines;
        }
    }
}

fn each(rows: &RecordBatch, mut row: impl FnMut(&str, u64)) -> Result<()> {
    let (Some(files), Some(lines)) = (rows.column_by_name(FILE), rows.column_by_name(LINE)) else { return Ok(()) };
    let (files, lines) = (strings(files)?, lines.as_primitive::<Int64Type>());
    for (file, line) in files.iter().zip(lines.iter()) {
        if let (Some(file), Some(line)) = (file, line) {
            row(file, line.cast_unsigned());
        }
    }
    Ok(())
}
