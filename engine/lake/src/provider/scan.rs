//! The plan of a scan: which files, in which groups, with which statistics.

use std::cmp::Reverse;
use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use datafusion::catalog::Session;
use datafusion::common::Statistics;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::Result;
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;

use super::FileTable;
use super::prune::{ScanFile, by_partition, by_statistics};

pub(super) fn plan(
    table: &FileTable,
    state: &dyn Session,
    projection: Option<&Vec<usize>>,
    filters: &[Expr],
    limit: Option<usize>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let mut files = candidates(table, state, filters)?;
    if let Some(limit) = limit.filter(|_| filters.iter().all(|filter| table.depends_on_partition_alone(filter))) {
        enough(&mut files, limit);
    }
    let columns: Vec<usize> = match projection {
        Some(columns) => columns.iter().filter_map(|column| table.places.get(*column).copied()).collect(),
        None => table.places.clone(),
    };
    if files.is_empty() {
        let shown = table.schema.project(projection.unwrap_or(&(0..table.places.len()).collect()))?;
        return Ok(Arc::new(EmptyExec::new(Arc::new(shown))));
    }
    let schema = table.scanned.table_schema();
    let statistics = merged(files.iter().copied(), schema)?;
    let groups = groups(&files, state.config().target_partitions(), schema)?;
    let store = state.runtime_env().object_store(&table.root.store)?;
    let cache = state.runtime_env().cache_manager.get_file_metadata_cache();
    let source = ParquetSource::new(table.scanned.clone())
        .with_table_parquet_options(state.default_table_options().parquet)
        .with_parquet_file_reader_factory(Arc::new(CachedParquetFileReaderFactory::new(store, cache)));
    let source = match source.table_parquet_options().global.metadata_size_hint {
        Some(hint) => source.with_metadata_size_hint(hint),
        None => source,
    };
    let config = FileScanConfigBuilder::new(table.root.store.clone(), Arc::new(source))
        .with_file_groups(groups)
        .with_statistics(statistics)
        .with_projection_indices(Some(columns))?
        .with_limit(limit)
        .build();
    Ok(DataSourceExec::from_data_source(config))
}

/// The files that may hold a row which satisfies every filter.
pub(super) fn candidates<'a>(table: &'a FileTable, state: &dyn Session, filters: &[Expr]) -> Result<Vec<&'a ScanFile>> {
    let (partition_filters, row_filters): (Vec<Expr>, Vec<Expr>) = filters.iter().cloned().partition(|filter| table.depends_on_partition_alone(filter));
    let partition = Schema::new(table.scanned.table_partition_cols().clone());
    let first_partition = table.scanned.file_schema().fields().len();
    let files = by_partition(table.files.iter().collect(), &partition_filters, state, &partition, first_partition)?;
    by_statistics(files, &row_filters, state, table.scanned.table_schema())
}

/// Keeps only as many files as are sure to hold `limit` rows.
fn enough(files: &mut Vec<&ScanFile>, limit: usize) {
    let mut rows = 0;
    let mut kept = 0;
    for file in files.iter() {
        let Some(count) = file.rows else { return };
        if rows >= limit {
            break;
        }
        rows = rows.saturating_add(usize::try_from(count).unwrap_or(usize::MAX));
        kept += 1;
    }
    files.truncate(kept);
}

/// The statistics of all files together, in the columns of the scan.
pub(super) fn merged<'a>(files: impl Iterator<Item = &'a ScanFile>, schema: &SchemaRef) -> Result<Statistics> {
    Statistics::try_merge_iter(files.filter_map(|file| file.file.statistics.as_deref()), schema)
}

/// Spreads files over at most `count` groups of about the same size; inside a group they keep their order.
fn groups(files: &[&ScanFile], count: usize, schema: &SchemaRef) -> Result<Vec<FileGroup>> {
    let mut by_size: Vec<(usize, &ScanFile)> = files.iter().copied().enumerate().collect();
    by_size.sort_by_key(|(_, file)| Reverse(file.file.object_meta.size));
    let mut groups: Vec<(u64, Vec<(usize, &ScanFile)>)> = vec![(0, Vec::new()); count.clamp(1, files.len().max(1))];
    for (index, file) in by_size {
        if let Some((bytes, group)) = groups.iter_mut().min_by_key(|(bytes, _)| *bytes) {
            *bytes += file.file.object_meta.size;
            group.push((index, file));
        }
    }
    groups
        .into_iter()
        .filter(|(_, group)| !group.is_empty())
        .map(|(_, mut group)| {
            group.sort_by_key(|(index, _)| *index);
            let statistics = merged(group.iter().map(|(_, file)| *file), schema)?;
            Ok(FileGroup::new(group.into_iter().map(|(_, file)| file.file.clone()).collect()).with_statistics(Arc::new(statistics)))
        })
        .collect()
}
