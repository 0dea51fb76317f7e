//! Rows of a list of files for DataFusion: a plain Parquet scan, told everything that the Delta log knows.
//!
//! The scan skips files by their statistics and partition values, hands filters down so that row groups and pages are skipped
//! too, and answers counts and extremes from the log where they are exact. Times are stored in UTC and shown in the project's
//! zone: files that this engine wrote are read in the shown types directly, so that nothing is cast and filters meet the very
//! columns that row groups have statistics for; files of others go through DataFusion's schema adapter.

mod prune;
mod scan;
mod shown;

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Statistics;
use datafusion::datasource::TableType;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;

use crate::file::DataFile;
use crate::layout::TableLayout;
use crate::snapshot::ScanRoot;
use prune::ScanFile;

/// How rows are shown to SQL.
#[derive(Debug, Clone, Default)]
pub struct ScanOptions {
    /// The zone that times are shown in; UTC if none. The instants are the same.
    pub zone: Option<Arc<str>>,
    /// Whether strings are shown as views, which are faster to group, filter and join by, instead of as Utf8.
    pub string_views: bool,
    /// Whether a last column, [`ROW_NUMBER`], tells the position of each row in its file.
    pub row_numbers: bool,
}

/// The column that tells positions.
pub const ROW_NUMBER: &str = "_row_number";

/// A list of files as a table.
pub struct FileTable {
    root: ScanRoot,
    /// What SQL sees: the columns of the layout in its order, in shown types.
    schema: SchemaRef,
    /// What DataFusion's scan produces: columns of the files, then partition columns.
    scanned: TableSchema,
    /// For each column of `schema` its place in `scanned`.
    places: Vec<usize>,
    files: Vec<ScanFile>,
}

impl fmt::Debug for FileTable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("FileTable").field("root", &self.root).field("files", &self.files.len()).finish_non_exhaustive()
    }
}

impl FileTable {
    pub(crate) fn new(root: ScanRoot, layout: &TableLayout, files: &[DataFile], options: &ScanOptions) -> Self {
        let shown = shown::Shown::new(layout, options);
        let files = files.iter().map(|file| shown.file(&root, file)).collect();
        Self { root, schema: shown.schema, scanned: shown.scanned, places: shown.places, files }
    }

    /// For each file, in the order in which they were given, whether it may hold a row that satisfies every filter, by what the log
    /// knows of it. The filters are expressions over the columns of this table.
    ///
    /// # Errors
    /// If a filter cannot be evaluated.
    pub fn may_hold(&self, state: &dyn Session, filters: &[Expr]) -> Result<Vec<bool>> {
        let kept = scan::candidates(self, state, filters)?;
        Ok(self.files.iter().map(|file| kept.iter().any(|kept| std::ptr::eq(*kept, file))).collect())
    }

    fn partition_names(&self) -> Vec<&str> {
        self.scanned.table_partition_cols().iter().map(|field| field.name().as_str()).collect()
    }

    fn depends_on_partition_alone(&self, filter: &Expr) -> bool {
        let names = self.partition_names();
        !names.is_empty() && datafusion::datasource::listing::helpers::expr_applicable_for_cols(&names, filter)
    }
}

#[async_trait]
impl TableProvider for FileTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        // A filter on partition columns is decided for whole files, so that nothing is left to filter. Every other filter skips
        // what it can and is applied again to the rows.
        let of = |filter: &&Expr| {
            if self.depends_on_partition_alone(filter) { TableProviderFilterPushDown::Exact } else { TableProviderFilterPushDown::Inexact }
        };
        Ok(filters.iter().map(of).collect())
    }

    async fn scan(&self, state: &dyn Session, projection: Option<&Vec<usize>>, filters: &[Expr], limit: Option<usize>) -> Result<Arc<dyn ExecutionPlan>> {
        scan::plan(self, state, projection, filters, limit)
    }

    fn statistics(&self) -> Option<Statistics> {
        let scanned = scan::merged(self.files.iter(), self.scanned.table_schema()).ok()?;
        let columns = self.places.iter().filter_map(|place| scanned.column_statistics.get(*place).cloned()).collect();
        Some(Statistics { num_rows: scanned.num_rows, total_byte_size: scanned.total_byte_size, column_statistics: columns })
    }
}
