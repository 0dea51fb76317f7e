//! Queries over sources, answered from rollups.
//!
//! A GROUP BY of a query follows from the rows of a rollup if these have been computed from the same rows of the same versions, and keep what the
//! query asks of them ([`answer`]). That is proved from the two queries alone; only then is looked at the rollup's table ([`Tables`]), because that costs more
//! than to prove. Of several such rollups the coarsest is taken. Times at the ends of the query that are no whole
//! buckets are read from the tables themselves. A rewritten query gives the same rows: numbers are counted and summed exactly or not at all.
//!
//! Start reading at [`rewrite`].

mod answer;
mod bounds;
mod flat;
mod offer;
mod plan;
mod refusal;

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::common::tree_node::{Transformed, TreeNode as _, TreeNodeRecursion};
use datafusion::logical_expr::{Aggregate, LogicalPlan};
use futures::future::join_all;
use nightshift_calendar::{Calendar, Grain};
use nightshift_compile::{Compiled, Rollup};
use nightshift_execute::StepSession;
use nightshift_lake::Snapshot;

use answer::{Answer, Knowledge, answer};
use flat::Flat;
use offer::Offer;
use plan::Plans;
pub use refusal::Refusal;

/// What a query is rewritten with.
pub struct Request<'a> {
    /// The session in which the query was planned. All tables that rollups read beside those of the query are registered in it, if only
    /// without rows: see [`tables_beside`].
    pub session: &'a StepSession,
    /// The project.
    pub compiled: &'a Compiled,
    /// The project's clock.
    pub calendar: &'a Calendar,
    /// The tables of rollups.
    pub tables: &'a dyn Tables,
}

/// The tables of rollups; asked only for those that answer something.
#[async_trait]
pub trait Tables: Send + Sync {
    /// The table of a rollup.
    ///
    /// # Errors
    /// Why it does not hold what the rollup's query gives over the rows that the question is about.
    async fn fresh(&self, rollup: &Rollup) -> Result<Snapshot, Refusal>;
}

/// A query that has been looked at.
#[derive(Debug)]
pub struct Rewritten {
    /// The query; as it was if no rollup answers any of it.
    pub plan: LogicalPlan,
    /// Its GROUP BYs, from the innermost outward.
    pub blocks: Vec<Block>,
}

/// A GROUP BY of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The tables that are grouped, each once.
    pub tables: Vec<String>,
    /// The rollup that answers it.
    pub answered: Option<Answered>,
    /// Rollups over some of these tables that do not, and why.
    pub refused: Vec<(String, Refusal)>,
}

/// How a rollup answers a GROUP BY.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The rollup.
    pub rollup: String,
    /// The version of its table.
    pub version: i64,
    /// How many rows that has, if its files say so.
    pub rows: Option<u64>,
    /// Times that are read from the tables themselves, in microseconds since 1970: they lie in no whole bucket.
    pub rests: Vec<Range<Option<i64>>>,
}

/// The tables that rollups read beside those of a query.
#[must_use]
pub fn tables_beside(compiled: &Compiled, named: &[String]) -> Vec<String> {
    let known: BTreeSet<&String> = named.iter().collect();
    let near = compiled.rollups.iter().filter(|rollup| rollup.tables.iter().any(|table| known.contains(table)));
    let beside: BTreeSet<&String> = near.flat_map(|rollup| &rollup.tables).filter(|table| !known.contains(table)).collect();
    beside.into_iter().cloned().collect()
}

