//! Rows that replace each other by key.
//!
//! The table of the source holds one row a key, the winner: the one with the greatest (watermark, file, line) among the good rows of
//! all loaded files. The state of the source, `state/<name>`, holds rows that lost, so that a key falls back to the right row when a
//! corrected file no longer has it.
//!
//! Only keys that come more than once compete: rows of other keys go straight to the table. Who competes is found out with the key
//! columns alone. A row of the table that loses or goes leaves its file, which stays as it is ([`places`]); only a file that is small, or loses
//! many rows, is written anew.
//!
//! **Two tables, two commits.** The state is committed first. A row of the state carries the number of the load that brought it
//! ([`load_number`]) and counts only while the marks of the *table* say that this load stands; and a row that stands in the table too is
//! the same row, by file and line. So what a process leaves in the state when it dies before the table's commit means nothing, the
//! next run writes it again, and a row that is there twice counts once. Nothing is ever taken out of the state by a load: when a
//! file goes from A to B and back to A, the losers of A count again.

mod compete;
pub(crate) mod existing;
mod outcome;
mod places;
mod state;

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::{filter_record_batch, not};
use arrow::datatypes::SchemaRef;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::prelude::SessionContext;
use futures::StreamExt as _;
use nightshift_lake::{DataFile, Lake, Snapshot};
use nightshift_quality::Rules;

use crate::correct::Corrections;
use crate::ingest::{IngestRequest, Keep};
use crate::keys::{KeyNumbers, NumberSet};
use crate::load::{Loaded, Tables};
use crate::memory::{QUARTER, SIXTEENTH};
use crate::origin::RowSet;
use crate::spool::Spool;
use crate::{Fingerprint, Result};
use compete::Competition;
use outcome::Outcome;
use places::Places;
use state::State;

/// The number of a load: of a file's bytes, read by a contract.
pub(crate) fn load_number(file: i64, contract: i64) -> i64 {
    Fingerprint::of(format!("{file} {contract}").as_bytes()).version()
}

/// A load of rows by key.
pub(crate) struct Upsert<'a> {
    lake: &'a Lake,
    session: &'a SessionContext,
    keep: Keep,
    rules: &'a Arc<Rules>,
    tables: &'a Tables,
    numbers: KeyNumbers,
    /// All new rows.
    new: Spool,
    /// Their keys, and those that come more than once.
    seen: NumberSet,
    contested: NumberSet,
    reservation: MemoryReservation,
    /// The numbers of the loads of the new files.
    loads: HashMap<String, i64>,
    /// Files whose earlier rows go.
    corrections: Corrections,
}

impl<'a> Upsert<'a> {
    pub(crate) fn new(request: &IngestRequest<'a>, rules: &'a Arc<Rules>, schema: &SchemaRef, tables: &'a Tables) -> Self {
        let session = request.session;
        let numbers = KeyNumbers::new(schema, rules.contract().key());
        let name = &rules.contract().name;
        let reservation = MemoryConsumer::new(format!("ingest:keys of {name}")).register(&session.runtime_env().memory_pool);
        Self {
            lake: request.lake,
            session,
            keep: request.keep,
            rules,
            tables,
            new: Spool::new(session, &format!("rows of {name}"), QUARTER, schema),
            seen: numbers.set(),
            contested: numbers.set(),
            numbers,
            reservation,
            loads: HashMap::new(),
            corrections: Corrections::new(schema),
        }
    }

    /// Announces a file: the number of its load, and whether it takes the place of an earlier file of its name.
    pub(crate) fn announce(&mut self, identity: String, load: i64, replaces: bool) {
        if replaces {
            self.corrections.announce(identity.clone());
        }
        self.loads.insert(identity, load);
    }

    /// Takes good rows of an announced file.
    pub(crate) fn push(&mut self, rows: RecordBatch) -> Result<()> {
        self.corrections.observe(&rows)?;
        for number in self.numbers.of(&rows)? {
            if !self.seen.insert(number) {
                self.contested.insert(number);
            }
        }
        self.reservation.try_resize(self.seen.size() + self.contested.size())?;
        self.new.push(rows)
    }

    /// Decides who wins and writes it; the state is committed here, the table by the caller.
    pub(crate) async fn finish(mut self) -> Result<Loaded> {
        let mut competition = Competition::new(self.session, self.new.schema(), self.rules.contract())?;
        let stored = self.existing(&mut competition).await?;
        let state = State::open(self.lake, self.session, self.rules).await?;
        let fallback = self.fall_back(&state, &stored, &mut competition).await?;
        let mut new = self.new.replay();
        while let Some(rows) = new.next().await {
            let rows = rows?;
            let (rows, _) = split(&rows, self.corrections.kept().mask(&rows)?)?;
            let mask: BooleanArray = self.numbers.of(&rows)?.into_iter().map(|number| Some(self.contested.contains(number))).collect();
            competition.enter(&rows, &mask)?;
        }
        let losers = competition.losers(&self.numbers).await?;
        let mut outcome = Outcome::new(&self, state)?;
        outcome.write_new(&self, &losers).await?;
        outcome.write_rows(&fallback, &losers).await?;
        let replaced = outcome.take_out(&self, &stored, &losers).await?;
        outcome.finish(replaced).await
    }

