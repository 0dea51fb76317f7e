//! Facts that find other rows in a joined table than before, though they did not change themselves.
//!
//! Each of them goes with what it found before and comes with what it finds now. With F the facts, L the joined rows, K the keys of
//! what changed in L, and Q the query, which is linear in the facts:
//!
//! ```text
//! Q(F', L') - Q(F, L) = Q(F' with K, L') + Q(came without K, L') + Q(came with K, L) - Q(went, L) - Q(F' with K, L)
//! ```
//!
//! A fact that came and has a key of K stands in the first, the third and, taken away, in the last term. Rows of L count only if a
//! fact of these terms has their key, so that a payment of today costs a scan of orders and payments, and no grouping of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::arrow::array::{AsArray as _, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::common::{DataFusionError, NullEquality};
use datafusion::datasource::{MemTable, provider_as_source};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::logical_expr::{Expr, Join, JoinConstraint, JoinType, LogicalPlan, LogicalPlanBuilder, lit};
use nightshift_compile::Rollup;
use nightshift_compile::resolve::Occurrence;
use nightshift_compile::rollup::lookup::LookupKey;
use nightshift_execute::{StepSession, run};
use nightshift_functions::Among;
use tokio_util::sync::CancellationToken;

use crate::Result;
use crate::changed::Change;
use crate::delta::union;
use crate::states::named;
use crate::tables::{DELETED, Pinned, stored_schema, used_by, with_unused};

/// Rows that are held in memory at most, of facts and of what they find, of groups and of their values; where there are more, buckets are computed
/// anew.
const MOST_ROWS: usize = 200_000;

/// Rows that were gathered, in one schema. Their memory is the step's until they are dropped.
pub(crate) struct Gathered {
    schema: SchemaRef,
    rows: Vec<RecordBatch>,
    _memory: MemoryReservation,
}

/// The facts that a change of a joined table affects.
pub(crate) struct Affected {
    /// The scan of the joined table.
    pub(crate) lookup: Occurrence,
    pub(crate) key: LookupKey,
    /// The keys of the changed rows.
    pub(crate) keys: Gathered,
    /// The facts with these keys, as they are now.
    pub(crate) facts: Gathered,
}

/// What the facts find: the rows of the joined table with their keys, before and now.
pub(crate) struct Found {
    pub(crate) before: LogicalPlan,
    pub(crate) now: LogicalPlan,
    /// What both plans hold.
    _common: Gathered,
}

impl Gathered {
    /// Gathers the rows of a plan; none if they are too many, or the step has no memory for them.
    pub(crate) async fn of(plan: &LogicalPlan, session: &StepSession, cancel: &CancellationToken) -> Result<Option<Self>> {
        Self::at_most(MOST_ROWS, plan, session, cancel).await
    }

    /// As [`Gathered::of`], with another idea of how many are too many.
    pub(crate) async fn at_most(most: usize, plan: &LogicalPlan, session: &StepSession, cancel: &CancellationToken) -> Result<Option<Self>> {
        let mut running = run::start_selective(session, plan, cancel).await?;
        let schema = running.schema();
        let memory = MemoryConsumer::new("refresh:rows of a merge").register(&session.context.runtime_env().memory_pool);
        let (mut rows, mut count) = (Vec::new(), 0);
        while let Some(batch) = running.next().await? {
            count += batch.num_rows();
            if count > most || memory.try_grow(batch.get_array_memory_size()).is_err() {
                return Ok(None);
            }
            rows.push(batch);
        }
        Ok(Some(Self { schema, rows, _memory: memory }))
    }

    pub(crate) fn rows(&self) -> &[RecordBatch] {
        &self.rows
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.iter().all(|rows| rows.num_rows() == 0)
    }

    pub(crate) fn provider(&self) -> Result<Arc<dyn TableProvider>> {
        Ok(Arc::new(MemTable::try_new(Arc::clone(&self.schema), vec![self.rows.clone()])?))
    }

    /// A scan of them under the name of a table.
    pub(crate) fn scan(&self, table: &str) -> Result<LogicalPlan> {
        Ok(LogicalPlanBuilder::scan(table, provider_as_source(self.provider()?), None)?.build()?)
    }
}

/// The one column of gathered keys.
pub(crate) const KEY: &str = "changed key";

/// Rows whose column has one of the gathered keys (a semi join), or has none of them (an anti join).
pub(crate) fn with_keys(rows: LogicalPlan, column: &str, keys: &Gathered, kept: JoinType) -> Result<LogicalPlan> {
    let keys = keys.scan("changed keys")?;
    let join = Join::try_new(
        Arc::new(rows),
        Arc::new(keys),
        vec![(named(column), named(KEY))],
        None,
        kept,
        JoinConstraint::On,
        NullEquality::NullEqualsNothing,
        false,
    )?;
    Ok(LogicalPlan::Join(join))
}

