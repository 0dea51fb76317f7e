//! A rollup's definition as it is now beside the table that an earlier state of it made.

use std::collections::BTreeMap;
use std::sync::Arc;

use nightshift_compile::Rollup;
use nightshift_compile::contract::sql_name;
use nightshift_lake::Snapshot;
use nightshift_refresh::tables;
use nightshift_refresh::verify::{DEFINITION, Verifying};
use nightshift_refresh::{ColumnChanges, stamps, table_name};
use tokio_util::sync::CancellationToken;

use crate::query::{Column, Row};
use crate::verify::read;
use crate::{Error, Result, Workspace};

/// What would change if the table were built anew.
#[derive(Debug, Clone, PartialEq)]
pub struct Diff {
    /// The rollup.
    pub rollup: String,
    /// The version of its table.
    pub table_version: i64,
    /// Whether the table is of the definition as it is now.
    pub is_of_definition: bool,
    /// What becomes of the columns.
    pub columns: ColumnChanges,
    /// How many rows the table has.
    pub rows: u64,
    /// Rows that only one side has, in the columns that both have in the same type.
    pub differences: u64,
    /// The columns of these rows: first which side has them.
    pub shown_columns: Vec<Column>,
    /// The first of these rows.
    pub shown: Vec<Row>,
}

impl Workspace {
    /// Compares what a rollup's definition gives over the newest tables with what its table holds. At most `shown` of the differing rows are kept;
    /// all are counted.
    ///
    /// # Errors
    /// [`Error::NeverBuilt`] if there is no table; or if the lake cannot be read or the query fails.
    pub async fn diff(&self, rollup: &Arc<Rollup>, shown: usize, cancel: &CancellationToken) -> Result<Diff> {
        let table = self.lake.snapshot(&table_name(rollup)?).await?;
        let table = table.ok_or_else(|| Error::NeverBuilt { rollup: rollup.name().to_owned() })?;
        let pinned = self.pinned(&rollup.tables, &BTreeMap::new()).await?;
        let session = self.engine.step(&format!("diff:{}", rollup.name()))?;
        tables::register(&session.context, &pinned)?;
        let columns = ColumnChanges::of(rollup, &table)?;
        let verifying = Verifying { session: &session, rollup, table: &table, pinned: &pinned, calendar: &self.calendar, cancel };
        let found = read(verifying.beside_table(DEFINITION, columns.kept.clone()).await?, shown).await?;
        Ok(Diff {
            rollup: rollup.name().to_owned(),
            table_version: table.version(),
            is_of_definition: stamps::is_of_definition(rollup, &table).await?,
            rows: verifying.rows(None).await?,
            differences: found.count,
            shown_columns: found.columns,
            shown: found.shown,
            columns,
        })
    }
}

/// What would break readers of a rollup's table, each in a few words; nothing if its definition has not changed.
pub(crate) async fn breaking(rollup: &Rollup, table: Option<&Snapshot>) -> Result<Vec<String>> {
    let Some(table) = table else { return Ok(vec![]) };
    if stamps::is_of_definition(rollup, table).await? {
        return Ok(vec![]);
    }
    Ok(told(&ColumnChanges::of(rollup, table)?))
}

/// Changes of columns that readers do not expect, each in a few words.
#[must_use]
pub fn told(columns: &ColumnChanges) -> Vec<String> {
    let removed = columns.removed.iter().map(|name| format!("`{name}` goes"));
    let retyped = columns.retyped.iter().map(|(name, old, new)| format!("`{name}` becomes {} instead of {}", sql_name(new), sql_name(old)));
    removed.chain(retyped).collect()
}
