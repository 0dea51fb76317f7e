//! The task that writes the files of a stage.

use std::io;
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, RecordBatch, UInt64Array};
use arrow::compute::take;
use arrow::datatypes::{DataType, SchemaRef};
use chrono::Utc;
use datafusion::common::hash_utils::{RandomState, create_hashes};
use nightshift_failure::{Point, reach};
use object_store::ObjectStore;
use object_store::buffered::BufWriter;
use object_store::path::Path;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::arrow::{ArrowWriter, AsyncArrowWriter};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::{ColumnChunkMetaData, SortingColumn};
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;
use tokio::sync::mpsc;

use super::partition::{PartitionValues, folder, runs};
use super::{Order, Stage, StageJournal, StageOptions, convert};
use crate::error::{Error, Result};
use crate::file::{Counted, DataFile, file_name};
use crate::layout::{TableLayout, fingerprint};
use crate::statistics::{FileCollector, STRING_BOUND_BYTES, encode};

/// Does what it is told until nobody tells it any more; gives the files. The journal is told before the first of them is made.
pub(crate) async fn run(
    stage: Stage,
    id: String,
    options: StageOptions,
    mut journal: Option<Arc<dyn StageJournal>>,
    mut orders: mpsc::Receiver<Order>,
) -> Result<Vec<DataFile>> {
    let file_schema = stage.layout.file_schema();
    let properties = properties(&options, &stage.layout, &file_schema)?;
    let mut files = Files { fingerprint: fingerprint(&file_schema), stage, id, options, properties, file_schema, open: None, done: Vec::new() };
    while let Some(order) = orders.recv().await {
        if files.stage.is_abandoned() {
            break;
        }
        let batch = match order {
            Order::Write(batch) => batch,
            Order::CloseFile => {
                files.close().await?;
                continue;
            }
        };
        if let Some(journal) = journal.take() {
            let told = journal.begins(&files.stage.table, &files.id).await;
            told.map_err(|source| Error::Journal { table: files.stage.table.clone(), source })?;
            reach(Point::StageNamed);
        }
        files.write(&batch).await?;
    }
    if !files.stage.is_abandoned() {
        files.close().await?;
    }
    Ok(files.done)
}

/// The files of a stage: those that are done and the one that is open.
struct Files {
    stage: Stage,
    id: String,
    options: StageOptions,
    properties: WriterProperties,
    file_schema: SchemaRef,
    fingerprint: String,
    open: Option<OpenFile>,
    done: Vec<DataFile>,
}

struct OpenFile {
    path: String,
    partition: PartitionValues,
    writer: AsyncArrowWriter<BufWriter>,
    collector: FileCollector,
}

impl Files {
    async fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let stored = convert::to_stored(batch, &self.stage.layout)?;
        let runs = runs(&stored, &self.stage.layout)?;
        let columns = self.file_schema.fields().iter().filter_map(|field| stored.column_by_name(field.name()).cloned()).collect();
        let rows = RecordBatch::try_new(Arc::clone(&self.file_schema), columns)?;
        for (partition, range) in runs {
            self.write_run(partition, &rows.slice(range.start, range.len())).await?;
        }
        Ok(())
    }

    async fn write_run(&mut self, partition: PartitionValues, rows: &RecordBatch) -> Result<()> {
        if self.open.as_ref().is_some_and(|open| open.partition != partition || self.is_full(open)) {
            self.close().await?;
        }
        let open = match &mut self.open {
            Some(open) => open,
            None => {
                let opened = self.create(partition, rows)?;
                self.open.insert(opened)
            }
        };
        open.collector.observe(rows);
        open.writer.write(rows).await.map_err(Error::from_write)
    }

    fn is_full(&self, open: &OpenFile) -> bool {
        let bytes = open.writer.bytes_written() + open.writer.in_progress_size();
        u64::try_from(bytes).is_ok_and(|bytes| bytes >= self.options.file_bytes)
    }

    /// Opens a file whose first rows are these.
    fn create(&self, partition: PartitionValues, rows: &RecordBatch) -> Result<OpenFile> {
        let name = file_name(&self.id, self.done.len(), &self.fingerprint);
        let path = format!("{}{name}", folder(&self.stage.layout, &partition));
        self.stage.note(&path);
        let store: Arc<dyn ObjectStore> = Arc::clone(&self.stage.store);
        let target = BufWriter::new(store, Path::from(path.as_str()));
        // The Arrow schema in a file would say what the Parquet schema and the Delta log say already.
        let properties = fitted(&self.properties, rows)?;
        let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
        let writer = AsyncArrowWriter::try_new_with_options(target, Arc::clone(&self.file_schema), options)?;
        Ok(OpenFile { path, partition, writer, collector: FileCollector::default() })
    }

    async fn close(&mut self) -> Result<()> {
        let Some(mut open) = self.open.take() else { return Ok(()) };
        let metadata = open.writer.finish().await.map_err(Error::from_write)?;
        reach(Point::FileWritten);
        let statistics = open.collector.finish(&self.file_schema, &metadata)?;
        let json = encode(&statistics, &self.file_schema);
        self.done.push(DataFile {
            path: open.path,
            size: u64::try_from(open.writer.bytes_written()).unwrap_or_default(),
            modified: Utc::now().timestamp_millis(),
            partition_values: open.partition,
            statistics: Some(Arc::new(statistics)),
            statistics_json: Some(Arc::from(json)),
            counted: Counted::All,
        });
        Ok(())
    }
}

