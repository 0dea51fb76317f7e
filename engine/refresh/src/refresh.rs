//! One refresh of one rollup: decide, compute, stage, commit.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use datafusion::common::ScalarValue;
use datafusion::logical_expr::LogicalPlan;
use nightshift_calendar::Calendar;
use nightshift_compile::rollup::STATE_ROWS;
use nightshift_compile::rollup::feed::{Feed, feed};
use nightshift_compile::{Rollup, planning};
use nightshift_execute::{Measurement, StepSession, run};
use nightshift_lake::{Commit, DataFile, Lake, Snapshot, StageOptions, Staged, TableKind, TableName};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::affected::Found;
use crate::decide::{Changes, Decision, Technique, decide};
use crate::layout::{layout, partition_column};
use crate::buckets::{Bucket, Buckets};
use crate::merge::{self, Merging};
use crate::rows::Rows;
use crate::spans::spans;
use crate::states::stated;
use crate::tables::Pinned;
use crate::touched::Touching;
use crate::units::{self, Units};
use crate::{Error, Result, stamps};

/// What a refresh is handed.
pub struct Request<'a> {
    /// The lake.
    pub lake: &'a Lake,
    /// A session in which the pinned tables are registered.
    pub session: &'a StepSession,
    /// The rollup.
    pub rollup: &'a Rollup,
    /// Finer rollups that may already be up to date, finest first.
    pub finer: &'a [Arc<Rollup>],
    /// The versions to go to.
    pub pinned: &'a Pinned,
    /// The project's calendar.
    pub calendar: &'a Calendar,
    /// Stops the refresh.
    pub cancel: &'a CancellationToken,
    /// From how many facts on a full build is cut into units; [`CUT_FROM`] is a good number.
    pub cut_from: u64,
}

/// What a refresh did.
#[derive(Debug)]
pub struct Outcome {
    /// What was decided.
    pub decision: Decision,
    /// The rollup that the rows were computed from, if not from the sources.
    pub feeder: Option<String>,
    /// The table's version before; `None` if there was no table.
    pub version_before: Option<i64>,
    /// The table's version now.
    pub version_after: i64,
    /// Rows written, those of rewritten files that stayed included.
    pub rows_written: u64,
    /// Bytes written.
    pub bytes_written: u64,
    /// What the queries cost.
    pub measurement: Measurement,
}

/// The table of a rollup.
///
/// # Errors
/// If the name cannot be a table's.
pub fn table_name(rollup: &Rollup) -> Result<TableName> {
    Ok(TableName::new(TableKind::Rollup, rollup.name())?)
}

/// Decides how the rollup would be refreshed, and does nothing.
///
/// # Errors
/// As [`refresh`].
pub async fn preview(request: &Request<'_>) -> Result<Decision> {
    let base = request.lake.snapshot(&table_name(request.rollup)?).await?;
    let plan = plan(request).await?;
    let (decision, _) = decide(request.lake, request.rollup, base.as_ref(), request.pinned, &touching(request, &plan)).await?;
    Ok(decision)
}

/// Brings the rollup to the pinned versions: at most one commit, made of the rows and the marks of what they stand for.
///
/// # Errors
/// Whatever the query, the lake or the limits refuse. Nothing is visible then; a conflict with another writer helps to retry.
pub async fn refresh(request: &Request<'_>) -> Result<Outcome> {
    let table = table_name(request.rollup)?;
    let base = request.lake.snapshot(&table).await?;
    let plan = plan(request).await?;
    let (decision, changes) = decide(request.lake, request.rollup, base.as_ref(), request.pinned, &touching(request, &plan)).await?;
    let mut outcome = Outcome {
        feeder: None,
        version_before: base.as_ref().map(Snapshot::version),
        version_after: base.as_ref().map_or(-1, Snapshot::version),
        rows_written: 0,
        bytes_written: 0,
        measurement: Measurement::default(),
        decision,
    };
    if outcome.decision.technique == Technique::Nothing {
        return Ok(outcome);
    }
    let mut commit = Commit { operation: "refresh".to_owned(), transactions: stamps::of_pinned(request.rollup, request.pinned), ..Commit::default() };
    if outcome.decision.technique != Technique::Restamp {
        let (staged, remove) = write(request, &table, base.as_ref(), &plan, &changes, &mut outcome).await?;
        outcome.rows_written = staged.iter().map(Staged::rows).sum();
        outcome.bytes_written = staged.iter().map(Staged::bytes).sum();
        commit.layout = staged.first().map(|staged| staged.layout().clone());
        commit.add = staged;
        commit.remove = remove;
    }
    commit.information = BTreeMap::from([
        ("technique".to_owned(), json!(outcome.decision.technique.to_string())),
        ("feeder".to_owned(), json!(outcome.feeder)),
        ("fingerprint".to_owned(), json!(request.rollup.fingerprint)),
    ]);
    let snapshot = request.lake.commit(base.as_ref(), &table, commit).await?;
    outcome.version_after = snapshot.version();
    Ok(outcome)
}

