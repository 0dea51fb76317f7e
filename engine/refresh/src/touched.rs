//! Which buckets a change touches.
//!
//! A changed row of the fact table touches the bucket of its own time. Files that were merely rewritten cancel: the signed sum of row
//! hashes of a bucket is 0 if its rows are the same before and after (`row_hash` in the functions crate).
//!
//! A changed row of a table that is joined to the facts touches the buckets of the facts that it joins to, before and after. Facts
//! that themselves changed are touched already, so joining the changed rows with the *new* facts finds all the others. Where two tables
//! are joined to each other before they meet the facts and both changed, that does not hold, and everything is built anew.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::common::{Column, JoinType, TableReference};
use datafusion::execution::FunctionRegistry;
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::expr::{AggregateFunction, ScalarFunction};
use datafusion::logical_expr::{Expr, Join, JoinConstraint, LogicalPlan, LogicalPlanBuilder, ScalarUDF, TableScan, cast, col, lit};
use nightshift_calendar::Grain;
use nightshift_compile::Rollup;
use nightshift_compile::resolve::{Occurrence, Term, resolve};
use nightshift_compile::rollup::locality::Unproved;
use nightshift_compile::rollup::lookup::{LookupKey, lookup_key};
use nightshift_compile::rollup::symbol::{Bucketing, Days, TimeSymbol, time_symbol};
use nightshift_execute::StepSession;
use nightshift_failure::{Mutation, is_broken};
use tokio_util::sync::CancellationToken;

use crate::Result;
use crate::affected::{Affected, Gathered, KEY, facts_by_keys};
use crate::buckets::{self, Buckets};
use crate::changed::Change;
use crate::states::named;
use crate::tables::{Pinned, used_by, with_unused};

const BUCKET: &str = "bucket";
const SEEDS: [i64; 2] = [1, 2];

/// What is needed to find touched buckets of one rollup.
pub(crate) struct Touching<'a> {
    pub(crate) session: &'a StepSession,
    pub(crate) rollup: &'a Rollup,
    pub(crate) plan: &'a LogicalPlan,
    pub(crate) pinned: &'a Pinned,
    pub(crate) cancel: &'a CancellationToken,
}

/// The buckets that a change touches.
#[derive(Default)]
pub(crate) struct Touched {
    /// Those of facts that came or went.
    pub(crate) by_time: Buckets,
    /// Those of facts that join to other rows than before.
    pub(crate) by_join: Buckets,
    /// These facts, if they are few and nothing else joins to other rows.
    pub(crate) affected: Option<Affected>,
}

