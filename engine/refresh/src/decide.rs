//! How a rollup is brought up to date: decided first, as a value, so that `plan` can print it and the ledger keep it.

use std::collections::BTreeSet;

use nightshift_compile::Rollup;
use nightshift_compile::rollup::locality::{Locality, Unproved};
use nightshift_compile::rollup::obstacle::Obstacle;
use nightshift_compile::rollup::states::States;
use nightshift_failure::{Mutation, is_broken};
use nightshift_lake::{Lake, NoChangeSet, Snapshot};

use crate::affected::Affected;
use crate::buckets::{Bucket, Buckets};
use crate::by_facts::fresh_feeder;
use crate::changed::Change;
use crate::cost::{Costs, Prediction, Work};
use crate::refresh::{Choice, Request};
use crate::tables::Pinned;
use crate::technique::{Kind, Technique};
use crate::touched::{Touched, Touching};
use crate::work::Estimate;
use crate::{Result, stamps};

/// How much of the time another technique may take than the one that looks at least.
const MARGIN: f64 = 0.95;
/// How many seconds it has to spare.
const WORTH: f64 = 0.003;

/// Why everything is computed anew.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FullReason {
    /// There is no table yet.
    #[error("it has never been built")]
    FirstBuild,
    /// The table's marks are of another definition, or of another source table.
    #[error("its definition, or the table `{table}`, is not the one that it was built from")]
    OtherDefinition {
        /// A table without a mark.
        table: String,
    },
    /// The version that it was built from is gone.
    #[error("version {version} of `{table}`, from which it was built, is gone")]
    VersionGone {
        /// The table.
        table: String,
        /// The version.
        version: i64,
    },
    /// Two versions cannot be compared.
    #[error("what changed in `{table}` cannot be said: {reason}")]
    NoChangeSet {
        /// The table.
        table: String,
        /// Why.
        reason: NoChangeSet,
    },
    /// The table was built when other states were kept.
    #[error("its table does not keep `{column}`, from which changes are merged")]
    StateMissing {
        /// The hidden column.
        column: String,
    },
    /// Files of its own table are gone.
    #[error("files of its table are gone from the disk")]
    FilesGone,
    /// The query is not bucket-local.
    #[error(transparent)]
    Unproved(#[from] Unproved),
    /// Nothing else would be faster.
    #[error("so much has changed that it is expected to be faster than to follow the change")]
    Faster,
}

/// A technique that is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// The technique.
    pub kind: Kind,
    /// Why not.
    pub reason: Rejection,
}

/// Why a technique is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Another one looks at less.
    #[error("it looks at more than it needs to")]
    Dearer,
    /// Another one is expected to be faster.
    #[error("it is expected to take {}", told(*milliseconds))]
    Slower {
        /// How long it is expected to take.
        milliseconds: u64,
    },
    /// Rows have changed.
    #[error("rows that it depends on have changed")]
    Changed,
    /// Nobody knows which rows have changed.
    #[error("{0}")]
    NoChange(FullReason),
    /// The query does not allow it.
    #[error(transparent)]
    Obstacle(#[from] Obstacle),
    /// Touched buckets cannot be told.
    #[error(transparent)]
    Unproved(#[from] Unproved),
    /// Later buckets depend on earlier ones.
    #[error("later buckets depend on the touched ones")]
    Onward,
    /// More rows may have been written anew than have changed.
    #[error("files of `{table}` were written anew, and which of their rows changed is not known in this process")]
    Rewritten {
        /// The facts.
        table: String,
    },
    /// Facts find other rows than before, and these cannot be had one by one.
    #[error("rows of {} changed that are joined to the facts, in a way or a number that cannot be followed fact by fact", tables.join(", "))]
    OtherPartners {
        /// The joined tables.
        tables: Vec<String>,
    },
    /// It was begun, and would have had to hold too much.
    #[error("too many groups change, or most of what their buckets have: nothing is spared by looking at them alone")]
    TooMuch,
    /// It was begun, and what came or what went is too great for its type, although both together may fit.
    #[error("what came, or what went, does not fit its type by itself")]
    Overflow,
}

impl Rejection {
    /// What to change, so that it could be taken.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Obstacle(obstacle) => obstacle.hint(),
            Self::Unproved(unproved) | Self::NoChange(FullReason::Unproved(unproved)) => unproved.hint(),
            Self::Rewritten { .. } => Some("let the step that loads the source and this one run in one batch"),
            _ => None,
        }
    }
}

