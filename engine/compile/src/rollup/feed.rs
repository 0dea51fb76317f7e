//! The proof that a coarser rollup can be computed from a finer one.
//!
//! It holds if both are one GROUP BY over the same input (same tables, joins and filters), each key of the coarser one is a key of
//! the finer one or a coarser cut of its bucket, and each aggregate of the coarser one stands in the finer one and merges exactly.

use datafusion::arrow::datatypes::DataType;
use nightshift_calendar::Grain;

use super::Rollup;
use super::grouping::{Grouping, Merge};
use super::states::{Hidden, lossless_scale};
use super::symbol::{TimeSymbol, time_symbol};
use crate::resolve::Term;

/// How to compute a rollup from a finer one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// The finer rollup.
    pub feeder: String,
    /// One entry for each column of the coarser rollup, in order.
    pub columns: Vec<FeedColumn>,
    /// The same for each of its hidden columns, with the column's name.
    pub hidden: Vec<(String, FeedColumn)>,
}

/// Where a column comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedColumn {
    /// A key of the feeder.
    Key {
        /// The feeder's column.
        column: String,
        /// What it is cut to, if it is a bucket.
        cut: Option<Grain>,
    },
    /// An aggregate of the feeder, to be merged.
    Measure {
        /// The feeder's column.
        column: String,
        /// How.
        merge: Merge,
    },
}

/// Why a finer rollup cannot feed a coarser one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoFeed {
    /// One of them is more than a GROUP BY.
    #[error("`{rollup}` is more than one GROUP BY")]
    NotGrouping {
        /// Which.
        rollup: String,
    },
    /// Other rows go in.
    #[error("`{feeder}` has other tables, joins or filters")]
    OtherInput {
        /// The finer rollup.
        feeder: String,
    },
    /// A key is missing.
    #[error("`{feeder}` has no key for `{column}`")]
    NoKey {
        /// The finer rollup.
        feeder: String,
        /// The coarser rollup's column.
        column: String,
    },
    /// An aggregate is missing, or cannot be merged.
    #[error("`{column}` cannot be merged exactly from `{feeder}`")]
    NoMeasure {
        /// The finer rollup.
        feeder: String,
        /// The coarser rollup's column.
        column: String,
    },
}

/// Proves that `coarse` can be computed from `fine`.
///
/// # Errors
/// Why it cannot.
pub fn feed(coarse: &Rollup, fine: &Rollup) -> Result<Feed, NoFeed> {
    let grouping = |rollup: &Rollup| rollup.grouping.clone().ok_or_else(|| NoFeed::NotGrouping { rollup: rollup.name().to_owned() });
    let (wanted, given) = (grouping(coarse)?, grouping(fine)?);
    let feeder = fine.name().to_owned();
    if !(wanted.complete && given.complete) {
        return Err(NoFeed::NotGrouping { rollup: feeder });
    }
    if wanted.input != given.input || coarse.time != fine.time {
        return Err(NoFeed::OtherInput { feeder });
    }
    let columns: Result<Vec<FeedColumn>, NoFeed> = (0..coarse.schema.fields().len()).map(|index| column(coarse, fine, &wanted, &given, index)).collect();
    let hidden: Result<Vec<_>, NoFeed> = coarse.states.iter().flat_map(|states| &states.hidden).map(|hidden| hidden_column(fine, &given, hidden)).collect();
    Ok(Feed { feeder, columns: columns?, hidden: hidden? })
}

/// A column of the finer rollup, visible or hidden, with the meaning of a hidden one of the coarser rollup.
fn hidden_column(fine: &Rollup, given: &Grouping, hidden: &Hidden) -> Result<(String, FeedColumn), NoFeed> {
    let meaning = hidden.term.to_string();
    let visible = given.measures.iter().find(|(_, measure)| measure.term.to_string() == meaning).and_then(|(at, _)| fine.schema.fields().get(*at));
    let own = fine.states.iter().flat_map(|states| &states.hidden).find(|own| own.term.to_string() == meaning);
    let column = visible.map(|field| field.name().clone()).or_else(|| own.map(|own| own.column.clone()));
    // The same value may be in several of the finer buckets.
    let column = column.filter(|_| !hidden.function.is_distinct());
    let missing = || NoFeed::NoMeasure { feeder: fine.name().to_owned(), column: hidden.column.clone() };
    column.map(|column| (hidden.column.clone(), FeedColumn::Measure { column, merge: hidden.function.merge() })).ok_or_else(missing)
}

