//! Rows that do not replace each other: appended, or the whole table at once.

use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::{filter_record_batch, not};
use arrow::datatypes::SchemaRef;
use datafusion::prelude::SessionContext;
use futures::StreamExt as _;
use nightshift_lake::{ChangedRows, DataFile, Deletion, Lake, Snapshot, Staged, TableName};
use nightshift_quality::Rules;

use crate::Result;
use crate::columns::{Partitioner, source_layout};
use crate::correct::Corrections;
use crate::memory::{QUARTER, SIXTEENTH};
use crate::route::Router;
use crate::spool::Spool;
use crate::upsert::existing::{comes_from, may_hold_file, read};

/// What a load starts from.
pub(crate) struct Tables {
    /// The table of the source.
    pub(crate) source: TableName,
    /// Its version, if it exists.
    pub(crate) base: Option<Snapshot>,
    /// Whether all its rows are replaced.
    pub(crate) anew: bool,
    /// The number of the contract.
    pub(crate) contract: i64,
}

/// What a load wants to commit.
pub(crate) struct Loaded {
    pub(crate) staged: Vec<Staged>,
    pub(crate) remove: Vec<DataFile>,
    /// Rows that go while their files stay.
    pub(crate) delete: Vec<Deletion>,
    /// The rows that come and go, if they are few and known.
    pub(crate) changed: Option<ChangedRows>,
    /// New rows that are in the table.
    pub(crate) rows_loaded: u64,
    /// New rows that lost against others of their key.
    pub(crate) rows_superseded: u64,
}

/// Rows on their way into the table as they come.
pub(crate) struct Append<'a> {
    session: &'a SessionContext,
    rules: &'a Arc<Rules>,
    tables: &'a Tables,
    schema: SchemaRef,
    router: Router,
    corrections: Corrections,
    /// Rows of corrected files: some may be in the table already.
    held: Spool,
}

impl<'a> Append<'a> {
    pub(crate) fn new(lake: &Lake, session: &'a SessionContext, rules: &'a Arc<Rules>, schema: &SchemaRef, tables: &'a Tables) -> Result<Self> {
        let layout = source_layout(rules)?;
        let router = Router::new(lake, &tables.source, &layout, Partitioner::new(rules), session, QUARTER)?;
        let held = Spool::new(session, "corrected files", SIXTEENTH, schema);
        Ok(Self { session, rules, tables, schema: Arc::clone(schema), router, corrections: Corrections::new(schema), held })
    }

    /// The earlier rows of this file go.
    pub(crate) fn replace(&mut self, identity: String) {
        self.corrections.announce(identity);
    }

    /// Takes good rows of one file.
    pub(crate) async fn push(&mut self, rows: RecordBatch) -> Result<()> {
        if self.corrections.observe(&rows)? { self.held.push(rows) } else { self.router.push(rows).await }
    }

    /// Takes out what goes and puts in what is new.
    pub(crate) async fn finish(mut self) -> Result<Loaded> {
        let rows_loaded = self.router.rows() + u64::try_from(self.held.rows()).unwrap_or_default();
        let remove = match &self.tables.base {
            None => Vec::new(),
            Some(base) if self.tables.anew => base.files().to_vec(),
            Some(base) => self.take_out(base).await?,
        };
        let mut held = self.held.replay();
        while let Some(rows) = held.next().await {
            let rows = rows?;
            let rows = match self.corrections.kept().mask(&rows)? {
                Some(kept) => filter_record_batch(&rows, &not(&kept)?)?,
                None => rows,
            };
            self.router.push(rows).await?;
        }
        Ok(Loaded { staged: self.router.finish().await?, remove, delete: Vec::new(), changed: None, rows_loaded, rows_superseded: 0 })
    }

    /// Writes files that hold rows which go anew without them; gives the files that are replaced so.
    async fn take_out(&mut self, base: &Snapshot) -> Result<Vec<DataFile>> {
        let candidates: Vec<_> = base.files().iter().filter(|file| may_hold_file(file, self.corrections.files())).collect();
        let mut remove = Vec::new();
        for file in candidates {
            if self.holds_gone(base, file).await? {
                remove.push(file.clone());
            }
        }
        if remove.is_empty() {
            return Ok(remove);
        }
        let mut rows = read(self.session, base, self.rules.contract(), &remove, &self.schema).await?;
        while let Some(rows) = rows.next().await {
            let rows = rows?;
            let stays: BooleanArray = self.goes(&rows)?.into_iter().map(|goes| Some(!goes)).collect();
            self.router.push(filter_record_batch(&rows, &stays)?).await?;
        }
        Ok(remove)
    }

    /// Whether a file of the table holds a row of a corrected file that is not among its new rows.
    async fn holds_gone(&mut self, base: &Snapshot, file: &DataFile) -> Result<bool> {
        let mut rows = read(self.session, base, self.rules.contract(), std::slice::from_ref(file), &self.schema).await?;
        let mut holds = false;
        while let Some(rows) = rows.next().await {
            let rows = rows?;
            let earlier = BooleanArray::from(comes_from(&rows, self.corrections.files())?);
            if earlier.true_count() > 0 {
                let earlier = filter_record_batch(&rows, &earlier)?;
                self.corrections.compare(&earlier)?;
                holds |= self.goes(&earlier)?.contains(&true);
            }
        }
        Ok(holds)
    }

    /// For each stored row whether it goes.
    fn goes(&self, rows: &RecordBatch) -> Result<Vec<bool>> {
        let mut goes = comes_from(rows, self.corrections.files())?;
        if let Some(kept) = self.corrections.kept().mask(rows)? {
            goes.iter_mut().zip(kept.values()).for_each(|(goes, kept)| *goes &= !kept);
        }
        Ok(goes)
    }
}
