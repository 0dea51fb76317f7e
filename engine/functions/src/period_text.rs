//! `period_text(date, characters)`: a date as text, cut to its year or month: what `substring(CAST(date AS VARCHAR), 1, characters)` gives.
//!
//! Partition values are made of it. Rows come in the order of time, so a text is made anew only where the day changes.

use std::sync::Arc;

use datafusion::arrow::array::{AsArray, StringBuilder};
use datafusion::arrow::datatypes::{DataType, Date32Type};
use datafusion::common::{Result, ScalarValue, exec_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

/// The function.
pub fn period_text() -> ScalarUDF {
    ScalarUDF::from(PeriodText { signature: Signature::exact(vec![DataType::Date32, DataType::Int64], Volatility::Immutable) })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct PeriodText {
    signature: Signature,
}

impl ScalarUDFImpl for PeriodText {
    fn name(&self) -> &str {
        "period_text"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _argument_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [days, ColumnarValue::Scalar(ScalarValue::Int64(Some(characters)))] = arguments.args.as_slice() else {
            return exec_err!("period_text takes a date and a literal number of characters");
        };
        let days = days.to_array(arguments.number_rows)?;
        let Some(days) = days.as_primitive_opt::<Date32Type>() else { return exec_err!("period_text takes a date") };
        let characters = usize::try_from(*characters).unwrap_or_default();
        let mut texts = StringBuilder::with_capacity(days.len(), days.len().saturating_mul(characters));
        let (mut last, mut text) = (None, String::new());
        for day in days {
            if day != last {
                last = day;
                let date = day.and_then(Date32Type::to_naive_date_opt).map(|date| date.to_string());
                text = date.unwrap_or_default().chars().take(characters).collect();
            }
            texts.append_option(day.is_some().then_some(text.as_str()));
        }
        Ok(ColumnarValue::Array(Arc::new(texts.finish())))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use datafusion::arrow::array::{Date32Array, RecordBatch};
    use datafusion::prelude::SessionContext;

    use super::*;

    #[tokio::test]
    async fn it_is_the_beginning_of_the_date_as_text() {
        let days = [None, Some(20_000), Some(20_000), Some(20_030), None, Some(-800_000), Some(2_932_896), Some(10_000_000), Some(0)];
        let day = Arc::new(Date32Array::from(days.to_vec())) as _;
        let context = SessionContext::new();
        context.register_udf(period_text());
        context.register_batch("event", RecordBatch::try_from_iter_with_nullable([("day", day, true)]).unwrap()).unwrap();
        for characters in [4, 7] {
            let sql =
                format!("SELECT day FROM event WHERE period_text(day, {characters}) IS NOT DISTINCT FROM substring(CAST(day AS VARCHAR), 1, {characters})");
            assert_eq!(context.sql(&sql).await.unwrap().count().await.unwrap(), days.len());
        }
    }
}