impl Touching<'_> {
    /// The buckets that the changes touch; an inner error says why they cannot be found.
    pub(crate) async fn buckets(&self, changes: &[Change]) -> Result<std::result::Result<Touched, Unproved>> {
        let mut touched = Touched::default();
        for change in changes.iter().filter(|change| !change.files.is_empty()) {
            if self.is_fact(&change.table) {
                touched.by_time.extend(self.by_time(change).await?);
            }
        }
        if is_broken(Mutation::LookupsTouchNothing) {
            return Ok(Ok(touched));
        }
        if let Some((change, lookup, key)) = self.one_lookup(changes) {
            touched.affected = self.affected(change, lookup, key).await?;
            if let Some(affected) = &touched.affected {
                touched.by_join = self.buckets_of(affected).await?;
                return Ok(Ok(touched));
            }
        }
        for change in changes.iter().filter(|change| !change.files.is_empty()) {
            for lookup in self.lookups(&change.table) {
                match self.by_join(change, lookup, changes)? {
                    Ok(Some(plan)) => touched.by_join.extend(self.collect(&plan).await?),
                    Ok(None) => {}
                    Err(reason) => return Ok(Err(reason)),
                }
            }
        }
        Ok(Ok(touched))
    }

    /// The only joined table that changed, if the facts that it affects need be known one by one.
    fn one_lookup<'a>(&self, changes: &'a [Change]) -> Option<(&'a Change, Occurrence, LookupKey)> {
        if self.rollup.merged_states().is_err() && self.rollup.keys.is_err() {
            return None;
        }
        // Where more facts may have been rewritten than changed, all of their buckets are computed anew, and to look for others is in vain.
        if !changes.iter().filter(|change| self.is_fact(&change.table)).all(Change::is_sharp) {
            return None;
        }
        let changed = changes.iter().filter(|change| !change.files.is_empty());
        let lookups: Vec<_> = changed.flat_map(|change| self.lookups(&change.table).into_iter().map(move |lookup| (change, lookup))).collect();
        match lookups.as_slice() {
            [(change, lookup)] => Some((change, *lookup, lookup_key(self.rollup, *lookup)?)),
            _ => None,
        }
    }

    /// The facts that a change of a joined table affects; none if they are too many.
    async fn affected(&self, change: &Change, lookup: Occurrence, key: LookupKey) -> Result<Option<Affected>> {
        let Some(changed) = self.changed_rows(change)? else { return Ok(None) };
        let keys = LogicalPlanBuilder::from(changed).project([named(&key.lookup_column).alias(KEY)])?.filter(named(KEY).is_not_null())?.distinct()?.build()?;
        let Some(keys) = Gathered::of(&keys, self.session, self.cancel).await? else { return Ok(None) };
        let Some(facts) = facts_by_keys(self.rollup, self.pinned, &key.fact_column, &keys)? else { return Ok(None) };
        let facts = Gathered::of(&facts, self.session, self.cancel).await?;
        Ok(facts.map(|facts| Affected { lookup, key, keys, facts }))
    }

    async fn buckets_of(&self, affected: &Affected) -> Result<Buckets> {
        let bucket = bucket_expression(self.session, self.rollup.bucketing(), named(&self.rollup.time.column)).alias(BUCKET);
        let facts = affected.facts.scan(&self.rollup.time.table)?;
        self.collect(&LogicalPlanBuilder::from(facts).project([bucket])?.distinct()?.build()?).await
    }

    fn is_fact(&self, table: &str) -> bool {
        self.rollup.time.table == table && !self.rollup.proof.facts.is_empty()
    }

    fn table_of(&self, scan: Occurrence) -> Option<&str> {
        self.rollup.query.relation.scans().into_iter().find(|(of, _)| *of == scan).map(|(_, table)| table)
    }

    fn lookups(&self, table: &str) -> Vec<Occurrence> {
        let scans = self.rollup.query.relation.scans();
        scans.into_iter().filter(|(of, name)| *name == table && self.rollup.proof.lookups.contains(of)).map(|(of, _)| of).collect()
    }

    async fn by_time(&self, change: &Change) -> Result<Buckets> {
        let time = col(Column::new_unqualified(&self.rollup.time.column));
        let bucket = bucket_expression(self.session, self.rollup.bucketing(), time).alias(BUCKET);
        let (added, removed) = match change.visible(self.pinned)? {
            (Some(rows), Some(_)) if is_broken(Mutation::OnlyWhatCameTouches) => {
                let plan = LogicalPlanBuilder::from(rows).project([bucket])?.distinct()?.build()?;
                return self.collect(&plan).await;
            }
            (None, Some(_)) if is_broken(Mutation::OnlyWhatCameTouches) => return Ok(Buckets::new()),
            (Some(added), Some(removed)) => (added, removed),
            (Some(rows), None) | (None, Some(rows)) => {
                let plan = LogicalPlanBuilder::from(rows).project([bucket])?.distinct()?.build()?;
                return self.collect(&plan).await;
            }
            (None, None) => return Ok(Buckets::new()),
        };
        let columns = self.used(&change.table);
        let signed = |plan: LogicalPlan, sign: i64| -> Result<LogicalPlan> {
            let hashes = SEEDS.iter().map(|seed| Ok(self.row_hash(*seed, sign, &columns)?.alias(format!("hash_{seed}"))));
            let all: Result<Vec<Expr>> = std::iter::once(Ok(bucket.clone())).chain(hashes).collect();
            Ok(LogicalPlanBuilder::from(plan).project(all?)?.build()?)
        };
        let sums = SEEDS.map(|seed| sum(col(format!("hash_{seed}"))).alias(format!("sum_{seed}")));
        let differs = SEEDS.map(|seed| col(format!("sum_{seed}")).not_eq(lit(0_i64))).into_iter().reduce(Expr::or).unwrap_or(lit(true));
        let plan = LogicalPlanBuilder::from(signed(added, 1)?)
            .union(signed(removed, -1)?)?
            .aggregate([col(BUCKET)], sums)?
            .filter(differs)?
            .project([col(BUCKET)])?
            .build()?;
        self.collect(&plan).await
    }

    /// The plan that finds the buckets of the facts that changed rows of a joined table meet.
    fn by_join(&self, change: &Change, lookup: Occurrence, changes: &[Change]) -> Result<std::result::Result<Option<LogicalPlan>, Unproved>> {
        let Some(found) = find_join(self.plan, lookup, &self.rollup.proof.facts, &mut 0) else {
            return Ok(Err(not_understood(&change.table)));
        };
        let side = if found.lookup_is_left { &found.join.left } else { &found.join.right };
        // Rows that were joined to each other before and both went would be in neither change.
        let first = found.first_scan_of_lookup;
        let beside = (first..first + count_scans(side)).filter(|scan| *scan != lookup.0).map(Occurrence);
        let both_changed = beside.into_iter().any(|scan| self.table_of(scan).is_some_and(|table| changes.iter().any(|change| change.table == table)));
        if both_changed || !only_keys_join(&found.join, side) {
            return Ok(Err(not_understood(&change.table)));
        }
        let Some(changed) = self.changed_rows(change)? else { return Ok(Ok(None)) };
        let replaced = Arc::new(replace_scan(side, lookup.0 - found.first_scan_of_lookup, &changed)?);
        let join = found.join.clone();
        let (left, right) = if found.lookup_is_left { (replaced, join.right) } else { (join.left, replaced) };
        let join = Join::try_new(left, right, join.on, join.filter, JoinType::Inner, JoinConstraint::On, join.null_equality, false)?;
        let joined = LogicalPlan::Join(join);
        let buckets = self.rollup.bucketing();
        let time = resolve(&joined).columns.into_iter().find_map(|column| {
            let symbol = time_symbol(&column.term, &self.rollup.time).filter(|symbol| symbol.is_within(buckets))?;
            Some((Expr::Column(Column::new(column.qualifier.map(TableReference::bare), column.name)), symbol))
        });
        let bucket = match time {
            Some((time, TimeSymbol::Time(_))) => bucket_expression(self.session, buckets, time),
            Some((finer, TimeSymbol::Bucket(..))) => cut_expression(&self.session.context, buckets.grain, finer),
            None => return Ok(Err(not_understood(&change.table))),
        };
        let plan = LogicalPlanBuilder::from(joined).project([bucket.alias(BUCKET)])?.distinct()?.build()?;
        Ok(Ok(Some(plan)))
    }

    /// The rows of a table that are not the same before and after, in the place of its scan: columns that the rollup does not use are NULL,
    /// and none of the rows is deleted.
    fn changed_rows(&self, change: &Change) -> Result<Option<LogicalPlan>> {
        let columns = self.used(&change.table);
        let keys: Vec<Expr> = columns.iter().map(|name| col(Column::new_unqualified(name))).collect();
        let changed = match change.visible(self.pinned)? {
            (None, None) => return Ok(None),
            (Some(rows), None) | (None, Some(rows)) => rows,
            (Some(added), Some(removed)) => {
                let signed = |plan: LogicalPlan, sign: i64| -> Result<LogicalPlan> {
                    let all = keys.iter().cloned().chain([lit(sign).alias("sign")]);
                    Ok(LogicalPlanBuilder::from(plan).project(all)?.build()?)
                };
                LogicalPlanBuilder::from(signed(added, 1)?)
                    .union(signed(removed, -1)?)?
                    .aggregate(keys.clone(), [sum(col("sign")).alias("difference")])?
                    .filter(col("difference").not_eq(lit(0_i64)))?
                    .build()?
            }
        };
        Ok(Some(with_unused(changed, self.pinned, &change.table, &columns, lit(false))?))
    }

    fn used(&self, table: &str) -> BTreeSet<String> {
        used_by(self.rollup, table)
    }

    fn function(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        self.session.context.udf(name).ok()
    }

    fn row_hash(&self, seed: i64, sign: i64, columns: &BTreeSet<String>) -> Result<Expr> {
        let function = self.function("row_hash").ok_or_else(|| missing("row_hash"))?;
        let arguments = [lit(seed), lit(sign)].into_iter().chain(columns.iter().map(|name| col(Column::new_unqualified(name))));
        Ok(Expr::ScalarFunction(ScalarFunction::new_udf(function, arguments.collect())))
    }

    async fn collect(&self, plan: &LogicalPlan) -> Result<Buckets> {
        let (batches, _) = nightshift_execute::run::collect(self.session, plan, self.cancel).await?;
        buckets::read(&batches, 0, self.rollup)
    }
}

