//! What a source contract's header says.

use std::collections::BTreeMap;
use std::fmt;

use nightshift_calendar::{Ambiguous, Grain};
use nightshift_diagnostic::{Span, codes};

use crate::columns::read_columns;
use crate::yaml::{Fields, Node, Reader, Value};
use crate::{ColumnDoc, Definition};

/// What a source contract's header says: where the table comes from and how it loads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceHeader {
    /// For people.
    pub title: String,
    /// More for people.
    pub description: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// The name of its files, if it is not the usual one; see [`Definition::file_name`].
    pub file: Option<String>,
    /// The format of its files.
    pub format: Format,
    /// The byte between two fields of a CSV file.
    pub delimiter: u8,
    /// How a day's file changes the table.
    pub load: Load,
    /// How the table is partitioned.
    pub partition: Option<SourcePartition>,
    /// Columns that are personal data.
    pub personal: Vec<String>,
    /// What a local time means that does not exist or happens twice.
    pub ambiguous: Ambiguous,
    /// Descriptions and units.
    pub columns: BTreeMap<String, ColumnDoc>,
}

/// The format of a file that arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Comma-separated values (RFC 4180) with a header line.
    Csv,
    /// One JSON object a line.
    Jsonl,
    /// Apache Parquet.
    Parquet,
}

/// How a day's file changes the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Load {
    /// Its rows come on top.
    Append,
    /// Its rows are the table.
    Full,
    /// Its rows replace those with the same key.
    Upsert {
        /// The columns that identify a row.
        key: Vec<String>,
        /// The column whose greater value wins.
        watermark: String,
        /// The SQL predicate that makes a row a deletion.
        delete_when: Option<String>,
    },
}

/// How a source table is partitioned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourcePartition {
    /// One partition a day, month or year.
    pub grain: Grain,
    /// Of this column.
    pub column: String,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Csv, Self::Jsonl, Self::Parquet];

    /// The word, which is also the extension of its files.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Parquet => "parquet",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.extension())
    }
}

impl Load {
    /// The word in the contract.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Append => "append",
            Self::Full => "full",
            Self::Upsert { .. } => "upsert",
        }
    }
}

impl Definition<SourceHeader> {
    /// The name of its files in `incoming/<date>/`: what the header says, else `<name>.<format>`.
    #[must_use]
    pub fn file_name(&self) -> String {
        self.header.file.clone().unwrap_or_else(|| format!("{}.{}", self.name, self.header.format))
    }
}

const KEYS: [&str; 11] = ["title", "description", "owner", "file", "format", "delimiter", "load", "partition", "personal", "ambiguous", "columns"];

impl SourceHeader {
    pub(crate) fn read<'a>(reader: &'a Reader<'a>, node: &'a Node, word: Span) -> Option<Self> {
        let fields = reader.fields(node, "a source", &KEYS, word)?;
        let formats = Format::ALL.map(|format| (format.extension(), format));
        let ambiguous = Ambiguous::ALL.map(|ambiguous| (ambiguous.as_str(), ambiguous));
        let format = fields.require("format").and_then(|node| reader.word(node, "format", &formats));
        Some(Self {
            title: fields.required_text("title"),
            description: fields.text("description"),
            owner: fields.text("owner"),
            file: read_file(reader, &fields),
            format: format.unwrap_or(Format::Csv),
            delimiter: read_delimiter(reader, &fields, format),
            load: fields.require("load").and_then(|node| Load::read(reader, node)).unwrap_or(Load::Append),
            partition: fields.get("partition").and_then(|node| SourcePartition::read(reader, node)),
            personal: fields.names("personal"),
            ambiguous: fields.get("ambiguous").and_then(|node| reader.word(node, "way to treat ambiguous times", &ambiguous)).unwrap_or_default(),
            columns: read_columns(reader, &fields),
        })
    }
}

fn read_file<'a>(reader: &'a Reader<'a>, fields: &Fields<'a>) -> Option<String> {
    let node = fields.get("file")?;
    reader.parsed(node, "the name of a file without folders", |text| (!text.contains(['/', '\\']) && text != "..").then(|| text.to_owned()))
}

/// The byte between two fields: `","`, `";"`, `tab`.
pub(crate) fn delimiter(text: &str) -> Option<u8> {
    match text.as_bytes() {
        b"tab" => Some(b'\t'),
        [byte] if byte.is_ascii() && !byte.is_ascii_alphanumeric() && !matches!(byte, b'"' | b'\n' | b'\r') => Some(*byte),
        _ => None,
    }
}

fn read_delimiter<'a>(reader: &'a Reader<'a>, fields: &Fields<'a>, format: Option<Format>) -> u8 {
    let Some(node) = fields.get("delimiter") else { return b',' };
    if let Some(format @ (Format::Jsonl | Format::Parquet)) = format {
        let message = format!("a {format} file has no delimiter");
        reader.error(codes::INVALID_VALUE, node.span, message, Some("take `delimiter` out".to_owned()));
    }
    reader.parsed(node, "one character such as \";\", or tab", delimiter).unwrap_or(b',')
}

#[derive(Clone, Copy)]
enum LoadWord {
    Append,
    Full,
    Upsert,
}

const LOADS: [(&str, LoadWord); 3] = [("append", LoadWord::Append), ("full", LoadWord::Full), ("upsert", LoadWord::Upsert)];

impl Load {
    fn read<'a>(reader: &'a Reader<'a>, node: &'a Node) -> Option<Self> {
        if let Value::Mapping(_) = &node.value {
            let upsert = reader.fields(node, "`load`", &["upsert"], node.span)?.require("upsert")?;
            return Self::read_upsert(reader, upsert);
        }
        match reader.word(node, "way to load", &LOADS)? {
            LoadWord::Append => Some(Self::Append),
            LoadWord::Full => Some(Self::Full),
            LoadWord::Upsert => {
                let hint = "write `load: {upsert: {key: [id], watermark: updated_at}}`".to_owned();
                reader.error(codes::MISSING_KEY, node.span, "`upsert` needs `key` and `watermark`", Some(hint));
                None
            }
        }
    }

    fn read_upsert<'a>(reader: &'a Reader<'a>, node: &'a Node) -> Option<Self> {
        let fields = reader.fields(node, "`upsert`", &["key", "watermark", "delete_when"], node.span)?;
        let key = fields.require("key").map(|node| reader.names(node)).unwrap_or_default();
        Some(Self::Upsert { key, watermark: fields.required_text("watermark"), delete_when: fields.text("delete_when") })
    }
}

impl SourceHeader {
    pub(crate) fn unread() -> Self {
        Self {
            title: String::new(),
            description: None,
            owner: None,
            file: None,
            format: Format::Csv,
            delimiter: b',',
            load: Load::Append,
            partition: None,
            personal: Vec::new(),
            ambiguous: Ambiguous::Review,
            columns: BTreeMap::new(),
        }
    }
}

impl SourcePartition {
    fn read<'a>(reader: &'a Reader<'a>, node: &'a Node) -> Option<Self> {
        let grains = [Grain::Day, Grain::Month, Grain::Year];
        let fields = reader.fields(node, "`partition`", &grains.map(Grain::as_str), node.span)?;
        let given: Vec<Self> = grains.into_iter().filter_map(|grain| Some(Self { grain, column: fields.text(grain.as_str())? })).collect();
        match given.as_slice() {
            [one] => Some(one.clone()),
            [] => {
                fields.require("month");
                None
            }
            _ => {
                reader.error(codes::INVALID_VALUE, node.span, "a table is partitioned by one grain only", None);
                None
            }
        }
    }
}
