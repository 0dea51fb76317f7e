//! The review table of a source: rows that broke the contract, kept until someone decides.
//!
//! It is committed before the source's rows. If the process dies between the two commits, the next run finds the file's mark here
//! and leaves the file's rows as they are: nothing is lost and nothing doubled. A corrected file's rows take the place of those of
//! the earlier file.

use std::collections::BTreeSet;

use arrow::datatypes::Schema;
use datafusion::logical_expr::{Expr, col, in_list, lit};
use datafusion::prelude::SessionContext;
use futures::StreamExt as _;
use nightshift_lake::{Commit, DataFile, Lake, Snapshot, StageOptions, StagedWriter, TableKind, TableLayout, TableName};
use nightshift_quality::{ReviewRow, review_batch, review_schema};

use crate::Result;
use crate::arrival::{Arrival, file_mark};
use crate::upsert::load_number;

/// Rows that are gathered before they are written.
const BATCH: usize = 8192;

/// Takes the review rows of a load as they are found.
pub(crate) struct Review<'a> {
    lake: &'a Lake,
    session: &'a SessionContext,
    table: TableName,
    layout: TableLayout,
    base: Option<Snapshot>,
    /// Files whose rows the table does not have yet, with the number of their bytes.
    files: Vec<(String, i64)>,
    writer: Option<StagedWriter>,
    gathered: Vec<ReviewRow>,
    rows: u64,
}

impl<'a> Review<'a> {
    /// Opens the review table for a load of these files by a contract; `again` loads them whatever the table's marks say.
    pub(crate) async fn open(lake: &'a Lake, session: &'a SessionContext, source: &str, files: &[&Arrival], contract: i64, again: bool) -> Result<Self> {
        let table = TableName::new(TableKind::Review, source)?;
        let base = lake.snapshot(&table).await?;
        let layout = TableLayout::new(&Schema::clone(&review_schema()), vec![], vec![])?;
        let mut unknown = Vec::new();
        for arrival in files {
            let (Some(hash), identity) = (arrival.hash, arrival.file.identity()) else { continue };
            let known = match &base {
                Some(base) if !again => base.transaction_version(&file_mark(&identity)).await?,
                _ => None,
            };
            let load = load_number(hash.version(), contract);
            if known != Some(load) {
                unknown.push((identity, load));
            }
        }
        Ok(Self { lake, session, table, layout, base, files: unknown, writer: None, gathered: Vec::new(), rows: 0 })
    }

    /// Takes rows of a file.
    pub(crate) async fn push(&mut self, rows: Vec<ReviewRow>) -> Result<()> {
        self.rows += u64::try_from(rows.len()).unwrap_or_default();
        let files = &self.files;
        self.gathered.extend(rows.into_iter().filter(|row| files.iter().any(|(file, _)| **file == *row.file)));
        if self.gathered.len() >= BATCH { self.write().await } else { Ok(()) }
    }

    async fn write(&mut self) -> Result<()> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let batch = review_batch(&self.gathered)?;
        self.gathered.clear();
        self.writer()?.write(batch).await?;
        Ok(())
    }

    fn writer(&mut self) -> Result<&mut StagedWriter> {
        let writer = match self.writer.take() {
            Some(writer) => writer,
            None => self.lake.stage(&self.table, self.layout.clone(), StageOptions::default())?,
        };
        Ok(self.writer.insert(writer))
    }

    /// Commits, if there is anything to say; gives the number of rows that were pushed.
    pub(crate) async fn finish(mut self) -> Result<u64> {
        self.write().await?;
        let remove = self.remove_earlier().await?;
        let Some(writer) = self.writer.take() else { return Ok(self.rows) };
        let commit = Commit {
            operation: "review".to_owned(),
            layout: Some(self.layout.clone()),
            add: vec![writer.finish().await?],
            remove,
            transactions: self.files.iter().map(|(identity, version)| (file_mark(identity), *version)).collect(),
            ..Commit::default()
        };
        self.lake.commit(self.base.as_ref(), &self.table, commit).await?;
        Ok(self.rows)
    }

    /// Takes the rows of earlier bytes of the same files out of the files of the table that hold any.
    async fn remove_earlier(&mut self) -> Result<Vec<DataFile>> {
        let Some(base) = self.base.clone() else { return Ok(vec![]) };
        let names: BTreeSet<&str> = self.files.iter().map(|(identity, _)| identity.as_str()).collect();
        let names: Vec<Expr> = names.into_iter().map(lit).collect();
        let mut remove = Vec::new();
        for file in base.files().iter().filter(|_| !names.is_empty()) {
            let stored = self.session.read_table(base.provider_of(std::slice::from_ref(file), None))?;
            let earlier = stored.clone().filter(in_list(col("file"), names.clone(), false))?;
            if earlier.limit(0, Some(1))?.count().await? == 0 {
                continue;
            }
            let mut kept = stored.filter(in_list(col("file"), names.clone(), true))?.execute_stream().await?;
            let writer = self.writer()?;
            while let Some(batch) = kept.next().await {
                writer.write(batch?).await?;
            }
            remove.push(file.clone());
        }
        Ok(remove)
    }
}
