//! What a technique would cost: what it has to look at, at rough rates, corrected by what such work took before.
//!
//! The rates give the order of magnitude on an unknown machine. Each refresh that has been made says how far they are from the truth; one of the same rollup
//! by the same technique and of about the same size says most. The correction is the weighted mean of the logarithms of (what it took /
//! what the rates say), drawn towards none while little is known: a kernel regression (Nadaraya 1964, Watson 1964) over the size of the work.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::technique::Kind;

/// What a technique has to look at and to write.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// Rows that came and that went.
    pub changed_rows: u64,
    /// Facts that are read; rows of a finer rollup, if they are computed from one.
    pub fact_rows: u64,
    /// Bytes of the columns of these that are used.
    pub fact_bytes: u64,
    /// Rows of tables that are joined.
    pub lookup_rows: u64,
    /// Rows of the rollup's table that are read and written anew.
    pub stored_rows: u64,
    /// Bytes of these.
    pub stored_bytes: u64,
    /// Rows of the rollup's table in what is computed anew: how many groups that will be, roughly.
    pub groups: u64,
}

/// What a technique is expected to cost.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// Rows that are read.
    pub rows: u64,
    /// Bytes that are read.
    pub bytes: u64,
    /// The most bytes of memory at one time.
    pub memory: u64,
    /// How long it takes.
    pub seconds: f64,
}

/// What a refresh took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// The rollup.
    pub rollup: String,
    /// The technique.
    pub kind: Kind,
    /// What it had to do.
    pub work: Work,
    /// Bytes that were read.
    pub bytes: u64,
    /// The most bytes of memory at one time.
    pub memory: u64,
    /// How long it took.
    pub seconds: f64,
}

/// What refreshes took before; asked only where there is a choice.
#[async_trait]
pub trait History: Send + Sync {
    /// The newest refreshes, the newest first.
    async fn observations(&self) -> Vec<Observation>;
}

/// Nothing is known of earlier refreshes.
#[derive(Debug, Clone, Copy)]
pub struct NoHistory;

#[async_trait]
impl History for NoHistory {
    async fn observations(&self) -> Vec<Observation> {
        vec![]
    }
}

/// What a technique takes for each row, in nanoseconds, beside what it takes for nothing, in microseconds.
struct Rates {
    start: f64,
    changed: f64,
    fact: f64,
    lookup: f64,
    stored: f64,
    group: f64,
}

impl Rates {
    /// Of the right order on two cores; `benches/cost_model` says how far they are off, with and without a history.
    const fn of(kind: Kind) -> Self {
        match kind {
            Kind::Nothing => Self { start: 3_000.0, changed: 0.0, fact: 0.0, lookup: 0.0, stored: 0.0, group: 0.0 },
            Kind::Merge => Self { start: 20_000.0, changed: 500.0, fact: 0.0, lookup: 30.0, stored: 350.0, group: 0.0 },
            Kind::RebuildGroups => Self { start: 25_000.0, changed: 500.0, fact: 60.0, lookup: 30.0, stored: 300.0, group: 0.0 },
            Kind::RebuildBuckets => Self { start: 15_000.0, changed: 0.0, fact: 100.0, lookup: 30.0, stored: 200.0, group: 400.0 },
            Kind::Full => Self { start: 15_000.0, changed: 0.0, fact: 80.0, lookup: 30.0, stored: 0.0, group: 400.0 },
        }
    }

    fn seconds(&self, work: &Work) -> f64 {
        let rows = [
            (self.changed, work.changed_rows),
            (self.fact, work.fact_rows),
            (self.lookup, work.lookup_rows),
            (self.stored, work.stored_rows),
            (self.group, work.groups),
        ];
        self.start * 1e-6 + rows.into_iter().map(|(rate, rows)| rate * 1e-9 * rows as f64).sum::<f64>()
    }
}

/// Memory that a query holds whatever it does, in bytes.
const IDLE_MEMORY: f64 = 8e6;
/// Memory for each group, in bytes.
const GROUP_MEMORY: f64 = 200.0;
/// Memory for each row that changes or is written in its order, in bytes.
const ROW_MEMORY: f64 = 60.0;

/// How much less an observation of another rollup says, and one by another technique.
const OTHER_ROLLUP: f64 = 0.05;
const OTHER_KIND: f64 = 0.2;
/// How much less the next older observation says.
const FADING: f64 = 0.98;
/// How many observations the rates are worth.
const TRUST: f64 = 0.1;

