//! The text of a file, and the way between its bytes and its lines and columns.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::{Location, Position, Span};

/// A file of the project as it was read: diagnostics quote from it, so that they still fit when the file has changed since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceText {
    /// Path as it is shown to people: relative to the project's root.
    pub path: PathBuf,
    /// The whole text.
    pub text: Arc<str>,
}

impl SourceText {
    /// Takes a file's text; `path` is what people will read.
    pub fn new(path: impl Into<PathBuf>, text: impl Into<Arc<str>>) -> Arc<Self> {
        Arc::new(Self { path: path.into(), text: text.into() })
    }

    /// The path that people read.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The byte offset of a position. A position past the end of its line is the end of the line, one past the last line the
    /// end of the text.
    #[must_use]
    pub fn offset(&self, position: Position) -> usize {
        let mut start = 0;
        for (index, line) in self.text.split_inclusive('\n').enumerate() {
            if index + 1 == position.line {
                let visible = line.trim_end_matches(['\n', '\r']);
                let within = visible.char_indices().nth(position.column.saturating_sub(1)).map_or(visible.len(), |(at, _)| at);
                return start + within;
            }
            start += line.len();
        }
        start
    }

    /// The position of a byte offset; an offset inside a character counts as the character's start, one past the end as the end.
    #[must_use]
    pub fn position(&self, offset: usize) -> Position {
        let before = self.text.get(..self.floor(offset)).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Position { line: before.matches('\n').count() + 1, column: before.get(line_start..).unwrap_or_default().chars().count() + 1 }
    }

    /// The byte range of a span.
    #[must_use]
    pub fn range(&self, span: Span) -> Range<usize> {
        let start = self.offset(span.start);
        start..self.offset(span.end).max(start)
    }

    /// The span of a byte range.
    #[must_use]
    pub fn span(&self, range: Range<usize>) -> Span {
        Span::new(self.position(range.start), self.position(range.end))
    }

    /// The text of a span.
    #[must_use]
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(self.range(span)).unwrap_or_default()
    }

    /// The location of a byte range.
    #[must_use]
    pub fn locate(self: &Arc<Self>, range: Range<usize>) -> Location {
        Location::new(self, self.span(range))
    }

    /// The location of the file as a whole: its first line without the line's end.
    #[must_use]
    pub fn first_line(self: &Arc<Self>) -> Location {
        let length = self.text.lines().next().unwrap_or_default().chars().count();
        Location::new(self, Span::new(Position::START, Position::new(1, length + 1)))
    }

    /// The empty place after the last visible character, where a text that ends too early should have gone on.
    #[must_use]
    pub fn end(self: &Arc<Self>) -> Location {
        let end = self.text.trim_end().len();
        self.locate(end..end)
    }

    fn floor(&self, offset: usize) -> usize {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_and_survive_the_way_there_and_back() {
        let file = SourceText::new("a.sql", "SELECT 1,\r\n '瓦斯' AS 氣\nFROM t");
        for (offset, _) in file.text.char_indices().filter(|(_, character)| !matches!(character, '\r' | '\n')) {
            assert_eq!(file.offset(file.position(offset)), offset);
        }
        assert_eq!(file.slice(Span::new(Position::new(2, 2), Position::new(2, 6))), "'瓦斯'");
        assert_eq!(file.position(file.text.find('氣').unwrap_or_default()), Position::new(2, 10));
    }

    #[test]
    fn a_position_outside_the_text_is_clamped() {
        let file = SourceText::new("a.sql", "ab\ncd");
        assert_eq!(file.offset(Position::new(1, 99)), 2);
        assert_eq!(file.offset(Position::new(9, 1)), 5);
        assert_eq!(file.position(99), Position::new(2, 3));
    }
}
