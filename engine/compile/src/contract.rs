//! Source contracts: the `CREATE TABLE` in `sql/sources/<name>.sql` with its header, as one checked value.
//!
//! Everything that ingest, checks and queries must know of a source stands in a [`Contract`]: types, keys, constraints, how it
//! loads. [`Contract::parse`] finds all that is wrong in a file at once.

mod header;
mod parse;
pub(crate) mod tokens;
pub(crate) mod types;

pub use types::sql_name;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono_tz::Tz;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::execution::session_state::SessionState;
use nightshift_diagnostic::{Diagnostics, Location, SourceText, Span};
use nightshift_project::{Definition, Load, SourceHeader};

use crate::condition;

/// The key of a field's metadata under which its description stands; Delta's name for it, which BI tools show.
pub const COMMENT: &str = "comment";
/// The key of a field's metadata under which its unit stands.
pub const UNIT: &str = "unit";
/// The key of a field's metadata that is `true` for personal data.
pub const PERSONAL: &str = "personal";

/// A source as its file defines it.
#[derive(Debug, Clone)]
pub struct Contract {
    /// Name of the source and of its table.
    pub name: String,
    /// What stands in the comment at the top of the file.
    pub header: SourceHeader,
    /// The file with its text; every span points into it.
    pub text: Arc<SourceText>,
    /// The columns in the order of the file.
    pub columns: Vec<Column>,
    /// The `CHECK` constraints of columns and table, in the order of the file.
    pub checks: Vec<Check>,
    /// Names of the columns of the `PRIMARY KEY`, in its order; empty if there is none.
    pub primary_key: Vec<String>,
    /// Columns whose type is `TIMESTAMP` without a zone: what the clock on the wall of the business showed.
    pub local_time: BTreeSet<String>,
    /// The time zone of the project, in which SQL sees all timestamps.
    pub zone: Tz,
}

/// One column of a source.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its name, in lower case unless it was quoted.
    pub name: String,
    /// Its type as SQL sees it; timestamps carry the project's zone.
    pub data_type: DataType,
    /// Whether NULL is allowed.
    pub nullable: bool,
    /// What it means.
    pub description: Option<String>,
    /// What its numbers count.
    pub unit: Option<String>,
    /// Whether it is personal data.
    pub personal: bool,
    /// Where its name stands in the file.
    pub span: Span,
}

/// One `CHECK`: a row for which it is false breaks the contract; NULL passes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Its name, if `CONSTRAINT name` stands before it.
    pub name: Option<String>,
    /// The expression, as written.
    pub sql: String,
    /// Where the expression stands in the file.
    pub span: Span,
}

impl Contract {
    /// Reads a contract from a source's file.
    ///
    /// # Errors
    /// All that is wrong with it, each with its place.
    pub fn parse(definition: &Definition<SourceHeader>, zone: Tz) -> Result<Self, Diagnostics> {
        parse::contract(definition, zone)
    }

    /// Compiles the `CHECK`s and `delete_when` with the functions that a session knows.
    ///
    /// # Errors
    /// All that does not compile or is no condition, each with its place.
    pub fn check_conditions(&self, state: &SessionState, definition: &Definition<SourceHeader>) -> Result<(), Diagnostics> {
        let columns = self.schema();
        let mut problems = Diagnostics::new();
        for check in &self.checks {
            if let Err(found) = condition::compile(state, &check.sql, &columns, |span| self.within(check, span)) {
                problems.extend(found);
            }
        }
        if let Load::Upsert { delete_when: Some(sql), .. } = &self.header.load {
            let place = |span| definition.locate_within(&["load", "upsert", "delete_when"], span);
            if let Err(found) = condition::compile(state, sql, &columns, place) {
                problems.extend(found);
            }
        }
        if problems.has_errors() { Err(problems) } else { Ok(()) }
    }

    /// The place of a piece of a `CHECK`.
    #[must_use]
    pub fn within(&self, check: &Check, span: Span) -> Location {
        let start = self.text.range(check.span).start;
        let piece = SourceText::new("", check.sql.as_str()).range(span);
        self.text.locate(start + piece.start..start + piece.end)
    }

    /// The column of this name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The position of the column of this name.
    #[must_use]
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The columns that tell one row of the table from another: the key of an upsert, else the primary key.
    #[must_use]
    pub fn key(&self) -> &[String] {
        match &self.header.load {
            Load::Upsert { key, .. } => key,
            Load::Append | Load::Full => &self.primary_key,
        }
    }

    /// The columns as SQL sees them, with descriptions and units in the fields' metadata.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        Arc::new(Schema::new(self.columns.iter().map(Column::field).collect::<Vec<_>>()))
    }

    /// What decides which rows a file brings, in one text: two contracts of the same normal form accept the same rows and
    /// store them alike. Titles, descriptions, spaces and comments are no part of it.
    #[must_use]
    pub fn normal_form(&self) -> String {
        let mut lines = vec![format!("{:?} {:?}", self.header.format, self.header.load)];
        lines.push(format!("{:?} {:?} {:?}", self.header.delimiter, self.header.partition, self.header.ambiguous));
        lines.push(format!("{} key {:?} local {:?}", self.zone, self.primary_key, self.local_time));
        lines.extend(self.columns.iter().map(|column| format!("{} {} {}", column.name, column.data_type, column.nullable)));
        lines.extend(self.checks.iter().map(|check| format!("check {}", tokens::squeeze(&check.sql))));
        lines.join("\n")
    }
}

impl Column {
    /// The column as an Arrow field, with its description and unit as metadata.
    #[must_use]
    pub fn field(&self) -> Field {
        let mut metadata = HashMap::new();
        if let Some(description) = &self.description {
            metadata.insert(COMMENT.to_owned(), description.clone());
        }
        if let Some(unit) = &self.unit {
            metadata.insert(UNIT.to_owned(), unit.clone());
        }
        if self.personal {
            metadata.insert(PERSONAL.to_owned(), "true".to_owned());
        }
        Field::new(&self.name, self.data_type.clone(), self.nullable).with_metadata(metadata)
    }
}

#[cfg(test)]
mod tests;
