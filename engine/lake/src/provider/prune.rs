//! Which files can hold rows that a filter wants.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, BooleanArray, RecordBatch, RecordBatchOptions, UInt64Array};
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::catalog::Session;
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::{Column, DFSchema, ScalarValue};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::error::Result;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::utils::conjunction;
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;

/// A file of a scan, with the bounds of its columns in the order of the scan.
#[derive(Debug, Clone)]
pub(super) struct ScanFile {
    pub(super) file: PartitionedFile,
    pub(super) rows: Option<u64>,
    pub(super) bounds: Arc<[Bounds]>,
}

/// What is known of one column in one file, in the shown type; a bound that is not known is NULL.
#[derive(Debug, Clone)]
pub(super) struct Bounds {
    pub(super) minimum: ScalarValue,
    pub(super) maximum: ScalarValue,
    pub(super) nulls: Option<u64>,
    pub(super) minimum_exact: bool,
    pub(super) maximum_exact: bool,
}

/// The files whose partition satisfies every filter. The filters look at partition columns alone, so that they are decided here.
pub(super) fn by_partition<'a>(files: Vec<&'a ScanFile>, filters: &[Expr], state: &dyn Session, partition: &Schema, first: usize) -> Result<Vec<&'a ScanFile>> {
    let Some(filter) = conjunction(filters.iter().cloned()) else { return Ok(files) };
    if files.is_empty() {
        return Ok(files);
    }
    let mut columns = Vec::with_capacity(partition.fields().len());
    for index in 0..partition.fields().len() {
        columns.push(ScalarValue::iter_to_array(files.iter().filter_map(|file| file.bounds.get(first + index)).map(|bounds| bounds.minimum.clone()))?);
    }
    let schema = Arc::new(partition.clone());
    let options = RecordBatchOptions::new().with_row_count(Some(files.len()));
    let batch = RecordBatch::try_new_with_options(Arc::clone(&schema), columns, &options)?;
    let filter = state.create_physical_expr(filter, &DFSchema::try_from(schema)?)?;
    let kept = filter.evaluate(&batch)?.into_array(files.len())?;
    let kept = kept.as_boolean();
    Ok(files.into_iter().enumerate().filter(|(index, _)| kept.is_valid(*index) && kept.value(*index)).map(|(_, file)| file).collect())
}

/// The files that may hold a row which satisfies every filter, by what the log knows of their columns.
pub(super) fn by_statistics<'a>(files: Vec<&'a ScanFile>, filters: &[Expr], state: &dyn Session, schema: &SchemaRef) -> Result<Vec<&'a ScanFile>> {
    let Some(filter) = conjunction(filters.iter().cloned()) else { return Ok(files) };
    let filter = state.create_physical_expr(filter, &DFSchema::try_from(Arc::clone(schema))?)?;
    // A filter that says nothing about bounds prunes nothing.
    let Ok(predicate) = PruningPredicateBuilder::new().with_file_schema(Arc::clone(schema)).try_build(filter) else { return Ok(files) };
    if predicate.always_true() {
        return Ok(files);
    }
    let kept = predicate.prune(&FileBounds { files: &files, schema })?;
    Ok(files.into_iter().zip(kept).filter(|(_, kept)| *kept).map(|(file, _)| file).collect())
}

struct FileBounds<'a> {
    files: &'a [&'a ScanFile],
    schema: &'a SchemaRef,
}

impl FileBounds<'_> {
    fn of(&self, column: &Column) -> Option<Vec<&Bounds>> {
        let index = self.schema.index_of(&column.name).ok()?;
        self.files.iter().map(|file| file.bounds.get(index)).collect()
    }

    fn values(&self, column: &Column, bound: fn(&Bounds) -> &ScalarValue) -> Option<ArrayRef> {
        let values = ScalarValue::iter_to_array(self.of(column)?.into_iter().map(|bounds| bound(bounds).clone())).ok()?;
        (values.null_count() < values.len()).then_some(values)
    }
}

impl PruningStatistics for FileBounds<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.values(column, |bounds| &bounds.minimum)
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.values(column, |bounds| &bounds.maximum)
    }

    fn num_containers(&self) -> usize {
        self.files.len()
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        Some(Arc::new(self.of(column)?.into_iter().map(|bounds| bounds.nulls).collect::<UInt64Array>()))
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        Some(Arc::new(self.files.iter().map(|file| file.rows).collect::<UInt64Array>()))
    }

    fn contained(&self, _column: &Column, _values: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}
