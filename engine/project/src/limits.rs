//! How much a batch may use.

use crate::yaml::{Node, Reader};
use crate::{ByteSize, machine};

/// How much a batch may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the pool of a whole batch.
    pub memory: u64,
    /// Bytes of the pool of one step, under that of the batch.
    pub step_memory: u64,
    /// Bytes that may be spilled to disk at a time.
    pub spill: u64,
    /// Rows of a record batch.
    pub batch_size: usize,
    /// Processors.
    pub threads: usize,
}

/// The limits that somebody wrote; the others stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LimitOverrides {
    /// See [`Limits::memory`].
    pub memory: Option<u64>,
    /// See [`Limits::step_memory`].
    pub step_memory: Option<u64>,
    /// See [`Limits::spill`].
    pub spill: Option<u64>,
    /// See [`Limits::batch_size`].
    pub batch_size: Option<usize>,
    /// See [`Limits::threads`].
    pub threads: Option<usize>,
}

const GIB: u64 = 1 << 30;

impl Limits {
    /// 16 GiB for a batch and 4 GiB for a step, or what fits into four fifths of the machine's memory; 64 GiB of spill, batches of
    /// 8,192 rows, every processor.
    #[must_use]
    pub fn of_machine() -> Self {
        let memory = machine::memory().map_or(16 * GIB, |total| (total / 5 * 4).min(16 * GIB));
        let threads = machine::threads();
        Self { memory, step_memory: (4 * GIB).min(memory), spill: 64 * GIB, batch_size: 8_192, threads }
    }

    /// These limits with some of them overridden. A step never gets more than its batch.
    #[must_use]
    pub fn with(self, overrides: LimitOverrides) -> Self {
        let memory = overrides.memory.unwrap_or(self.memory);
        Self {
            memory,
            step_memory: overrides.step_memory.unwrap_or(self.step_memory).min(memory),
            spill: overrides.spill.unwrap_or(self.spill),
            batch_size: overrides.batch_size.unwrap_or(self.batch_size),
            threads: overrides.threads.unwrap_or(self.threads),
        }
    }
}

impl LimitOverrides {
    /// Reads `limits: {memory: 16GiB, step_memory: 4GiB, spill: 64GiB, batch_size: 8192, threads: 4}`.
    pub(crate) fn read<'a>(reader: &'a Reader<'a>, node: Option<&'a Node>) -> Self {
        const KEYS: [&str; 5] = ["memory", "step_memory", "spill", "batch_size", "threads"];
        let fields = node.and_then(|node| reader.fields(node, "`limits`", &KEYS, node.span));
        let Some(fields) = fields else { return Self::default() };
        let bytes = |key| {
            let node = fields.get(key)?;
            let positive = |text: &str| text.parse().ok().map(|ByteSize(bytes)| bytes).filter(|bytes| *bytes > 0);
            reader.parsed(node, "a size such as 512MiB", positive)
        };
        let count = |key| fields.get(key).and_then(|node| reader.count(node)).and_then(|count| count.try_into().ok());
        Self { memory: bytes("memory"), step_memory: bytes("step_memory"), spill: bytes("spill"), batch_size: count("batch_size"), threads: count("threads") }
    }
}
