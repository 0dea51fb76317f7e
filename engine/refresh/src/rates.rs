//! Rates at which a refresh works: roughly known beforehand, and learned from the refreshes that have been made.
//!
//! What a technique takes is taken for a sum of terms, each so much for every row of one kind that it looks at. How many times the first guess a term takes is
//! fitted to the refreshes by the same technique: least squares of the relative errors, no term negative, drawn towards how fast all
//! techniques are on this machine (ridge regression, Hoerl and Kennard 1970; by coordinate descent). What is still off is corrected by the
//! refreshes that were most alike: the weighted mean of the logarithms of (taken / fitted), a kernel regression (Nadaraya 1964, Watson 1964) over
//! the size of the work.

use std::collections::BTreeMap;

use crate::cost::{Observation, Work};
use crate::technique::Kind;
use crate::work::PAGE_ROWS;

/// What is predicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantity {
    /// How long it takes.
    Seconds,
    /// The most bytes of memory at one time.
    Memory,
    /// Bytes that are read.
    Bytes,
}

/// Terms of a sum. Those that a quantity does not need are 0.
const TERMS: usize = 7;
type Terms = [f64; TERMS];

/// Memory that a query holds whatever it does, in bytes.
const IDLE_MEMORY: f64 = 8e6;
/// Memory for each group, in bytes.
const GROUP_MEMORY: f64 = 200.0;
/// Memory for each row that changes or is written in its order, in bytes.
const ROW_MEMORY: f64 = 60.0;

/// Who reads less, reads headers and parts of pages: it says nothing of more.
const LEAST_BYTES: f64 = 65_536.0;

impl Quantity {
    /// What each term takes by first guesses, which are of the right order on two cores; `benches/cost_model` says how far they are off.
    fn terms(self, kind: Kind, work: &Work) -> Terms {
        let follows_change = matches!(kind, Kind::Merge | Kind::RebuildGroups);
        match self {
            Self::Seconds => {
                // Microseconds for nothing, then nanoseconds for each row.
                let (start, changed, removed, fact, stored, group) = match kind {
                    Kind::Nothing => (3_000.0, 0.0, 0.0, 0.0, 0.0, 0.0),
                    Kind::Merge => (20_000.0, 500.0, 500.0, 0.0, 350.0, 0.0),
                    Kind::RebuildGroups => (25_000.0, 500.0, 500.0, 60.0, 300.0, 0.0),
                    Kind::RebuildBuckets => (15_000.0, 0.0, 0.0, 100.0, 200.0, 400.0),
                    Kind::Full => (15_000.0, 0.0, 0.0, 80.0, 0.0, 400.0),
                };
                let rows = |nanoseconds: f64, rows: u64| nanoseconds * 1e-9 * rows as f64;
                [
                    start * 1e-6,
                    rows(changed, work.changed_rows),
                    rows(removed, work.removed_rows),
                    rows(fact, work.fact_rows),
                    rows(30.0, work.lookup_rows),
                    rows(stored, work.stored_rows),
                    rows(group, work.groups),
                ]
            }
            Self::Memory => {
                let held = work.stored_rows + if follows_change { work.changed_rows } else { 0 };
                [IDLE_MEMORY, GROUP_MEMORY * work.groups as f64, ROW_MEMORY * held as f64, 0.0, 0.0, 0.0, 0.0]
            }
            Self::Bytes => {
                let touched = if follows_change { work.touched_bytes } else { 0 };
                let found = if kind == Kind::RebuildGroups { bytes_found(work) } else { 0.0 };
                [work.fact_bytes as f64, work.stored_bytes as f64, touched as f64, found, 0.0, 0.0, 0.0]
            }
        }
    }

    /// What a refresh took, if that says something.
    fn taken(self, seen: &Observation) -> Option<f64> {
        let (taken, least) = match self {
            Self::Seconds => (seen.seconds, 0.0),
            Self::Memory => (seen.memory as f64, 0.0),
            Self::Bytes => (seen.bytes as f64, LEAST_BYTES),
        };
        Some(taken).filter(|taken| *taken > least)
    }
}

/// Bytes of the pages in which facts of changed groups are found, if these lie anywhere: of pages with so many of them each, all but one in e to the power of that many.
fn bytes_found(work: &Work) -> f64 {
    let wanted = work.changed_rows as f64 * (work.fact_rows as f64 / work.groups.max(1) as f64).max(1.0);
    let pages = (work.fact_rows as f64 / PAGE_ROWS).max(1.0);
    work.fact_bytes as f64 * -(-wanted / pages).exp_m1()
}

