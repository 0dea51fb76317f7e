//! One row of a text file, composed in one buffer that is used again for the next row.

use std::ops::Range;

use super::damage::Damage;
use super::day::{Day, Moment};
use super::source::{Source, Syntax};

/// A CSV record or a JSON line in the making. Values are given in the order of the source's columns.
pub(super) struct Record {
    columns: &'static [&'static str],
    json: bool,
    line: Vec<u8>,
    /// Where the values of this row lie in `line`.
    values: Vec<Range<usize>>,
}

impl Record {
    pub(super) fn of(source: Source) -> Self {
        let json = source.syntax() == Syntax::JsonLines;
        Record { columns: source.columns(), json, line: Vec::with_capacity(512), values: Vec::with_capacity(16) }
    }

    /// The header line, in the source's syntax.
    pub(super) fn header(&self) -> String {
        if self.json { String::new() } else { self.columns.join(",") + "\n" }
    }

    pub(super) fn clear(&mut self) {
        self.line.clear();
        self.values.clear();
    }

    fn value(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> &mut Self {
        if self.json {
            self.line.extend_from_slice(if self.values.is_empty() { b"{\"" } else { b",\"" });
            let name = self.columns.get(self.values.len()).copied().unwrap_or_default();
            self.line.extend_from_slice(name.as_bytes());
            self.line.extend_from_slice(b"\":");
        } else if !self.values.is_empty() {
            self.line.push(b',');
        }
        let start = self.line.len();
        write(&mut self.line);
        self.values.push(start..self.line.len());
        self
    }

    /// A value that JSON puts between quotation marks and CSV does not.
    fn quoted(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> &mut Self {
        let json = self.json;
        self.value(|line| {
            if json {
                line.push(b'"');
            }
            write(line);
            if json {
                line.push(b'"');
            }
        })
    }

    pub(super) fn integer(&mut self, number: i64) -> &mut Self {
        self.value(|line| push_integer(line, number))
    }

    pub(super) fn optional_integer(&mut self, number: Option<i64>) -> &mut Self {
        match number {
            Some(number) => self.integer(number),
            None => self.null(),
        }
    }

    /// A decimal number with two digits after the point, given in hundredths.
    pub(super) fn decimal(&mut self, hundredths: i64) -> &mut Self {
        self.quoted(|line| {
            push_integer(line, hundredths / 100);
            let rest = (hundredths % 100).unsigned_abs() as u8;
            line.extend_from_slice(&[b'.', b'0' + rest / 10, b'0' + rest % 10]);
        })
    }

    /// A floating-point number with one digit after the point, given in tenths.
    pub(super) fn tenths(&mut self, tenths: i64) -> &mut Self {
        self.value(|line| {
            push_integer(line, tenths / 10);
            line.extend_from_slice(&[b'.', b'0' + (tenths % 10).unsigned_abs() as u8]);
        })
    }

    pub(super) fn boolean(&mut self, value: bool) -> &mut Self {
        self.value(|line| line.extend_from_slice(if value { b"true" } else { b"false" }))
    }

    pub(super) fn date(&mut self, day: Day) -> &mut Self {
        self.quoted(|line| day.write(line))
    }

    pub(super) fn timestamp(&mut self, moment: Moment) -> &mut Self {
        let separator = if self.json { b'T' } else { b' ' };
        self.quoted(|line| moment.write(separator, line))
    }

    pub(super) fn null(&mut self) -> &mut Self {
        let json = self.json;
        self.value(|line| line.extend_from_slice(if json { b"null" } else { b"" }))
    }

    /// Text without characters that need escaping.
    pub(super) fn word(&mut self, text: &str) -> &mut Self {
        self.quoted(|line| line.extend_from_slice(text.as_bytes()))
    }

    /// Any text of one line, escaped as the syntax wants it.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        let special = if self.json { text.contains(['"', '\\']) } else { text.contains(['"', ',']) };
        if !special {
            return self.word(text);
        }
        let escape = if self.json { b'\\' } else { b'"' };
        self.value(|line| {
            line.push(b'"');
            for byte in text.bytes() {
                if byte == b'"' || (escape == b'\\' && byte == b'\\') {
                    line.push(escape);
                }
                line.push(byte);
            }
            line.push(b'"');
        })
    }

    /// The finished line with its line break, damaged as asked.
    pub(super) fn finish(&mut self, damage: Option<Damage>) -> &[u8] {
        if self.json {
            self.line.push(b'}');
        }
        match damage {
            None | Some(Damage::Twice) => {}
            Some(Damage::Value(column, text)) => self.replace(column, text),
            Some(Damage::OneMore) => self.line.extend_from_slice(b",?"),
            Some(Damage::OneLess) => {
                let end = self.values.last().map_or(0, |last| last.start.saturating_sub(1));
                self.line.truncate(end);
            }
            Some(Damage::CutOff) => {
                let end = self.values.last().map_or(0, |last| last.start);
                self.line.truncate(end);
            }
        }
        self.line.push(b'\n');
        &self.line
    }

    fn replace(&mut self, column: &str, text: &str) {
        let position = self.columns.iter().position(|name| *name == column);
        if let Some(range) = position.and_then(|position| self.values.get(position)).cloned() {
            self.line.splice(range, text.bytes());
        }
    }
}

fn push_integer(line: &mut Vec<u8>, number: i64) {
    if number < 0 {
        line.push(b'-');
    }
    let mut digits = [0_u8; 20];
    let mut start = digits.len();
    let mut rest = number.unsigned_abs();
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
        start -= 1;
        if rest == 0 {
            break;
        }
    }
    line.extend_from_slice(digits.get(start..).unwrap_or_default());
}
