//! Rollups that read each other.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use nightshift_diagnostic::{Diagnostic, Diagnostics, codes};
use nightshift_project::{Definition, RollupHeader};

use crate::planning::ParsedQuery;

/// A definition with the tables that its query reads.
pub(crate) struct Reader<'a, H> {
    pub(crate) definition: &'a Definition<H>,
    pub(crate) query: ParsedQuery,
    pub(crate) tables: Vec<String>,
}

/// Rollups by name.
pub(crate) type Readers<'a> = BTreeMap<String, Reader<'a, RollupHeader>>;

/// One diagnostic for each cycle, in the file of its finest grain: a finer rollup that reads a coarser one is where people go wrong.
pub(crate) fn cycles(readers: &Readers<'_>) -> Diagnostics {
    let mut names: Vec<&str> = readers.keys().map(String::as_str).collect();
    names.sort_by_key(|name| readers.get(*name).map(|reader| reader.definition.header.grain));
    let mut told = BTreeSet::new();
    let mut found = Diagnostics::new();
    for name in names {
        if told.contains(name) {
            continue;
        }
        let Some(path) = way_back(name, readers) else { continue };
        found.extend(diagnostic(&path, readers));
        told.extend(path);
    }
    found
}

/// The shortest way from a rollup through what it reads back to itself; it begins and ends with the rollup.
fn way_back<'a>(start: &'a str, readers: &'a Readers<'_>) -> Option<Vec<&'a str>> {
    let mut seen = BTreeSet::new();
    let mut waiting = VecDeque::from([vec![start]]);
    while let Some(path) = waiting.pop_front() {
        let last = path.last().and_then(|last| readers.get(*last))?;
        for table in last.tables.iter().filter_map(|table| readers.get_key_value(table)).map(|(table, _)| table.as_str()) {
            let longer: Vec<&str> = path.iter().copied().chain([table]).collect();
            if table == start {
                return Some(longer);
            }
            if seen.insert(table) {
                waiting.push_back(longer);
            }
        }
    }
    None
}

fn diagnostic(path: &[&str], readers: &Readers<'_>) -> Option<Diagnostic> {
    let [first, second, rest @ ..] = path else { return None };
    let place = readers.get(*first)?.query.diagnose().place_of(second);
    let message = if rest.is_empty() {
        format!("`{first}` reads itself")
    } else {
        let further: Vec<String> = rest.iter().map(|name| format!(", which reads `{name}`")).collect();
        format!("`{first}` reads `{second}`{}", further.concat())
    };
    Some(Diagnostic::error(codes::CYCLE, message).at(place).hint("read a source here, or a rollup that does not need this one"))
}
