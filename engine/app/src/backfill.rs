//! Buckets of rollups computed anew because somebody asks for it: the cure for a table that holds what its query does not give.
//!
//! A backfill is a batch like any other, of a pipeline that is called after what is asked for. First its rollup is brought to the newest versions of its
//! sources, as a night would; then each unit, which is a step, replaces its buckets by what the query gives over the very versions that the table
//! then stands for. So whatever is done of a backfill is right by itself, and what is left can be done at any later time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{NaiveDate, Utc};
use nightshift_compile::Rollup;
use nightshift_compile::rollup::feed::feed;
use nightshift_compile::rollup::locality::Locality;
use nightshift_ledger::{BatchFilter, BatchRecord, BatchState, Ledger, StepKind, StepRecord, StepState};
use nightshift_orchestrate::{Intent, StepSpec};
use nightshift_project::{ByteSize, PipelineAction};
pub use nightshift_refresh::Interval;
use nightshift_refresh::backfill::{self, Reach};
use nightshift_refresh::tables::{self, Pinned};
use nightshift_refresh::verify::Verifying;
use nightshift_refresh::{Decision, FullReason, table_name};
use tokio_util::sync::CancellationToken;

use crate::batch::step_name;
use crate::counted::counted;
use crate::{Error, Result, Workspace};

/// How urgent the steps are: as those of a pipeline that says nothing.
const PRIORITY: u8 = 4;
const PREFIX: &str = "backfill:";
const DOWNSTREAM: &str = "+downstream";

/// What somebody asks for.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The rollup.
    pub rollup: Arc<Rollup>,
    /// The days whose buckets are to be computed anew.
    pub interval: Interval,
    /// Whether rollups that may hold the same mistake are to be computed anew too.
    pub downstream: bool,
    /// The business date under which it stands in the ledger; that of what is to be gone on with, or else the newest, if not given.
    pub date: Option<NaiveDate>,
}

/// What a backfill would do.
#[derive(Debug, Clone)]
pub struct BackfillPlan {
    /// What is asked for.
    pub interval: Interval,
    /// The name under which it stands in the ledger.
    pub pipeline: String,
    /// The business date.
    pub date: NaiveDate,
    /// How its run begins.
    pub intent: Intent,
    /// The batch that is gone on with.
    pub goes_on: Option<BatchRecord>,
    /// Who works on it just now.
    pub held: Option<String>,
    /// Each rollup, what it is made from before it.
    pub parts: Vec<Part>,
    /// What is made from the rollup, whether it is part of the backfill or not.
    pub downstream: Downstream,
}

/// What a backfill does with one rollup.
#[derive(Debug, Clone)]
pub struct Part {
    /// The rollup.
    pub rollup: Arc<Rollup>,
    /// How it is brought up to date before its units; none where these build it in full.
    pub refresh: Option<Decision>,
    /// Why it is built in full, and not by units.
    pub in_full: Option<FullReason>,
    /// Its units, in the order of time.
    pub units: Vec<Unit>,
}

impl Part {
    /// Whether later buckets are computed anew as well, because they depend on those of the interval.
    #[must_use]
    pub fn is_onward(&self) -> bool {
        self.in_full.is_none() && self.rollup.proof.locality == Locality::Onward && !self.units.is_empty()
    }
}

/// A unit of a backfill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Its days.
    pub interval: Interval,
    /// How many buckets it has; not known where all is built anew.
    pub buckets: Option<usize>,
    /// What it looks at and writes anew.
    pub reach: Reach,
    /// Whether an earlier run of the batch has done it.
    pub is_done: bool,
}

impl Unit {
    /// The step that does it for a rollup.
    #[must_use]
    pub fn step_name(&self, rollup: &Rollup) -> String {
        format!("{PREFIX}{}:{}", rollup.name(), self.interval)
    }
}

/// What is made from a rollup, each in the order in which it is made.
#[derive(Debug, Clone, Default)]
pub struct Downstream {
    /// Coarser rollups that may have been computed from it: they are wrong where it was wrong.
    pub fed: Vec<Arc<Rollup>>,
    /// Rollups that read its table, or that of a coarser one: the next refresh tells them what has changed.
    pub reading: Vec<Arc<Rollup>>,
    /// Reports that read any of these tables.
    pub reports: Vec<String>,
}

/// What a backfill computes over.
pub(crate) struct Over {
    pub(crate) pinned: Pinned,
    /// Why all of the table has to be built anew.
    pub(crate) in_full: Option<FullReason>,
}

impl BackfillPlan {
    /// Every unit of every rollup.
    pub fn units(&self) -> impl Iterator<Item = &Unit> {
        self.parts.iter().flat_map(|part| &part.units)
    }

