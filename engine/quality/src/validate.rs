//! Batches of a file against the rules: good rows on, bad rows out, with every reason.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, BooleanArray, Int64Array, RecordBatch, new_null_array};
use datafusion::arrow::compute::{filter, filter_record_batch};
use datafusion::arrow::datatypes::DataType;

use crate::cast::{Failure, cast_column};
use crate::keys::KeySet;
use crate::rules::{Rules, any_false, has_null};
use crate::{LocalClock, Result};

/// Rows of a file before anything is known about them.
#[derive(Debug, Clone)]
pub struct RawBatch {
    /// For each column of the contract what the file has, as text or already typed; `None` where the file lacks it.
    pub columns: Vec<Option<ArrayRef>>,
    /// The line of the file on which each row starts.
    pub lines: Int64Array,
}

/// What became of a [`RawBatch`].
#[derive(Debug)]
pub struct Validated {
    /// The good rows, in the columns of [`Rules::schema`].
    pub rows: RecordBatch,
    /// The lines of the good rows.
    pub lines: Int64Array,
    /// The others, by position.
    pub bad: Vec<BadRow>,
}

/// A row that broke the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRow {
    /// Its position in the raw batch.
    pub row: usize,
    /// Its line in the file.
    pub line: i64,
    /// Everything that is wrong with it.
    pub reasons: Vec<String>,
}

/// Checks the batches of one file in their order; remembers its keys.
pub struct FileValidator {
    rules: Arc<Rules>,
    clock: LocalClock,
    keys: Option<KeySet>,
    local_time: Vec<bool>,
}

impl FileValidator {
    pub(crate) fn new(rules: Arc<Rules>) -> Result<Self> {
        let keys = if rules.unique.is_empty() { None } else { Some(KeySet::new(&rules.types(&rules.unique))?) };
        let contract = rules.contract();
        let local_time = contract.columns.iter().map(|column| contract.local_time.contains(&column.name)).collect();
        Ok(Self { clock: rules.clock(), keys, local_time, rules })
    }

    /// Bytes that the keys seen so far occupy, roughly.
    #[must_use]
    pub fn size(&self) -> usize {
        self.keys.as_ref().map_or(0, KeySet::size)
    }

    /// Splits a batch into good and bad rows.
    ///
    /// # Errors
    /// [`crate::Error::ColumnType`] for a column that [`crate::accepts`] refuses; otherwise only what DataFusion or Arrow cannot
    /// do at all.
    pub fn validate(&mut self, raw: &RawBatch) -> Result<Validated> {
        let count = raw.lines.len();
        let mut reasons = Reasons::default();
        let rules = Arc::clone(&self.rules);
        let mut columns = Vec::with_capacity(rules.contract.columns.len());
        let mut failures = Vec::new();
        for (index, column) in rules.contract.columns.iter().enumerate() {
            let local_time = self.local_time.get(index).copied().unwrap_or_default();
            let typed = match raw.columns.get(index).and_then(Option::as_ref) {
                Some(values) => cast_column(column, local_time, values, &mut self.clock, &mut failures)?,
                None => new_null_array(&column.data_type, count),
            };
            reasons.failed(&mut failures);
            if !column.nullable && has_null(&typed) {
                reasons.missing(&column.name, &typed, "is NULL");
            }
            columns.push(typed);
        }
        // A bad row may have NULL where the contract has none, so the columns cannot take the contract's schema yet.
        let loose = RecordBatch::try_new(loosened(&rules), columns)?;
        for index in &rules.placing {
            if let (Some(column), Some(values)) = (rules.contract.columns.get(*index), loose.columns().get(*index))
                && column.nullable
                && has_null(values)
            {
                reasons.missing(&column.name, values, "is NULL, which an upsert cannot place");
            }
        }
        self.check(&loose, &mut reasons)?;
        self.repeated(&loose, &mut reasons)?;
        split(&rules, loose, raw, reasons)
    }

    fn check(&self, rows: &RecordBatch, reasons: &mut Reasons) -> Result<()> {
        for check in &self.rules.checks {
            match check.evaluate(rows) {
                Ok(truth) if !any_false(&truth) => {}
                Ok(truth) => {
                    for row in falses(&truth) {
                        reasons.add(row, format!("CHECK {}", check.label));
                    }
                }
                // One row can spoil the whole batch, for example by an overflow: find out which.
                Err(_) => {
                    for row in 0..rows.num_rows() {
                        match check.evaluate(&rows.slice(row, 1)) {
                            Ok(truth) if !any_false(&truth) => {}
                            Ok(_) => reasons.add(row, format!("CHECK {}", check.label)),
                            Err(error) => {
                                let cause = error.find_root().strip_backtrace();
                                reasons.add(row, format!("CHECK {} cannot be computed: {cause}", check.label));
                            }
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Of the rows that are good otherwise, the first of a key stays.
    fn repeated(&mut self, rows: &RecordBatch, reasons: &mut Reasons) -> Result<()> {
        let Some(keys) = &mut self.keys else { return Ok(()) };
        let columns = self.rules.columns(&self.rules.unique, rows);
        for row in keys.insert(&columns, |row| reasons.of.contains_key(&row))? {
            let names = self.rules.contract.primary_key.join(", ");
            reasons.add(row, format!("PRIMARY KEY ({names}) was on an earlier line of the file"));
        }
        Ok(())
    }
}

fn falses(truth: &BooleanArray) -> impl Iterator<Item = usize> {
    truth.iter().enumerate().filter_map(|(row, value)| (value == Some(false)).then_some(row))
}

#[derive(Default)]
struct Reasons {
    of: BTreeMap<usize, Vec<String>>,
}

impl Reasons {
    fn add(&mut self, row: usize, reason: String) {
        self.of.entry(row).or_default().push(reason);
    }

    fn failed(&mut self, failures: &mut Vec<Failure>) {
        for failure in failures.drain(..) {
            self.add(failure.row, failure.reason);
        }
    }

    /// A value that is missing, unless it is missing because it could not be read.
    fn missing(&mut self, column: &str, values: &dyn Array, what: &str) {
        let prefix = format!("{column}: ");
        for row in (0..values.len()).filter(|row| values.is_null(*row)) {
            let reasons = self.of.entry(row).or_default();
            if !reasons.iter().any(|reason| reason.starts_with(&prefix)) {
                reasons.push(format!("{prefix}{what}"));
            }
        }
    }
}

/// The contract's schema with every column nullable.
fn loosened(rules: &Rules) -> Arc<datafusion::arrow::datatypes::Schema> {
    let fields = rules.schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true));
    Arc::new(datafusion::arrow::datatypes::Schema::new(fields.collect::<Vec<_>>()))
}

fn split(rules: &Rules, rows: RecordBatch, raw: &RawBatch, reasons: Reasons) -> Result<Validated> {
    let (rows, lines) = if reasons.of.is_empty() {
        (rows, raw.lines.clone())
    } else {
        let keep: BooleanArray = (0..rows.num_rows()).map(|row| Some(!reasons.of.contains_key(&row))).collect();
        let lines = filter(&raw.lines, &keep)?;
        (filter_record_batch(&rows, &keep)?, Int64Array::from(lines.to_data()))
    };
    let bad = reasons.of.into_iter().map(|(row, reasons)| BadRow { row, line: raw.lines.value(row), reasons });
    let bad = bad.collect();
    let rows = RecordBatch::try_new(Arc::clone(&rules.schema), rows.columns().to_vec())?;
    debug_assert_eq!(lines.data_type(), &DataType::Int64);
    Ok(Validated { rows, lines, bad })
}

#[cfg(test)]
mod tests;
