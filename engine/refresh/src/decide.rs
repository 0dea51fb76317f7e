//! How a rollup is brought up to date: decided first, as a value, so that `plan` can print it and the ledger keep it.

use std::fmt;

use nightshift_compile::Rollup;
use nightshift_compile::rollup::locality::{Locality, Unproved};
use nightshift_compile::rollup::states::States;
use nightshift_lake::{ChangeSet, Lake, NoChangeSet, Snapshot};

use crate::affected::Affected;
use crate::buckets::{Bucket, Buckets};
use crate::changed::Change;
use crate::tables::Pinned;
use crate::touched::{Touched, Touching};
use crate::{Result, stamps};

/// How a rollup is brought up to date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Technique {
    /// It stands for the pinned versions already.
    Nothing,
    /// Newer versions, but no row that it depends on has changed: only the marks are renewed.
    Restamp,
    /// Rows of these buckets are brought up to date by what came and went.
    Merge(Buckets),
    /// The same, and what depends on earlier buckets is computed anew from the first of them onward, from the table itself.
    MergeOnward(Buckets),
    /// Of these buckets, the groups to which a fact came or from which one went are computed anew.
    RebuildGroups(Buckets),
    /// These buckets are computed anew.
    Rebuild(Buckets),
    /// This bucket and every later one.
    Onward(Bucket),
    /// Everything.
    Full(FullReason),
}

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
    /// The query is not bucket-local.
    #[error(transparent)]
    Unproved(#[from] Unproved),
}

/// A technique and the rollup it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The rollup.
    pub rollup: String,
    /// The technique.
    pub technique: Technique,
    /// Bytes of changed files that were looked at to find the touched buckets.
    pub changed_bytes: u64,
}

/// What changed since the versions that a rollup's table stands for.
#[derive(Default)]
pub(crate) struct Changes {
    pub(crate) of_tables: Vec<Change>,
    /// Facts that did not change, but join to other rows than before.
    pub(crate) affected: Option<Affected>,
}

impl Technique {
    /// The technique for the same buckets that looks at all their facts.
    pub(crate) fn over_facts(self) -> Self {
        match self {
            Self::Merge(buckets) | Self::RebuildGroups(buckets) => Self::Rebuild(buckets),
            Self::MergeOnward(buckets) => buckets.first().map_or(Self::Restamp, |first| Self::Onward(*first)),
            other => other,
        }
    }

    /// The touched buckets, if what is written follows from what came and went.
    pub(crate) const fn of_changes(&self) -> Option<&Buckets> {
        match self {
            Self::Merge(buckets) | Self::MergeOnward(buckets) | Self::RebuildGroups(buckets) => Some(buckets),
            _ => None,
        }
    }

    /// From which bucket on rows are written anew, if that reaches to the end.
    pub(crate) fn onward(&self) -> Option<Bucket> {
        match self {
            Self::Onward(first) => Some(*first),
            Self::MergeOnward(buckets) => buckets.first().copied(),
            _ => None,
        }
    }
}

impl fmt::Display for Technique {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => write!(formatter, "nothing: it is up to date"),
            Self::Restamp => write!(formatter, "restamp: no row that it depends on has changed"),
            Self::Merge(buckets) if buckets.len() == 1 => write!(formatter, "merge into 1 bucket"),
            Self::Merge(buckets) => write!(formatter, "merge into {} buckets", buckets.len()),
            Self::MergeOnward(buckets) => match buckets.first() {
                Some(Bucket::Date(day)) => write!(formatter, "merge from {day} onward"),
                _ => write!(formatter, "merge from the first touched bucket onward"),
            },
            Self::RebuildGroups(buckets) if buckets.len() == 1 => write!(formatter, "rebuild the changed groups of 1 bucket"),
            Self::RebuildGroups(buckets) => write!(formatter, "rebuild the changed groups of {} buckets", buckets.len()),
            Self::Rebuild(buckets) if buckets.len() == 1 => write!(formatter, "rebuild 1 bucket"),
            Self::Rebuild(buckets) => write!(formatter, "rebuild {} buckets", buckets.len()),
            Self::Onward(Bucket::Date(day)) => write!(formatter, "rebuild from {day} onward"),
            Self::Onward(_) => write!(formatter, "rebuild from the first touched bucket onward"),
            Self::Full(reason) => write!(formatter, "full: {reason}"),
        }
    }
}

