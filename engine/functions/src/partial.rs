//! States of any aggregate: what DataFusion itself hands from one part of a query to the next, kept as bytes in a column.
//!
//! DataFusion computes an aggregate in parts, one a thread: each part gives a state, and states are merged. A table keeps such a state for each of its
//! groups, so that rows that come later are one more part. Four functions do all that is asked of it: `state_of_x(…)` is the state of rows,
//! `merged_states_of_x(state)` that of several sets of them, `joined_states_of_x(state, state)` that of two, and `value_of_x(state)` what `x` would have given
//! for all rows. NULL is the state of no rows.
//!
//! The bytes are those of Arrow's row format over the fields of the state, which another version of DataFusion may write in another way:
//! a table that holds them is of this version alone.

use std::fmt::{self, Debug};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BinaryArray, BooleanArray, new_null_array};
use datafusion::arrow::compute::{concat, filter, interleave, nullif};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema};
use datafusion::arrow::row::{RowConverter, SortField};
use datafusion::common::{Result, exec_err, not_impl_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::type_coercion::functions::fields_with_udf;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, ColumnarValue, EmitTo, GroupsAccumulator, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::physical_expr::{GroupsAccumulatorAdapter, PhysicalExpr, expressions::Column};

/// So many states are taken apart at a time: one may have many kilobytes.
const AT_A_TIME: usize = 512;

/// An aggregate of arguments of certain types, by its states.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Partial {
    function: Arc<AggregateUDF>,
    /// The arguments as the function takes them, under the names of their numbers.
    arguments: Vec<FieldRef>,
}

impl Partial {
    /// The states of a function over arguments as a query has them.
    ///
    /// # Errors
    /// If the function does not take such arguments.
    pub fn of(function: &Arc<AggregateUDF>, arguments: &[FieldRef]) -> Result<Self> {
        let numbered = |(number, field): (usize, FieldRef)| Arc::new(field.as_ref().clone().with_name(number.to_string()).with_nullable(true));
        let arguments = fields_with_udf(arguments, function.as_ref())?.into_iter().enumerate().map(numbered).collect();
        let partial = Self { function: Arc::clone(function), arguments };
        partial.converter()?;
        Ok(partial)
    }

    /// The types of the arguments as the function takes them.
    pub fn types(&self) -> impl Iterator<Item = &DataType> {
        self.arguments.iter().map(|field| field.data_type())
    }

    /// `state_of_x(…)`: the state of rows, of the arguments that the function itself would be called with.
    #[must_use]
    pub fn state(&self) -> AggregateUDF {
        let types = self.types().cloned().collect();
        self.aggregate("state_of", Signature::exact(types, Volatility::Immutable), Role::OfRows)
    }

    /// `merged_states_of_x(state)`: the state of all rows that some states are of.
    #[must_use]
    pub fn merged(&self) -> AggregateUDF {
        self.aggregate("merged_states_of", of_states(1), Role::OfStates)
    }

    /// `joined_states_of_x(state, state)`: the state of the rows of both.
    #[must_use]
    pub fn joined(&self) -> ScalarUDF {
        ScalarUDF::from(Joined { name: format!("joined_states_of_{}", self.function.name()), signature: of_states(2), partial: self.clone() })
    }

    /// `value_of_x(state)`: what the function gives for the rows of a state.
    #[must_use]
    pub fn value(&self) -> ScalarUDF {
        ScalarUDF::from(Value { name: format!("value_of_{}", self.function.name()), signature: of_states(1), partial: self.clone() })
    }

    fn aggregate(&self, what: &str, signature: Signature, role: Role) -> AggregateUDF {
        AggregateUDF::from(PartialAggregate { name: format!("{what}_{}", self.function.name()), signature, role, partial: self.clone() })
    }

    fn result(&self) -> Result<FieldRef> {
        self.function.return_field(&self.arguments)
    }

    /// The fields of a state.
    fn fields(&self) -> Result<Vec<FieldRef>> {
        let (name, return_field) = (self.function.name(), self.result()?);
        self.function.state_fields(StateFieldsArgs { name, input_fields: &self.arguments, return_field, ordering_fields: &[], is_distinct: false })
    }