/// Answers the GROUP BYs of a query from rollups, where these give the same rows.
pub async fn rewrite(plan: LogicalPlan, request: &Request<'_>) -> Rewritten {
    let wanted = grouped_tables(&plan);
    if wanted.is_empty() {
        return Rewritten { plan, blocks: vec![] };
    }
    let state = request.session.context.state();
    let known = Knowledge { compiled: request.compiled, state: &state, calendar: request.calendar };
    let mut offers = offers(&wanted, request).await;
    let answering = answering(&plan, &offers, &known);
    look_at_tables(&mut offers, &answering, request.tables).await;
    let mut blocks = vec![];
    let rewritten = plan.clone().transform_up(|node| {
        // What groups groups is not made of rows of a table.
        let LogicalPlan::Aggregate(aggregate) = &node else { return Ok(Transformed::no(node)) };
        if has_groups(&aggregate.input) {
            return Ok(Transformed::no(node));
        }
        let (mut block, best) = look(aggregate, &offers, &known);
        let planned = best.map(|Best { offer, table, answer }| {
            let plans = Plans { session: request.session, calendar: request.calendar, query: aggregate, offer, table, answer: &answer };
            plans.plan().map_err(|error| (offer.rollup.name().to_owned(), Refusal::NotPlanned { reason: error.strip_backtrace() }))
        });
        let planned = match planned {
            Some(Ok(plan)) => Some(plan),
            Some(Err(refused)) => {
                block.answered = None;
                block.refused.push(refused);
                None
            }
            None => None,
        };
        blocks.push(block);
        Ok(planned.map_or_else(|| Transformed::no(node), Transformed::yes))
    });
    match rewritten.and_then(|rewritten| if rewritten.transformed { rewritten.data.recompute_schema() } else { Ok(rewritten.data) }) {
        Ok(plan) => Rewritten { plan, blocks },
        // The query can be run as it is.
        Err(_) => Rewritten { plan, blocks: vec![] },
    }
}

/// A rollup over some of the tables.
struct Candidate {
    rollup: Arc<Rollup>,
    /// What its query keeps, or why that is nothing.
    offer: Result<Offer, Refusal>,
    /// Its table; none as long as nobody has looked at it.
    table: Option<Result<Snapshot, Refusal>>,
}

/// Rollups over some of the tables.
async fn offers(wanted: &BTreeSet<String>, request: &Request<'_>) -> Vec<Candidate> {
    let mut offers = vec![];
    for rollup in request.compiled.rollups.iter().filter(|rollup| rollup.tables.iter().any(|table| wanted.contains(table))) {
        let planned = rollup.parsed.plan(&request.session.context).await;
        let not_planned = |_| Refusal::NotPlanned { reason: "its query does not fit its tables".to_owned() };
        let offer = planned.map_err(not_planned).and_then(|planned| Offer::of(rollup, &planned.plan));
        offers.push(Candidate { rollup: Arc::clone(rollup), offer, table: None });
    }
    offers
}

/// Which of several rollups is asked first: one that leaves nothing over, of the longest buckets, with the fewest keys.
type Rank = (bool, Reverse<Grain>, usize);

fn rank(offer: &Offer, answer: &Answer) -> Rank {
    (answer.leaves_some(), Reverse(offer.rollup.grain()), offer.keys.len())
}

/// For each GROUP BY of a query the rollups that answer it, if their tables hold what they should, by their places.
fn answering(plan: &LogicalPlan, offers: &[Candidate], known: &Knowledge<'_>) -> Vec<Vec<(Rank, usize)>> {
    let mut answering = vec![];
    // Nothing in it fails.
    let _ = plan.apply(|node| {
        if let LogicalPlan::Aggregate(aggregate) = node
            && !has_groups(&aggregate.input)
            && let Ok(rows) = Flat::of(&aggregate.input)
        {
            let ranked = offers.iter().enumerate().filter_map(|(place, candidate)| {
                let offer = candidate.offer.as_ref().ok()?;
                Some((rank(offer, &answer(aggregate, &rows, offer, known).ok()?), place))
            });
            answering.push(ranked.collect());
        }
        Ok(TreeNodeRecursion::Continue)
    });
    answering
}

