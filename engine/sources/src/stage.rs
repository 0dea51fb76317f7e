//! Files into staged rows: read, validated, and written aside with their file and line, before anything is merged.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use nightshift_lake::{Lake, StageOptions, Staged, TableLayout, TableName};
use nightshift_quality::{ReviewRow, Rules};
use tokio::sync::mpsc;

use crate::arrival::Arrival;
use crate::read::{self, RecordText};
use crate::{Error, Result};

/// The file that a row came from, `<date>/<name>`.
pub(crate) const FILE: &str = "_file";
/// The line of the file on which it stands.
pub(crate) const LINE: &str = "_line";
/// True for the tombstone of a key.
pub(crate) const DELETED: &str = "_deleted";

/// What came out of some files.
pub(crate) struct StagedFiles {
    /// The good rows.
    pub(crate) rows: Staged,
    /// The others.
    pub(crate) review: Vec<ReviewRow>,
    /// All records.
    pub(crate) records: u64,
    /// Columns that the contract does not have, by file.
    pub(crate) extra_columns: Vec<String>,
}

/// The columns of a source's table without its partition column.
pub(crate) fn staged_schema(rules: &Rules, upsert: bool) -> SchemaRef {
    let mut fields: Vec<Field> = rules.schema().fields().iter().map(|field| field.as_ref().clone()).collect();
    fields.push(Field::new(FILE, DataType::Utf8, false));
    fields.push(Field::new(LINE, DataType::Int64, false));
    if upsert {
        fields.push(Field::new(DELETED, DataType::Boolean, false));
    }
    Arc::new(Schema::new(fields))
}

enum Message {
    Rows(RecordBatch),
    Review(ReviewRow),
}

/// Reads files one after the other and stages their rows.
pub(crate) async fn stage(lake: &Lake, table: &TableName, rules: &Arc<Rules>, files: &[&Arrival], batch_size: usize, upsert: bool) -> Result<StagedFiles> {
    let schema = staged_schema(rules, upsert);
    let layout = TableLayout::new(&schema, vec![], vec![])?;
    let mut writer = lake.stage(table, layout, StageOptions::default())?;
    let (mut review, mut records, mut extra_columns) = (Vec::new(), 0, Vec::new());
    for arrival in files {
        let (sender, mut receiver) = mpsc::channel(4);
        let reading = Reading { arrival: (*arrival).clone(), rules: Arc::clone(rules), schema: Arc::clone(&schema), batch_size, upsert, sender };
        let task = tokio::task::spawn_blocking(move || reading.run());
        while let Some(message) = receiver.recv().await {
            match message {
                Message::Rows(rows) => {
                    records += rows.num_rows() as u64;
                    writer.write(rows).await?;
                }
                Message::Review(row) => {
                    records += 1;
                    review.push(row);
                }
            }
        }
        let extra = task.await??;
        extra_columns.extend(extra.into_iter().map(|column| format!("{}: {column}", arrival.file.identity())));
        if !arrival.file.is_unchanged()? {
            return Err(Error::Changed { path: arrival.file.path.clone() });
        }
    }
    Ok(StagedFiles { rows: writer.finish().await?, review, records, extra_columns })
}

/// Reads one file on a thread of its own.
struct Reading {
    arrival: Arrival,
    rules: Arc<Rules>,
    schema: SchemaRef,
    batch_size: usize,
    upsert: bool,
    sender: mpsc::Sender<Message>,
}

impl Reading {
    fn run(self) -> Result<Vec<String>> {
        let file = &self.arrival.file;
        let mut reader = read::open(&file.path, self.rules.contract(), self.batch_size)?;
        let mut validator = self.rules.file()?;
        let mut text = RecordText::new(&file.path);
        while let Some(chunk) = reader.next()? {
            let validated = validator.validate(&chunk.raw)?;
            for bad in validated.bad {
                let record = text.of(&chunk.records, bad.row)?;
                self.send(Message::Review(self.review(bad.line, bad.reasons, record)));
            }
            for broken in chunk.broken {
                let record = text.at(&broken.bytes)?;
                self.send(Message::Review(self.review(broken.line, vec![broken.reason], record)));
            }
            if validated.rows.num_rows() > 0 {
                let rows = self.with_origin(&validated.rows, Arc::new(validated.lines))?;
                self.send(Message::Rows(rows));
            }
        }
        Ok(reader.extra_columns().to_vec())
    }

    /// A receiver that is gone has met an error of its own, which it tells.
    fn send(&self, message: Message) {
        let _ = self.sender.blocking_send(message);
    }

    fn review(&self, line: i64, reasons: Vec<String>, record: String) -> ReviewRow {
        let file = &self.arrival.file;
        let epoch = chrono::NaiveDate::default();
        let date = i32::try_from((file.date - epoch).num_days()).unwrap_or_default();
        let hash = self.arrival.hash.map(|hash| hash.hexadecimal()).unwrap_or_default();
        ReviewRow { file: file.identity().into(), date, hash: hash.into(), line, reasons, record }
    }

    fn with_origin(&self, rows: &RecordBatch, lines: ArrayRef) -> Result<RecordBatch> {
        let count = rows.num_rows();
        let mut columns = rows.columns().to_vec();
        let identity = self.arrival.file.identity();
        columns.push(Arc::new(StringArray::from_iter_values(std::iter::repeat_n(identity.as_str(), count))));
        columns.push(lines);
        if self.upsert {
            let deleted = self.rules.deleted(rows)?;
            let deleted: BooleanArray = deleted.iter().map(|value| Some(value.unwrap_or(false))).collect();
            columns.push(Arc::new(deleted));
        }
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns)?)
    }
}
