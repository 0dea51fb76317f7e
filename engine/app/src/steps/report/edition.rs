//! A report for one business date, and what its table remembers of how that was made: marks in the same commit as the rows, so that
//! it is known without a ledger too.
//!
//! `report/<name>/<definition>/<date>/<table>/<table id>` has the version of each table that was read, `…/<date>/rows` the hash of the
//! rows, `report/<name>/slot/<rows that are replaced>` the last date that put its rows there, and `report/<name>/<date>/definition` says
//! whose marks count: those of a definition that was in use before another stay in the log.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{Datelike, NaiveDate};
use datafusion::arrow::array::{ArrayRef, AsArray};
use datafusion::arrow::datatypes::Float64Type;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::arrow::row::{RowConverter, SortField};
use datafusion::common::ScalarValue;
use datafusion::error::DataFusionError;
use nightshift_compile::Report;
use nightshift_lake::{Lake, Snapshot};
use nightshift_project::Output;
use nightshift_refresh::tables::Pinned;
use sha2::{Digest, Sha256};

use crate::{Error, Result, Workspace};

/// The parameter that a batch gives to every report that has it.
const BUSINESS_DATE: &str = "business_date";

/// A report for one business date.
pub(crate) struct Edition<'a> {
    pub(crate) report: &'a Report,
    pub(crate) date: NaiveDate,
    /// The values of its parameters.
    pub(crate) values: BTreeMap<String, ScalarValue>,
    /// Where its files lie.
    pub(crate) folder: PathBuf,
}

/// Why an edition is not what its table and files hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Difference {
    /// It was never made for this date.
    #[error("it was not made for this date yet")]
    NeverMade,
    /// It was made from another file, or with other values of its parameters.
    #[error("its SQL, header or parameters are not those that it was made with")]
    OtherDefinition,
    /// A table has other rows.
    #[error("{table} has version {now} now, {then} when it was made")]
    OtherVersion {
        /// The table.
        table: String,
        /// The version that it was made from.
        then: i64,
        /// The version that it would be made from.
        now: i64,
    },
    /// A table was made anew.
    #[error("{table} is not the table that it was made from")]
    OtherTable {
        /// The table.
        table: String,
    },
    /// A file is gone.
    #[error("{file} is gone")]
    FileGone {
        /// The file's name.
        file: String,
    },
}

impl<'a> Edition<'a> {
    pub(crate) fn new(workspace: &Workspace, report: &'a Report, date: NaiveDate) -> Result<Self> {
        let declared = report.definition.header.parameters.iter().any(|parameter| parameter.name == BUSINESS_DATE);
        let given = declared.then(|| (BUSINESS_DATE.to_owned(), date.to_string())).into_iter().collect();
        let values = report.bind(&given, &workspace.calendar).map_err(Error::Problems)?;
        let folder = workspace.project.paths.output.join(date.to_string());
        Ok(Self { report, date, values, folder })
    }

    /// Marks for this report, with these parameters, from these versions.
    pub(crate) fn marks(&self, pinned: &Pinned) -> Vec<(String, i64)> {
        let versions = self.report.tables.iter().map(|table| (self.table_mark(table, pinned), pinned.version(table)));
        versions.chain([self.definition_mark()]).collect()
    }

    fn definition_mark(&self) -> (String, i64) {
        (format!("report/{}/{}/definition", self.report.name(), self.date), bits(Sha256::digest(self.mark())))
    }

    /// The hash of the rows that this definition made last, if no other definition has been in use since.
    pub(crate) async fn known_rows(&self, base: &Snapshot) -> Result<Option<i64>> {
        let (definition, number) = self.definition_mark();
        let is_own = base.transaction_version(&definition).await? == Some(number);
        Ok(if is_own { base.transaction_version(&self.rows_mark()).await? } else { None })
    }

    fn table_mark(&self, table: &str, pinned: &Pinned) -> String {
        format!("{}/{table}/{}", self.mark(), pinned.table_id(table))
    }