/// How a rollup is brought up to date, and how it is not.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The rollup.
    pub rollup: String,
    /// The technique.
    pub technique: Technique,
    /// The kind that was chosen before it was begun; another one than the technique's if it had to be given up.
    pub chosen: Kind,
    /// Every other kind, and why it is not taken.
    pub rejected: Vec<Rejected>,
    /// Bytes of changed files that were looked at to find the touched buckets.
    pub changed_bytes: u64,
    /// What each technique that the change allows has to do, and is expected to cost; empty where there is no choice.
    pub costs: Vec<Cost>,
}

/// What a technique has to do, and is expected to cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cost {
    /// The technique.
    pub kind: Kind,
    /// The work.
    pub work: Work,
    /// What is expected.
    pub prediction: Prediction,
}

/// What changed since the versions that a rollup's table stands for.
#[derive(Default)]
pub(crate) struct Changes {
    pub(crate) of_tables: Vec<Change>,
    /// Facts that did not change, but join to other rows than before.
    pub(crate) affected: Option<Affected>,
}

impl Decision {
    /// The cost of the technique that was chosen, what it fell back to included; none if there was no choice.
    #[must_use]
    pub fn cost(&self) -> Option<&Cost> {
        self.costs.iter().find(|cost| cost.kind == self.chosen)
    }

    /// Takes another technique, because the one that was decided had to be given up.
    pub(crate) fn fall_back(&mut self, technique: Technique, reason: Rejection) {
        let (taken, given_up) = (technique.kind(), self.technique.kind());
        self.rejected.retain(|rejected| rejected.kind != taken);
        self.rejected.push(Rejected { kind: given_up, reason });
        self.rejected.sort_by_key(|rejected| rejected.kind);
        self.technique = technique;
    }
}

