//! Headers: the block comment at the top of a SQL file, with YAML in it.

use std::sync::Arc;

use nightshift_diagnostic::{Diagnostic, Diagnostics, Position, SourceText, Span, codes, did_you_mean};

use crate::DefinitionKind;
use crate::yaml::{self, Node, Value};

/// A header, or the lack of one.
#[derive(Debug)]
pub(crate) struct Header {
    /// The whole comment.
    pub(crate) span: Span,
    /// The word that says the kind; problems of the header as a whole are reported here.
    pub(crate) word: Span,
    /// Its YAML.
    pub(crate) node: Node,
}

impl Header {
    /// In place of a header that is not there or cannot be read.
    pub(crate) fn absent(file: &Arc<SourceText>) -> Self {
        let node = Node { span: Span::at(Position::START), value: Value::Sequence(Vec::new()) };
        Self { span: node.span, word: file.first_line().span, node }
    }
}

/// Finds the header of a file and parses it; whatever is wrong is reported.
pub(crate) fn read(file: &Arc<SourceText>, kind: DefinitionKind, problems: &mut Diagnostics) -> Option<Header> {
    let text: &str = &file.text;
    let start = start(text);
    if !text.get(start..).is_some_and(|rest| rest.starts_with("/*")) {
        problems.push(missing(file, kind));
        return None;
    }
    let body = start + 2;
    let Some(length) = text.get(body..).and_then(|rest| rest.find("*/")) else {
        problems.push(
            Diagnostic::error(codes::MISSING_HEADER, "the comment that begins here does not end").at(file.locate(start..body)).hint("close it with `*/`"),
        );
        return None;
    };
    let comment = text.get(body..body + length).unwrap_or_default();
    let word_start = body + comment.len() - comment.trim_start().len();
    let word = comment.split_whitespace().next().unwrap_or_default();
    let word_range = word_start..word_start + word.len();
    if word != kind.as_str() {
        problems.push(wrong_kind(file, word, kind).at(file.locate(if word.is_empty() { start..body } else { word_range })));
        return None;
    }
    let yaml = in_place(text, word_range.end, body + length);
    let mut node = yaml::parse(file, &yaml, problems)?;
    let word = file.span(word_range);
    if node.is_null() {
        node.span = Span::at(word.end);
    }
    Some(Header { span: file.span(start..body + length + 2), word, node })
}

/// Blank lines and `--` comments may stand before the header.
fn start(text: &str) -> usize {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim_start();
        if !trimmed.is_empty() && !trimmed.starts_with("--") {
            return start + line.len() - trimmed.len();
        }
        start += line.len();
    }
    start
}

/// The YAML with blanks in place of all that stands before it, so that its lines and columns are the file's.
fn in_place(text: &str, from: usize, to: usize) -> String {
    let before = text.get(..from).unwrap_or_default();
    let mut yaml: String = before.chars().map(|letter| if letter == '\n' { '\n' } else { ' ' }).collect();
    yaml.push_str(text.get(from..to).unwrap_or_default());
    yaml
}

fn missing(file: &Arc<SourceText>, kind: DefinitionKind) -> Diagnostic {
    Diagnostic::error(codes::MISSING_HEADER, format!("a {kind} begins with its header, a comment"))
        .at(file.first_line())
        .hint(format!("begin the file with `/* {kind}`, lines such as `title: …`, and `*/`"))
}

fn wrong_kind(file: &Arc<SourceText>, word: &str, kind: DefinitionKind) -> Diagnostic {
    let folder = file.path.parent().map(|folder| folder.display().to_string()).unwrap_or_default();
    match DefinitionKind::ALL.into_iter().find(|other| other.as_str() == word) {
        Some(other) => Diagnostic::error(codes::WRONG_KIND, format!("a {other} cannot lie in {folder}"))
            .hint(format!("move the file to {}, or write `/* {kind}`", other.folder())),
        None => Diagnostic::error(codes::MISSING_HEADER, format!("a header in {folder} begins with the word `{kind}`"))
            .hint(did_you_mean(word, [kind.as_str()]).unwrap_or_else(|| format!("write `/* {kind}`"))),
    }
}
