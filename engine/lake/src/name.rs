//! Names of tables and the folders that they stand for.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// What a table is for; also the folder that it lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TableKind {
    /// Rows that came from outside, as their contract says.
    Source,
    /// Aggregation states behind a rollup whose visible rows are not its states.
    State,
    /// An aggregate that the engine keeps up to date.
    Rollup,
    /// The result of a report.
    Report,
    /// Rows that broke the contract of the source with the same name.
    Review,
    /// What the engine knows about itself.
    System,
}

impl TableKind {
    /// Every kind, in the order of the folders that `Lake::tables` lists.
    pub const ALL: [Self; 6] = [Self::Source, Self::State, Self::Rollup, Self::Report, Self::Review, Self::System];

    /// The name of the folder.
    #[must_use]
    pub const fn folder(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::State => "state",
            Self::Rollup => "rollup",
            Self::Report => "report",
            Self::Review => "review",
            Self::System => "system",
        }
    }
}

impl fmt::Display for TableKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.folder())
    }
}

/// The name of one table: its kind and a word that is also a folder.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableName {
    kind: TableKind,
    name: String,
}

impl TableName {
    /// A table name, which is a file stem of the project: a lower-case letter, then lower-case letters, digits and `_`.
    ///
    /// # Errors
    /// [`Error::TableName`] for anything else, so that no name can leave its folder.
    pub fn new(kind: TableKind, name: impl Into<String>) -> Result<Self> {
        let name = name.into();
        let starts_well = name.chars().next().is_some_and(|first| first.is_ascii_lowercase());
        let goes_on_well = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !starts_well || !goes_on_well || name.len() > 128 {
            return Err(Error::TableName { name });
        }
        Ok(Self { kind, name })
    }

    /// What the table is for.
    #[must_use]
    pub const fn kind(&self) -> TableKind {
        self.kind
    }

    /// The word without its kind.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.kind, self.name)
    }
}

impl FromStr for TableName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let unknown = || Error::TableName { name: text.to_owned() };
        let (folder, name) = text.split_once('/').ok_or_else(unknown)?;
        let kind = TableKind::ALL.into_iter().find(|kind| kind.folder() == folder).ok_or_else(unknown)?;
        Self::new(kind, name)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_name_is_a_word_that_cannot_leave_its_folder() {
        assert_eq!("rollup/depot_daily".parse::<TableName>().unwrap().to_string(), "rollup/depot_daily");
        for wrong in ["", "..", "a/b", "Delivery", "9lives", "a b", "a-b", "a\\b", "\u{4f4d}"] {
            assert!(TableName::new(TableKind::Source, wrong).is_err(), "{wrong:?} was accepted");
        }
        assert!("elsewhere/delivery".parse::<TableName>().is_err());
        assert!("source/../delivery".parse::<TableName>().is_err());
    }
}
