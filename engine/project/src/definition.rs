//! A SQL file with its header.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use nightshift_diagnostic::{Location, SourceText, Span};

use crate::yaml::Node;

/// The kinds of SQL files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DefinitionKind {
    /// A contract of a table that comes from outside.
    Source,
    /// An aggregate that the engine maintains.
    Rollup,
    /// A query whose result is delivered.
    Report,
}

impl DefinitionKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Source, Self::Rollup, Self::Report];

    /// The word at the top of the file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Rollup => "rollup",
            Self::Report => "report",
        }
    }

    /// Where its files lie, for people.
    pub(crate) const fn folder(self) -> &'static str {
        match self {
            Self::Source => "sql/sources",
            Self::Rollup => "sql/rollups/<grain>",
            Self::Report => "reports",
        }
    }
}

impl fmt::Display for DefinitionKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A SQL file: what its header says, and its text with positions.
#[derive(Debug, Clone)]
pub struct Definition<H> {
    /// The file's stem.
    pub name: String,
    /// The kind, by its folder.
    pub kind: DefinitionKind,
    /// What the header says.
    pub header: H,
    /// Whether all of the header could be read; if not, that has been reported, and what depends on it should not be reported too.
    pub header_is_sound: bool,
    /// Where the header's comment stands.
    pub header_span: Span,
    /// The whole file, so that positions in its SQL are positions in the file: the header is a comment to a SQL parser.
    pub text: Arc<SourceText>,
    /// The file, absolute.
    pub path: PathBuf,
    /// `<stem>.test.yaml` beside it, absolute, if there is one.
    pub test: Option<PathBuf>,
    pub(crate) word_span: Span,
    pub(crate) node: Node,
}

impl<H> Definition<H> {
    /// Where the value at a path of the header stands, for example `["checks", "unique", "0"]`; indices count from 0. Where the path
    /// leads nowhere, the deepest value on it that exists; at worst the word that begins the header.
    #[must_use]
    pub fn locate<S: AsRef<str>>(&self, path: &[S]) -> Location {
        let (node, whole) = self.node.descend(path);
        let nothing = !whole && std::ptr::eq(node, &raw const self.node);
        Location::new(&self.text, if nothing { self.word_span } else { node.span })
    }

    /// Where the key at the end of a path of the header stands, for example `["columns", "revenue"]`. Else as [`Self::locate`].
    #[must_use]
    pub fn locate_key<S: AsRef<str>>(&self, path: &[S]) -> Location {
        let entry = path.split_last().and_then(|(key, parents)| match self.node.descend(parents) {
            (parent, true) => parent.entry(key.as_ref()),
            _ => None,
        });
        entry.map_or_else(|| self.locate(path), |entry| Location::new(&self.text, entry.key_span))
    }

    /// Where a piece of the value at a path stands: for problems inside SQL that is written in the header, such as a check. The span
    /// counts from the value's first character; where quotes, escapes or folded lines blur it, the whole value is located.
    #[must_use]
    pub fn locate_within<S: AsRef<str>>(&self, path: &[S], within: Span) -> Location {
        match self.node.descend(path) {
            (node, true) => Location::new(&self.text, node.span_within(&self.text, within)),
            (_, false) => self.locate(path),
        }
    }

    /// The location of a span of the file.
    #[must_use]
    pub fn at(&self, span: Span) -> Location {
        Location::new(&self.text, span)
    }

    /// The location of the header's first word, for what concerns the definition as a whole.
    #[must_use]
    pub fn title_location(&self) -> Location {
        self.at(self.word_span)
    }
}
