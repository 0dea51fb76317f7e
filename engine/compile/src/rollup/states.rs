//! What the rows of a rollup's table say about its aggregates, so that a change can be merged into them.
//!
//! A row of the table is its own state: a sum, a count or an extreme that stands in a visible column is kept there and nowhere else.
//! What a SELECT does not show (the sum below an average, how many values a sum is made of) becomes a hidden column, named after the
//! column that needs it. It holds for the last GROUP BY of a query, if nothing above it hides a group; window functions above it are computed anew from
//! the states. A change of the facts is merged only where each fact brings its own rows to what is grouped: through joins, filters and UNION ALL, but no
//! window, DISTINCT or LIMIT below.
//!
//! Of aggregates that are made of no counts, sums and extremes a hidden column keeps what DataFusion itself hands from one part of a query to the next, as
//! bytes. That is a state of bounded size for those of [`PARTIAL`].
//!
//! A `count(DISTINCT x)` does not follow from two counts. It is kept where `x` is a column of the facts: those that have a value are found by
//! that column, and tell whether it is new to its group or gone from it.

use std::collections::{BTreeMap, BTreeSet};

use arrow::ARROW_VERSION;
use datafusion::DATAFUSION_VERSION;
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::{Aggregate, Expr, ExprSchemable, LogicalPlan};

use super::STATE_ROWS;
use super::grouping::LastGrouping;
use super::obstacle::{NoState, Obstacle};
use super::symbol::TimeColumn;
use crate::resolve::{Occurrence, Relation, Resolved, Term, exact_scale};
use crate::sql_type;

/// Decimals of more digits are averaged by DataFusion in 256 bits, which our states do not hold.
const AVERAGED_DIGITS: u8 = 28;

/// Aggregates of which DataFusion's own state is kept where no other is. Its size has a bound, and it does not matter in which order rows come, beyond the
/// last digits of a double.
const PARTIAL: [&str; 20] = [
    "approx_distinct",
    "avg",
    "bit_and",
    "bit_or",
    "bit_xor",
    "bool_and",
    "bool_or",
    "max",
    "min",
    "regr_avgx",
    "regr_avgy",
    "regr_count",
    "regr_sxx",
    "regr_sxy",
    "regr_syy",
    "stddev",
    "stddev_pop",
    "sum",
    "var",
    "var_pop",
];
/// Aggregates that may be 0, or divide by what may be: parts that are put together leave a last digit of it, and with that any result.
const ROUNDING: [&str; 6] = ["corr", "covar_pop", "covar_samp", "regr_intercept", "regr_r2", "regr_slope"];
/// Aggregates whose states depend on the order in which rows come.
const ORDERED: [&str; 3] = ["approx_median", "approx_percentile_cont", "approx_percentile_cont_with_weight"];

/// What a table keeps of the rows of each of its groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct States {
    /// For each aggregate of the GROUP BY, in the order of the plan, what its value is made from.
    pub aggregates: Vec<Kept>,
    /// Columns that the table has beside the visible ones.
    pub hidden: Vec<String>,
    /// All columns that they are made from, visible and hidden, in the order of their names.
    pub columns: Vec<StateColumn>,
    /// The visible column of each group key, in the order of the plan.
    pub keys: Vec<String>,
    /// False if what an aggregate keeps cannot give back a row that goes: a sum of doubles would keep what was rounded.
    pub exact: bool,
    /// Whether a fact that comes or goes adds rows to what is grouped, or takes them, and changes no other.
    pub linear: bool,
}

/// A column that is a state, with what it is computed from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateColumn {
    /// Its name.
    pub column: String,
    /// What is computed.
    pub function: Function,
    /// Which aggregate of the plan has its arguments and its filter; none for the number of rows.
    pub aggregate: Option<usize>,
    /// What it is, whatever its name.
    meaning: Meaning,
    /// Whether it has only the day of an extreme time.
    is_day: bool,
}

impl StateColumn {
    fn new(column: &str, meaning: &Meaning, aggregate: Option<usize>) -> Self {
        Self { column: column.to_owned(), function: meaning.function, aggregate, meaning: meaning.clone(), is_day: false }
    }

