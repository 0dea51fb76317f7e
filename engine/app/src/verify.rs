//! Whether rollups hold what their queries give over the sources, found out by computing it once more.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Instant;

use chrono::{NaiveDate, Utc};
use nightshift_compile::Rollup;
use nightshift_lake::{DataFile, Snapshot};
use nightshift_ledger::{BatchId, Ledger, VerificationRecord};
use nightshift_refresh::buckets::{Bucket, Buckets};
use nightshift_refresh::tables::{self, Pinned};
use nightshift_refresh::verify::Verifying;
use nightshift_refresh::{Differences, FullReason, stamps, table_name};
use tokio_util::sync::CancellationToken;

use crate::query::{Column, Row};
use crate::{Error, Result, Workspace};

/// How much of a rollup is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// So many of its buckets, others each time that its table has changed.
    Sample(usize),
    /// The buckets that begin on these days, both included.
    Between(NaiveDate, NaiveDate),
    /// Everything.
    All,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Verification {
    /// The rollup.
    pub rollup: String,
    /// The version of its table.
    pub table_version: i64,
    /// How many buckets were compared, out of how many; none where all of the table was.
    pub buckets: Option<(usize, usize)>,
    /// How many rows the table has in these.
    pub rows: u64,
    /// Why nothing could be compared.
    pub reason: Option<String>,
    /// Rows that only the sources give or only the table has.
    pub differences: u64,
    /// The columns of these rows: first which side has them.
    pub columns: Vec<Column>,
    /// The first of these rows.
    pub shown: Vec<Row>,
    /// How long it took.
    pub seconds: f64,
}

impl Verification {
    /// Whether it was compared and nothing differs.
    #[must_use]
    pub const fn is_equal(&self) -> bool {
        self.reason.is_none() && self.differences == 0
    }

    /// What was found, in a line.
    #[must_use]
    pub fn summary(&self) -> String {
        let compared = self.compared();
        match (&self.reason, self.differences) {
            (Some(reason), _) => format!("not verified, {reason}"),
            (None, 0) => format!("equal, {compared}"),
            (None, 1) => format!("DIFFERENT, 1 row in {compared}"),
            (None, rows) => format!("DIFFERENT, {rows} rows in {compared}"),
        }
    }

    /// What was compared.
    fn compared(&self) -> String {
        let rows = if self.rows == 1 { "1 row".to_owned() } else { format!("{} rows", self.rows) };
        match self.buckets {
            Some((some, all)) => format!("{some} of {all} buckets with {rows}"),
            None => format!("all {rows}"),
        }
    }

    /// The same as a result, for a step that must not go on with what is wrong.
    ///
    /// # Errors
    /// [`Error::Unequal`] if a row differs.
    pub(crate) fn must_be_equal(&self) -> Result<()> {
        if self.differences == 0 {
            return Ok(());
        }
        Err(Error::Unequal { rollup: self.rollup.clone(), differences: self.differences, summary: self.compared() })
    }

    fn record(&self, actor: &str, batch: Option<BatchId>) -> VerificationRecord {
        VerificationRecord {
            at: Utc::now(),
            actor: actor.to_owned(),
            batch,
            rollup: self.rollup.clone(),
            table_version: self.table_version,
            buckets: self.buckets.map(|(some, _)| some as u64),
            rows: self.rows,
            differences: self.differences,
            reason: self.reason.clone(),
            seconds: self.seconds,
        }
    }
}

/// Rows by which two sides differ.
pub(crate) struct Differing {
    pub(crate) count: u64,
    pub(crate) columns: Vec<Column>,
    /// The first of them.
    pub(crate) shown: Vec<Row>,
}

/// Counts differing rows, and keeps the first.
pub(crate) async fn read(mut differences: Differences, shown: usize) -> Result<Differing> {
    let columns = differences.schema().fields().iter().map(|field| Column::of(field)).collect();
    let mut found = Differing { count: 0, columns, shown: vec![] };
    while let Some(rows) = differences.next().await? {
        found.count += rows.num_rows() as u64;
        let wanted = shown.saturating_sub(found.shown.len()).min(rows.num_rows());
        found.shown.extend(nightshift_deliver::text::rows(&rows.slice(0, wanted))?);
    }
    Ok(found)
}

/// So many files of the facts are asked which buckets they have, for a sample: buckets that the table lacks are found so too.
const SAMPLED_FILES: usize = 4;

/// The files of the facts that are asked which buckets they have; all of them where nothing is given.
fn sampled_files(pinned: &Pinned, rollup: &Rollup, extent: Extent, version: i64) -> Option<Vec<DataFile>> {
    let facts = pinned.snapshot(&rollup.time.table)?;
    let Extent::Sample(_) = extent else { return None };
    let mut files = facts.files().to_vec();
    files.sort_by_cached_key(|file| rank(version, &file.path));
    files.truncate(SAMPLED_FILES);
    Some(files)
}