/// How much less a refresh of another rollup says of the rates.
const OTHER_ROLLUP: f64 = 0.2;
/// How much less it says of what the rates cannot tell, and one by another technique.
const OTHER_ROLLUP_RESIDUAL: f64 = 0.05;
const OTHER_KIND_RESIDUAL: f64 = 0.2;
/// How much less the next older refresh says.
const FADING: f64 = 0.98;
/// How many refreshes the first guesses are worth.
const TRUST: f64 = 0.1;
/// The least share of a first guess that a rate can be.
const LEAST: f64 = 0.05;
/// So often each rate is fitted to the others.
const SWEEPS: usize = 60;

/// Rates for the refreshes of a rollup.
pub(crate) struct Rates<'a> {
    quantity: Quantity,
    rollup: &'a str,
    /// How many times its first guess everything takes here.
    pace: f64,
    /// The same of each term, by technique.
    fitted: BTreeMap<Kind, Terms>,
    residuals: Vec<Residual<'a>>,
}

/// A refresh, and what it took.
struct Seen<'a> {
    refresh: &'a Observation,
    taken: f64,
}

/// What the rates cannot tell of a refresh.
struct Residual<'a> {
    rollup: &'a str,
    kind: Kind,
    /// The logarithm of what the rates say it takes.
    size: f64,
    /// The logarithm of (taken / what the rates say).
    off: f64,
}

impl<'a> Rates<'a> {
    /// Fits rates to what was seen, the newest first.
    pub(crate) fn learned(quantity: Quantity, rollup: &'a str, seen: &'a [Observation]) -> Self {
        let guess = |seen: &Observation| quantity.terms(seen.kind, &seen.work).iter().sum::<f64>();
        let taken = |seen: &'a Observation| Some(Seen { refresh: seen, taken: quantity.taken(seen).filter(|_| guess(seen) > 0.0)? });
        let seen: Vec<Seen<'_>> = seen.iter().filter_map(taken).collect();
        let ratios: f64 = seen.iter().map(|seen| (seen.taken / guess(seen.refresh)).ln()).sum();
        let pace = (ratios / (seen.len() as f64 + TRUST)).exp();
        let mut rates = Self { quantity, rollup, pace, fitted: BTreeMap::new(), residuals: vec![] };
        let kinds = Kind::ALL.into_iter().filter(|kind| seen.iter().any(|seen| seen.refresh.kind == *kind));
        rates.fitted = kinds.map(|kind| (kind, rates.fit(kind, &seen))).collect();
        rates.residuals = seen.iter().map(|seen| rates.residual(seen)).collect();
        rates
    }

    /// What a technique takes.
    pub(crate) fn predict(&self, kind: Kind, work: &Work) -> f64 {
        let told = self.told(kind, work);
        if told <= 0.0 {
            return 0.0;
        }
        let (mut weights, mut sum) = (TRUST, 0.0);
        for (age, residual) in self.residuals.iter().enumerate() {
            let of_rollup = if residual.rollup == self.rollup { 1.0 } else { OTHER_ROLLUP_RESIDUAL };
            let of_kind = if residual.kind == kind { 1.0 } else { OTHER_KIND_RESIDUAL };
            let distance = told.ln() - residual.size;
            let weight = of_rollup * of_kind * faded(age) / (1.0 + 4.0 * distance * distance);
            weights += weight;
            sum += weight * residual.off;
        }
        told * (sum / weights).exp()
    }

    /// What the rates alone say.
    fn told(&self, kind: Kind, work: &Work) -> f64 {
        let times = self.fitted.get(&kind).copied().unwrap_or([self.pace; TERMS]);
        self.quantity.terms(kind, work).iter().zip(&times).map(|(term, times)| term * times).sum()
    }

