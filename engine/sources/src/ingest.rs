//! One ingest of one source: every file that is new or corrected, in one commit.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;
use datafusion::prelude::SessionContext;
use futures::StreamExt;
use nightshift_calendar::Calendar;
use nightshift_compile::contract::Contract;
use nightshift_lake::{Commit, Lake, Snapshot, StageOptions, TableKind, TableName};
use nightshift_project::Load;
use nightshift_quality::Rules;
use serde_json::json;

use crate::arrival::{Arrival, FileState, arrivals};
use crate::merge::{Merge, layout, require_all};
use crate::stage::stage;
use crate::{Result, discover, review};

/// What an ingest is handed.
pub struct IngestRequest<'a> {
    /// The lake.
    pub lake: &'a Lake,
    /// A session, without tables.
    pub session: &'a SessionContext,
    /// The source.
    pub contract: &'a Arc<Contract>,
    /// The project's calendar.
    pub calendar: &'a Calendar,
    /// The folder of the dates.
    pub incoming: &'a std::path::Path,
    /// The last date whose files count.
    pub up_to: NaiveDate,
    /// Rows that are read at once.
    pub batch_size: usize,
}

/// What an ingest did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IngestReport {
    /// Files that were loaded for the first time.
    pub loaded: Vec<String>,
    /// Files that took the place of an earlier file of the same name.
    pub replaced: Vec<String>,
    /// Files that were loaded before and are the same.
    pub unchanged: usize,
    /// Files that are still being written.
    pub waiting: Vec<String>,
    /// Columns of files that the contract does not have.
    pub extra_columns: Vec<String>,
    /// Records read.
    pub records: u64,
    /// Records that broke the contract.
    pub review: u64,
    /// Rows written, those of rewritten files that stayed included.
    pub rows_written: u64,
    /// Bytes written.
    pub bytes_written: u64,
    /// The table's version before, if there was one.
    pub version_before: Option<i64>,
    /// The table's version now, if there is one.
    pub version_after: Option<i64>,
}

/// Loads what arrived for a source up to a date. What is loaded already costs nothing; what changes no row commits its marks alone.
///
/// # Errors
/// Whatever a file, the contract or the lake refuse. Nothing of the source's table is changed then.
pub async fn ingest(request: &IngestRequest<'_>) -> Result<IngestReport> {
    let table = TableName::new(TableKind::Source, request.contract.name.as_str())?;
    let base = request.lake.snapshot(&table).await?;
    let mut found = arrivals(discover(request.incoming, request.contract, request.up_to)?, base.as_ref()).await?;
    let mut report = describe(&found, base.as_ref());
    let reload = reloads(request.contract, &found);
    if reload {
        for arrival in found.iter_mut().filter(|arrival| arrival.hash.is_none() && arrival.state == FileState::Loaded) {
            arrival.hash = arrival.file.hash()?;
        }
    }
    let pending = pending(request.contract, &found, reload);
    if pending.is_empty() {
        return Ok(report);
    }
    if let (true, Some(base)) = (reload, &base) {
        let present: Vec<String> = found.iter().map(|arrival| arrival.file.identity()).collect();
        require_all(request.session, request.contract, base, &present).await?;
    }
    let rules = Rules::compile(request.contract, request.calendar, request.session)?;
    let upsert = matches!(request.contract.header.load, Load::Upsert { .. });
    let staged = stage(request.lake, &table, &rules, &pending, request.batch_size, upsert).await?;
    report.records = staged.records;
    report.review = staged.review.len() as u64;
    report.extra_columns = staged.extra_columns;
    review::replace(request.lake, request.session, &request.contract.name, &pending, &staged.review).await?;
    let anew = reload || (request.contract.header.load == Load::Full && !keeps_rows(&pending));
    let replaced = pending.iter().filter(|arrival| arrival.state == FileState::Corrected).map(|arrival| arrival.file.identity()).collect();
    let merge = Merge { session: request.session, contract: request.contract, base: base.as_ref(), staged: &staged.rows, replaced, anew };
    let nothing = staged.rows.rows() == 0 && base.is_some() && report.replaced.is_empty() && !anew;
    let mut commit = Commit { operation: "ingest".to_owned(), ..Commit::default() };
    if !nothing {
        let merged = merge.merge().await?;
        let layout = layout(request.contract, &rules)?;
        let mut writer = request.lake.stage(&table, layout.clone(), StageOptions::default())?;
        let mut rows = merged.rows.execute_stream().await?;
        while let Some(batch) = rows.next().await {
            writer.write(batch?).await?;
        }
        let written = writer.finish().await?;
        report.rows_written = written.rows();
        report.bytes_written = written.bytes();
        commit.layout = Some(layout);
        commit.add = vec![written];
        commit.remove = merged.remove;
    }
    staged.rows.discard().await;
    commit.transactions = found.iter().filter(|arrival| arrival.hash.is_some()).flat_map(Arrival::marks).collect();
    commit.information = BTreeMap::from([
        ("files".to_owned(), json!(pending.iter().map(|arrival| arrival.file.identity()).collect::<Vec<_>>())),
        ("records".to_owned(), json!(report.records)),
        ("review".to_owned(), json!(report.review)),
    ]);
    report.version_after = Some(request.lake.commit(base.as_ref(), &table, commit).await?.version());
    Ok(report)
}

fn describe(found: &[Arrival], base: Option<&Snapshot>) -> IngestReport {
    let of = |state: FileState| found.iter().filter(move |arrival| arrival.state == state).map(|arrival| arrival.file.identity());
    IngestReport {
        loaded: of(FileState::New).collect(),
        replaced: of(FileState::Corrected).collect(),
        unchanged: of(FileState::Loaded).count(),
        waiting: of(FileState::Unfinished).collect(),
        version_before: base.map(Snapshot::version),
        version_after: base.map(Snapshot::version),
        ..IngestReport::default()
    }
}

/// A corrected file of an upserted source may no longer have a key whose earlier row an older file brought, and the table keeps
/// winners only: so all files are read again. It is rare, and exact.
fn reloads(contract: &Contract, found: &[Arrival]) -> bool {
    matches!(contract.header.load, Load::Upsert { .. }) && found.iter().any(|arrival| arrival.state == FileState::Corrected)
}

/// The files whose rows are read.
fn pending<'a>(contract: &Contract, found: &'a [Arrival], reload: bool) -> Vec<&'a Arrival> {
    let finished = found.iter().filter(|arrival| arrival.state != FileState::Unfinished);
    match contract.header.load {
        // The newest file is the table.
        Load::Full => finished.max_by(|a, b| a.file.cmp(&b.file)).filter(|arrival| arrival.state != FileState::Loaded).into_iter().collect(),
        _ if reload => finished.collect(),
        _ => finished.filter(|arrival| arrival.state != FileState::Loaded).collect(),
    }
}

/// A full load of a file without a single byte has arrived, but says nothing of the rows.
fn keeps_rows(pending: &[&Arrival]) -> bool {
    pending.iter().all(|arrival| arrival.file.size == 0)
}
