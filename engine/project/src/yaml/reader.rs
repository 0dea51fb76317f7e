//! Typed values out of the tree, with a diagnostic for each that does not fit.

use std::cell::RefCell;
use std::sync::Arc;

use nightshift_diagnostic::{Code, Diagnostic, Diagnostics, Location, SourceText, Span, codes, did_you_mean};

use super::{Entry, Node, Value};

/// Reads the values of one file and collects what is wrong with them.
#[derive(Debug)]
pub struct Reader<'a> {
    file: &'a Arc<SourceText>,
    problems: RefCell<Diagnostics>,
}

/// The keys and values of one mapping.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a> {
    reader: &'a Reader<'a>,
    entries: &'a [Entry],
    span: Span,
    owner: &'static str,
}

impl<'a> Reader<'a> {
    /// A reader of a file's values.
    #[must_use]
    pub fn new(file: &'a Arc<SourceText>) -> Self {
        Self { file, problems: RefCell::default() }
    }

    /// What was wrong.
    #[must_use]
    pub fn finish(self) -> Diagnostics {
        self.problems.into_inner()
    }

    /// The file.
    #[must_use]
    pub const fn file(&self) -> &'a Arc<SourceText> {
        self.file
    }

    /// Reports a problem.
    pub fn report(&self, diagnostic: Diagnostic) {
        self.problems.borrow_mut().push(diagnostic);
    }

    /// Reports an error at a place, with a hint.
    pub fn error(&self, code: Code, span: Span, message: impl Into<String>, hint: Option<String>) {
        self.report(Diagnostic::error(code, message).at(Location::new(self.file, span)).maybe_hint(hint));
    }

    /// The keys of a mapping; those that are not `known` are reported. `owner` says whose keys they are, for messages: "a report".
    /// `at` is where missing keys are reported. Nothing written is an empty mapping; anything else is reported.
    pub fn fields(&'a self, node: &'a Node, owner: &'static str, known: &[&str], at: Span) -> Option<Fields<'a>> {
        let entries = self.entries(node, owner)?;
        for entry in entries {
            if !known.contains(&entry.key.as_str()) {
                let hint =
                    did_you_mean(&entry.key, known.iter().copied()).unwrap_or_else(|| format!("the keys of {owner} are {}", list(known.iter().copied())));
                self.error(codes::UNKNOWN_KEY, entry.key_span, format!("{owner} has no key `{}`", entry.key), Some(hint));
            }
        }
        Some(Fields { reader: self, entries, span: at, owner })
    }

    /// The entries of a mapping with free keys. Nothing written is an empty mapping; anything else is reported.
    pub fn entries(&self, node: &'a Node, owner: &str) -> Option<&'a [Entry]> {
        match &node.value {
            Value::Mapping(entries) => Some(entries),
            _ if node.is_null() => Some(&[]),
            _ => {
                let message = format!("{owner} is a mapping of keys and values, not {}", node.kind());
                self.error(codes::INVALID_VALUE, node.span, message, Some("write it as `key: value`".to_owned()));
                None
            }
        }
    }

    /// A single value as text.
    pub fn text(&self, node: &'a Node) -> Option<&'a str> {
        let text = node.as_text();
        if text.is_none() {
            let message = format!("a single value is expected here, not {}", node.kind());
            self.error(codes::INVALID_VALUE, node.span, message, Some("put a text with brackets into quotes".to_owned()));
        }
        text
    }

    /// One of a few words. `what` is for messages: "format".
    pub fn word<T: Copy>(&self, node: &Node, what: &str, words: &[(&str, T)]) -> Option<T> {
        let names = || words.iter().map(|(name, _)| *name);
        let text = node.as_text();
        if let Some((_, value)) = words.iter().find(|(name, _)| Some(*name) == text) {
            return Some(*value);
        }
        let found = text.map_or_else(|| node.kind().to_owned(), |text| format!("`{text}`"));
        let hint = text.and_then(|text| did_you_mean(text, names()));
        let hint = hint.unwrap_or_else(|| format!("it is one of {}", list(names())));
        self.error(codes::INVALID_VALUE, node.span, format!("{found} is no {what}"), Some(hint));
        None
    }

    /// A value that has a syntax of its own; `expected` is for messages: "a date such as 2026-11-23".
    pub fn parsed<T>(&self, node: &Node, expected: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let value = node.as_text().and_then(parse);
        if value.is_none() {
            let found = node.as_text().map_or_else(|| node.kind().to_owned(), |text| format!("`{text}`"));
            self.error(codes::INVALID_VALUE, node.span, format!("{found} is not {expected}"), None);
        }
        value
    }

    /// A whole number of at least 1.
    pub fn count(&self, node: &Node) -> Option<u64> {
        self.parsed(node, "a whole number of at least 1", |text| text.replace('_', "").parse().ok().filter(|count| *count >= 1))
    }

    /// The items of a list; a single value counts as a list of one.
    #[must_use]
    pub fn items(&self, node: &'a Node) -> &'a [Node] {
        match &node.value {
            Value::Sequence(items) => items,
            _ => std::slice::from_ref(node),
        }
    }

    /// A list of names, each at most once; one that stands twice is reported.
    pub fn names(&self, node: &'a Node) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for item in self.items(node) {
            let Some(name) = self.text(item) else { continue };
            if names.iter().any(|known| known == name) {
                let message = format!("`{name}` stands in this list twice");
                self.error(codes::DUPLICATE_VALUE, item.span, message, Some("take one of them out".to_owned()));
            } else {
                names.push(name.to_owned());
            }
        }
        names
    }
}

impl<'a> Fields<'a> {
    /// The value of a key, if anything is written there.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&'a Node> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value).filter(|node| !node.is_null())
    }

    /// The value of a key that must be there; if not, that is reported.
    pub fn require(&self, key: &str) -> Option<&'a Node> {
        let node = self.get(key);
        if node.is_none() {
            let written = self.entries.iter().find(|entry| entry.key == key).map(|entry| entry.key_span);
            let message = format!("{} needs `{key}`", self.owner);
            self.reader.error(codes::MISSING_KEY, written.unwrap_or(self.span), message, Some(format!("add `{key}: …`")));
        }
        node
    }

    /// A text, if it is there.
    pub fn text(&self, key: &str) -> Option<String> {
        self.get(key).and_then(|node| self.reader.text(node)).map(str::to_owned)
    }

    /// A text that must be there; empty if it is not.
    pub fn required_text(&self, key: &str) -> String {
        self.require(key).and_then(|node| self.reader.text(node)).unwrap_or_default().to_owned()
    }

    /// A list of names, empty if it is not there.
    pub fn names(&self, key: &str) -> Vec<String> {
        self.get(key).map(|node| self.reader.names(node)).unwrap_or_default()
    }
}

/// "`a`, `b` and `c`".
pub(crate) fn list<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let quoted: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    match quoted.as_slice() {
        [] => "none".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
