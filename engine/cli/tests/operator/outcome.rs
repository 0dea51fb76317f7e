//! All that a run leaves behind, in a form that is equal for nights that did the same.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, RecordBatch};
use arrow::datatypes::Float64Type;
use arrow::row::{RowConverter, SortField};
use arrow::util::pretty::pretty_format_batches;
use nightshift_app::Workspace;
use nightshift_ledger::{AttemptState, BatchState};
use sha2::{Digest, Sha256};

use crate::place::Place;

/// Rows of more are told by what they hash to, all together.
const MOST_TOLD: usize = 20_000;

/// Tables, files and the ledger.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Version, marks and every row of every table, with the columns that nobody sees.
    pub(crate) tables: BTreeMap<String, Vec<String>>,
    /// The files for people with the hashes of their bytes.
    pub(crate) files: BTreeMap<PathBuf, String>,
    /// What the ledger holds of the batch, without attempts, runs and times.
    pub(crate) ledger: Vec<String>,
}

impl Outcome {
    /// What a pipeline left behind for a date.
    pub(crate) fn of(place: &Place, pipeline: &str, date: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (workspace, _) = Workspace::open(place.root(), None).await.unwrap();
            Self { tables: tables(&workspace).await, files: files(place), ledger: ledger(place, &workspace, pipeline, date).await }
        })
    }

    /// What is not the same in another outcome.
    pub(crate) fn differences(&self, other: &Self) -> Vec<String> {
        let mut found = Vec::new();
        for name in self.tables.keys().chain(other.tables.keys()) {
            let (one, two) = (self.tables.get(name), other.tables.get(name));
            if one != two {
                let lacks = |left: Option<&Vec<String>>, right: Option<&Vec<String>>| {
                    let right = right.cloned().unwrap_or_default();
                    left.into_iter().flatten().filter(|row| !right.contains(row)).take(4).cloned().collect::<Vec<_>>()
                };
                found.push(format!("{name}: only undisturbed {:?}, only disturbed {:?}", lacks(one, two), lacks(two, one)));
            }
        }
        found.dedup();
        if self.files != other.files {
            found.push(format!("files: {:?}\nand {:?}", self.files, other.files));
        }
        found.extend(self.ledger.iter().filter(|row| !other.ledger.contains(row)).map(|row| format!("ledger, only undisturbed: {row}")));
        found.extend(other.ledger.iter().filter(|row| !self.ledger.contains(row)).map(|row| format!("ledger, only disturbed: {row}")));
        found
    }
}

async fn tables(workspace: &Workspace) -> BTreeMap<String, Vec<String>> {
    let names = workspace.lake.tables().await.unwrap();
    let mut snapshots = Vec::new();
    for name in names {
        snapshots.push(workspace.lake.snapshot(&name).await.unwrap().unwrap());
    }
    let ids: Vec<(String, String)> = snapshots.iter().map(|snapshot| (snapshot.table_id().to_owned(), snapshot.name().to_string())).collect();
    let session = workspace.engine.step("outcome").unwrap();
    let mut tables = BTreeMap::new();
    for snapshot in &snapshots {
        let batches = session.context.read_table(snapshot.provider(None)).unwrap().collect().await.unwrap();
        // What only the engine reads may be written twice: it counts for nothing before the source's own commit.
        let is_set = snapshot.name().to_string().starts_with("state/");
        let mut lines = rows(&batches, is_set);
        for (mark, version) in snapshot.transactions().await.unwrap() {
            // Tables have other identities in another lake.
            let mark = ids.iter().fold(mark.clone(), |mark, (id, name)| mark.replace(id, name));
            // Those of a file's size and time are of the place, and there only if the file was not new.
            if !mark.starts_with("state:") {
                lines.push(format!("mark {mark} {version}"));
            }
        }
        lines.sort();
        if !is_set {
            lines.insert(0, format!("version {}", snapshot.version()));
        }
        tables.insert(snapshot.name().to_string(), lines);
    }
    tables
}

