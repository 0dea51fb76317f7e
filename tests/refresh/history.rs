//! Random histories: a few rollups, what happens to their sources and definitions in some nights, and whether each then holds what the oracle
//! gives. Each history follows from a number, its seed.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Mutex;

use proptest::prelude::*;
use proptest::sample::subsequence;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use tokio::runtime::{Builder, Runtime};

use nightshift_refresh::{Choice, Kind};

use crate::change::{Change, change};
use crate::shops::Shops;

/// The rollups of the project; those that feed one another stand together, finest first.
pub(crate) const FAMILIES: [&[&str]; 28] = [
    &["by_hour", "by_day", "by_month", "by_year"],
    &["approximate"],
    &["averages"],
    &["balance"],
    &["bits"],
    &["busy"],
    &["by_known_region"],
    &["by_region"],
    &["days_of_month"],
    &["different"],
    &["each_once"],
    &["everything"],
    &["huge"],
    &["lists"],
    &["middles"],
    &["moving"],
    &["newest"],
    &["not_finite"],
    &["owed"],
    &["paid_by_region"],
    &["ranked"],
    &["regression"],
    &["signed"],
    &["sketches", "sketches_of_year"],
    &["spread", "spread_of_year"],
    &["unpaid"],
    &["variations"],
    &["weights"],
];

/// A few rollups, and what happens to them. All of them in each history would cost too much: what one does, another does not see.
#[derive(Debug, Clone)]
pub(crate) struct History {
    pub(crate) rollups: Vec<&'static str>,
    pub(crate) nights: Vec<Night>,
}

/// What happens until the rollups are refreshed.
#[derive(Debug, Clone)]
pub(crate) struct Night {
    /// Whether commits tell which rows they change, as a load does that rewrites a few rows of a file.
    pub(crate) tells: bool,
    /// Rollups that are left out this time, a bit each.
    pub(crate) left_out: u32,
    pub(crate) changes: Vec<Change>,
}

pub(crate) fn histories() -> impl Strategy<Value = History> {
    let rollups = subsequence(FAMILIES.to_vec(), 1..=14).prop_map(|families| families.concat());
    (rollups, nights()).prop_map(|(rollups, nights)| History { rollups, nights })
}

fn nights() -> impl Strategy<Value = Vec<Night>> {
    let left_out = prop_oneof![2 => Just(0_u32), 1 => any::<u32>()];
    let night = (any::<bool>(), left_out, prop::collection::vec(change(), 0..6)).prop_map(|(tells, left_out, changes)| Night { tells, left_out, changes });
    prop::collection::vec(night, 2..6)
}

/// Definitions that a rollup has for a while: rollup, what it says, and what it says then.
pub(crate) const VARIANTS: [(&str, &str, &str); 13] = [
    ("by_hour", "<> 'void'", "= 'void'"),
    ("by_day", "<> 'void'", "= 'void'"),
    ("by_month", "<> 'void'", "= 'void'"),
    ("by_year", "<> 'void'", "= 'void'"),
    ("averages", "s.quantity > 0", "s.quantity > 5"),
    ("balance", "CAST(sum(s.quantity) AS BIGINT)", "CAST(sum(2 * s.quantity) AS BIGINT)"),
    ("busy", "count(*) > 1", "count(*) > 2"),
    ("by_region", "'unknown'", "'elsewhere'"),
    ("different", "s.status = 'done'", "s.status <> 'done'"),
    ("lists", "s.sale_id DESC", "s.sale_id"),
    ("newest", "s.sold_at DESC", "s.sold_at"),
    ("signed", "max(part.amount) AS most", "min(part.amount) AS least, max(part.amount) AS most"),
    ("unpaid", "r.sale_id IS NULL", "r.sale_id IS NOT NULL"),
];

/// Runs histories, and remembers what they have reached.
pub(crate) struct Histories {
    runtime: Runtime,
    /// Which technique is taken where several are allowed, night after night.
    choices: &'static [Choice],
    /// What [`Shops::refresh`] tells.
    pub(crate) seen: Mutex<BTreeSet<String>>,
}

impl Histories {
    /// Each night is brought up to date by looking at least.
    pub(crate) fn new() -> Self {
        Self::choosing(&[Choice::Least])
    }

    /// Techniques are taken in turn, as they may be because they are expected to be fastest.
    pub(crate) fn of_all_techniques() -> Self {
        Self::choosing(&[Choice::Least, Choice::Named(Kind::RebuildBuckets), Choice::Named(Kind::RebuildGroups), Choice::Named(Kind::Full)])
    }

    fn choosing(choices: &'static [Choice]) -> Self {
        Self { choices, runtime: Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap(), seen: Mutex::default() }
    }

    /// The first of the seeds whose history goes wrong, and how: what is left of the history after so many attempts to make it smaller.
    pub(crate) fn first_wrong(&self, seeds: Range<u64>, attempts: u32) -> Option<(u64, String)> {
        let mut seeds = seeds.inspect(|seed| println!("history {seed}"));
        seeds.find_map(|seed| Some((seed, self.wrong(seed, attempts)?)))
    }

    fn wrong(&self, seed: u64, attempts: u32) -> Option<String> {
        let config = Config { cases: 1, max_shrink_iters: attempts, failure_persistence: None, ..Config::default() };
        let bytes: Vec<u8> = seed.to_le_bytes().into_iter().cycle().take(32).collect();
        let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
        match runner.run(&histories(), |history| self.runtime.block_on(self.run(&history)).map_err(TestCaseError::fail)) {
            Ok(()) => None,
            Err(TestError::Fail(why, history)) => Some(format!("{why}\n{history}")),
            Err(TestError::Abort(why)) => Some(why.to_string()),
        }
    }

    async fn run(&self, history: &History) -> Result<(), String> {
        let mut shops = Shops::of(&history.rollups).await;
        for (number, Night { tells, left_out, changes }) in history.nights.iter().enumerate() {
            shops.tells = *tells;
            shops.left_out = *left_out;
            shops.choice = self.choices.get(number % self.choices.len()).copied().unwrap_or_default();
            for change in changes {
                shops.apply(change).await;
            }
            let refreshed = if number % 2 == 1 { shops.refresh_in_units().await } else { shops.refresh().await };
            self.seen.lock().unwrap().extend(refreshed);
            if let Some(difference) = shops.difference().await {
                return Err(format!("after night {number}: {difference}"));
            }
            // What somebody did to the tables is mended, and the next night goes on from there.
            if number % 3 == 1 {
                shops.damage(history.nights.len().is_multiple_of(2)).await;
                shops.backfill().await;
                if let Some(difference) = shops.difference().await {
                    return Err(format!("computed anew after night {number}: {difference}"));
                }
            }
        }
        shops.left_out = 0;
        shops.rebuild_in_units().await;
        match shops.difference().await {
            Some(difference) => Err(format!("built in units: {difference}")),
            None => Ok(()),
        }
    }
}

impl std::fmt::Display for History {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:?}", self.rollups)?;
        for Night { tells, left_out, changes } in &self.nights {
            write!(formatter, "\nnight: tells {tells}, left out {left_out:#b}")?;
            changes.iter().try_for_each(|change| write!(formatter, "\n  {change:?}"))?;
        }
        Ok(())
    }
}