/// The bucket of a time as a rollup's SELECT writes it.
pub(crate) fn bucket_expression(session: &StepSession, buckets: Bucketing, time: Expr) -> Expr {
    match session.context.udf("business_date") {
        Ok(function) if buckets.days == Days::Business => {
            let date = Expr::ScalarFunction(ScalarFunction::new_udf(function, vec![time]));
            if buckets.grain == Grain::Day { date } else { cut_expression(&session.context, buckets.grain, date) }
        }
        _ => cut_expression(&session.context, buckets.grain, time),
    }
}

/// A time, or a finer bucket of any days, cut to a grain.
#[must_use]
pub fn cut_expression(functions: &dyn FunctionRegistry, grain: Grain, time: Expr) -> Expr {
    let function = functions.udf("date_trunc").unwrap_or_else(|_| datafusion::functions::datetime::date_trunc());
    let cut = Expr::ScalarFunction(ScalarFunction::new_udf(function, vec![lit(grain.as_str()), time]));
    if grain == Grain::Hour { cut } else { cast(cut, datafusion::arrow::datatypes::DataType::Date32) }
}

/// DataFusion's own sum, which wraps: just what sums of hashes need.
fn sum(argument: Expr) -> Expr {
    Expr::AggregateFunction(AggregateFunction::new_udf(sum_udaf(), vec![argument], false, None, vec![], None))
}

