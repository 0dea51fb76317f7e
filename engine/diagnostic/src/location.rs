//! Places in a file. Lines and columns are 1-based and count characters, as the SQL parser counts them; ends are exclusive.

use std::sync::Arc;

use crate::SourceText;

/// A place between two characters: before the character in this line and column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// 1-based line.
    pub line: usize,
    /// 1-based column, in characters (not bytes, not terminal cells).
    pub column: usize,
}

impl Position {
    /// The first character of a file.
    pub const START: Self = Self { line: 1, column: 1 };

    /// A position from a 1-based line and column.
    #[must_use]
    pub const fn new(line: usize, column: usize) -> Self {
        Self { line, column }
    }
}

/// A piece of a file: from `start` up to, not including, `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first character.
    pub start: Position,
    /// The place after the last character.
    pub end: Position,
}

impl Span {
    /// A span from its two ends.
    #[must_use]
    pub const fn new(start: Position, end: Position) -> Self {
        Self { start, end }
    }

    /// The empty span at a position, where something is missing.
    #[must_use]
    pub const fn at(position: Position) -> Self {
        Self { start: position, end: position }
    }

    /// The smallest span that holds both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// Whether nothing lies between the two ends.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.start >= self.end
    }
}

/// A piece of a named file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The file with its text.
    pub file: Arc<SourceText>,
    /// Where in it.
    pub span: Span,
}

impl Location {
    /// A piece of a file.
    #[must_use]
    pub fn new(file: &Arc<SourceText>, span: Span) -> Self {
        Self { file: Arc::clone(file), span }
    }

    /// The text of this place.
    #[must_use]
    pub fn text(&self) -> &str {
        self.file.slice(self.span)
    }
}
