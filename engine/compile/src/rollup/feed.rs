//! The proof that a coarser rollup can be computed from a finer one.
//!
//! It holds if both group the same rows (same tables, joins and filters), each key of the coarser one is a key of the finer one or a coarser cut of
//! its bucket, and each state that the coarser one keeps stands in the finer one too. States, not results: an average follows from the sums and
//! counts of finer buckets and not from their averages, and a window is computed over what the coarser groups have.

use nightshift_calendar::Grain;

use super::Rollup;
use super::grouping::Grouping;
use super::obstacle::Obstacle;
use super::states::StateColumn;
use super::symbol::{TimeSymbol, time_symbol};
use crate::resolve::Term;

/// How to compute the groups of a rollup from those of a finer one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// The finer rollup.
    pub feeder: String,
    /// The coarser rollup's keys.
    pub keys: Vec<FeedKey>,
    /// For each of the coarser rollup's states, in order, the finer rollup's column.
    pub states: Vec<String>,
}

/// Where a key comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedKey {
    /// The coarser rollup's column.
    pub key: String,
    /// The finer rollup's column.
    pub column: String,
    /// What it is cut to, if it is a bucket.
    pub cut: Option<Grain>,
}

/// Why a finer rollup cannot feed a coarser one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoFeed {
    /// The rows of one of them are not just its groups.
    #[error("the rows of `{rollup}` are not just its groups: {reason}")]
    NotGrouping {
        /// Which.
        rollup: String,
        /// Why.
        reason: Obstacle,
    },
    /// What the coarser one computes does not follow from that of some facts and that of others.
    #[error(transparent)]
    NoStates(#[from] Obstacle),
    /// Other rows go in, or they follow another time.
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
    /// An aggregate cannot be told from finer ones.
    #[error("what `{feeder}` keeps does not tell `{column}`")]
    NoState {
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
    let (wanted, given) = (grouping(coarse)?, grouping(fine)?);
    let feeder = fine.name().to_owned();
    if wanted.input != given.input || coarse.time != fine.time {
        return Err(NoFeed::OtherInput { feeder });
    }
    let keys = wanted.keys.iter().map(|(key, term)| match key_column(coarse, fine, given, term) {
        Some((column, cut)) => Ok(FeedKey { key: key.clone(), column, cut }),
        None => Err(NoFeed::NoKey { feeder: feeder.clone(), column: key.clone() }),
    });
    let keys = keys.collect::<Result<_, _>>()?;
    let states = coarse.states.as_ref().map_err(Clone::clone)?;
    let states = states.columns.iter().map(|state| match given.states.iter().find(|own| feeds(own, state)) {
        Some(own) => Ok(own.column.clone()),
        None => Err(NoFeed::NoState { feeder: feeder.clone(), column: state.column.clone() }),
    });
    Ok(Feed { states: states.collect::<Result<_, _>>()?, feeder, keys })
}

fn grouping(rollup: &Rollup) -> Result<&Grouping, NoFeed> {
    rollup.grouping.as_ref().map_err(|reason| NoFeed::NotGrouping { rollup: rollup.name().to_owned(), reason: reason.clone() })
}

/// Whether a state of finer groups gives that of coarser ones. The same value may be in several finer buckets, so different ones cannot be added up.
fn feeds(own: &StateColumn, wanted: &StateColumn) -> bool {
    own.means(wanted) && !own.function.is_distinct()
}

/// The finer rollup's key for a key of the coarser one: the same, or the coarsest bucket that is still as fine.
fn key_column(coarse: &Rollup, fine: &Rollup, given: &Grouping, key: &Term) -> Option<(String, Option<Grain>)> {
    if let Some((column, _)) = given.keys.iter().find(|(_, other)| other == key) {
        return Some((column.clone(), None));
    }
    let TimeSymbol::Bucket(of, wanted) = time_symbol(key, &coarse.time)? else { return None };
    let grain = |term: &Term| match time_symbol(term, &fine.time)? {
        // Where the facts are scanned twice, the bucket of one scan says nothing of that of the other.
        TimeSymbol::Bucket(own, bucket) if own == of && bucket.is_within(wanted) => Some(bucket.grain),
        _ => None,
    };
    let (column, _) = given.keys.iter().filter_map(|(column, term)| Some((column, grain(term)?))).max_by_key(|(_, grain)| *grain)?;
    Some((column.clone(), Some(wanted.grain)))
}
