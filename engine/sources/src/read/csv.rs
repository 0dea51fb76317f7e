//! CSV as RFC 4180 has it: quotes, quoted line ends, one header line. An empty field is NULL.

use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};

use csv::ByteRecord;
use datafusion::arrow::array::Int64Array;
use nightshift_compile::contract::Contract;
use nightshift_quality::RawBatch;

use super::text::TextColumn;
use super::{Broken, Chunk, Reader, Records, match_columns};
use crate::{Error, Result};

/// How much of the file is read at once.
const BUFFER: usize = 256 * 1024;
/// A column this large ends its batch early.
const COLUMN_LIMIT: usize = 256 * 1024 * 1024;

pub(crate) struct CsvReader {
    path: PathBuf,
    reader: csv::Reader<File>,
    /// For each column of the contract its field.
    positions: Vec<usize>,
    extra: Vec<String>,
    fields: usize,
    batch_size: usize,
    record: ByteRecord,
    columns: Vec<TextColumn>,
}

impl CsvReader {
    pub(crate) fn open(path: &Path, contract: &Contract, batch_size: usize) -> Result<Self> {
        let failed = |source| Error::Read { path: path.to_path_buf(), source };
        let file = File::open(path).map_err(failed)?;
        let empty = file.metadata().map_err(failed)?.len() == 0;
        let mut reader = csv::ReaderBuilder::new().delimiter(contract.header.delimiter).flexible(true).buffer_capacity(BUFFER).from_reader(file);
        let header = reader.byte_headers().map_err(|error| csv_error(path, error))?;
        let found: Vec<String> = header.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
        let (positions, extra) = if empty {
            (Vec::new(), Vec::new())
        } else {
            let matching = match_columns(path, contract, &found)?;
            (matching.positions, matching.extra)
        };
        let columns = positions.iter().map(|_| TextColumn::with_capacity(batch_size)).collect();
        let (fields, path) = (found.len(), path.to_path_buf());
        Ok(Self { path, reader, positions, extra, fields, batch_size, record: ByteRecord::new(), columns })
    }

    /// Reads a record; gives its line and place.
    fn read(&mut self) -> Result<Option<(i64, Range<u64>)>> {
        let more = self.reader.read_byte_record(&mut self.record).map_err(|error| csv_error(&self.path, error))?;
        let Some(start) = self.record.position().filter(|_| more) else { return Ok(None) };
        let end = self.reader.position();
        let line = start.line() + self.blank_lines(start.line(), end.line());
        Ok(Some((i64::try_from(line).unwrap_or(i64::MAX), start.byte()..end.byte())))
    }

    /// The reader passes over blank lines before a record, and counts them to it.
    fn blank_lines(&self, start: u64, end: u64) -> u64 {
        let lines = end.saturating_sub(start);
        if lines <= 1 {
            return 0;
        }
        let inside = self.record.as_slice().iter().filter(|byte| **byte == b'\n').count();
        // The last record of a file may lack its line end, which makes this one line too few at worst.
        (lines - 1).saturating_sub(u64::try_from(inside).unwrap_or(u64::MAX))
    }
}

impl Reader for CsvReader {
    fn next(&mut self) -> Result<Option<Chunk>> {
        let mut lines = Vec::with_capacity(self.batch_size);
        let mut places = Vec::with_capacity(self.batch_size);
        let mut broken = Vec::new();
        while lines.len() < self.batch_size && broken.len() < self.batch_size {
            let Some((line, bytes)) = self.read()? else { break };
            if self.record.len() != self.fields {
                let reason = format!("the record has {} fields, the header has {}", self.record.len(), self.fields);
                broken.push(Broken { line, reason, bytes });
                continue;
            }
            // Letters beyond ASCII are the only ones that can be broken; most records have none.
            if !self.record.as_slice().is_ascii() && self.record.iter().any(|field| std::str::from_utf8(field).is_err()) {
                broken.push(Broken { line, reason: "the record is not UTF-8".to_owned(), bytes });
                continue;
            }
            let mut full = false;
            for (column, position) in self.columns.iter_mut().zip(&self.positions) {
                match self.record.get(*position) {
                    Some(field) if !field.is_empty() => column.push(field),
                    _ => column.push_null(),
                }
                full |= column.size() > COLUMN_LIMIT;
            }
            lines.push(line);
            places.push(bytes);
            if full {
                break;
            }
        }
        if lines.is_empty() && broken.is_empty() {
            return Ok(None);
        }
        let columns = self.columns.iter_mut().map(|column| Ok(Some(column.take()?))).collect::<Result<Vec<_>>>()?;
        let raw = RawBatch { columns, lines: Int64Array::from(lines) };
        Ok(Some(Chunk { raw, records: Records::Bytes(places), broken }))
    }

    fn extra_columns(&self) -> &[String] {
        &self.extra
    }
}

fn csv_error(path: &Path, error: csv::Error) -> Error {
    let text = error.to_string();
    let source = match error.into_kind() {
        csv::ErrorKind::Io(source) => source,
        _ => std::io::Error::other(text),
    };
    Error::Read { path: path.to_path_buf(), source }
}
