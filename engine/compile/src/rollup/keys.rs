//! The keys of a rollup's groups: in which columns its table shows them, and what a fact says of them by itself.
//!
//! Where a table shows every key, one of its rows can be computed anew alone, whatever its aggregates are and whatever HAVING asks of
//! them: from the facts that have these keys.

use datafusion::logical_expr::{Aggregate, LogicalPlan};

use super::obstacle::Obstacle;
use super::states::{grouping_of, is_linear};
use super::symbol::{Bucketing, TimeColumn, TimeSymbol, time_symbol};
use crate::resolve::{Occurrence, Relation, Resolved, Term, resolve};

/// The keys of a rollup that is one GROUP BY, each of whose rows is one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupKeys {
    /// The visible column of each key, in the order of the plan.
    pub columns: Vec<String>,
    /// For each key what a row of the facts says of it without any other table; nothing if the facts are scanned more than once.
    pub of_facts: Vec<Option<FactKey>>,
}

/// A key that a row of the facts has by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FactKey {
    /// The bucket of its time.
    Bucket,
    /// One of its columns.
    Column(String),
}

/// The GROUP BY of which each row of a query is one group, or none where HAVING says so.
#[must_use]
pub fn grouping_of_rows(plan: &LogicalPlan) -> Option<&Aggregate> {
    match plan {
        LogicalPlan::Aggregate(aggregate) => Some(aggregate),
        LogicalPlan::Projection(projection) => grouping_of_rows(&projection.input),
        LogicalPlan::SubqueryAlias(alias) => grouping_of_rows(&alias.input),
        LogicalPlan::Filter(filter) => grouping_of_rows(&filter.input),
        LogicalPlan::Sort(sort) if sort.fetch.is_none() => grouping_of_rows(&sort.input),
        _ => None,
    }
}

impl GroupKeys {
    /// The keys of a query over `facts` that is one GROUP BY of rows that each fact brings by itself; `buckets` are its bucket column and what that
    /// is made of.
    ///
    /// # Errors
    /// Why its groups cannot be computed anew one by one.
    pub(super) fn of(plan: &LogicalPlan, query: &Resolved, time: &TimeColumn, buckets: (&str, Bucketing), facts: &[Occurrence]) -> Result<Self, Obstacle> {
        let aggregate = grouping_of_rows(plan).ok_or_else(|| if grouping_of(plan).is_some() { Obstacle::Window } else { Obstacle::NoGrouping })?;
        let grouped = grouped(&query.relation).ok_or(Obstacle::NoGrouping)?;
        if !is_linear(grouped, time) {
            return Err(Obstacle::BelowGrouping);
        }
        let resolved = resolve(&LogicalPlan::Aggregate(aggregate.clone()));
        let groups: Vec<Term> = resolved.columns.into_iter().take(aggregate.group_expr.len()).map(|column| column.term).collect();
        let columns = shown(&groups, aggregate, query)?;
        // The same bucket may be a key in another type as well, which a bucket that is computed from a fact does not have.
        let of_fact = |(group, column): (&Term, &String)| match facts {
            [fact] => fact_key(group, time, buckets.1, *fact).filter(|key| *key != FactKey::Bucket || column == buckets.0),
            _ => None,
        };
        let of_facts = groups.iter().zip(&columns).map(of_fact).collect();
        if columns.iter().any(|column| column == buckets.0) { Ok(Self { columns, of_facts }) } else { Err(Obstacle::BucketNoKey) }
    }

    /// Whether a fact has all of the keys by itself.
    #[must_use]
    pub fn are_of_facts(&self) -> bool {
        self.of_facts.iter().all(Option::is_some)
    }
}

/// The visible columns of the keys of a grouping; an error if one of them is not shown, or two of one meaning would have one column.
pub(super) fn shown(groups: &[Term], aggregate: &Aggregate, query: &Resolved) -> Result<Vec<String>, Obstacle> {
    let mut columns: Vec<String> = Vec::new();
    for (group, key) in groups.iter().zip(&aggregate.group_expr) {
        let column = query.columns.iter().find(|column| column.term == *group).map(|column| column.name.clone());
        let column = column.filter(|column| !columns.contains(column));
        columns.push(column.ok_or_else(|| Obstacle::HiddenKey { key: key.clone().unalias().schema_name().to_string() })?);
    }
    Ok(columns)
}

fn grouped(relation: &Relation) -> Option<&Relation> {
    match relation {
        Relation::Aggregate { input, .. } => Some(input),
        Relation::Filter { input, .. } => grouped(input),
        _ => None,
    }
}

fn fact_key(group: &Term, time: &TimeColumn, buckets: Bucketing, fact: Occurrence) -> Option<FactKey> {
    match (group, time_symbol(group, time)) {
        (Term::Column { of, name, .. }, _) if *of == fact => Some(FactKey::Column(name.clone())),
        (_, Some(TimeSymbol::Bucket(of, own))) if of == fact && own == buckets => Some(FactKey::Bucket),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use datafusion::prelude::SessionContext;
    use nightshift_calendar::Grain;

    use super::super::symbol::Days;
    use super::*;

    async fn keys(sql: &str) -> Result<GroupKeys, Obstacle> {
        let context = SessionContext::new();
        context.sql("CREATE TABLE f (at TIMESTAMP WITH TIME ZONE, k BIGINT, n BIGINT)").await.unwrap();
        context.sql("CREATE TABLE l (k BIGINT, s VARCHAR)").await.unwrap();
        let plan = context.state().create_logical_plan(sql).await.unwrap();
        let time = TimeColumn { table: "f".to_owned(), column: "at".to_owned() };
        GroupKeys::of(&plan, &resolve(&plan), &time, ("day", Bucketing { grain: Grain::Day, days: Days::Calendar }), &[Occurrence(0)])
    }

    #[tokio::test]
    async fn a_fact_has_some_keys_by_itself() {
        let found =
            keys("SELECT date_trunc('day', at)::date AS day, f.k, s, count(DISTINCT n) AS x FROM f JOIN l ON l.k = f.k GROUP BY 1, 2, 3 HAVING median(n) > 1")
                .await
                .unwrap();
        assert_eq!(found.columns, ["day", "k", "s"]);
        assert_eq!(found.of_facts, [Some(FactKey::Bucket), Some(FactKey::Column("k".to_owned())), None]);
        assert!(!found.are_of_facts());
    }

    #[tokio::test]
    async fn a_group_that_is_no_row_has_no_keys() {
        let hidden = Obstacle::HiddenKey { key: "f.n".to_owned() };
        for (sql, why) in [
            ("SELECT date_trunc('day', at)::date AS day, count(*) AS x FROM f GROUP BY 1, n", hidden),
            ("SELECT DISTINCT date_trunc('day', at)::date AS day, count(*) AS x FROM f GROUP BY 1", Obstacle::NoGrouping),
            ("SELECT date_trunc('day', at)::date AS day, count(*) AS x FROM f GROUP BY 1 LIMIT 3", Obstacle::NoGrouping),
            ("SELECT date_trunc('day', at)::date AS day, sum(count(*)) OVER () AS x FROM f GROUP BY 1", Obstacle::Window),
            ("SELECT date_trunc('day', at)::date AS day, count(*) AS x FROM (SELECT at, n FROM f ORDER BY n LIMIT 1) t GROUP BY 1", Obstacle::BelowGrouping),
        ] {
            assert_eq!(keys(sql).await, Err(why), "{sql}");
        }
    }
}
