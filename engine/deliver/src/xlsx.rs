//! Excel workbooks with real types, written row by row: the library keeps one row in memory and the rest in a temporary file.

mod about;
mod guard;
mod look;
mod name;
mod value;

use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use chrono::{DateTime, Utc};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

use self::look::{Look, MEASURED};
use crate::cell::{self, Column};
use crate::partial::{PartialFile, SealedFile, Target};
use crate::publish::publish;
use crate::{Delivered, Delivery, Error, Result, Role};

/// Rows of data on a sheet: Excel's 1,048,576 without the header.
const ROWS_PER_SHEET: u32 = 1_048_575;

/// Columns of a sheet.
const COLUMNS_PER_SHEET: usize = 16_384;

/// Bytes of one sheet from which on the archive gets 64-bit sizes. An estimate, so far below the 4 GiB where it must.
const LARGE_SHEET: u64 = 1 << 30;

/// The markup around a cell's value, roughly, in bytes.
const CELL_MARKUP: u64 = 48;

/// How a workbook is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XlsxOptions {
    /// The name of the sheet; made of the file's stem when `None`. Further sheets are called `Name (2)` and so on.
    pub sheet: Option<String>,
    /// The title, in the workbook's properties and on the sheet About.
    pub title: Option<String>,
    /// What the sheet About says, in order: batch, source versions, data as of. Equal rows give equal files only as long as these
    /// are equal too.
    pub notes: Vec<(String, String)>,
    /// The creation time in the workbook's properties, to the second: the business's time, not the clock's, or no two runs agree.
    pub created: DateTime<Utc>,
    /// Excel number formats (`0.0%`) by column, instead of the format that the type has.
    pub formats: BTreeMap<String, String>,
    /// Whether a different earlier file is lost rather than kept under a name made of its hash.
    pub overwrite: bool,
}

impl XlsxOptions {
    /// Options with nothing but a creation time.
    #[must_use]
    pub fn new(created: DateTime<Utc>) -> Self {
        Self { sheet: None, title: None, notes: Vec::new(), created, formats: BTreeMap::new(), overwrite: false }
    }
}

/// Writes `<stem>.xlsx`.
///
/// Integers and decimals are numbers as long as they have at most 15 digits, which is what Excel keeps; longer ones are
/// text with every digit. NaN, infinities and doubles that Excel cannot hold are text, and so are dates before March 1900, where
/// Excel's calendar has a day too many. A text of more than 32,767 characters is an error. NULL and the empty text are empty cells.
pub struct XlsxDelivery {
    target: Target,
    schema: SchemaRef,
    options: XlsxOptions,
    sheet_name: String,
    rows_per_sheet: u32,
    looks: Vec<Look>,
    header: Format,
    workbook: Workbook,
    /// The first rows, until there are enough to measure: widths must not depend on where a batch happens to end.
    waiting: Vec<Waiting>,
    rows_waiting: usize,
    sheets: u32,
    rows_on_sheet: u32,
    bytes_on_sheet: u64,
    large: bool,
    rows: u64,
    failed: bool,
}

/// Rows of one batch that wait for the first sheet.
struct Waiting {
    columns: Vec<Column>,
    rows: usize,
}

impl XlsxDelivery {
    /// Begins a workbook of rows with this schema in `folder`, which is made if it is missing. While rows come, they go to a
    /// nameless temporary file in that folder.
    ///
    /// # Errors
    /// When a column's type is nested, there are more than 16,384 columns, Excel refuses the sheet's name, or the folder cannot be
    /// written.
    pub fn create(folder: &Path, stem: &str, schema: SchemaRef, options: XlsxOptions) -> Result<Self> {
        Self::with_rows_per_sheet(folder, stem, schema, options, ROWS_PER_SHEET)
    }

    fn with_rows_per_sheet(folder: &Path, stem: &str, schema: SchemaRef, options: XlsxOptions, rows_per_sheet: u32) -> Result<Self> {
        if schema.fields().len() > COLUMNS_PER_SHEET {
            return Err(Error::TooManyColumns { columns: schema.fields().len() });
        }
        let sheet_name = match &options.sheet {
            Some(given) => name::checked(given)?,
            None => name::from_stem(stem),
        };
        let looks = schema.fields().iter().map(|field| Look::of(field, &options.formats)).collect::<Result<Vec<_>>>()?;
        std::fs::create_dir_all(folder).map_err(Error::file("create the folder", folder))?;
        let target = Target { folder: folder.to_path_buf(), stem: stem.to_owned(), extension: "xlsx" };
        let mut workbook = Workbook::new();
        workbook.set_tempdir(folder).map_err(|error| Error::workbook(&target.path(), error))?;
        Ok(Self {
            target,
            schema,
            options,
            sheet_name,
            rows_per_sheet,
            looks,
            header: Format::new().set_bold(),
            workbook,
            waiting: Vec::new(),
            rows_waiting: 0,
            sheets: 0,
            rows_on_sheet: 0,
            bytes_on_sheet: 0,
            large: false,
            rows: 0,
            failed: false,
        })
    }

    fn path(&self) -> PathBuf {
        self.target.path()
    }