    /// Finds rows of the table whose keys come again, and those that go with an earlier file.
    async fn existing(&mut self, competition: &mut Competition) -> Result<Stored> {
        let mut stored = Stored::default();
        let Some(base) = self.tables.base.clone() else { return Ok(stored) };
        if self.tables.anew {
            stored.replaced_whole = base.files().to_vec();
            return Ok(stored);
        }
        let keys = std::mem::replace(&mut self.seen, self.numbers.set());
        let wanted = existing::Wanted { numbers: self.numbers.clone(), keys, files: self.corrections.files().clone(), keep: self.keep };
        for hits in existing::scan(self.session, &base, self.rules.contract(), wanted).await? {
            if !hits.gone.is_empty() {
                self.compare(&base, &hits.file).await?;
            }
            let (mut rows, mut gone) = (RowSet::default(), RowSet::default());
            let mut competing = hits.contested;
            for batch in hits.gone {
                let (goes, stays) = split(&batch, self.corrections.kept().mask(&batch)?)?;
                competing.extend(stays);
                gone.insert(&goes)?;
                for number in self.numbers.of(&goes)? {
                    stored.fallback.get_or_insert_with(|| self.numbers.set()).insert(number);
                    self.contested.insert(number);
                }
            }
            for batch in competing {
                rows.insert(&batch)?;
                for number in self.numbers.of(&batch)? {
                    self.contested.insert(number);
                }
                competition.enter_all(&batch)?;
            }
            stored.rows.extend(rows.clone());
            stored.files.push(StoredFile { file: hits.file, rows, gone, places: hits.places });
        }
        stored.base = Some(base);
        Ok(stored)
    }

    /// Compares the rows that a file of the table has of corrected files with the new ones.
    async fn compare(&mut self, base: &Snapshot, file: &DataFile) -> Result<()> {
        let contract = self.rules.contract();
        let mut rows = existing::read(self.session, base, contract, std::slice::from_ref(file), self.new.schema()).await?;
        while let Some(rows) = rows.next().await {
            let rows = rows?;
            let earlier = BooleanArray::from(existing::comes_from(&rows, self.corrections.files())?);
            if earlier.true_count() > 0 {
                self.corrections.compare(&filter_record_batch(&rows, &earlier)?)?;
            }
        }
        Ok(())
    }

    /// Rows of the state that compete for the keys of rows that go.
    async fn fall_back(&self, state: &State<'_>, stored: &Stored, competition: &mut Competition) -> Result<Spool> {
        let mut spool = Spool::new(self.session, "superseded rows", SIXTEENTH, self.new.schema());
        let (Some(keys), Some(base)) = (&stored.fallback, &stored.base) else { return Ok(spool) };
        let mut found = state.rows(&self.numbers, keys, self.corrections.files(), base, self.tables).await?;
        let mut known = stored.rows.clone();
        while let Some(rows) = found.next().await {
            let rows = rows?;
            let fresh = BooleanArray::from(known.insert(&rows)?);
            let rows = filter_record_batch(&rows, &fresh)?;
            competition.enter_all(&rows)?;
            spool.push(rows)?;
        }
        Ok(spool)
    }
}

/// What the table has that matters to the load.
#[derive(Default)]
struct Stored {
    base: Option<Snapshot>,
    files: Vec<StoredFile>,
    /// Rows that compete.
    rows: RowSet,
    /// Keys of rows that go.
    fallback: Option<NumberSet>,
    /// Files that go with all their rows, because the table is made anew.
    replaced_whole: Vec<DataFile>,
}

/// A file of the table with rows that compete or go.
struct StoredFile {
    file: DataFile,
    rows: RowSet,
    gone: RowSet,
    /// Where these rows stand in the file, if they are few.
    places: Option<Places>,
}

/// The rows that a mask leaves, and those that it marks.
fn split(rows: &RecordBatch, mask: Option<BooleanArray>) -> Result<(RecordBatch, Option<RecordBatch>)> {
    match mask {
        None => Ok((rows.clone(), None)),
        Some(mask) => Ok((filter_record_batch(rows, &not(&mask)?)?, Some(filter_record_batch(rows, &mask)?))),
    }
}
