//! Names of definitions.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use nightshift_diagnostic::{Diagnostic, Diagnostics, Location, SourceText, codes};

use crate::DefinitionKind;

/// A name is a word that every SQL engine and file system takes without quotes.
pub(crate) fn is_name(text: &str) -> bool {
    text.len() <= 63
        && text.starts_with(|letter: char| letter.is_ascii_lowercase())
        && text.bytes().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'_')
}

/// What SQL engines reserve and a table is likely to be called, and the word that means every definition in a pipeline.
const RESERVED: [&str; 14] = ["all", "column", "default", "from", "group", "index", "limit", "order", "select", "table", "union", "user", "values", "where"];

/// Reports a name that is no name.
pub(crate) fn check(name: &str, file: &Arc<SourceText>, problems: &mut Diagnostics) {
    if !is_name(name) {
        problems.push(
            Diagnostic::error(codes::INVALID_NAME, format!("`{name}` is no name for a definition"))
                .at(file.first_line())
                .hint("a name is the file's stem: a lower-case letter, then lower-case letters, digits and underscores"),
        );
    } else if RESERVED.contains(&name) {
        problems.push(
            Diagnostic::error(codes::INVALID_NAME, format!("`{name}` is a reserved word"))
                .at(file.first_line())
                .hint(format!("call the file `customer_{name}.sql`, or whatever says more")),
        );
    }
}

/// Every definition's name with its kind and file, also of those whose file is broken: a mistake in one file must not make its
/// name unknown everywhere else.
#[derive(Debug, Default)]
pub(crate) struct Names(BTreeMap<String, (DefinitionKind, PathBuf)>);

impl Names {
    /// Takes a name; one that is taken already is reported and gives `false`.
    pub(crate) fn take(&mut self, name: &str, kind: DefinitionKind, location: Location, problems: &mut Diagnostics) -> bool {
        if let Some((other, path)) = self.0.get(name) {
            problems.push(
                Diagnostic::error(codes::DUPLICATE_NAME, format!("there is a {other} named `{name}` already"))
                    .at(location)
                    .note(format!("it is {}", path.display()))
                    .hint("sources, rollups and reports share one set of names: rename one of the files"),
            );
            return false;
        }
        self.0.insert(name.to_owned(), (kind, location.file.path.clone()));
        true
    }

    /// The names of a kind, or of all, in alphabetical order.
    pub(crate) fn of(&self, kind: Option<DefinitionKind>) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(_, (other, _))| kind.is_none_or(|kind| *other == kind)).map(|(name, _)| name.as_str())
    }

    /// The kind of a name.
    pub(crate) fn kind(&self, name: &str) -> Option<DefinitionKind> {
        self.0.get(name).map(|(kind, _)| *kind)
    }
}