    fn converter(&self) -> Result<RowConverter> {
        Ok(RowConverter::new(self.fields()?.iter().map(|field| SortField::new(field.data_type().clone())).collect())?)
    }

    fn with_arguments<T>(&self, then: impl FnOnce(AccumulatorArgs<'_>) -> Result<T>) -> Result<T> {
        let schema = Schema::new(self.arguments.clone());
        let column = |(index, field): (usize, &FieldRef)| Arc::new(Column::new(field.name(), index)) as Arc<dyn PhysicalExpr>;
        let columns: Vec<Arc<dyn PhysicalExpr>> = self.arguments.iter().enumerate().map(column).collect();
        then(AccumulatorArgs {
            return_field: self.result()?,
            schema: &schema,
            ignore_nulls: false,
            order_bys: &[],
            is_reversed: false,
            name: self.function.name(),
            is_distinct: false,
            exprs: &columns,
            expr_fields: &self.arguments,
        })
    }

    /// States under way, one a group.
    fn states(&self) -> Result<States> {
        let is_grouped = self.with_arguments(|arguments| Ok(self.function.groups_accumulator_supported(arguments)))?;
        let inner: Box<dyn GroupsAccumulator> = if is_grouped {
            self.with_arguments(|arguments| self.function.create_groups_accumulator(arguments))?
        } else {
            let partial = self.clone();
            Box::new(GroupsAccumulatorAdapter::new(move || partial.with_arguments(|arguments| partial.function.accumulator(arguments))))
        };
        let mut states = States { inner, converter: self.converter()?, neutral: vec![] };
        if is_grouped {
            states.neutral = self.neutral()?;
        }
        Ok(states)
    }

    /// The state of no rows, a column a field.
    fn neutral(&self) -> Result<Vec<ArrayRef>> {
        let mut states = self.with_arguments(|arguments| self.function.create_groups_accumulator(arguments))?;
        let nothing: Vec<ArrayRef> = self.arguments.iter().map(|field| new_null_array(field.data_type(), 1)).collect();
        states.update_batch(&nothing, &[0], Some(&BooleanArray::from(vec![false])), 1)?;
        states.state(EmitTo::All)
    }
}

fn of_states(number: usize) -> Signature {
    Signature::exact(vec![DataType::Binary; number], Volatility::Immutable)
}

/// What is put together in a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Role {
    OfRows,
    OfStates,
}

/// States of groups under way.
struct States {
    inner: Box<dyn GroupsAccumulator>,
    converter: RowConverter,
    /// Stands for a state that is NULL. Where groups are counted by what has been seen of them, none may be left out; empty where
    /// each has an accumulator of its own, which would take it for a value.
    neutral: Vec<ArrayRef>,
}

impl Debug for States {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("States").finish_non_exhaustive()
    }
}

impl States {
    /// Merges states into those of groups.
    fn merge(&mut self, states: &BinaryArray, groups: &[usize], total: usize) -> Result<()> {
        let known = states.iter().zip(groups).filter_map(|(state, group)| Some((state?, *group)));
        let (bytes, of_known): (Vec<&[u8]>, Vec<usize>) = known.unzip();
        let fields = self.fields(&bytes)?;
        if bytes.len() == groups.len() {
            return self.inner.merge_batch(&fields, groups, total);
        }
        if self.neutral.is_empty() {
            return self.inner.merge_batch(&fields, &of_known, total);
        }
        let mut next = 0..bytes.len();
        let places: Vec<(usize, usize)> = states.iter().map(|state| state.and_then(|_| next.next()).map_or((1, 0), |row| (0, row))).collect();
        let filled = fields.iter().zip(&self.neutral).map(|(field, neutral)| interleave(&[field.as_ref(), neutral.as_ref()], &places));
        self.inner.merge_batch(&filled.collect::<Result<Vec<_>, _>>()?, groups, total)
    }

    /// The columns of states that are given as bytes.
    fn fields(&self, states: &[&[u8]]) -> Result<Vec<ArrayRef>> {
        let parser = self.converter.parser();
        Ok(self.converter.convert_rows(states.iter().map(|bytes| parser.parse(bytes)))?)
    }

    fn emitted(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let fields = self.inner.state(emit_to)?;
        Ok(Arc::new(self.converter.convert_columns(&fields)?.try_into_binary()?))
    }
}

