//! The session factory: one [`Engine`] a batch, one [`StepSession`] a step.

use std::path::PathBuf;
use std::sync::Arc;

use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::MemoryPool;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use nightshift_calendar::Calendar;

use crate::join_filter::ComputeBeforeJoin;
use crate::page_cache::LocalFiles;
use crate::pool::{BatchMemory, StepMemory};
use crate::running::RunningTotals;
use crate::{Error, Result, sorted_joins};

/// What a batch may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of memory for all steps of a batch together.
    pub memory: u64,
    /// Bytes of memory for one step.
    pub step_memory: u64,
    /// Bytes that one step may spill to disk.
    pub spill: u64,
    /// Where it spills.
    pub spill_directory: PathBuf,
    /// Rows in one record batch.
    pub batch_size: usize,
    /// Partitions that one query runs in parallel.
    pub threads: usize,
}

/// How the queries of a step join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joins {
    /// By hash tables: fast, but one side has to fit into memory.
    Hashed,
    /// By sorting where a side is not small: slower, but it spills.
    Sorted,
}

/// Builds the sessions of one batch.
#[derive(Debug)]
pub struct Engine {
    limits: Limits,
    memory: Arc<BatchMemory>,
    calendar: Arc<Calendar>,
}

impl Engine {
    /// Prepares the spill directory and the batch's memory.
    ///
    /// # Errors
    /// [`Error::SpillDirectory`] if the directory cannot be made.
    pub fn new(limits: Limits, calendar: Arc<Calendar>) -> Result<Self> {
        std::fs::create_dir_all(&limits.spill_directory).map_err(|source| Error::SpillDirectory { path: limits.spill_directory.clone(), source })?;
        let memory = Arc::new(BatchMemory::new(usize::try_from(limits.memory).unwrap_or(usize::MAX)));
        Ok(Self { limits, memory, calendar })
    }

    /// The limits that this engine keeps.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// A session for the step `name`, with a memory pool of its own under the batch's.
    ///
    /// # Errors
    /// [`Error::Query`] if DataFusion cannot set up its runtime.
    pub fn step(&self, name: &str) -> Result<StepSession> {
        self.step_joining(name, Joins::Hashed)
    }

    /// As [`Self::step`], with joins of a kind. A step that ran out of memory has a second chance with [`Joins::Sorted`].
    ///
    /// # Errors
    /// As [`Self::step`].
    pub fn step_joining(&self, name: &str, joins: Joins) -> Result<StepSession> {
        let limit = usize::try_from(self.limits.step_memory).unwrap_or(usize::MAX);
        let memory = Arc::new(StepMemory::new(name, limit, Arc::clone(&self.memory)));
        let runtime = self.runtime(Arc::clone(&memory) as Arc<dyn MemoryPool>)?;
        let mut builder = SessionStateBuilder::new()
            .with_config(session_config(&self.limits, &self.calendar))
            .with_runtime_env(runtime)
            .with_default_features()
            .with_optimizer_rule(Arc::new(ComputeBeforeJoin));
        if joins == Joins::Sorted {
            builder = builder.with_physical_optimizer_rules(sorted_joins::rules());
        }
        let builder = builder.with_physical_optimizer_rule(Arc::new(RunningTotals));
        let state = nightshift_functions::register(builder, &self.calendar).build();
        Ok(StepSession { context: SessionContext::new_with_state(state), memory, limit: self.limits.step_memory })
    }

    fn runtime(&self, pool: Arc<dyn MemoryPool>) -> Result<Arc<RuntimeEnv>> {
        let disk = DiskManagerBuilder::default()
            .with_mode(DiskManagerMode::Directories(vec![self.limits.spill_directory.clone()]))
            .with_max_temp_directory_size(self.limits.spill);
        let runtime = RuntimeEnvBuilder::new().with_memory_pool(pool).with_disk_manager_builder(disk).build()?;
        runtime.register_object_store(ObjectStoreUrl::local_filesystem().as_ref(), Arc::new(LocalFiles::new()));
        Ok(Arc::new(runtime))
    }
}

/// A sort keeps one part in so many of a step's memory for merging what it spilled, or DataFusion's 10 MiB if that is less.
const MERGING: u64 = 64;

/// The settings that every session shares; those that differ from DataFusion's defaults have a measured reason.
fn session_config(limits: &Limits, calendar: &Calendar) -> SessionConfig {
    let mut config = SessionConfig::new().with_target_partitions(limits.threads).with_batch_size(limits.batch_size).with_information_schema(false);
    let options = config.options_mut();
    options.sql_parser.collect_spans = true;
    options.execution.time_zone = Some(calendar.zone.name().to_owned());
    // What a sort takes before it begins must not be all that a small pool has: a join that sorts has two in each thread.
    let merging = &mut options.execution.sort_spill_reservation_bytes;
    *merging = usize::try_from(limits.step_memory / MERGING).unwrap_or(usize::MAX).min(*merging);
    // Top N of a group: 27.4 s to 8.4 s on 24 M groups.
    options.optimizer.enable_window_topn = true;
    // Further passes took a twentieth of a small night, and made none of the benchmark's reports and rollups faster.
    options.optimizer.max_passes = 1;
    // It takes scans of one name for the same rows. Ours may read what came under the name of the table, and what went.
    options.optimizer.enable_unions_to_filter = false;
    config
}

/// One step's session. Clones share it.
#[derive(Clone)]
pub struct StepSession {
    /// What DataFusion runs queries with.
    pub context: SessionContext,
    memory: Arc<StepMemory>,
    limit: u64,
}

impl StepSession {
    /// The most bytes that the step's pool has held.
    pub fn peak_memory(&self) -> u64 {
        self.memory.peak() as u64
    }

    /// The step's memory limit in bytes.
    pub fn memory_limit(&self) -> u64 {
        self.limit
    }
}