    /// How many units earlier runs of the batch have done.
    #[must_use]
    pub fn done(&self) -> usize {
        self.units().filter(|unit| unit.is_done).count()
    }

    /// How many buckets are computed anew, as far as that is known.
    #[must_use]
    pub fn buckets(&self) -> usize {
        self.units().filter_map(|unit| unit.buckets).sum()
    }

    /// Bytes of all files of which something is read.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.units().map(|unit| unit.reach.bytes).sum()
    }

    /// How much is computed anew, and how much is read for it, in words.
    #[must_use]
    pub fn size(&self) -> String {
        let units = self.units().count() - self.done();
        let left = || self.units().filter(|unit| !unit.is_done);
        let bytes = ByteSize(left().map(|unit| unit.reach.bytes).sum());
        let buckets: u64 = left().filter_map(|unit| unit.buckets).map(|buckets| buckets as u64).sum();
        let what = if left().any(|unit| unit.buckets.is_none()) { "all buckets".to_owned() } else { counted(buckets, "bucket") };
        format!("{what} in {}, reading from files of {bytes}", counted(units as u64, "unit"))
    }

    /// The steps of its batch. A rollup waits for what it is made from, so that it is never refreshed from what is still wrong.
    #[must_use]
    pub fn steps(&self) -> Vec<StepSpec> {
        let mut steps: Vec<StepSpec> = Vec::new();
        for part in &self.parts {
            let name = part.rollup.name();
            let before = self.parts.iter().map(|other| &other.rollup).filter(|other| is_made_from(&part.rollup, other));
            let before: BTreeSet<&str> = before.map(|other| other.name()).collect();
            let before: Vec<String> = steps.iter().filter(|step| before.contains(step.target.as_str())).map(|step| step.name.clone()).collect();
            let refresh = part.refresh.as_ref().map(|_| step_name(PipelineAction::Refresh, name));
            let step =
                |name: &str, kind, depends_on| StepSpec { name: name.to_owned(), kind, target: part.rollup.name().to_owned(), depends_on, priority: PRIORITY };
            let own = refresh.iter().map(|refresh| step(refresh, StepKind::Refresh, before.clone()));
            let units = part.units.iter().map(|unit| {
                let needs = refresh.as_ref().map_or_else(|| before.clone(), |refresh| vec![refresh.clone()]);
                step(&unit.step_name(&part.rollup), StepKind::Backfill, needs)
            });
            steps.extend(own.chain(units).collect::<Vec<_>>());
        }
        steps
    }
}

/// The name of the pipeline of a backfill: the same for the same words, so that it is found again.
fn pipeline_of(wish: &Wish) -> String {
    format!("{PREFIX}{}:{}{}", wish.rollup.name(), wish.interval, if wish.downstream { DOWNSTREAM } else { "" })
}

/// Whether a batch of this pipeline is a backfill.
#[must_use]
pub fn is_backfill(pipeline: &str) -> bool {
    pipeline.starts_with(PREFIX)
}

/// The words with which a backfill is asked for again, after the name of the program.
#[must_use]
pub fn words_of(pipeline: &str) -> Option<String> {
    let rest = pipeline.strip_prefix(PREFIX)?;
    let (rest, downstream) = rest.strip_suffix(DOWNSTREAM).map_or((rest, ""), |rest| (rest, " --downstream"));
    let (rollup, interval) = rest.split_once(':')?;
    let days = match interval.parse().ok()? {
        Interval { from: Some(from), to: Some(to) } => format!("--from {from} --to {to}"),
        _ => "--all".to_owned(),
    };
    Some(format!("backfill {rollup} {days}{downstream}"))
}

/// The unit that a step is.
pub(crate) fn unit_of(step: &StepSpec) -> Result<Interval> {
    unit_in(&step.name)
}

fn unit_in(name: &str) -> Result<Interval> {
    Ok(name.rsplit(':').next().unwrap_or_default().parse()?)
}

/// Whether the rows of one rollup may come from the table of another.
fn is_made_from(rollup: &Rollup, other: &Rollup) -> bool {
    rollup.name() != other.name() && (reads(rollup, other) || is_fed(rollup, other))
}

fn reads(rollup: &Rollup, other: &Rollup) -> bool {
    rollup.tables.iter().any(|table| table == other.name())
}

fn is_fed(rollup: &Rollup, other: &Rollup) -> bool {
    other.grain() < rollup.grain() && feed(rollup, other).is_ok()
}