/// The functions that give states.
#[derive(Debug, PartialEq, Eq, Hash)]
struct PartialAggregate {
    name: String,
    signature: Signature,
    role: Role,
    partial: Partial,
}

impl PartialAggregate {
    fn groups(&self) -> Result<Box<dyn GroupsAccumulator>> {
        let states = self.partial.states()?;
        Ok(match self.role {
            Role::OfRows => Box::new(OfRows(states)),
            Role::OfStates => Box::new(OfStates(states)),
        })
    }
}

impl AggregateUDFImpl for PartialAggregate {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _argument_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Binary)
    }

    fn state_fields(&self, arguments: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        match self.role {
            Role::OfRows => self.partial.fields(),
            Role::OfStates => Ok(vec![Arc::new(Field::new(format!("{}[state]", arguments.name), DataType::Binary, true))]),
        }
    }

    /// Rows without groups have no row of a table that would keep their state.
    fn accumulator(&self, _arguments: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        not_impl_err!("{} is computed for groups", self.name)
    }

    fn groups_accumulator_supported(&self, _arguments: AccumulatorArgs) -> bool {
        true
    }

    fn create_groups_accumulator(&self, _arguments: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        self.groups()
    }
}

/// The states of rows.
#[derive(Debug)]
struct OfRows(States);

impl GroupsAccumulator for OfRows {
    fn update_batch(&mut self, values: &[ArrayRef], group_indices: &[usize], filter: Option<&BooleanArray>, total_num_groups: usize) -> Result<()> {
        self.0.inner.update_batch(values, group_indices, filter, total_num_groups)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        self.0.emitted(emit_to)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        self.0.inner.state(emit_to)
    }

    fn merge_batch(&mut self, values: &[ArrayRef], group_indices: &[usize], total_num_groups: usize) -> Result<()> {
        self.0.inner.merge_batch(values, group_indices, total_num_groups)
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        self.0.inner.convert_to_state(values, filter)
    }

    fn size(&self) -> usize {
        self.0.inner.size()
    }
}

/// The states of states.
#[derive(Debug)]
struct OfStates(States);

impl GroupsAccumulator for OfStates {
    fn update_batch(&mut self, values: &[ArrayRef], group_indices: &[usize], filter: Option<&BooleanArray>, total_num_groups: usize) -> Result<()> {
        let kept = match filter {
            Some(filter) => chosen(values, filter)?,
            None => values.to_vec(),
        };
        self.merge_batch(&kept, group_indices, total_num_groups)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        self.0.emitted(emit_to)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(vec![self.0.emitted(emit_to)?])
    }

    fn merge_batch(&mut self, values: &[ArrayRef], group_indices: &[usize], total_num_groups: usize) -> Result<()> {
        let [states] = values else { return exec_err!("states are merged one column at a time") };
        self.0.merge(states.as_binary(), group_indices, total_num_groups)
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        filter.map_or_else(|| Ok(values.to_vec()), |filter| chosen(values, filter))
    }

    fn size(&self) -> usize {
        self.0.inner.size()
    }
}

/// The states of rows that a filter keeps, and NULL for all others.
fn chosen(states: &[ArrayRef], filter: &BooleanArray) -> Result<Vec<ArrayRef>> {
    let others: BooleanArray = filter.iter().map(|keep| Some(!keep.unwrap_or(false))).collect();
    states.iter().map(|states| Ok(nullif(states, &others)?)).collect()
}

/// Two states as one.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Joined {
    name: String,
    signature: Signature,
    partial: Partial,
}

impl Joined {
    /// The states of rows of which both sides know something.
    fn both(&self, one: &BinaryArray, other: &BinaryArray) -> Result<ArrayRef> {
        let mut joined = vec![];
        for from in (0..one.len()).step_by(AT_A_TIME) {
            let rows = AT_A_TIME.min(one.len() - from);
            let (groups, mut states): (Vec<usize>, States) = ((0..rows).collect(), self.partial.states()?);
            states.merge(&one.slice(from, rows), &groups, rows)?;
            states.merge(&other.slice(from, rows), &groups, rows)?;
            joined.push(states.emitted(EmitTo::All)?);
        }
        Ok(concat(&joined.iter().map(AsRef::as_ref).collect::<Vec<_>>())?)
    }
}

