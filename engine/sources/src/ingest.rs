//! One ingest of one source: every file that is new or corrected, in one commit.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use chrono::{Datelike as _, NaiveDate};
use datafusion::prelude::SessionContext;
use futures::StreamExt as _;
use nightshift_calendar::Calendar;
use nightshift_compile::contract::Contract;
use nightshift_failure::{Point, reach};
use nightshift_lake::{Commit, Lake, Snapshot, Staged};
use nightshift_project::Load;
use nightshift_quality::Rules;
use serde_json::json;

use crate::arrival::{Arrival, CONTRACT, FULL, FileState};
use crate::columns::{is_upsert, row_schema, source_layout};
use crate::load::{Append, Loaded, Tables};
use crate::plan::{IngestPlan, prepare};
use crate::review::Review;
use crate::rows::Files;
use crate::upsert::{Upsert, load_number};
use crate::{Error, Result};

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
    pub incoming: &'a Path,
    /// The last date whose files count.
    pub up_to: NaiveDate,
    /// Rows that are read at once.
    pub batch_size: usize,
    /// Which files stay while some of their rows go.
    pub keep: Keep,
    /// Is told after every batch how many records have been read, and says whether to go on.
    pub progress: &'a (dyn Fn(u64) -> ControlFlow<()> + Sync),
}

/// Which files of an upserted source's table stay while rows of them lose or go; others are written anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Those of so many rows. Smaller ones are written anew together with what is new, so that small files grow large.
    pub rows: u64,
    /// As long as not more than one row in so many is gone: scans skip over what is gone, but read it.
    pub share: u64,
}