/// Decides how to bring `rollup` from what `table` stands for to the pinned versions; gives the changes since with it.
///
/// # Errors
/// If the lake cannot be read, or the changed files cannot be scanned.
pub(crate) async fn decide(request: &Request<'_>, table: Option<&Snapshot>, touching: &Touching<'_>) -> Result<(Decision, Changes)> {
    let Request { lake, rollup, pinned, .. } = *request;
    let decided = |technique: Technique, why_not: &dyn Fn(Kind) -> Rejection, changed_bytes| {
        let others = Kind::ALL.into_iter().filter(|kind| *kind != technique.kind());
        let rejected = others.map(|kind| Rejected { kind, reason: why_not(kind) }).collect();
        Decision { rollup: rollup.name().to_owned(), chosen: technique.kind(), technique, rejected, changed_bytes, costs: vec![] }
    };
    let full = |reason: FullReason, bytes| (decided(Technique::Full(reason.clone()), &|_| Rejection::NoChange(reason.clone()), bytes), Changes::default());
    let idle = |technique, bytes| (decided(technique, &|_| Rejection::Dearer, bytes), Changes::default());
    let Some(table) = table else { return Ok(full(FullReason::FirstBuild, 0)) };
    let schema = table.schema();
    let missing = rollup.states.iter().flat_map(States::hidden_columns).find(|column| schema.field_with_name(column).is_err());
    let changes = match changes(lake, rollup, table, pinned).await? {
        Ok(changes) => changes,
        Err(reason) => return Ok(full(reason, 0)),
    };
    let bytes = changes.iter().map(|change| change.files.bytes()).sum();
    if changes.is_empty() {
        return Ok(idle(Technique::Nothing, 0));
    }
    if let Some(column) = missing {
        return Ok(full(FullReason::StateMissing { column: column.to_owned() }, bytes));
    }
    if let Locality::Unproved(reason) = &rollup.proof.locality {
        let is_same = changes.iter().all(|change| change.files.is_empty());
        return Ok(if is_same { idle(Technique::Restamp, bytes) } else { full(FullReason::Unproved(reason.clone()), bytes) });
    }
    let touched = match touching.buckets(&changes).await? {
        Ok(touched) => touched,
        Err(reason) => return Ok(full(FullReason::Unproved(reason), bytes)),
    };
    let buckets: Buckets = touched.by_time.iter().chain(&touched.by_join).copied().collect();
    let Some(first) = buckets.first().copied() else { return Ok(idle(Technique::Restamp, bytes)) };
    let obstacles = Obstacles::of(rollup, &touched, &changes);
    let locality = if is_broken(Mutation::NothingFollows) { &Locality::Bucket } else { &rollup.proof.locality };
    let allowed = allowed(locality, &obstacles, buckets, first);
    let costs = costs(request, table, &changes, &allowed).await?;
    let Some(technique) = chosen(allowed, &costs, request.choice, request.session.memory_limit()) else { return Ok(full(FullReason::Faster, bytes)) };
    let seconds = |kind: Kind| costs.iter().find(|cost| cost.kind == kind).map(|cost| cost.prediction.seconds);
    let own = seconds(technique.kind());
    let slower = |kind: Kind| seconds(kind).filter(|seconds| own.is_some_and(|own| own < *seconds));
    let slower = |kind: Kind| slower(kind).map(|seconds| Rejection::Slower { milliseconds: (seconds * 1e3) as u64 });
    let why_not = |kind| obstacles.why_not(kind).or_else(|| slower(kind)).unwrap_or(Rejection::Dearer);
    let decision = Decision { costs: costs.clone(), ..decided(technique, &why_not, bytes) };
    Ok((decision, Changes { of_tables: changes, affected: touched.affected }))
}

/// The techniques that a change of some buckets allows, those first that look at least.
fn allowed(locality: &Locality, obstacles: &Obstacles, buckets: Buckets, first: Bucket) -> Vec<Technique> {
    let mut allowed = vec![];
    let is_onward = *locality == Locality::Onward;
    if obstacles.of_merge.is_none() {
        allowed.push(if is_onward { Technique::MergeOnward(buckets.clone()) } else { Technique::Merge(buckets.clone()) });
    }
    if obstacles.of_groups.is_none() && !is_onward {
        allowed.push(Technique::RebuildGroups(buckets.clone()));
    }
    allowed.push(if is_onward { Technique::Onward(first) } else { Technique::Rebuild(buckets) });
    allowed.push(Technique::Full(FullReason::Faster));
    allowed
}

/// What each technique is expected to cost.
async fn costs(request: &Request<'_>, table: &Snapshot, changes: &[Change], allowed: &[Technique]) -> Result<Vec<Cost>> {
    let feeder = fresh_feeder(request).await?.map(|(_, snapshot)| snapshot);
    let estimate = Estimate {
        rollup: request.rollup,
        calendar: request.calendar,
        pinned: request.pinned,
        base: table,
        changes,
        cut_from: request.cut_from,
        feeder: feeder.as_ref(),
    };
    let seen = request.history.observations().await;
    let costs = Costs::of(request.rollup.name(), &seen);
    let cost = |technique: &Technique| {
        let (kind, work) = (technique.kind(), estimate.work(technique));
        Cost { kind, work, prediction: costs.predict(kind, &work) }
    };
    Ok(allowed.iter().map(cost).collect())
}

