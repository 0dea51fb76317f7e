//! Pipelines: named sets of steps.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use nightshift_diagnostic::{Code, Diagnostics, Location, SourceText, Span, codes, did_you_mean};

use crate::names::Names;
use crate::yaml::{Entry, Node, Reader, Value, list};
use crate::{DefinitionKind, LimitOverrides, Priority, VerifySetting, cron};

/// A named set of steps.
#[derive(Debug, Clone)]
pub struct Pipeline {
    /// The file's stem.
    pub name: String,
    /// For people.
    pub title: String,
    /// More for people.
    pub description: Option<String>,
    /// When it runs by itself: a cron expression that was checked, in the project's zone.
    pub schedule: Option<String>,
    /// What goes first.
    pub priority: Priority,
    /// Limits of its own.
    pub limits: LimitOverrides,
    /// How much of what it refreshes is compared with its sources.
    pub verify: Option<VerifySetting>,
    /// What it does. The order is that of the file; the order of work follows from the SQL.
    pub steps: Vec<PipelineStep>,
    /// The whole file.
    pub text: Arc<SourceText>,
    /// The file, absolute.
    pub path: PathBuf,
}

/// One entry of a pipeline's steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipelineStep {
    /// What is done.
    pub action: PipelineAction,
    /// To which definitions; for `all`, every one that there is.
    pub names: Vec<String>,
    /// Whether the file says `all`.
    pub all: bool,
    /// Where the names stand.
    pub span: Span,
}

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PipelineAction {
    /// Brings files into source tables.
    Ingest,
    /// Brings rollups up to date.
    Refresh,
    /// Makes reports.
    Report,
    /// Keeps tables small: puts small files together, removes what nobody reads any more.
    Maintain,
}

impl PipelineAction {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Ingest, Self::Refresh, Self::Report, Self::Maintain];

    /// The word in a pipeline.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Refresh => "refresh",
            Self::Report => "report",
            Self::Maintain => "maintain",
        }
    }

    /// The kind of definitions that it is done to; none if it is done to any.
    #[must_use]
    pub const fn kind(self) -> Option<DefinitionKind> {
        match self {
            Self::Ingest => Some(DefinitionKind::Source),
            Self::Refresh => Some(DefinitionKind::Rollup),
            Self::Report => Some(DefinitionKind::Report),
            Self::Maintain => None,
        }
    }

    const fn unknown(self) -> Code {
        match self {
            Self::Ingest => codes::UNKNOWN_SOURCE,
            Self::Refresh => codes::UNKNOWN_ROLLUP,
            Self::Report | Self::Maintain => codes::UNKNOWN_REPORT,
        }
    }

    fn of(kind: DefinitionKind) -> Self {
        match kind {
            DefinitionKind::Source => Self::Ingest,
            DefinitionKind::Rollup => Self::Refresh,
            DefinitionKind::Report => Self::Report,
        }
    }
}

impl fmt::Display for PipelineAction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

const KEYS: [&str; 7] = ["title", "description", "schedule", "priority", "limits", "verify", "steps"];

impl Pipeline {
    /// The location of a span of its file.
    #[must_use]
    pub fn at(&self, span: Span) -> Location {
        Location::new(&self.text, span)
    }

    pub(crate) fn read(name: String, path: PathBuf, text: &Arc<SourceText>, node: &Node, names: &Names) -> (Option<Self>, Diagnostics) {
        let reader = Reader::new(text);
        let pipeline = reader.fields(node, "a pipeline", &KEYS, text.first_line().span).map(|fields| {
            let steps = fields.require("steps").map(|node| reader.items(node)).unwrap_or_default();
            Self {
                name,
                title: fields.required_text("title"),
                description: fields.text("description"),
                schedule: fields.get("schedule").and_then(|node| cron::read(&reader, node)),
                priority: Priority::read(&reader, &fields),
                limits: LimitOverrides::read(&reader, fields.get("limits")),
                verify: VerifySetting::read(&reader, fields.get("verify")),
                steps: steps.iter().flat_map(|step| read_step(&reader, step, names)).collect(),
                text: Arc::clone(text),
                path,
            }
        });
        (pipeline, reader.finish())
    }
}

/// `- refresh: all`, `- report: [daily_sales]`.
fn read_step<'a>(reader: &'a Reader<'a>, node: &'a Node, names: &Names) -> Vec<PipelineStep> {
    let Value::Mapping(entries) = &node.value else {
        let hint = "write `- refresh: all` or `- report: [daily_sales]`".to_owned();
        reader.error(codes::INVALID_VALUE, node.span, "a step says what is done, and to what", Some(hint));
        return Vec::new();
    };
    entries.iter().filter_map(|entry| read_entry(reader, entry, names)).collect()
}

fn read_entry<'a>(reader: &'a Reader<'a>, entry: &'a Entry, names: &Names) -> Option<PipelineStep> {
    let Some(action) = PipelineAction::ALL.into_iter().find(|action| action.as_str() == entry.key) else {
        let words = || PipelineAction::ALL.into_iter().map(PipelineAction::as_str);
        let hint = did_you_mean(&entry.key, words()).unwrap_or_else(|| format!("it is one of {}", list(words())));
        reader.error(codes::UNKNOWN_STEP, entry.key_span, format!("there is no step `{}`", entry.key), Some(hint));
        return None;
    };
    let span = if entry.value.is_null() { entry.key_span } else { entry.value.span };
    if entry.value.is_null() {
        let hint = format!("write `{action}: all`, or a list of names");
        reader.error(codes::MISSING_KEY, span, format!("`{action}` needs names"), Some(hint));
        return None;
    }
    if entry.value.as_text() == Some("all") {
        let names = names.of(action.kind()).map(str::to_owned).collect();
        return Some(PipelineStep { action, names, all: true, span });
    }
    for item in reader.items(&entry.value) {
        check_name(reader, action, item, names);
    }
    let known = |name: &String| names.kind(name).is_some_and(|kind| action.kind().is_none_or(|own| own == kind));
    let names = reader.names(&entry.value).into_iter().filter(known).collect();
    Some(PipelineStep { action, names, all: false, span })
}

fn check_name<'a>(reader: &'a Reader<'a>, action: PipelineAction, item: &'a Node, names: &Names) {
    let Some(name) = item.as_text() else { return };
    let hint = match names.kind(name) {
        Some(kind) if action.kind().is_none_or(|own| own == kind) => return,
        Some(kind) => Some(format!("it is a {kind}: write it under `{}`", PipelineAction::of(kind))),
        None => did_you_mean(name, names.of(action.kind())),
    };
    reader.error(
        action.unknown(),
        item.span,
        format!("there is no {} named `{name}`", action.kind().map_or("source, rollup or report", DefinitionKind::as_str)),
        hint,
    );
}
