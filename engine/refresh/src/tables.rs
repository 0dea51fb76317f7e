//! The tables of a batch: one pinned version each, shown to SQL as the contract or the rollup's SELECT has them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::common::{Column, ScalarValue};
use datafusion::datasource::ViewTable;
use datafusion::datasource::empty::EmptyTable;
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use datafusion::prelude::SessionContext;
use nightshift_compile::Rollup;
use nightshift_compile::lineage::used_columns;
use nightshift_lake::Snapshot;

use crate::Result;

/// The mark of a deleted row in the table of an upserted source.
pub(crate) const DELETED: &str = "_deleted";

/// The id of a table that does not exist yet, and its version.
const NO_TABLE: (&str, i64) = ("none", -1);

/// One table at one version.
#[derive(Debug, Clone)]
pub struct PinnedTable {
    /// The version; `None` while no row has ever arrived.
    pub snapshot: Option<Snapshot>,
    /// What SQL sees.
    pub schema: SchemaRef,
}

/// The tables of a batch by name.
#[derive(Debug, Clone, Default)]
pub struct Pinned {
    /// The tables.
    pub tables: BTreeMap<String, PinnedTable>,
    /// The zone that times are shown in.
    pub zone: Arc<str>,
}

impl Pinned {
    /// The identity of a table.
    pub fn table_id(&self, table: &str) -> &str {
        self.snapshot(table).map_or(NO_TABLE.0, Snapshot::table_id)
    }

    /// The pinned version of a table.
    pub fn version(&self, table: &str) -> i64 {
        self.snapshot(table).map_or(NO_TABLE.1, Snapshot::version)
    }

    /// The pinned snapshot of a table.
    pub fn snapshot(&self, table: &str) -> Option<&Snapshot> {
        self.tables.get(table).and_then(|table| table.snapshot.as_ref())
    }
}

/// Registers the pinned tables in a session.
///
/// # Errors
/// DataFusion's, if a table lacks a column that it should show.
pub fn register(context: &SessionContext, pinned: &Pinned) -> Result<()> {
    for (name, table) in &pinned.tables {
        let provider: Arc<dyn TableProvider> = match &table.snapshot {
            None => Arc::new(EmptyTable::new(Arc::clone(&table.schema))),
            Some(snapshot) => {
                let plan = visible(name, snapshot.provider(Some(Arc::clone(&pinned.zone))), &table.schema)?;
                Arc::new(ViewTable::new(plan, None))
            }
        };
        context.register_table(name.as_str(), provider)?;
    }
    Ok(())
}

/// Rows of a table, in its stored columns, as SQL sees them.
///
/// # Errors
/// As [`register`].
pub(crate) fn visible_rows(pinned: &Pinned, table: &str, rows: Arc<dyn TableProvider>) -> Result<Option<LogicalPlan>> {
    pinned.tables.get(table).map(|found| visible(table, rows, &found.schema)).transpose()
}

/// The columns of a table with those that SQL does not see.
pub(crate) fn stored_schema(pinned: &Pinned, table: &str) -> SchemaRef {
    match pinned.snapshot(table) {
        Some(snapshot) => snapshot.provider(Some(Arc::clone(&pinned.zone))).schema(),
        None => pinned.tables.get(table).map_or_else(|| Arc::new(Schema::empty()), |table| Arc::clone(&table.schema)),
    }
}

/// The columns of a table that a rollup looks at.
pub(crate) fn used_by(rollup: &Rollup, table: &str) -> BTreeSet<String> {
    used_columns(&rollup.query).remove(table).unwrap_or_default()
}

/// All columns that a table stores, those that nobody uses as NULL; whether a row is deleted is told by `deleted`.
pub(crate) fn with_unused(rows: LogicalPlan, pinned: &Pinned, table: &str, used: &BTreeSet<String>, deleted: Expr) -> Result<LogicalPlan> {
    let all = stored_schema(pinned, table)
        .fields()
        .iter()
        .map(|field| {
            if field.name() == DELETED {
                Ok(deleted.clone().alias(DELETED))
            } else if used.contains(field.name()) {
                Ok(column(field.name()))
            } else {
                Ok(Expr::Literal(ScalarValue::try_from(field.data_type())?, None).alias(field.name()))
            }
        })
        .collect::<Result<Vec<Expr>>>()?;
    Ok(LogicalPlanBuilder::from(rows).project(all)?.build()?)
}

/// Hides what SQL must not see: deleted rows, and columns of our own. The scan bears the table's name, so that proofs know its
/// columns again.
fn visible(table: &str, provider: Arc<dyn TableProvider>, schema: &SchemaRef) -> Result<LogicalPlan> {
    let deletes = provider.schema().field_with_name(DELETED).is_ok();
    let mut builder = LogicalPlanBuilder::scan(table, provider_as_source(provider), None)?;
    if deletes {
        builder = builder.filter(Expr::Not(Box::new(column(DELETED))))?;
    }
    let columns: Vec<Expr> = schema.fields().iter().map(|field| column(field.name())).collect();
    Ok(builder.project(columns)?.build()?)
}

fn column(name: &str) -> Expr {
    Expr::Column(Column::new_unqualified(name))
}
