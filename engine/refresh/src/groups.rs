//! Some groups of a rollup by their keys, and their rows computed from their own facts.

use std::sync::Arc;

use datafusion::arrow::array::Array as _;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::NullEquality;
use datafusion::logical_expr::{Aggregate, Expr, Join, JoinConstraint, JoinType, LogicalPlan, LogicalPlanBuilder};
use nightshift_compile::rollup::keys::FactKey;
use nightshift_functions::Among;
use tokio_util::sync::CancellationToken;

use crate::Result;
use crate::affected::{Gathered, whole_numbers};
use crate::buckets::{self, Buckets};
use crate::delta::Delta;
use crate::rows::Rows;
use crate::states::named;
use crate::touched::bucket_expression;

/// Keys of groups, each in a column of its own ([`key_name`]).
pub(crate) struct Groups {
    keys: Gathered,
    /// Where they lie.
    pub(crate) buckets: Buckets,
}

/// The name of a key's column.
pub(crate) fn key_name(index: usize) -> String {
    format!("key {index}")
}

impl Groups {
    /// Gathers keys of groups that lie in the touched buckets, given by the columns that show them; nothing if they are too many to be held.
    /// A group may be there twice.
    pub(crate) async fn of(keys: &LogicalPlan, columns: &[String], delta: &Delta<'_>, cancel: &CancellationToken) -> Result<Option<Self>> {
        let Some(keys) = Gathered::of(keys, delta.rows.session, cancel).await? else { return Ok(None) };
        let Some(bucket) = columns.iter().position(|column| column == delta.rows.rollup.bucket_column()) else {
            return Ok(Some(Self { keys, buckets: delta.buckets.clone() }));
        };
        let buckets = buckets::read(keys.rows(), bucket, delta.rows.rollup)?;
        Ok(Some(Self { keys, buckets }))
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.keys.rows().iter().map(|rows| rows.num_rows()).sum()
    }

    /// Their keys, under other names.
    pub(crate) fn keys_as(&self, names: &[String]) -> Result<LogicalPlan> {
        let keys = names.iter().enumerate().map(|(index, name)| named(&key_name(index)).alias(name));
        Ok(LogicalPlanBuilder::from(self.keys.scan("groups")?).project(keys.collect::<Vec<_>>())?.build()?)
    }

    /// Rows whose keys are among those of the groups (a semi join), or are not (an anti join).
    pub(crate) fn matched(&self, rows: LogicalPlan, keys: &[Expr], kept: JoinType) -> Result<LogicalPlan> {
        let on = keys.iter().cloned().enumerate().map(|(index, key)| (key, named(&key_name(index)))).collect();
        joined(rows, self.keys.scan("groups")?, on, kept)
    }

    /// The rows of these groups, from their facts.
    pub(crate) fn anew(&self, rows: &Rows<'_>, query: &LogicalPlan) -> Result<LogicalPlan> {
        let keys = rows.rollup.keys.as_ref().ok();
        // What the facts do not say by themselves is known only where they have met the tables that say it.
        let query = if keys.is_some_and(|keys| keys.are_of_facts()) { query.clone() } else { self.with_groups(query)? };
        let of_facts = keys.map_or(&[][..], |keys| &keys.of_facts);
        rows.of_facts(&query, &|scan, time, data_type| {
            let facts = LogicalPlanBuilder::from(scan).filter(rows.within(time.clone(), data_type, &self.buckets))?.build()?;
            self.with_fact_keys(facts, &time, of_facts, rows)
        })
    }

    /// A query whose grouping sees only rows of these groups.
    fn with_groups(&self, plan: &LogicalPlan) -> Result<LogicalPlan> {
        if let LogicalPlan::Aggregate(aggregate) = plan {
            let keys: Vec<Expr> = aggregate.group_expr.iter().map(|key| key.clone().unalias()).collect();
            let input = self.matched(aggregate.input.as_ref().clone(), &keys, JoinType::LeftSemi)?;
            return Ok(LogicalPlan::Aggregate(Aggregate::try_new(Arc::new(input), aggregate.group_expr.clone(), aggregate.aggr_expr.clone())?));
        }
        let inputs = plan.inputs().into_iter().map(|input| self.with_groups(input)).collect::<Result<Vec<_>>>()?;
        Ok(plan.with_new_exprs(plan.expressions(), inputs)?)
    }

    /// Facts that have the keys of a group as far as a fact has them by itself.
    fn with_fact_keys(&self, facts: LogicalPlan, time: &Expr, of_facts: &[Option<FactKey>], rows: &Rows<'_>) -> Result<LogicalPlan> {
        let key = |of_fact: &FactKey| match of_fact {
            FactKey::Bucket => bucket_expression(rows.session, rows.rollup.bucketing(), time.clone()),
            FactKey::Column(name) => named(name),
        };
        let known = of_facts.iter().enumerate().filter_map(|(index, of_fact)| Some((index, of_fact.as_ref()?)));
        let (indexes, on): (Vec<usize>, Vec<(Expr, Expr)>) = known.map(|(index, of_fact)| (index, (key(of_fact), named(&key_name(index))))).unzip();
        // Facts of other buckets are left out already.
        if on.is_empty() || of_facts.iter().flatten().all(|of_fact| *of_fact == FactKey::Bucket) {
            return Ok(facts);
        }
        let facts = self.near(facts, of_facts)?;
        let names: Vec<Expr> = indexes.into_iter().map(|index| named(&key_name(index))).collect();
        let keys = LogicalPlanBuilder::from(self.keys.scan("groups")?).project(names)?.distinct()?.build()?;
        joined(facts, keys, on, JoinType::LeftSemi)
    }

    /// The facts that have a number which some group has, in that column of whole numbers of which the groups have most: few facts are left for
    /// a join to look at.
    fn near(&self, facts: LogicalPlan, of_facts: &[Option<FactKey>]) -> Result<LogicalPlan> {
        let mut most: Option<(Expr, DataType, Vec<i64>)> = None;
        for (index, of_fact) in of_facts.iter().enumerate() {
            let Some(FactKey::Column(name)) = of_fact else { continue };
            let data_type = facts.schema().field_with_unqualified_name(name)?.data_type();
            let is_sought = data_type.is_signed_integer() && self.keys.rows().iter().all(|rows| rows.column(index).null_count() == 0);
            let numbers = if is_sought { whole_numbers(self.keys.rows(), index)? } else { None };
            if let Some(numbers) = numbers
                && most.as_ref().is_none_or(|(.., most)| most.len() < numbers.len())
            {
                most = Some((named(name), data_type.clone(), numbers));
            }
        }
        let Some((column, data_type, numbers)) = most else { return Ok(facts) };
        let (Among::Just(condition) | Among::Around(condition)) = Among::of(&column, &data_type, &numbers)?;
        Ok(LogicalPlanBuilder::from(facts).filter(condition)?.build()?)
    }
}

fn joined(rows: LogicalPlan, keys: LogicalPlan, on: Vec<(Expr, Expr)>, kept: JoinType) -> Result<LogicalPlan> {
    let join = Join::try_new(Arc::new(rows), Arc::new(keys), on, None, kept, JoinConstraint::On, NullEquality::NullEqualsNull, false)?;
    Ok(LogicalPlan::Join(join))
}
