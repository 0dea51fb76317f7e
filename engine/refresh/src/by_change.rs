//! What a technique writes, computed from what came and what went.

use datafusion::logical_expr::LogicalPlan;
use nightshift_compile::rollup::keys::grouping_of_rows;
use nightshift_compile::rollup::states::{Kept, grouping_of};
use nightshift_lake::{DataFile, Snapshot};

use crate::affected::Found;
use crate::buckets::{Bucket, Buckets};
use crate::decide::Changes;
use crate::delta::{self, Delta};
use crate::groups::Groups;
use crate::merge::{GroupChanges, Merged, Merging};
use crate::refresh::Request;
use crate::regroup::Regrouping;
use crate::replaced::replaced_files;
use crate::rows::Rows;
use crate::states::Stated;
use crate::tables::used_by;
use crate::technique::Technique;
use crate::units::Written;
use crate::{Error, Result};

/// A plan for each of more buckets than this costs more than it spares.
const MOST_UNITS: usize = 4;
/// A row of a table is worth so many facts when it is decided whether work is cut into units: it is written anew.
const FACTS_A_ROW: u64 = 5;

/// What is computed from a change.
pub(crate) struct FromChange<'a> {
    pub(crate) rows: Written,
    /// How it was computed in the end.
    pub(crate) technique: Technique,
    /// The files that the rows replace.
    pub(crate) replaced: Vec<DataFile>,
    /// The plans hold these rows, so that their memory is in use until they have run.
    _held: Held<'a>,
}

enum Held<'a> {
    Groups(#[expect(dead_code)] Box<(Groups, Delta<'a>)>),
    Changes(#[expect(dead_code)] GroupChanges),
}

/// The rows that a technique writes; nothing if it looks at all facts of its buckets, or would have to hold too much.
pub(crate) async fn by_change<'a>(
    request: &'a Request<'_>,
    base: Option<&Snapshot>,
    rows: &'a Rows<'_>,
    stated: &Stated,
    changes: &'a Changes,
    technique: &'a Technique,
) -> Result<Option<FromChange<'a>>> {
    let Some(buckets) = technique.of_changes() else { return Ok(None) };
    let rollup = request.rollup;
    let Some(base) = base else { return Err(Error::NothingToMerge { rollup: rollup.name().to_owned() }) };
    let Some(mut delta) = delta(request, rows, changes, buckets).await? else { return Ok(None) };
    let counts_values = rollup.merged_states().is_ok_and(|states| states.aggregates.iter().any(|kept| matches!(kept, Kept::Distinct { .. })));
    if let Some(grouping) = grouping_of(&stated.plan).or_else(|| grouping_of_rows(&stated.plan))
        && (counts_values || delta.affected.is_some())
    {
        delta.hold(grouping, request.cancel).await?;
    }
    let replaced = replaced_files(base, rollup, technique, request.calendar);
    let mut technique = technique.clone();
    if let (Technique::Merge(_) | Technique::MergeOnward(_), Ok(states)) = (&technique, rollup.merged_states()) {
        let onward = technique.onward();
        let merging = Merging { delta: &delta, states, stated, onward, cancel: request.cancel };
        if let Some(merged) = merging.merged(base, if onward.is_some() { base.files() } else { &replaced }).await? {
            let kept = rows.kept(base, &replaced, &technique)?;
            // What changes a group says of its bucket no more than the group's keys do.
            let in_buckets = states.keys.iter().any(|key| key == rollup.bucket_column());
            let rows = if onward.is_none() && in_buckets && is_for_units(buckets, &replaced, request.cut_from) {
                in_units(rows, &merged, kept, buckets, &stated.columns)?
            } else {
                Written::Together(rows.arranged(merged.rows(None)?, kept, &stated.columns)?)
            };
            let held = Held::Changes(merged.changes);
            return Ok(Some(FromChange { rows, technique, replaced, _held: held }));
        }
        if onward.is_some() {
            return Ok(None);
        }
        technique = Technique::RebuildGroups(buckets.clone());
    }
    let Ok(keys) = &rollup.keys else { return Ok(None) };
    let regrouping = Regrouping { delta: &delta, keys, query: &stated.plan, cancel: request.cancel };
    let Some(groups) = regrouping.groups(base, &replaced).await? else { return Ok(None) };
    let kept = Some(regrouping.others(&groups, base, &replaced)?);
    let arranged = rows.arranged(groups.anew(rows, &stated.plan)?, kept, &stated.columns)?;
    Ok(Some(FromChange { rows: Written::Together(arranged), technique, replaced, _held: Held::Groups(Box::new((groups, delta))) }))
}

/// Whether the rows of a few buckets are so many that each bucket is better merged by one thread, which exchanges no rows with others and need
/// not sort them.
fn is_for_units(buckets: &Buckets, replaced: &[DataFile], cut_from: u64) -> bool {
    let rows: Option<u64> = replaced.iter().map(DataFile::rows).sum();
    buckets.len() <= MOST_UNITS && rows.is_some_and(|rows| rows.saturating_mul(FACTS_A_ROW) >= cut_from)
}

fn in_units(rows: &Rows<'_>, merged: &Merged<'_>, kept: Option<LogicalPlan>, buckets: &Buckets, hidden: &[String]) -> Result<Written> {
    let one = |bucket: &Bucket| rows.partitioned(merged.rows(Some(&Buckets::from([*bucket])))?, None, hidden);
    let merged = buckets.iter().map(one);
    let kept = kept.map(|kept| rows.arranged(kept, None, hidden));
    Ok(Written::InUnits(merged.chain(kept).collect::<Result<_>>()?))
}

/// What came and what went; nothing if what the facts find is too much to be held.
async fn delta<'a>(request: &'a Request<'_>, rows: &'a Rows<'_>, changes: &'a Changes, buckets: &'a Buckets) -> Result<Option<Delta<'a>>> {
    let change = changes.of_tables.iter().find(|change| change.table == request.rollup.time.table);
    let affected = match &changes.affected {
        None => None,
        Some(affected) => match found(request, changes).await? {
            None => return Ok(None),
            Some(found) => Some((affected, found)),
        },
    };
    Ok(Some(Delta { rows, change, affected, pinned: request.pinned, buckets, held: None }))
}

/// What the facts that came, went or stay find in the joined table that changed; nothing if that is too much.
async fn found(request: &Request<'_>, changes: &Changes) -> Result<Option<Found>> {
    let Some(affected) = &changes.affected else { return Ok(None) };
    let of_table = |table: &str| changes.of_tables.iter().find(|change| change.table == table);
    let tables = request.rollup.query.relation.scans();
    let lookup = tables.iter().find(|(of, _)| *of == affected.lookup).and_then(|(_, table)| of_table(table));
    let Some(lookup) = lookup else { return Ok(None) };
    let facts = delta::facts(of_table(&request.rollup.time.table), &request.rollup.time.table, request.pinned)?;
    let all: Vec<LogicalPlan> = [facts.came, facts.went].into_iter().flatten().chain([affected.facts.scan(&request.rollup.time.table)?]).collect();
    affected.found(&all, lookup, &used_by(request.rollup, &lookup.table), request.pinned, request.session, request.cancel).await
}
