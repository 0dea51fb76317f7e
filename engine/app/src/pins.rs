//! Tables at chosen versions, and what a refresh would decide over them.

use std::collections::BTreeMap;
use std::sync::Arc;

use nightshift_compile::Rollup;
use nightshift_refresh::tables::{Pinned, PinnedTable};
use nightshift_refresh::{CUT_FROM, Choice, Decision, Request, tables};
use tokio_util::sync::CancellationToken;

use crate::history::LedgerHistory;
use crate::{Result, Workspace};

impl Workspace {
    /// Tables by name, at the versions that are given, and as they stand where none is.
    pub(crate) async fn pinned(&self, names: &[String], versions: &BTreeMap<String, i64>) -> Result<Pinned> {
        let mut pinned = Pinned { zone: self.calendar.zone.name().into(), ..Pinned::default() };
        for table in names {
            let Some((name, schema)) = self.table(table)? else { continue };
            let snapshot = match versions.get(table) {
                Some(version) => Some(self.lake.snapshot_at(&name, *version).await?),
                None => self.lake.snapshot(&name).await?,
            };
            pinned.tables.insert(table.clone(), PinnedTable { snapshot, schema });
        }
        Ok(pinned)
    }

    /// Which technique is taken of those that a change allows.
    pub(crate) fn choice(&self) -> Choice {
        match self.project.refresh.technique {
            nightshift_project::Choice::Fastest => Choice::Fastest,
            nightshift_project::Choice::Least => Choice::Least,
        }
    }

    /// How a rollup would be brought to these versions, from some feeders if it has to be; nothing is done.
    pub(crate) async fn decide(&self, rollup: &Arc<Rollup>, feeders: &[Arc<Rollup>], pinned: &Pinned, cancel: &CancellationToken) -> Result<Decision> {
        let session = self.engine.step(&format!("plan:refresh:{}", rollup.name()))?;
        tables::register(&session.context, pinned)?;
        let history = LedgerHistory::of(&self.project.paths.ledger);
        let request = Request {
            lake: &self.lake,
            session: &session,
            rollup,
            finer: feeders,
            pinned,
            calendar: &self.calendar,
            cancel,
            cut_from: CUT_FROM,
            history: &history,
            choice: self.choice(),
        };
        Ok(nightshift_refresh::preview(&request).await?)
    }
}
