//! Queries over sources, answered from rollups.
//!
//! A GROUP BY of a query follows from the rows of a rollup if these have been computed from the same rows of the same versions, and keep what the
//! query asks of them ([`answer`]). Of several such rollups the one with the fewest rows is taken. Times at the ends of the query that are no whole
//! buckets are read from the tables themselves. A rewritten query gives the same rows: numbers are counted and summed exactly or not at all.
//!
//! Start reading at [`rewrite`].

mod answer;
mod bounds;
mod flat;
mod offer;
mod plan;
mod refusal;

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode as _};
use datafusion::logical_expr::{Aggregate, LogicalPlan};
use nightshift_calendar::Calendar;
use nightshift_compile::{Compiled, Rollup};
use nightshift_execute::StepSession;
use nightshift_lake::Lake;
use nightshift_refresh::tables::Pinned;
use nightshift_refresh::{stamps, table_name};

use answer::{Answer, Knowledge, answer};
use flat::Flat;
use offer::Offer;
use plan::Plans;
pub use refusal::Refusal;

/// What a query is rewritten with.
pub struct Request<'a> {
    /// The tables.
    pub lake: &'a Lake,
    /// The session in which the query was planned; all tables of [`tables_beside`] are registered in it.
    pub session: &'a StepSession,
    /// The project.
    pub compiled: &'a Compiled,
    /// The versions that the query reads.
    pub pinned: &'a Pinned,
    /// The project's clock.
    pub calendar: &'a Calendar,
    /// Rollups that are known to hold other rows than their queries give.
    pub wrong: &'a BTreeSet<String>,
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

/// The tables that have to be pinned beside those of a query, so that rollups can be compared with them.
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
    let offers = offers(&wanted, request).await;
    let state = request.session.context.state();
    let known = Knowledge { compiled: request.compiled, state: &state, calendar: request.calendar };
    let mut blocks = vec![];
    let rewritten = plan.clone().transform_up(|node| {
        // What groups groups is not made of rows of a table.
        let LogicalPlan::Aggregate(aggregate) = &node else { return Ok(Transformed::no(node)) };
        if has_groups(&aggregate.input) {
            return Ok(Transformed::no(node));
        }
        let (mut block, best) = look(aggregate, &offers, &known);
        let planned = best.map(|(offer, answer)| {
            let plans = Plans { session: request.session, calendar: request.calendar, query: aggregate, offer, answer: &answer };
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

/// A rollup that can be asked, or why it cannot.
type Candidate = (String, Vec<String>, Result<Offer, Refusal>);

/// Rollups over some of the tables.
async fn offers(wanted: &BTreeSet<String>, request: &Request<'_>) -> Vec<Candidate> {
    let mut offers = vec![];
    for rollup in request.compiled.rollups.iter().filter(|rollup| rollup.tables.iter().any(|table| wanted.contains(table))) {
        offers.push((rollup.name().to_owned(), rollup.tables.clone(), offer(rollup, request).await));
    }
    offers
}

async fn offer(rollup: &Arc<Rollup>, request: &Request<'_>) -> Result<Offer, Refusal> {
    if request.wrong.contains(rollup.name()) {
        return Err(Refusal::Wrong);
    }
    if let Some(table) = rollup.tables.iter().find(|table| !request.pinned.tables.contains_key(*table)) {
        return Err(Refusal::Unreadable { reason: format!("`{table}`, which it is made from, cannot be") });
    }
    // The query can do without a table that is damaged.
    let unreadable = |error: &dyn std::error::Error| Refusal::Unreadable { reason: error.to_string() };
    let name = table_name(rollup).map_err(|error| unreadable(&error))?;
    let table = request.lake.snapshot(&name).await.map_err(|error| unreadable(&error))?;
    let table = table.ok_or(Refusal::NeverBuilt)?;
    if !stamps::is_fresh(rollup, &table, request.pinned).await.map_err(|error| unreadable(&error))? {
        return Err(Refusal::Stale);
    }
    let planned =
        rollup.parsed.plan(&request.session.context).await.map_err(|_| Refusal::NotPlanned { reason: "its query does not fit its tables".to_owned() })?;
    Offer::of(rollup, &planned.plan, table)
}

/// The best answer to a GROUP BY, and what is to be said of all others.
fn look<'a>(aggregate: &Aggregate, offers: &'a [Candidate], known: &Knowledge<'_>) -> (Block, Option<(&'a Offer, Answer)>) {
    let tables: Vec<String> = tables_of(&aggregate.input).into_iter().collect();
    let near = offers.iter().filter(|(_, read, _)| read.iter().any(|table| tables.contains(table)));
    let rows = Flat::of(&aggregate.input);
    let (mut answers, mut refused) = (vec![], vec![]);
    for (name, _, offer) in near {
        let found = match (&rows, offer) {
            (Err(refusal), _) | (_, Err(refusal)) => Err(refusal.clone()),
            (Ok(rows), Ok(offer)) => answer(aggregate, rows, offer, known).map(|answer| (offer, answer)),
        };
        match found {
            Ok(found) => answers.push(found),
            Err(refusal) => refused.push((name.clone(), refusal)),
        }
    }
    let best = answers.into_iter().min_by_key(|(offer, answer)| (answer.leaves_some(), offer.table.rows().unwrap_or(u64::MAX)));
    let answered = best.as_ref().map(|(offer, answer)| Answered {
        rollup: offer.rollup.name().to_owned(),
        version: offer.table.version(),
        rows: offer.table.rows(),
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
