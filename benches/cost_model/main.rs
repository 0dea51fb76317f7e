//! How well the choice of technique is made: 200 cases on a fixed grid, in each of which every allowed technique is measured.
//!
//!     cargo bench --bench cost_model                 # all, some minutes
//!     cargo bench --bench cost_model -- 20           # every tenth case
//!     DETAIL=1 cargo bench --bench cost_model -- 20  # with what was expected of each technique, and its work
//!
//! A case is a table of facts over 64 days and a rollup by day and group. Some share of the facts changes, in some of the days, with or without rows that go.
//! The rollup is brought up to date by each technique that the change allows, from the same state; the faster of two runs counts. What the engine
//! would have chosen, and what it expected, is told beforehand. The history that it learns from is of cases with other seeds, off the grid.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout, clippy::print_stderr)]

mod case;
mod facts;

use async_trait::async_trait;
use nightshift_refresh::{Cost, History, Kind, NoHistory, Observation};

use case::{Case, Measured, ROLLUPS};

/// How many cases there are.
const CASES: usize = 200;
/// How many cases are learned from.
const LEARNED: usize = 60;

struct Seen(Vec<Observation>);

#[async_trait]
impl History for Seen {
    async fn observations(&self) -> Vec<Observation> {
        self.0.clone()
    }
}

/// The grid: every combination of 5 shares, 4 spreads, 5 numbers of groups, with and without removals. The rollups take turns.
fn grid() -> Vec<Case> {
    let mut cases = vec![];
    for share in spread(1e-5, 0.5, 5) {
        for days in [1, 4, 16, 64] {
            for groups in [1, 32, 1_000, 32_000, 1_000_000] {
                for removes in [false, true] {
                    let number = cases.len();
                    cases.push(Case { seed: 1_000 + number as u64, share, days, groups, removes, rollup: ROLLUPS[number / 2 % ROLLUPS.len()] });
                }
            }
        }
    }
    cases
}

/// Cases off the grid.
fn learned() -> Vec<Case> {
    let random = |seed: u64, salt: u64| facts::random(seed, salt) as f64 / u64::MAX as f64;
    let between = |least: f64, most: f64, at: f64| (least.ln() + (most / least).ln() * at).exp();
    let case = |seed: u64| Case {
        seed,
        share: between(1e-5, 0.5, random(seed, 1)),
        days: between(1.0, 64.9, random(seed, 2)) as usize,
        groups: between(1.0, 1e6, random(seed, 3)) as u64,
        removes: seed.is_multiple_of(2),
        rollup: ROLLUPS[seed as usize % ROLLUPS.len()],
    };
    (1..=LEARNED as u64).map(case).collect()
}

/// Numbers from the least to the greatest, each so many times the one before.
fn spread(least: f64, most: f64, count: u32) -> Vec<f64> {
    (0..count).map(|step| (least.ln() + (most / least).ln() * f64::from(step) / f64::from(count - 1)).exp()).collect()
}

/// What came of a case.
struct Result {
    chosen: Kind,
    expected: Vec<Cost>,
    measured: Vec<Measured>,
}

impl Result {
    fn seconds(&self, kind: Kind) -> f64 {
        self.measured.iter().find(|measured| measured.kind == kind).unwrap().observation.seconds
    }

    fn best(&self) -> f64 {
        self.measured.iter().map(|measured| measured.observation.seconds).fold(f64::INFINITY, f64::min)
    }
}

#[tokio::main]
async fn main() {
    let step = std::env::args().filter_map(|argument| argument.parse::<usize>().ok()).next().map_or(1, |cases| CASES / cases.clamp(1, CASES));
    let mut history = vec![];
    for case in learned().iter().step_by(step.min(6)) {
        let measured = case.measure(&NoHistory).await.1;
        history.extend(measured.into_iter().map(|measured| measured.observation));
        eprint!("\rlearned from {} refreshes", history.len());
    }
    eprintln!();
    let history = Seen(history);
    let mut results = vec![];
    for (number, case) in grid().iter().enumerate().step_by(step) {
        let (decision, measured) = case.measure(&history).await;
        let result = Result { chosen: decision.chosen, expected: decision.costs, measured };
        let times: Vec<String> = result.measured.iter().map(|measured| format!("{} {:.0}", measured.kind, measured.observation.seconds * 1e3)).collect();
        println!("{number:>3} {case} chose {:<15} of {} ms", result.chosen, times.join(", "));
        if std::env::var("DETAIL").is_ok() {
            for (cost, measured) in result.expected.iter().zip(&result.measured) {
                let (p, o) = (&cost.prediction, &measured.observation);
                println!(
                    "      {:<15} s {:.3}/{:.3} mem {}/{} bytes {}/{} {:?}",
                    cost.kind, p.seconds, o.seconds, p.memory, o.memory, p.bytes, o.bytes, cost.work
                );
            }
        }
        results.push(result);
    }
    report(&results);
}

fn report(results: &[Result]) {
    let total = |seconds: &dyn Fn(&Result) -> f64| results.iter().map(seconds).sum::<f64>();
    let best = total(&Result::best);
    let times = |name: &str, seconds: &dyn Fn(&Result) -> f64| println!("{name:<28} {:>8.2} s  {:.3} of the best", total(seconds), total(seconds) / best);
    println!("\n{} cases", results.len());
    times("always the best", &Result::best);
    times("as chosen", &|result| result.seconds(result.chosen));
    times("the first that is allowed", &|result| result.measured.first().unwrap().observation.seconds);
    times("always in full", &|result| result.seconds(Kind::Full));
    let right = results.iter().filter(|result| result.seconds(result.chosen) <= result.best() * 1.1).count();
    println!("{:<28} {:.1} %", "within a tenth of the best", 100.0 * right as f64 / results.len() as f64);
    let pairs = || results.iter().flat_map(|result| result.expected.iter().zip(&result.measured));
    let within = |factor: f64, expected: &dyn Fn(&Cost) -> f64, took: &dyn Fn(&Observation) -> f64| {
        let is_within = |(cost, measured): &(&Cost, &Measured)| {
            let ratio = expected(cost).max(1e-9) / took(&measured.observation).max(1e-9);
            (1.0 / factor..=factor).contains(&ratio)
        };
        100.0 * pairs().filter(is_within).count() as f64 / pairs().count() as f64
    };
    println!("seconds within a factor of 2   {:.1} %", within(2.0, &|cost| cost.prediction.seconds, &|seen| seen.seconds));
    println!("memory within a factor of 2    {:.1} %", within(2.0, &|cost| cost.prediction.memory as f64, &|seen| seen.memory as f64));
    // Less than a page read is as good as none.
    let pages = |bytes: u64| bytes.max(1 << 16) as f64;
    println!("bytes within a factor of 1.2   {:.1} %", within(1.2, &|cost| pages(cost.prediction.bytes), &|seen| pages(seen.bytes)));
}
