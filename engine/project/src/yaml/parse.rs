//! From text to tree.

use std::sync::Arc;

use nightshift_diagnostic::{Diagnostic, Diagnostics, Location, Position, SourceText, Span, codes};
use serde_yaml::granit_parser::{self, Event, Marker, Parser, StrInput, StructureStyle};

use super::{Entry, Node, ScalarStyle, Value};

/// Parses one YAML document whose lines and columns are those of `file` (a header comes with blanks in place of the SQL before
/// it). Duplicate keys are reported and the first one is kept; text that is not YAML is reported and gives `None`. An empty
/// document is a null node at its start.
pub fn parse(file: &Arc<SourceText>, text: &str, problems: &mut Diagnostics) -> Option<Node> {
    let mut tree = Tree { events: Parser::new_from_str(text), file, problems };
    match tree.document() {
        Ok(node) => Some(node),
        Err(problem) => {
            problems.push(*problem);
            None
        }
    }
}

type Parsed<T> = Result<T, Box<Diagnostic>>;

struct Tree<'a> {
    events: Parser<'a, StrInput<'a>>,
    file: &'a Arc<SourceText>,
    problems: &'a mut Diagnostics,
}

impl<'a> Tree<'a> {
    fn document(&mut self) -> Parsed<Node> {
        let mut root = None;
        while let Some((event, span)) = self.next()? {
            match event {
                Event::StreamStart | Event::DocumentStart(..) if root.is_none() => {}
                Event::DocumentEnd => {}
                Event::StreamEnd => break,
                Event::DocumentStart(..) => return Err(self.invalid("only one YAML document may stand here", span)),
                event => root = Some(self.node(event, span)?),
            }
        }
        Ok(root.unwrap_or_else(|| null(Span::at(Position::START))))
    }

    fn node(&mut self, event: Event<'a>, span: Span) -> Parsed<Node> {
        match event {
            Event::Scalar(text, style, _, _) => Ok(Node { span, value: Value::Scalar { text: text.into_owned(), style: scalar_style(style) } }),
            Event::SequenceStart(style, _, _) => self.sequence(style, span),
            Event::MappingStart(style, _, _) => self.mapping(style, span),
            Event::Alias(_) => Err(self.invalid("aliases are not supported: write the value again", span)),
            _ => Err(self.invalid("this YAML is not supported", span)),
        }
    }

    fn sequence(&mut self, style: StructureStyle, start: Span) -> Parsed<Node> {
        let mut items: Vec<Node> = Vec::new();
        loop {
            match self.expected_next(start)? {
                (Event::SequenceEnd, end) => {
                    let span = whole(style, start, items.last().map(|item| item.span), end);
                    return Ok(Node { span, value: Value::Sequence(items) });
                }
                (event, span) => items.push(self.node(event, span)?),
            }
        }
    }

    fn mapping(&mut self, style: StructureStyle, start: Span) -> Parsed<Node> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut last = None;
        loop {
            let (key, key_span) = match self.expected_next(start)? {
                (Event::MappingEnd, end) => {
                    return Ok(Node { span: whole(style, start, last, end), value: Value::Mapping(entries) });
                }
                (Event::Scalar(key, ..), span) => (key.into_owned(), span),
                (_, span) => return Err(self.invalid("a key must be a single word", span)),
            };
            let (event, span) = self.expected_next(start)?;
            let value = self.node(event, span)?;
            last = Some(key_span.union(value.span));
            match entries.iter().find(|entry| entry.key == key) {
                Some(first) => self.report_duplicate(&key, key_span, first.key_span),
                None => entries.push(Entry { key, key_span, value }),
            }
        }
    }

    fn report_duplicate(&mut self, key: &str, span: Span, first: Span) {
        self.problems.push(
            Diagnostic::error(codes::DUPLICATE_KEY, format!("`{key}` stands here twice"))
                .at(Location::new(self.file, span))
                .note(format!("the first one is in line {}", first.start.line))
                .hint("keep one of them"),
        );
    }

    fn next(&mut self) -> Parsed<Option<(Event<'a>, Span)>> {
        match self.events.next_event() {
            None => Ok(None),
            Some(Ok((event, span))) => Ok(Some((event, Span::new(position(span.start), position(span.end))))),
            Some(Err(error)) => {
                let place = Span::at(position(*error.marker()));
                let mut problem = self.invalid(&format!("this is not valid YAML: {}", error.info()), place);
                problem.hint = hint(&error.info()).map(str::to_owned);
                Err(problem)
            }
        }
    }

    fn expected_next(&mut self, start: Span) -> Parsed<(Event<'a>, Span)> {
        self.next()?.ok_or_else(|| self.invalid("what begins here does not end", start))
    }

    fn invalid(&self, message: &str, span: Span) -> Box<Diagnostic> {
        Box::new(Diagnostic::error(codes::INVALID_YAML, message).at(Location::new(self.file, span)))
    }
}

/// What to do about the mistakes that people make most.
fn hint(message: &str) -> Option<&'static str> {
    if message.contains("mapping values are not allowed") {
        Some("put a text with a colon into quotes: `title: \"Deliveries: all\"`")
    } else if message.contains("tab") {
        Some("indent with spaces")
    } else {
        None
    }
}

pub(super) fn null(span: Span) -> Node {
    Node { span, value: Value::Scalar { text: String::new(), style: ScalarStyle::Plain } }
}

/// The parser ends a block collection where the next thing begins, which may be many lines further down.
fn whole(style: StructureStyle, start: Span, last: Option<Span>, end: Span) -> Span {
    match (style, last) {
        (StructureStyle::Block, Some(last)) => Span::new(start.start, last.end),
        (StructureStyle::Block, None) => start,
        (StructureStyle::Flow, _) => start.union(end),
    }
}

fn scalar_style(style: granit_parser::ScalarStyle) -> ScalarStyle {
    match style {
        granit_parser::ScalarStyle::Plain => ScalarStyle::Plain,
        granit_parser::ScalarStyle::SingleQuoted | granit_parser::ScalarStyle::DoubleQuoted => ScalarStyle::Quoted,
        granit_parser::ScalarStyle::Literal | granit_parser::ScalarStyle::Folded => ScalarStyle::Block,
    }
}

/// The parser counts columns from 0.
fn position(marker: Marker) -> Position {
    Position::new(marker.line().max(1), marker.col() + 1)
}
