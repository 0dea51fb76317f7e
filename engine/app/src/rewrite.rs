//! Queries over sources, answered from rollups that stand for the same versions.

use async_trait::async_trait;
use chrono::DateTime;
use datafusion::logical_expr::LogicalPlan;
use nightshift_compile::Rollup;
use nightshift_execute::StepSession;
use nightshift_lake::{Snapshot, TableKind, TableName};
use nightshift_ledger::Ledger;
use nightshift_project::Rewrite;
use nightshift_refresh::stamps;
use nightshift_refresh::tables::{self, Pinned, PinnedTable};
pub use nightshift_rewrite::{Answered, Block, Refusal};
use nightshift_rewrite::{Request, Rewritten, Tables, rewrite, tables_beside};
use tokio::sync::OnceCell;

use crate::{Result, Workspace};

/// The tables of rollups beside the versions that a question reads.
struct Newest<'a> {
    workspace: &'a Workspace,
    pinned: &'a Pinned,
    ledger: OnceCell<Option<Ledger>>,
}

#[async_trait]
impl Tables for Newest<'_> {
    async fn fresh(&self, rollup: &Rollup) -> std::result::Result<Snapshot, Refusal> {
        let unreadable = |error: &dyn std::error::Error| Refusal::Unreadable { reason: error.to_string() };
        let name = TableName::new(TableKind::Rollup, rollup.name()).map_err(|error| unreadable(&error))?;
        let (table, pinned, is_wrong) = tokio::join!(self.workspace.read_apart(&name), self.beside(rollup), self.is_wrong(rollup));
        // The question can do without a table that is damaged.
        let table = table.map_err(|error| unreadable(&error))?.ok_or(Refusal::NeverBuilt)?;
        let is_fresh = stamps::is_fresh(rollup, &table, &pinned?).await.map_err(|error| unreadable(&error))?;
        match (is_fresh, is_wrong.map_err(|error| Refusal::Unknown { reason: error.to_string() })?) {
            (false, _) => Err(Refusal::Stale),
            (true, true) => Err(Refusal::Wrong),
            (true, false) => Ok(table),
        }
    }
}

impl Newest<'_> {
    /// Whether a rollup differed from its query when it was last verified: a mistake in it must not spread to what reads its sources.
    async fn is_wrong(&self, rollup: &Rollup) -> Result<bool> {
        let Some(ledger) = self.ledger.get_or_try_init(|| self.workspace.existing_ledger()).await? else { return Ok(false) };
        Ok(ledger.latest_verification(rollup.name()).await?.is_some_and(|latest| latest.differences > 0))
    }

    /// The tables that a rollup reads: as the question does, and where it does not, the newest versions.
    async fn beside(&self, rollup: &Rollup) -> std::result::Result<Pinned, Refusal> {
        let mut pinned = self.pinned.clone();
        for name in rollup.tables.iter().filter(|name| !self.pinned.tables.contains_key(*name)) {
            let unreadable = |reason: String| Refusal::Unreadable { reason: format!("`{name}`, which it is made from, cannot be: {reason}") };
            let (table, schema) = self.workspace.table(name).ok().flatten().ok_or_else(|| unreadable("it is not known".to_owned()))?;
            let snapshot = self.workspace.read_apart(&table).await.map_err(|error| unreadable(error.to_string()))?;
            pinned.tables.insert(name.clone(), PinnedTable { snapshot, schema });
        }
        Ok(pinned)
    }
}

impl Workspace {
    /// Answers what it can of a query from rollups; `pinned` are the tables that it reads, which are registered in its session.
    pub(crate) async fn rewritten(&self, plan: LogicalPlan, session: &StepSession, pinned: &Pinned) -> Result<Rewritten> {
        let named: Vec<String> = pinned.tables.keys().cloned().collect();
        let mut beside = Pinned { zone: self.calendar.zone.name().into(), ..Pinned::default() };
        for name in tables_beside(&self.compiled, &named) {
            // Whether a rollup answers follows from its query: its tables need no rows for that.
            if let Some((_, schema)) = self.table(&name)? {
                session.context.deregister_table(name.as_str())?;
                beside.tables.insert(name, PinnedTable { snapshot: None, schema });
            }
        }
        tables::register(&session.context, &beside)?;
        let tables = Newest { workspace: self, pinned, ledger: OnceCell::new() };
        let rewritten = rewrite(plan, &Request { session, compiled: &self.compiled, calendar: &self.calendar, tables: &tables }).await;
        if let Some(Some(ledger)) = tables.ledger.get() {
            ledger.close().await;
        }
        Ok(rewritten)
    }

    /// As [`Self::rewritten`], if it is allowed.
    pub(crate) async fn rewritten_if(&self, allowed: Rewrite, plan: LogicalPlan, session: &StepSession, pinned: &Pinned) -> Result<Rewritten> {
        match allowed {
            Rewrite::On => self.rewritten(plan, session, pinned).await,
            Rewrite::Off => Ok(Rewritten { plan, blocks: vec![] }),
        }
    }

    /// The newest version of a table; its log is parsed beside other work.
    async fn read_apart(&self, table: &TableName) -> nightshift_lake::Result<Option<Snapshot>> {
        let (lake, name) = (self.lake.clone(), table.clone());
        match tokio::spawn(async move { lake.snapshot(&name).await }).await {
            Ok(read) => read,
            // It did not come to its end: whoever asks here sees why.
            Err(_) => self.lake.snapshot(table).await,
        }
    }

    /// Times that no whole bucket of a rollup has, as people write them: in the project's zone, the end exclusive.
    #[must_use]
    pub fn rests(&self, answered: &Answered) -> Vec<String> {
        let local = |instant: i64| {
            let local = DateTime::from_timestamp_micros(instant).map(|instant| self.calendar.local(instant));
            local.map_or_else(|| instant.to_string(), |local| local.format("%Y-%m-%d %H:%M:%S%.f").to_string())
        };
        let told = |rest: &std::ops::Range<Option<i64>>| match (rest.start.map(local), rest.end.map(local)) {
            (Some(from), Some(until)) => format!("{from} to {until}"),
            (Some(from), None) => format!("from {from}"),
            (None, Some(until)) => format!("before {until}"),
            (None, None) => "all".to_owned(),
        };
        answered.rests.iter().map(told).collect()
    }
}