impl ScalarUDFImpl for Joined {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _argument_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Binary)
    }

    /// Few groups change: a state that meets none is taken over as it is.
    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [one, other] = arguments.args.as_slice() else { return exec_err!("{} takes two states", self.name) };
        let (one, other) = (one.to_array(arguments.number_rows)?, other.to_array(arguments.number_rows)?);
        let meets: BooleanArray = (0..one.len()).map(|row| Some(one.is_valid(row) && other.is_valid(row))).collect();
        if meets.true_count() == 0 {
            let places: Vec<(usize, usize)> = (0..one.len()).map(|row| (usize::from(one.is_null(row)), row)).collect();
            return Ok(ColumnarValue::Array(interleave(&[one.as_ref(), other.as_ref()], &places)?));
        }
        let both = self.both(filter(&one, &meets)?.as_binary(), filter(&other, &meets)?.as_binary())?;
        let mut next = 0..both.len();
        let place = |row: usize| match (one.is_valid(row), other.is_valid(row)) {
            (true, true) => (2, next.next().unwrap_or_default()),
            (true, false) => (0, row),
            _ => (1, row),
        };
        let places: Vec<(usize, usize)> = (0..one.len()).map(place).collect();
        Ok(ColumnarValue::Array(interleave(&[one.as_ref(), other.as_ref(), both.as_ref()], &places)?))
    }
}

/// The value that a state stands for.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Value {
    name: String,
    signature: Signature,
    partial: Partial,
}

