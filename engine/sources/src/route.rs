//! Rows into files of their partitions: gathered to runs, each run sorted and written as a file of its own.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, StringArray, new_null_array};
use arrow::compute::{SortColumn, concat, filter_record_batch, interleave_record_batch, lexsort_to_indices};
use arrow::datatypes::DataType;
use datafusion::prelude::SessionContext;
use nightshift_lake::{Lake, StageOptions, Staged, StagedWriter, TableLayout, TableName};

use crate::Result;
use crate::columns::Partitioner;
use crate::memory::{Share, bytes_of};

/// Rows of a run, two row groups: large enough for a scan, small enough that a few changed keys do not rewrite much.
const RUN_ROWS: usize = 262_144;
/// While a run is encoded, others are read and checked, which takes about as long.
const CORES_A_WRITER: usize = 2;
/// Rows of a run that are put into their order at once.
const CHUNK_ROWS: usize = 32_768;

/// Takes rows in any order and stages them for one table.
pub(crate) struct Router {
    layout: TableLayout,
    partitioner: Option<Partitioner>,
    /// Runs go to them in turn, so that several are encoded at the same time.
    writers: VecDeque<StagedWriter>,
    /// By the first day of the partition; tables without partitions have one.
    runs: BTreeMap<Option<i32>, Run>,
    share: Share,
    rows: u64,
}

#[derive(Default)]
struct Run {
    batches: Vec<RecordBatch>,
    rows: usize,
    bytes: usize,
}

impl Router {
    /// Rows have the schema of the layout without its partition column, in their order; of the session's memory it holds one part in
    /// so many `parts`.
    pub(crate) fn new(
        lake: &Lake,
        table: &TableName,
        layout: &TableLayout,
        partitioner: Option<Partitioner>,
        session: &SessionContext,
        parts: usize,
    ) -> Result<Self> {
        let parallel = session.copied_config().target_partitions().div_ceil(CORES_A_WRITER).max(1);
        let writers = (0..parallel).map(|_| Ok(lake.stage(table, layout.clone(), StageOptions::default())?)).collect::<Result<_>>()?;
        let share = Share::new(session, format!("ingest:{table}"), parts);
        Ok(Self { layout: layout.clone(), partitioner, writers, runs: BTreeMap::new(), share, rows: 0 })
    }

    /// How many rows it was given.
    pub(crate) const fn rows(&self) -> u64 {
        self.rows
    }

    /// Takes rows; waits while the files cannot keep up.
    pub(crate) async fn push(&mut self, batch: RecordBatch) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        self.rows += u64::try_from(batch.num_rows()).unwrap_or_default();
        let parts = match &mut self.partitioner {
            None => vec![(None, batch)],
            Some(partitioner) => split(&partitioner.days(&batch)?, batch)?,
        };
        for (part, batch) in parts {
            self.add(part, batch).await?;
        }
        Ok(())
    }

    async fn add(&mut self, part: Option<i32>, batch: RecordBatch) -> Result<()> {
        let bytes = bytes_of(&batch);
        while !self.share.try_take(bytes) {
            // The fullest run makes room; a batch that does not fit alone may take what the pool has.
            match self.runs.iter().max_by_key(|(_, run)| run.bytes).map(|(part, _)| *part) {
                Some(fullest) => self.flush(fullest).await?,
                None => {
                    self.share.take(bytes)?;
                    break;
                }
            }
        }
        let run = self.runs.entry(part).or_default();
        run.rows += batch.num_rows();
        run.bytes += bytes;
        run.batches.push(batch);
        if run.rows >= RUN_ROWS { self.flush(part).await } else { Ok(()) }
    }

    async fn flush(&mut self, part: Option<i32>) -> Result<()> {
        let Some(run) = self.runs.remove(&part) else { return Ok(()) };
        let spelled = self.partitioner.as_ref().map(|partitioner| part.map(|day| partitioner.spell(day)));
        let run = Arc::new(run);
        let order = {
            let (run, layout) = (Arc::clone(&run), self.layout.clone());
            tokio::task::spawn_blocking(move || order(&run.batches, &layout)).await??
        };
        if let Some(writer) = self.writers.front_mut() {
            for places in order.chunks(CHUNK_ROWS) {
                let rows = interleave_record_batch(&run.batches.iter().collect::<Vec<_>>(), places)?;
                writer.write(with_partition(rows, &self.layout, spelled.as_ref())?).await?;
            }
            // Every run becomes a file that is sorted as a whole.
            writer.close_file().await?;
        }
        self.writers.rotate_left(1);
        self.share.give_back(run.bytes);
        Ok(())
    }

    /// Writes what is left; gives the staged files.
    pub(crate) async fn finish(mut self) -> Result<Vec<Staged>> {
        while let Some(part) = self.runs.keys().next().copied() {
            self.flush(part).await?;
        }
        let mut staged = Vec::new();
        for writer in self.writers {
            staged.push(writer.finish().await?);
        }
        Ok(staged)
    }
}

