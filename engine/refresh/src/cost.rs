//! What a technique would cost: what it has to look at, at rates that earlier refreshes have taught ([`crate::rates`]).

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::rates::{Quantity, Rates};
use crate::technique::Kind;

/// What a technique has to look at and to write.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// Rows that came and that went.
    pub changed_rows: u64,
    /// Those of them that went.
    #[serde(default)]
    pub removed_rows: u64,
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
    /// Bytes of those of their pages that have rows of what changes.
    #[serde(default)]
    pub touched_bytes: u64,
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

/// Predicts costs for a rollup.
pub(crate) struct Costs<'a> {
    seconds: Rates<'a>,
    memory: Rates<'a>,
    bytes: Rates<'a>,
}

impl<'a> Costs<'a> {
    /// Learns from what was seen, the newest first.
    pub(crate) fn of(rollup: &'a str, seen: &'a [Observation]) -> Self {
        let learned = |quantity| Rates::learned(quantity, rollup, seen);
        Self { seconds: learned(Quantity::Seconds), memory: learned(Quantity::Memory), bytes: learned(Quantity::Bytes) }
    }

    /// What a technique would cost.
    pub(crate) fn predict(&self, kind: Kind, work: &Work) -> Prediction {
        Prediction {
            rows: work.changed_rows + work.fact_rows + work.lookup_rows + work.stored_rows,
            bytes: self.bytes.predict(kind, work) as u64,
            memory: self.memory.predict(kind, work) as u64,
            seconds: self.seconds.predict(kind, work),
        }
    }
}
