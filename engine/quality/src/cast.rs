//! From the columns of a file to the columns of the contract.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, BooleanBuilder, Decimal128Array, PrimitiveArray, PrimitiveBuilder, StringArray,
    TimestampMicrosecondArray,
};
use datafusion::arrow::compute::{CastOptions, cast, cast_with_options};
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float64Type, Int16Type, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType, TimestampNanosecondType,
};
use datafusion::arrow::util::display::array_value_to_string;
use nightshift_calendar::{Ambiguous, Calendar};
use nightshift_compile::contract::{Column, sql_name};
use nightshift_diagnostic::{Position, Span};

use crate::text::{self, Moment, Problem};
use crate::{Error, LocalClock, Result};

/// As much of a value as a reason quotes, in characters.
const QUOTED: usize = 80;

/// A row that a column's type does not take, with the reason.
pub(crate) struct Failure {
    pub(crate) row: usize,
    pub(crate) reason: String,
}

/// Whether a file's column of type `found` can become this column of a contract at all; single values may still fail.
/// `local_time` says whether the column is a TIMESTAMP without a zone.
#[must_use]
pub fn accepts(found: &DataType, column: &Column, local_time: bool) -> bool {
    use DataType as T;
    match found {
        T::Dictionary(_, values) => accepts(values, column, local_time),
        T::Null | T::Utf8 | T::LargeUtf8 | T::Utf8View => true,
        found if found.is_integer() => {
            matches!(column.data_type, T::Int16 | T::Int32 | T::Int64 | T::Decimal128(_, _) | T::Float64)
        }
        T::Decimal32(_, _) | T::Decimal64(_, _) | T::Decimal128(_, _) | T::Decimal256(_, _) => {
            matches!(column.data_type, T::Decimal128(_, _) | T::Int16 | T::Int32 | T::Int64)
        }
        T::Float32 | T::Float64 => matches!(column.data_type, T::Float64 | T::Decimal128(_, _)),
        T::Boolean => column.data_type == T::Boolean,
        T::Date32 | T::Date64 => column.data_type == T::Date32,
        T::Timestamp(_, Some(_)) => matches!(column.data_type, T::Timestamp(_, _)),
        T::Timestamp(_, None) => matches!(column.data_type, T::Timestamp(_, _)) && local_time,
        _ => false,
    }
}

/// Texts as the values of a column, whatever table it belongs to; times without a zone are local business times. A text that does not
/// fit becomes NULL and is told with its position.
///
/// # Errors
/// Only if Arrow refuses the column, which would be a defect.
pub fn read_values(name: &str, data_type: &DataType, values: &StringArray, calendar: &Calendar) -> Result<(ArrayRef, Vec<(usize, String)>)> {
    let column = Column {
        name: name.to_owned(),
        data_type: data_type.clone(),
        nullable: true,
        description: None,
        unit: None,
        personal: false,
        span: Span::at(Position::START),
    };
    let mut clock = LocalClock::new(calendar.clone(), Ambiguous::Earlier);
    let mut failures = Vec::new();
    let mut target = Target { column: &column, local_time: true, clock: &mut clock, failures: &mut failures };
    let read = match data_type {
        DataType::Utf8 => Arc::new(values.clone()) as ArrayRef,
        DataType::Int64 | DataType::Int32 | DataType::Int16 | DataType::Float64 | DataType::Date32 | DataType::Boolean => target.read_text(values, None)?,
        DataType::Decimal128(_, _) | DataType::Timestamp(TimeUnit::Microsecond, _) => target.read_text(values, None)?,
        // What no contract has, but the result of a query may.
        _ => target.convert(&(Arc::new(values.clone()) as ArrayRef))?,
    };
    Ok((read, failures.into_iter().map(|failure| (failure.row, failure.reason)).collect()))
}

/// The values of a file's column as the contract's type. A value that does not fit becomes NULL and a failure.
pub(crate) fn cast_column(column: &Column, local_time: bool, raw: &ArrayRef, clock: &mut LocalClock, failures: &mut Vec<Failure>) -> Result<ArrayRef> {
    let mut target = Target { column, local_time, clock, failures };
    let simple = match raw.data_type() {
        DataType::Dictionary(_, values) => cast(raw, values)?,
        DataType::LargeUtf8 | DataType::Utf8View => cast(raw, &DataType::Utf8)?,
        DataType::Date64 => cast(raw, &DataType::Date32)?,
        _ => Arc::clone(raw),
    };
    if simple.data_type() == &column.data_type {
        return target.finite(simple);
    }
    match (simple.data_type(), &column.data_type) {
        (DataType::Null, _) => Ok(cast(&simple, &column.data_type)?),
        (DataType::Utf8, _) => target.read_text(simple.as_string(), None),
        (DataType::Timestamp(_, zone), DataType::Timestamp(_, _)) => target.read_timestamps(&simple, zone.is_some()),
        (found, expected) if converts_exactly(found, expected) => target.convert(&simple),
        (found, _) if accepts(found, column, local_time) => {
            // Rare pairs go by way of their digits, which keeps them exact.
            let digits = cast(&simple, &DataType::Utf8)?;
            target.read_text(digits.as_string(), Some(&simple))
        }
        (found, expected) => Err(Error::ColumnType { column: column.name.clone(), found: found.to_string(), expected: expected.to_string() }),
    }
}

