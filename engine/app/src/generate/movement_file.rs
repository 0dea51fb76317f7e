//! The Parquet file of cylinder movements.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Builder, Int64Builder, RecordBatch, StringBuilder, TimestampMicrosecondBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use super::damage::Damage;
use super::emit::Variant;
use super::error::{Error, Result};
use super::file::AtomicFile;
use super::movement::Movement;
use super::simulation::Arrivals;
use super::source::Source;
use super::summary::FileSummary;
use super::world::World;

const ROWS_PER_BATCH: usize = 32_768;

/// The movements' file in the making. All its columns may be NULL: a file does not know the contract.
pub(super) struct MovementFile {
    file: AtomicFile,
    writer: ArrowWriter<BufWriter<File>>,
    schema: SchemaRef,
    columns: Columns,
    summary: FileSummary,
}

#[derive(Default)]
struct Columns {
    rows: usize,
    movement_id: Int64Builder,
    depot_id: Int64Builder,
    product_id: Int64Builder,
    customer_id: Int64Builder,
    moved_at: TimestampMicrosecondBuilder,
    movement: StringBuilder,
    quantity: Int32Builder,
}

fn schema() -> SchemaRef {
    let types =
        [DataType::Int64, DataType::Int64, DataType::Int64, DataType::Int64, DataType::Timestamp(TimeUnit::Microsecond, None), DataType::Utf8, DataType::Int32];
    let names = Source::CylinderMovement.columns();
    let fields: Vec<Field> = names.iter().zip(types).map(|(name, kind)| Field::new(*name, kind, true)).collect();
    Arc::new(Schema::new(fields))
}

impl MovementFile {
    pub(super) fn create(folder: &Path) -> Result<Self> {
        let (file, out) = AtomicFile::create(folder, &Source::CylinderMovement.file_name())?;
        let schema = schema();
        // A fixed name, so that a new version of the Parquet crate does not change the file by its name alone.
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).set_created_by("lucky-gas".to_owned()).build();
        let writer = ArrowWriter::try_new(out, Arc::clone(&schema), Some(properties)).map_err(parquet(file.path()))?;
        let summary = FileSummary::new(Source::CylinderMovement, file.path().to_path_buf());
        Ok(MovementFile { file, writer, schema, columns: Columns::default(), summary })
    }

    pub(super) fn write(&mut self, world: &World, variant: Variant, arrivals: &Arrivals) -> Result<()> {
        for movement in &arrivals.movements {
            let id = movement.moved_at.day.id(movement.sequence);
            let first = self.summary.rows == 0;
            let source = Source::CylinderMovement;
            let Some((altered, damage)) = variant.row(world, source, id, movement.moved_at.day, first) else { continue };
            self.summary.count(damage);
            self.summary.late += u64::from(movement.moved_at.day < arrivals.day);
            self.columns.push(movement, altered, damage);
            if damage == Some(Damage::Twice) {
                self.columns.push(movement, altered, None);
            }
            if self.columns.rows >= ROWS_PER_BATCH {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        let path = self.file.path();
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), self.columns.finish()).map_err(|source| Error::Rows { path: path.to_path_buf(), source })?;
        self.writer.write(&batch).map_err(parquet(path))
    }

    pub(super) fn finish(mut self) -> Result<FileSummary> {
        self.flush()?;
        let out = self.writer.into_inner().map_err(parquet(self.file.path()))?;
        self.summary.bytes = self.file.finish(out)?;
        Ok(self.summary)
    }
}

impl Columns {
    fn push(&mut self, movement: &Movement, altered: bool, damage: Option<Damage>) {
        let is_null = |column: &str| matches!(damage, Some(Damage::Value(name, "")) if name == column);
        let given = |column: &str, value: i64| (!is_null(column)).then_some(value);
        self.rows += 1;
        self.movement_id.append_value(movement.moved_at.day.id(movement.sequence));
        self.depot_id.append_option(given("depot_id", i64::from(movement.depot) + 1));
        self.product_id.append_value(i64::from(movement.product) + 1);
        self.customer_id.append_option((movement.customer > 0).then(|| i64::from(movement.customer)));
        self.moved_at.append_option(given("moved_at", movement.moved_at.microseconds()));
        self.movement.append_value(match damage {
            Some(Damage::Value("movement", text)) => text,
            _ => movement.reason.name(),
        });
        let quantity = movement.quantity + i32::from(altered) * movement.quantity.signum();
        self.quantity.append_option((!is_null("quantity")).then_some(quantity));
    }

    fn finish(&mut self) -> Vec<ArrayRef> {
        self.rows = 0;
        vec![
            Arc::new(self.movement_id.finish()),
            Arc::new(self.depot_id.finish()),
            Arc::new(self.product_id.finish()),
            Arc::new(self.customer_id.finish()),
            Arc::new(self.moved_at.finish()),
            Arc::new(self.movement.finish()),
            Arc::new(self.quantity.finish()),
        ]
    }
}

fn parquet(path: &Path) -> impl FnOnce(ParquetError) -> Error + '_ {
    move |source| Error::Parquet { path: path.to_path_buf(), source }
}
