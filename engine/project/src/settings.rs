//! What `nightshift.yaml` says.

use std::path::Path;
use std::sync::Arc;

use chrono::NaiveTime;
use chrono_tz::{TZ_VARIANTS, Tz};
use nightshift_calendar::Calendar;
use nightshift_diagnostic::{Diagnostic, Diagnostics, SourceText, codes, did_you_mean};

use crate::paths::PathOverrides;
use crate::yaml::{self, Fields, Node, Reader, list};
use crate::{LimitOverrides, Limits, Maintenance, Paths, Refresh, folder, holidays};

/// What `nightshift.yaml` says, for one target.
pub(crate) struct Settings {
    pub(crate) name: String,
    pub(crate) calendar: Calendar,
    pub(crate) paths: Paths,
    pub(crate) limits: Limits,
    pub(crate) maintenance: Maintenance,
    pub(crate) refresh: Refresh,
}

struct Target {
    name: String,
    paths: PathOverrides,
    limits: LimitOverrides,
}

const KEYS: [&str; 10] = ["name", "timezone", "day_starts_at", "fiscal_year_starts", "holidays", "paths", "limits", "maintenance", "refresh", "targets"];

/// Reads the settings; what is wrong or missing is reported, and a harmless value stands in its place.
pub(crate) fn read(root: &Path, file: &Arc<SourceText>, target: Option<&str>, problems: &mut Diagnostics) -> Settings {
    let node = yaml::parse(file, &file.text, problems);
    let reader = Reader::new(file);
    let fields = node.as_ref().and_then(|node| reader.fields(node, "nightshift.yaml", &KEYS, file.first_line().span));
    let nothing = PathOverrides::default();
    let settings = fields.as_ref().map(|fields| read_fields(root, &reader, fields, target)).unwrap_or_else(|| Settings {
        name: String::new(),
        calendar: Calendar::new(Tz::UTC),
        paths: Paths::new(root, &nothing, target.map(|name| (name, &nothing))),
        limits: Limits::of_machine(),
        maintenance: Maintenance::default(),
        refresh: Refresh::default(),
    });
    problems.extend(reader.finish());
    settings
}

fn read_fields<'a>(root: &Path, reader: &'a Reader<'a>, fields: &Fields<'a>, target: Option<&str>) -> Settings {
    let targets = read_targets(reader, fields);
    let paths = PathOverrides::read(reader, fields.get("paths"));
    let chosen = target.and_then(|name| {
        let found = targets.iter().find(|target| target.name == name);
        if found.is_none() {
            reader.report(unknown_target(reader.file(), name, fields.get("targets"), &targets));
        }
        found
    });
    let limits = Limits::of_machine().with(LimitOverrides::read(reader, fields.get("limits"))).with(chosen.map(|target| target.limits).unwrap_or_default());
    Settings {
        name: fields.required_text("name"),
        calendar: read_calendar(root, reader, fields),
        paths: Paths::new(root, &paths, chosen.map(|target| (target.name.as_str(), &target.paths))),
        limits,
        maintenance: Maintenance::read(reader, fields.get("maintenance")),
        refresh: Refresh::read(reader, fields.get("refresh")),
    }
}

fn read_targets<'a>(reader: &'a Reader<'a>, fields: &Fields<'a>) -> Vec<Target> {
    let entries = fields.get("targets").and_then(|node| reader.entries(node, "`targets`")).unwrap_or_default();
    let read = |entry: &'a yaml::Entry| {
        let fields = reader.fields(&entry.value, "a target", &["paths", "limits"], entry.key_span)?;
        Some(Target {
            name: entry.key.clone(),
            paths: PathOverrides::read(reader, fields.get("paths")),
            limits: LimitOverrides::read(reader, fields.get("limits")),
        })
    };
    entries.iter().filter_map(read).collect()
}

fn unknown_target(file: &Arc<SourceText>, name: &str, node: Option<&Node>, targets: &[Target]) -> Diagnostic {
    let names = || targets.iter().map(|target| target.name.as_str());
    let hint = match targets {
        [] => format!("add `targets: {{{name}: {{}}}}` to nightshift.yaml"),
        _ => did_you_mean(name, names()).unwrap_or_else(|| format!("it is one of {}", list(names()))),
    };
    let place = node.map_or_else(|| file.first_line().span, |node| node.span);
    Diagnostic::error(codes::UNKNOWN_TARGET, format!("there is no target `{name}`")).at(nightshift_diagnostic::Location::new(file, place)).hint(hint)
}

fn read_calendar<'a>(root: &Path, reader: &'a Reader<'a>, fields: &Fields<'a>) -> Calendar {
    let mut calendar = Calendar::new(fields.require("timezone").and_then(|node| read_zone(reader, node)).unwrap_or(Tz::UTC));
    if let Some(node) = fields.get("day_starts_at") {
        let time = |text: &str| NaiveTime::parse_from_str(text, "%H:%M").or_else(|_| NaiveTime::parse_from_str(text, "%H:%M:%S")).ok();
        calendar.day_starts_at = reader.parsed(node, "a time such as 05:00", time).unwrap_or_default();
    }
    if let Some(node) = fields.get("fiscal_year_starts") {
        let month = |text: &str| text.parse().ok().filter(|month| (1..=12).contains(month));
        calendar.fiscal_year_starts = reader.parsed(node, "a month from 1 to 12", month).unwrap_or(1);
    }
    if let Some(node) = fields.get("holidays") {
        calendar.holidays = read_holidays(root, reader, node).unwrap_or_default();
    }
    calendar
}

fn read_zone<'a>(reader: &'a Reader<'a>, node: &'a Node) -> Option<Tz> {
    let text = reader.text(node)?;
    let zone = text.parse().ok();
    if zone.is_none() {
        // Most people who do not write the whole name write the city.
        let city = text.rsplit('/').next().unwrap_or(text).replace(' ', "_");
        let of_city = TZ_VARIANTS.iter().map(|zone| zone.name()).find(|name| name.rsplit('/').next().is_some_and(|other| other.eq_ignore_ascii_case(&city)));
        let hint = of_city
            .map(|name| format!("did you mean `{name}`?"))
            .or_else(|| did_you_mean(text, TZ_VARIANTS.iter().map(|zone| zone.name())))
            .unwrap_or_else(|| "write a name of the IANA database, such as `Asia/Taipei`".to_owned());
        reader.error(codes::UNKNOWN_TIMEZONE, node.span, format!("there is no time zone `{text}`"), Some(hint));
    }
    zone
}

fn read_holidays<'a>(root: &Path, reader: &'a Reader<'a>, node: &'a Node) -> Option<std::collections::BTreeSet<chrono::NaiveDate>> {
    let path = root.join(reader.text(node)?);
    if !path.is_file() {
        let message = format!("there is no file `{}`", node.as_text().unwrap_or_default());
        reader.error(codes::MISSING_FILE, node.span, message, Some("the path starts at the project's folder".to_owned()));
        return None;
    }
    let mut problems = Diagnostics::new();
    let days = folder::read(root, &path, &mut problems).map(|file| holidays::read(&file, &mut problems));
    problems.into_iter().for_each(|problem| reader.report(problem));
    days
}
