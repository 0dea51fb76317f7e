//! What a report's header says.

use std::collections::BTreeMap;

use nightshift_diagnostic::{Span, codes};

use crate::columns::read_columns;
use crate::output::read_outputs;
use crate::parameter::read_parameters;
use crate::yaml::{Fields, Node, Reader, Value};
use crate::{ColumnDoc, Output, Parameter, Priority};

/// What a report's header says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReportHeader {
    /// For people.
    pub title: String,
    /// More for people.
    pub description: Option<String>,
    /// Who answers for it.
    pub owner: String,
    /// What goes first.
    pub priority: Priority,
    /// Its parameters, in the order of the header.
    pub parameters: Vec<Parameter>,
    /// What must hold about its result before anybody sees it.
    pub checks: Checks,
    /// How its table in the lake is kept; `None`: each run replaces the whole table.
    pub table: Option<ReportTable>,
    /// The files that it gives to people.
    pub output: Vec<Output>,
    /// Whether it may be answered from rollups over the sources that it reads.
    pub rewrite: Rewrite,
    /// Descriptions and units.
    pub columns: BTreeMap<String, ColumnDoc>,
}

/// Whether a query over sources may be answered from rollups over them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Rewrite {
    /// Where a rollup gives the same rows.
    #[default]
    On,
    /// Never.
    Off,
}

/// What must hold about a result before anybody sees it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checks {
    /// Columns without NULL; located at `["checks", "not_null", "<index>"]`.
    pub not_null: Vec<String>,
    /// Columns that together are different in every row; located at `["checks", "unique", "<index>"]`.
    pub unique: Vec<String>,
    /// Predicates that hold for every row.
    pub expect: Vec<Expectation>,
}

/// A predicate that holds for every row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// The SQL predicate.
    pub sql: String,
    /// What happens if it does not.
    pub severity: CheckSeverity,
    /// The path of the SQL in the header, for [`crate::Definition::locate_within`].
    pub path: Vec<String>,
    /// Where the SQL stands.
    pub span: Span,
}

/// What happens if a check does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum CheckSeverity {
    /// The result is not committed.
    #[default]
    Error,
    /// The result is committed, and the run says so.
    Warn,
}

/// How a report's table in the lake is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportTable {
    /// The SQL predicate, with `$parameters`, whose rows a run replaces; located at `["table", "replace"]`.
    pub replace: String,
}

const KEYS: [&str; 10] = ["title", "description", "owner", "priority", "parameters", "checks", "table", "output", "rewrite", "columns"];

const REWRITES: [(&str, Rewrite); 2] = [("on", Rewrite::On), ("off", Rewrite::Off)];

impl ReportHeader {
    pub(crate) fn read<'a>(reader: &'a Reader<'a>, node: &'a Node, word: Span) -> Option<Self> {
        let fields = reader.fields(node, "a report", &KEYS, word)?;
        Some(Self {
            title: fields.required_text("title"),
            description: fields.text("description"),
            owner: fields.required_text("owner"),
            priority: Priority::read(reader, &fields),
            parameters: read_parameters(reader, &fields),
            checks: fields.get("checks").and_then(|node| Checks::read(reader, node)).unwrap_or_default(),
            table: fields.get("table").and_then(|node| ReportTable::read(reader, node)),
            rewrite: fields.get("rewrite").and_then(|node| reader.word(node, "way to rewrite", &REWRITES)).unwrap_or_default(),
            output: fields.get("output").map(|node| read_outputs(reader, node)).unwrap_or_default(),
            columns: read_columns(reader, &fields),
        })
    }
}

impl ReportTable {
    fn read<'a>(reader: &'a Reader<'a>, node: &'a Node) -> Option<Self> {
        let fields = reader.fields(node, "`table`", &["replace"], node.span)?;
        let replace = fields.require("replace").and_then(|node| reader.text(node))?.to_owned();
        Some(Self { replace })
    }
}

impl Checks {
    fn read<'a>(reader: &'a Reader<'a>, node: &'a Node) -> Option<Self> {
        let fields = reader.fields(node, "`checks`", &["not_null", "unique", "expect"], node.span)?;
        let expect = fields.get("expect").map(|node| read_expectations(reader, node)).unwrap_or_default();
        Some(Self { not_null: fields.names("not_null"), unique: fields.names("unique"), expect })
    }
}

/// One predicate or a list of them; each a text, or `{sql: …, severity: warn}`.
fn read_expectations<'a>(reader: &'a Reader<'a>, node: &'a Node) -> Vec<Expectation> {
    let listed = matches!(node.value, Value::Sequence(_));
    let read = |(index, item): (usize, &'a Node)| {
        let mut path = vec!["checks".to_owned(), "expect".to_owned()];
        path.extend(listed.then(|| index.to_string()));
        let Value::Mapping(_) = &item.value else {
            let sql = reader.text(item)?.to_owned();
            return Some(Expectation { sql, severity: CheckSeverity::Error, path, span: item.span });
        };
        let fields: Fields<'a> = reader.fields(item, "an expectation", &["sql", "severity"], item.span)?;
        let severities = [("error", CheckSeverity::Error), ("warn", CheckSeverity::Warn)];
        let severity = fields.get("severity").and_then(|node| reader.word(node, "severity", &severities));
        let sql = fields.require("sql")?;
        path.push("sql".to_owned());
        let text = reader.text(sql)?.to_owned();
        Some(Expectation { sql: text, severity: severity.unwrap_or_default(), path, span: sql.span })
    };
    let expectations: Vec<Expectation> = reader.items(node).iter().enumerate().filter_map(read).collect();
    for (index, expectation) in expectations.iter().enumerate() {
        if expectations.iter().take(index).any(|earlier| earlier.sql == expectation.sql) {
            reader.error(codes::DUPLICATE_VALUE, expectation.span, "this is expected twice", None);
        }
    }
    expectations
}
