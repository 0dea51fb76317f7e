//! `within_spans(time)`: whether an instant, or a day, lies in one of some spans, which the function is made with.
//!
//! To look for the day of an instant in a list of days, the day has to be computed first. Facts lie in the order of time, so that the span of
//! one is mostly that of the next, and nothing has to be computed. A list of many days also makes a plan slow, which copies and compares all of it
//! again and again.

use std::sync::Arc;

use datafusion::arrow::array::{Array as _, AsArray as _, BooleanArray};
use datafusion::arrow::buffer::BooleanBuffer;
use datafusion::arrow::datatypes::{DataType, Date32Type, TimestampMicrosecondType};
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

/// The function for some spans: instants in microseconds since 1970, or days since then, the end exclusive. NULL lies in none.
#[must_use]
pub fn within_spans(spans: impl IntoIterator<Item = (i64, i64)>) -> ScalarUDF {
    let mut sorted: Vec<(i64, i64)> = spans.into_iter().filter(|(start, end)| start < end).collect();
    sorted.sort_unstable();
    let mut spans: Vec<(i64, i64)> = Vec::with_capacity(sorted.len());
    for (start, end) in sorted {
        match spans.last_mut() {
            Some((_, last)) if start <= *last => *last = end.max(*last),
            _ => spans.push((start, end)),
        }
    }
    ScalarUDF::from(WithinSpans { signature: Signature::any(1, Volatility::Immutable), spans })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct WithinSpans {
    signature: Signature,
    /// In their order, none touching another.
    spans: Vec<(i64, i64)>,
}

impl WithinSpans {
    /// The span that holds an instant, or else the gap around it, and whether it is a span.
    fn around(&self, instant: i64) -> (i64, i64, bool) {
        let after = self.spans.partition_point(|(start, _)| *start <= instant);
        let before = after.checked_sub(1).and_then(|index| self.spans.get(index));
        match before {
            Some((start, end)) if instant < *end => (*start, *end, true),
            before => (before.map_or(i64::MIN, |(_, end)| *end), self.spans.get(after).map_or(i64::MAX, |(start, _)| *start), false),
        }
    }

    fn found<N: Copy + Into<i64>>(&self, values: &[N]) -> BooleanBuffer {
        let mut around = (0, 0, false);
        let mut within = |instant: i64| {
            if !(around.0..around.1).contains(&instant) {
                around = self.around(instant);
            }
            around.2
        };
        BooleanBuffer::collect_bool(values.len(), |row| values.get(row).is_some_and(|instant| within((*instant).into())))
    }
}

impl ScalarUDFImpl for WithinSpans {
    fn name(&self) -> &str {
        "within_spans"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _argument_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [times] = arguments.args.as_slice() else { return exec_err!("within_spans takes a time") };
        let times = times.to_array(arguments.number_rows)?;
        let found = if let Some(times) = times.as_primitive_opt::<TimestampMicrosecondType>() {
            self.found(times.values())
        } else if let Some(days) = times.as_primitive_opt::<Date32Type>() {
            self.found(days.values())
        } else {
            return exec_err!("within_spans takes a time in microseconds, or a day");
        };
        let found = match times.nulls() {
            Some(nulls) => &found & nulls.inner(),
            None => found,
        };
        Ok(ColumnarValue::Array(Arc::new(BooleanArray::new(found, None))))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use datafusion::arrow::array::{Date32Array, RecordBatch, TimestampMicrosecondArray};
    use datafusion::prelude::{SessionContext, col};

    use super::*;

    #[tokio::test]
    async fn a_time_is_within_one_of_the_spans_or_not() {
        let spans = [(10, 20), (15, 25), (25, 30), (40, 41), (50, 50), (i64::MIN, -5)];
        let times: Vec<Option<i64>> = [i64::MIN, -6, -5, 9, 10, 24, 25, 29, 30, 39, 40, 41, 50, i64::MAX, 12, 40].into_iter().map(Some).chain([None]).collect();
        let expected: Vec<Option<bool>> =
            times.iter().map(|time| Some(time.is_some_and(|time| spans.iter().any(|(start, end)| (*start..*end).contains(&time))))).collect();
        let context = SessionContext::new();
        let batch = RecordBatch::try_from_iter([("at", Arc::new(TimestampMicrosecondArray::from(times).with_timezone("Asia/Taipei")) as _)]).unwrap();
        let found = context.read_batch(batch).unwrap().select(vec![within_spans(spans).call(vec![col("at")])]).unwrap().collect().await.unwrap();
        assert_eq!(found.iter().flat_map(|rows| rows.column(0).as_boolean().iter()).collect::<Vec<_>>(), expected);
    }

    #[tokio::test]
    async fn a_day_is_within_one_of_the_spans_or_not() {
        let days = Date32Array::from(vec![Some(i32::MIN), Some(2), Some(3), Some(4), Some(5), Some(6), None, Some(-7)]);
        let batch = RecordBatch::try_from_iter([("day", Arc::new(days) as _)]).unwrap();
        let within = within_spans([(3, 4), (5, 6), (-7, -6)]).call(vec![col("day")]);
        let found = SessionContext::new().read_batch(batch).unwrap().select(vec![within]).unwrap().collect().await.unwrap();
        let found: Vec<_> = found.iter().flat_map(|rows| rows.column(0).as_boolean().iter()).collect();
        assert_eq!(found, [false, false, true, false, true, false, false, true].map(Some));
    }
}
