//! Diagnostics for machines.

use serde_json::{Value, json as object};

use crate::{Diagnostic, Location};

/// A JSON array with one object a diagnostic, in the order given: `code`, `severity`, `message`, `file`, `line`, `column`,
/// `end_line`, `end_column` (1-based, characters, end exclusive; `null` without a place), `label`, `hint`, `notes`.
#[must_use]
pub fn json(diagnostics: &[Diagnostic]) -> Value {
    diagnostics.iter().map(entry).collect()
}

fn entry(diagnostic: &Diagnostic) -> Value {
    let location = diagnostic.location.as_ref();
    let span = location.map(|location| location.span);
    object!({
        "code": diagnostic.code.as_str(),
        "severity": diagnostic.severity.as_str(),
        "message": diagnostic.message,
        "file": location.map(shown_path),
        "line": span.map(|span| span.start.line),
        "column": span.map(|span| span.start.column),
        "end_line": span.map(|span| span.end.line),
        "end_column": span.map(|span| span.end.column),
        "label": diagnostic.label,
        "hint": diagnostic.hint,
        "notes": diagnostic.notes,
    })
}

fn shown_path(location: &Location) -> String {
    location.file.path.display().to_string()
}