/// Predicts costs by rates and by what was seen.
pub(crate) struct Costs {
    pub(crate) seen: Vec<Observation>,
}

impl Costs {
    /// What a technique would cost for a rollup.
    pub(crate) fn predict(&self, rollup: &str, kind: Kind, work: &Work) -> Prediction {
        let expected = Expected::of(kind, work);
        let corrected = |value: fn(&Expected) -> f64, took: fn(&Observation) -> f64| value(&expected) * self.correction(rollup, kind, &expected, value, took);
        Prediction {
            rows: work.changed_rows + work.fact_rows + work.lookup_rows + work.stored_rows,
            bytes: corrected(|expected| expected.bytes, |seen| seen.bytes as f64) as u64,
            memory: corrected(|expected| expected.memory, |seen| seen.memory as f64) as u64,
            seconds: corrected(|expected| expected.seconds, |seen| seen.seconds),
        }
    }

    fn correction(&self, rollup: &str, kind: Kind, expected: &Expected, value: fn(&Expected) -> f64, took: fn(&Observation) -> f64) -> f64 {
        let (mut weights, mut sum) = (TRUST, 0.0);
        for (age, seen) in self.seen.iter().enumerate() {
            let then = value(&Expected::of(seen.kind, &seen.work));
            let took = took(seen);
            if then <= 0.0 || took <= 0.0 {
                continue;
            }
            let likeness = if seen.rollup == rollup { 1.0 } else { OTHER_ROLLUP } * if seen.kind == kind { 1.0 } else { OTHER_KIND };
            let distance = (value(expected).max(f64::MIN_POSITIVE) / then).ln();
            let weight = likeness * FADING.powf(age as f64) / (1.0 + 4.0 * distance * distance);
            weights += weight;
            sum += weight * (took / then).ln();
        }
        (sum / weights).exp()
    }
}

/// What the rates say.
struct Expected {
    bytes: f64,
    memory: f64,
    seconds: f64,
}

impl Expected {
    fn of(kind: Kind, work: &Work) -> Self {
        let held = match kind {
            Kind::Merge | Kind::RebuildGroups => work.changed_rows + work.stored_rows,
            _ => work.stored_rows,
        };
        Self {
            bytes: (work.fact_bytes + work.stored_bytes) as f64,
            memory: IDLE_MEMORY + GROUP_MEMORY * work.groups as f64 + ROW_MEMORY * held as f64,
            seconds: Rates::of(kind).seconds(work),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(rollup: &str, kind: Kind, fact_rows: u64, times: f64) -> Observation {
        let work = Work { fact_rows, fact_bytes: fact_rows * 10, ..Work::default() };
        let seconds = times * Rates::of(kind).seconds(&work);
        Observation { rollup: rollup.to_owned(), kind, work, bytes: work.fact_bytes / 2, memory: 100_000_000, seconds }
    }

    #[test]
    fn what_was_seen_corrects_the_rates() {
        let work = Work { fact_rows: 1_000_000, fact_bytes: 10_000_000, ..Work::default() };
        let plain = Costs { seen: vec![] }.predict("sales", Kind::RebuildBuckets, &work);
        assert!((plain.seconds - 0.115).abs() < 1e-9 && plain.bytes == 10_000_000, "{plain:?}");
        let learned = Costs { seen: vec![seen("sales", Kind::RebuildBuckets, 1_000_000, 3.0); 5] }.predict("sales", Kind::RebuildBuckets, &work);
        assert!((2.8..3.0).contains(&(learned.seconds / plain.seconds)), "{learned:?}");
        assert!((5_000_000..5_300_000).contains(&learned.bytes), "{learned:?}");
        // Another rollup, or work of another size, says less; and nothing that took no time says anything.
        let other = Costs { seen: vec![seen("stock", Kind::RebuildBuckets, 1_000_000, 3.0)] }.predict("sales", Kind::RebuildBuckets, &work);
        let small = Costs { seen: vec![seen("sales", Kind::RebuildBuckets, 1_000, 3.0)] }.predict("sales", Kind::RebuildBuckets, &work);
        assert!(other.seconds < learned.seconds && other.seconds > plain.seconds, "{other:?}");
        assert!(small.seconds < learned.seconds && small.seconds > plain.seconds, "{small:?}");
        assert_eq!(Costs { seen: vec![seen("sales", Kind::Full, 1_000, 0.0)] }.predict("sales", Kind::RebuildBuckets, &work).seconds, plain.seconds);
    }
}
