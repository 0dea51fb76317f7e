//! A test's file: tables with rows, parameters and the rows that are expected, each with its place.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, StringArray};
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use nightshift_calendar::Calendar;
use nightshift_diagnostic::{Diagnostic, Diagnostics, Location, Position, SourceText, Span, codes, did_you_mean};
use nightshift_project::Parameter;
use nightshift_project::yaml::{self, Entry, Node, Reader, Value};

const KEYS: [&str; 3] = ["given", "parameters", "expect"];

/// What a test's file says.
pub(super) struct Fixture<'a> {
    file: &'a Arc<SourceText>,
    given: BTreeMap<String, (Span, Rows)>,
    parameters: Vec<Entry>,
    /// What the query must give.
    pub(super) expect: Rows,
}

/// Rows as they are written.
pub(super) struct Rows {
    /// The key that they stand under.
    pub(super) place: Span,
    /// Each with its place.
    pub(super) rows: Vec<(Span, Vec<Entry>)>,
}

impl<'a> Fixture<'a> {
    /// Reads a file; the values stay text until a schema says what they are.
    pub(super) fn read(file: &'a Arc<SourceText>) -> Result<Self, Diagnostics> {
        let mut problems = Diagnostics::new();
        let node = yaml::parse(file, &file.text, &mut problems);
        let Some(node) = node.filter(|_| !problems.has_errors()) else { return Err(problems) };
        let reader = Reader::new(file);
        let fixture = Self::of(file, &reader, &node);
        let problems = reader.finish();
        match fixture {
            Some(fixture) if !problems.has_errors() => Ok(fixture),
            _ => Err(problems),
        }
    }

    fn of<'n>(file: &'a Arc<SourceText>, reader: &'n Reader<'n>, node: &'n Node) -> Option<Self> {
        let start = file.first_line().span;
        let fields = reader.fields(node, "a test", &KEYS, start)?;
        let key = |name: &str| node.entry(name).map_or(start, |entry| entry.key_span);
        let mut given = BTreeMap::new();
        if let Some(tables) = fields.get("given") {
            for entry in reader.entries(tables, "`given`")? {
                given.insert(entry.key.clone(), (entry.key_span, rows(reader, &entry.value, entry.key_span)));
            }
        }
        let parameters = fields.get("parameters").map_or(Some(&[][..]), |node| reader.entries(node, "`parameters`"))?.to_vec();
        // No row at all is a result too, and must be written as such.
        let expect = node.entry("expect").map(|entry| rows(reader, &entry.value, entry.key_span));
        if expect.is_none() {
            reader.error(
                codes::MISSING_KEY,
                key("expect"),
                "a test needs `expect`",
                Some("add the rows that the query must give; `expect: []` for none".to_owned()),
            );
        }
        Some(Self { file, given, parameters, expect: expect? })
    }

    /// The rows that are given for a table; none if the file does not name it.
    pub(super) fn rows_of(&self, table: &str, schema: &SchemaRef, calendar: &Calendar) -> Result<RecordBatch, Diagnostics> {
        match self.given.get(table) {
            Some((_, rows)) => rows.batch(self.file, &format!("`{table}`"), schema, calendar),
            None => Ok(RecordBatch::new_empty(loosened(schema))),
        }
    }

    /// Tables that are given and that the query does not read.
    pub(super) fn unread(&self, name: &str, tables: &[String]) -> Diagnostics {
        let unread = self.given.iter().filter(|(table, _)| !tables.contains(table));
        let problem = |(table, (place, _)): (&String, &(Span, Rows))| {
            let hint = did_you_mean(table, tables.iter().map(String::as_str)).unwrap_or_else(|| format!("it reads {}", tables.join(", ")));
            Diagnostic::error(codes::UNKNOWN_TABLE, format!("`{name}` does not read a table `{table}`")).at(Location::new(self.file, *place)).hint(hint)
        };
        unread.map(problem).collect()
    }

    /// The texts of the parameters, each of which has been tried.
    pub(super) fn parameters(&self, name: &str, declared: &[Parameter]) -> Result<BTreeMap<String, String>, Diagnostics> {
        let mut problems = Diagnostics::new();
        let mut given = BTreeMap::new();
        for entry in &self.parameters {
            let Some(parameter) = declared.iter().find(|parameter| parameter.name == entry.key) else {
                let hint = did_you_mean(&entry.key, declared.iter().map(|parameter| parameter.name.as_str()));
                problems.push(
                    Diagnostic::error(codes::UNKNOWN_PARAMETER, format!("`{name}` has no parameter `{}`", entry.key))
                        .at(Location::new(self.file, entry.key_span))
                        .maybe_hint(hint),
                );
                continue;
            };
            let place = Location::new(self.file, entry.value.span);
            match entry.value.as_text().map(|text| (text, parameter.parameter_type.parse(text))) {
                Some((text, Ok(_))) => {
                    given.insert(entry.key.clone(), text.to_owned());
                }
                Some((_, Err(invalid))) => problems.push(Diagnostic::error(codes::TYPE_MISMATCH, invalid.to_string()).at(place)),
                None => {
                    problems.push(Diagnostic::error(codes::INVALID_VALUE, format!("a single value is expected here, not {}", entry.value.kind())).at(place))
                }
            }
        }
        for parameter in declared.iter().filter(|parameter| parameter.default.is_none() && !self.parameters.iter().any(|entry| entry.key == parameter.name)) {
            problems.push(
                Diagnostic::error(codes::MISSING_PARAMETER, format!("the parameter `{}` has no value", parameter.name))
                    .at(self.file.first_line())
                    .hint(format!("add `parameters: {{{}: …}}`", parameter.name)),
            );
        }
        if problems.has_errors() { Err(problems) } else { Ok(given) }
    }
}

