//! The files that a report gives to people.

use nightshift_diagnostic::codes;

use crate::source::delimiter;
use crate::yaml::{Entry, Node, Reader, Value, list};

/// A file that a report gives to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Comma-separated values.
    Csv {
        /// Compressed while it is written.
        compress: Option<Compression>,
        /// Split into parts of so many rows.
        rows_per_file: Option<u64>,
        /// The byte between two fields.
        delimiter: u8,
    },
    /// An Excel workbook.
    Xlsx {
        /// The name of its sheet, if it is not the report's title.
        sheet: Option<String>,
    },
}

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Compression {
    /// `.gz`
    Gzip,
    /// `.zst`
    Zstd,
}

#[derive(Clone, Copy)]
enum OutputKind {
    Csv,
    Xlsx,
}

const KINDS: [(&str, OutputKind); 2] = [("csv", OutputKind::Csv), ("xlsx", OutputKind::Xlsx)];

/// `output: csv`, or a list of `csv`, `csv: {…}`, `xlsx`, `xlsx: {…}`.
pub(crate) fn read_outputs<'a>(reader: &'a Reader<'a>, node: &'a Node) -> Vec<Output> {
    reader.items(node).iter().flat_map(|item| read_item(reader, item)).collect()
}

fn read_item<'a>(reader: &'a Reader<'a>, node: &'a Node) -> Vec<Output> {
    let Value::Mapping(entries) = &node.value else {
        let kind = reader.word(node, "kind of output", &KINDS);
        return kind.map(plain).into_iter().collect();
    };
    entries.iter().filter_map(|entry| read_entry(reader, entry)).collect()
}

const fn plain(kind: OutputKind) -> Output {
    match kind {
        OutputKind::Csv => Output::Csv { compress: None, rows_per_file: None, delimiter: b',' },
        OutputKind::Xlsx => Output::Xlsx { sheet: None },
    }
}

fn read_entry<'a>(reader: &'a Reader<'a>, entry: &'a Entry) -> Option<Output> {
    let key = KINDS.iter().find(|(name, _)| *name == entry.key);
    let Some((_, kind)) = key else {
        let names = || KINDS.iter().map(|(name, _)| *name);
        let hint = nightshift_diagnostic::did_you_mean(&entry.key, names());
        let hint = hint.unwrap_or_else(|| format!("it is one of {}", list(names())));
        reader.error(codes::UNKNOWN_KEY, entry.key_span, format!("`{}` is no kind of output", entry.key), Some(hint));
        return None;
    };
    match kind {
        OutputKind::Csv => read_csv(reader, &entry.value, entry),
        OutputKind::Xlsx => {
            let fields = reader.fields(&entry.value, "`xlsx`", &["sheet"], entry.key_span)?;
            let expected = "a sheet's name: at most 31 characters, none of [ ] : * ? / \\";
            let sheet = fields.get("sheet").and_then(|node| reader.parsed(node, expected, sheet_name));
            Some(Output::Xlsx { sheet })
        }
    }
}

fn read_csv<'a>(reader: &'a Reader<'a>, node: &'a Node, entry: &'a Entry) -> Option<Output> {
    let fields = reader.fields(node, "`csv`", &["compress", "rows_per_file", "delimiter"], entry.key_span)?;
    let compressions = [("gzip", Compression::Gzip), ("zstd", Compression::Zstd)];
    let byte = |node| reader.parsed(node, "one character such as \";\", or tab", delimiter);
    Some(Output::Csv {
        compress: fields.get("compress").and_then(|node| reader.word(node, "compression", &compressions)),
        rows_per_file: fields.get("rows_per_file").and_then(|node| reader.count(node)),
        delimiter: fields.get("delimiter").and_then(byte).unwrap_or(b','),
    })
}

/// What Excel accepts.
fn sheet_name(text: &str) -> Option<String> {
    let fits = (1..=31).contains(&text.encode_utf16().count());
    let clean = !text.contains(['[', ']', ':', '*', '?', '/', '\\']) && !text.starts_with('\'') && !text.ends_with('\'');
    (fits && clean).then(|| text.to_owned())
}
