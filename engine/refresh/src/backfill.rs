//! Buckets of a rollup computed anew because somebody asks for it, although nothing that they depend on has changed.
//!
//! Only the sources take part, neither a finer rollup nor what the table has for these buckets. The rows are those that the query gives over the
//! versions that the table stands for, so that a commit of some buckets leaves its marks as they are, and what other buckets hold stays
//! as right as it was. Units of a backfill have no file in common: several may be computed at a time, and each commits by itself.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::common::ScalarValue;
use nightshift_calendar::Calendar;
use nightshift_compile::Rollup;
use nightshift_compile::rollup::locality::Locality;
use nightshift_compile::rollup::states::States;
use nightshift_lake::{Commit, DataFile, Lake, Snapshot, Staged};
use serde_json::json;
use tokio::sync::Mutex;

use crate::buckets::{Bucket, Buckets};
use crate::by_facts::by_facts;
use crate::decide::{Decision, FullReason};
use crate::interval::Interval;
use crate::layout::layout;
use crate::refresh::{Outcome, Request, plan, stage, table_name};
use crate::replaced::replaced_files;
use crate::rows::Rows;
use crate::spans::day_of;
use crate::states::stated;
use crate::tables::Pinned;
use crate::technique::Technique;
use crate::units::discard;
use crate::verify::Verifying;
use crate::{Result, stamps};

/// The key in the information of a commit under which the interval stands.
const INTERVAL: &str = "backfill";

/// Why buckets of a rollup cannot be computed anew without all the others.
#[must_use]
pub fn only_in_full(lake: &Lake, rollup: &Rollup, table: Option<&Snapshot>) -> Option<FullReason> {
    if let Locality::Unproved(reason) = &rollup.proof.locality {
        return Some(FullReason::Unproved(reason.clone()));
    }
    let Some(table) = table else { return Some(FullReason::FirstBuild) };
    // What was in them is lost, whatever was asked for.
    if lake.lacks_files(table.name(), table.files()) {
        return Some(FullReason::FilesGone);
    }
    let schema = table.schema();
    let missing = rollup.states.iter().flat_map(States::hidden_columns).find(|column| schema.field_with_name(column).is_err());
    missing.map(|column| FullReason::StateMissing { column: column.to_owned() })
}

/// The days that are computed anew where somebody asks for some: those of whole buckets, and later ones too where these depend on them.
#[must_use]
pub fn extent(rollup: &Rollup, asked: Interval) -> Interval {
    let whole = asked.of_buckets(rollup.grain());
    match &rollup.proof.locality {
        Locality::Bucket => whole,
        Locality::Onward => Interval { to: None, ..whole },
        Locality::Unproved(_) => Interval::ALL,
    }
}

/// The units of an extent that have buckets, of those that the table or some facts have.
#[must_use]
pub fn units(rollup: &Rollup, extent: Interval, found: &Buckets, calendar: &Calendar) -> Vec<Interval> {
    let mut units = match rollup.proof.locality {
        Locality::Bucket => extent.units(rollup.grain(), found, calendar),
        Locality::Onward | Locality::Unproved(_) => vec![extent],
    };
    units.retain(|unit| !unit.within(found, calendar).is_empty());
    units
}

/// The buckets of an interval that the table has, or some facts.
///
/// # Errors
/// If the tables cannot be read.
pub async fn buckets(verifying: &Verifying<'_>, interval: Interval) -> Result<Buckets> {
    let facts = facts_near(verifying.rollup, verifying.pinned, interval, verifying.calendar);
    Ok(interval.within(&verifying.buckets(Some(&facts)).await?, verifying.calendar))
}

/// The files that may hold facts of an interval. A bucket's facts may lie a day beside it, where days do not begin at midnight.
fn facts_near(rollup: &Rollup, pinned: &Pinned, interval: Interval, calendar: &Calendar) -> Vec<DataFile> {
    let near = |file: &&DataFile| {
        let bounds = file.statistics.as_ref().and_then(|statistics| statistics.columns.get(&rollup.time.column));
        let Some(bounds) = bounds else { return true };
        let day = |bound: &Option<ScalarValue>| day_of(bound.as_ref(), calendar);
        (interval.from.is_none() && bounds.nulls != Some(0)) || interval.is_near(day(&bounds.minimum), day(&bounds.maximum))
    };
    pinned.snapshot(&rollup.time.table).map(|facts| facts.files().iter().filter(near).cloned().collect()).unwrap_or_default()
}

/// What a backfill looks at and writes anew.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reach {
    /// Bytes of all files of which it reads something.
    pub bytes: u64,
    /// The files of the table that it writes anew.
    pub files: usize,
}

/// What the backfill of a unit would look at and write anew; without buckets, of everything.
#[must_use]
pub fn reach(rollup: &Rollup, table: Option<&Snapshot>, pinned: &Pinned, unit: Option<(Interval, &Buckets)>, calendar: &Calendar) -> Reach {
    let facts = &rollup.time.table;
    let others: BTreeSet<&String> = rollup.tables.iter().filter(|table| *table != facts).collect();
    let others: u64 = others.into_iter().filter_map(|table| pinned.snapshot(table)).map(Snapshot::bytes).sum();
    let read = unit.filter(|_| rollup.proof.locality == Locality::Bucket).map_or(Interval::ALL, |(interval, _)| interval);
    let of_facts: u64 = facts_near(rollup, pinned, read, calendar).iter().map(|file| file.size).sum();
    let Some((_, buckets)) = unit else {
        return Reach { bytes: of_facts + others, files: table.map_or(0, |table| table.files().len()) };
    };
    let technique = technique(rollup, None, buckets.clone());
    let replaced = table.map(|table| replaced_files(table, rollup, &technique, calendar)).unwrap_or_default();
    Reach { bytes: of_facts + others + replaced.iter().map(|file| file.size).sum::<u64>(), files: replaced.len() }
}

