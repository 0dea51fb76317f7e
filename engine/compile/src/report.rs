//! Reports: their columns, parameters and checks, checked against the query.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::ScalarValue;
use datafusion::execution::session_state::SessionState;
use nightshift_diagnostic::{Diagnostic, Diagnostics, codes, did_you_mean, suggest};
use nightshift_project::{Definition, ReportHeader};

use crate::planning::ParsedQuery;
use crate::resolve::Resolved;
use crate::{condition, parameters};

/// A report that has been compiled.
#[derive(Debug, Clone)]
pub struct Report {
    /// Its file and header.
    pub definition: Definition<ReportHeader>,
    /// Its query as it is written.
    pub parsed: ParsedQuery,
    /// Its query over base tables.
    pub query: Resolved,
    /// The columns of its result, with descriptions and units.
    pub schema: SchemaRef,
    /// The tables that it reads, each once.
    pub tables: Vec<String>,
}

impl Report {
    /// The name.
    pub fn name(&self) -> &str {
        &self.definition.name
    }

    /// What is wrong with the header, given the result's columns.
    pub(crate) fn check(&self, state: &SessionState) -> Diagnostics {
        let mut found = self.check_columns();
        found.extend(self.check_expressions(state));
        found
    }

    fn check_columns(&self) -> Diagnostics {
        let names: Vec<&str> = self.schema.fields().iter().map(|field| field.name().as_str()).collect();
        let checks = &self.definition.header.checks;
        let lists = [("not_null", &checks.not_null), ("unique", &checks.unique)];
        let in_checks = lists.into_iter().flat_map(|(key, columns)| {
            columns.iter().enumerate().map(move |(index, column)| (column, vec!["checks".to_owned(), key.to_owned(), index.to_string()]))
        });
        let mut found = Diagnostics::new();
        for (column, path) in in_checks.filter(|(column, _)| !names.contains(&column.as_str())) {
            found.push(self.unknown_column(column, &names, self.definition.locate(&path)));
        }
        for column in self.definition.header.columns.keys().filter(|column| !names.contains(&column.as_str())) {
            let place = self.definition.locate_key(&["columns".to_owned(), column.clone()]);
            found.push(self.unknown_column(column, &names, place));
        }
        found
    }

    fn unknown_column(&self, column: &str, names: &[&str], place: nightshift_diagnostic::Location) -> Diagnostic {
        Diagnostic::error(codes::UNKNOWN_COLUMN, format!("the result has no column `{column}`")).at(place).maybe_hint(suggest(column, names.iter().copied()))
    }

    fn check_expressions(&self, state: &SessionState) -> Diagnostics {
        let header = &self.definition.header;
        let expectations = header.checks.expect.iter().map(|expectation| (expectation.sql.as_str(), expectation.path.clone()));
        let replace = header.table.iter().map(|table| (table.replace.as_str(), vec!["table".to_owned(), "replace".to_owned()]));
        let mut found = Diagnostics::new();
        for (sql, path) in expectations.chain(replace) {
            if let Err(problems) = condition::compile(state, sql, &self.schema, |span| self.definition.locate_within(&path, span)) {
                found.extend(problems);
            }
        }
        found
    }

    /// The values of the parameters: those given, else the defaults.
    ///
    /// # Errors
    /// A diagnostic for each value that is missing, unknown or of the wrong type.
    pub fn bind(&self, given: &BTreeMap<String, String>, calendar: &nightshift_calendar::Calendar) -> Result<BTreeMap<String, ScalarValue>, Diagnostics> {
        let declared = &self.definition.header.parameters;
        let mut problems = Diagnostics::new();
        let mut values = BTreeMap::new();
        for name in given.keys().filter(|name| !declared.iter().any(|parameter| parameter.name == **name)) {
            problems.push(
                Diagnostic::error(codes::UNKNOWN_PARAMETER, format!("`{}` has no parameter `{name}`", self.name()))
                    .at(self.definition.locate(&["parameters"]))
                    .maybe_hint(did_you_mean(name, declared.iter().map(|parameter| parameter.name.as_str()))),
            );
        }
        for parameter in declared {
            let parsed = given.get(&parameter.name).map(|text| parameter.parameter_type.parse(text)).transpose();
            let place = nightshift_diagnostic::Location::new(&Arc::clone(&self.definition.text), parameter.span);
            match parsed.map(|value| value.or_else(|| parameter.default.clone())) {
                Ok(Some(value)) => {
                    values.insert(parameter.name.clone(), parameters::scalar(&value, calendar));
                }
                Ok(None) => problems.push(
                    Diagnostic::error(codes::MISSING_PARAMETER, format!("the parameter `{}` has no value", parameter.name)).at(place).hint(format!(
                        "give one: --param {}={}",
                        parameter.name,
                        parameter.parameter_type.sample()
                    )),
                ),
                Err(invalid) => problems.push(
                    Diagnostic::error(codes::TYPE_MISMATCH, format!("the parameter `{}` has a wrong value: {invalid}", parameter.name))
                        .at(place)
                        .hint(format!("write it as --param {}={}", parameter.name, parameter.parameter_type.sample())),
                ),
            }
        }
        if problems.has_errors() { Err(problems) } else { Ok(values) }
    }
}
