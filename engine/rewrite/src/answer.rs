//! The proof that a rollup's rows answer a GROUP BY of a query.
//!
//! It holds if the same rows go into both, but for conditions that are the same for all rows of a group of the rollup, and if the query's keys and
//! aggregates follow from the rollup's keys and states. Tables that only the query joins, by their keys, are joined to the rollup's rows instead. Times that
//! are no whole buckets are left to the tables themselves.

use datafusion::arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType};
use datafusion::common::tree_node::{Transformed, TransformedResult as _, TreeNode as _};
use datafusion::common::{Column, DataFusionError, TableReference};
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::{Aggregate, Expr, ExprSchemable, cast, when};
use datafusion::sql::unparser::Unparser;
use datafusion::sql::unparser::dialect::CustomDialectBuilder;
use nightshift_calendar::{Calendar, Grain};
use nightshift_compile::Compiled;
use nightshift_compile::resolve::{Occurrence, Term};
use nightshift_compile::rollup::states::{Function, call_of, can_be_averaged};
use nightshift_compile::rollup::symbol::{TimeSymbol, time_symbol};
use nightshift_project::Load;
use nightshift_refresh::cut_expression;

use crate::bounds::{Comparison, Times, Whole, comparison, inside};
use crate::flat::{Flat, Scan};
use crate::offer::{Meaning, Offer};
use crate::refusal::Refusal;

/// What the proof may ask.
pub(crate) struct Knowledge<'a> {
    pub(crate) compiled: &'a Compiled,
    pub(crate) state: &'a SessionState,
    pub(crate) calendar: &'a Calendar,
}

/// How a GROUP BY follows from the rows of a rollup. Expressions are over its columns and those of the tables that are joined to them.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Tables that are joined to the rollup's rows.
    pub(crate) joined: Vec<Joined>,
    /// Which rows are wanted.
    pub(crate) conditions: Vec<Expr>,
    /// The keys of the query's groups.
    pub(crate) keys: Vec<Expr>,
    /// Its aggregates.
    pub(crate) values: Vec<Value>,
    /// Which times are wanted; none if all are.
    pub(crate) times: Option<Wanted>,
}

/// A table that is joined to the rollup's rows.
#[derive(Debug)]
pub(crate) struct Joined {
    pub(crate) scan: Scan,
    /// The conditions of a LEFT JOIN.
    pub(crate) optional: Option<Vec<Expr>>,
}

/// The times that a query wants, and those of them that the rollup answers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) times: Times,
    pub(crate) whole: Whole,
}

/// How an aggregate follows from several rows of a rollup.
#[derive(Debug)]
pub(crate) enum Value {
    /// A number of rows or values: the sum of theirs.
    Count(Expr),
    /// A sum of theirs.
    Sum(Expr),
    /// An average, from sums and numbers of values.
    Average {
        /// The sum.
        sum: Expr,
        /// Of how many values.
        values: Expr,
    },
    /// The least of theirs, or the greatest.
    Extreme(Function, Expr),
    /// How many different values their keys have.
    Distinct(Expr),
}

impl Answer {
    /// Whether some rows have to be read from the tables themselves.
    pub(crate) fn leaves_some(&self) -> bool {
        self.times.is_some_and(|wanted| wanted.whole.leaves_some)
    }
}

/// The name under which the columns of the rollup stand.
pub(crate) fn alias(offer: &Offer) -> TableReference {
    TableReference::bare(format!("rollup {}", offer.rollup.name()))
}

/// Proves that a rollup answers a GROUP BY over rows.
///
/// # Errors
/// Why it does not.
pub(crate) fn answer(query: &Aggregate, rows: &Flat, offer: &Offer, known: &Knowledge<'_>) -> Result<Answer, Refusal> {
    let proof = Proof { query, rows, offer, known, joined: rows.scans.iter().filter(|scan| offer.rows.scan(&scan.name).is_none()).collect() };
    proof.same_tables()?;
    let (conditions, times) = proof.conditions()?;
    let keys = query.group_expr.iter().map(|key| proof.key(key)).collect::<Result<_, _>>()?;
    let values = query.aggr_expr.iter().map(|call| proof.value(call)).collect::<Result<_, _>>()?;
    Ok(Answer { joined: proof.joined()?, conditions, keys, values, times })
}

struct Proof<'a> {
    query: &'a Aggregate,
    rows: &'a Flat,
    offer: &'a Offer,
    known: &'a Knowledge<'a>,
    /// Tables that only the query reads.
    joined: Vec<&'a Scan>,
}

