//! Which versions of its sources a rollup's table stands for: marks in the same commit as its rows.

use std::collections::BTreeMap;

use nightshift_compile::Rollup;
use nightshift_lake::Snapshot;

use crate::Result;
use crate::tables::Pinned;

/// The mark's name: a changed definition or another source table has other marks, so that old ones do not count.
pub fn app_id(rollup: &Rollup, table: &str, table_id: &str) -> String {
    format!("rollup/{}/{}/{table}/{table_id}", rollup.name(), rollup.fingerprint)
}

/// The marks for the pinned versions of everything that a rollup reads.
pub fn of_pinned(rollup: &Rollup, pinned: &Pinned) -> Vec<(String, i64)> {
    rollup.tables.iter().map(|table| (app_id(rollup, table, pinned.table_id(table)), pinned.version(table))).collect()
}

/// The version that a rollup's table stands for, for each table that it reads; `None` where it has no mark.
///
/// # Errors
/// If the log cannot be read.
pub async fn read(rollup: &Rollup, table: &Snapshot, pinned: &Pinned) -> Result<BTreeMap<String, Option<i64>>> {
    let mut stamps = BTreeMap::new();
    for name in &rollup.tables {
        let app_id = app_id(rollup, name, pinned.table_id(name));
        stamps.insert(name.clone(), table.transaction_version(&app_id).await?);
    }
    Ok(stamps)
}

/// True if a rollup's table stands for just the pinned versions.
///
/// # Errors
/// If the log cannot be read.
pub async fn is_fresh(rollup: &Rollup, table: &Snapshot, pinned: &Pinned) -> Result<bool> {
    Ok(read(rollup, table, pinned).await?.iter().all(|(name, stamp)| *stamp == Some(pinned.version(name))))
}
