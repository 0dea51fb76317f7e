//! `local_to_instant(time)` and `instant_to_local(time)`: between what the clock on the wall shows and instants, in the project's zone.
//!
//! [`crate::zoned_casts`] puts them in the place of casts: Arrow's cast from a local time fails where the time does not exist or
//! happens twice, and its cast to a local time gives that of UTC.

use std::sync::Arc;

use chrono::{DateTime, FixedOffset, Utc};
use datafusion::arrow::array::{ArrayRef, AsArray, PrimitiveArray, StringArray, TimestampMicrosecondArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::compute::kernels::cast_utils::string_to_datetime;
use datafusion::arrow::datatypes::{
    ArrowTimestampType, DataType, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use datafusion::common::{Result, ScalarValue, exec_datafusion_err, exec_err};
use datafusion::logical_expr::sort_properties::{ExprProperties, SortProperties};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use crate::date_trunc::MICROSECONDS_PER_SECOND;
use crate::zone_offsets::ZoneOffsets;

/// From a local time to the first instant at which the clock shows it, or the end of the gap that swallows it.
pub(crate) fn local_to_instant(offsets: &Arc<ZoneOffsets>) -> ScalarUDF {
    ScalarUDF::from(WallClock::new(Way::ToInstant, offsets))
}

/// From an instant to what the clock shows.
pub(crate) fn instant_to_local(offsets: &Arc<ZoneOffsets>) -> ScalarUDF {
    ScalarUDF::from(WallClock::new(Way::ToLocal, offsets))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Way {
    /// From a timestamp without a zone, or a text with or without one, to the first instant at which the clock shows it.
    ToInstant,
    /// From a timestamp with a zone to what the clock shows.
    ToLocal,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct WallClock {
    way: Way,
    signature: Signature,
    offsets: Arc<ZoneOffsets>,
}

impl WallClock {
    fn new(way: Way, offsets: &Arc<ZoneOffsets>) -> Self {
        Self { way, signature: Signature::any(1, Volatility::Immutable), offsets: Arc::clone(offsets) }
    }
}

impl ScalarUDFImpl for WallClock {
    fn name(&self) -> &str {
        match self.way {
            Way::ToInstant => "local_to_instant",
            Way::ToLocal => "instant_to_local",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, argument_types: &[DataType]) -> Result<DataType> {
        let zone = || Some(Arc::from(self.offsets.name()));
        match (self.way, argument_types) {
            (Way::ToInstant, [DataType::Timestamp(unit, None)]) => Ok(DataType::Timestamp(*unit, zone())),
            (Way::ToInstant, [DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View]) => Ok(DataType::Timestamp(TimeUnit::Microsecond, zone())),
            (Way::ToLocal, [DataType::Timestamp(unit, Some(_))]) => Ok(DataType::Timestamp(*unit, None)),
            (Way::ToInstant, _) => exec_err!("{} takes a TIMESTAMP without a zone, or a text", self.name()),
            (Way::ToLocal, _) => exec_err!("{} takes a TIMESTAMP WITH TIME ZONE", self.name()),
        }
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match arguments.args.as_slice() {
            [ColumnarValue::Array(array)] => Ok(ColumnarValue::Array(self.convert(array, arguments.return_type())?)),
            [ColumnarValue::Scalar(value)] => {
                let array = self.convert(&value.to_array()?, arguments.return_type())?;
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?))
            }
            _ => exec_err!("{} takes one argument", self.name()),
        }
    }

    /// A later local time never means an earlier instant. The other way round it can: the clock goes back.
    fn output_ordering(&self, inputs: &[ExprProperties]) -> Result<SortProperties> {
        Ok(match (self.way, inputs) {
            (Way::ToInstant, [time]) if matches!(time.range.data_type(), DataType::Timestamp(..)) => time.sort_properties,
            _ => SortProperties::Unordered,
        })
    }
}

impl WallClock {
    fn convert(&self, times: &ArrayRef, result: &DataType) -> Result<ArrayRef> {
        match times.data_type() {
            DataType::Timestamp(TimeUnit::Second, _) => self.shift::<TimestampSecondType>(times, result, 1),
            DataType::Timestamp(TimeUnit::Millisecond, _) => self.shift::<TimestampMillisecondType>(times, result, 1_000),
            DataType::Timestamp(TimeUnit::Microsecond, _) => self.shift::<TimestampMicrosecondType>(times, result, MICROSECONDS_PER_SECOND),
            DataType::Timestamp(TimeUnit::Nanosecond, _) => self.shift::<TimestampNanosecondType>(times, result, 1_000_000_000),
            _ => self.read(times, result),
        }
    }

    fn shift<T: ArrowTimestampType>(&self, times: &ArrayRef, result: &DataType, ticks_per_second: i64) -> Result<ArrayRef> {
        let shifted: PrimitiveArray<T> = times.as_primitive::<T>().try_unary(|time| {
            let shifted = match self.way {
                Way::ToInstant => self.offsets.instant_of(time, ticks_per_second),
                Way::ToLocal => self.offsets.local_of(time, ticks_per_second),
            };
            shifted.ok_or_else(|| exec_datafusion_err!("the time {time} is out of range"))
        })?;
        Ok(Arc::new(shifted.with_data_type(result.clone())))
    }

    /// Reads texts; those with a zone of their own mean what they say.
    fn read(&self, texts: &ArrayRef, result: &DataType) -> Result<ArrayRef> {
        let texts = cast(texts, &DataType::Utf8)?;
        let texts: &StringArray = texts.as_string();
        let instants: Result<TimestampMicrosecondArray> = texts.iter().map(|text| text.map(|text| self.instant_of_text(text)).transpose()).collect();
        Ok(Arc::new(instants?.with_data_type(result.clone())))
    }

    fn instant_of_text(&self, text: &str) -> Result<i64> {
        let read: DateTime<Utc> = string_to_datetime(&Utc, text)?;
        let elsewhere = FixedOffset::east_opt(3600).map(|zone| string_to_datetime(&zone, text)).transpose()?;
        let micros = read.timestamp_micros();
        // A text that is the same instant wherever it is read has a zone of its own.
        if elsewhere.is_some_and(|elsewhere| elsewhere.timestamp_micros() == micros) {
            return Ok(micros);
        }
        let instant = self.offsets.instant_of(micros, MICROSECONDS_PER_SECOND);
        instant.ok_or_else(|| exec_datafusion_err!("the time '{text}' is out of range"))
    }
}
