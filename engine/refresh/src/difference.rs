//! The rows by which two queries differ, as multisets, in memory that does not grow with the rows that they share.
//!
//! Rows are grouped by all of their values with how often each side has them; doubles that were computed stand aside, because two plans of one query may
//! add them up in another order. Rows that are the same in all else are the same if the least, the greatest and the sum of such a column are
//! as good as equal on both sides.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray as _, RecordBatch, StringArray};
use datafusion::arrow::compute::interleave;
use datafusion::arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::common::DataFusionError;
use datafusion::functions::expr_fn::abs;
use datafusion::functions_aggregate::expr_fn::{count, max, min};
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast, lit, when};
use nightshift_execute::run::Running;
use nightshift_execute::{StepSession, run};
use tokio_util::sync::CancellationToken;

use crate::Result;
use crate::states::named;

/// Doubles are as good as equal if they differ by no more than this share of the greater.
const TOLERANCE: f64 = 1e-12;

/// The column that says which side has a row.
pub const SIDE: &str = "only in";

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
    /// Those of them that are taken from the sources as they are, also if they are doubles.
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
        let is_double = |field: &&Field| field.data_type().is_floating() && !self.keys.contains(field.name());
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
            for figure in FIGURES {
                counted.push(figure.of(name, true)?);
                counted.push(figure.of(name, false)?);
                differs = differs.or(not_as_good_as_equal(&named(&figure.name(name, true)), &named(&figure.name(name, false))));
            }
        }
        let order = exact.iter().map(|column| column.clone().sort(true, true)).collect::<Vec<_>>();
        let plan = all.aggregate(exact, counted)?.filter(differs)?.sort(order)?.build()?;
        let running = run::start(session, &plan, cancel).await?;
        Ok(Differences { running, names: self.names.map(str::to_owned), columns, doubles })
    }
}

/// What is compared of a column of doubles.
#[derive(Debug, Clone, Copy)]
enum Figure {
    Least,
    Greatest,
    Sum,
}

const FIGURES: [Figure; 3] = [Figure::Least, Figure::Greatest, Figure::Sum];

impl Figure {
    fn name(self, column: &str, is_first: bool) -> String {
        let side = if is_first { FIRST } else { SECOND };
        format!("{side}_{}_{column}", format!("{self:?}").to_lowercase())
    }

    fn of(self, column: &str, is_first: bool) -> Result<Expr> {
        let own = if is_first { named(IS_FIRST) } else { Expr::Not(Box::new(named(IS_FIRST))) };
        let value = when(own, named(column)).end()?;
        let figure = match self {
            Self::Least => min(value),
            Self::Greatest => max(value),
            Self::Sum => Expr::AggregateFunction(AggregateFunction::new_udf(sum_udaf(), vec![value], false, None, vec![], None)),
        };
        Ok(figure.alias(self.name(column, is_first)))
    }
}

/// NaN is equal to itself, and NULL to NULL.
fn not_as_good_as_equal(one: &Expr, other: &Expr) -> Expr {
    let size = |value: &Expr| abs(value.clone());
    let greater = datafusion::functions::expr_fn::greatest(vec![size(one), size(other)]);
    let is_near = abs(one.clone() - other.clone()).lt_eq(greater * lit(TOLERANCE));
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

    /// Rows read so far, by both sides.
    pub fn rows_read(&self) -> u64 {
        self.running.measurement().rows_read
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
                (all(&Figure::Least.name(field.name(), true))?, all(&Figure::Least.name(field.name(), false))?)
            } else {
                (all(field.name())?, all(field.name())?)
            };
            columns.push(interleave(&[one.as_ref(), other.as_ref()], &shown)?);
        }
        RecordBatch::try_new(self.schema(), columns)
    }
}