fn rows<'n>(reader: &'n Reader<'n>, node: &'n Node, place: Span) -> Rows {
    let items = if node.is_null() { &[][..] } else { reader.items(node) };
    let row = |item: &'n Node| Some((item.span, reader.entries(item, "a row")?.to_vec()));
    Rows { place, rows: items.iter().filter_map(row).collect() }
}

impl Rows {
    /// The rows in the columns of a schema, whose NOT NULLs do not count. `owner` is whose columns they are, for messages.
    pub(super) fn batch(&self, file: &Arc<SourceText>, owner: &str, schema: &SchemaRef, calendar: &Calendar) -> Result<RecordBatch, Diagnostics> {
        let mut problems = self.unknown_columns(file, owner, schema);
        let mut columns: Vec<ArrayRef> = Vec::new();
        for field in schema.fields() {
            let texts: StringArray = self.values(field.name()).map(|node| node.and_then(Node::as_text)).collect();
            match nightshift_quality::read_values(field.name(), field.data_type(), &texts, calendar) {
                Ok((column, failures)) => {
                    let place = |row: usize| self.values(field.name()).nth(row).flatten().map_or(self.place, |node| node.span);
                    problems
                        .extend(failures.into_iter().map(|(row, reason)| Diagnostic::error(codes::TYPE_MISMATCH, reason).at(Location::new(file, place(row)))));
                    columns.push(column);
                }
                Err(error) => problems.push(Diagnostic::error(codes::TYPE_MISMATCH, crate::chain(&error)).at(Location::new(file, self.place))),
            }
        }
        if problems.has_errors() {
            return Err(problems);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows.len()));
        RecordBatch::try_new_with_options(loosened(schema), columns, &options)
            .map_err(|error| Diagnostic::error(codes::TYPE_MISMATCH, error.to_string()).at(Location::new(file, self.place)).into())
    }

    /// What each row says of a column, if anything.
    fn values(&self, column: &str) -> impl Iterator<Item = Option<&Node>> {
        self.rows.iter().map(move |(_, entries)| entries.iter().find(|entry| entry.key == column).map(|entry| &entry.value))
    }

    /// Where a row says something of a column; where the row begins if it does not.
    pub(super) fn place_of(&self, row: usize, column: &str) -> Span {
        let Some((place, entries)) = self.rows.get(row) else { return self.place };
        let start = Position { column: place.start.column + 1, ..place.start };
        entries.iter().find(|entry| entry.key == column).map_or(Span::new(place.start, start), |entry| entry.value.span)
    }

    fn unknown_columns(&self, file: &Arc<SourceText>, owner: &str, schema: &SchemaRef) -> Diagnostics {
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        let mut problems = Diagnostics::new();
        for entry in self.rows.iter().flat_map(|(_, entries)| entries) {
            if !names.contains(&entry.key.as_str()) {
                let hint = did_you_mean(&entry.key, names.iter().copied()).unwrap_or_else(|| format!("there are: {}", names.join(", ")));
                problems.push(
                    Diagnostic::error(codes::UNKNOWN_COLUMN, format!("the {} has no column `{}`", owner_words(owner), entry.key))
                        .at(Location::new(file, entry.key_span))
                        .hint(hint),
                );
            }
            if matches!(entry.value.value, Value::Sequence(_) | Value::Mapping(_)) {
                let message = format!("a single value is expected here, not {}", entry.value.kind());
                problems.push(Diagnostic::error(codes::INVALID_VALUE, message).at(Location::new(file, entry.value.span)));
            }
        }
        problems
    }
}

fn owner_words(owner: &str) -> String {
    if owner.starts_with('`') { format!("table {owner}") } else { owner.to_owned() }
}

fn loosened(schema: &SchemaRef) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}
