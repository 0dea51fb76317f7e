//! What comes of a competition: winners into the table, losers into the state.

use arrow::array::RecordBatch;
use futures::StreamExt as _;
use nightshift_lake::{DataFile, Deletion, Positions};

use super::existing::read;
use super::state::{Losers, State};
use super::{Stored, StoredFile, Upsert, split};
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

    /// Takes rows of the table that lose or go out of it: out of their files, which stay, or by writing the others anew.
    pub(super) async fn take_out(&mut self, upsert: &Upsert<'a>, stored: &Stored, losers: &RowSet) -> Result<Replaced> {
        let mut remove = stored.replaced_whole.clone();
        self.changed.remove_unseen(&remove);
        let mut delete = Vec::new();
        let Some(base) = &stored.base else { return Ok(Replaced { remove, delete }) };
        // What is read: whole files that are written anew, and of files that stay the rows that leave them.
        let mut read_anew = Vec::new();
        let mut gone = RowSet::default();
        for stored in &stored.files {
            if stored.gone.is_empty() && !stored.rows.meets(losers) {
                continue;
            }
            if let Some(rows) = stored.leave(losers) {
                read_anew.push(stored.file.only(rows.clone()));
                gone.extend(stored.gone.clone());
                delete.push(Deletion { file: stored.file.clone(), rows });
                continue;
            }
            remove.push(stored.file.clone());
            if stored.file.rows() == Some(stored.gone.len()) {
                self.changed.remove_unseen(std::slice::from_ref(&stored.file));
            } else {
                read_anew.push(stored.file.clone());
                gone.extend(stored.gone.clone());
            }
        }
        if read_anew.is_empty() {
            return Ok(Replaced { remove, delete });
        }
        let mut rows = read(upsert.session, base, upsert.rules.contract(), &read_anew, upsert.new.schema()).await?;
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
        Ok(Replaced { remove, delete })
    }

    pub(super) async fn finish(self, replaced: Replaced) -> Result<Loaded> {
        let Replaced { remove, delete } = replaced;
        let staged = self.winners.finish().await?;
        self.losers.finish().await?;
        let changed = self.changed.finish();
        Ok(Loaded { staged, remove, delete, changed, rows_loaded: self.loaded, rows_superseded: self.superseded })
    }
}

/// What goes from the table.
pub(super) struct Replaced {
    remove: Vec<DataFile>,
    delete: Vec<Deletion>,
}

impl StoredFile {
    /// The positions of the rows that lose or go, if they can do so while the file stays.
    fn leave(&self, losers: &RowSet) -> Option<Positions> {
        let positions = self.places.as_ref()?.of_rows(losers, &self.gone);
        // A file of which no row is left goes too.
        self.file.rows().is_some_and(|rows| positions.len() < rows).then_some(positions)
    }
}

fn count(rows: &RecordBatch) -> u64 {
    u64::try_from(rows.num_rows()).unwrap_or_default()
}
