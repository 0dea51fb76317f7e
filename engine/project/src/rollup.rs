//! What a rollup's header says.

use std::collections::BTreeMap;

use nightshift_calendar::Grain;
use nightshift_diagnostic::Span;

use crate::ColumnDoc;
use crate::columns::read_columns;
use crate::yaml::{Node, Reader};

/// What a rollup's header says, and the grain of its folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollupHeader {
    /// For people.
    pub title: String,
    /// More for people.
    pub description: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// The length of its buckets, by its folder.
    pub grain: Grain,
    /// The source column that the buckets follow. Empty only if the header lacks it, which is reported.
    pub time: String,
    /// What must hold about the way it is refreshed.
    pub strict: Option<Strict>,
    /// Descriptions and units.
    pub columns: BTreeMap<String, ColumnDoc>,
}

/// What must hold about the way a rollup is refreshed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Strict {
    /// A rollup that can only be recomputed in full is an error.
    Incremental,
}

const KEYS: [&str; 6] = ["title", "description", "owner", "time", "strict", "columns"];

impl RollupHeader {
    pub(crate) fn read<'a>(reader: &'a Reader<'a>, node: &'a Node, word: Span, grain: Grain) -> Option<Self> {
        let fields = reader.fields(node, "a rollup", &KEYS, word)?;
        let strict = [("incremental", Strict::Incremental)];
        Some(Self {
            title: fields.required_text("title"),
            description: fields.text("description"),
            owner: fields.text("owner"),
            grain,
            time: fields.required_text("time"),
            strict: fields.get("strict").and_then(|node| reader.word(node, "thing to be strict about", &strict)),
            columns: read_columns(reader, &fields),
        })
    }

    pub(crate) fn unread(grain: Grain) -> Self {
        let nothing = String::new;
        Self { title: nothing(), description: None, owner: None, grain, time: nothing(), strict: None, columns: BTreeMap::new() }
    }
}
