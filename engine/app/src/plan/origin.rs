//! Which files made the difference between two versions of a table.

use std::collections::BTreeSet;

use nightshift_compile::Report;
use nightshift_lake::{TableKind, TableName};
use nightshift_refresh::stamps;
use nightshift_refresh::tables::Pinned;

use super::Planner;
use crate::Result;
use crate::steps::report::edition::Difference;

/// How many commits are looked through; behind that nothing is said.
const MOST_COMMITS: i64 = 400;

impl Planner<'_> {
    /// The files that were loaded since the report was made and reach it, as one reason.
    pub(super) async fn origin(&self, report: &Report, pinned: &Pinned, differences: &[Difference]) -> Result<Option<String>> {
        let mut changed: Vec<(String, i64, i64)> = differences
            .iter()
            .filter_map(|difference| match difference {
                Difference::OtherVersion { table, then, now } if report.tables.contains(table) => Some((table.clone(), *then, *now)),
                _ => None,
            })
            .collect();
        let mut files = BTreeSet::new();
        let mut seen = BTreeSet::new();
        while let Some((table, then, now)) = changed.pop() {
            if !seen.insert((table.clone(), then)) {
                continue;
            }
            if self.workspace.compiled.contract(&table).is_some() {
                files.extend(self.loaded_between(&table, then, now).await?);
            } else {
                changed.extend(self.read_between(&table, then, pinned).await?);
            }
        }
        Ok(told(&files))
    }

    /// The files that the commits after one version and up to another loaded into a source.
    async fn loaded_between(&self, source: &str, then: i64, now: i64) -> Result<Vec<String>> {
        let name = TableName::new(TableKind::Source, source)?;
        let Some(newest) = self.workspace.lake.snapshot(&name).await? else { return Ok(vec![]) };
        let back = newest.version().saturating_sub(then).min(MOST_COMMITS);
        let entries = self.workspace.lake.history(&name, usize::try_from(back).unwrap_or_default()).await?;
        let between = entries.iter().filter(|entry| entry.version > then && entry.version <= now);
        // A commit that changed no row brought nothing.
        let files = between.filter(|entry| entry.added_files + entry.removed_files > 0).filter_map(|entry| entry.information.get("files")?.as_array());
        Ok(files.flatten().filter_map(|file| file.as_str().map(|file| format!("{source}: {file}"))).collect())
    }

    /// What a rollup read then, and reads now, where that differs.
    async fn read_between(&self, name: &str, then: i64, pinned: &Pinned) -> Result<Vec<(String, i64, i64)>> {
        let workspace = self.workspace;
        let (Some(rollup), Some(now)) = (workspace.compiled.rollup(name), pinned.snapshot(name)) else { return Ok(vec![]) };
        let Ok(then) = workspace.lake.snapshot_at(now.name(), then).await else { return Ok(vec![]) };
        let read = self.pinned(&rollup.tables).await?;
        let (then, now) = (stamps::read(rollup, &then, &read).await?, stamps::read(rollup, now, &read).await?);
        let changed = now.into_iter().filter_map(|(table, now)| {
            let then = then.get(&table).copied().flatten()?;
            (then != now?).then_some((table, then, now?))
        });
        Ok(changed.collect())
    }
}

fn told(files: &BTreeSet<String>) -> Option<String> {
    let names: Vec<&str> = files.iter().map(String::as_str).collect();
    match names.as_slice() {
        [] => None,
        [first, second, third, rest @ ..] if !rest.is_empty() => Some(format!("loaded since: {first}, {second}, {third} and {} more files", rest.len())),
        few => Some(format!("loaded since: {}", few.join(", "))),
    }
}