    fn mark(&self) -> String {
        let definition = &self.report.definition;
        let types: Vec<String> = self.report.schema.fields().iter().map(|field| format!("{} {}", field.name(), field.data_type())).collect();
        let meaning = format!("{}\n{:?}\n{types:?}", definition.text.text, self.values);
        format!("report/{}/{}/{}", definition.name, short_hash(&meaning), self.date)
    }

    /// The mark of the hash of its rows.
    pub(crate) fn rows_mark(&self) -> String {
        format!("{}/rows", self.mark())
    }

    /// The mark of the last date whose rows stand where this edition's would; `replaced` is the condition that they satisfy.
    pub(crate) fn slot_mark(&self, replaced: Option<&str>) -> (String, i64) {
        let slot = replaced.map_or_else(|| "all".to_owned(), short_hash);
        (format!("report/{}/slot/{slot}", self.report.name()), i64::from(self.date.num_days_from_ce()))
    }

    /// What is not as it was when the edition was made; nothing if it need not be made again. Newer versions of a table that hold the
    /// same files are no difference.
    pub(crate) async fn differences(&self, lake: &Lake, base: Option<&Snapshot>, pinned: &Pinned) -> Result<Vec<Difference>> {
        let Some(base) = base else { return Ok(vec![Difference::NeverMade]) };
        if self.known_rows(base).await?.is_none() {
            return Ok(vec![if self.has_other_marks(base).await? { Difference::OtherDefinition } else { Difference::NeverMade }]);
        }
        let mut found = Vec::new();
        for table in &self.report.tables {
            let now = pinned.version(table);
            match base.transaction_version(&self.table_mark(table, pinned)).await? {
                None => found.push(Difference::OtherTable { table: table.clone() }),
                Some(then) => {
                    if then != now && !has_same_files(lake, pinned.snapshot(table), then).await {
                        found.push(Difference::OtherVersion { table: table.clone(), then, now });
                    }
                }
            }
        }
        let gone = self.expected_files().filter(|file| !file.exists()).map(|file| Difference::FileGone { file: name_of(&file) });
        Ok(found.into_iter().chain(gone).collect())
    }

    /// Whether the date was made by another definition.
    async fn has_other_marks(&self, base: &Snapshot) -> Result<bool> {
        let (start, date) = (format!("report/{}/", self.report.name()), format!("/{}/", self.date));
        Ok(base.transactions().await?.keys().any(|mark| mark.starts_with(&start) && mark.contains(&date)))
    }

    /// The files by whose presence the outputs are known to be whole.
    pub(crate) fn expected_files(&self) -> impl Iterator<Item = PathBuf> {
        let definition = &self.report.definition;
        definition.header.output.iter().map(|output| expected_file(&self.folder, &definition.name, output))
    }
}

/// Whether two versions of a table hold the same files, so that only marks came between them. A version that is gone proves nothing.
async fn has_same_files(lake: &Lake, now: Option<&Snapshot>, then: i64) -> bool {
    let Some(now) = now else { return false };
    match lake.snapshot_at(now.name(), then).await {
        Ok(then) => matches!(lake.change_set(&then, now).await, Ok(Ok(changes)) if changes.is_empty()),
        Err(_) => false,
    }
}

fn short_hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The file by whose presence an output is known to be whole: a split one is whole when its list of parts is there.
fn expected_file(folder: &Path, name: &str, output: &Output) -> PathBuf {
    let file = match output {
        Output::Xlsx { .. } => format!("{name}.xlsx"),
        Output::Csv { rows_per_file: Some(_), .. } => format!("{name}.parts.csv"),
        Output::Csv { compress, .. } => {
            let end = match compress {
                None => "",
                Some(nightshift_project::Compression::Gzip) => ".gz",
                Some(nightshift_project::Compression::Zstd) => ".zst",
            };
            format!("{name}.csv{end}")
        }
    };
    folder.join(file)
}