fn column(coarse: &Rollup, fine: &Rollup, wanted: &Grouping, given: &Grouping, index: usize) -> Result<FeedColumn, NoFeed> {
    let name = |rollup: &Rollup, index: usize| rollup.schema.fields().get(index).map_or_else(String::new, |field| field.name().clone());
    let feeder = fine.name().to_owned();
    if let Some((_, key)) = wanted.keys.iter().find(|(at, _)| *at == index) {
        let found = key_column(coarse, fine, given, key);
        return found.map(|(at, cut)| FeedColumn::Key { column: name(fine, at), cut }).ok_or(NoFeed::NoKey { feeder, column: name(coarse, index) });
    }
    let measure = wanted.measures.iter().find(|(at, _)| *at == index).map(|(_, measure)| measure);
    let found = measure.and_then(|measure| {
        let merge = measure.merge?;
        let (at, _) = given.measures.iter().find(|(_, other)| other.term == measure.term)?;
        let data_type = fine.schema.fields().get(*at).map(|field| field.data_type());
        (merge != Merge::Sum || may_be_summed_in_parts(&measure.term, data_type)).then_some((*at, merge))
    });
    found.map(|(at, merge)| FeedColumn::Measure { column: name(fine, at), merge }).ok_or_else(|| NoFeed::NoMeasure { feeder, column: name(coarse, index) })
}

/// The finer rollup's key for a key of the coarser one: the same, or the coarsest bucket that is still as fine.
fn key_column(coarse: &Rollup, fine: &Rollup, given: &Grouping, key: &Term) -> Option<(usize, Option<Grain>)> {
    if let Some((at, _)) = given.keys.iter().find(|(_, other)| other == key) {
        return Some((*at, None));
    }
    let TimeSymbol::Bucket(_, wanted) = time_symbol(key, &coarse.time)? else { return None };
    let grain = |term: &Term| match time_symbol(term, &fine.time)? {
        TimeSymbol::Bucket(_, bucket) if bucket.is_within(wanted) => Some(bucket.grain),
        _ => None,
    };
    let (at, _) = given.keys.iter().filter_map(|(at, term)| Some((*at, grain(term)?))).max_by_key(|(_, grain)| *grain)?;
    Some((at, Some(wanted.grain)))
}

/// True if the sum of partial sums is the sum: exactly for whole numbers and decimals; for floats as exactly as any two plans of one
/// query agree, because DataFusion splits their sums over its threads in the same way.
fn may_be_summed_in_parts(term: &Term, data_type: Option<&DataType>) -> bool {
    let is_float = matches!((term, data_type), (Term::Aggregate { .. }, Some(DataType::Float64)));
    is_float || lossless_scale(term).is_some()
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::datatypes::DataType;

    use super::*;

    fn sum(scale: Option<i8>) -> Term {
        Term::Aggregate { block: 0, name: "sum".to_owned(), arguments: vec![], distinct: false, filter: None, order: vec![], scale }
    }

    fn cast(data_type: &DataType, inner: Term) -> Term {
        Term::call(format!("cast {data_type}"), vec![inner])
    }

    #[test]
    fn only_what_cannot_round_may_be_summed_in_parts() {
        let decimal = |scale| DataType::Decimal128(18, scale);
        assert_eq!(lossless_scale(&sum(Some(2))), Some(2));
        assert_eq!(lossless_scale(&cast(&decimal(2), sum(Some(2)))), Some(2));
        assert_eq!(lossless_scale(&cast(&decimal(4), cast(&DataType::Int64, sum(Some(0))))), Some(4));
        assert_eq!(lossless_scale(&cast(&decimal(2), sum(Some(4)))), None, "each part would be rounded");
        assert_eq!(lossless_scale(&cast(&DataType::Int64, sum(Some(2)))), None, "each part would be cut");
        assert_eq!(lossless_scale(&cast(&decimal(2), sum(None))), None, "a rounded float sum is rounded in each part");
        assert!(may_be_summed_in_parts(&sum(None), Some(&DataType::Float64)));
        assert!(!may_be_summed_in_parts(&cast(&DataType::Float64, sum(None)), Some(&DataType::Float64)), "the cast may be of anything");
        assert!(!may_be_summed_in_parts(&cast(&decimal(2), sum(None)), Some(&decimal(2))));
        assert_eq!(lossless_scale(&cast(&DataType::Float64, sum(Some(2)))), None);
    }
}
