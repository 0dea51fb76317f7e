//! Files as streams of checked rows.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use chrono::NaiveDate;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::prelude::SessionContext;
use futures::stream::{self, BoxStream, StreamExt as _};
use nightshift_quality::{BadRow, FileValidator, ReviewRow, Rules};
use tokio::sync::mpsc;

use crate::arrival::Arrival;
use crate::columns::with_origin;
use crate::read::{self, Chunk, RecordText};
use crate::{Error, Result};

/// Batches of a file that are checked ahead of whoever takes them.
const AHEAD: usize = 2;

/// What a batch of a file came to.
pub(crate) struct FileRows {
    /// Good rows with their origin.
    pub(crate) rows: RecordBatch,
    /// Records that broke the contract.
    pub(crate) review: Vec<ReviewRow>,
    /// Columns of the file that the contract does not have, `<date>/<name>: <column>`; only at the end of the file.
    pub(crate) extra_columns: Vec<String>,
}

/// Reads files, several at the same time; the rows of one file come in its order.
pub(crate) struct Files<'a> {
    pub(crate) session: &'a SessionContext,
    pub(crate) rules: &'a Arc<Rules>,
    pub(crate) schema: &'a SchemaRef,
    pub(crate) batch_size: usize,
}

impl Files<'_> {
    /// The rows of all these files.
    pub(crate) fn read<'b>(&'b self, files: &'b [&'b Arrival]) -> BoxStream<'b, Result<FileRows>> {
        let parallel = self.session.copied_config().target_partitions().max(1);
        let streams = stream::iter(files).map(|arrival| self.read_one(arrival));
        streams.flatten_unordered(Some(parallel)).boxed()
    }

    fn read_one(&self, arrival: &Arrival) -> BoxStream<'static, Result<FileRows>> {
        let (sender, receiver) = mpsc::channel(AHEAD);
        let identity = arrival.file.identity();
        let consumer = MemoryConsumer::new(format!("ingest:keys of {identity}"));
        let reading = Reading {
            identity: Arc::from(identity),
            hash: Arc::from(arrival.hash.map(|hash| hash.hexadecimal()).unwrap_or_default()),
            arrival: arrival.clone(),
            rules: Arc::clone(self.rules),
            schema: Arc::clone(self.schema),
            batch_size: self.batch_size,
            keys: consumer.register(&self.session.runtime_env().memory_pool),
            sender,
        };
        let task = tokio::task::spawn_blocking(move || reading.run());
        let received = stream::unfold(receiver, async |mut receiver| receiver.recv().await.map(|rows| (Ok(rows), receiver)));
        let end = stream::once(task).map(|ended| match ended {
            Ok(Ok(last)) => Ok(last),
            Ok(Err(error)) => Err(error),
            Err(died) => Err(Error::Task(died)),
        });
        received.chain(end).boxed()
    }
}

/// One file, read on a thread of its own.
struct Reading {
    identity: Arc<str>,
    hash: Arc<str>,
    arrival: Arrival,
    rules: Arc<Rules>,
    schema: SchemaRef,
    batch_size: usize,
    /// What the keys of the file occupy, by which a key that comes twice is found.
    keys: MemoryReservation,
    sender: mpsc::Sender<FileRows>,
}

impl Reading {
    fn run(self) -> Result<FileRows> {
        let file = &self.arrival.file;
        let mut reader = read::open(&file.path, self.rules.contract(), self.batch_size)?;
        let mut validator = self.rules.file()?;
        let mut text = RecordText::new(&file.path);
        while let Some(chunk) = reader.next()? {
            let rows = self.check(&mut validator, &mut text, chunk)?;
            self.keys.try_resize(validator.size())?;
            // Whoever took the rows is gone, and with it the reason to read on.
            if self.sender.blocking_send(rows).is_err() {
                break;
            }
        }
        if !file.is_unchanged()? {
            return Err(Error::Changed { path: file.path.clone() });
        }
        let extra_columns = reader.extra_columns().iter().map(|column| format!("{}: {column}", self.identity)).collect();
        Ok(FileRows { rows: RecordBatch::new_empty(Arc::clone(&self.schema)), review: vec![], extra_columns })
    }

    fn check(&self, validator: &mut FileValidator, text: &mut RecordText, chunk: Chunk) -> Result<FileRows> {
        let validated = validator.validate(&chunk.raw)?;
        let mut review = Vec::with_capacity(validated.bad.len() + chunk.broken.len());
        for BadRow { row, line, reasons } in validated.bad {
            review.push(self.review(line, reasons, text.of(&chunk.records, row)?));
        }
        for broken in chunk.broken {
            review.push(self.review(broken.line, vec![broken.reason], text.at(&broken.bytes)?));
        }
        let rows = with_origin(&self.rules, &self.schema, &validated.rows, &self.identity, Arc::new(validated.lines))?;
        Ok(FileRows { rows, review, extra_columns: vec![] })
    }

    fn review(&self, line: i64, reasons: Vec<String>, record: String) -> ReviewRow {
        let days = self.arrival.file.date.signed_duration_since(NaiveDate::default()).num_days();
        let date = i32::try_from(days).unwrap_or_default();
        ReviewRow { file: Arc::clone(&self.identity), date, hash: Arc::clone(&self.hash), line, reasons, record }
    }
}