/// Rows that are looked at, at most, to see whether the values of a column repeat.
const SAMPLE: usize = 16_384;
/// Fewer rows tell nothing.
const SMALL: usize = 1_024;
/// Rows, one after the other, that show whether packed numbers can be compressed.
const PACKED_SAMPLE: usize = 4_096;
/// Compression that saves less than this part, one in so many, is left out.
const LEAST_SAVING: i64 = 10;
/// A row group of wide rows ends earlier: all of it is in memory until then.
const ROW_GROUP_BYTES: usize = 64 << 20;
/// Decimals of so many digits fit into 8 bytes.
const MOST_DIGITS: u8 = 18;

/// Properties without dictionaries for columns whose values hardly repeat, as those of keys: a dictionary of them costs more time to make
/// than all the rest of the column, and is no smaller. Whole numbers are written by how far each is from the one before, in no more bits than that
/// takes: eight bytes each, of which most are zero, take zstd several times as long to read, and a quarter more room. What zstd then makes
/// no smaller is not compressed: it would be unpacked again at every reading, with a context of its own for each column of each row group.
fn fitted(properties: &WriterProperties, rows: &RecordBatch) -> Result<WriterProperties> {
    let mut builder = properties.clone().into_builder();
    let mut packed = Vec::new();
    for (index, (field, column)) in rows.schema().fields().iter().zip(rows.columns()).enumerate() {
        if !field.data_type().is_nested() && hardly_repeats(column) {
            let path = ColumnPath::new(vec![field.name().clone()]);
            builder = builder.set_column_dictionary_enabled(path.clone(), false);
            if is_whole(field.data_type()) {
                builder = builder.set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
                packed.push(index);
            }
        }
    }
    if packed.is_empty() {
        return Ok(builder.build());
    }
    let length = rows.num_rows().min(PACKED_SAMPLE);
    let sample = rows.project(&packed)?.slice((rows.num_rows() - length) / 2, length);
    for path in incompressible(builder.clone().build(), &sample)? {
        builder = builder.set_column_compression(path, Compression::UNCOMPRESSED);
    }
    Ok(builder.build())
}

/// The columns of a sample that are written, with these properties, in nearly as many bytes as they would take uncompressed. Of one that takes
/// less than a byte a row nothing is known: its sample may be nothing but NULLs.
fn incompressible(properties: WriterProperties, sample: &RecordBatch) -> Result<Vec<ColumnPath>> {
    let mut writer = ArrowWriter::try_new(io::sink(), sample.schema(), Some(properties))?;
    writer.write(sample)?;
    let metadata = writer.close()?;
    let chunks = metadata.row_groups().iter().flat_map(|group| group.columns());
    let is_as_long = |chunk: &&ColumnChunkMetaData| {
        let (compressed, uncompressed) = (chunk.compressed_size(), chunk.uncompressed_size());
        uncompressed > chunk.num_values() && compressed * LEAST_SAVING > uncompressed * (LEAST_SAVING - 1)
    };
    Ok(chunks.filter(is_as_long).map(|chunk| chunk.column_path().clone()).collect())
}

/// Whether Parquet stores values as whole numbers of 4 or 8 bytes.
fn is_whole(data_type: &DataType) -> bool {
    match data_type {
        DataType::Int32 | DataType::Int64 | DataType::Date32 | DataType::Timestamp(..) => true,
        DataType::Decimal128(digits, _) => *digits <= MOST_DIGITS,
        _ => false,
    }
}

/// Whether four of five values of a sample, spread over all of a column, are different. What cannot be hashed is not known to be.
fn hardly_repeats(column: &ArrayRef) -> bool {
    let stride = column.len().div_ceil(SAMPLE).max(1);
    let places: UInt64Array = (0..column.len()).step_by(stride).filter_map(|place| u64::try_from(place).ok()).collect();
    if places.len() < SMALL {
        return false;
    }
    let Ok(sample) = take(column, &places, None) else { return false };
    let mut hashes = vec![0; sample.len()];
    if create_hashes([&sample], &RandomState::with_seed(0), &mut hashes).is_err() {
        return false;
    }
    let values = hashes.len() - sample.null_count();
    hashes.sort_unstable();
    hashes.dedup();
    hashes.len() * 5 > values * 4 && values * 2 > places.len()
}

fn properties(options: &StageOptions, layout: &TableLayout, file_schema: &SchemaRef) -> Result<WriterProperties> {
    let compression = match options.zstd_level {
        Some(level) => Compression::ZSTD(ZstdLevel::try_new(level)?),
        None => Compression::UNCOMPRESSED,
    };
    let sorting: Vec<SortingColumn> = layout
        .sort_columns()
        .iter()
        .filter_map(|column| file_schema.index_of(column).ok())
        .filter_map(|index| i32::try_from(index).ok())
        .map(|column_idx| SortingColumn { column_idx, descending: false, nulls_first: false })
        .collect();
    Ok(WriterProperties::builder()
        .set_created_by("nightshift".to_owned())
        .set_compression(compression)
        .set_max_row_group_row_count(Some(options.row_group_rows))
        .set_max_row_group_bytes(Some(ROW_GROUP_BYTES))
        .set_statistics_truncate_length(Some(STRING_BOUND_BYTES))
        .set_column_index_truncate_length(Some(STRING_BOUND_BYTES))
        .set_sorting_columns((!sorting.is_empty()).then_some(sorting))
        .build())
}
