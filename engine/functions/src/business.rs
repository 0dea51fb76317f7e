//! The project's calendar in SQL: `business_date`, `is_business_day`, `fiscal_period`, `minguo_date`.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Timelike, Utc};
use datafusion::arrow::array::{ArrayRef, AsArray, BooleanArray, Date32Array, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Date32Type, TimeUnit, TimestampMicrosecondType};
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::{
    Coercion, ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature, TypeSignatureClass, Volatility,
};
use nightshift_calendar::Calendar;

use crate::date_trunc::{MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND};
use crate::zone_offsets::ZoneOffsets;

/// The functions for one calendar.
pub(crate) fn functions(calendar: &Arc<Calendar>, offsets: &Arc<ZoneOffsets>) -> Vec<ScalarUDF> {
    [Kind::BusinessDate, Kind::IsBusinessDay, Kind::FiscalPeriod, Kind::MinguoDate]
        .into_iter()
        .map(|kind| CalendarFunction { kind, signature: kind.signature(), calendar: Arc::clone(calendar), offsets: Arc::clone(offsets) })
        .map(ScalarUDF::from)
        .collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    BusinessDate,
    IsBusinessDay,
    FiscalPeriod,
    MinguoDate,
}

impl Kind {
    fn signature(self) -> Signature {
        match self {
            Self::BusinessDate => {
                let time = Coercion::new_exact(TypeSignatureClass::Timestamp);
                Signature::one_of(vec![TypeSignature::Coercible(vec![time])], Volatility::Immutable)
            }
            _ => Signature::exact(vec![DataType::Date32], Volatility::Immutable),
        }
    }
}

#[derive(Debug)]
struct CalendarFunction {
    kind: Kind,
    signature: Signature,
    calendar: Arc<Calendar>,
    offsets: Arc<ZoneOffsets>,
}

impl PartialEq for CalendarFunction {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind && self.calendar == other.calendar
    }
}

impl Eq for CalendarFunction {}

impl Hash for CalendarFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.kind.hash(state);
        self.offsets.hash(state);
    }
}

impl ScalarUDFImpl for CalendarFunction {
    fn name(&self) -> &str {
        match self.kind {
            Kind::BusinessDate => "business_date",
            Kind::IsBusinessDay => "is_business_day",
            Kind::FiscalPeriod => "fiscal_period",
            Kind::MinguoDate => "minguo_date",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _argument_types: &[DataType]) -> Result<DataType> {
        Ok(match self.kind {
            Kind::BusinessDate => DataType::Date32,
            Kind::IsBusinessDay => DataType::Boolean,
            Kind::FiscalPeriod | Kind::MinguoDate => DataType::Utf8,
        })
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [argument] = arguments.args.as_slice() else {
            return exec_err!("{} takes one argument", self.name());
        };
        let argument = argument.to_array(arguments.number_rows)?;
        let result: ArrayRef = match self.kind {
            Kind::BusinessDate => Arc::new(self.business_dates(&argument)?),
            Kind::IsBusinessDay => Arc::new(days(&argument).map(|day| day.map(|day| self.calendar.is_business_day(day))).collect::<BooleanArray>()),
            Kind::FiscalPeriod => Arc::new(self.texts(&argument, |day| self.calendar.fiscal_period(day).to_string())),
            Kind::MinguoDate => Arc::new(self.texts(&argument, |day| self.calendar.minguo(day).to_string())),
        };
        Ok(ColumnarValue::Array(result))
    }
}

impl CalendarFunction {
    /// The business dates of instants, or of local times: one of these means the first instant at which the clock shows it.
    fn business_dates(&self, times: &ArrayRef) -> Result<Date32Array> {
        let zone = match times.data_type() {
            DataType::Timestamp(_, None) => None,
            _ => Some("UTC".into()),
        };
        let micros = cast(times, &DataType::Timestamp(TimeUnit::Microsecond, zone.clone()))?;
        let date = |time: i64| {
            let instant = if zone.is_some() { time } else { self.offsets.instant_of(time, MICROSECONDS_PER_SECOND)? };
            self.business_date(instant)
        };
        Ok(micros.as_primitive::<TimestampMicrosecondType>().iter().map(|time| time.and_then(date)).collect())
    }

    fn business_date(&self, instant: i64) -> Option<i32> {
        let Some(offset) = self.offsets.around_day(instant.div_euclid(MICROSECONDS_PER_DAY)) else {
            let instant = DateTime::<Utc>::from_timestamp_micros(instant)?;
            return Some(Date32Type::from_naive_date(self.calendar.business_date(instant)));
        };
        let since_start = instant + (i64::from(offset) - i64::from(self.calendar.day_starts_at.num_seconds_from_midnight())) * MICROSECONDS_PER_SECOND;
        i32::try_from(since_start.div_euclid(MICROSECONDS_PER_DAY)).ok()
    }

    fn texts(&self, argument: &ArrayRef, text: impl Fn(NaiveDate) -> String) -> StringArray {
        days(argument).map(|day| day.map(&text)).collect()
    }
}

fn days(argument: &ArrayRef) -> impl Iterator<Item = Option<NaiveDate>> + '_ {
    argument.as_primitive::<Date32Type>().iter().map(|day| day.and_then(Date32Type::to_naive_date_opt))
}
