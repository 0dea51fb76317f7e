//! The rows by which two queries differ, as multisets, in memory that does not grow with the rows that they share.
//!
//! Rows are grouped by all of their values with how often each side has them. Where keys tell them apart, doubles that were computed stand aside,
//! because two plans of one query may add them up in another order: rows that are the same in all else are the same if such columns are as good as equal.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray as _, RecordBatch, StringArray};
use datafusion::arrow::compute::interleave;
use datafusion::arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::common::DataFusionError;
use datafusion::functions::expr_fn::abs;
use datafusion::functions_aggregate::expr_fn::{count, min};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast, lit, when};
use nightshift_execute::run::Running;
use nightshift_execute::{StepSession, run};
use tokio_util::sync::CancellationToken;

use crate::Result;
use crate::states::named;

/// Doubles are as good as equal if they differ by no more than this share of the greater, or of 1: a sum that cancels keeps what was rounded.
const TOLERANCE: f64 = 1e-12;

/// The column that says which side has a row.
const SIDE: &str = "only in";

const IS_FIRST: &str = "_is_first";
const FIRST: &str = "_first";
const SECOND: &str = "_second";
const ALL: &str = "_all";

/// Two queries with the same columns.
pub(crate) struct Sides<'a> {
    pub(crate) first: LogicalPlan,
    pub(crate) second: LogicalPlan,
    /// What the sides are called.
    pub(crate) names: [&'a str; 2],
    /// The columns that are compared, by name.
    pub(crate) columns: Vec<String>,
    /// Those of them that tell one row from another; empty if none are known to.
    pub(crate) keys: &'a [String],
}

/// Rows that only one of two sides has, under way.
pub struct Differences {
    running: Running,
    names: [String; 2],
    /// The columns of the result, without the side.
    columns: Vec<Field>,
    doubles: BTreeSet<String>,
}

impl Sides<'_> {
    /// Starts to look for rows that only one side has.
    pub(crate) async fn differences(self, session: &StepSession, cancel: &CancellationToken) -> Result<Differences> {
        let schema = Arc::clone(self.first.schema());
        let field = |name: &String| schema.field_with_unqualified_name(name).map(|field| field.as_ref().clone());
        let columns: Vec<Field> = self.columns.iter().map(field).collect::<std::result::Result<_, DataFusionError>>()?;
        // Rows that may share all other values cannot be paired: then each value has to be the very same.
        let is_double = |field: &&Field| field.data_type().is_floating() && !self.keys.is_empty() && !self.keys.contains(field.name());
        let doubles: BTreeSet<String> = columns.iter().filter(is_double).map(|field| field.name().clone()).collect();
        let side = |plan: LogicalPlan, is_first: bool| -> Result<LogicalPlan> {
            let columns = columns.iter().map(|field| cast(named(field.name()), field.data_type().clone()).alias(field.name()));
            Ok(LogicalPlanBuilder::from(plan).project(columns.chain([lit(is_first).alias(IS_FIRST)]).collect::<Vec<_>>())?.build()?)
        };
        let all = LogicalPlanBuilder::from(side(self.first, true)?).union(side(self.second, false)?)?;
        let exact: Vec<Expr> = columns.iter().filter(|field| !doubles.contains(field.name())).map(|field| named(field.name())).collect();
        let mut counted = vec![count(when(named(IS_FIRST), lit(1)).end()?).alias(FIRST), count(lit(1)).alias(ALL)];
        let mut differs = named(ALL).not_eq(named(FIRST) + named(FIRST));
        for name in &doubles {
            counted.extend([value_of(name, true)?, value_of(name, false)?]);
            differs = differs.or(not_as_good_as_equal(&named(&figure(name, true)), &named(&figure(name, false))));
        }
        let order = exact.iter().map(|column| column.clone().sort(true, true)).collect::<Vec<_>>();
        let plan = all.aggregate(exact, counted)?.filter(differs)?.sort(order)?.build()?;
        let running = run::start(session, &plan, cancel).await?;
        Ok(Differences { running, names: self.names.map(str::to_owned), columns, doubles })
    }
}

/// The column of a side's value.
fn figure(column: &str, is_first: bool) -> String {
    format!("{}_{column}", if is_first { FIRST } else { SECOND })
}

/// The value that a side has; its least, should it have several.
fn value_of(column: &str, is_first: bool) -> Result<Expr> {
    let own = if is_first { named(IS_FIRST) } else { Expr::Not(Box::new(named(IS_FIRST))) };
    Ok(min(when(own, named(column)).end()?).alias(figure(column, is_first)))
}

/// NaN is equal to itself, and NULL to NULL.
fn not_as_good_as_equal(one: &Expr, other: &Expr) -> Expr {
    let size = |value: &Expr| abs(value.clone());
    let greater = datafusion::functions::expr_fn::greatest(vec![size(one), size(other)]);
    let scale = datafusion::functions::expr_fn::greatest(vec![greater.clone(), lit(1.0)]);
    // NaN is the greatest double in this order, and nothing is near to it or to infinity.
    let is_near = abs(one.clone() - other.clone()).lt_eq(scale * lit(TOLERANCE)).and(greater.lt(lit(f64::INFINITY)));
    let both = one.clone().is_not_null().and(other.clone().is_not_null());
    let equal = both.and(one.clone().eq(other.clone()).or(is_near)).or(one.clone().is_null().and(other.clone().is_null()));
    Expr::Not(Box::new(equal))
}

