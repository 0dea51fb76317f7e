//! Ways into the tree: from the path of a key to where it stands.

use nightshift_diagnostic::{Position, SourceText, Span};

use super::{Node, ScalarStyle, Value};

impl Node {
    /// The node at the end of a path of keys and (0-based) indices, and whether the whole path exists; else the deepest node that does.
    #[must_use]
    pub fn descend<S: AsRef<str>>(&self, path: &[S]) -> (&Self, bool) {
        let mut node = self;
        for step in path {
            match node.child(step.as_ref()) {
                Some(child) => node = child,
                None => return (node, false),
            }
        }
        (node, true)
    }

    /// Where a piece of a scalar's text stands in its file; the whole scalar where quotes, escapes or folded lines make that unclear.
    #[must_use]
    pub fn span_within(&self, file: &SourceText, within: Span) -> Span {
        let Value::Scalar { text, style } = &self.value else { return self.span };
        let raw = file.slice(self.span);
        match style {
            ScalarStyle::Plain if raw == text => on_one_line(self.span.start, 0, within),
            ScalarStyle::Quoted if raw.get(1..raw.len().saturating_sub(1)) == Some(text) => on_one_line(self.span.start, 1, within),
            ScalarStyle::Block => in_block(file, self.span, text, within),
            ScalarStyle::Plain | ScalarStyle::Quoted => None,
        }
        .unwrap_or(self.span)
    }

    fn child(&self, step: &str) -> Option<&Self> {
        match &self.value {
            Value::Mapping(_) => self.entry(step).map(|entry| &entry.value),
            Value::Sequence(items) => items.get(step.parse::<usize>().ok()?),
            // A list of one may be written without the brackets.
            Value::Scalar { .. } => (step == "0").then_some(self),
        }
    }
}

fn on_one_line(start: Position, skipped: usize, within: Span) -> Option<Span> {
    let place = |position: Position| (position.line == 1).then(|| Position::new(start.line, start.column + skipped + position.column - 1));
    Some(Span::new(place(within.start)?, place(within.end)?))
}

/// In a literal block every line of the text is a line of the file, behind the block's indentation.
fn in_block(file: &SourceText, span: Span, text: &str, within: Span) -> Option<Span> {
    let place = |position: Position| {
        let wanted = text.lines().nth(position.line - 1)?;
        let first = file.slice(span).lines().next()?.trim_start();
        let begins_below = usize::from(first.starts_with(['|', '>']));
        let line = span.start.line + begins_below + position.line - 1;
        let raw = file.text.lines().nth(line - 1)?;
        let indentation = raw.strip_suffix(wanted)?;
        Some(Position::new(line, indentation.chars().count() + position.column))
    };
    Some(Span::new(place(within.start)?, place(within.end)?))
}