    /// Runs something that calls the library, which panics when its temporary file cannot be written (a full disk).
    fn guarded<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let path = self.path();
        // Whatever state the panic left behind is only dropped: `failed` forbids all further use.
        let done = guard::caught(AssertUnwindSafe(|| work(self))).unwrap_or_else(|payload| Err(Error::workbook_panic(&path, payload.as_ref())));
        self.failed |= done.is_err();
        done
    }

    fn accept(&mut self, columns: Vec<Column>, rows: usize) -> Result<()> {
        if self.sheets > 0 {
            return self.write_rows(&columns, rows);
        }
        let unmeasured = MEASURED.saturating_sub(self.rows_waiting).min(rows);
        for (look, column) in self.looks.iter_mut().zip(&columns) {
            look.widen(column, unmeasured)?;
        }
        self.rows_waiting += rows;
        self.waiting.push(Waiting { columns, rows });
        if self.rows_waiting >= MEASURED { self.begin() } else { Ok(()) }
    }

    /// The first sheet, with the rows that waited for it.
    fn begin(&mut self) -> Result<()> {
        self.begin_sheet()?;
        for Waiting { columns, rows } in std::mem::take(&mut self.waiting) {
            self.write_rows(&columns, rows)?;
        }
        Ok(())
    }

    fn write_rows(&mut self, columns: &[Column], rows: usize) -> Result<()> {
        let mut from = 0;
        while from < rows {
            if self.rows_on_sheet >= self.rows_per_sheet {
                self.end_sheet()?;
                self.begin_sheet()?;
            }
            let room = (self.rows_per_sheet - self.rows_on_sheet) as usize;
            let to = rows.min(from.saturating_add(room));
            self.write_range(columns, from, to)?;
            from = to;
        }
        Ok(())
    }

    /// Rows `from..to` of the batch onto the current sheet, which has room for them.
    fn write_range(&mut self, columns: &[Column], from: usize, to: usize) -> Result<()> {
        let path = self.path();
        let sheet = current(&mut self.workbook, self.sheets, &path)?;
        for row in from..to {
            self.rows_on_sheet += 1;
            self.rows += 1;
            for (index, (column, look)) in (0_u16..).zip(columns.iter().zip(&self.looks)) {
                let written = value::Place { sheet, row: self.rows_on_sheet, column: index }
                    .write(&column.cell(row)?)
                    .map_err(|problem| problem.into_error(&path, &look.name, self.rows))?;
                self.bytes_on_sheet += CELL_MARKUP + written;
            }
        }
        self.large |= self.bytes_on_sheet > LARGE_SHEET;
        Ok(())
    }

    fn begin_sheet(&mut self) -> Result<()> {
        let path = self.path();
        let failed = |error| Error::workbook(&path, error);
        self.sheets += 1;
        (self.rows_on_sheet, self.bytes_on_sheet) = (0, 0);
        let name = name::numbered(&self.sheet_name, self.sheets);
        let sheet = self.workbook.add_worksheet_with_constant_memory().map_err(failed)?;
        head(sheet, &name, &self.looks, &self.header).map_err(failed)
    }

    fn end_sheet(&mut self) -> Result<()> {
        let Some(last_column) = self.looks.len().checked_sub(1).and_then(|last| u16::try_from(last).ok()) else {
            return Ok(());
        };
        let path = self.path();
        current(&mut self.workbook, self.sheets, &path)?.autofilter(0, 0, self.rows_on_sheet, last_column).map_err(|error| Error::workbook(&path, error))?;
        Ok(())
    }

    fn save(&mut self) -> Result<SealedFile> {
        if self.sheets == 0 {
            self.begin()?;
        }
        self.end_sheet()?;
        let path = self.path();
        let failed = |error| Error::workbook(&path, error);
        about::add(&mut self.workbook, &self.options, &self.sheet_name).map_err(failed)?;
        let created = ExcelDateTime::from_timestamp(self.options.created.timestamp()).map_err(failed)?;
        let title = self.options.title.as_deref().unwrap_or(&self.target.stem);
        let properties = DocProperties::new().set_title(title).set_creation_datetime(&created);
        self.workbook.set_properties(&properties);
        self.workbook.use_zip_large_file(self.large);
        let file = PartialFile::create(self.target.clone())?;
        let partial = file.path().to_path_buf();
        let mut buffered = BufWriter::new(file);
        self.workbook.save_to_writer(&mut buffered).map_err(|error| Error::workbook(&partial, error))?;
        buffered.flush().map_err(Error::file("write", &partial))?;
        let file = buffered.into_inner().map_err(|error| Error::file("write", &partial)(error.into_error()))?;
        file.seal(self.rows, Role::Data)
    }
}

/// Name, widths, formats and header of a new sheet.
fn head(sheet: &mut Worksheet, name: &str, looks: &[Look], header: &Format) -> std::result::Result<(), XlsxError> {
    sheet.set_name(name)?.set_freeze_panes(1, 0)?;
    for (column, look) in (0_u16..).zip(looks) {
        sheet.set_column_width(column, look.width())?;
        if let Some(format) = &look.format {
            sheet.set_column_format(column, format)?;
        }
        sheet.write_string_with_format(0, column, &look.name, header)?;
    }
    Ok(())
}

/// The sheet that rows go to now: the last one.
fn current<'a>(workbook: &'a mut Workbook, sheets: u32, path: &Path) -> Result<&'a mut Worksheet> {
    let index = sheets.saturating_sub(1) as usize;
    workbook.worksheet_from_index(index).map_err(|error| Error::workbook(path, error))
}

impl Delivery for XlsxDelivery {
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        if self.failed {
            return Err(Error::Incomplete { path: self.path() });
        }
        self.guarded(|delivery| {
            let columns = cell::columns(&delivery.schema, batch)?;
            delivery.accept(columns, batch.num_rows())
        })
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<Delivered>> {
        if self.failed {
            return Err(Error::Incomplete { path: self.path() });
        }
        let sealed = self.guarded(Self::save)?;
        Ok(vec![publish(sealed, self.options.overwrite)?])
    }
}

#[cfg(test)]
mod tests;
