//! How many different values a group has, brought up to date by the values that came and went.
//!
//! A value is new to a group if none of its facts had it before, and gone from it if none has it any more. Let `net` be how many facts with a
//! value came to a group, less how many went, and `now` how many facts of the group have it now. The value is new where `net = now > 0`, and gone
//! where `net < 0 = now`. Where `net` is 0 nothing has changed, and of the others the facts are found by the column that has the values. A group that
//! the table does not have yet had no facts: all its values are new, and nobody looks for others. Facts
//! that find other rows than before ([`crate::affected`]) are at hand already, all that have their value, if they find them by that very column.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::common::{DataFusionError, NullEquality};
use datafusion::functions::expr_fn::coalesce;
use datafusion::functions_aggregate::expr_fn::{count, sum};
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::{Aggregate, Expr, Join, JoinConstraint, JoinType, LogicalPlan, LogicalPlanBuilder, lit, when};
use nightshift_compile::rollup::keys::FactKey;
use nightshift_compile::rollup::states::{Kept, States, call_of, grouping_of};
use nightshift_failure::{Mutation, is_broken};
use tokio_util::sync::CancellationToken;

use crate::affected::{Gathered, KEY, facts_by_keys, with_keys};
use crate::delta::{Delta, union};
use crate::groups::Groups;
use crate::states::named;
use crate::{Result, buckets};

const VALUE: &str = "value of a group";
const NET: &str = "facts that came";
const NOW: &str = "facts that have it";
const KNOWN: &str = "the table has the group";

/// The counts of different values of a rollup, over a change.
pub(crate) struct Distinct<'a> {
    pub(crate) delta: &'a Delta<'a>,
    pub(crate) states: &'a States,
    /// The query with its states.
    pub(crate) query: &'a LogicalPlan,
    /// The rows of the table in the touched buckets, one for each group that has facts.
    pub(crate) stored: &'a LogicalPlan,
    /// Groups that are computed anew anyway.
    pub(crate) spoilt: Option<&'a Groups>,
    pub(crate) cancel: &'a CancellationToken,
}

/// One count.
struct Counted<'a> {
    /// Its column in the rollup's table.
    column: &'a str,
    /// The facts' column that has the values.
    of: &'a str,
    /// The groups' keys and the value, one row for each fact that has one.
    query: LogicalPlan,
}

