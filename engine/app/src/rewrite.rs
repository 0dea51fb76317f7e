//! Queries over sources, answered from rollups that stand for the same versions.

use std::collections::BTreeSet;

use chrono::DateTime;
use datafusion::logical_expr::LogicalPlan;
use nightshift_execute::StepSession;
use nightshift_project::Rewrite;
use nightshift_refresh::tables::{self, Pinned, PinnedTable};
pub use nightshift_rewrite::{Answered, Block, Refusal};
use nightshift_rewrite::{Request, Rewritten, rewrite, tables_beside};

use crate::{Result, Workspace};

impl Workspace {
    /// Answers what it can of a query from rollups; `pinned` are the tables that it reads, which are registered in its session.
    pub(crate) async fn rewritten(&self, plan: LogicalPlan, session: &StepSession, pinned: &Pinned) -> Result<Rewritten> {
        let named: Vec<String> = pinned.tables.keys().cloned().collect();
        let beside = self.beside(&named).await?;
        for name in beside.tables.keys() {
            // It may stand there without rows, so that the planner knows its name.
            session.context.deregister_table(name.as_str())?;
        }
        tables::register(&session.context, &beside)?;
        let mut all = pinned.clone();
        all.tables.extend(beside.tables);
        let wrong = self.found_wrong(&named).await?;
        let request = Request { lake: &self.lake, session, compiled: &self.compiled, pinned: &all, calendar: &self.calendar, wrong: &wrong };
        Ok(rewrite(plan, &request).await)
    }

    /// As [`Self::rewritten`], if it is allowed.
    pub(crate) async fn rewritten_if(&self, allowed: Rewrite, plan: LogicalPlan, session: &StepSession, pinned: &Pinned) -> Result<Rewritten> {
        match allowed {
            Rewrite::On => self.rewritten(plan, session, pinned).await,
            Rewrite::Off => Ok(Rewritten { plan, blocks: vec![] }),
        }
    }

    /// The newest versions of tables that rollups read beside those of a query: they decide whether a rollup is up to date, and are not read.
    async fn beside(&self, named: &[String]) -> Result<Pinned> {
        let mut beside = Pinned { zone: self.calendar.zone.name().into(), ..Pinned::default() };
        for name in tables_beside(&self.compiled, named) {
            let Some((table, schema)) = self.table(&name)? else { continue };
            // The query does not read it: it can do without a table that is damaged.
            let Ok(snapshot) = self.lake.snapshot(&table).await else { continue };
            let stored = snapshot.as_ref().map(nightshift_lake::Snapshot::schema);
            let has_all = stored.is_none_or(|stored| schema.fields().iter().all(|field| stored.field_with_name(field.name()).is_ok()));
            if has_all {
                beside.tables.insert(name, PinnedTable { snapshot, schema });
            }
        }
        Ok(beside)
    }

    /// Rollups over some tables that differed from their queries when they were last verified: a mistake in one must not spread to what reads its sources.
    async fn found_wrong(&self, named: &[String]) -> Result<BTreeSet<String>> {
        let mut wrong = BTreeSet::new();
        let Some(ledger) = self.existing_ledger().await? else { return Ok(wrong) };
        for rollup in self.compiled.rollups.iter().filter(|rollup| rollup.tables.iter().any(|table| named.contains(table))) {
            if ledger.latest_verification(rollup.name()).await?.is_some_and(|latest| latest.differences > 0) {
                wrong.insert(rollup.name().to_owned());
            }
        }
        ledger.close().await;
        Ok(wrong)
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
