//! The project's calendar in SQL: `business_date`, `is_business_day`, `fiscal_period`, `minguo_date`.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use datafusion::arrow::array::{ArrayRef, AsArray, BooleanArray, Date32Array, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Date32Type, TimeUnit, TimestampMicrosecondType};
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::{
    Coercion, ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature, TypeSignatureClass, Volatility,
};
use nightshift_calendar::Calendar;

/// The functions for one calendar.
pub(crate) fn functions(calendar: &Arc<Calendar>) -> Vec<ScalarUDF> {
    [Kind::BusinessDate, Kind::IsBusinessDay, Kind::FiscalPeriod, Kind::MinguoDate]
        .into_iter()
        .map(|kind| ScalarUDF::from(CalendarFunction { kind, signature: kind.signature(), calendar: Arc::clone(calendar) }))
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
        self.calendar.zone.name().hash(state);
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
            Kind::IsBusinessDay => {
                Arc::new(days(&argument).map(|day| day.map(|day| self.calendar.is_business_day(day))).collect::<BooleanArray>())
            }
            Kind::FiscalPeriod => Arc::new(self.texts(&argument, |day| self.calendar.fiscal_period(day).to_string())),
            Kind::MinguoDate => Arc::new(self.texts(&argument, |day| self.calendar.minguo(day).to_string())),
        };
        Ok(ColumnarValue::Array(result))
    }
}

impl CalendarFunction {
    fn business_dates(&self, times: &ArrayRef) -> Result<Date32Array> {
        let utc = cast(times, &DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())))?;
        let date = |microseconds: i64| {
            let instant = DateTime::<Utc>::from_timestamp_micros(microseconds)?;
            Some(Date32Type::from_naive_date(self.calendar.business_date(instant)))
        };
        Ok(utc.as_primitive::<TimestampMicrosecondType>().iter().map(|value| value.and_then(date)).collect())
    }

    fn texts(&self, argument: &ArrayRef, text: impl Fn(NaiveDate) -> String) -> StringArray {
        days(argument).map(|day| day.map(&text)).collect()
    }
}

fn days(argument: &ArrayRef) -> impl Iterator<Item = Option<NaiveDate>> + '_ {
    argument.as_primitive::<Date32Type>().iter().map(|day| day.and_then(Date32Type::to_naive_date_opt))
}
