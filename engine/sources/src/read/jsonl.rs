//! JSON lines: one object a line, members in any order.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::ops::Range;
use std::path::{Path, PathBuf};

use datafusion::arrow::array::Int64Array;
use nightshift_compile::contract::Contract;
use nightshift_quality::RawBatch;

use super::json::{Value, members};
use super::text::TextColumn;
use super::{Broken, Chunk, Reader, Records};
use crate::{Error, Result};

/// How much of the file is read at once.
const BUFFER: usize = 256 * 1024;
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

pub(crate) struct JsonReader {
    path: PathBuf,
    reader: BufReader<File>,
    /// Position of each column of the contract by name.
    positions: HashMap<String, usize>,
    /// Names in the contract's order: most files keep to one order, so that a name is found by looking where it should be.
    names: Vec<String>,
    batch_size: usize,
    columns: Vec<TextColumn>,
    extra: Vec<String>,
    line: Vec<u8>,
    number: i64,
    offset: u64,
}

/// What a line has for a column.
#[derive(Clone)]
enum Slot {
    Absent,
    Null,
    Text(Range<usize>),
}

impl JsonReader {
    pub(crate) fn open(path: &Path, contract: &Contract, batch_size: usize) -> Result<Self> {
        let file = File::open(path).map_err(|source| Error::Read { path: path.to_path_buf(), source })?;
        let names: Vec<String> = contract.columns.iter().map(|column| column.name.clone()).collect();
        Ok(Self {
            path: path.to_path_buf(),
            reader: BufReader::with_capacity(BUFFER, file),
            positions: names.iter().cloned().enumerate().map(|(position, name)| (name, position)).collect(),
            columns: names.iter().map(|_| TextColumn::with_capacity(batch_size)).collect(),
            names,
            batch_size,
            extra: Vec::new(),
            line: Vec::new(),
            number: 0,
            offset: 0,
        })
    }

    /// Reads the next line that is not blank; gives its place.
    fn read(&mut self) -> Result<Option<Range<u64>>> {
        loop {
            self.line.clear();
            let read = self.reader.read_until(b'\n', &mut self.line);
            let count = read.map_err(|source| Error::Read { path: self.path.clone(), source })?;
            if count == 0 {
                return Ok(None);
            }
            let start = self.offset;
            self.offset += u64::try_from(count).unwrap_or_default();
            self.number += 1;
            if start == 0 && self.line.starts_with(BYTE_ORDER_MARK) {
                self.line.drain(..BYTE_ORDER_MARK.len());
            }
            if !self.line.trim_ascii().is_empty() {
                return Ok(Some(start..self.offset));
            }
        }
    }

    /// Takes the values of the line into the columns, or says why it cannot.
    fn take(&mut self) -> Result<(), String> {
        let line = std::str::from_utf8(&self.line).map_err(|_| "the record is not UTF-8".to_owned())?.trim_end();
        let mut slots = vec![Slot::Absent; self.names.len()];
        let mut texts = String::with_capacity(line.len());
        let mut problem = None;
        let mut expected = 0;
        let (names, positions, extra) = (&self.names, &self.positions, &mut self.extra);
        let scanned = members(line, |name, value| {
            let position = match names.get(expected) {
                Some(next) if *next == name => Some(expected),
                _ => positions.get(name.as_ref()).copied(),
            };
            let Some(position) = position else {
                if !extra.iter().any(|known| *known == name) {
                    extra.push(name.into_owned());
                }
                return;
            };
            expected = position + 1;
            let Some(slot) = slots.get_mut(position) else { return };
            if !matches!(slot, Slot::Absent) {
                problem.get_or_insert_with(|| format!("the member `{name}` is there twice"));
            }
            *slot = match value {
                Value::Null => Slot::Null,
                Value::Text(text) => {
                    let start = texts.len();
                    texts.push_str(&text);
                    Slot::Text(start..texts.len())
                }
                Value::Nested => {
                    problem.get_or_insert_with(|| format!("{name}: an object or array is no value of a column"));
                    Slot::Null
                }
            };
        });
        scanned.map_err(|malformed| format!("the line is not JSON: {} is expected at byte {}", malformed.expected, malformed.at + 1))?;
        if let Some(problem) = problem {
            return Err(problem);
        }
        for (column, slot) in self.columns.iter_mut().zip(slots) {
            match slot {
                Slot::Absent | Slot::Null => column.push_null(),
                Slot::Text(range) => column.push(texts.get(range).unwrap_or_default().as_bytes()),
            }
        }
        Ok(())
    }
}

impl Reader for JsonReader {
    fn next(&mut self) -> Result<Option<Chunk>> {
        let mut lines = Vec::with_capacity(self.batch_size);
        let mut places = Vec::with_capacity(self.batch_size);
        let mut broken = Vec::new();
        while lines.len() < self.batch_size && broken.len() < self.batch_size {
            let Some(bytes) = self.read()? else { break };
            match self.take() {
                Ok(()) => {
                    lines.push(self.number);
                    places.push(bytes);
                }
                Err(reason) => broken.push(Broken { line: self.number, reason, bytes }),
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
