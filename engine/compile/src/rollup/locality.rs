//! The proof that a rollup's buckets can be recomputed one by one.
//!
//! A rollup is *bucket-local* if every output row of bucket b depends only on rows of the fact table that lie in b, through
//! deterministic expressions of the row and through joins that keep the fact's rows (INNER, or the fact on the preserved side). It
//! is local *from a bucket onward* if a row also depends on earlier buckets: running balances. All else is recomputed in full.

use super::symbol::{Bucketing, TimeColumn, time_symbol};
use crate::resolve::{JoinKind, Occurrence, Relation, Resolved, Term};

/// How far a change of one bucket reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Locality {
    /// Into that bucket alone.
    Bucket,
    /// Into that bucket and every later one.
    Onward,
    /// Anywhere, as far as we can prove.
    Unproved(Unproved),
}

/// Why a rollup is not bucket-local.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unproved {
    /// The query has a LIMIT.
    #[error("LIMIT keeps rows by comparing all buckets")]
    Limit,
    /// A GROUP BY without the bucket.
    #[error("a GROUP BY puts rows of several buckets together")]
    GroupWithoutBucket,
    /// A DISTINCT without the bucket.
    #[error("DISTINCT compares rows of several buckets")]
    DistinctWithoutBucket,
    /// A window that reaches over buckets.
    #[error("the window of {function} reaches into later buckets, or is not ordered by the bucket")]
    Window {
        /// The function.
        function: String,
    },
    /// The fact table is on the side of an outer join that can be filled with NULL.
    #[error("a {kind:?} join can drop the rows of `{table}` or fill them with NULL")]
    NullableSide {
        /// The join.
        kind: JoinKind,
        /// The fact table.
        table: String,
    },
    /// Both sides of a join, or a subquery, read the fact table's time in ways we do not follow.
    #[error("{what} is not understood well enough to say which buckets it touches")]
    NotUnderstood {
        /// What it is.
        what: String,
    },
}

impl Unproved {
    /// What to change.
    #[must_use]
    pub const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Limit => Some("leave the LIMIT to what reads this rollup"),
            Self::GroupWithoutBucket => Some("add the bucket to its keys"),
            Self::DistinctWithoutBucket => Some("add the bucket to its columns"),
            Self::Window { .. } => Some("partition by the bucket, or order by it and look back only"),
            Self::NullableSide { .. } => Some("put that table on the side whose rows the join keeps"),
            Self::NotUnderstood { .. } => None,
        }
    }
}

/// The proof's result for a whole rollup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// How far a change reaches.
    pub locality: Locality,
    /// The scans whose rows are mapped to buckets by their own time.
    pub facts: Vec<Occurrence>,
    /// The scans that are joined to them: a change maps to buckets through the join.
    pub lookups: Vec<Occurrence>,
}

/// Proves as much as it can about a query with these buckets of `time`.
pub fn prove(query: &Resolved, time: &TimeColumn, buckets: Bucketing) -> Proof {
    let mut prover = Prover { time, buckets, onward: false, facts: vec![], lookups: vec![] };
    let subqueries = query.columns.iter().any(|column| has_subquery(&column.term));
    let result = if subqueries { Err(subquery()) } else { prover.visit(&query.relation) };
    let locality = match result {
        Ok(true) if prover.onward => Locality::Onward,
        Ok(true) => Locality::Bucket,
        Ok(false) => Locality::Unproved(Unproved::NotUnderstood { what: format!("a query that does not read `{}`", time.table) }),
        Err(reason) => Locality::Unproved(reason),
    };
    Proof { locality, facts: prover.facts, lookups: prover.lookups }
}

struct Prover<'a> {
    time: &'a TimeColumn,
    buckets: Bucketing,
    onward: bool,
    facts: Vec<Occurrence>,
    lookups: Vec<Occurrence>,
}

