//! What comes of a competition: winners into the table, losers into the state.

use arrow::array::RecordBatch;
use futures::StreamExt as _;
use nightshift_lake::DataFile;

use super::existing::read;
use super::state::{Losers, State};
use super::{Stored, Upsert, split};
use crate::Result;
use crate::changed::Changed;
use crate::columns::{Partitioner, source_layout};
use crate::load::Loaded;
use crate::memory::QUARTER;
use crate::origin::RowSet;
use crate::route::Router;
use crate::spool::Spool;

/// Writes winners to the table and losers to the state.
pub(super) struct Outcome<'a> {
    winners: Router,
    losers: Losers<'a>,
    changed: Changed,
    superseded: u64,
    loaded: u64,
}

impl<'a> Outcome<'a> {
    pub(super) fn new(upsert: &Upsert<'a>, state: State<'a>) -> Result<Self> {
        let layout = source_layout(upsert.rules)?;
        let partitioner = Partitioner::new(upsert.rules);
        let winners = Router::new(upsert.lake, &upsert.tables.source, &layout, partitioner, upsert.session, QUARTER)?;
        let losers = state.losers(upsert.tables, upsert.loads.clone())?;
        Ok(Self { winners, losers, changed: Changed::new(), superseded: 0, loaded: 0 })
    }

    pub(super) async fn write_new(&mut self, upsert: &Upsert<'a>, losers: &RowSet) -> Result<()> {
        let mut new = upsert.new.replay();
        while let Some(rows) = new.next().await {
            let rows = rows?;
            let (rows, stored) = split(&rows, upsert.corrections.kept().mask(&rows)?)?;
            let (won, lost) = split(&rows, losers.mask(&rows)?)?;
            self.loaded += count(&won) + stored.as_ref().map(count).unwrap_or_default();
            if let Some(lost) = lost {
                self.superseded += count(&lost);
                self.losers.push(lost).await?;
            }
            self.changed.add(&won);
            self.winners.push(won).await?;
        }
        Ok(())
    }

    /// Rows of the state that win; those that lose are there already.
    pub(super) async fn write_rows(&mut self, rows: &Spool, losers: &RowSet) -> Result<()> {
        let mut rows = rows.replay();
        while let Some(rows) = rows.next().await {
            let rows = rows?;
            let (won, _) = split(&rows, losers.mask(&rows)?)?;
            self.changed.add(&won);
            self.winners.push(won).await?;
        }
        Ok(())
    }

    /// Writes the files of the table anew of which a row loses or goes; gives the files that they replace.
    pub(super) async fn rewrite(&mut self, upsert: &Upsert<'a>, stored: &Stored, losers: &RowSet) -> Result<Vec<DataFile>> {
        let mut remove = stored.replaced_whole.clone();
        self.changed.remove_unseen(&remove);
        let Some(base) = &stored.base else { return Ok(remove) };
        let mut rewritten = Vec::new();
        let mut gone = RowSet::default();
        for stored in &stored.files {
            if stored.gone.is_empty() && !stored.rows.meets(losers) {
                continue;
            }
            remove.push(stored.file.clone());
            if stored.file.rows() == Some(stored.gone.len()) {
                self.changed.remove_unseen(std::slice::from_ref(&stored.file));
            } else {
                rewritten.push(stored.file.clone());
                gone.extend(stored.gone.clone());
            }
        }
        if rewritten.is_empty() {
            return Ok(remove);
        }
        let mut rows = read(upsert.session, base, upsert.rules.contract(), &rewritten, upsert.new.schema()).await?;
        while let Some(rows) = rows.next().await {
            let rows = rows?;
            let (rows, gone) = split(&rows, gone.mask(&rows)?)?;
            let (won, lost) = split(&rows, losers.mask(&rows)?)?;
            gone.iter().chain(&lost).for_each(|rows| self.changed.remove(rows));
            if let Some(lost) = lost {
                self.losers.push(lost).await?;
            }
            self.winners.push(won).await?;
        }
        Ok(remove)
    }

    pub(super) async fn finish(self, remove: Vec<DataFile>) -> Result<Loaded> {
        let staged = self.winners.finish().await?;
        self.losers.finish().await?;
        let changed = self.changed.finish();
        Ok(Loaded { staged, remove, changed, rows_loaded: self.loaded, rows_superseded: self.superseded })
    }
}

fn count(rows: &RecordBatch) -> u64 {
    u64::try_from(rows.num_rows()).unwrap_or_default()
}
