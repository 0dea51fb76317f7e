//! The one door to the terminal.

use std::io::{ErrorKind, Write};
use std::sync::OnceLock;

use nightshift_diagnostic::{Diagnostics, Severity, render};

use crate::arguments::Format;

/// Why standard output could not take all of a result, if that is so: a result that is cut must not end as a success.
static CUT: OnceLock<String> = OnceLock::new();

/// Prints results to standard output and everything else to standard error.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Printer {
    format: Format,
}

impl Printer {
    pub(crate) fn new(format: Format) -> Self {
        Self { format }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    pub(crate) fn format(&self) -> Format {
        self.format
    }

    /// A piece of a result that comes in many; `false` once nobody listens any more.
    pub(crate) fn part(&self, text: &str) -> bool {
        let mut out = anstream::stdout();
        let written = write!(out, "{text}").and_then(|()| out.flush());
        match written {
            Ok(()) => true,
            Err(error) => {
                // A reader that has gone away wants no more.
                if error.kind() != ErrorKind::BrokenPipe {
                    let _ = CUT.set(error.to_string());
                }
                false
            }
        }
    }

    /// Why the result that was printed is not whole.
    pub(crate) fn cut(&self) -> Option<&'static str> {
        CUT.get().map(String::as_str)
    }

    /// A result, as text or as JSON.
    pub(crate) fn data(&self, text: &str, json: &serde_json::Value) {
        let shown = if self.is_json() { json.to_string() } else { text.to_owned() };
        self.part(&format!("{shown}\n"));
    }

    /// Something beside the result.
    pub(crate) fn note(&self, text: &str) {
        let _ = writeln!(anstream::stderr(), "{text}");
    }

    pub(crate) fn error(&self, text: &str) {
        self.note(&format!("error: {text}"));
    }

    /// Problems that did not keep a command from its work.
    pub(crate) fn other_problems(&self, problems: &Diagnostics) {
        let errors = problems.count(Severity::Error);
        if errors > 0 {
            let (mistakes, have) = if errors == 1 { ("mistake", "is") } else { ("mistakes", "are") };
            self.note(&format!("warning: {errors} {mistakes} elsewhere in the project {have} left aside: nightshift check"));
        }
    }

    /// Problems in the project's files.
    pub(crate) fn diagnostics(&self, problems: &Diagnostics) {
        if self.is_json() {
            self.part(&format!("{}\n", render::json(problems.as_slice())));
        } else {
            self.mistakes(problems);
        }
    }

    /// Problems in the project's files beside a result.
    pub(crate) fn mistakes(&self, problems: &Diagnostics) {
        let _ = write!(anstream::stderr(), "{}", render::terminal(problems.as_slice(), true));
    }
}