/// The rows in an order of their own: each once if they are a set.
fn rows(batches: &[RecordBatch], is_set: bool) -> Vec<String> {
    let batches = &batches.iter().map(rounded).collect::<Vec<_>>();
    if batches.iter().map(RecordBatch::num_rows).sum::<usize>() > MOST_TOLD {
        return vec![hashed(batches, is_set)];
    }
    let mut lines: Vec<String> = pretty_format_batches(batches).unwrap().to_string().lines().map(|line| line.replace(' ', "")).collect();
    lines.sort();
    if is_set {
        lines.dedup();
    }
    lines
}

/// Doubles with twelve digits: what is added in two threads has its last ones by chance.
fn rounded(batch: &RecordBatch) -> RecordBatch {
    let columns = batch.columns().iter().map(|column| match column.as_primitive_opt::<Float64Type>() {
        Some(doubles) => Arc::new(doubles.unary::<_, Float64Type>(|double| format!("{double:.11e}").parse().unwrap())) as ArrayRef,
        None => Arc::clone(column),
    });
    RecordBatch::try_new(batch.schema(), columns.collect()).unwrap()
}

/// What stands for rows whatever their order.
fn hashed(batches: &[RecordBatch], is_set: bool) -> String {
    let fields = batches[0].schema().fields().iter().map(|field| SortField::new(field.data_type().clone())).collect();
    let converter = RowConverter::new(fields).unwrap();
    let (mut seen, mut sum, mut count) = (BTreeSet::new(), 0_u64, 0);
    for batch in batches {
        for row in &converter.convert_columns(batch.columns()).unwrap() {
            let mut hasher = DefaultHasher::new();
            row.hash(&mut hasher);
            let hash = hasher.finish();
            if !is_set || seen.insert(hash) {
                (sum, count) = (sum.wrapping_add(hash), count + 1);
            }
        }
    }
    format!("{count} rows that hash to {sum:x}")
}

fn files(place: &Place) -> BTreeMap<PathBuf, String> {
    let relative = |file: &PathBuf| file.strip_prefix(place.root()).unwrap().to_path_buf();
    let hash = |file: &PathBuf| Sha256::digest(std::fs::read(file).unwrap()).iter().map(|byte| format!("{byte:02x}")).collect();
    place.files("data/output").iter().map(|file| (relative(file), hash(file))).collect()
}

async fn ledger(place: &Place, workspace: &Workspace, pipeline: &str, date: &str) -> Vec<String> {
    let ledger = workspace.ledger().await.unwrap();
    let batch = ledger.latest_batch(pipeline, date.parse().unwrap()).await.unwrap().unwrap();
    let detail = ledger.batch_detail(batch.id).await.unwrap().unwrap();
    let mut rows = vec![format!("batch {} {} {}", detail.batch.label(), detail.batch.state, detail.batch.attempt)];
    assert_eq!(detail.batch.state, BatchState::Succeeded);
    for (run, pins) in detail.runs.iter().rev().take(1) {
        rows.push(format!("run ended as {:?}", run.ended_as));
        rows.extend(pins.iter().map(|pin| format!("pin {} {}", pin.source, pin.version)));
    }
    for step in &detail.steps {
        let of = &step.step;
        rows.push(format!("step {} {} {} {} {} {} {:?}", of.position, of.name, of.kind, of.target, of.priority, of.state, of.reason));
        assert_eq!(step.attempts.last().unwrap().0.state, AttemptState::Succeeded);
        for (_, publications, outputs) in &step.attempts {
            rows.extend(publications.iter().map(|made| format!("publication {} {:?} {}", made.table, made.version_before, made.version_after)));
            rows.extend(outputs.iter().map(|made| {
                let path = made.path.replace(&place.root().canonicalize().unwrap().display().to_string(), "");
                let path = path.replace(&place.root().display().to_string(), "");
                format!("output {path} {} {} {} {} {}", made.report, made.rows, made.bytes, made.sha256, made.unchanged)
            }));
        }
    }
    assert!(ledger.abandoned_files().await.unwrap().is_empty(), "the ledger still knows files that were staged");
    rows.extend(detail.verifications.iter().map(|found| format!("verification {} {:?} {} {}", found.rollup, found.buckets, found.rows, found.differences)));
    rows
}