/// Looks at the tables of the rollups that would be asked first, then at others as long as none of these holds what it should.
async fn look_at_tables(offers: &mut [Candidate], answering: &[Vec<(Rank, usize)>], tables: &dyn Tables) {
    loop {
        let next: BTreeSet<usize> = answering.iter().flat_map(|ranked| next(ranked, offers)).collect();
        if next.is_empty() {
            return;
        }
        let looked = offers.iter_mut().enumerate().filter(|(place, _)| next.contains(place)).map(async |(_, candidate)| {
            let table = tables.fresh(&candidate.rollup).await;
            candidate.table = Some(match (table, &candidate.offer) {
                (Ok(table), Ok(offer)) => offer.check(&table).map(|()| table),
                (table, _) => table,
            });
        });
        join_all(looked).await;
    }
}

/// The places of the rollups to look at next for a GROUP BY: all of one rank, because the one with the fewest rows will be taken.
fn next(ranked: &[(Rank, usize)], offers: &[Candidate]) -> Vec<usize> {
    let table = |place: usize| offers.get(place).and_then(|candidate| candidate.table.as_ref());
    let left = || ranked.iter().filter(|(_, place)| !matches!(table(*place), Some(Err(_))));
    let Some(first) = left().map(|(rank, _)| *rank).min() else { return vec![] };
    let places = || left().filter(|(rank, _)| *rank == first).map(|(_, place)| *place);
    places().filter(|place| table(*place).is_none()).collect()
}

/// A rollup that answers a GROUP BY.
struct Best<'a> {
    offer: &'a Offer,
    table: &'a Snapshot,
    answer: Answer,
}

/// The best answer to a GROUP BY, and what is to be said of all others.
fn look<'a>(aggregate: &Aggregate, offers: &'a [Candidate], known: &Knowledge<'_>) -> (Block, Option<Best<'a>>) {
    let tables: Vec<String> = tables_of(&aggregate.input).into_iter().collect();
    let near = offers.iter().filter(|candidate| candidate.rollup.tables.iter().any(|table| tables.contains(table)));
    let rows = Flat::of(&aggregate.input);
    let (mut answers, mut refused) = (vec![], vec![]);
    for candidate in near {
        let answered = match (&rows, &candidate.offer) {
            (Err(refusal), _) | (_, Err(refusal)) => Err(refusal.clone()),
            (Ok(rows), Ok(offer)) => answer(aggregate, rows, offer, known).map(|answer| (offer, answer)),
        };
        match (answered, &candidate.table) {
            (Ok((offer, answer)), Some(Ok(table))) => answers.push(Best { offer, table, answer }),
            (Err(refusal), _) => refused.push((candidate.rollup.name().to_owned(), refusal)),
            (Ok(_), Some(Err(refusal))) => refused.push((candidate.rollup.name().to_owned(), refusal.clone())),
            // Another one answers, and comes before it.
            (Ok(_), None) => {}
        }
    }
    let best = answers.into_iter().min_by_key(|best| (rank(best.offer, &best.answer), best.table.rows().unwrap_or(u64::MAX)));
    let answered = best.as_ref().map(|Best { offer, table, answer }| Answered {
        rollup: offer.rollup.name().to_owned(),
        version: table.version(),
        rows: table.rows(),
        rests: answer.times.map(|wanted| bounds::rests(wanted.times, wanted.whole.times)).unwrap_or_default(),
    });
    (Block { tables, answered, refused }, best)
}

fn has_groups(plan: &LogicalPlan) -> bool {
    matches!(plan, LogicalPlan::Aggregate(_)) || plan.inputs().into_iter().any(has_groups)
}

/// The tables below all GROUP BYs of a plan.
fn grouped_tables(plan: &LogicalPlan) -> BTreeSet<String> {
    match plan {
        LogicalPlan::Aggregate(aggregate) => tables_of(&aggregate.input),
        other => other.inputs().into_iter().flat_map(grouped_tables).collect(),
    }
}

fn tables_of(plan: &LogicalPlan) -> BTreeSet<String> {
    match plan {
        LogicalPlan::TableScan(scan) => BTreeSet::from([scan.table_name.to_string()]),
        other => other.inputs().into_iter().flat_map(tables_of).collect(),
    }
}