/// The technique that is taken. The first looks at least: another one has to be faster by so much that it is worth it.
fn chosen(allowed: Vec<Technique>, costs: &[Cost], choice: Choice, memory: u64) -> Option<Technique> {
    let seconds = |cost: &Cost| cost.prediction.seconds;
    let least = costs.first().map_or(0.0, seconds);
    let best = match choice {
        Choice::Named(kind) => allowed.iter().position(|technique| technique.kind() == kind),
        Choice::Least => None,
        Choice::Fastest => {
            let fits = costs.iter().enumerate().filter(|(_, cost)| cost.prediction.memory <= memory);
            let fastest = fits.min_by(|(_, one), (_, other)| seconds(one).total_cmp(&seconds(other)));
            fastest.filter(|(_, cost)| seconds(cost) < least * MARGIN && seconds(cost) < least - WORTH).map(|(index, _)| index)
        }
    };
    allowed.into_iter().nth(best.unwrap_or_default())
}

/// Milliseconds as people read them.
fn told(milliseconds: u64) -> String {
    if milliseconds < 10_000 { format!("{milliseconds} ms") } else { format!("{} s", milliseconds / 1_000) }
}

/// What keeps a change from being looked at alone.
struct Obstacles {
    of_merge: Option<Rejection>,
    of_groups: Option<Rejection>,
}

impl Obstacles {
    fn of(rollup: &Rollup, touched: &Touched, changes: &[Change]) -> Self {
        let facts = &rollup.time.table;
        let is_sharp = changes.iter().filter(|change| change.table == *facts).all(Change::is_sharp);
        // A fact that joins to another row than before has changed its group, or what it adds to it, without being among the changed rows.
        // What goes has to be taken away with what it found then, which only `affected` knows.
        let lookups = rollup.query.relation.scans().into_iter().filter(|(of, _)| rollup.proof.lookups.contains(of));
        let has_changed = |table: &str| changes.iter().any(|change| change.table == table && !change.files.is_empty());
        let others: BTreeSet<String> = lookups.filter(|(_, table)| has_changed(table)).map(|(_, table)| format!("`{table}`")).collect();
        let of_change = if !is_sharp {
            Some(Rejection::Rewritten { table: facts.clone() })
        } else if !others.is_empty() && touched.affected.is_none() {
            Some(Rejection::OtherPartners { tables: others.into_iter().collect() })
        } else {
            None
        };
        let is_onward = rollup.proof.locality == Locality::Onward;
        let own = |obstacle: Option<Obstacle>| obstacle.map(Rejection::Obstacle).or_else(|| of_change.clone());
        Self {
            of_merge: own(rollup.merged_states().err().cloned()),
            of_groups: if is_onward { Some(Rejection::Onward) } else { own(rollup.keys.as_ref().err().cloned()) },
        }
    }

    fn why_not(&self, kind: Kind) -> Option<Rejection> {
        match kind {
            Kind::Nothing => Some(Rejection::Changed),
            Kind::Merge => self.of_merge.clone(),
            Kind::RebuildGroups => self.of_groups.clone(),
            Kind::RebuildBuckets | Kind::Full => None,
        }
    }
}

/// The changes since the versions that the table stands for; an inner error is the reason why there are none to be had.
async fn changes(lake: &Lake, rollup: &Rollup, table: &Snapshot, pinned: &Pinned) -> Result<std::result::Result<Vec<Change>, FullReason>> {
    let mut changes = Vec::new();
    for (name, stamp) in stamps::read(rollup, table, pinned).await? {
        let Some(stamp) = stamp else { return Ok(Err(FullReason::OtherDefinition { table: name })) };
        let Some(new) = pinned.snapshot(&name).filter(|new| new.version() != stamp) else { continue };
        let Ok(old) = lake.snapshot_at(new.name(), stamp).await else {
            return Ok(Err(FullReason::VersionGone { table: name, version: stamp }));
        };
        match lake.change_set(&old, new).await? {
            // A version may be told by the log while its files are gone.
            Ok(files) if lake.lacks_files(new.name(), &files.removed) => return Ok(Err(FullReason::VersionGone { table: name, version: stamp })),
            Ok(files) => changes.push(Change { table: name, files, rows: lake.changed_rows(&old, new) }),
            Err(reason) => return Ok(Err(FullReason::NoChangeSet { table: name, reason })),
        }
    }
    Ok(Ok(changes))
}
