//! Corrected files: which of their rows stand in the table already, just as they are.
//!
//! A file that comes again differs in a few rows, or in none. A stored row of the same file and line with the same values stays where
//! it is, so that only what changed is written, and a file that changes no row is marks alone.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher as _, RandomState};

use arrow::array::{AsArray as _, RecordBatch};
use arrow::datatypes::{Int64Type, SchemaRef};
use arrow::row::{RowConverter, SortField};

use crate::Result;
use crate::columns::{FILE, LINE, strings};
use crate::origin::RowSet;

/// The files that take the place of earlier ones, and what their rows are.
pub(crate) struct Corrections {
    files: BTreeSet<String>,
    fields: Vec<SortField>,
    /// Two hashes under random keys make 128 bits, which no two rows share by chance.
    hashers: [RandomState; 2],
    /// Hashes of the new rows by file and line.
    new: HashMap<String, HashMap<i64, u128>>,
    kept: RowSet,
}

impl Corrections {
    pub(crate) fn new(schema: &SchemaRef) -> Self {
        let fields = schema.fields().iter().map(|field| SortField::new(field.data_type().clone())).collect();
        let hashers = [RandomState::new(), RandomState::new()];
        Self { files: BTreeSet::new(), fields, hashers, new: HashMap::new(), kept: RowSet::default() }
    }

    /// Announces a corrected file.
    pub(crate) fn announce(&mut self, identity: String) {
        self.files.insert(identity);
    }

    /// The corrected files.
    pub(crate) const fn files(&self) -> &BTreeSet<String> {
        &self.files
    }

    /// Takes new rows of one file; whether it is a corrected one.
    pub(crate) fn observe(&mut self, rows: &RecordBatch) -> Result<bool> {
        if self.files.is_empty() || rows.num_rows() == 0 {
            return Ok(false);
        }
        let hashes = self.hashes(rows)?;
        let Some(file) = hashes.first().map(|(file, _, _)| file.clone()).filter(|file| self.files.contains(file)) else { return Ok(false) };
        self.new.entry(file).or_default().extend(hashes.into_iter().map(|(_, line, hash)| (line, hash)));
        Ok(true)
    }

    /// Takes stored rows; those that are new rows as well are kept.
    pub(crate) fn compare(&mut self, stored: &RecordBatch) -> Result<()> {
        for (file, line, hash) in self.hashes(stored)? {
            if self.new.get(&file).and_then(|lines| lines.get(&line)) == Some(&hash) {
                self.kept.insert_row(&file, line);
            }
        }
        Ok(())
    }

    /// New rows that are stored already.
    pub(crate) const fn kept(&self) -> &RowSet {
        &self.kept
    }

    fn hashes(&self, rows: &RecordBatch) -> Result<Vec<(String, i64, u128)>> {
        let converted = RowConverter::new(self.fields.clone())?.convert_columns(rows.columns())?;
        let (Some(files), Some(lines)) = (rows.column_by_name(FILE), rows.column_by_name(LINE)) else { return Ok(vec![]) };
        let (files, lines) = (strings(files)?, lines.as_primitive::<Int64Type>());
        let hash = |row: &[u8]| {
            let [high, low] = self.hashers.each_ref().map(|hasher| u128::from(hasher.hash_one(row)));
            high << 64 | low
        };
        let rows = converted.iter().enumerate();
        Ok(rows.map(|(row, values)| (files.value(row).to_owned(), lines.value(row), hash(values.as_ref()))).collect())
    }
}