impl Workspace {
    /// What a backfill would do: cut anew, or what is left of one that did not come to its end. Nothing is written.
    ///
    /// # Errors
    /// [`Error::NoBuckets`] if there is nothing in the interval; or if ledger or lake cannot be read.
    pub async fn plan_backfill(&self, wish: &Wish, cancel: &CancellationToken) -> Result<BackfillPlan> {
        let pipeline = pipeline_of(wish);
        let open = self.open_batch(&pipeline, wish.date).await?;
        let downstream = self.downstream(&wish.rollup);
        let parts = match &open {
            Some((_, steps)) => self.parts_left(steps, cancel).await?,
            None => self.parts(wish, &downstream, cancel).await?,
        };
        let goes_on = open.map(|(batch, _)| batch);
        let date = wish.date.or_else(|| goes_on.as_ref().map(|batch| batch.business_date)).unwrap_or_else(|| self.newest_date());
        let has_failed = goes_on.as_ref().is_some_and(|batch| batch.state == BatchState::Failed);
        Ok(BackfillPlan {
            interval: wish.interval,
            held: self.holder(&pipeline, date).await?,
            pipeline,
            date,
            intent: if has_failed { Intent::Retry } else { Intent::Run },
            goes_on,
            parts,
            downstream,
        })
    }

    /// The batch of a backfill that has not come to its end, with its steps.
    async fn open_batch(&self, pipeline: &str, date: Option<NaiveDate>) -> Result<Option<(BatchRecord, Vec<StepRecord>)>> {
        let Some(ledger) = self.existing_ledger().await? else { return Ok(None) };
        let found = match newest_batch(&ledger, pipeline, date).await?.filter(|batch| batch.state != BatchState::Succeeded) {
            Some(batch) => {
                let steps = ledger.steps(batch.id).await?;
                Some((batch, steps))
            }
            None => None,
        };
        ledger.close().await;
        Ok(found)
    }

    /// Who holds the lock of a backfill, in words.
    async fn holder(&self, pipeline: &str, date: NaiveDate) -> Result<Option<String>> {
        let Some(ledger) = self.existing_ledger().await? else { return Ok(None) };
        let holder = ledger.lock_holder(pipeline, date, Utc::now()).await?;
        ledger.close().await;
        let held = |(owner, age)| nightshift_orchestrate::Error::Held { pipeline: pipeline.to_owned(), business_date: date, owner, age }.to_string();
        Ok(holder.map(held))
    }

    async fn parts(&self, wish: &Wish, downstream: &Downstream, cancel: &CancellationToken) -> Result<Vec<Part>> {
        let mut parts = vec![self.part(&wish.rollup, Cut::Anew(wish.interval), cancel).await?];
        if parts.iter().all(|part| part.units.is_empty()) {
            return Err(Error::NoBuckets { rollup: wish.rollup.name().to_owned(), interval: wish.interval });
        }
        if wish.downstream {
            for fed in &downstream.fed {
                parts.push(self.part(fed, Cut::Anew(wish.interval), cancel).await?);
            }
            for reading in &downstream.reading {
                parts.push(self.part(reading, Cut::As(vec![]), cancel).await?);
            }
        }
        Ok(parts)
    }

    /// The parts of a batch that is gone on with: its units stay as they were cut, whatever has become of the tables.
    async fn parts_left(&self, steps: &[StepRecord], cancel: &CancellationToken) -> Result<Vec<Part>> {
        let mut parts: Vec<Part> = Vec::new();
        let mut known = BTreeSet::new();
        for name in steps.iter().map(|step| step.target.as_str()).filter(|name| known.insert(*name)) {
            let own = || steps.iter().filter(|step| step.target == name);
            let units = own().filter(|step| step.kind == StepKind::Backfill).map(|step| Ok((unit_in(&step.name)?, step.state == StepState::Succeeded)));
            let mut part = self.part(self.rollup(name)?, Cut::As(units.collect::<Result<_>>()?), cancel).await?;
            if !own().any(|step| step.kind == StepKind::Refresh) {
                part.refresh = None;
            }
            parts.push(part);
        }
        Ok(parts)
    }