impl Default for Keep {
    fn default() -> Self {
        Self { rows: 65_536, share: 10 }
    }
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
    /// Whether a file of the last date has arrived, new or loaded before.
    pub arrived: bool,
    /// Whether all files were loaded again because the contract changed.
    pub contract_changed: bool,
    /// Columns of files that the contract does not have, `<date>/<name>: <column>`.
    pub extra_columns: Vec<String>,
    /// Records read.
    pub records: u64,
    /// Records that broke the contract.
    pub review: u64,
    /// Good rows that are in the table.
    pub rows_loaded: u64,
    /// Good rows that lost against a later row of the same key.
    pub rows_superseded: u64,
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
/// Three commits at most, in this order: the review table, the state of an upserted source, the table itself. Only the last one makes
/// anything count, so that it does not matter where a process dies.
///
/// # Errors
/// Whatever a file, the contract or the lake refuse, and [`Error::Stopped`]. Nothing of the source's table is changed then.
pub async fn ingest(request: &IngestRequest<'_>) -> Result<IngestReport> {
    let (plan, tables) = prepare(request).await?;
    let mut report = describe(&plan, request.up_to);
    if plan.is_nothing() {
        return Ok(report);
    }
    let pending: Vec<&Arrival> = plan.files.iter().filter(|arrival| arrival.is_pending()).collect();
    let rules = Rules::compile(request.contract, request.calendar, request.session)?;
    let loaded = load(request, &tables, &rules, &pending, &mut report).await?;
    let commit = commit(&plan, &tables, &rules, loaded, &mut report)?;
    let table = request.lake.commit(tables.base.as_ref(), &tables.source, commit).await?;
    report.version_after = Some(table.version());
    Ok(report)
}

fn describe(plan: &IngestPlan, date: NaiveDate) -> IngestReport {
    let named = |state: FileState| plan.in_state(state).map(|arrival| arrival.file.identity()).collect();
    IngestReport {
        loaded: named(FileState::New),
        replaced: named(FileState::Corrected),
        unchanged: plan.in_state(FileState::Loaded).count(),
        waiting: named(FileState::Unfinished),
        arrived: plan.files.iter().any(|arrival| arrival.file.date == date),
        contract_changed: plan.contract_changed,
        version_before: plan.version,
        version_after: plan.version,
        ..IngestReport::default()
    }
}

/// Where good rows go.
enum Destination<'a> {
    Append(Box<Append<'a>>),
    Upsert(Box<Upsert<'a>>),
}

/// Reads the files; rows that break the contract are committed to the review table, the others are staged.
async fn load<'a>(
    request: &'a IngestRequest<'a>,
    tables: &'a Tables,
    rules: &'a Arc<Rules>,
    pending: &[&Arrival],
    report: &mut IngestReport,
) -> Result<Loaded> {
    let schema = row_schema(rules);
    let mut destination = if is_upsert(request.contract) {
        Destination::Upsert(Box::new(Upsert::new(request, rules, &schema, tables)))
    } else {
        Destination::Append(Box::new(Append::new(request.lake, request.session, rules, &schema, tables)?))
    };
    announce(&mut destination, tables, pending);
    let mut review = Review::open(request.lake, request.session, &request.contract.name, pending, tables.contract, tables.anew).await?;
    let files = Files { session: request.session, rules, schema: &schema, batch_size: request.batch_size };
    let mut read = files.read(pending);
    while let Some(found) = read.next().await {
        let found = found?;
        report.records += count(found.rows.num_rows() + found.review.len());
        if (request.progress)(report.records).is_break() {
            return Err(Error::Stopped { source_name: request.contract.name.clone() });
        }
        report.extra_columns.extend(found.extra_columns);
        if !found.review.is_empty() {
            review.push(found.review).await?;
        }
        match &mut destination {
            Destination::Append(append) => append.push(found.rows).await?,
            Destination::Upsert(upsert) => upsert.push(found.rows)?,
        }
    }
    drop(read);
    report.extra_columns.sort();
    report.review = review.finish().await?;
    reach(Point::ReviewCommitted);
    match destination {
        Destination::Append(append) => append.finish().await,
        Destination::Upsert(upsert) => upsert.finish().await,
    }
}

fn announce(destination: &mut Destination<'_>, tables: &Tables, pending: &[&Arrival]) {
    for arrival in pending {
        let (identity, replaces) = (arrival.file.identity(), arrival.state == FileState::Corrected);
        match destination {
            Destination::Append(append) if replaces => append.replace(identity),
            Destination::Append(_) => {}
            Destination::Upsert(upsert) => {
                let load = load_number(arrival.hash.map(|hash| hash.version()).unwrap_or_default(), tables.contract);
                upsert.announce(identity, load, replaces);
            }
        }
    }
}

fn commit(plan: &IngestPlan, tables: &Tables, rules: &Arc<Rules>, loaded: Loaded, report: &mut IngestReport) -> Result<Commit> {
    report.rows_loaded = loaded.rows_loaded;
    report.rows_superseded = loaded.rows_superseded;
    report.rows_written = loaded.staged.iter().map(Staged::rows).sum();
    report.bytes_written = loaded.staged.iter().map(Staged::bytes).sum();
    let mut transactions: Vec<(String, i64)> = plan.files.iter().flat_map(Arrival::marks).collect();
    transactions.push((CONTRACT.to_owned(), tables.contract));
    let is_table = |arrival: &&Arrival| arrival.is_pending() && arrival.file.size > 0;
    if rules.contract().header.load == Load::Full
        && let Some(newest) = plan.files.iter().rfind(is_table)
    {
        transactions.push((FULL.to_owned(), i64::from(newest.file.date.num_days_from_ce())));
    }
    let names: Vec<String> = plan.files.iter().filter(|arrival| arrival.is_pending()).map(|arrival| arrival.file.identity()).collect();
    let information =
        [("files", json!(names)), ("records", json!(report.records)), ("review", json!(report.review)), ("superseded", json!(report.rows_superseded))];
    // A table that keeps its layout is not described anew, so that a load which changes no row is marks alone.
    let changes = tables.base.as_ref().map(Snapshot::layout) != Some(&source_layout(rules)?);
    Ok(Commit {
        operation: "ingest".to_owned(),
        layout: if changes { Some(source_layout(rules)?) } else { None },
        add: loaded.staged,
        remove: loaded.remove,
        delete: loaded.delete,
        changed_rows: loaded.changed,
        transactions,
        information: BTreeMap::from(information.map(|(key, value)| (key.to_owned(), value))),
        ..Commit::default()
    })
}

fn count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}
