//! `bucket_date(unit, timestamp)`: what `date_trunc(unit, timestamp)::date` gives, in one pass and without a timestamp between.
//!
//! Analysts write `date_trunc(…)::date`; the analyzer rule in [`crate::collapse`] puts this function in its place. Where the fast way
//! does not apply (another type) it does just what the two would have done.

use std::cell::Cell;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Date32Array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Date32Type, Field, FieldRef};
use datafusion::common::{Result, ScalarValue, exec_err};
use datafusion::functions::datetime;
use datafusion::logical_expr::sort_properties::{ExprProperties, SortProperties};
use datafusion::logical_expr::{ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature};

use crate::civil::first_day;
use crate::date_trunc::{literal_cut, local_day, steady_day, zoned_microseconds};
use crate::zone_offsets::ZoneOffsets;

/// The function for a zone.
pub(crate) fn bucket_date(offsets: &Arc<ZoneOffsets>) -> ScalarUDF {
    ScalarUDF::from(BucketDate { date_trunc: datetime::date_trunc(), offsets: Arc::clone(offsets) })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct BucketDate {
    date_trunc: Arc<ScalarUDF>,
    offsets: Arc<ZoneOffsets>,
}

impl ScalarUDFImpl for BucketDate {
    fn name(&self) -> &str {
        "bucket_date"
    }

    fn signature(&self) -> &Signature {
        self.date_trunc.signature()
    }

    fn return_type(&self, _argument_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Date32)
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs) -> Result<FieldRef> {
        let nullable = arguments.arg_fields.iter().any(|field| field.is_nullable());
        Ok(Arc::new(Field::new(self.name(), DataType::Date32, nullable)))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let known = match arguments.args.as_slice() {
            [unit, ColumnarValue::Array(array)] => self.fast(unit, array).map(ColumnarValue::Array),
            // A literal is cut as a column is, also where DataFusion's own way fails because midnight is missing.
            [unit, ColumnarValue::Scalar(value)] => {
                let dates = self.fast(unit, &value.to_array()?);
                dates.map(|dates| ScalarValue::try_from_array(&dates, 0)).transpose()?.map(ColumnarValue::Scalar)
            }
            _ => None,
        };
        match known {
            Some(dates) => Ok(dates),
            None => self.slow(arguments),
        }
    }

    fn output_ordering(&self, inputs: &[ExprProperties]) -> Result<SortProperties> {
        let time = inputs.get(1).filter(|_| self.offsets.keep_order_of_days());
        Ok(time.map_or(SortProperties::Unordered, |time| time.sort_properties))
    }
}

impl BucketDate {
    fn fast(&self, unit: &ColumnarValue, array: &ArrayRef) -> Option<ArrayRef> {
        let cut = literal_cut(unit)?;
        if let DataType::Date32 = array.data_type() {
            let days = datafusion::arrow::array::AsArray::as_primitive_opt::<Date32Type>(array)?;
            return Some(Arc::new(days.unary::<_, Date32Type>(|day| first_day(day, cut))));
        }
        let values = zoned_microseconds(array, &self.offsets)?;
        // Rows come in the order of time: many in a row lie on one day.
        let last = Cell::new((0..0, 0));
        let bucket = |value| {
            let (span, bucket) = last.take();
            let found = if span.contains(&value) {
                (span, bucket)
            } else {
                let day = local_day(&self.offsets, value)?;
                (steady_day(&self.offsets, day), first_day(day, cut))
            };
            let bucket = found.1;
            last.set(found);
            Some(bucket)
        };
        let dates: Option<Date32Array> = values.try_unary(|value| bucket(value).ok_or(())).ok();
        Some(Arc::new(dates?))
    }

    /// `date_trunc` and a cast, one after the other.
    fn slow(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let Some(time) = arguments.arg_fields.get(1).cloned() else {
            return exec_err!("bucket_date takes a unit and a time");
        };
        let truncated = self.date_trunc.inner().invoke_with_args(ScalarFunctionArgs { return_field: time, ..arguments })?;
        Ok(match truncated {
            ColumnarValue::Array(array) => ColumnarValue::Array(cast(&array, &DataType::Date32)?),
            ColumnarValue::Scalar(value) => {
                let array = cast(&value.to_array()?, &DataType::Date32)?;
                ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?)
            }
        })
    }
}
