//! The versions that a run reads: one of every source, fixed when it is first needed, and the rollups as they stand.

use nightshift_failure::{Point, reach};
use nightshift_lake::{Snapshot, TableKind, TableName};
use nightshift_ledger::{Pin, RunId};
use nightshift_refresh::tables::{Pinned, PinnedTable};

use super::Steps;
use crate::Result;

impl Steps {
    /// The tables of a query at the versions of this run.
    pub(super) async fn pinned(&self, run: RunId, tables: &[String]) -> Result<Pinned> {
        let pins = self.ledger.pins(run).await?;
        let mut pinned = Pinned { zone: self.workspace.calendar.zone.name().into(), ..Pinned::default() };
        for table in tables {
            let Some((name, schema)) = self.workspace.table(table)? else { continue };
            let snapshot = match name.kind() {
                TableKind::Source => self.source(run, table, &pins).await?,
                _ => self.workspace.lake.snapshot(&name).await?,
            };
            pinned.tables.insert(table.clone(), PinnedTable { snapshot, schema });
        }
        Ok(pinned)
    }

    /// Sources at the versions that a step has read, as the ledger knows them.
    pub(super) fn pins_of(&self, pinned: &Pinned) -> Vec<Pin> {
        let sources = pinned.tables.iter().filter(|(name, _)| self.workspace.compiled.contract(name).is_some());
        sources.filter_map(|(name, table)| Some(Pin { source: name.clone(), version: table.snapshot.as_ref()?.version() })).collect()
    }

    /// A source at its pinned version; a source that is not pinned yet is pinned as it stands.
    async fn source(&self, run: RunId, source: &str, pins: &[Pin]) -> Result<Option<Snapshot>> {
        let lake = &self.workspace.lake;
        let name = TableName::new(TableKind::Source, source)?;
        let newest = lake.snapshot(&name).await?;
        let known = pins.iter().find(|pin| pin.source == source).map(|pin| pin.version);
        let version = match (known, &newest) {
            (Some(version), _) => version,
            (None, Some(newest)) => {
                let version = self.ledger.pin(run, &Pin { source: source.to_owned(), version: newest.version() }).await?;
                reach(Point::Pinned);
                version
            }
            (None, None) => return Ok(None),
        };
        match newest {
            Some(newest) if newest.version() == version => Ok(Some(newest)),
            _ => Ok(Some(lake.snapshot_at(&name, version).await?)),
        }
    }
}