    /// Whether it has the same values as another one, of the same rows.
    #[must_use]
    pub fn means(&self, other: &Self) -> bool {
        self.meaning == other.meaning && self.is_day == other.is_day
    }

    /// How its values of two sets of rows become that of both.
    #[must_use]
    pub const fn merge(&self) -> Merge {
        self.function.merge()
    }
}

/// The columns of a table's row from which an aggregate's value follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// A count.
    Count {
        /// The column.
        count: String,
    },
    /// A sum.
    Sum {
        /// The column.
        sum: String,
        /// How many values it is made of, if there may be none, so that it is NULL.
        values: Option<String>,
    },
    /// An average.
    Average {
        /// The column of the sum.
        sum: String,
        /// The column of how many values it is made of.
        values: String,
    },
    /// The least or the greatest value.
    Extreme {
        /// The column.
        value: String,
    },
    /// A count of different values.
    Distinct {
        /// The column.
        count: String,
        /// The facts' column that has the values.
        of: String,
    },
    /// What DataFusion itself knows of the rows.
    Partial {
        /// The column.
        state: String,
    },
}

/// How the values of several sets of rows become that of all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merge {
    /// Counts, and sums.
    Sum,
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// What DataFusion itself knows of rows is put together by it.
    Partial,
}

/// A function whose values are states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Function {
    /// How many rows, or values that are not NULL.
    Count,
    /// Their sum.
    Sum,
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// How many different values that are not NULL.
    Distinct,
    /// What DataFusion knows of the rows of any other aggregate.
    Partial,
}

impl Function {
    /// The function that SQL calls for it, if that does not depend on the aggregate.
    #[must_use]
    pub const fn call(self) -> Option<&'static str> {
        match self {
            Self::Count | Self::Distinct => Some("count"),
            Self::Sum => Some("sum"),
            Self::Min => Some("min"),
            Self::Max => Some("max"),
            Self::Partial => None,
        }
    }

    /// Whether each value counts once.
    #[must_use]
    pub const fn is_distinct(self) -> bool {
        matches!(self, Self::Distinct)
    }

    /// How its values of two sets of rows become that of both; for different values, how the count becomes another by how many are new to it.
    #[must_use]
    pub const fn merge(self) -> Merge {
        match self {
            Self::Count | Self::Sum | Self::Distinct => Merge::Sum,
            Self::Min => Merge::Min,
            Self::Max => Merge::Max,
            Self::Partial => Merge::Partial,
        }
    }
}

/// A state by its meaning. Without an argument it is about rows, not values.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Meaning {
    function: Function,
    argument: Option<String>,
    filter: Option<String>,
}

/// One aggregate of the plan.
struct Call {
    term: Term,
    name: String,
    /// The function that is its own state; none for an average.
    function: Option<Function>,
    argument: String,
    data_type: DataType,
    /// Whether its argument may be NULL.
    nullable: bool,
    filter: Option<String>,
    /// The facts' column that is its argument, if it is one.
    column: Option<String>,
}

/// The GROUP BY below what hides none of its rows.
#[must_use]
pub fn grouping_of(plan: &LogicalPlan) -> Option<&Aggregate> {
    match plan {
        LogicalPlan::Aggregate(aggregate) => Some(aggregate),
        LogicalPlan::Projection(projection) => grouping_of(&projection.input),
        LogicalPlan::SubqueryAlias(alias) => grouping_of(&alias.input),
        LogicalPlan::Window(window) => grouping_of(&window.input),
        LogicalPlan::Sort(sort) if sort.fetch.is_none() => grouping_of(&sort.input),
        _ => None,
    }
}

/// The call below an alias.
#[must_use]
pub fn call_of(expression: &Expr) -> Option<&AggregateFunction> {
    match expression {
        Expr::Alias(alias) => call_of(&alias.expr),
        Expr::AggregateFunction(call) => Some(call),
        _ => None,
    }
}