/// Decides how to bring `rollup` from what `table` stands for to the pinned versions; gives the changes since with it.
///
/// # Errors
/// If the lake cannot be read, or the changed files cannot be scanned.
pub(crate) async fn decide(lake: &Lake, rollup: &Rollup, table: Option<&Snapshot>, pinned: &Pinned, touching: &Touching<'_>) -> Result<(Decision, Changes)> {
    let decision = |technique, changed_bytes| (Decision { rollup: rollup.name().to_owned(), technique, changed_bytes }, Changes::default());
    let Some(table) = table else { return Ok(decision(Technique::Full(FullReason::FirstBuild), 0)) };
    let schema = table.schema();
    let missing = rollup.states.iter().flat_map(States::hidden_columns).find(|column| schema.field_with_name(column).is_err());
    let changes = match changes(lake, rollup, table, pinned).await? {
        Ok(changes) => changes,
        Err(reason) => return Ok(decision(Technique::Full(reason), 0)),
    };
    let bytes = changes.iter().map(|change| change.files.bytes()).sum();
    if changes.is_empty() {
        return Ok(decision(Technique::Nothing, 0));
    }
    if let Some(column) = missing {
        return Ok(decision(Technique::Full(FullReason::StateMissing { column: column.to_owned() }), bytes));
    }
    if let Locality::Unproved(reason) = &rollup.proof.locality {
        let technique =
            if changes.iter().all(|change| change.files.is_empty()) { Technique::Restamp } else { Technique::Full(FullReason::Unproved(reason.clone())) };
        return Ok(decision(technique, bytes));
    }
    let touched = match touching.buckets(&changes).await? {
        Ok(touched) => touched,
        Err(reason) => return Ok(decision(Technique::Full(FullReason::Unproved(reason)), bytes)),
    };
    let (decision, _) = decision(choose(rollup, &touched, &changes), bytes);
    Ok((decision, Changes { of_tables: changes, affected: touched.affected }))
}

fn choose(rollup: &Rollup, touched: &Touched, changes: &[Change]) -> Technique {
    let is_sharp = changes.iter().filter(|change| change.table == rollup.time.table).all(Change::is_sharp);
    // A fact that joins to another row than before has changed its group, or what it adds to it, without being among the changed rows.
    // What goes has to be taken away with what it found then, which only `affected` knows.
    let lookups = rollup.query.relation.scans().into_iter().filter(|(of, _)| rollup.proof.lookups.contains(of));
    let finds_other = lookups.into_iter().any(|(_, table)| changes.iter().any(|change| change.table == table && !change.files.is_empty()));
    let is_known = is_sharp && (!finds_other || touched.affected.is_some());
    let merges = is_known && rollup.states.is_some();
    let regroups = is_known && rollup.keys.is_some();
    let buckets: Buckets = touched.by_time.iter().chain(&touched.by_join).copied().collect();
    match (buckets.first(), &rollup.proof.locality) {
        (None, _) => Technique::Restamp,
        (Some(_), Locality::Onward) if merges => Technique::MergeOnward(buckets),
        (Some(first), Locality::Onward) => Technique::Onward(*first),
        _ if merges => Technique::Merge(buckets),
        _ if regroups => Technique::RebuildGroups(buckets),
        _ => Technique::Rebuild(buckets),
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
        match ChangeSet::between(&old, new) {
            Ok(files) => changes.push(Change { table: name, files, rows: lake.changed_rows(&old, new) }),
            Err(reason) => return Ok(Err(FullReason::NoChangeSet { table: name, reason })),
        }
    }
    Ok(Ok(changes))
}
