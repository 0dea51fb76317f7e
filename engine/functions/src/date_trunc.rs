//! `date_trunc`, as DataFusion's own, with a fast way for microsecond timestamps in the project's zone.
//!
//! A day, month or year begins with its first instant: where midnight happens twice, DataFusion's own gives two of them.

use std::cell::Cell;
use std::ops::Range;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray};
use datafusion::arrow::datatypes::{DataType, FieldRef, TimeUnit, TimestampMicrosecondType};
use datafusion::common::{Result, ScalarValue};
use datafusion::functions::datetime;
use datafusion::logical_expr::sort_properties::{ExprProperties, SortProperties};
use datafusion::logical_expr::{ColumnarValue, Documentation, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature};

use crate::civil::{Cut, first_day};
use crate::zone_offsets::ZoneOffsets;

pub(crate) const MICROSECONDS_PER_DAY: i64 = 86_400_000_000;
const MICROSECONDS_PER_HOUR: i64 = 3_600_000_000;
pub(crate) const MICROSECONDS_PER_SECOND: i64 = 1_000_000;

/// The function, to be registered in the place of DataFusion's.
pub(crate) fn date_trunc(offsets: &Arc<ZoneOffsets>) -> ScalarUDF {
    ScalarUDF::from(DateTrunc { inner: datetime::date_trunc(), offsets: Arc::clone(offsets) })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct DateTrunc {
    inner: Arc<ScalarUDF>,
    offsets: Arc<ZoneOffsets>,
}

impl ScalarUDFImpl for DateTrunc {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, argument_types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(argument_types)
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs) -> Result<FieldRef> {
        self.inner.return_field_from_args(arguments)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let known = match arguments.args.as_slice() {
            [unit, ColumnarValue::Array(array)] => self.fast(unit, array).map(ColumnarValue::Array),
            [unit, ColumnarValue::Scalar(value)] => {
                let array = self.fast(unit, &value.to_array()?);
                array.map(|array| ScalarValue::try_from_array(&array, 0)).transpose()?.map(ColumnarValue::Scalar)
            }
            _ => None,
        };
        match known {
            Some(truncated) => Ok(truncated),
            None => self.inner.invoke_with_args(arguments),
        }
    }

    fn output_ordering(&self, inputs: &[ExprProperties]) -> Result<SortProperties> {
        if self.offsets.keep_order_of_days() { self.inner.output_ordering(inputs) } else { Ok(SortProperties::Unordered) }
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }
}

impl DateTrunc {
    /// The fast way, or `None` where the unit or type is another one, or an hour lies near a change of offset.
    fn fast(&self, unit: &ColumnarValue, array: &ArrayRef) -> Option<ArrayRef> {
        let cut = literal_cut(unit)?;
        let values = zoned_microseconds(array, &self.offsets)?;
        // Rows come in the order of time: many in a row lie on one day, or in one hour.
        let last = Cell::new((0..0, 0));
        let truncate = |value| {
            let (span, truncated) = last.take();
            let found = if span.contains(&value) { (span, truncated) } else { self.truncate(value, cut)? };
            let truncated = found.1;
            last.set(found);
            Some(truncated)
        };
        let truncated: Option<PrimitiveArray<TimestampMicrosecondType>> = values.try_unary(|value| truncate(value).ok_or(())).ok();
        Some(Arc::new(truncated?.with_data_type(array.data_type().clone())))
    }

    /// The start of a time's bucket, and a span of which all times have it too; `None` for an hour near a change of offset, which is left to
    /// DataFusion.
    fn truncate(&self, value: i64, cut: Cut) -> Option<(Range<i64>, i64)> {
        if cut == Cut::Hour {
            let offset = steady_offset(&self.offsets, value)?;
            let truncated = (value + offset).div_euclid(MICROSECONDS_PER_HOUR) * MICROSECONDS_PER_HOUR - offset;
            let end = truncated + MICROSECONDS_PER_HOUR;
            let span = truncated..if steady_offset(&self.offsets, end - 1) == Some(offset) { end } else { value };
            return (steady_offset(&self.offsets, truncated)? == offset).then_some((span, truncated));
        }
        let own = local_day(&self.offsets, value)?;
        let day = i64::from(first_day(own, cut));
        let midnight = day * MICROSECONDS_PER_DAY;
        let truncated = match self.offsets.around_day(day) {
            Some(offset) => midnight - i64::from(offset) * MICROSECONDS_PER_SECOND,
            None => self.offsets.instant_of(midnight, MICROSECONDS_PER_SECOND)?,
        };
        Some((steady_day(&self.offsets, own), truncated))
    }
}

/// The local date of an instant, in days since 1970.
pub(crate) fn local_day(offsets: &ZoneOffsets, value: i64) -> Option<i32> {
    let local = match steady_offset(offsets, value) {
        Some(offset) => value + offset,
        None => offsets.local_of(value, MICROSECONDS_PER_SECOND)?,
    };
    i32::try_from(local.div_euclid(MICROSECONDS_PER_DAY)).ok()
}

/// The instants of a local day; none where the offset changes on it or beside it, so that a look at its clock may be needed.
pub(crate) fn steady_day(offsets: &ZoneOffsets, day: i32) -> Range<i64> {
    let Some(offset) = offsets.around_day(i64::from(day)) else { return 0..0 };
    let start = i64::from(day) * MICROSECONDS_PER_DAY - i64::from(offset) * MICROSECONDS_PER_SECOND;
    start..start + MICROSECONDS_PER_DAY
}

/// The offset in microseconds of the UTC day that holds `value`, if that day has just one.
fn steady_offset(offsets: &ZoneOffsets, value: i64) -> Option<i64> {
    offsets.of_day(value.div_euclid(MICROSECONDS_PER_DAY)).map(|seconds| i64::from(seconds) * MICROSECONDS_PER_SECOND)
}

/// The unit, if it is a literal that we cut by.
pub(crate) fn literal_cut(unit: &ColumnarValue) -> Option<Cut> {
    match unit {
        ColumnarValue::Scalar(ScalarValue::Utf8(Some(unit)) | ScalarValue::Utf8View(Some(unit))) => Cut::parse(unit),
        _ => None,
    }
}

/// The values of an array of microseconds in the zone of `offsets`.
pub(crate) fn zoned_microseconds<'a>(array: &'a ArrayRef, offsets: &ZoneOffsets) -> Option<&'a PrimitiveArray<TimestampMicrosecondType>> {
    match array.data_type() {
        DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) if offsets.is_zone(zone) => array.as_primitive_opt::<TimestampMicrosecondType>(),
        _ => None,
    }
}