impl States {
    /// The states of a query over `facts` with a bucket column.
    ///
    /// # Errors
    /// Why its rows cannot keep them.
    pub fn of(plan: &LogicalPlan, query: &Resolved, time: &TimeColumn, bucket: &str, facts: &[Occurrence]) -> Result<Self, Obstacle> {
        let grouping = LastGrouping::of(plan, query)?;
        let calls = grouping.calls().map(|(call, term)| Call::read(call, term, grouping.aggregate, facts));
        let calls: Vec<Call> = calls.collect::<Result<_, _>>()?;
        let mut columns = Columns::shown(query, calls.iter().enumerate());
        let aggregates: Vec<Kept> = calls.iter().enumerate().map(|(index, call)| columns.keep(query, index, call)).collect();
        // The facts that have a value are looked for in the buckets of the groups to which it came.
        if calls.iter().any(|call| call.function == Some(Function::Distinct)) && !grouping.keys.iter().any(|key| key == bucket) {
            return Err(Obstacle::BucketNoKey);
        }
        let exact = calls.iter().all(|call| call.function != Some(Function::Partial) && (!call.adds() || exact_scale(&call.data_type).is_some()));
        let used = columns.used(&aggregates);
        Ok(Self { aggregates, hidden: columns.hidden, columns: used, linear: is_linear(grouping.input, time), keys: grouping.keys, exact })
    }

    /// What wrote the states that DataFusion itself makes, if any are kept: another version may write and read them in another way.
    pub(super) fn version(&self) -> String {
        let has_partial = self.columns.iter().any(|state| state.function == Function::Partial);
        if has_partial { format!("datafusion {DATAFUSION_VERSION}, arrow {ARROW_VERSION}") } else { String::new() }
    }

    /// The columns that the table has beside the visible ones.
    pub fn hidden_columns(&self) -> impl Iterator<Item = &str> {
        self.hidden.iter().map(String::as_str).chain([STATE_ROWS])
    }
}

/// The states that a query shows, also if others of its aggregates have none.
pub(super) fn shown_states(grouping: &LastGrouping<'_>, query: &Resolved, facts: &[Occurrence]) -> Vec<StateColumn> {
    let calls = grouping.calls().enumerate().filter_map(|(index, (call, term))| Some((index, Call::read(call, term, grouping.aggregate, facts).ok()?)));
    let calls: Vec<(usize, Call)> = calls.collect();
    Columns::shown(query, calls.iter().map(|(index, call)| (*index, call))).known.into_values().collect()
}

impl Kept {
    /// The columns that it follows from.
    fn columns(&self) -> impl Iterator<Item = &str> {
        let (first, second) = match self {
            Self::Count { count } => (count, None),
            Self::Sum { sum, values } => (sum, values.as_ref()),
            Self::Average { sum, values } => (sum, Some(values)),
            Self::Extreme { value } => (value, None),
            Self::Distinct { count, .. } => (count, None),
            Self::Partial { state } => (state, None),
        };
        [Some(first), second].into_iter().flatten().map(String::as_str)
    }
}

impl Call {
    /// Reads an aggregate that we know how to keep.
    fn read(expression: &Expr, term: &Term, aggregate: &Aggregate, facts: &[Occurrence]) -> Result<Self, Obstacle> {
        let refused = |reason| Obstacle::Aggregate { call: expression.clone().unalias().schema_name().to_string(), reason };
        let (Some(call), Term::Aggregate { arguments, distinct, filter, order, .. }) = (call_of(expression), term) else {
            return Err(refused(NoState::Function));
        };
        let (schema, name) = (aggregate.input.schema(), call.func.name());
        let is_plain = order.is_empty() && call.params.null_treatment.is_none();
        let argument = call.params.args.first().filter(|_| is_plain).ok_or_else(|| refused(why_not(name).unwrap_or(NoState::Form)))?;
        let data_type = argument.get_type(schema.as_ref()).map_err(|_| refused(NoState::Function))?;
        let (function, argument_term, column) = match (call.params.args.len(), arguments.as_slice()) {
            (1, [only]) => {
                let column = match (only, facts) {
                    (Term::Column { of, name, .. }, [fact]) if of == fact => Some(name.clone()),
                    _ => None,
                };
                (own_function(name, *distinct, &data_type, column.is_some()).map_err(refused)?, only.to_string(), column)
            }
            _ if *distinct => return Err(refused(NoState::Distinct)),
            _ => (Some(partial(name).map_err(refused)?), String::new(), None),
        };
        let argument_term = match function {
            Some(Function::Partial) => format!("{name}({})", arguments.iter().map(Term::to_string).collect::<Vec<_>>().join(", ")),
            _ => argument_term,
        };
        let nullable = argument.nullable(schema.as_ref()).unwrap_or(true);
        let filter = filter.as_deref().map(Term::to_string);
        Ok(Self { term: term.clone(), name: name.to_owned(), function, argument: argument_term, data_type, nullable, filter, column })
    }