impl Differences {
    /// The columns of [`Self::next`]: which side has the row, then its values.
    pub fn schema(&self) -> SchemaRef {
        let side = Field::new(SIDE, DataType::Utf8, false);
        let columns = self.columns.iter().map(|field| field.clone().with_nullable(true));
        Arc::new(Schema::new(std::iter::once(side).chain(columns).collect::<Vec<_>>()))
    }

    /// The next rows, those of one group of values beside each other; `None` at the end.
    ///
    /// # Errors
    /// What the queries met while they ran.
    pub async fn next(&mut self) -> Result<Option<RecordBatch>> {
        match self.running.next().await? {
            None => Ok(None),
            Some(found) => Ok(Some(self.rows(&found).map_err(DataFusionError::from)?)),
        }
    }

    fn rows(&self, found: &RecordBatch) -> std::result::Result<RecordBatch, ArrowError> {
        let all = |name: &str| found.column_by_name(name).ok_or_else(|| ArrowError::SchemaError(format!("no column {name}")));
        let (first, together) = (all(FIRST)?.as_primitive::<Int64Type>(), all(ALL)?.as_primitive::<Int64Type>());
        // Where both have a row as often, doubles differ: each side's is shown.
        let has = |row: usize| (first.value(row), together.value(row) - first.value(row));
        let shown = (0..found.num_rows()).flat_map(|row| {
            let (first, second) = has(row);
            let sides = [(0_usize, first >= second), (1, second >= first)];
            sides.into_iter().filter(|(_, shown)| *shown).map(move |(side, _)| (side, row))
        });
        let shown: Vec<(usize, usize)> = shown.collect();
        let names = StringArray::from_iter_values(shown.iter().map(|(side, _)| self.names.get(*side).map_or("", String::as_str)));
        let mut columns: Vec<ArrayRef> = vec![Arc::new(names)];
        for field in &self.columns {
            let (one, other) = if self.doubles.contains(field.name()) {
                (all(&figure(field.name(), true))?, all(&figure(field.name(), false))?)
            } else {
                (all(field.name())?, all(field.name())?)
            };
            columns.push(interleave(&[one.as_ref(), other.as_ref()], &shown)?);
        }
        RecordBatch::try_new(self.schema(), columns)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::num::NonZeroUsize;

    use datafusion::arrow::util::pretty::pretty_format_batches;
    use nightshift_calendar::Calendar;
    use nightshift_execute::{Engine, Limits};

    use super::*;

    /// The rows by which two lists of a key and a double differ.
    async fn differing(first: &str, second: &str, keys: &[String]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let threads = NonZeroUsize::MIN.get();
        let limits = Limits { memory: 1 << 28, step_memory: 1 << 28, spill: 0, spill_directory: folder.path().to_path_buf(), batch_size: 8192, threads };
        let session = Engine::new(limits, Arc::new(Calendar::new(chrono_tz::Asia::Taipei))).unwrap().step("test").unwrap();
        let mut plans = vec![];
        for values in [first, second] {
            let sql = format!("SELECT column1 AS k, CAST(column2 AS DOUBLE) AS x FROM (VALUES {values}) t");
            plans.push(session.context.sql(&sql).await.unwrap().into_unoptimized_plan());
        }
        let (second, first) = (plans.pop().unwrap(), plans.pop().unwrap());
        let sides = Sides { first, second, names: ["one", "other"], columns: vec!["k".to_owned(), "x".to_owned()], keys };
        let mut found = sides.differences(&session, &CancellationToken::new()).await.unwrap();
        let mut batches = vec![];
        while let Some(batch) = found.next().await.unwrap() {
            batches.push(batch);
        }
        let text = pretty_format_batches(&batches).unwrap().to_string();
        text.lines().skip(3).filter(|line| line.starts_with('|')).map(|line| line.replace(' ', "")).collect()
    }

    #[tokio::test]
    async fn doubles_are_equal_that_were_added_up_in_another_order_and_no_others() {
        let key = ["k".to_owned()];
        for (one, other) in [("0.3", "0.1 + 0.2"), ("0.1 + 0.2 - 0.3", "0"), ("'NaN'", "'NaN'"), ("'inf'", "'inf'"), ("NULL", "NULL"), ("0.0", "-0.0")] {
            assert_eq!(differing(&format!("(1, {one})"), &format!("(1, {other})"), &key).await, Vec::<String>::new(), "{one} and {other}");
        }
        for (one, other) in [("'NaN'", "5"), ("'inf'", "5"), ("'inf'", "'-inf'"), ("'NaN'", "'inf'"), ("NULL", "0"), ("1", "1.00000001"), ("NULL", "'NaN'")] {
            assert_eq!(differing(&format!("(1, {one})"), &format!("(1, {other})"), &key).await.len(), 2, "{one} and {other}");
            assert_eq!(differing(&format!("(1, {other})"), &format!("(1, {one})"), &key).await.len(), 2, "{other} and {one}");
        }
    }

    #[tokio::test]
    async fn rows_that_nothing_tells_apart_are_counted() {
        assert_eq!(differing("(1, 2), (1, 2), (2, 3)", "(2, 3), (1, 2)", &[]).await, ["|one|1|2.0|"]);
        assert_eq!(differing("(1, 1), (1, 4), (1, 4), (1, 7)", "(1, 1), (1, 1), (1, 7), (1, 7)", &[]).await.len(), 3);
        assert_eq!(differing("(1, NULL), (1, 0)", "(1, 0), (1, 0)", &[]).await, ["|one|1||", "|other|1|0.0|"]);
    }
}