    fn residual(&self, seen: &Seen<'a>) -> Residual<'a> {
        let Observation { rollup, kind, work, .. } = seen.refresh;
        let told = self.told(*kind, work);
        Residual { rollup, kind: *kind, size: told.ln(), off: (seen.taken / told).ln() }
    }

    /// How many times its first guess each term of a technique takes: the least of the sum of squares of what it is off, which is a matrix and a vector.
    fn fit(&self, kind: Kind, seen: &[Seen<'_>]) -> Terms {
        let (mut squares, mut targets) = ([[0.0; TERMS]; TERMS], [TRUST; TERMS]);
        for (index, row) in squares.iter_mut().enumerate() {
            row.iter_mut().skip(index).take(1).for_each(|diagonal| *diagonal = TRUST);
        }
        for (age, seen) in seen.iter().enumerate().filter(|(_, seen)| seen.refresh.kind == kind) {
            let weight = faded(age) * if seen.refresh.rollup == self.rollup { 1.0 } else { OTHER_ROLLUP };
            let terms = self.quantity.terms(kind, &seen.refresh.work).map(|term| term * self.pace / seen.taken);
            for ((row, target), term) in squares.iter_mut().zip(&mut targets).zip(&terms) {
                *target += weight * term;
                row.iter_mut().zip(&terms).for_each(|(square, other)| *square += weight * term * other);
            }
        }
        let mut times = [1.0; TERMS];
        for _ in 0..SWEEPS {
            for (index, (row, target)) in squares.iter().zip(&targets).enumerate() {
                let off = target - row.iter().zip(&times).map(|(square, times)| square * times).sum::<f64>();
                if let (Some(diagonal), Some(own)) = (row.get(index), times.get_mut(index)) {
                    *own = (*own + off / diagonal).max(LEAST);
                }
            }
        }
        times.map(|times| times * self.pace)
    }
}

fn faded(age: usize) -> f64 {
    FADING.powf(age as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(fact_rows: u64, groups: u64) -> Work {
        Work { fact_rows, fact_bytes: fact_rows * 10, groups, ..Work::default() }
    }

    /// A machine on which a fact takes 300 ns, a group 40 ns and a start 30 ms.
    fn seen(rollup: &str, kind: Kind, fact_rows: u64, groups: u64) -> Observation {
        let seconds = 0.03 + 300e-9 * fact_rows as f64 + 40e-9 * groups as f64;
        Observation { rollup: rollup.to_owned(), kind, work: work(fact_rows, groups), bytes: fact_rows * 5, memory: 100_000_000, seconds }
    }

    fn seconds(seen: &[Observation], kind: Kind, fact_rows: u64, groups: u64) -> f64 {
        Rates::learned(Quantity::Seconds, "sales", seen).predict(kind, &work(fact_rows, groups))
    }

    #[test]
    fn first_guesses_are_what_is_known_without_a_history() {
        assert!((seconds(&[], Kind::RebuildBuckets, 1_000_000, 0) - 0.115).abs() < 1e-9);
        assert_eq!(Rates::learned(Quantity::Bytes, "sales", &[]).predict(Kind::RebuildBuckets, &work(1_000_000, 0)), 1e7);
        assert_eq!(Rates::learned(Quantity::Bytes, "sales", &[]).predict(Kind::Merge, &Work::default()), 0.0);
    }

    #[test]
    fn rates_are_learned_one_by_one() {
        let sizes = [(1_000, 10), (1_000, 1_000_000), (100_000, 100_000), (3_000_000, 10), (3_000_000, 3_000_000), (500_000, 1_000)];
        let history: Vec<Observation> = sizes.iter().map(|(facts, groups)| seen("sales", Kind::RebuildBuckets, *facts, *groups)).collect();
        // None of these has been seen, and the first guesses of the terms are a third and ten times of what they take.
        for (facts, groups) in [(2_000_000, 1_000_000), (10_000, 2_000_000), (10_000_000, 10)] {
            let truth = seen("sales", Kind::RebuildBuckets, facts, groups).seconds;
            let predicted = seconds(&history, Kind::RebuildBuckets, facts, groups);
            assert!((0.8..1.25).contains(&(predicted / truth)), "{facts} {groups}: {predicted} for {truth}");
        }
    }

    #[test]
    fn another_rollup_and_another_technique_say_less() {
        let plain = seconds(&[], Kind::RebuildBuckets, 1_000_000, 0);
        let own = seconds(&[seen("sales", Kind::RebuildBuckets, 1_000_000, 0)], Kind::RebuildBuckets, 1_000_000, 0);
        let other = seconds(&[seen("stock", Kind::RebuildBuckets, 1_000_000, 0)], Kind::RebuildBuckets, 1_000_000, 0);
        let kind = seconds(&[seen("sales", Kind::Full, 1_000_000, 0)], Kind::RebuildBuckets, 1_000_000, 0);
        assert!(plain < other && other < own && plain < kind, "{plain} {other} {own} {kind}");
        assert!((0.3..0.34).contains(&own), "{own}");
        let idle = Observation { seconds: 0.0, ..seen("sales", Kind::Full, 1_000, 0) };
        assert_eq!(seconds(&[idle], Kind::RebuildBuckets, 1_000_000, 0), plain);
    }

    #[test]
    fn what_is_off_in_one_direction_stays_so_for_work_of_that_size() {
        let slow = |fact_rows| Observation { seconds: 10.0, ..seen("sales", Kind::Full, fact_rows, 0) };
        let history = [slow(1_000), slow(1_000), seen("sales", Kind::Full, 1_000_000, 0), seen("sales", Kind::Full, 3_000_000, 0)];
        assert!(seconds(&history, Kind::Full, 1_000, 0) > seconds(&history, Kind::Full, 1_000_000, 0));
    }
}