    /// Whether it is a sum, or made from one.
    const fn adds(&self) -> bool {
        matches!(self.function, None | Some(Function::Sum))
    }

    fn meaning(&self, function: Function) -> Meaning {
        let argument = (function != Function::Count || self.nullable).then(|| self.argument.clone());
        Meaning { function, argument, filter: self.filter.clone() }
    }

    /// Whether a group that has rows may have no value of it.
    const fn may_be_empty(&self) -> bool {
        self.nullable || self.filter.is_some()
    }
}

/// The function that is the state of an aggregate of one argument; none for an average from a sum and a count.
fn own_function(name: &str, distinct: bool, data_type: &DataType, is_column: bool) -> Result<Option<Function>, NoState> {
    let (function, is_kept) = match (name, distinct) {
        ("count", true) if !is_column => return Err(NoState::DistinctExpression),
        ("count", true) => (Some(Function::Distinct), can_be_compared(data_type)),
        (_, true) => return Err(NoState::Distinct),
        ("count", false) => (Some(Function::Count), true),
        ("sum", false) => (Some(Function::Sum), can_be_added(data_type)),
        ("avg", false) => (None, can_be_averaged(data_type)),
        ("min", false) => (Some(Function::Min), can_be_compared(data_type)),
        ("max", false) => (Some(Function::Max), can_be_compared(data_type)),
        (_, false) => (Some(Function::Partial), false),
    };
    match function {
        function if is_kept => Ok(function),
        Some(Function::Distinct) => Err(NoState::Type { data_type: sql_type::of(data_type) }),
        _ if data_type.is_nested() => Err(why_not(name).unwrap_or_else(|| NoState::Type { data_type: sql_type::of(data_type) })),
        _ => partial(name).map(Some),
    }
}

/// The state that DataFusion has of an aggregate's rows, if it can be kept.
fn partial(name: &str) -> Result<Function, NoState> {
    if PARTIAL.contains(&name) { Ok(Function::Partial) } else { Err(why_not(name).unwrap_or(NoState::Function)) }
}

/// Why nothing is kept of a function, if that is known.
fn why_not(name: &str) -> Option<NoState> {
    match name {
        _ if ROUNDING.contains(&name) => Some(NoState::Rounding),
        _ if ORDERED.contains(&name) => Some(NoState::Order),
        _ => None,
    }
}

fn can_be_added(data_type: &DataType) -> bool {
    data_type.is_signed_integer() || matches!(data_type, DataType::Decimal128(..) | DataType::Float64)
}

/// Types whose order is not in doubt, and which a table can hold. Of doubles, who compares decides where NaN stands.
fn can_be_compared(data_type: &DataType) -> bool {
    let is_text = matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    let is_time = matches!(data_type, DataType::Date32 | DataType::Timestamp(TimeUnit::Microsecond, Some(_)));
    is_text || is_time || data_type.is_signed_integer() || matches!(data_type, DataType::Decimal128(..))
}

/// Whether the average of values of a type follows from their sum and number. DataFusion averages whole numbers as doubles, which a sum of 64 bits
/// does not always fit.
#[must_use]
pub fn can_be_averaged(data_type: &DataType) -> bool {
    let is_too_great = matches!(data_type, DataType::Decimal128(digits, _) if *digits > AVERAGED_DIGITS) || *data_type == DataType::Int64;
    can_be_added(data_type) && !is_too_great
}

