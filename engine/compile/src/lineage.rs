//! Where every column of a query comes from.

use std::collections::{BTreeMap, BTreeSet};

use crate::resolve::{Relation, Resolved, Term};

/// The lineage of one query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lineage {
    /// The tables that it reads.
    pub tables: BTreeSet<String>,
    /// For each column of the result, in order, the (table, column) pairs that its value is made from.
    pub columns: Vec<(String, BTreeSet<(String, String)>)>,
    /// The (table, column) pairs that decide which rows there are: filters, join conditions, group keys.
    pub rows: BTreeSet<(String, String)>,
}

/// The lineage of a query.
pub fn lineage(query: &Resolved) -> Lineage {
    let mut rows = BTreeSet::new();
    gather_rows(&query.relation, &mut rows);
    Lineage {
        tables: query.relation.scans().into_iter().map(|(_, table)| table.to_owned()).collect(),
        columns: query.columns.iter().map(|column| (column.name.clone(), column.term.origins())).collect(),
        rows,
    }
}

/// The columns of every table that a query uses in any way.
pub fn used_columns(query: &Resolved) -> BTreeMap<String, BTreeSet<String>> {
    let lineage = lineage(query);
    let mut used: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (table, column) in lineage.rows.into_iter().chain(lineage.columns.into_iter().flat_map(|(_, origins)| origins)) {
        used.entry(table).or_default().insert(column);
    }
    used
}

fn gather_rows(relation: &Relation, rows: &mut BTreeSet<(String, String)>) {
    let terms: &[Term] = match relation {
        Relation::Filter { predicates: terms, .. }
        | Relation::Join { conditions: terms, .. }
        | Relation::Aggregate { groups: terms, .. }
        | Relation::Distinct { columns: terms, .. } => terms,
        _ => &[],
    };
    rows.extend(terms.iter().flat_map(Term::origins));
    for input in relation.inputs() {
        gather_rows(input, rows);
    }
}
