//! Files as batches of raw rows, one reader for each format.

mod csv;
mod json;
mod jsonl;
mod parquet;
mod text;

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::json::LineDelimitedWriter;
use nightshift_compile::contract::Contract;
use nightshift_diagnostic::did_you_mean;
use nightshift_project::Format;
use nightshift_quality::RawBatch;

use crate::{Error, Result};

/// As much of a record as the review table keeps, in bytes: a quote that is never closed makes a record of the whole rest.
const RECORD_LIMIT: u64 = 64 * 1024;

/// Some rows of a file.
pub(crate) struct Chunk {
    /// Rows that could be split into fields.
    pub(crate) raw: RawBatch,
    /// Where the text of each of these rows is.
    pub(crate) records: Records,
    /// Records that could not be.
    pub(crate) broken: Vec<Broken>,
}

/// A record that is no row.
pub(crate) struct Broken {
    pub(crate) line: i64,
    pub(crate) reason: String,
    pub(crate) bytes: Range<u64>,
}

/// The records behind the rows of a chunk.
pub(crate) enum Records {
    /// Places in the file.
    Bytes(Vec<Range<u64>>),
    /// The rows themselves, where the file has no text.
    Rows(RecordBatch),
}

/// Reads a file of a source, batch by batch.
pub(crate) trait Reader: Send {
    /// The next rows; nothing at the end.
    fn next(&mut self) -> Result<Option<Chunk>>;

    /// Columns of the file that the contract does not have.
    fn extra_columns(&self) -> &[String];
}

/// Opens a file. `columns` tells which columns of the contract are wanted, all others stay empty.
///
/// # Errors
/// [`Error::Shape`] if the file lacks a column of the contract or has it with a type that cannot become the contract's.
pub(crate) fn open(path: &Path, contract: &Contract, batch_size: usize) -> Result<Box<dyn Reader>> {
    Ok(match contract.header.format {
        Format::Csv => Box::new(csv::CsvReader::open(path, contract, batch_size)?),
        Format::Jsonl => Box::new(jsonl::JsonReader::open(path, contract, batch_size)?),
        Format::Parquet => Box::new(parquet::ParquetReader::open(path, contract, batch_size)?),
    })
}

/// Fetches the text of single records, for the review table.
pub(crate) struct RecordText {
    path: PathBuf,
    file: Option<File>,
}

impl RecordText {
    pub(crate) fn new(path: &Path) -> Self {
        Self { path: path.to_path_buf(), file: None }
    }

    /// The record of a row.
    pub(crate) fn of(&mut self, records: &Records, row: usize) -> Result<String> {
        match records {
            Records::Bytes(places) => places.get(row).map_or_else(|| Ok(String::new()), |bytes| self.at(bytes)),
            Records::Rows(rows) => as_json(&rows.slice(row, 1)),
        }
    }

    /// The text at a place of the file, without the line's end; bytes that are not UTF-8 are replaced.
    pub(crate) fn at(&mut self, bytes: &Range<u64>) -> Result<String> {
        let raw = self.read(bytes).map_err(|source| Error::Read { path: self.path.clone(), source })?;
        let mut text = String::from_utf8_lossy(&raw).trim_matches(['\n', '\r']).to_owned();
        if bytes.end - bytes.start > RECORD_LIMIT {
            text.push('…');
        }
        Ok(text)
    }

    fn read(&mut self, bytes: &Range<u64>) -> io::Result<Vec<u8>> {
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(File::open(&self.path)?),
        };
        file.seek(SeekFrom::Start(bytes.start))?;
        let mut raw = Vec::new();
        file.take((bytes.end - bytes.start).min(RECORD_LIMIT)).read_to_end(&mut raw)?;
        Ok(raw)
    }
}

fn as_json(row: &RecordBatch) -> Result<String> {
    let mut writer = LineDelimitedWriter::new(Vec::new());
    writer.write(row)?;
    writer.finish()?;
    Ok(String::from_utf8_lossy(&writer.into_inner()).trim_end().to_owned())
}

/// Which column of the file is which of the contract, by name.
pub(crate) struct Matching {
    /// For each column of the contract its position in the file.
    pub(crate) positions: Vec<usize>,
    /// Columns of the file that the contract does not have.
    pub(crate) extra: Vec<String>,
}

/// Finds the contract's columns among those of a file; a name that fits except for its case is taken if no other fits.
fn match_columns(path: &Path, contract: &Contract, found: &[String]) -> Result<Matching> {
    let mut problems = Vec::new();
    let mut positions = Vec::with_capacity(contract.columns.len());
    for column in &contract.columns {
        let exact = found.iter().position(|name| *name == column.name);
        match exact.or_else(|| found.iter().position(|name| name.eq_ignore_ascii_case(&column.name))) {
            Some(position) => positions.push(position),
            None => {
                let unused = found.iter().map(String::as_str).filter(|name| contract.column(name).is_none());
                let hint = did_you_mean(&column.name, unused).map(|hint| format!(" ({hint})")).unwrap_or_default();
                problems.push(format!("it has no column `{}`{hint}", column.name));
            }
        }
    }
    for (index, name) in found.iter().enumerate() {
        if contract.column(name).is_some() && found.iter().take(index).any(|earlier| earlier == name) {
            problems.push(format!("it has the column `{name}` twice"));
        }
    }
    if !problems.is_empty() {
        return Err(Error::Shape { path: path.to_path_buf(), source_name: contract.name.clone(), problems });
    }
    let extra = found.iter().enumerate().filter(|(index, _)| !positions.contains(index)).map(|(_, name)| name.clone()).collect();
    Ok(Matching { positions, extra })
}

/// A schema without what only matters to whoever wrote the file.
fn names(schema: &SchemaRef) -> Vec<String> {
    schema.fields().iter().map(|field| field.name().clone()).collect()
}
