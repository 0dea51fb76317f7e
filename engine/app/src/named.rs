//! What an analyst names on the command line: a source, rollup or report, by its name or its file.

use std::path::Path;
use std::sync::Arc;

use nightshift_compile::Rollup;
use nightshift_diagnostic::did_you_mean;
use nightshift_project::{Definition, DefinitionKind, ReportHeader, RollupHeader, SourceHeader};

use crate::{Error, Result, Workspace};

/// A definition of any kind.
#[derive(Debug, Clone, Copy)]
pub enum Named<'a> {
    /// A contract.
    Source(&'a Definition<SourceHeader>),
    /// An aggregate.
    Rollup(&'a Definition<RollupHeader>),
    /// A query whose result is delivered.
    Report(&'a Definition<ReportHeader>),
}

impl<'a> Named<'a> {
    /// The name.
    pub fn name(self) -> &'a str {
        match self {
            Self::Source(definition) => &definition.name,
            Self::Rollup(definition) => &definition.name,
            Self::Report(definition) => &definition.name,
        }
    }

    /// The kind.
    pub fn kind(self) -> DefinitionKind {
        match self {
            Self::Source(_) => DefinitionKind::Source,
            Self::Rollup(_) => DefinitionKind::Rollup,
            Self::Report(_) => DefinitionKind::Report,
        }
    }

    /// The title.
    pub fn title(self) -> &'a str {
        match self {
            Self::Source(definition) => &definition.header.title,
            Self::Rollup(definition) => &definition.header.title,
            Self::Report(definition) => &definition.header.title,
        }
    }

    /// The file of its tests, if it has any.
    pub fn test(self) -> Option<&'a Path> {
        match self {
            Self::Source(definition) => definition.test.as_deref(),
            Self::Rollup(definition) => definition.test.as_deref(),
            Self::Report(definition) => definition.test.as_deref(),
        }
    }

    fn path(self) -> &'a Path {
        match self {
            Self::Source(definition) => &definition.path,
            Self::Rollup(definition) => &definition.path,
            Self::Report(definition) => &definition.path,
        }
    }
}

impl Workspace {
    /// Every source, rollup and report, in this order.
    pub fn definitions(&self) -> impl Iterator<Item = Named<'_>> {
        let project = &self.project;
        let sources = project.sources.iter().map(Named::Source);
        sources.chain(project.rollups.iter().map(Named::Rollup)).chain(project.reports.iter().map(Named::Report))
    }

    /// The definition that a text means: a name, or a file as seen from the current folder or from the project's.
    ///
    /// # Errors
    /// [`Error::Unknown`] with what may have been meant.
    pub fn named(&self, text: &str) -> Result<Named<'_>> {
        let file = Path::new(text);
        let looks_like_file = text.contains('/') || file.extension().is_some();
        let found = if looks_like_file {
            let places = [file.to_path_buf(), self.project.root.join(file)];
            let is_at = |named: &Named<'_>| places.iter().any(|place| same_file(place, named.path()));
            self.definitions().find(is_at)
        } else {
            self.definitions().find(|named| named.name() == text)
        };
        found.ok_or_else(|| {
            let stem = file.file_name().and_then(|name| name.to_str()).unwrap_or(text);
            let stem = stem.split('.').next().unwrap_or(stem);
            let hint = did_you_mean(stem, self.definitions().map(Named::name));
            Error::Unknown { kind: "source, rollup or report", name: text.to_owned(), hint }
        })
    }

    /// The rollup that a text means.
    ///
    /// # Errors
    /// As [`Self::named`]; [`Error::Unknown`] for what is not a rollup, which says what it is; as [`Self::rollup`] for one with mistakes.
    pub fn named_rollup(&self, text: &str) -> Result<&Arc<Rollup>> {
        match self.named(text)? {
            Named::Rollup(definition) => self.rollup(&definition.name),
            other => Err(Error::Unknown { kind: "rollup", name: other.name().to_owned(), hint: Some(format!("it is a {}", other.kind())) }),
        }
    }
}

fn same_file(left: &Path, right: &Path) -> bool {
    left.canonicalize().ok().is_some_and(|left| right.canonicalize().is_ok_and(|right| left == right))
}
