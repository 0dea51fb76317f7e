//! What the header says must fit the columns.

use datafusion::arrow::datatypes::DataType;
use nightshift_diagnostic::{Code, Diagnostic, Diagnostics, Location, codes, suggest};
use nightshift_project::{Definition, SourceHeader};

use super::parse::{expression, identifiers, upsert};
use super::{Contract, tokens};

/// Finds what does not fit.
pub(super) fn check(contract: &Contract, definition: &Definition<SourceHeader>) -> Diagnostics {
    let mut checker = Checker { contract, definition, problems: Diagnostics::new() };
    checker.documentation();
    checker.load();
    checker.partition();
    checker.problems
}

struct Checker<'a> {
    contract: &'a Contract,
    definition: &'a Definition<SourceHeader>,
    problems: Diagnostics,
}

impl Checker<'_> {
    fn documentation(&mut self) {
        for (index, name) in self.definition.header.personal.iter().enumerate() {
            self.known(name, "personal", self.definition.locate(&["personal", &index.to_string()]));
        }
        for name in self.definition.header.columns.keys() {
            self.known(name, "columns", self.definition.locate_key(&["columns", name]));
        }
    }

    fn load(&mut self) {
        let Some((key, watermark, delete_when)) = upsert(&self.definition.header) else { return };
        for (index, name) in key.iter().enumerate() {
            let place = self.definition.locate(&["load", "upsert", "key", &index.to_string()]);
            if self.known(name, "key", place.clone()) && key.iter().take(index).any(|earlier| earlier == name) {
                self.error(place, codes::DUPLICATE_VALUE, format!("`{name}` stands in the key twice"), None);
            }
        }
        if key.is_empty() {
            let place = self.definition.locate_key(&["load", "upsert", "key"]);
            let hint = Some("name the columns that tell one row from another".to_owned());
            self.error(place, codes::INVALID_VALUE, "an upsert needs a key".to_owned(), hint);
        }
        let place = self.definition.locate(&["load", "upsert", "watermark"]);
        if self.known(watermark, "watermark", place.clone()) {
            self.watermark_type(watermark, place);
        }
        if let Some(condition) = delete_when {
            self.delete_when(condition);
        }
    }

    fn watermark_type(&mut self, watermark: &str, place: Location) {
        let data_type = self.contract.column(watermark).map(|column| &column.data_type);
        if matches!(data_type, Some(DataType::Float64 | DataType::Boolean)) {
            let message = format!("`{watermark}` cannot say which of two rows is newer");
            let hint = Some("a watermark is a TIMESTAMP, DATE, whole number, DECIMAL or VARCHAR".to_owned());
            self.error(place, codes::TYPE_MISMATCH, message, hint);
        }
    }

    fn delete_when(&mut self, condition: &str) {
        const PATH: [&str; 3] = ["load", "upsert", "delete_when"];
        match expression(condition) {
            Err((message, span)) => {
                let place = span.map_or_else(|| self.definition.locate(&PATH), |span| self.definition.locate_within(&PATH, span));
                self.error(place, codes::INVALID_SQL, message, None);
            }
            Ok(parsed) => {
                for identifier in identifiers(&parsed) {
                    let place = self.definition.locate_within(&PATH, tokens::span(identifier.span));
                    self.known(&tokens::name(&identifier), "delete_when", place);
                }
            }
        }
    }

    fn partition(&mut self) {
        let Some(partition) = &self.definition.header.partition else { return };
        let place = self.definition.locate(&["partition", partition.grain.as_str()]);
        if !self.known(&partition.column, "partition", place.clone()) {
            return;
        }
        let data_type = self.contract.column(&partition.column).map(|column| &column.data_type);
        if !matches!(data_type, Some(DataType::Date32 | DataType::Timestamp(_, _) | DataType::Null)) {
            let message = format!("`{}` is no time, so it has no {}", partition.column, partition.grain);
            let hint = Some("partition by a DATE or TIMESTAMP column".to_owned());
            self.error(place, codes::TYPE_MISMATCH, message, hint);
        }
    }

    /// Whether the table has the column that the header names under `key`; reports it if not.
    fn known(&mut self, name: &str, key: &str, place: Location) -> bool {
        let found = self.contract.column(name).is_some();
        if !found {
            let hint = suggest(name, self.contract.columns.iter().map(|column| column.name.as_str()));
            let message = format!("`{key}` names the column `{name}`, which the table does not have");
            self.error(place, codes::UNKNOWN_COLUMN, message, hint);
        }
        found
    }

    fn error(&mut self, place: Location, code: Code, message: String, hint: Option<String>) {
        self.problems.push(Diagnostic::error(code, message).at(place).maybe_hint(hint));
    }
}