/// Whether Arrow's own cast gives the exact value or NULL.
fn converts_exactly(found: &DataType, expected: &DataType) -> bool {
    match (found, expected) {
        (found, DataType::Int16 | DataType::Int32 | DataType::Int64) if found.is_integer() => true,
        (DataType::Float32, DataType::Float64) => true,
        (DataType::Int8 | DataType::Int16 | DataType::Int32, DataType::Float64) => true,
        (DataType::Int16 | DataType::Int32 | DataType::Int64, DataType::Decimal128(_, _)) => true,
        (DataType::Decimal128(_, found), DataType::Decimal128(_, expected)) => found <= expected,
        _ => false,
    }
}

struct Target<'a> {
    column: &'a Column,
    local_time: bool,
    clock: &'a mut LocalClock,
    failures: &'a mut Vec<Failure>,
}

impl Target<'_> {
    fn fail(&mut self, row: usize, value: &str, problem: &Problem) {
        let mut quoted: String = value.chars().take(QUOTED).collect();
        if quoted.len() < value.len() {
            quoted.push('…');
        }
        let name = &self.column.name;
        let reason = match problem {
            Problem::NoInstant(words) => format!("{name}: {words}"),
            problem => format!("{name}: `{quoted}` {problem} {}", self.type_name()),
        };
        self.failures.push(Failure { row, reason });
    }

    fn type_name(&self) -> String {
        match &self.column.data_type {
            DataType::Timestamp(_, _) if self.local_time => "TIMESTAMP".to_owned(),
            other => sql_name(other),
        }
    }

    /// A double that is not a number has no place in sums, so it breaks the contract in every format.
    fn finite(&mut self, values: ArrayRef) -> Result<ArrayRef> {
        let Some(doubles) = values.as_primitive_opt::<Float64Type>() else { return Ok(values) };
        if doubles.iter().flatten().all(f64::is_finite) {
            return Ok(values);
        }
        for (row, value) in doubles.iter().enumerate() {
            if let Some(value) = value.filter(|value| !value.is_finite()) {
                self.fail(row, &value.to_string(), &Problem::OutOfRange);
            }
        }
        Ok(Arc::new(doubles.unary_opt::<_, Float64Type>(|value| value.is_finite().then_some(value))))
    }

    fn convert(&mut self, values: &ArrayRef) -> Result<ArrayRef> {
        let options = CastOptions { safe: true, ..CastOptions::default() };
        let converted = cast_with_options(values, &self.column.data_type, &options)?;
        if converted.null_count() != values.null_count() {
            for row in 0..values.len() {
                if converted.is_null(row) && values.is_valid(row) {
                    let value = array_value_to_string(values, row)?;
                    self.fail(row, &value, &Problem::OutOfRange);
                }
            }
        }
        self.finite(converted)
    }

    fn read_timestamps(&mut self, values: &ArrayRef, has_zone: bool) -> Result<ArrayRef> {
        let micros = match values.data_type() {
            DataType::Timestamp(TimeUnit::Nanosecond, _) => self.whole_microseconds(values)?,
            _ => cast(values, &DataType::Timestamp(TimeUnit::Microsecond, None))?,
        };
        let micros = micros.as_primitive::<TimestampMicrosecondType>();
        let mut builder = PrimitiveBuilder::<TimestampMicrosecondType>::with_capacity(micros.len());
        for row in 0..micros.len() {
            if micros.is_null(row) {
                builder.append_null();
                continue;
            }
            let moment = if has_zone { Moment::Instant(micros.value(row)) } else { Moment::Local(micros.value(row)) };
            match self.instant(moment) {
                Ok(instant) => builder.append_value(instant),
                Err(problem) => {
                    let value = array_value_to_string(values, row)?;
                    self.fail(row, &value, &problem);
                    builder.append_null();
                }
            }
        }
        Ok(self.in_zone(builder.finish()))
    }

    fn whole_microseconds(&mut self, values: &ArrayRef) -> Result<ArrayRef> {
        let nanos = cast(values, &DataType::Timestamp(TimeUnit::Nanosecond, None))?;
        let nanos = nanos.as_primitive::<TimestampNanosecondType>();
        for row in 0..nanos.len() {
            if nanos.is_valid(row) && nanos.value(row) % 1000 != 0 {
                let value = array_value_to_string(values, row)?;
                self.fail(row, &value, &Problem::TooPrecise);
            }
        }
        let micros = nanos.unary_opt::<_, TimestampMicrosecondType>(|nanos| (nanos % 1000 == 0).then_some(nanos / 1000));
        Ok(Arc::new(micros))
    }

    #[inline]
    fn instant(&mut self, moment: Moment) -> Result<i64, Problem> {
        match moment {
            Moment::Instant(instant) => Ok(instant),
            Moment::Local(_) if !self.local_time => Err(Problem::NoZone),
            Moment::Local(local) => self.clock.to_instant(local).map_err(|error| Problem::NoInstant(error.to_string())),
        }
    }

    fn in_zone(&self, instants: TimestampMicrosecondArray) -> ArrayRef {
        match &self.column.data_type {
            DataType::Timestamp(_, Some(zone)) => Arc::new(instants.with_timezone(Arc::clone(zone))),
            _ => Arc::new(instants),
        }
    }

    /// Parses text. `original` is where the text was made from, if it is not the file's own.
    fn read_text(&mut self, values: &StringArray, original: Option<&ArrayRef>) -> Result<ArrayRef> {
        // A decimal column read as text has its scale's zeros, which whole numbers do not want.
        let whole = |digits: &[u8]| match original {
            Some(_) => text::decimal(digits, 38, 0).and_then(|value| i64::try_from(value).map_err(|_| Problem::OutOfRange)),
            None => text::integer(digits),
        };
        let array: ArrayRef = match &self.column.data_type {
            DataType::Int64 => Arc::new(self.parse::<Int64Type>(values, |_, digits| whole(digits))),
            DataType::Int32 => Arc::new(self.parse::<Int32Type>(values, |_, digits| narrow(whole(digits)?))),
            DataType::Int16 => Arc::new(self.parse::<Int16Type>(values, |_, digits| narrow(whole(digits)?))),
            DataType::Float64 => Arc::new(self.parse::<Float64Type>(values, |_, digits| text::double(digits))),
            DataType::Date32 => Arc::new(self.parse::<Date32Type>(values, |_, digits| text::date(digits))),
            DataType::Decimal128(precision, scale) => {
                let (precision, scale) = (*precision, *scale);
                let parsed = self.parse::<Decimal128Type>(values, |_, digits| text::decimal(digits, precision, scale));
                decimals(parsed, precision, scale)?
            }
            DataType::Timestamp(_, _) => {
                let parsed = self.parse::<TimestampMicrosecondType>(values, |target, digits| target.instant(text::moment(digits)?));
                self.in_zone(parsed)
            }
            DataType::Boolean => Arc::new(self.parse_booleans(values)),
            other => {
                let (column, found) = (self.column.name.clone(), values.data_type().to_string());
                return Err(Error::ColumnType { column, found, expected: other.to_string() });
            }
        };
        Ok(array)
    }

    #[inline]
    fn parse<T: ArrowPrimitiveType>(&mut self, values: &StringArray, parse: impl Fn(&mut Self, &[u8]) -> Result<T::Native, Problem>) -> PrimitiveArray<T> {
        let mut builder = PrimitiveBuilder::<T>::with_capacity(values.len());
        for (row, value) in values.iter().enumerate() {
            let Some(value) = value else {
                builder.append_null();
                continue;
            };
            match parse(self, text::trim(value.as_bytes())) {
                Ok(parsed) => builder.append_value(parsed),
                Err(problem) => {
                    self.fail(row, value, &problem);
                    builder.append_null();
                }
            }
        }
        builder.finish()
    }

    fn parse_booleans(&mut self, values: &StringArray) -> BooleanArray {
        let mut builder = BooleanBuilder::with_capacity(values.len());
        for (row, value) in values.iter().enumerate() {
            let parsed = value.map(|value| (value, text::boolean(text::trim(value.as_bytes()))));
            match parsed {
                None => builder.append_null(),
                Some((_, Ok(parsed))) => builder.append_value(parsed),
                Some((value, Err(problem))) => {
                    self.fail(row, value, &problem);
                    builder.append_null();
                }
            }
        }
        builder.finish()
    }
}

fn narrow<N: TryFrom<i64>>(value: i64) -> Result<N, Problem> {
    N::try_from(value).map_err(|_| Problem::OutOfRange)
}

fn decimals(values: Decimal128Array, precision: u8, scale: i8) -> Result<ArrayRef> {
    Ok(Arc::new(values.with_precision_and_scale(precision, scale)?))
}