fn technique(rollup: &Rollup, in_full: Option<FullReason>, buckets: Buckets) -> Technique {
    if let Some(reason) = in_full {
        return Technique::Full(reason);
    }
    // Rows without a time come first in the order of buckets, and belong to whatever is computed onward.
    let first = buckets.iter().find(|bucket| **bucket != Bucket::None).or(buckets.first()).copied();
    match (&rollup.proof.locality, first) {
        (Locality::Onward, Some(first)) => Technique::Onward(first),
        _ => Technique::Rebuild(buckets),
    }
}

/// Computes the buckets of a unit anew, over the pinned versions, which are those that the table stands for. Where there is a reason to build all of it,
/// they are those that it is to stand for. Who commits to the same table waits for a turn.
///
/// # Errors
/// As [`crate::refresh()`].
pub async fn backfill(request: &Request<'_>, unit: Interval, in_full: Option<FullReason>, turns: &Mutex<()>) -> Result<Outcome> {
    let Request { rollup, pinned, calendar, session, cancel, lake, .. } = request;
    let name = table_name(rollup)?;
    let base = lake.snapshot(&name).await?;
    let found = match (&base, &in_full) {
        (Some(table), None) => buckets(&Verifying { session, rollup, table, pinned, calendar, cancel }, unit).await?,
        _ => Buckets::new(),
    };
    let technique = technique(rollup, in_full, found);
    let version = base.as_ref().map(Snapshot::version);
    let mut outcome = Outcome {
        feeder: None,
        version_before: version,
        version_after: version.unwrap_or(-1),
        rows_written: 0,
        bytes_written: 0,
        measurement: Default::default(),
        decision: Decision { rollup: rollup.name().to_owned(), chosen: technique.kind(), technique, rejected: vec![], changed_bytes: 0, costs: vec![] },
    };
    if outcome.decision.technique.buckets().is_some_and(Buckets::is_empty) {
        return Ok(outcome);
    }
    let (staged, replaced) = write(request, base.as_ref(), &mut outcome).await?;
    let _turn = turns.lock().await;
    let newest = match still_fits(request, base, &replaced, &outcome.decision.technique).await {
        Ok(newest) => newest,
        Err(error) => {
            discard(staged).await;
            return Err(error);
        }
    };
    outcome.version_before = newest.as_ref().map(Snapshot::version);
    let commit = Commit {
        operation: INTERVAL.to_owned(),
        transactions: stamps::of_pinned(rollup, pinned),
        layout: staged.first().map(|staged| staged.layout().clone()),
        add: staged,
        remove: replaced,
        information: BTreeMap::from([
            ("technique".to_owned(), json!(outcome.decision.technique.to_string())),
            ("fingerprint".to_owned(), json!(rollup.fingerprint)),
            (INTERVAL.to_owned(), json!(unit.to_string())),
        ]),
        ..Commit::default()
    };
    outcome.version_after = lake.commit(newest.as_ref(), &name, commit).await?.version();
    Ok(outcome)
}

/// Computes and stages the rows; gives them with the files that they replace.
async fn write(request: &Request<'_>, base: Option<&Snapshot>, outcome: &mut Outcome) -> Result<(Vec<Staged>, Vec<DataFile>)> {
    let Request { rollup, session, calendar, .. } = *request;
    let stated = stated(&plan(request).await?, rollup.states.as_ref().ok(), session)?;
    let rows = Rows { session, rollup, calendar };
    let computed = by_facts(request, base, &rows, &stated, &outcome.decision.technique).await?;
    let staged = stage(request, &table_name(rollup)?, layout(rollup, &stated)?, computed.rows, false, outcome).await?;
    outcome.feeder = computed.feeder;
    outcome.rows_written = staged.iter().map(Staged::rows).sum();
    outcome.bytes_written = staged.iter().map(Staged::bytes).sum();
    outcome.measurement.peak_memory = session.peak_memory();
    Ok((staged, computed.replaced))
}

/// The newest version of the table, to which the commit is made. Others may have committed since, but neither brought the table to other versions of its
/// sources nor touched the files that are replaced.
async fn still_fits(request: &Request<'_>, base: Option<Snapshot>, replaced: &[DataFile], technique: &Technique) -> Result<Option<Snapshot>> {
    let Some(base) = base else { return Ok(None) };
    let name = table_name(request.rollup)?;
    let newest = request.lake.snapshot(&name).await?.unwrap_or_else(|| base.clone());
    let paths = |files: &[DataFile]| files.iter().map(|file| file.path.clone()).collect::<BTreeSet<String>>();
    let fits = match technique {
        Technique::Full(_) => newest.version() == base.version(),
        _ => {
            let now = replaced_files(&newest, request.rollup, technique, request.calendar);
            paths(&now) == paths(replaced) && stamps::is_fresh(request.rollup, &newest, request.pinned).await?
        }
    };
    let (expected, found) = (Some(base.version()), newest.version());
    if fits { Ok(Some(newest)) } else { Err(nightshift_lake::Error::Conflict { table: name, expected, found }.into()) }
}
