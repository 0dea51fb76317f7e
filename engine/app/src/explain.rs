//! How a rollup is kept up to date, and why so: what its query allows, what it is computed from, and what a refresh would do now. And which rollups
//! answer a report.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;
use nightshift_compile::rollup::feed::feed;
use nightshift_compile::rollup::locality::Locality;
use nightshift_compile::rollup::states::{Kept, States};
use nightshift_compile::{Report, Rollup, parameters};
use nightshift_diagnostic::Diagnostics;
use nightshift_ledger::VerificationRecord;
use nightshift_project::Rewrite;
use nightshift_refresh::tables;
pub use nightshift_refresh::{Cost, Decision, Kind, Prediction, Rejected, Rejection};
use tokio_util::sync::CancellationToken;

use crate::rewrite::Block;
use crate::steps::report::edition::Edition;
use crate::{Error, Named, Result, Workspace};

/// What is to be said.
#[derive(Debug)]
pub enum Explanation {
    /// Of a rollup.
    Rollup(Box<ExplainedRollup>),
    /// Of a report.
    Report(ExplainedReport),
}

/// What is to be said of a report.
#[derive(Debug)]
pub struct ExplainedReport {
    /// The report.
    pub report: Arc<Report>,
    /// The date for which it would be made.
    pub date: NaiveDate,
    /// Whether its header lets rollups answer it.
    pub may_rewrite: Rewrite,
    /// Its GROUP BYs, and the rollups that answer them, or would if they were let.
    pub blocks: Vec<Block>,
}

/// What is to be said of a rollup.
#[derive(Debug)]
pub struct ExplainedRollup {
    /// The rollup.
    pub rollup: Arc<Rollup>,
    /// Every technique, and whether its query allows it.
    pub ways: Vec<Way>,
    /// Finer rollups over the same facts, the coarsest first.
    pub feeders: Vec<Feeder>,
    /// Columns that its table keeps beside those of the SELECT.
    pub hidden: Vec<String>,
    /// What a refresh to the newest tables would do.
    pub now: Decision,
    /// The touched buckets in their order, as people write them.
    pub touched: Vec<String>,
    /// When it was last compared with its sources, and what was found.
    pub verified: Option<VerificationRecord>,
}

/// One technique.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// Which.
    pub kind: Kind,
    /// Whether the query allows it.
    pub is_allowed: bool,
    /// How it is done, or why it is not possible.
    pub why: String,
    /// What to change, so that it becomes possible.
    pub hint: Option<&'static str>,
    /// What is particular about it.
    pub notes: Vec<String>,
}

/// A finer rollup over the same facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feeder {
    /// Its name.
    pub name: String,
    /// Why the rollup cannot be computed from it.
    pub refused: Option<String>,
}

impl Workspace {
    /// Explains a rollup or a report. `problems` are those of the project, which may be why it does not compile.
    ///
    /// # Errors
    /// [`Error::Unknown`] for a source, [`Error::Problems`] for one with mistakes; or if the lake cannot be read.
    pub async fn explain(&self, named: Named<'_>, problems: &Diagnostics, cancel: &CancellationToken) -> Result<Explanation> {
        match named {
            Named::Rollup(definition) => {
                let rollup = self.compiled.rollup(&definition.name).ok_or_else(|| Error::Problems(problems.clone()))?;
                Ok(Explanation::Rollup(Box::new(self.explain_rollup(rollup, cancel).await?)))
            }
            Named::Report(definition) => {
                let report = self.compiled.report(&definition.name).ok_or_else(|| Error::Problems(problems.clone()))?;
                Ok(Explanation::Report(self.explain_report(report).await?))
            }
            Named::Source(_) => {
                let hint = Some(format!("it is a {}; how tables are made from each other says nightshift lineage", named.kind()));
                Err(Error::Unknown { kind: "rollup or report", name: named.name().to_owned(), hint })
            }
        }
    }

    /// A report as it would be made for the newest date.
    async fn explain_report(&self, report: &Arc<Report>) -> Result<ExplainedReport> {
        let date = self.newest_date();
        let edition = Edition::new(self, report, date)?;
        let pinned = self.pinned(&report.tables, &BTreeMap::new()).await?;
        let session = self.engine.step(&format!("explain:{}", report.name()))?;
        tables::register(&session.context, &pinned)?;
        let planned = report.parsed.plan(&session.context).await.map_err(Error::Problems)?;
        let plan = parameters::bind(planned.plan, &edition.values)?;
        let rewritten = self.rewritten(plan, &session, &pinned).await?;
        let is_of_sources = |block: &Block| block.tables.iter().any(|table| self.compiled.contract(table).is_some());
        let blocks = rewritten.blocks.into_iter().filter(is_of_sources).collect();
        Ok(ExplainedReport { report: Arc::clone(report), date, may_rewrite: report.definition.header.rewrite, blocks })
    }