impl Prover<'_> {
    /// True if the relation is led by the fact table and local; false if it does not read the fact table at all.
    fn visit(&mut self, relation: &Relation) -> Result<bool, Unproved> {
        match relation {
            Relation::Scan { of, table } => {
                let is_fact = *table == self.time.table;
                if is_fact {
                    self.facts.push(*of);
                }
                Ok(is_fact)
            }
            Relation::Filter { input, predicates } => {
                if predicates.iter().any(has_subquery) {
                    return Err(subquery());
                }
                self.visit(input)
            }
            Relation::Join { kind, left, right, conditions } => self.join(*kind, left, right, conditions),
            Relation::Aggregate { input, groups } => {
                let led = self.visit(input)?;
                self.require(led, groups, Unproved::GroupWithoutBucket)
            }
            Relation::Distinct { input, columns } => {
                let led = self.visit(input)?;
                self.require(led, columns, Unproved::DistinctWithoutBucket)
            }
            Relation::Window { input, functions } => self.window(input, functions),
            Relation::Union(inputs) => self.union(inputs),
            Relation::Limit(_) => Err(Unproved::Limit),
            Relation::Opaque { text, .. } => Err(Unproved::NotUnderstood { what: text.clone() }),
        }
    }

    fn require(&self, led: bool, keys: &[Term], reason: Unproved) -> Result<bool, Unproved> {
        if !led || keys.iter().any(|key| self.is_within(key)) { Ok(led) } else { Err(reason) }
    }

    fn is_within(&self, term: &Term) -> bool {
        time_symbol(term, self.time).is_some_and(|symbol| symbol.is_within(self.buckets))
    }

    fn join(&mut self, kind: JoinKind, left: &Relation, right: &Relation, conditions: &[Term]) -> Result<bool, Unproved> {
        if conditions.iter().any(has_subquery) {
            return Err(subquery());
        }
        let reads = |side: &Relation| side.scans().iter().any(|(_, table)| *table == self.time.table);
        let (fact, lookup, keeps_fact) = match (reads(left), reads(right)) {
            (false, false) => return Ok(false),
            (true, true) => return Err(Unproved::NotUnderstood { what: format!("`{}` joined with itself", self.time.table) }),
            (true, false) => (left, right, matches!(kind, JoinKind::Inner | JoinKind::Left | JoinKind::Semi | JoinKind::Anti)),
            (false, true) => (right, left, matches!(kind, JoinKind::Inner | JoinKind::Right)),
        };
        if !keeps_fact {
            return Err(Unproved::NullableSide { kind, table: self.time.table.clone() });
        }
        if reads_subquery(lookup) {
            return Err(subquery());
        }
        self.lookups.extend(lookup.scans().into_iter().map(|(of, _)| of));
        self.visit(fact)
    }

    fn window(&mut self, input: &Relation, functions: &[Term]) -> Result<bool, Unproved> {
        let led = self.visit(input)?;
        for function in functions.iter().filter(|_| led) {
            let Term::Window { name, partition, order, backward, .. } = function else { continue };
            if partition.iter().any(|key| self.is_within(key)) {
                continue;
            }
            if !(*backward && self.is_ordered_by_bucket(order)) {
                return Err(Unproved::Window { function: name.split(' ').next().unwrap_or(name).to_owned() });
            }
            self.onward = true;
        }
        Ok(led)
    }

    /// True for sort keys that put every row of an earlier bucket before all rows of a later one. A longer bucket may stand before
    /// the rollup's own (`ORDER BY month, day`), but not alone: its rows would be peers.
    fn is_ordered_by_bucket(&self, order: &[Term]) -> bool {
        let ascending = |key: &Term| match key {
            Term::Call { name, arguments } if name.starts_with("ascending") => match arguments.as_slice() {
                [inner] => time_symbol(inner, self.time),
                _ => None,
            },
            _ => None,
        };
        let times = order.iter().map_while(ascending);
        let mut times = times.take_while(|symbol| symbol.is_within(self.buckets) || symbol.is_around(self.buckets));
        times.any(|symbol| symbol.is_within(self.buckets))
    }

    fn union(&mut self, inputs: &[Relation]) -> Result<bool, Unproved> {
        let mut led = 0;
        for input in inputs {
            led += usize::from(self.visit(input)?);
        }
        match led {
            0 => Ok(false),
            all if all == inputs.len() => Ok(true),
            _ => Err(Unproved::NotUnderstood { what: format!("a UNION of which some parts do not read `{}`", self.time.table) }),
        }
    }
}

/// Whether a relation depends on tables that are no scans of it, in a subquery of a predicate, a condition or a key.
fn reads_subquery(relation: &Relation) -> bool {
    let terms = match relation {
        Relation::Filter { predicates: terms, .. }
        | Relation::Join { conditions: terms, .. }
        | Relation::Aggregate { groups: terms, .. }
        | Relation::Window { functions: terms, .. }
        | Relation::Distinct { columns: terms, .. }
        | Relation::Opaque { parts: terms, .. } => terms.as_slice(),
        Relation::Scan { .. } | Relation::Union(_) | Relation::Limit(_) => &[],
    };
    terms.iter().any(has_subquery) || relation.inputs().into_iter().any(reads_subquery)
}

fn has_subquery(term: &Term) -> bool {
    term.any(&|part| matches!(part, Term::Opaque { .. }))
}

fn subquery() -> Unproved {
    Unproved::NotUnderstood { what: "a subquery inside an expression".to_owned() }
}
