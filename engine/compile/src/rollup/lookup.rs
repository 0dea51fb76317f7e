//! By which column the facts find their rows of a joined table.
//!
//! If a fact looks up rows by a key, and what it finds there depends on the rows of that key alone, then only facts with the keys of changed
//! rows can find other rows than before.

use super::Rollup;
use crate::resolve::{Occurrence, Relation, Term};

/// A column of the facts and the column of the joined table that it is equal to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupKey {
    /// The facts.
    pub fact: Occurrence,
    /// Their column.
    pub fact_column: String,
    /// The joined table's column.
    pub lookup_column: String,
}

/// The key by which the facts look up rows of a scan; none if they do not do so by one plain column, or could see rows of other keys.
#[must_use]
pub fn lookup_key(rollup: &Rollup, lookup: Occurrence) -> Option<LookupKey> {
    let [fact] = rollup.proof.facts.as_slice() else { return None };
    let (side, conditions) = join_of(&rollup.query.relation, lookup, *fact)?;
    if !keeps_keys_apart(side) {
        return None;
    }
    conditions.iter().find_map(|condition| {
        let Term::Call { name, arguments } = condition else { return None };
        let [one, other] = arguments.as_slice() else { return None };
        let (one, other) = (column_of(one)?, column_of(other)?);
        let key = |(of, fact_column): (Occurrence, &str), (found, lookup_column): (Occurrence, &str)| {
            let matches = of == *fact && found == lookup;
            matches.then(|| LookupKey { fact: of, fact_column: fact_column.to_owned(), lookup_column: lookup_column.to_owned() })
        };
        if name == "=" { key(one, other).or_else(|| key(other, one)) } else { None }
    })
}

fn column_of(term: &Term) -> Option<(Occurrence, &str)> {
    match term {
        Term::Column { of, name, .. } => Some((*of, name)),
        _ => None,
    }
}

/// The side of the lowest join of both scans that has the lookup, and the join's conditions.
fn join_of(relation: &Relation, lookup: Occurrence, fact: Occurrence) -> Option<(&Relation, &[Term])> {
    let has = |relation: &Relation, scan: Occurrence| relation.scans().iter().any(|(of, _)| *of == scan);
    if let Relation::Join { left, right, conditions, .. } = relation {
        for (side, other) in [(left, right), (right, left)] {
            if has(side, lookup) && has(other, fact) {
                return Some((side, conditions));
            }
        }
    }
    relation.inputs().into_iter().find_map(|input| join_of(input, lookup, fact))
}

/// Whether a row depends on no rows but those from which it has its columns. A column that a GROUP BY lets through is one of its keys.
fn keeps_keys_apart(side: &Relation) -> bool {
    let own = !matches!(side, Relation::Window { .. } | Relation::Limit(_) | Relation::Opaque { .. });
    own && side.inputs().into_iter().all(keeps_keys_apart)
}