    async fn explain_rollup(&self, rollup: &Arc<Rollup>, cancel: &CancellationToken) -> Result<ExplainedRollup> {
        let pinned = self.pinned(&rollup.tables, &BTreeMap::new()).await?;
        let now = self.decide(rollup, &self.feeders(rollup), &pinned, cancel).await?;
        let touched = now.technique.buckets().into_iter().flatten().map(|bucket| bucket.text(&self.calendar)).collect();
        let verified = match self.existing_ledger().await? {
            Some(ledger) => ledger.latest_verification(rollup.name()).await?,
            None => None,
        };
        Ok(ExplainedRollup {
            verified,
            rollup: Arc::clone(rollup),
            ways: vec![merge(rollup), rebuild_groups(rollup), rebuild_buckets(rollup), full()],
            feeders: self.finer_rollups(rollup),
            hidden: rollup.states.iter().flat_map(States::hidden_columns).map(str::to_owned).collect(),
            now,
            touched,
        })
    }

    fn finer_rollups(&self, rollup: &Rollup) -> Vec<Feeder> {
        let finer = self.compiled.rollups.iter().filter(|fine| fine.grain() < rollup.grain() && fine.time.table == rollup.time.table);
        let mut finer: Vec<_> = finer.collect();
        finer.sort_by_key(|fine| std::cmp::Reverse(fine.grain()));
        finer.into_iter().map(|fine| Feeder { name: fine.name().to_owned(), refused: feed(rollup, fine).err().map(|reason| reason.to_string()) }).collect()
    }
}

fn allowed(kind: Kind, how: impl Into<String>) -> Way {
    Way { kind, is_allowed: true, why: how.into(), hint: None, notes: vec![] }
}

fn refused(kind: Kind, why: impl ToString, hint: Option<&'static str>) -> Way {
    Way { kind, is_allowed: false, why: why.to_string(), hint, notes: vec![] }
}

fn merge(rollup: &Rollup) -> Way {
    match (&rollup.proof.locality, rollup.merged_states()) {
        (Locality::Unproved(reason), _) => refused(Kind::Merge, reason, reason.hint()),
        (_, Err(obstacle)) => refused(Kind::Merge, obstacle, obstacle.hint()),
        (Locality::Bucket, Ok(states)) => Way { notes: notes(states), ..allowed(Kind::Merge, "what came is added to its rows, what went is taken from them") },
        (Locality::Onward, Ok(states)) => {
            let how = format!("into the touched {grain}s; what depends on earlier {grain}s is computed from its own rows", grain = rollup.grain());
            Way { notes: notes(states), ..allowed(Kind::Merge, how) }
        }
    }
}

/// Where a merge has to look at facts that did not change.
fn notes(states: &States) -> Vec<String> {
    let mut notes = Vec::new();
    for kept in &states.aggregates {
        notes.extend(match kept {
            Kept::Distinct { count, of } => Some(format!("{count}: whether a value of `{of}` is new or gone is asked of the facts that have it")),
            Kept::Extreme { value } => Some(format!("{value}: a group that may have lost this value is computed anew")),
            Kept::Count { .. } | Kept::Sum { .. } | Kept::Average { .. } | Kept::Partial { .. } => None,
        });
    }
    if !states.exact {
        notes.push(
            "a group that loses a row is computed anew: a sum of doubles, or what is kept of the rows of other aggregates, cannot give one back".to_owned(),
        );
    }
    notes
}

fn rebuild_groups(rollup: &Rollup) -> Way {
    match (&rollup.proof.locality, &rollup.keys) {
        (Locality::Unproved(reason), _) => refused(Kind::RebuildGroups, reason, reason.hint()),
        (Locality::Onward, _) => refused(Kind::RebuildGroups, "later buckets depend on earlier ones", None),
        (_, Err(obstacle)) => refused(Kind::RebuildGroups, obstacle, obstacle.hint()),
        (Locality::Bucket, Ok(_)) => allowed(Kind::RebuildGroups, "groups to which a row came, or from which one went, are computed from their facts"),
    }
}

fn rebuild_buckets(rollup: &Rollup) -> Way {
    let grain = rollup.grain();
    match &rollup.proof.locality {
        Locality::Unproved(reason) => refused(Kind::RebuildBuckets, reason, reason.hint()),
        Locality::Bucket => allowed(Kind::RebuildBuckets, format!("each {grain} depends on its own facts alone")),
        Locality::Onward => allowed(Kind::RebuildBuckets, format!("from the first touched {grain} onward: later ones depend on earlier ones")),
    }
}

fn full() -> Way {
    allowed(Kind::Full, "always: the first time, and where nothing else is")
}