/// The columns of a table that hold states.
struct Columns {
    known: BTreeMap<Meaning, StateColumn>,
    hidden: Vec<String>,
}

impl Columns {
    /// Those that the SELECT shows anyway.
    fn shown<'a>(query: &Resolved, calls: impl Iterator<Item = (usize, &'a Call)> + Clone) -> Self {
        let rows = Meaning { function: Function::Count, argument: None, filter: None };
        let mut known = BTreeMap::from([(rows.clone(), StateColumn::new(STATE_ROWS, &rows, None))]);
        for column in &query.columns {
            let shown = calls.clone().find_map(|(index, call)| {
                // What DataFusion knows is never what it gives.
                let function = call.function.filter(|function| *function != Function::Partial)?;
                let is_day = shows_day(query, &column.term, call);
                let shown = is_day || shows(&column.term, &call.term, function);
                shown.then(|| StateColumn { is_day, ..StateColumn::new(&column.name, &call.meaning(function), Some(index)) })
            });
            if let Some(shown) = shown {
                known.entry(shown.meaning.clone()).or_insert(shown);
            }
        }
        Self { known, hidden: vec![] }
    }

    /// What an aggregate follows from; columns that are missing are added.
    fn keep(&mut self, query: &Resolved, index: usize, call: &Call) -> Kept {
        let mut column = |function| self.column(query, index, call, function);
        match call.function {
            Some(Function::Count) => Kept::Count { count: column(Function::Count) },
            Some(Function::Distinct) => Kept::Distinct { count: column(Function::Distinct), of: call.column.clone().unwrap_or_default() },
            Some(Function::Sum) => {
                let may_be_null = call.may_be_empty() && !query.columns.iter().all(|column| takes_no_value_for_0(&column.term, &call.term));
                Kept::Sum { sum: column(Function::Sum), values: may_be_null.then(|| column(Function::Count)) }
            }
            Some(Function::Partial) => Kept::Partial { state: column(Function::Partial) },
            Some(extreme) => Kept::Extreme { value: column(extreme) },
            None => Kept::Average { sum: column(Function::Sum), values: column(Function::Count) },
        }
    }

    fn column(&mut self, query: &Resolved, index: usize, call: &Call, function: Function) -> String {
        let meaning = call.meaning(function);
        if let Some(known) = self.known.get(&meaning) {
            return known.column.clone();
        }
        let user = query.columns.iter().find(|column| column.term.any(&|part| part == &call.term));
        let what = if function.is_distinct() { "distinct" } else { function.call().unwrap_or(&call.name) };
        let base = format!("_state_{}_{what}", user.map_or("", |user| user.name.as_str()));
        let taken = |name: &String| self.hidden.contains(name);
        let numbered = (2..).map(|number: usize| format!("{base}_{number}"));
        let name = std::iter::once(base.clone()).chain(numbered).find(|name| !taken(name)).unwrap_or_default();
        self.hidden.push(name.clone());
        let column = StateColumn::new(&name, &meaning, Some(index));
        self.known.insert(meaning, column);
        name
    }

    /// The columns that some aggregate follows from.
    fn used(&self, aggregates: &[Kept]) -> Vec<StateColumn> {
        let names: BTreeSet<&str> = aggregates.iter().flat_map(Kept::columns).chain([STATE_ROWS]).collect();
        names.into_iter().filter_map(|name| self.known.values().find(|known| known.column == name)).cloned().collect()
    }
}

/// Whether a column shows the value of a call: itself, in a type that loses nothing, or with 0 for "no value" in a sum.
fn shows(column: &Term, call: &Term, function: Function) -> bool {
    if column == call {
        return true;
    }
    match (function, column) {
        (Function::Count | Function::Distinct | Function::Sum, Term::Call { name, arguments }) => match arguments.as_slice() {
            [inner] if name.starts_with("cast ") => lossless_scale(column).is_some() && shows(inner, call, function),
            [inner, Term::Literal(zero)] if name == "coalesce" && function == Function::Sum => is_exact_zero(zero) && inner == call,
            _ => false,
        },
        _ => false,
    }
}

