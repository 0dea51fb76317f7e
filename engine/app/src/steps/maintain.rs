//! Keeps the tables of a definition small: puts small files together, writes a checkpoint, and removes what nobody reads any more.

use std::collections::BTreeSet;

use chrono::{TimeDelta, Utc};
use datafusion::logical_expr::{LogicalPlanBuilder, col};
use nightshift_execute::run;
use nightshift_lake::{Commit, DataFile, Keep, Lake, Snapshot, StageOptions, Staged, TableKind, TableName, Vacuumed};
use nightshift_ledger::Measures;
use nightshift_orchestrate::{StepContext, StepOutcome};
use nightshift_project::{ByteSize, DefinitionKind};
use nightshift_refresh::stamps;
use serde_json::json;

use super::Steps;
use crate::counted::counted;
use crate::{Result, Workspace};

/// For so many days commits stay, as history; and for so many a batch that did not succeed can be tried again with what it read.
const HISTORY_DAYS: i64 = 30;

/// What was done to the tables of a definition.
#[derive(Debug, Default)]
struct Done {
    measures: Measures,
    /// Files that were put together, and what became of them.
    gathered: (usize, usize),
    checkpoints: usize,
    vacuumed: Vacuumed,
}

impl Steps {
    pub(super) async fn maintain(&self, name: &str, context: &StepContext) -> Result<StepOutcome> {
        let mut done = Done::default();
        for table in self.workspace.tables_kept_for(name)? {
            let Some(before) = self.workspace.lake.snapshot(&table).await? else { continue };
            let after = self.gather(&before, context, &mut done).await?;
            done.checkpoints += usize::from(self.workspace.lake.checkpoint(&after).await?);
            let vacuumed = self.workspace.lake.vacuum(&table, &self.keep(&table).await?, Utc::now()).await?;
            done.vacuumed.files += vacuumed.files;
            done.vacuumed.bytes += vacuumed.bytes;
            done.vacuumed.log_files += vacuumed.log_files;
        }
        // Nothing is published: each table has the rows that it had.
        let technique = Some(json!({"technique": done.told()}));
        Ok(StepOutcome { measures: done.measures, technique, ..StepOutcome::default() })
    }

    /// Puts the rows of scattered files together, one partition after the other, each in one commit.
    async fn gather(&self, table: &Snapshot, context: &StepContext, done: &mut Done) -> Result<Snapshot> {
        let lake = self.lake(context);
        let mut newest = table.clone();
        for files in table.scattered() {
            if context.cancel.is_cancelled() {
                break;
            }
            let staged = self.together(&lake, &newest, &files, context, &mut done.measures).await?;
            done.gathered.0 += files.len();
            done.gathered.1 += staged.files().len();
            done.measures.rows_out += staged.rows();
            done.measures.bytes += staged.bytes();
            let commit = Commit { operation: "optimize".to_owned(), add: vec![staged], remove: files, rearranges: true, ..Commit::default() };
            newest = lake.commit(Some(&newest), table.name(), commit).await?;
        }
        Ok(newest)
    }

    /// The rows of files of one partition, in the order of the table.
    async fn together(&self, lake: &Lake, table: &Snapshot, files: &[DataFile], context: &StepContext, measures: &mut Measures) -> Result<Staged> {
        let session = self.session(&format!("maintain:{}", table.name()))?;
        let rows = session.context.read_table(table.provider_of(files, None))?;
        let order: Vec<_> = table.layout().sort_columns().iter().map(|column| col(format!("\"{column}\"")).sort(true, false)).collect();
        let rows = LogicalPlanBuilder::from(rows.logical_plan().clone());
        let plan = if order.is_empty() { rows.build()? } else { rows.sort(order)?.build()? };
        let mut writer = lake.stage(table.name(), table.layout().clone(), StageOptions::default())?;
        let mut running = run::start(&session, &plan, &context.cancel).await?;
        while let Some(batch) = running.next().await? {
            measures.rows_in += batch.num_rows() as u64;
            context.progress.advance("rows", measures.rows_in, None);
            writer.write(batch).await?;
        }
        measures.peak_memory_bytes = measures.peak_memory_bytes.max(session.peak_memory());
        measures.spill_bytes += running.measurement().bytes_spilled;
        Ok(writer.finish().await?)
    }

    /// What has to stay of a table: the versions that rollups stand for, because their next change set begins there, and those that batches read which may
    /// be tried again.
    async fn keep(&self, table: &TableName) -> Result<Keep> {
        let retention = self.workspace.project.maintenance.retention_days;
        let history = TimeDelta::days(HISTORY_DAYS);
        let mut versions = match table.kind() {
            TableKind::Source | TableKind::Rollup => self.workspace.read_versions(table).await?,
            _ => BTreeSet::new(),
        };
        if table.kind() == TableKind::Source {
            let pins = self.ledger.open_pins(Utc::now() - history).await?;
            versions.extend(pins.into_iter().filter(|pin| pin.source == table.name()).map(|pin| pin.version));
        }
        Ok(Keep { versions, files: TimeDelta::days(i64::from(retention)), log: history.max(TimeDelta::days(i64::from(retention))) })
    }
}

impl Workspace {
    /// The tables that belong to a definition.
    pub(crate) fn tables_kept_for(&self, name: &str) -> Result<Vec<TableName>> {
        // One that does not compile has its tables all the same.
        let kinds: &[TableKind] = match self.named(name)?.kind() {
            DefinitionKind::Source => &[TableKind::Source, TableKind::State, TableKind::Review],
            DefinitionKind::Rollup => &[TableKind::Rollup],
            DefinitionKind::Report => &[TableKind::Report],
        };
        Ok(kinds.iter().map(|kind| TableName::new(*kind, name)).collect::<std::result::Result<_, _>>()?)
    }

    /// The versions of a table that rollups stand for: also those whose files have changed since, or do not compile, because they may be set back.
    async fn read_versions(&self, table: &TableName) -> Result<BTreeSet<i64>> {
        let mut versions = BTreeSet::new();
        for made in self.lake.tables().await?.into_iter().filter(|made| made.kind() == TableKind::Rollup) {
            let Some(snapshot) = self.lake.snapshot(&made).await? else { continue };
            versions.extend(stamps::of_table(made.name(), table.name(), snapshot.transactions().await?));
        }
        Ok(versions)
    }
}

impl Done {
    /// What was done, for people.
    fn told(&self) -> String {
        let mut parts = Vec::new();
        let (files, into) = self.gathered;
        if files > 0 {
            parts.push(format!("{} put into {into}", counted(files as u64, "file")));
        }
        if self.checkpoints > 0 {
            parts.push(counted(self.checkpoints as u64, "checkpoint"));
        }
        if self.vacuumed.files > 0 {
            parts.push(format!("{} removed, {}", counted(self.vacuumed.files, "file"), ByteSize(self.vacuumed.bytes)));
        }
        if self.vacuumed.log_files > 0 {
            parts.push(format!("{} of the log removed", counted(self.vacuumed.log_files, "file")));
        }
        if parts.is_empty() { "nothing to do".to_owned() } else { parts.join("; ") }
    }
}
