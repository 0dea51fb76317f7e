//! Which versions of its sources a rollup's table stands for: marks in the same commit as its rows.

use std::collections::{BTreeMap, HashMap};

use nightshift_compile::Rollup;
use nightshift_lake::Snapshot;

use crate::Result;
use crate::tables::Pinned;

/// So many digits of a fingerprint, which is hexadecimal, are the number of a mark: sixty bits.
const DEFINITION_DIGITS: usize = 15;

/// The mark of the definition that the rows are of, in every commit. Marks stay in the log for ever: without this one a definition that
/// comes back after another would find its own old marks and take the other's rows for its own.
fn definition_mark(rollup: &Rollup) -> (String, i64) {
    let digits = rollup.fingerprint.get(..DEFINITION_DIGITS).unwrap_or_default();
    (definition_app_id(rollup.name()), i64::from_str_radix(digits, 16).unwrap_or_default())
}

fn definition_app_id(rollup: &str) -> String {
    format!("rollup/{rollup}/definition")
}

/// The name of the mark for the version of a table, which another definition, or another table of that name, does not share.
pub fn app_id(rollup: &Rollup, table: &str, table_id: &str) -> String {
    format!("rollup/{}/{}/{table}/{table_id}", rollup.name(), rollup.fingerprint)
}

/// The versions of a table that a rollup's table stands for by its marks, whichever definition its rows are of.
#[must_use]
pub fn of_table(rollup: &str, table: &str, marks: &HashMap<String, i64>) -> Vec<i64> {
    let Some(definition) = marks.get(&definition_app_id(rollup)) else { return vec![] };
    let start = format!("rollup/{rollup}/{definition:0width$x}", width = DEFINITION_DIGITS);
    let of_table = |mark: &str| mark.strip_prefix(&start).and_then(|rest| rest.split('/').nth(1)) == Some(table);
    marks.iter().filter(|(mark, version)| of_table(mark) && **version >= 0).map(|(_, version)| *version).collect()
}

/// The marks for the pinned versions of everything that a rollup reads.
pub fn of_pinned(rollup: &Rollup, pinned: &Pinned) -> Vec<(String, i64)> {
    let versions = rollup.tables.iter().map(|table| (app_id(rollup, table, pinned.table_id(table)), pinned.version(table)));
    versions.chain([definition_mark(rollup)]).collect()
}

/// The version that a rollup's table stands for, for each table that it reads; `None` where it has no mark, or holds rows of another
/// definition.
///
/// # Errors
/// If the log cannot be read.
pub async fn read(rollup: &Rollup, table: &Snapshot, pinned: &Pinned) -> Result<BTreeMap<String, Option<i64>>> {
    let mut stamps = BTreeMap::new();
    let is_own = is_of_definition(rollup, table).await?;
    for name in &rollup.tables {
        let app_id = app_id(rollup, name, pinned.table_id(name));
        let version = if is_own { table.transaction_version(&app_id).await? } else { None };
        stamps.insert(name.clone(), version);
    }
    Ok(stamps)
}

/// True if a table holds rows of a rollup's definition as it is now.
///
/// # Errors
/// If the log cannot be read.
pub async fn is_of_definition(rollup: &Rollup, table: &Snapshot) -> Result<bool> {
    let (definition, number) = definition_mark(rollup);
    Ok(table.transaction_version(&definition).await? == Some(number))
}

/// True if a rollup's table stands for just the pinned versions.
///
/// # Errors
/// If the log cannot be read.
pub async fn is_fresh(rollup: &Rollup, table: &Snapshot, pinned: &Pinned) -> Result<bool> {
    Ok(read(rollup, table, pinned).await?.iter().all(|(name, stamp)| *stamp == Some(pinned.version(name))))
}
