//! Rollups that are one GROUP BY and nothing more: their rows can feed coarser ones.

use crate::resolve::{Relation, Resolved, Term};

/// A query of the form SELECT keys and aggregates FROM input GROUP BY keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grouping {
    /// What is grouped.
    pub input: Relation,
    /// Positions and meanings of the columns that are group keys.
    pub keys: Vec<(usize, Term)>,
    /// Positions and meanings of the columns that are aggregates.
    pub measures: Vec<(usize, Measure)>,
    /// True if every group key is a column of the result: else its rows may look doubled.
    pub complete: bool,
}

/// An aggregate, with what is done to it afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    /// The whole meaning of the column.
    pub term: Term,
    /// How values of several finer buckets are put together, if that gives just the coarser bucket's value.
    pub merge: Option<Merge>,
}

/// How the values of finer buckets become the value of a coarser one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merge {
    /// Counts, and exact sums.
    Sum,
    /// The least.
    Min,
    /// The greatest.
    Max,
}

impl Grouping {
    /// Reads a query as a grouping; `None` if it is more, or less.
    pub fn of(query: &Resolved) -> Option<Self> {
        let Relation::Aggregate { input, groups } = &query.relation else { return None };
        let mut keys = Vec::new();
        let mut measures = Vec::new();
        for (index, column) in query.columns.iter().enumerate() {
            if groups.contains(&column.term) {
                keys.push((index, column.term.clone()));
            } else if is_plain_measure(&column.term) {
                measures.push((index, Measure { merge: merge_of(&column.term), term: column.term.clone() }));
            } else if !reads_groups_only(&column.term, groups) {
                return None;
            }
        }
        let complete = groups.iter().all(|group| keys.iter().any(|(_, key)| key == group));
        Some(Self { input: input.as_ref().clone(), keys, measures, complete })
    }
}

/// An expression over aggregates, such as `sum(a) / count(*)`; it need not be mergeable.
fn is_plain_measure(term: &Term) -> bool {
    term.any(&|part| matches!(part, Term::Aggregate { .. })) && !term.any(&|part| matches!(part, Term::Window { .. } | Term::Opaque { .. }))
}

/// An expression over group keys, such as `day - 1`.
fn reads_groups_only(term: &Term, groups: &[Term]) -> bool {
    groups.contains(term) || (!matches!(term, Term::Column { .. }) && term.children().into_iter().all(|child| reads_groups_only(child, groups)))
}

fn merge_of(term: &Term) -> Option<Merge> {
    match term {
        Term::Aggregate { name, distinct: false, order, .. } if order.is_empty() => match name.as_str() {
            "count" => Some(Merge::Sum),
            "sum" => Some(Merge::Sum),
            "min" => Some(Merge::Min),
            "max" => Some(Merge::Max),
            _ => None,
        },
        // A cast that loses nothing lets sums pass; which casts those are is decided with the types, in `feed`.
        Term::Call { name, arguments } if name.starts_with("cast ") => match arguments.as_slice() {
            [inner] => merge_of(inner),
            _ => None,
        },
        _ => None,
    }
}