    async fn part(&self, rollup: &Arc<Rollup>, cut: Cut, cancel: &CancellationToken) -> Result<Part> {
        let table = self.lake.snapshot(&table_name(rollup)?).await?;
        let pinned = self.pinned(&rollup.tables, &BTreeMap::new()).await?;
        let decision = self.decide(rollup, &[], &pinned, cancel).await?;
        // Not where a refresh would rather compute everything: it does so first, and then come the days that are asked for.
        let in_full = self.backfilled_over(rollup).await?.in_full;
        let found = match (&table, &in_full, cut.around(rollup)) {
            (Some(table), None, Some(days)) => {
                let session = self.engine.step(&format!("plan:backfill:{}", rollup.name()))?;
                tables::register(&session.context, &pinned)?;
                let verifying = Verifying { session: &session, rollup, table, pinned: &pinned, calendar: &self.calendar, cancel };
                Some(backfill::buckets(&verifying, days).await?)
            }
            _ => None,
        };
        let units: Vec<(Interval, bool)> = match (cut, &found) {
            (Cut::As(units), _) => units,
            (Cut::Anew(_), None) => vec![(Interval::ALL, false)],
            (Cut::Anew(asked), Some(found)) => {
                let units = backfill::units(rollup, backfill::extent(rollup, asked), found, &self.calendar);
                units.into_iter().map(|unit| (unit, false)).collect()
            }
        };
        let unit = |(interval, is_done): (Interval, bool)| {
            let buckets = found.as_ref().map(|found| interval.within(found, &self.calendar));
            let reach = backfill::reach(rollup, table.as_ref(), &pinned, buckets.as_ref().map(|buckets| (interval, buckets)), &self.calendar);
            Unit { interval, buckets: buckets.map(|buckets| buckets.len()), reach, is_done }
        };
        let units: Vec<Unit> = units.into_iter().map(unit).collect();
        let refresh = (in_full.is_none() || units.is_empty()).then_some(decision);
        Ok(Part { rollup: Arc::clone(rollup), refresh, in_full, units })
    }

    /// What is made from a rollup.
    fn downstream(&self, rollup: &Arc<Rollup>) -> Downstream {
        let mut found = Downstream::default();
        let mut made: Vec<Arc<Rollup>> = vec![Arc::clone(rollup)];
        // Each pass finds what is made from what the passes before have found.
        loop {
            let others = self.compiled.rollups.iter().filter(|other| !made.iter().any(|known| known.name() == other.name()));
            let Some(next) = others.into_iter().find(|other| made.iter().any(|known| is_made_from(other, known))).map(Arc::clone) else { break };
            let is_fed_alone = !made.iter().any(|known| reads(&next, known));
            if is_fed_alone {
                found.fed.push(Arc::clone(&next))
            } else {
                found.reading.push(Arc::clone(&next))
            }
            made.push(next);
        }
        found.fed.sort_by_key(|fed| fed.grain());
        let reads_one = |tables: &[String]| tables.iter().any(|table| made.iter().any(|known| known.name() == table));
        found.reports = self.compiled.reports.iter().filter(|report| reads_one(&report.tables)).map(|report| report.name().to_owned()).collect();
        found.reports.sort();
        found
    }

    /// What a unit of a rollup computes over: what its table stands for, or the newest tables where all of it has to be built anew.
    pub(crate) async fn backfilled_over(&self, rollup: &Arc<Rollup>) -> Result<Over> {
        let table = self.lake.snapshot(&table_name(rollup)?).await?;
        let stands_for = match (&table, backfill::only_in_full(&self.lake, rollup, table.as_ref())) {
            (Some(table), None) => self.stands_for(rollup, table).await?,
            (None, None) => Err(FullReason::FirstBuild),
            (_, Some(reason)) => Err(reason),
        };
        Ok(match stands_for {
            Ok(pinned) => Over { pinned, in_full: None },
            Err(reason) => Over { pinned: self.pinned(&rollup.tables, &BTreeMap::new()).await?, in_full: Some(reason) },
        })
    }
}

/// How a rollup is cut into units.
enum Cut {
    /// As its table is now.
    Anew(Interval),
    /// As an earlier run of the batch has cut it; whether each unit is done.
    As(Vec<(Interval, bool)>),
}

impl Cut {
    /// Days that have all units; none if there are none.
    fn around(&self, rollup: &Rollup) -> Option<Interval> {
        match self {
            Self::Anew(asked) => Some(backfill::extent(rollup, *asked)),
            Self::As(units) => {
                let (first, last) = (units.first()?.0, units.last()?.0);
                Some(Interval { from: first.from, to: last.to })
            }
        }
    }
}

async fn newest_batch(ledger: &Ledger, pipeline: &str, date: Option<NaiveDate>) -> Result<Option<BatchRecord>> {
    if let Some(date) = date {
        return Ok(ledger.latest_batch(pipeline, date).await?);
    }
    let newest = ledger.batches(&BatchFilter { pipeline: Some(pipeline.to_owned()), since: None, limit: 1 }).await?;
    Ok(newest.into_iter().next().map(|summary| summary.batch))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_tells_the_words_that_it_was_asked_for_with() {
        let words = |pipeline| words_of(pipeline);
        assert_eq!(words("backfill:depot_daily:all").as_deref(), Some("backfill depot_daily --all"));
        let downstream = words("backfill:depot_daily:2026-01-01..2026-01-31+downstream");
        assert_eq!(downstream.as_deref(), Some("backfill depot_daily --from 2026-01-01 --to 2026-01-31 --downstream"));
        assert_eq!(words("daily"), None);
    }
}
