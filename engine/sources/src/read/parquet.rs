//! Parquet: rows are numbered from 1, and there is no text, so the review table gets a row as JSON.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::Int64Array;
use nightshift_compile::contract::Contract;
use nightshift_quality::{RawBatch, accepts};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use super::{Chunk, Reader, Records, match_columns, names};
use crate::{Error, Result};

pub(crate) struct ParquetReader {
    path: PathBuf,
    reader: Option<ParquetRecordBatchReader>,
    /// For each column of the contract its position among the columns that are read.
    positions: Vec<usize>,
    extra: Vec<String>,
    row: i64,
}

impl ParquetReader {
    pub(crate) fn open(path: &Path, contract: &Contract, batch_size: usize) -> Result<Self> {
        let read = |source| Error::Read { path: path.to_path_buf(), source };
        let parquet = |source| Error::Parquet { path: path.to_path_buf(), source };
        let file = File::open(path).map_err(read)?;
        if file.metadata().map_err(read)?.len() == 0 {
            let path = path.to_path_buf();
            return Ok(Self { path, reader: None, positions: Vec::new(), extra: Vec::new(), row: 0 });
        }
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(parquet)?;
        let schema = Arc::clone(builder.schema());
        let matching = match_columns(path, contract, &names(&schema))?;
        let mut problems = Vec::new();
        for (column, position) in contract.columns.iter().zip(&matching.positions) {
            let Some(field) = schema.fields().get(*position) else { continue };
            if !accepts(field.data_type(), column, contract.local_time.contains(&column.name)) {
                let (name, found, expected) = (&column.name, field.data_type(), &column.data_type);
                problems.push(format!("its column `{name}` is {found}, which cannot become {expected}"));
            }
        }
        if !problems.is_empty() {
            return Err(Error::Shape { path: path.to_path_buf(), source_name: contract.name.clone(), problems });
        }
        let mask = ProjectionMask::roots(builder.parquet_schema(), matching.positions.iter().copied());
        // Columns are read in the order of the file, whatever the order of the mask.
        let mut read: Vec<usize> = matching.positions.clone();
        read.sort_unstable();
        let place = |position: &usize| read.binary_search(position).unwrap_or_default();
        let positions = matching.positions.iter().map(place).collect();
        let reader = builder.with_projection(mask).with_batch_size(batch_size).build().map_err(parquet)?;
        Ok(Self { path: path.to_path_buf(), reader: Some(reader), positions, extra: matching.extra, row: 0 })
    }
}

impl Reader for ParquetReader {
    fn next(&mut self) -> Result<Option<Chunk>> {
        let Some(batch) = self.reader.as_mut().and_then(Iterator::next) else { return Ok(None) };
        let batch = batch.map_err(|error| Error::Parquet { path: self.path.clone(), source: error.into() })?;
        let count = i64::try_from(batch.num_rows()).unwrap_or_default();
        let lines = Int64Array::from_iter_values(self.row + 1..=self.row + count);
        self.row += count;
        let columns = self.positions.iter().map(|position| batch.columns().get(*position).map(Arc::clone)).collect();
        Ok(Some(Chunk { raw: RawBatch { columns, lines }, records: Records::Rows(batch), broken: Vec::new() }))
    }

    fn extra_columns(&self) -> &[String] {
        &self.extra
    }
}
