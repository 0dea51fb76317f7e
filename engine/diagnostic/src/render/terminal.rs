//! Diagnostics for people: the source line with a caret under the place.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::{Diagnostic, Location, Severity};

/// Renders diagnostics one after the other, with an empty line between them: code and message, `file:line:column`, the source
/// line with a caret, notes and the hint. `color` adds ANSI colours.
#[must_use]
pub fn terminal(diagnostics: &[Diagnostic], color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let mut text = String::new();
    for diagnostic in diagnostics {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&renderer.render(&[group(diagnostic)]));
        text.push('\n');
    }
    text
}

fn group(diagnostic: &Diagnostic) -> Group<'_> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(diagnostic.message.as_str()).id(diagnostic.code.as_str()));
    if let Some(location) = &diagnostic.location {
        group = group.element(snippet(location, diagnostic.label.as_deref()));
    }
    group = group.elements(diagnostic.notes.iter().map(|note| Level::NOTE.message(note.as_str())));
    if let Some(hint) = &diagnostic.hint {
        group = group.element(Level::HELP.message(hint.as_str()));
    }
    group
}

fn snippet<'a>(location: &'a Location, label: Option<&'a str>) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    Snippet::source(&*location.file.text).path(location.file.path.display().to_string()).annotation(AnnotationKind::Primary.span(shown(location)).label(label))
}

/// A span over several lines would draw a bracket beside whole paragraphs; its first line says enough.
fn shown(location: &Location) -> Range<usize> {
    let range = location.file.range(location.span);
    let text = location.file.text.get(range.clone()).unwrap_or_default();
    let first = text.lines().next().unwrap_or_default();
    range.start..range.start + first.trim_end().len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Position, SourceText, Span, codes};

    fn rendered(text: &str, span: Span) -> String {
        let file = SourceText::new("reports/sales.sql", text);
        let diagnostic = Diagnostic::error(codes::UNKNOWN_COLUMN, "there is no column `depo_id`")
            .at(Location::new(&file, span))
            .label("not in `delivery`")
            .hint("did you mean `depot_id`?");
        terminal(&[diagnostic], false)
    }

    #[test]
    fn the_caret_stands_under_the_place_also_after_wide_characters() {
        let text = "SELECT '瓦斯行' AS name, depo_id\nFROM delivery";
        let shown = rendered(text, Span::new(Position::new(1, 23), Position::new(1, 30)));
        assert_eq!(
            shown,
            "error[unknown-column]: there is no column `depo_id`\n \
             --> reports/sales.sql:1:23\n  \
             |\n\
             1 | SELECT '瓦斯行' AS name, depo_id\n  \
             |                          ^^^^^^^ not in `delivery`\n  \
             |\n  \
             = help: did you mean `depot_id`?\n"
        );
    }

    #[test]
    fn an_empty_span_at_the_end_of_the_text_still_has_a_caret() {
        let end = SourceText::new("a.sql", "SELECT\n\n").end().span;
        let shown = rendered("SELECT\n\n", end);
        assert!(shown.contains("reports/sales.sql:1:7") && shown.contains("  |       ^ not in"), "{shown}");
        let shown = rendered("", Span::at(Position::START));
        assert!(shown.contains("reports/sales.sql:1:1"), "{shown}");
    }

    #[test]
    fn a_span_over_several_lines_shows_its_first() {
        let shown = rendered("SELECT a,\n  b\nFROM t", Span::new(Position::new(1, 8), Position::new(3, 7)));
        assert!(shown.contains("1 | SELECT a,\n  |        ^^ not in"), "{shown}");
    }
}