impl Proof<'_> {
    /// The same tables go into both, in the same way, but for some that only one of them joins and which neither take rows away nor double them.
    fn same_tables(&self) -> Result<(), Refusal> {
        for scan in &self.offer.rows.scans {
            match self.rows.scan(&scan.name) {
                Some(own) if meanings(self.rows, own.optional.as_deref()) == meanings(&self.offer.rows, scan.optional.as_deref()) => {}
                Some(_) => return Err(Refusal::OtherJoin { table: scan.table.clone() }),
                None => {
                    // Only an upsert keeps a key unique over all files.
                    let contract = self.known.compiled.contract(&scan.table);
                    let is_upserted = contract.is_some_and(|contract| matches!(contract.header.load, Load::Upsert { .. }));
                    let finds_one = scan.optional.as_deref().is_some_and(|conditions| self.finds_one(scan, conditions));
                    if !(is_upserted && finds_one) {
                        return Err(Refusal::OtherTable { table: scan.table.clone() });
                    }
                }
            }
        }
        for scan in &self.joined {
            if !self.finds_one(scan, scan.optional.as_deref().unwrap_or(&self.rows.conditions)) {
                return Err(Refusal::FanOut { table: scan.table.clone() });
            }
        }
        Ok(())
    }

    /// Whether a table has at most one row for one of the others': all columns of its key are equal to something of theirs.
    fn finds_one(&self, scan: &Scan, conditions: &[Expr]) -> bool {
        let key = self.known.compiled.contract(&scan.table).map(|contract| contract.key()).unwrap_or_default();
        let is_of = |expression: &Expr| expression.column_refs().iter().any(|column| is_column_of(column, scan));
        let is_fixed = |key: &String| {
            conditions.iter().filter_map(comparison).filter(|condition| condition.op == datafusion::logical_expr::Operator::Eq).any(|condition| {
                let is_key = |side: &Expr| matches!(side, Expr::Column(column) if is_column_of(column, scan) && column.name == *key);
                (is_key(&condition.left) && !is_of(&condition.right)) || (is_key(&condition.right) && !is_of(&condition.left))
            })
        };
        !key.is_empty() && key.iter().all(is_fixed)
    }

    /// The query's conditions over the rollup's columns, without those that its rows satisfy anyway, and the times that no such condition tells.
    fn conditions(&self) -> Result<(Vec<Expr>, Option<Wanted>), Refusal> {
        let own: Vec<(Term, &Expr)> = self.rows.conditions.iter().map(|condition| (self.rows.meaning(condition), condition)).collect();
        let given: Vec<(Term, &Expr)> = self.offer.rows.conditions.iter().map(|condition| (self.offer.rows.meaning(condition), condition)).collect();
        if let Some((_, condition)) = given.iter().find(|(meaning, _)| !own.iter().any(|(own, _)| own == meaning)) {
            return Err(Refusal::Filtered { condition: told(condition) });
        }
        let (mut conditions, mut times) = (vec![], None);
        for (_, condition) in own.iter().filter(|(meaning, _)| !given.iter().any(|(given, _)| given == meaning)) {
            if let Some(condition) = self.translated(condition) {
                conditions.push(condition);
            } else {
                let wanted = self.times(condition).ok_or_else(|| Refusal::Condition { condition: told(condition) })?;
                times = Some(times.unwrap_or(Times::default()).and(wanted));
            }
        }
        let Some(times) = times else { return Ok((conditions, None)) };
        let rollup = &self.offer.rollup;
        let refused = || Refusal::NoWholeBucket { grain: rollup.grain().max(Grain::Day) };
        let is_bucket = |term: &Term| matches!(time_symbol(term, &rollup.time), Some(TimeSymbol::Bucket(Occurrence(0), own)) if own == rollup.bucketing());
        // The column may be the bucket of another scan than the one whose time is asked for.
        if !self.offer.keys.iter().any(|(key, column)| column == rollup.bucket_column() && is_bucket(key)) {
            return Err(refused());
        }
        let whole = times.whole_buckets(rollup.bucketing(), self.known.calendar).ok_or_else(refused)?;
        let bucket = rollup.schema.field_with_name(rollup.bucket_column()).map(|field| field.data_type().clone()).map_err(|_| refused())?;
        if whole.from.is_some() || whole.until.is_some() {
            conditions.push(inside(&self.column(rollup.bucket_column()), &bucket, &whole, self.known.calendar.zone.name()).ok_or_else(refused)?);
        }
        Ok((conditions, Some(Wanted { times, whole })))
    }

    /// The times for which a condition holds, if it is one of the time by which the rollup divides its rows.
    fn times(&self, condition: &Expr) -> Option<Times> {
        let condition = comparison(condition)?;
        [(&condition.left, true), (&condition.right, false)].into_iter().find_map(|(side, is_left)| {
            let symbol = time_symbol(&self.rows.meaning(side), &self.offer.rollup.time).filter(|symbol| self.is_time(*symbol))?;
            let data_type = side.get_type(self.rows.schema.as_ref()).ok()?;
            let comparison = Comparison { symbol, data_type: &data_type, state: self.known.state, calendar: self.known.calendar };
            comparison.times(condition, is_left)
        })
    }

    /// Whether a time is that of the rows that both read.
    fn is_time(&self, symbol: TimeSymbol) -> bool {
        let name = format!("{}#{}", self.offer.rollup.time.table, symbol.occurrence().0);
        let is_required = |rows: &Flat| rows.scan(&name).is_some_and(|scan| scan.optional.is_none());
        symbol.occurrence().0 == 0 && is_required(self.rows) && is_required(&self.offer.rows)
    }

    /// The tables that are joined to the rollup's rows.
    fn joined(&self) -> Result<Vec<Joined>, Refusal> {
        let joined = self.joined.iter().map(|scan| {
            let translated = |condition: &Expr| self.translated(condition).ok_or_else(|| Refusal::Condition { condition: told(condition) });
            let conditions = scan.optional.as_ref().map(|conditions| conditions.iter().map(translated).collect::<Result<_, _>>()).transpose();
            Ok(Joined { scan: (*scan).clone(), optional: conditions? })
        });
        joined.collect()
    }

    fn key(&self, key: &Expr) -> Result<Expr, Refusal> {
        let refused = || Refusal::Key { key: told(key) };
        let own = if matches!(key, Expr::GroupingSet(_)) { None } else { self.rows.over_scans(key, self.query.input.schema()) };
        own.and_then(|key| self.translated(&key)).ok_or_else(refused)
    }

    fn value(&self, expression: &Expr) -> Result<Value, Refusal> {
        let found = call_of(expression).and_then(|call| self.of_states(expression, call).or_else(|| self.of_keys(call)));
        found.ok_or_else(|| Refusal::Aggregate { call: told(&expression.clone().unalias()) })
    }

    /// An aggregate from the states that the rollup keeps.
    fn of_states(&self, expression: &Expr, call: &AggregateFunction) -> Option<Value> {
        if call.func.name() == "avg" {
            let data_type = call.params.args.first()?.get_type(self.query.input.schema()).ok()?;
            let state = |function| self.state(&Meaning::read_as(function, expression, self.query, self.rows)?, call, true);
            let is_kept = can_be_averaged(&data_type) && !data_type.is_floating() && !call.params.distinct;
            // The columns may have been cast to types of other scales.
            let sum_type = match data_type {
                DataType::Decimal128(_, scale) => DataType::Decimal128(DECIMAL128_MAX_PRECISION, scale),
                _ => DataType::Int64,
            };
            let average = || Some(Value::Average { sum: cast(state(Function::Sum)?, sum_type), values: cast(state(Function::Count)?, DataType::Int64) });
            return if is_kept { average() } else { None };
        }
        let meaning = Meaning::read(expression, self.query, self.rows)?;
        let state = self.state(&meaning, call, false)?;
        Some(match meaning.function {
            Function::Count => Value::Count(state),
            Function::Sum => Value::Sum(state),
            Function::Min | Function::Max => Value::Extreme(meaning.function, state),
            Function::Distinct | Function::Partial => return None,
        })
    }

    /// A state of the rollup's rows: of those that a call filters, or of all rows of the groups that it filters. `takes_0` if it does not matter whether a sum of
    /// nothing is 0.
    fn state(&self, meaning: &Meaning, call: &AggregateFunction, takes_0: bool) -> Option<Expr> {
        let is_nullable = call.params.args.first().and_then(|argument| argument.nullable(self.query.input.schema()).ok()).unwrap_or(true);
        let column = |meaning: &Meaning| {
            let has_values = takes_0 || (!is_nullable && meaning.filter.is_none());
            if let Some(column) = self.offer.state(meaning, has_values) {
                return Some(self.column(column));
            }
            // A sum of nothing is NULL: how many values there are says whether it is.
            let sum = self.column(self.offer.state(meaning, true)?);
            let argument = meaning.argument.clone().filter(|_| is_nullable);
            let counted = Meaning { function: Function::Count, argument, ..meaning.clone() };
            let values = self.column(self.offer.state(&counted, true)?);
            when(values.gt(datafusion::logical_expr::lit(0_i64)), sum).end().ok()
        };
        if let Some(state) = column(meaning) {
            return Some(state);
        }
        let filter = self.filter(call)?;
        let all = column(&Meaning { filter: None, ..meaning.clone() })?;
        when(filter, all).end().ok()
    }

    /// An aggregate of what is the same for all rows of a group.
    fn of_keys(&self, call: &AggregateFunction) -> Option<Value> {
        let parameters = &call.params;
        let [argument] = parameters.args.as_slice() else { return None };
        if !parameters.order_by.is_empty() || parameters.null_treatment.is_some() {
            return None;
        }
        let value = self.translated(&self.rows.over_scans(argument, self.query.input.schema())?)?;
        let chosen = |value: Expr| match &parameters.filter {
            Some(_) => when(self.filter(call)?, value).end().ok(),
            None => Some(value),
        };
        match (call.func.name(), parameters.distinct) {
            ("count", true) => Some(Value::Distinct(chosen(value)?)),
            ("count", false) => {
                let rows = self.column(self.offer.state(&Meaning::of_rows(), true)?);
                Some(Value::Count(chosen(when(value.is_not_null(), rows).end().ok()?)?))
            }
            ("min", _) => Some(Value::Extreme(Function::Min, chosen(value)?)),
            ("max", _) => Some(Value::Extreme(Function::Max, chosen(value)?)),
            _ => None,
        }
    }

    /// The filter of a call over the rollup's columns; none if it has none, or it cannot be told.
    fn filter(&self, call: &AggregateFunction) -> Option<Expr> {
        self.translated(&self.rows.over_scans(call.params.filter.as_deref()?, self.query.input.schema())?)
    }

    fn column(&self, name: &str) -> Expr {
        Expr::Column(Column::new(Some(alias(self.offer)), name))
    }

    /// An expression over the scans as one over the rollup's columns, and those of the tables that are joined to them.
    fn translated(&self, expression: &Expr) -> Option<Expr> {
        let meaning = self.rows.meaning(expression);
        if let Some(column) = self.offer.key(&meaning) {
            return Some(self.column(column));
        }
        if let Some(bucket) = self.bucket(&meaning, expression) {
            return Some(bucket);
        }
        match expression {
            Expr::Column(column) => self.joined.iter().any(|scan| is_column_of(column, scan)).then(|| expression.clone()),
            Expr::AggregateFunction(_) | Expr::WindowFunction(_) | Expr::GroupingSet(_) | Expr::Placeholder(_) => None,
            other => {
                let inner = other.clone().map_children(|inner| {
                    let untold = || DataFusionError::Plan("not told".to_owned());
                    self.translated(&inner).map(Transformed::yes).ok_or_else(untold)
                });
                inner.data().ok()
            }
        }
    }

    /// A bucket of the time, cut from the coarsest bucket of the rollup that is as fine.
    fn bucket(&self, meaning: &Term, expression: &Expr) -> Option<Expr> {
        let time = &self.offer.rollup.time;
        let TimeSymbol::Bucket(of, wanted) = time_symbol(meaning, time)? else { return None };
        if !self.is_time(TimeSymbol::Time(of)) {
            return None;
        }
        let own = |term: &Term| match time_symbol(term, time)? {
            TimeSymbol::Bucket(own_of, own) if own_of == of && own.is_within(wanted) => Some(own),
            _ => None,
        };
        let buckets = self.offer.keys.iter().filter_map(|(key, column)| Some((own(key)?.grain, column)));
        let (_, column) = buckets.max_by_key(|(grain, _)| *grain)?;
        let data_type: DataType = expression.get_type(self.rows.schema.as_ref()).ok()?;
        Some(cast(cut_expression(self.known.state, wanted.grain, self.column(column)), data_type))
    }
}

fn is_column_of(column: &Column, scan: &Scan) -> bool {
    column.relation.as_ref().is_some_and(|relation| relation.table() == scan.name)
}

/// The meanings of conditions, in an order of their own; none for no conditions.
fn meanings(rows: &Flat, conditions: Option<&[Expr]>) -> Option<Vec<Term>> {
    conditions.map(|conditions| {
        let mut meanings: Vec<Term> = conditions.iter().map(|condition| rows.meaning(condition)).collect();
        meanings.sort();
        meanings.dedup();
        meanings
    })
}

/// An expression as people write it.
fn told(expression: &Expr) -> String {
    let plain = expression.clone().transform_up(|node| match node {
        Expr::Column(column) => Ok(Transformed::yes(Expr::Column(Column::new_unqualified(column.name)))),
        node => Ok(Transformed::no(node)),
    });
    // Without the quotes that a name like `status` would get.
    let dialect = CustomDialectBuilder::new().build();
    let written = plain.and_then(|plain| Unparser::new(&dialect).with_pretty(true).expr_to_sql(&plain.data));
    written.map_or_else(|_| expression.to_string(), |written| written.to_string())
}