/// Splits a batch by the partition of each row; most batches have one.
fn split(days: &[Option<i32>], batch: RecordBatch) -> Result<Vec<(Option<i32>, RecordBatch)>> {
    let Some(first) = days.first().copied() else { return Ok(vec![]) };
    if days.iter().all(|day| *day == first) {
        return Ok(vec![(first, batch)]);
    }
    let distinct: std::collections::BTreeSet<Option<i32>> = days.iter().copied().collect();
    let part = |part: Option<i32>| {
        let mask: BooleanArray = days.iter().map(|day| Some(*day == part)).collect();
        Ok((part, filter_record_batch(&batch, &mask)?))
    };
    distinct.into_iter().map(part).collect()
}

/// The places of a run's rows, as batch and row, in the order of the layout.
fn order(batches: &[RecordBatch], layout: &TableLayout) -> Result<Vec<(usize, usize)>> {
    let places = batches.iter().enumerate().flat_map(|(batch, rows)| (0..rows.num_rows()).map(move |row| (batch, row)));
    let places: Vec<(usize, usize)> = places.collect();
    let by: Vec<SortColumn> =
        layout.sort_columns().iter().filter_map(|name| whole_column(batches, name)).map(|column| Ok(sort_column(&column?))).collect::<Result<_>>()?;
    if by.is_empty() {
        return Ok(places);
    }
    let sorted = lexsort_to_indices(&by, None)?;
    Ok(sorted.values().iter().filter_map(|index| places.get(usize::try_from(*index).ok()?).copied()).collect())
}

/// A column of all batches.
fn whole_column(batches: &[RecordBatch], name: &str) -> Option<Result<ArrayRef>> {
    let parts: Option<Vec<&dyn Array>> = batches.iter().map(|rows| rows.column_by_name(name).map(AsRef::as_ref)).collect();
    parts.filter(|parts| !parts.is_empty()).map(|parts| Ok(concat(&parts)?))
}

/// Rows with the column of their partition, if the table has one.
fn with_partition(rows: RecordBatch, layout: &TableLayout, partition: Option<&Option<String>>) -> Result<RecordBatch> {
    let Some(partition) = partition else { return Ok(rows) };
    let values: ArrayRef = match partition {
        Some(value) => Arc::new(StringArray::from_iter_values(std::iter::repeat_n(value.as_str(), rows.num_rows()))),
        None => new_null_array(&DataType::Utf8, rows.num_rows()),
    };
    let mut columns = rows.columns().to_vec();
    columns.push(values);
    // Times carry the project's zone here and UTC in the table, so the schema is made of what the columns are.
    let mut fields: Vec<_> = rows.schema().fields().iter().map(Arc::clone).collect();
    fields.extend(layout.partition_columns().iter().filter_map(|name| layout.schema().field_with_name(name).ok()).cloned().map(Arc::new));
    Ok(RecordBatch::try_new(Arc::new(arrow::datatypes::Schema::new(fields)), columns)?)
}

fn sort_column(values: &ArrayRef) -> SortColumn {
    let options = arrow::compute::SortOptions { descending: false, nulls_first: false };
    SortColumn { values: Arc::clone(values), options: Some(options) }
}
