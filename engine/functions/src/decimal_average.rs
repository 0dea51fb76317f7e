//! `decimal_average(sum, values)`: an average from the sum and the number of what it is made of, digit by digit the one that
//! DataFusion's `avg` of decimals gives: four digits more than the sum, the rest cut off (`DecimalAverager` in DataFusion).

use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray, Decimal128Array};
use datafusion::arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType, Decimal128Type, Int64Type, i256};
use datafusion::common::{DataFusionError, Result, exec_datafusion_err, exec_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

/// The function, whose results are decimals of this many digits, so many of them after the point.
pub fn decimal_average(digits: u8, scale: i8) -> ScalarUDF {
    ScalarUDF::from(DecimalAverage { digits: digits.min(DECIMAL128_MAX_PRECISION), scale, signature: Signature::any(2, Volatility::Immutable) })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct DecimalAverage {
    digits: u8,
    scale: i8,
    signature: Signature,
}

impl ScalarUDFImpl for DecimalAverage {
    fn name(&self) -> &str {
        "decimal_average"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _argument_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Decimal128(self.digits, self.scale))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [sums, values] = arguments.args.as_slice() else { return exec_err!("decimal_average takes a sum and a number of values") };
        let (sums, values) = (sums.to_array(arguments.number_rows)?, values.to_array(arguments.number_rows)?);
        let DataType::Decimal128(_, sum_scale) = *sums.data_type() else { return exec_err!("decimal_average takes a decimal, not {}", sums.data_type()) };
        let (Some(sums), Some(values)) = (sums.as_primitive_opt::<Decimal128Type>(), values.as_primitive_opt::<Int64Type>()) else {
            return exec_err!("decimal_average takes a decimal and an integer");
        };
        let factor = u32::try_from(self.scale.saturating_sub(sum_scale)).map_err(|error| DataFusionError::External(Box::new(error)))?;
        let (factor, wide) = (10_i128.checked_pow(factor), i256::from_i128(10).wrapping_pow(factor));
        let average = |sum: i128, values: i64| match factor.and_then(|factor| sum.checked_mul(factor)) {
            Some(sum) => Some(sum / i128::from(values)),
            // 256 bits are slow, and hardly ever needed.
            None => i256::from_i128(sum).wrapping_mul(wide).wrapping_div(i256::from_i128(i128::from(values))).to_i128(),
        };
        let averages = sums.iter().zip(values).map(|(sum, values)| match (sum, values) {
            (Some(sum), Some(values)) if values > 0 => {
                average(sum, values).map(Some).ok_or_else(|| exec_datafusion_err!("an average does not fit {} digits", self.digits))
            }
            _ => Ok(None),
        });
        let averages = averages.collect::<Result<Decimal128Array>>()?.with_precision_and_scale(self.digits, self.scale)?;
        averages.validate_decimal_precision(self.digits)?;
        Ok(ColumnarValue::Array(Arc::new(averages)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use datafusion::arrow::array::{Int64Array, RecordBatch};
    use datafusion::prelude::SessionContext;

    use super::*;

    #[tokio::test]
    async fn it_is_the_average_of_datafusion_to_the_last_digit() {
        let context = SessionContext::new();
        let amounts: Vec<Option<i128>> = (0..500_i128).map(|n| (n % 11 != 0).then_some((n * n * 7919 - 300_000) % 1_000_003)).collect();
        let groups: Int64Array = (0..500_i64).map(|n| Some(n * n % 23)).collect();
        let amounts = Decimal128Array::from(amounts).with_precision_and_scale(14, 2).unwrap();
        let batch = RecordBatch::try_from_iter_with_nullable([("g", Arc::new(groups) as _, false), ("a", Arc::new(amounts) as _, true)]).unwrap();
        context.register_batch("t", batch).unwrap();
        context.register_udf(decimal_average(18, 6));
        let sql = "SELECT g FROM t GROUP BY g HAVING avg(a) IS DISTINCT FROM decimal_average(sum(a), count(a))";
        assert_eq!(context.sql(sql).await.unwrap().count().await.unwrap(), 0);
        let none = "SELECT decimal_average(sum(a), count(a)) AS x FROM t WHERE g = 99";
        assert!(context.sql(none).await.unwrap().collect().await.unwrap().first().unwrap().column(0).is_null(0));
    }
}