impl Distinct<'_> {
    /// For each column that counts different values by how many it changes, a row a group; nothing if that is too much to be held.
    pub(crate) async fn changes(&self) -> Result<Option<BTreeMap<String, Gathered>>> {
        let mut changes = BTreeMap::new();
        for kept in &self.states.aggregates {
            let Kept::Distinct { count, of } = kept else { continue };
            if !changes.contains_key(count) {
                let Some(change) = self.change(&self.counted(count, of)?).await? else { return Ok(None) };
                changes.insert(count.clone(), change);
            }
        }
        Ok(Some(changes))
    }

    fn counted<'a>(&self, column: &'a str, of: &'a str) -> Result<Counted<'a>> {
        let lacking = || DataFusionError::Internal(format!("the plan lacks the aggregate of `{column}`"));
        let aggregate = grouping_of(self.query).ok_or_else(lacking)?;
        let own = aggregate.aggr_expr.iter().find(|call| call.schema_name().to_string() == column);
        let call = own.and_then(call_of).ok_or_else(lacking)?;
        let query = self.values(aggregate, call, call.params.args.first().ok_or_else(lacking)?)?;
        Ok(Counted { column, of, query })
    }

    /// The keys and the value of each row that is grouped and has one.
    fn values(&self, aggregate: &Aggregate, call: &AggregateFunction, value: &Expr) -> Result<LogicalPlan> {
        let rows = LogicalPlanBuilder::from(aggregate.input.as_ref().clone()).filter(value.clone().is_not_null())?;
        let rows = match &call.params.filter {
            Some(filter) => rows.filter(filter.as_ref().clone())?,
            None => rows,
        };
        let columns = aggregate.group_expr.iter().cloned().chain([value.clone().alias(VALUE)]);
        Ok(rows.project(columns.collect::<Vec<_>>())?.build()?)
    }

    async fn change(&self, counted: &Counted<'_>) -> Result<Option<Gathered>> {
        let Some(pairs) = self.pairs(&counted.query)? else { return Ok(None) };
        let Some(pairs) = self.gathered(&pairs).await? else { return Ok(None) };
        let Some((now, _values)) = self.now(counted, &pairs).await? else { return Ok(None) };
        let on = key_names(self.states).map(|key| (named(&key), named(&of_now(&key)))).chain([(named(VALUE), named(&of_now(VALUE)))]).collect();
        let pairs = Arc::new(pairs.scan("pairs")?);
        let beside = Join::try_new(pairs, Arc::new(now), on, None, JoinType::Left, JoinConstraint::On, NullEquality::NullEqualsNull, false)?;
        let (net, now) = (named(NET), coalesce(vec![named(NOW), lit(0_i64)]));
        let is_new = net.clone().gt(lit(0_i64)).and(named(KNOWN).is_null().or(net.clone().eq(now.clone())));
        let is_gone = net.lt(lit(0_i64)).and(named(KNOWN).is_not_null()).and(now.eq(lit(0_i64)));
        let (is_new, is_gone) = match is_broken(Mutation::ValuesAreNotAskedFor) {
            true => (named(NET).gt(lit(0_i64)), named(NET).lt(lit(0_i64))),
            false => (is_new, is_gone),
        };
        let by = when(is_new, lit(1_i64)).when(is_gone, lit(-1_i64)).otherwise(lit(0_i64))?;
        let keys = self.states.keys.iter().zip(key_names(self.states)).map(|(key, name)| named(&name).alias(key));
        let changes = LogicalPlanBuilder::from(LogicalPlan::Join(beside))
            .project(keys.chain([by.alias(counted.column)]).collect::<Vec<_>>())?
            .aggregate(self.states.keys.iter().map(|key| named(key)), [sum(named(counted.column)).alias(counted.column)])?
            .filter(named(counted.column).not_eq(lit(0_i64)))?;
        self.gathered(&changes.build()?).await
    }

    /// Each value of each group of which not as many facts came as went, and how many more came.
    fn pairs(&self, query: &LogicalPlan) -> Result<Option<LogicalPlan>> {
        let sides = self.delta.over(query)?;
        let came = sides.came.into_iter().map(|part| (part, 1_i64));
        let went = sides.went.into_iter().map(|part| (part, -1));
        let signed = came
            .chain(went)
            .map(|(part, sign)| Ok(LogicalPlanBuilder::from(part).project(self.pair().chain([lit(sign).alias(NET)]).collect::<Vec<_>>())?.build()?));
        let Some(all) = union(signed.collect::<Result<Vec<_>>>()?)? else { return Ok(None) };
        let all = LogicalPlanBuilder::from(all).aggregate(pair_names(self.states), [sum(named(NET)).alias(NET)])?;
        let pairs = self.known(all.filter(named(NET).not_eq(lit(0_i64)))?.build()?)?;
        let keys: Vec<Expr> = key_names(self.states).map(|key| named(&key)).collect();
        match self.spoilt {
            Some(spoilt) => spoilt.matched(pairs, &keys, JoinType::LeftAnti).map(Some),
            None => Ok(Some(pairs)),
        }
    }

    /// The pairs, and whether the table has their groups.
    fn known(&self, pairs: LogicalPlan) -> Result<LogicalPlan> {
        let stored = self.states.keys.iter().zip(key_names(self.states)).map(|(key, name)| named(key).alias(of_table(&name)));
        let stored = LogicalPlanBuilder::from(self.stored.clone()).project(stored.chain([lit(true).alias(KNOWN)]).collect::<Vec<_>>())?.build()?;
        let on = key_names(self.states).map(|key| (named(&key), named(&of_table(&key)))).collect();
        let join = Join::try_new(Arc::new(pairs), Arc::new(stored), on, None, JoinType::Left, JoinConstraint::On, NullEquality::NullEqualsNull, false)?;
        let columns = pair_names(self.states).into_iter().chain([named(NET), named(KNOWN)]);
        Ok(LogicalPlanBuilder::from(LogicalPlan::Join(join)).project(columns.collect::<Vec<_>>())?.build()?)
    }

    /// How many facts have the values now, at least those of the pairs, with rows that the plan holds; nothing if the values are too many to be held.
    async fn now(&self, counted: &Counted<'_>, pairs: &Gathered) -> Result<Option<(LogicalPlan, Option<Gathered>)>> {
        let none = || self.counts(LogicalPlanBuilder::from(counted.query.clone()).limit(0, Some(0))?.build()?);
        if pairs.is_empty() {
            return Ok(Some((none()?, None)));
        }
        let at_hand = self.delta.affected.as_ref().filter(|(affected, _)| affected.key.fact_column == counted.of);
        let known = LogicalPlanBuilder::from(pairs.scan("pairs")?).filter(named(KNOWN).is_not_null())?.build()?;
        let others = match at_hand {
            Some((affected, _)) => with_keys(known, VALUE, &affected.keys, JoinType::LeftAnti)?,
            None => known,
        };
        let Some(others) = self.gathered(&others).await? else { return Ok(None) };
        let values = LogicalPlanBuilder::from(others.scan("pairs")?).project([named(VALUE).alias(KEY)])?.distinct()?.build()?;
        let Some(values) = self.gathered(&values).await? else { return Ok(None) };
        let found = if others.is_empty() { None } else { self.found(counted.of, &others, &values)? };
        let known = at_hand.map(|(affected, _)| affected.facts.scan(&self.delta.rows.rollup.time.table)).transpose()?;
        let Some(facts) = union(found.into_iter().chain(known))? else { return Ok(Some((none()?, None))) };
        // Where these are all the facts that have a changed key, and else facts that came or went had their keys, what they find is at hand too.
        let lookup = at_hand.map(|(_, found)| &found.now);
        let counts = self.counts(self.delta.query_over(&counted.query, &facts, lookup)?)?;
        Ok(Some((counts, Some(values))))
    }

    /// The facts that have one of the values of some pairs, in the buckets of these and with what else a fact says of their groups by itself.
    fn found(&self, of: &str, pairs: &Gathered, values: &Gathered) -> Result<Option<LogicalPlan>> {
        let rollup = self.delta.rows.rollup;
        let bucket = self.states.keys.iter().position(|key| key == rollup.bucket_column());
        let bucket = bucket.ok_or_else(|| DataFusionError::Internal("values are counted only where the bucket is a key".to_owned()))?;
        let buckets = buckets::read(pairs.rows(), bucket, rollup)?;
        let Some(facts) = facts_by_keys(rollup, self.delta.pinned, of, values)? else { return Ok(None) };
        let time = facts.schema().field_with_unqualified_name(&rollup.time.column)?.clone();
        let within = self.delta.rows.within(named(time.name()), time.data_type(), &buckets);
        let facts = LogicalPlanBuilder::from(facts).filter(within)?.build()?;
        let of_facts = rollup.keys.iter().flat_map(|keys| &keys.of_facts).zip(key_names(self.states));
        let (columns, keys): (Vec<&String>, Vec<String>) = of_facts
            .filter_map(|(key, name)| match key {
                Some(FactKey::Column(column)) if column != of => Some((column, name)),
                _ => None,
            })
            .unzip();
        if columns.is_empty() {
            return Ok(Some(facts));
        }
        let groups = LogicalPlanBuilder::from(pairs.scan("pairs")?).project(keys.iter().map(|key| named(key)))?.distinct()?.build()?;
        let on = columns.into_iter().zip(&keys).map(|(column, key)| (named(column), named(key))).collect();
        let join = Join::try_new(Arc::new(facts), Arc::new(groups), on, None, JoinType::LeftSemi, JoinConstraint::On, NullEquality::NullEqualsNull, false)?;
        Ok(Some(LogicalPlan::Join(join)))
    }

    fn counts(&self, rows: LogicalPlan) -> Result<LogicalPlan> {
        let names = key_names(self.states).chain([VALUE.to_owned()]).map(|name| named(&name).alias(of_now(&name)));
        let pairs = LogicalPlanBuilder::from(rows).project(self.pair().collect::<Vec<_>>())?;
        let counts = pairs.aggregate(pair_names(self.states), [count(lit(1_i64)).alias(NOW)])?;
        Ok(counts.project(names.chain([named(NOW)]).collect::<Vec<_>>())?.build()?)
    }

    /// The columns of [`Counted::query`] under names of their own.
    fn pair(&self) -> impl Iterator<Item = Expr> {
        self.states.keys.iter().zip(key_names(self.states)).map(|(key, name)| named(key).alias(name)).chain([named(VALUE)])
    }

    async fn gathered(&self, plan: &LogicalPlan) -> Result<Option<Gathered>> {
        Gathered::of(plan, self.delta.rows.session, self.cancel).await
    }
}

/// The keys of pairs, under other names than those of [`Groups`].
fn key_names(states: &States) -> impl Iterator<Item = String> {
    (0..states.keys.len()).map(|index| format!("key of a value {index}"))
}

fn pair_names(states: &States) -> Vec<Expr> {
    key_names(states).map(|key| named(&key)).chain([named(VALUE)]).collect()
}

fn of_table(name: &str) -> String {
    format!("{name} of the table")
}

fn of_now(name: &str) -> String {
    format!("{name} now")
}