/// Where something stands in the order of a sample: the same for the same version of a table, and another one for the next.
fn rank(version: i64, of: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    (version, of).hash(&mut hasher);
    hasher.finish()
}

impl Workspace {
    /// Compares a rollup's table with its query over the source versions that the table stands for, and writes down what was found. At most
    /// `shown` rows are kept of what differs; all are counted.
    ///
    /// # Errors
    /// If the lake cannot be read or the query fails. That rows differ, or that nothing can be compared, is a result.
    pub async fn verify(
        &self,
        rollup: &Arc<Rollup>,
        extent: Extent,
        shown: usize,
        (ledger, actor, batch): (&Ledger, &str, Option<BatchId>),
        cancel: &CancellationToken,
    ) -> Result<Verification> {
        let began = Instant::now();
        let mut verification = self.verified(rollup, extent, shown, cancel).await?;
        verification.seconds = began.elapsed().as_secs_f64();
        ledger.verified(&verification.record(actor, batch)).await?;
        Ok(verification)
    }

    async fn verified(&self, rollup: &Arc<Rollup>, extent: Extent, shown: usize, cancel: &CancellationToken) -> Result<Verification> {
        let table = self.lake.snapshot(&table_name(rollup)?).await?;
        let mut found = Verification {
            rollup: rollup.name().to_owned(),
            table_version: table.as_ref().map_or(-1, Snapshot::version),
            buckets: None,
            rows: 0,
            reason: None,
            differences: 0,
            columns: vec![],
            shown: vec![],
            seconds: 0.0,
        };
        let Some(table) = table else {
            found.reason = Some("it has never been built".to_owned());
            return Ok(found);
        };
        let pinned = match self.stands_for(rollup, &table).await? {
            Ok(pinned) => pinned,
            Err(reason) => {
                found.reason = Some(reason.to_string());
                return Ok(found);
            }
        };
        let session = self.engine.step(&format!("verify:{}", rollup.name()))?;
        tables::register(&session.context, &pinned)?;
        let verifying = Verifying { session: &session, rollup, table: &table, pinned: &pinned, calendar: &self.calendar, cancel };
        let chosen = match extent {
            Extent::All => None,
            extent => {
                let files = sampled_files(&pinned, rollup, extent, table.version());
                let all = verifying.buckets(files.as_deref()).await?;
                let chosen = self.chosen(&all, extent, table.version());
                found.buckets = Some((chosen.len(), all.len()));
                if chosen.is_empty() {
                    found.reason = Some("there is no bucket to compare".to_owned());
                    return Ok(found);
                }
                Some(chosen)
            }
        };
        found.rows = verifying.rows(chosen.as_ref()).await?;
        let visible = read(verifying.differences(chosen.as_ref()).await?, shown).await?;
        // What no reader sees is told where all that they see is right.
        let differing = match verifying.state_differences(chosen.as_ref()).await? {
            Some(states) if visible.count == 0 => read(states, shown).await?,
            _ => visible,
        };
        found.differences = differing.count;
        found.columns = differing.columns;
        found.shown = differing.shown;
        Ok(found)
    }

    /// The tables at the versions that a rollup's table stands for, or why these cannot be had.
    pub(crate) async fn stands_for(&self, rollup: &Rollup, table: &Snapshot) -> Result<Result<Pinned, FullReason>> {
        let newest = self.pinned(&rollup.tables, &BTreeMap::new()).await?;
        let mut versions = BTreeMap::new();
        for (name, stamp) in stamps::read(rollup, table, &newest).await? {
            let Some(version) = stamp else {
                return Ok(Err(FullReason::OtherDefinition { table: name }));
            };
            // A table that did not exist then does not exist now either, else it had another identity.
            if version >= 0 {
                versions.insert(name, version);
            }
        }
        match self.pinned(&rollup.tables, &versions).await {
            Ok(pinned) => Ok(Ok(pinned)),
            Err(Error::Lake(nightshift_lake::Error::VersionMissing { table, version })) => {
                Ok(Err(FullReason::VersionGone { table: table.name().to_owned(), version }))
            }
            Err(error) => Err(error),
        }
    }

    /// The buckets that are compared. A sample is the same for the same version of a table, and another one for the next.
    fn chosen(&self, all: &Buckets, extent: Extent, version: i64) -> Buckets {
        match extent {
            Extent::All => all.clone(),
            Extent::Between(from, to) => {
                all.iter().filter(|bucket| bucket.day(&self.calendar).is_some_and(|day| (from..=to).contains(&day))).copied().collect()
            }
            Extent::Sample(count) => {
                let mut ranked: Vec<&Bucket> = all.iter().collect();
                ranked.sort_by_cached_key(|bucket| rank(version, bucket));
                ranked.into_iter().take(count).copied().collect()
            }
        }
    }
}
