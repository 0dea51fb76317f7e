//! What a header says about columns for the people who read them.

use std::collections::BTreeMap;

use nightshift_diagnostic::Span;

use crate::yaml::{Fields, Node, Reader, Value};

/// The description and unit of a column; they go into the lake's schema, where BI tools show them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnDoc {
    /// One sentence.
    pub description: Option<String>,
    /// For example `TWD` or `kg`.
    pub unit: Option<String>,
    /// Where the column's name stands in the header, for the case that there is no such column.
    pub span: Span,
}

/// `columns: {name: a description}` or `columns: {name: {description: …, unit: …}}`.
pub(crate) fn read_columns<'a>(reader: &'a Reader<'a>, fields: &Fields<'a>) -> BTreeMap<String, ColumnDoc> {
    let entries = fields.get("columns").and_then(|node| reader.entries(node, "`columns`")).unwrap_or_default();
    let read = |node: &'a Node, span| match &node.value {
        Value::Mapping(_) => {
            let doc = reader.fields(node, "a column", &["description", "unit"], span)?;
            Some(ColumnDoc { description: doc.text("description"), unit: doc.text("unit"), span })
        }
        _ => Some(ColumnDoc { description: Some(reader.text(node)?.to_owned()), unit: None, span }),
    };
    entries.iter().filter_map(|entry| Some((entry.key.clone(), read(&entry.value, entry.key_span)?))).collect()
}