impl ScalarUDFImpl for Value {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _argument_types: &[DataType]) -> Result<DataType> {
        Ok(self.partial.result()?.data_type().clone())
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [states] = arguments.args.as_slice() else { return exec_err!("{} takes a state", self.name) };
        let states = states.to_array(arguments.number_rows)?;
        let mut values = vec![];
        for from in (0..states.len()).step_by(AT_A_TIME) {
            let rows = AT_A_TIME.min(states.len() - from);
            let (groups, mut of_rows): (Vec<usize>, States) = ((0..rows).collect(), self.partial.states()?);
            of_rows.merge(states.slice(from, rows).as_binary(), &groups, rows)?;
            values.push(of_rows.inner.evaluate(EmitTo::All)?);
        }
        match values.is_empty() {
            true => Ok(ColumnarValue::Array(new_null_array(self.partial.result()?.data_type(), 0))),
            false => Ok(ColumnarValue::Array(concat(&values.iter().map(AsRef::as_ref).collect::<Vec<_>>())?)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use datafusion::arrow::array::{Float64Array, Int64Array, RecordBatch, StringArray};
    use datafusion::arrow::util::pretty::pretty_format_batches;
    use datafusion::prelude::SessionContext;

    use super::*;

    /// Calls of which states are kept, with the argument that they take.
    const CALLS: [(&str, &[&str]); 21] = [
        ("avg", &["n"]),
        ("avg", &["x"]),
        ("approx_distinct", &["n"]),
        ("approx_distinct", &["s"]),
        ("bit_and", &["n"]),
        ("bit_or", &["n"]),
        ("bit_xor", &["n"]),
        ("bool_and", &["b"]),
        ("bool_or", &["b"]),
        ("approx_distinct", &["b"]),
        ("max", &["b"]),
        ("regr_syy", &["n", "x"]),
        ("sum", &["n"]),
        ("max", &["x"]),
        ("min", &["s"]),
        ("regr_avgx", &["x", "n"]),
        ("regr_count", &["x", "n"]),
        ("regr_sxy", &["x", "n"]),
        ("stddev", &["x"]),
        ("stddev_pop", &["n"]),
        ("var", &["x"]),
    ];

    /// Rows of a few groups in three parts: some groups are missing from a part, some have nothing but NULL in one.
    async fn context() -> SessionContext {
        let context = SessionContext::new();
        let row = |row: i64| (row % 7, row % 3, (row % 5 != 0 && row % 7 != 6).then_some(row * row % 11));
        let rows: Vec<(i64, i64, Option<i64>)> = (0..400).map(row).filter(|(group, part, _)| group % 3 != *part || *group == 6).collect();
        let groups: Int64Array = rows.iter().map(|(group, ..)| Some(*group)).collect();
        let parts: Int64Array = rows.iter().map(|(_, part, _)| Some(*part)).collect();
        let numbers: Int64Array = rows.iter().map(|(.., number)| *number).collect();
        let doubles: Float64Array = rows.iter().map(|(.., number)| number.map(|number| number as f64 / 4.0)).collect();
        let texts: StringArray = rows.iter().map(|(.., number)| number.map(|number| format!("text {number}"))).collect();
        let truths: BooleanArray = rows.iter().map(|(.., number)| number.map(|number| number > 2)).collect();
        let columns: [(&str, ArrayRef, bool); 6] = [
            ("g", Arc::new(groups), false),
            ("p", Arc::new(parts), false),
            ("n", Arc::new(numbers), true),
            ("x", Arc::new(doubles), true),
            ("s", Arc::new(texts), true),
            ("b", Arc::new(truths), true),
        ];
        context.register_batch("t", RecordBatch::try_from_iter_with_nullable(columns).unwrap()).unwrap();
        context
    }

    async fn rows(context: &SessionContext, sql: &str) -> String {
        pretty_format_batches(&context.sql(sql).await.unwrap().collect().await.unwrap()).unwrap().to_string()
    }

    #[tokio::test]
    async fn a_value_follows_from_the_states_of_parts() {
        for (function, arguments) in CALLS {
            let context = context().await;
            let table = context.table("t").await.unwrap();
            let fields: Vec<FieldRef> =
                arguments.iter().map(|name| Arc::new(table.schema().field_with_unqualified_name(name).unwrap().as_ref().clone())).collect();
            let partial = Partial::of(&context.state().aggregate_functions()[function], &fields).unwrap();
            [partial.state(), partial.merged()].into_iter().for_each(|function| context.register_udaf(function));
            [partial.joined(), partial.value()].into_iter().for_each(|function| context.register_udf(function));
            let called = arguments.join(", ");
            for condition in ["true", "n > 3", "false"] {
                let wanted = rows(&context, &format!("SELECT g, {function}({called}) FILTER (WHERE {condition}) AS v FROM t GROUP BY g ORDER BY g")).await;
                // What has no rows in a part is NULL there: one side of the join.
                let parts = format!("SELECT g, p, state_of_{function}({called}) FILTER (WHERE {condition}) AS s FROM t GROUP BY g, p");
                let merged = format!("SELECT g, value_of_{function}(merged_states_of_{function}(s)) AS v FROM ({parts}) GROUP BY g ORDER BY g");
                assert_eq!(rounded(&rows(&context, &merged).await), rounded(&wanted), "{merged}");
                let side = |part: i64| format!("(SELECT * FROM ({parts}) WHERE p = {part})");
                let joined = format!(
                    "SELECT coalesce(a.g, b.g, c.g) AS g, value_of_{function}(joined_states_of_{function}(joined_states_of_{function}(a.s, b.s), c.s)) AS v \
                     FROM {} a FULL JOIN {} b ON a.g = b.g FULL JOIN {} c ON coalesce(a.g, b.g) = c.g ORDER BY 1",
                    side(0),
                    side(1),
                    side(2)
                );
                assert_eq!(rounded(&rows(&context, &joined).await), rounded(&wanted), "{joined}");
                let filtered =
                    format!("SELECT g, value_of_{function}(merged_states_of_{function}(s) FILTER (WHERE p < 2)) AS v FROM ({parts}) GROUP BY g ORDER BY g");
                let of_two =
                    rows(&context, &format!("SELECT g, {function}({called}) FILTER (WHERE {condition} AND p < 2) AS v FROM t GROUP BY g ORDER BY g")).await;
                assert_eq!(rounded(&rows(&context, &filtered).await), rounded(&of_two), "{filtered}");
            }
        }
    }

    /// Doubles with nine digits after the point: parts are added up in another order.
    fn rounded(table: &str) -> String {
        let cell = |cell: &str| cell.trim().parse::<f64>().map_or_else(|_| cell.trim().to_owned(), |number| format!("{:.9}", number + 0.0));
        table.lines().filter(|line| line.starts_with('|')).map(|line| line.split('|').map(cell).collect::<Vec<_>>().join("|") + "\n").collect()
    }
}