/// Whether a literal is 0, and no double.
fn is_exact_zero(literal: &str) -> bool {
    literal.starts_with("0:Int")
}

/// Whether a column shows the day of an extreme time, of which nothing else is asked: the day of the latest time is the latest day.
fn shows_day(query: &Resolved, column: &Term, call: &Call) -> bool {
    let is_extreme = matches!(call.function, Some(Function::Min | Function::Max)) && matches!(call.data_type, DataType::Timestamp(..));
    is_extreme && is_day_of(column, &call.term) && query.columns.iter().all(|column| takes_day_alone(&column.term, &call.term))
}

fn is_day_of(term: &Term, time: &Term) -> bool {
    matches!(term, Term::Call { name, arguments } if name == "cast Date32" && arguments.as_slice() == std::slice::from_ref(time))
}

fn takes_day_alone(term: &Term, time: &Term) -> bool {
    is_day_of(term, time) || (term != time && term.children().into_iter().all(|inner| takes_day_alone(inner, time)))
}

/// Whether a column sees a sum only as `coalesce(sum, 0)`, so that it does not matter whether it has no value or 0.
fn takes_no_value_for_0(term: &Term, sum: &Term) -> bool {
    match term {
        Term::Call { name, arguments } if name == "coalesce" => match arguments.as_slice() {
            [inner, Term::Literal(zero)] if inner == sum => is_exact_zero(zero),
            _ => arguments.iter().all(|inner| takes_no_value_for_0(inner, sum)),
        },
        term => term != sum && term.children().into_iter().all(|inner| takes_no_value_for_0(inner, sum)),
    }
}

/// The scale of a sum, if neither it nor the casts around it can round: then it does not matter how the sum is split. A cast to fewer
/// digits rounds each part by itself.
fn lossless_scale(term: &Term) -> Option<i8> {
    match term {
        Term::Aggregate { scale, .. } => *scale,
        Term::Call { name, arguments } => match arguments.as_slice() {
            [inner] => {
                let target = exact_scale(&name.strip_prefix("cast ")?.parse().ok()?)?;
                (target >= lossless_scale(inner)?).then_some(target)
            }
            [inner, Term::Literal(zero)] if name == "coalesce" && is_exact_zero(zero) => lossless_scale(inner),
            _ => None,
        },
        _ => None,
    }
}

