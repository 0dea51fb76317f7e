//! CSV by RFC 4180: a header, CRLF, quotes where they are needed, decimals exact; compressed and split while it is written.

pub(crate) mod encode;
mod sink;

use std::io::Write;
use std::path::{Path, PathBuf};

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;

use self::encode::Encoder;
use self::sink::Sink;
use crate::cell::{self, Column, Kind};
use crate::partial::{PartialFile, SealedFile, Target};
use crate::publish::{publish, retire};
use crate::{Delivered, Delivery, Error, Result, Role};

/// Bytes of text that are collected before they go on to the compressor.
const BUFFER: usize = 64 * 1024;

/// How the stored bytes are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// `.csv.gz`
    Gzip,
    /// `.csv.zst`
    Zstd,
}

/// How a CSV file is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvOptions {
    /// Packing; plain text when `None`.
    pub compress: Option<Compression>,
    /// Rows after which the next part begins; one file when `None`.
    pub rows_per_file: Option<u64>,
    /// What stands between two columns.
    pub delimiter: char,
    /// Whether a different earlier file is lost rather than kept under a name made of its hash.
    pub overwrite: bool,
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self { compress: None, rows_per_file: None, delimiter: ',', overwrite: false }
    }
}

impl CsvOptions {
    fn extension(&self) -> &'static str {
        match self.compress {
            None => "csv",
            Some(Compression::Gzip) => "csv.gz",
            Some(Compression::Zstd) => "csv.zst",
        }
    }
}

/// Writes `<stem>.csv`, or `<stem>-0001.csv` and so on with the list `<stem>.parts.csv`.
///
/// NULL is an empty field and the empty text is `""`; in a file of one column both are `""`, as an empty line would be lost.
/// Instants are shown as local time in the column's zone (`2026-11-23 17:30:00`, with a fraction where there is one), dates and
/// times in ISO 8601, booleans as `true` and `false`, bytes in hexadecimal.
#[derive(Debug)]
pub struct CsvDelivery {
    folder: PathBuf,
    stem: String,
    schema: SchemaRef,
    options: CsvOptions,
    encoder: Encoder,
    open: Option<Part>,
    sealed: Vec<SealedFile>,
    failed: bool,
}

/// The file that rows go to now.
#[derive(Debug)]
struct Part {
    sink: Sink,
    buffer: Vec<u8>,
    rows: u64,
}

impl CsvDelivery {
    /// Begins a delivery of rows with this schema into `folder`, which is made if it is missing.
    ///
    /// # Errors
    /// When a column's type is nested, the delimiter cannot be used, `rows_per_file` is 0, or the file cannot be created.
    pub fn create(folder: &Path, stem: &str, schema: SchemaRef, options: CsvOptions) -> Result<Self> {
        if options.rows_per_file == Some(0) {
            return Err(Error::NoRowsPerFile);
        }
        for field in schema.fields() {
            Kind::of(field)?;
        }
        let encoder = Encoder::new(options.delimiter, schema.fields().len())?;
        let mut delivery =
            Self { folder: folder.to_path_buf(), stem: stem.to_owned(), schema, options, encoder, open: None, sealed: Vec::new(), failed: false };
        // A folder that cannot be written is known before the query runs, and a result without rows still has its header.
        delivery.open = Some(delivery.begin()?);
        Ok(delivery)
    }

    fn part_target(&self, number: usize) -> Target {
        let stem = match self.options.rows_per_file {
            Some(_) => format!("{}-{number:04}", self.stem),
            None => self.stem.clone(),
        };
        Target { folder: self.folder.clone(), stem, extension: self.options.extension() }
    }

    fn begin(&self) -> Result<Part> {
        let file = PartialFile::create(self.part_target(self.sealed.len() + 1))?;
        let mut part = Part { sink: Sink::new(file, self.options.compress)?, buffer: Vec::new(), rows: 0 };
        let names = self.schema.fields().iter().map(|field| field.name().as_str());
        self.encoder.header(&mut part.buffer, names);
        Ok(part)
    }

    fn write_rows(&mut self, columns: &[Column], rows: usize) -> Result<()> {
        for row in 0..rows {
            let mut part = match self.open.take() {
                Some(part) => part,
                None => self.begin()?,
            };
            self.encoder.row(&mut part.buffer, columns, row)?;
            part.rows += 1;
            if part.buffer.len() >= BUFFER {
                part.drain()?;
            }
            if self.options.rows_per_file.is_some_and(|most| part.rows >= most) {
                self.sealed.push(part.seal()?);
            } else {
                self.open = Some(part);
            }
        }
        Ok(())
    }

    /// The list of parts, itself CSV: file, rows, bytes and hash of each, in order.
    fn list(&self) -> Result<SealedFile> {
        let target = Target { folder: self.folder.clone(), stem: format!("{}.parts", self.stem), extension: "csv" };
        let mut file = PartialFile::create(target)?;
        let mut text = String::from("file,rows,bytes,sha256\r\n");
        for part in &self.sealed {
            let mut name = Vec::new();
            let path = part.target.path();
            let file_name = path.file_name().unwrap_or_default().to_string_lossy();
            encode::write_text(&mut name, &file_name, ',');
            let name = String::from_utf8_lossy(&name);
            text.push_str(&format!("{name},{},{},{}\r\n", part.rows, part.bytes, part.sha256));
        }
        file.write_all(text.as_bytes()).map_err(Error::file("write", file.path()))?;
        file.seal(self.sealed.len() as u64, Role::PartList)
    }
}

impl Delivery for CsvDelivery {
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let written = cell::columns(&self.schema, batch).and_then(|columns| self.write_rows(&columns, batch.num_rows()));
        self.failed |= written.is_err();
        written
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<Delivered>> {
        if self.failed {
            return Err(Error::Incomplete { path: self.part_target(self.sealed.len() + 1).path() });
        }
        if let Some(part) = self.open.take() {
            self.sealed.push(part.seal()?);
        }
        let split = self.options.rows_per_file.is_some();
        let list = if split { Some(self.list()?) } else { None };
        let overwrite = self.options.overwrite;
        // A longer result of an earlier delivery has more parts; left there, they would look like parts of this one.
        let mut surplus = self.sealed.len() + 1;
        while split && retire(&self.part_target(surplus), overwrite)? {
            surplus += 1;
        }
        // The list comes last: who finds it finds what it names.
        std::mem::take(&mut self.sealed).into_iter().chain(list).map(|file| publish(file, overwrite)).collect()
    }
}

impl Part {
    fn drain(&mut self) -> Result<()> {
        self.sink.write(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    fn seal(mut self) -> Result<SealedFile> {
        self.drain()?;
        self.sink.finish()?.seal(self.rows, Role::Data)
    }
}

#[cfg(test)]
mod tests;