/// Digits of a float that count: sums of floats depend on the order of their parts, which no two runs have in common.
const FLOAT_DIGITS: f64 = 12.0;

/// The hash of rows in their order, whatever batches they come in; floats to twelve digits.
#[derive(Default)]
pub(crate) struct RowDigest {
    converter: Option<RowConverter>,
    digest: Sha256,
}

impl RowDigest {
    pub(crate) fn push(&mut self, batch: &RecordBatch) -> Result<()> {
        let converter = match &mut self.converter {
            Some(converter) => converter,
            none => {
                let fields = batch.schema().fields().iter().map(|field| SortField::new(field.data_type().clone())).collect();
                none.insert(RowConverter::new(fields).map_err(DataFusionError::from)?)
            }
        };
        let columns: Vec<ArrayRef> = batch.columns().iter().map(settled).collect();
        let rows = converter.convert_columns(&columns).map_err(DataFusionError::from)?;
        for row in &rows {
            self.digest.update(row.data());
        }
        Ok(())
    }

    /// The first 63 bits, which a mark can carry.
    pub(crate) fn finish(self) -> i64 {
        bits(self.digest.finalize())
    }
}

/// The first 63 bits of a hash.
fn bits(hash: impl Into<[u8; 32]>) -> i64 {
    let [a, b, c, d, e, f, g, h, ..] = hash.into();
    i64::from_be_bytes([a, b, c, d, e, f, g, h]) & i64::MAX
}

/// A column with its floats cut to the digits that count.
fn settled(column: &ArrayRef) -> ArrayRef {
    match column.as_primitive_opt::<Float64Type>() {
        Some(floats) => Arc::new(floats.unary::<_, Float64Type>(settle)),
        None => Arc::clone(column),
    }
}

fn settle(float: f64) -> f64 {
    let scale = 10_f64.powf(FLOAT_DIGITS - 1.0 - float.abs().log10().floor());
    let cut = (float * scale).round() / scale;
    // Zero, what is not finite, and what lies at the ends of the range.
    if cut.is_finite() { cut } else { float }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use datafusion::arrow::array::{Float64Array, StringArray};

    use super::*;

    fn rows(names: &[&str], floats: &[f64]) -> RecordBatch {
        let columns: [(&str, ArrayRef); 2] = [("name", Arc::new(StringArray::from(names.to_vec()))), ("float", Arc::new(Float64Array::from(floats.to_vec())))];
        RecordBatch::try_from_iter(columns).unwrap()
    }

    fn hash(batches: &[RecordBatch]) -> i64 {
        let mut digest = RowDigest::default();
        batches.iter().for_each(|batch| digest.push(batch).unwrap());
        digest.finish()
    }

    #[test]
    fn the_same_rows_have_the_same_hash() {
        let whole = hash(&[rows(&["a", "b", "c"], &[0.1 + 0.2, -7.0, 0.0])]);
        assert_eq!(hash(&[rows(&["a"], &[0.1 + 0.2]), rows(&["b", "c"], &[-7.0, 0.0])]), whole, "in other batches");
        assert_eq!(hash(&[rows(&["a", "b", "c"], &[0.3, -7.0, 0.0])]), whole, "a last digit");
        assert_ne!(hash(&[rows(&["a", "b", "c"], &[0.300_000_001, -7.0, 0.0])]), whole);
        assert_ne!(hash(&[rows(&["b", "a", "c"], &[-7.0, 0.1 + 0.2, 0.0])]), whole, "in another order");
        assert_ne!(hash(&[rows(&["ab", "", "c"], &[0.1 + 0.2, -7.0, 0.0])]), whole);
        assert_eq!([f64::INFINITY, 0.0, 5e-324].map(settle), [f64::INFINITY, 0.0, 5e-324]);
        assert!(settle(f64::NAN).is_nan() && settle(f64::MAX).is_finite());
    }
}
