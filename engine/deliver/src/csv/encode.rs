//! Cells as the text of a CSV file.

use std::io::Write;

use crate::cell::{Cell, Column};
use crate::decimal::write_decimal;
use crate::{Error, Result};

/// Writes rows with one delimiter.
#[derive(Debug)]
pub(super) struct Encoder {
    delimiter: char,
    columns: usize,
}

impl Encoder {
    /// Refuses a delimiter that numbers, dates or quotes are made of: those are written without looking for it.
    pub(super) fn new(delimiter: char, columns: usize) -> Result<Self> {
        if delimiter.is_alphanumeric() || "+-.: \"\r\n".contains(delimiter) {
            return Err(Error::Delimiter { delimiter });
        }
        Ok(Self { delimiter, columns })
    }

    pub(super) fn header<'a>(&self, out: &mut Vec<u8>, names: impl Iterator<Item = &'a str>) {
        for (index, name) in names.enumerate() {
            self.separate(out, index);
            write_text(out, name, self.delimiter);
        }
        out.extend_from_slice(b"\r\n");
    }

    pub(super) fn row(&self, out: &mut Vec<u8>, columns: &[Column], row: usize) -> Result<()> {
        for (index, column) in columns.iter().enumerate() {
            self.separate(out, index);
            match column.cell(row)? {
                Cell::Null if self.columns == 1 => out.extend_from_slice(b"\"\""),
                cell => write_cell(out, &cell, self.delimiter),
            }
        }
        out.extend_from_slice(b"\r\n");
        Ok(())
    }

    fn separate(&self, out: &mut Vec<u8>, index: usize) {
        if index > 0 {
            let mut bytes = [0; 4];
            out.extend_from_slice(self.delimiter.encode_utf8(&mut bytes).as_bytes());
        }
    }
}

pub(crate) fn write_cell(out: &mut Vec<u8>, cell: &Cell<'_>, delimiter: char) {
    // Writing into a `Vec` cannot fail.
    let _ = match cell {
        Cell::Null => Ok(()),
        Cell::Boolean(value) => write!(out, "{value}"),
        Cell::Integer(value) => match i64::try_from(*value) {
            Ok(small) => write!(out, "{small}"),
            Err(_) => write!(out, "{value}"),
        },
        Cell::Decimal { unscaled, scale } => {
            write_decimal(out, *unscaled, *scale);
            Ok(())
        }
        // The shortest text that reads back as the same number; `{:?}` has an exponent where `{}` has 300 zeros.
        Cell::Single(value) => write!(out, "{value:?}"),
        Cell::Double(value) => write!(out, "{value:?}"),
        Cell::Text(text) => {
            write_text(out, text, delimiter);
            Ok(())
        }
        Cell::Date(date) => write!(out, "{date}"),
        Cell::Timestamp(local) => write!(out, "{} {}", local.date(), local.time()),
        Cell::Time(time) => write!(out, "{time}"),
    };
}

/// A text, quoted when it must be, or when it is empty: an empty field without quotes is NULL.
pub(crate) fn write_text(out: &mut Vec<u8>, text: &str, delimiter: char) {
    let plain = !text.is_empty() && !text.contains([delimiter, '"', '\r', '\n']);
    if plain {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    for (index, piece) in text.split('"').enumerate() {
        if index > 0 {
            out.extend_from_slice(b"\"\"");
        }
        out.extend_from_slice(piece.as_bytes());
    }
    out.push(b'"');
}