fn touching<'a>(request: &'a Request<'a>, plan: &'a LogicalPlan) -> Touching<'a> {
    Touching { session: request.session, rollup: request.rollup, plan, pinned: request.pinned, cancel: request.cancel }
}

async fn plan(request: &Request<'_>) -> Result<LogicalPlan> {
    let planned = planning::plan(&request.session.context, &request.rollup.definition.text).await;
    planned.map(|planned| planned.plan).map_err(|problems| Error::Query { rollup: request.rollup.name().to_owned(), problems })
}

/// Computes and stages the rows; gives them with the files that they replace.
async fn write(
    request: &Request<'_>,
    table: &TableName,
    base: Option<&Snapshot>,
    plan: &LogicalPlan,
    changes: &Changes,
    outcome: &mut Outcome,
) -> Result<(Vec<Staged>, Vec<DataFile>)> {
    let rollup = request.rollup;
    let found = found(request, changes, &outcome.decision.technique).await?;
    if changes.affected.is_some() && found.is_none() {
        outcome.decision.technique = std::mem::replace(&mut outcome.decision.technique, Technique::Restamp).over_facts();
    }
    let technique = &outcome.decision.technique;
    let rows = Rows { session: request.session, rollup, calendar: request.calendar };
    let stated = stated(plan, rollup.states.as_ref(), request.session)?;
    let feeder = if stated.columns.is_empty() || technique.merged().is_some() { None } else { fresh_feeder(request).await? };
    let layout = layout(rollup, &stated)?;
    if let (Technique::Full(_), None) = (technique, &feeder) {
        let spans = spans(rollup, request.pinned, request.calendar, request.cut_from);
        if spans.len() > 1 {
            let plans = spans.into_iter().map(|span| rows.arranged_span(rows.unit(&stated.plan, span)?, span, &stated.columns));
            let units = Units {
                lake: request.lake.clone(),
                table: table.clone(),
                layout,
                session: request.session.clone(),
                cancel: request.cancel.clone(),
                plans: Arc::new(Mutex::new(plans.collect::<Result<_>>()?)),
            };
            let (staged, cost) = units::run_all(units).await?;
            outcome.measurement.add(&cost);
            outcome.measurement.peak_memory = request.session.peak_memory();
            return Ok((staged, base.map(|base| base.files().to_vec()).unwrap_or_default()));
        }
    }
    let replaced = base.map(|base| replaced_files(base, rollup, technique, request.calendar)).unwrap_or_default();
    let query = match (technique.merged(), &feeder) {
        (Some(buckets), _) => {
            let change = changes.of_tables.iter().find(|change| change.table == rollup.time.table);
            let (Some(states), Some(base)) = (&rollup.states, base) else { return Err(Error::NothingToMerge { rollup: rollup.name().to_owned() }) };
            let onward = technique.onward();
            let affected = changes.affected.as_ref().zip(found);
            let merging = Merging { rows: &rows, states, stated: &stated, change, affected, pinned: request.pinned, buckets, onward, cancel: request.cancel };
            merging.plan(base, if onward.is_some() { base.files() } else { &replaced }).await?
        }
        (_, Some((feed, snapshot))) => {
            let provider = snapshot.provider(Some(Arc::clone(&request.pinned.zone)));
            let scan = datafusion::logical_expr::LogicalPlanBuilder::scan("feeder", datafusion::datasource::provider_as_source(provider), None)?;
            rows.fed(scan.build()?, feed, technique)?
        }
        (_, None) => rows.query(&stated.plan, technique)?,
    };
    let kept = base.map(|base| rows.kept(base, &replaced, technique)).transpose()?.flatten();
    outcome.feeder = feeder.map(|(feed, _)| feed.feeder);
    let arranged = rows.arranged(query, kept, &stated.columns)?;
    let mut writer = request.lake.stage(table, layout, StageOptions::default())?;
    let mut running = run::start(request.session, &arranged, request.cancel).await?;
    while let Some(batch) = running.next().await? {
        writer.write(batch).await?;
    }
    outcome.measurement.add(&running.measurement());
    outcome.measurement.peak_memory = request.session.peak_memory();
    Ok((vec![writer.finish().await?], replaced))
}