fn missing(function: &str) -> datafusion::error::DataFusionError {
    datafusion::error::DataFusionError::Internal(format!("the session lacks the function {function}"))
}

fn not_understood(table: &str) -> Unproved {
    Unproved::NotUnderstood { what: format!("the way in which `{table}` is joined") }
}

/// The lowest join that has a scan on one side and the facts on the other.
struct FoundJoin {
    join: Join,
    lookup_is_left: bool,
    first_scan_of_lookup: usize,
}

/// Walks the plan in the order in which scans are counted; `next` is the number of the next scan.
fn find_join(plan: &LogicalPlan, lookup: Occurrence, facts: &[Occurrence], next: &mut usize) -> Option<FoundJoin> {
    if let LogicalPlan::Join(join) = plan {
        let first = *next;
        let left_count = count_scans(&join.left);
        let right_count = count_scans(&join.right);
        let left = first..first + left_count;
        let right = left.end..left.end + right_count;
        let has_fact = |range: &std::ops::Range<usize>| facts.iter().any(|fact| range.contains(&fact.0));
        let found = |lookup_is_left, first_scan_of_lookup| Some(FoundJoin { join: join.clone(), lookup_is_left, first_scan_of_lookup });
        if left.contains(&lookup.0) && has_fact(&right) {
            return found(true, left.start);
        }
        if right.contains(&lookup.0) && has_fact(&left) {
            return found(false, right.start);
        }
    }
    if matches!(plan, LogicalPlan::TableScan(_)) {
        *next += 1;
    }
    plan.inputs().into_iter().find_map(|input| find_join(input, lookup, facts, next))
}

fn count_scans(plan: &LogicalPlan) -> usize {
    usize::from(matches!(plan, LogicalPlan::TableScan(_))) + plan.inputs().into_iter().map(count_scans).sum::<usize>()
}

/// True if the changed rows alone tell which facts they join to: the side is made of joins, filters on rows and groupings, and the
/// join looks at keys, never at aggregates, whose values the changed rows alone do not give.
fn only_keys_join(join: &Join, side: &LogicalPlan) -> bool {
    let resolved = resolve(side);
    let computed = |term: &Term| term.any(&|part| matches!(part, Term::Aggregate { .. } | Term::Window { .. } | Term::Opaque { .. }));
    let conditions: Vec<Column> = join
        .on
        .iter()
        .flat_map(|(left, right)| [left, right])
        .chain(join.filter.as_ref())
        .flat_map(|expression| expression.column_refs().into_iter().cloned().collect::<Vec<_>>())
        .collect();
    let joins_by_keys = conditions.iter().all(|column| {
        let qualifier = column.relation.as_ref().map(|relation| relation.table());
        resolved.term(qualifier, &column.name).is_none_or(|term| !computed(term))
    });
    joins_by_keys && is_plain(side, &computed)
}

fn is_plain(plan: &LogicalPlan, computed: &impl Fn(&Term) -> bool) -> bool {
    let own = match plan {
        LogicalPlan::TableScan(_) | LogicalPlan::SubqueryAlias(_) | LogicalPlan::Projection(_) | LogicalPlan::Aggregate(_) => true,
        LogicalPlan::Filter(filter) => {
            let input = resolve(&filter.input);
            filter.predicate.column_refs().iter().all(|column| {
                let qualifier = column.relation.as_ref().map(|relation| relation.table());
                input.term(qualifier, &column.name).is_some_and(|term| !computed(term))
            })
        }
        LogicalPlan::Join(join) => join.join_type == JoinType::Inner,
        LogicalPlan::Sort(sort) => sort.fetch.is_none(),
        _ => false,
    };
    own && plan.inputs().into_iter().all(|input| is_plain(input, computed))
}

/// Puts other rows in the place of one scan.
fn replace_scan(plan: &LogicalPlan, scan: usize, rows: &LogicalPlan) -> Result<LogicalPlan> {
    crate::rows::map_scans(plan, &|index, found: &TableScan| {
        if index == scan { Ok(Some(LogicalPlanBuilder::from(rows.clone()).alias(found.table_name.clone())?.build()?)) } else { Ok(None) }
    })
}