/// The facts as they are now, in the columns that their table stores, whose column has one of the gathered keys. Columns that the
/// rollup does not use are NULL.
pub(crate) fn facts_by_keys(rollup: &Rollup, pinned: &Pinned, column: &str, keys: &Gathered) -> Result<Option<LogicalPlan>> {
    let table = rollup.time.table.as_str();
    let Some(snapshot) = pinned.snapshot(table) else { return Ok(None) };
    let scan = LogicalPlanBuilder::scan(table, provider_as_source(snapshot.provider(Some(Arc::clone(&pinned.zone)))), None)?;
    // The key first: hardly any row is looked at any further.
    let mut found = LogicalPlanBuilder::from(found_by_keys(scan, column, keys)?);
    if stored_schema(pinned, table).field_with_name(DELETED).is_ok() {
        found = found.filter(Expr::Not(Box::new(named(DELETED))))?;
    }
    with_unused(found.build()?, pinned, table, &used_by(rollup, table), lit(false)).map(Some)
}

/// Rows of files whose column has one of the gathered keys.
fn found_by_keys(scan: LogicalPlanBuilder, column: &str, keys: &Gathered) -> Result<LogicalPlan> {
    let is_whole = scan.schema().field_with_unqualified_name(column)?.data_type().is_signed_integer();
    // Another number would be cut to a whole one.
    let among = if is_whole { among(&named(column), keys.rows())? } else { None };
    let scan = match among {
        Some(Among::Just(has_key)) => return Ok(scan.filter(has_key)?.build()?),
        Some(Among::Around(may_have)) => scan.filter(may_have)?,
        None => scan,
    };
    with_keys(scan.build()?, column, keys, JoinType::LeftSemi)
}

/// The condition for keys that stand in the first column of some batches; nothing for keys that are not whole numbers.
fn among(column: &Expr, keys: &[RecordBatch]) -> Result<Option<Among>> {
    let Some(first) = keys.first() else { return Ok(Some(Among::Just(lit(false)))) };
    let Some(numbers) = whole_numbers(keys, 0)? else { return Ok(None) };
    Ok(Some(Among::of(column, first.schema().field(0).data_type(), &numbers)?))
}

/// The different values of a column, in their order and without NULL, if they are whole numbers.
pub(crate) fn whole_numbers(rows: &[RecordBatch], column: usize) -> Result<Option<Vec<i64>>> {
    let mut numbers = Vec::new();
    for batch in rows {
        let values = batch.column(column);
        if !values.data_type().is_signed_integer() {
            return Ok(None);
        }
        let whole = cast(values, &DataType::Int64).map_err(DataFusionError::from)?;
        numbers.extend(whole.as_primitive::<Int64Type>().iter().flatten());
    }
    numbers.sort_unstable();
    numbers.dedup();
    Ok(Some(numbers))
}

impl Affected {
    /// The rows of the joined table that facts of this plan find, before the change and now; none if they are too many.
    pub(crate) async fn found(
        &self,
        facts: &[LogicalPlan],
        change: &Change,
        used: &BTreeSet<String>,
        pinned: &Pinned,
        session: &StepSession,
        cancel: &CancellationToken,
    ) -> Result<Option<Found>> {
        let Some(keys) = self.keys_of(facts, session, cancel).await? else { return Ok(None) };
        let matched = |rows: Arc<dyn TableProvider>| {
            let rows = found_by_keys(LogicalPlanBuilder::scan(change.table.as_str(), provider_as_source(rows), None)?, &self.key.lookup_column, &keys)?;
            with_unused(rows, pinned, &change.table, used, named(DELETED))
        };
        let Some(common) = change.common(pinned) else { return Ok(None) };
        let Some(common) = Gathered::of(&matched(common)?, session, cancel).await? else { return Ok(None) };
        let beside = |files| -> Result<LogicalPlan> {
            let common = LogicalPlanBuilder::from(common.scan(&change.table)?);
            match change.scan_of(pinned, files) {
                Some(rows) => Ok(common.union(matched(rows)?)?.alias(change.table.as_str())?.build()?),
                None => Ok(common.build()?),
            }
        };
        let (before, now) = (beside(&change.files.removed)?, beside(&change.files.added)?);
        Ok(Some(Found { before, now, _common: common }))
    }

    /// The keys of facts, each once.
    async fn keys_of(&self, facts: &[LogicalPlan], session: &StepSession, cancel: &CancellationToken) -> Result<Option<Gathered>> {
        let keys = facts.iter().map(|facts| Ok(LogicalPlanBuilder::from(facts.clone()).project([named(&self.key.fact_column).alias(KEY)])?.build()?));
        match union(keys.collect::<Result<Vec<_>>>()?)? {
            Some(keys) => Gathered::of(&LogicalPlanBuilder::from(keys).distinct()?.build()?, session, cancel).await,
            None => Ok(None),
        }
    }
}