/// What the facts of a merge find in the joined table that changed, if one did; nothing if that is too much for a merge.
async fn found(request: &Request<'_>, changes: &Changes, technique: &Technique) -> Result<Option<Found>> {
    let (Some(affected), Some(_)) = (&changes.affected, technique.merged()) else { return Ok(None) };
    let of_table = |table: &str| changes.of_tables.iter().find(|change| change.table == table);
    let tables = request.rollup.query.relation.scans();
    let lookup = tables.iter().find(|(of, _)| *of == affected.lookup).and_then(|(_, table)| of_table(table));
    let Some(lookup) = lookup else { return Ok(None) };
    let facts = merge::facts(of_table(&request.rollup.time.table), &request.rollup.time.table, request.pinned)?;
    let all: Vec<LogicalPlan> = [facts.came, facts.went].into_iter().flatten().chain([affected.facts.scan(&request.rollup.time.table)?]).collect();
    affected.found(&all, lookup, request.pinned, request.session, request.cancel).await
}

/// The first finer rollup that can feed this one and stands for the same versions.
async fn fresh_feeder(request: &Request<'_>) -> Result<Option<(Feed, Snapshot)>> {
    for fine in request.finer.iter().rev() {
        let Ok(feed) = feed(request.rollup, fine) else { continue };
        let Some(snapshot) = request.lake.snapshot(&table_name(fine)?).await? else { continue };
        let counts = snapshot.schema().field_with_name(STATE_ROWS).is_ok();
        if counts && stamps::is_fresh(fine, &snapshot, request.pinned).await? {
            return Ok(Some((feed, snapshot)));
        }
    }
    Ok(None)
}

/// Whether a file, by its statistics, may hold a row of one of the buckets.
fn may_hold(file: &DataFile, column: &str, buckets: &Buckets) -> bool {
    let Some(known) = file.statistics.as_ref().and_then(|statistics| statistics.columns.get(column)) else { return true };
    let bound = |value: &Option<ScalarValue>| value.as_ref().and_then(Bucket::from_scalar);
    match (bound(&known.minimum), bound(&known.maximum)) {
        (Some(least), Some(greatest)) if least <= greatest => {
            buckets.range(least..=greatest).next().is_some() || (known.nulls != Some(0) && buckets.contains(&Bucket::None))
        }
        _ => true,
    }
}

/// The files of the partitions that a technique writes anew.
fn replaced_files(base: &Snapshot, rollup: &Rollup, technique: &Technique, calendar: &Calendar) -> Vec<DataFile> {
    let Some(column) = partition_column(rollup.grain()) else { return base.files().to_vec() };
    let value = |file: &DataFile| file.partition_values.get(column).cloned().flatten();
    let touched: Box<dyn Fn(&DataFile) -> bool> = match (technique, technique.onward()) {
        (Technique::Rebuild(buckets) | Technique::Merge(buckets), _) => {
            let partitions: Vec<Option<String>> = buckets.iter().filter_map(|bucket| bucket.partition(rollup.grain(), calendar)).collect();
            let bucket = rollup.bucket_column();
            Box::new(move |file| partitions.contains(&value(file)) && may_hold(file, bucket, buckets))
        }
        (_, Some(first)) => {
            let from = first.partition(rollup.grain(), calendar).flatten();
            Box::new(move |file| value(file).is_none_or(|value| from.as_ref().is_none_or(|from| value >= *from)))
        }
        _ => Box::new(|_| true),
    };
    base.files().iter().filter(|file| touched(file)).cloned().collect()
}