/// Whether rows that are added to the facts or taken from them add rows to what is grouped, or take them, and change no other.
pub(super) fn is_linear(relation: &Relation, time: &TimeColumn) -> bool {
    match relation {
        Relation::Scan { .. } => true,
        Relation::Filter { input, .. } => is_linear(input, time),
        // That the facts stand on the side that keeps its rows is proved with the buckets; the other side does not read them.
        Relation::Join { left, right, .. } => {
            let reads = |side: &Relation| side.scans().iter().any(|(_, table)| *table == time.table);
            [left, right].into_iter().all(|side| !reads(side) || is_linear(side, time))
        }
        Relation::Union(inputs) => inputs.iter().all(|input| is_linear(input, time)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use datafusion::prelude::SessionContext;

    use super::*;
    use crate::resolve::resolve;

    const FACTS: &str = "CREATE TABLE f (at TIMESTAMP WITH TIME ZONE, k BIGINT, n INT NOT NULL, m BIGINT, a DECIMAL(20, 6), s VARCHAR, d DOUBLE)";

    /// The states of a query over a table of facts.
    async fn states(sql: &str) -> Result<States, Obstacle> {
        let context = SessionContext::new();
        context.sql(FACTS).await.unwrap();
        let plan = context.state().create_logical_plan(sql).await.unwrap();
        States::of(&plan, &resolve(&plan), &TimeColumn { table: "f".to_owned(), column: "at".to_owned() }, "k", &[Occurrence(0)])
    }

    async fn hidden(sql: &str) -> Vec<String> {
        states(sql).await.unwrap().hidden
    }

    #[tokio::test]
    async fn what_a_column_shows_is_kept_there_alone() {
        assert_eq!(hidden("SELECT k, sum(n) AS x, count(*) AS c, min(s) AS t, avg(n) AS y FROM f GROUP BY k").await, Vec::<String>::new());
        assert_eq!(hidden("SELECT k, CAST(sum(a) AS DECIMAL(34, 6)) AS x, count(a) AS c FROM f GROUP BY k").await, Vec::<String>::new());
        assert_eq!(hidden("SELECT k, coalesce(sum(n) FILTER (WHERE n > 0), 0) AS x FROM f GROUP BY k").await, Vec::<String>::new());
        assert_eq!(hidden("SELECT k, sum(a) AS x FROM f GROUP BY k").await, ["_state_x_count"]);
        assert_eq!(hidden("SELECT k, avg(a) AS x FROM f GROUP BY k").await, ["_state_x_sum", "_state_x_count"]);
    }

    /// What a table has no type for, or what would overflow where the query does not, is known in bytes.
    #[tokio::test]
    async fn of_other_aggregates_is_kept_what_datafusion_knows() {
        let sql = "SELECT k, stddev(d) AS x, regr_sxy(d, n) AS y, CAST(max(CAST(at AS TIME)) AS VARCHAR) AS t, avg(m) + 1 AS m FROM f GROUP BY k";
        let found = states(sql).await.unwrap();
        assert_eq!(found.hidden, ["_state_x_stddev", "_state_y_regr_sxy", "_state_t_max", "_state_m_avg"]);
        assert!(found.aggregates.iter().all(|kept| matches!(kept, Kept::Partial { .. })) && !found.exact);
        assert_eq!(hidden("SELECT k, bool_or(n > 3) AS x, bool_or(n > 4) AS y, bool_or(n > 3) AND k > 1 AS z FROM f GROUP BY k").await.len(), 2);
    }

    #[tokio::test]
    async fn different_values_are_counted_by_a_column_of_the_facts() {
        let found = states("SELECT k, count(DISTINCT s) AS x, count(DISTINCT n) FILTER (WHERE m > 0) * 2 AS y FROM f GROUP BY k").await.unwrap();
        let distinct = |count: &str, of: &str| Kept::Distinct { count: count.to_owned(), of: of.to_owned() };
        assert_eq!(found.aggregates, [distinct("x", "s"), distinct("_state_y_distinct", "n")]);
        assert_eq!(found.hidden, ["_state_y_distinct"]);
    }

    #[tokio::test]
    async fn below_another_grouping_a_fact_may_change_other_rows() {
        assert!(states("SELECT k, count(*) AS x FROM f GROUP BY k").await.unwrap().linear);
        assert!(!states("SELECT k, count(*) AS x FROM (SELECT DISTINCT k FROM f) t GROUP BY k").await.unwrap().linear);
    }

    /// Two columns that are the same number, each if its own join finds a row.
    #[tokio::test]
    async fn what_two_joins_find_is_told_apart() {
        let sql = "SELECT f.k, count(a.flag) AS x, count(b.flag) AS y FROM f LEFT JOIN (SELECT k, 1 AS flag FROM f) a ON a.k = f.n \
                   LEFT JOIN (SELECT k, 1 AS flag FROM f) b ON b.k = f.m GROUP BY f.k";
        let count = |count: &str| Kept::Count { count: count.to_owned() };
        assert_eq!(states(sql).await.unwrap().aggregates, [count("x"), count("y")]);
    }

    /// A zero that is a double makes a double of the sum, which is no exact state.
    #[tokio::test]
    async fn what_rounds_is_no_state() {
        let sql = "SELECT k, coalesce(sum(a), CAST(0 AS DOUBLE)) AS x, coalesce(sum(a), 0.0) AS y, count(a) AS c FROM f GROUP BY k";
        assert_eq!(hidden(sql).await, ["_state_x_sum"]);
        assert_eq!(hidden("SELECT k, CAST(sum(a) AS DECIMAL(30, 2)) AS x, count(a) AS c FROM f GROUP BY k").await, ["_state_x_sum"]);
    }

    #[test]
    fn only_what_cannot_round_shows_a_sum() {
        let sum = |scale| Term::Aggregate { block: 0, name: "sum".to_owned(), arguments: vec![], distinct: false, filter: None, order: vec![], scale };
        let cast = |data_type: &DataType, inner| Term::call(format!("cast {data_type}"), vec![inner]);
        let decimal = |scale| DataType::Decimal128(18, scale);
        assert_eq!(lossless_scale(&sum(Some(2))), Some(2));
        assert_eq!(lossless_scale(&cast(&decimal(2), sum(Some(2)))), Some(2));
        assert_eq!(lossless_scale(&cast(&decimal(4), cast(&DataType::Int64, sum(Some(0))))), Some(4));
        assert_eq!(lossless_scale(&cast(&decimal(2), sum(Some(4)))), None, "each part would be rounded");
        assert_eq!(lossless_scale(&cast(&DataType::Int64, sum(Some(2)))), None, "each part would be cut");
        assert_eq!(lossless_scale(&cast(&decimal(2), sum(None))), None, "a rounded float sum is rounded in each part");
        assert_eq!(lossless_scale(&cast(&DataType::Float64, sum(Some(2)))), None);
    }

    /// What a table cannot hold, what would overflow where the query does not, and what has no column of its own.
    #[tokio::test]
    async fn some_queries_have_no_states() {
        let typed = |call: &str, data_type: &str| format!("`{call}` cannot be merged: values of the type {data_type} are not kept");
        for (sql, why) in [
            ("SELECT k, count(DISTINCT d) AS x FROM f GROUP BY k", typed("count(DISTINCT f.d)", "DOUBLE")),
            ("SELECT k, max([n]) AS x FROM f GROUP BY k", typed("max(make_array(f.n))", "INTEGER ARRAY")),
            ("SELECT k, corr(n, m) AS x FROM f GROUP BY k", format!("`corr(f.n,f.m)` cannot be merged: {}", NoState::Rounding)),
            ("SELECT k, approx_median(n) AS x FROM f GROUP BY k", format!("`approx_median(f.n)` cannot be merged: {}", NoState::Order)),
            (
                "SELECT k, approx_percentile_cont(0.9) WITHIN GROUP (ORDER BY n) AS x FROM f GROUP BY k",
                format!("`approx_percentile_cont(Float64(0.9)) WITHIN GROUP [f.n ASC NULLS LAST]` cannot be merged: {}", NoState::Order),
            ),
            ("SELECT k, median(n) AS x FROM f GROUP BY k", "`median(f.n)` cannot be merged: no state is kept for this function".to_owned()),
            (
                "SELECT k, one, other FROM (SELECT k, s AS one, s AS other FROM f) t GROUP BY k, one, other",
                "its SELECT does not show the group key `t.other`, or shows it in the same column as another".to_owned(),
            ),
            (
                "SELECT k, count(DISTINCT n + 1) AS x FROM f GROUP BY k",
                "`count(DISTINCT f.n + Int64(1))` cannot be merged: different values are counted only of a column of the facts themselves".to_owned(),
            ),
            ("SELECT k, sum(DISTINCT n) AS x FROM f GROUP BY k", "`sum(DISTINCT f.n)` cannot be merged: only `count` takes DISTINCT".to_owned()),
            ("SELECT k, count(*) AS x FROM f GROUP BY k HAVING count(*) > 1", Obstacle::Having.to_string()),
            ("SELECT count(*) AS x FROM f GROUP BY k", "its SELECT does not show the group key `f.k`, or shows it in the same column as another".to_owned()),
            ("SELECT k, n AS x FROM f", Obstacle::NoGrouping.to_string()),
            ("SELECT at, count(DISTINCT n) AS x FROM f GROUP BY at", Obstacle::BucketNoKey.to_string()),
        ] {
            assert_eq!(states(sql).await.unwrap_err().to_string(), why, "{sql}");
        }
    }
}
