//! From the types of SQL to those of Arrow that a lake table can hold.

use std::sync::Arc;

use chrono_tz::Tz;
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::sql::sqlparser::ast::{self, CharacterLength, ExactNumberInfo, TimezoneInfo};
use nightshift_diagnostic::did_you_mean;

/// The names that a contract may use, for hints.
const NAMES: [&str; 14] =
    ["BIGINT", "INTEGER", "INT", "SMALLINT", "DOUBLE", "DECIMAL", "NUMERIC", "VARCHAR", "TEXT", "STRING", "BOOLEAN", "DATE", "TIMESTAMP", "TIMESTAMPTZ"];
/// As many digits as a 128-bit decimal holds.
const MAX_PRECISION: u64 = 38;

/// What a type of SQL becomes.
pub(super) struct Mapped {
    /// The type as SQL sees it.
    pub(super) data_type: DataType,
    /// Whether it is a time on the wall, without a zone.
    pub(super) local_time: bool,
    /// The longest text allowed, in characters.
    pub(super) length: Option<u64>,
}

/// Why a type cannot be had.
pub(super) struct Refused {
    pub(super) message: String,
    pub(super) hint: String,
}

/// The name that a type has in SQL, for people.
#[must_use]
pub fn sql_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Null => "NULL".to_owned(),
        DataType::Boolean => "BOOLEAN".to_owned(),
        DataType::Int8 => "TINYINT".to_owned(),
        DataType::Int16 => "SMALLINT".to_owned(),
        DataType::Int32 => "INTEGER".to_owned(),
        DataType::Int64 => "BIGINT".to_owned(),
        DataType::UInt64 => "BIGINT UNSIGNED".to_owned(),
        DataType::Float32 => "REAL".to_owned(),
        DataType::Float64 => "DOUBLE".to_owned(),
        DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale) => format!("DECIMAL({precision}, {scale})"),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "VARCHAR".to_owned(),
        DataType::Date32 => "DATE".to_owned(),
        DataType::Timestamp(_, None) => "TIMESTAMP".to_owned(),
        DataType::Timestamp(_, Some(_)) => "TIMESTAMPTZ".to_owned(),
        other => other.to_string(),
    }
}

/// The Arrow type of a column.
pub(super) fn map(sql: &ast::DataType, zone: Tz) -> Result<Mapped, Refused> {
    let timestamp = || DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from(zone.name())));
    let data_type = match sql {
        ast::DataType::BigInt(_) | ast::DataType::Int8(_) | ast::DataType::Int64 => DataType::Int64,
        ast::DataType::Integer(_) | ast::DataType::Int(_) | ast::DataType::Int4(_) | ast::DataType::Int32 => DataType::Int32,
        ast::DataType::SmallInt(_) | ast::DataType::Int2(_) | ast::DataType::Int16 => DataType::Int16,
        ast::DataType::Double(ExactNumberInfo::None) | ast::DataType::DoublePrecision | ast::DataType::Float8 | ast::DataType::Float64 => DataType::Float64,
        ast::DataType::Decimal(digits) | ast::DataType::Numeric(digits) | ast::DataType::Dec(digits) => decimal(*digits)?,
        ast::DataType::Varchar(length) | ast::DataType::CharVarying(length) | ast::DataType::CharacterVarying(length) => return text(*length),
        ast::DataType::Text | ast::DataType::String(None) => DataType::Utf8,
        ast::DataType::Boolean | ast::DataType::Bool => DataType::Boolean,
        ast::DataType::Date => DataType::Date32,
        ast::DataType::Timestamp(_, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) | ast::DataType::TimestampNtz(_) => {
            return Ok(Mapped { data_type: timestamp(), local_time: true, length: None });
        }
        ast::DataType::Timestamp(_, TimezoneInfo::Tz | TimezoneInfo::WithTimeZone) => timestamp(),
        other => return Err(unknown(other)),
    };
    Ok(Mapped { data_type, local_time: false, length: None })
}

fn text(length: Option<CharacterLength>) -> Result<Mapped, Refused> {
    let length = match length {
        Some(CharacterLength::IntegerLength { length, .. }) => Some(length),
        Some(CharacterLength::Max) | None => None,
    };
    Ok(Mapped { data_type: DataType::Utf8, local_time: false, length })
}

fn decimal(digits: ExactNumberInfo) -> Result<DataType, Refused> {
    let (precision, scale) = match digits {
        ExactNumberInfo::PrecisionAndScale(precision, scale) => (precision, scale),
        ExactNumberInfo::Precision(precision) => (precision, 0),
        ExactNumberInfo::None => {
            return Err(Refused {
                message: "a DECIMAL needs its number of digits".to_owned(),
                hint: "write DECIMAL(14, 2): 14 digits in all, 2 of them after the point".to_owned(),
            });
        }
    };
    let narrowed = u8::try_from(precision).ok().zip(i8::try_from(scale).ok());
    match narrowed {
        Some((precision_digits, scale_digits)) if (1..=MAX_PRECISION).contains(&precision) && scale >= 0 && scale.unsigned_abs() <= precision => {
            Ok(DataType::Decimal128(precision_digits, scale_digits))
        }
        _ => Err(Refused {
            message: format!("DECIMAL({precision}, {scale}) does not exist"),
            hint: format!("at most {MAX_PRECISION} digits in all, and no more than those after the point"),
        }),
    }
}

fn unknown(sql: &ast::DataType) -> Refused {
    let written = sql.to_string();
    let base = written.split(['(', ' ']).next().unwrap_or_default();
    Refused { message: format!("`{written}` is no type that a source can have"), hint: instead_of(base) }
}

/// What to write instead of the name of a type that there is not.
pub(crate) fn instead_of(name: &str) -> String {
    let instead = match name.to_ascii_uppercase().as_str() {
        "FLOAT" | "REAL" | "FLOAT4" | "FLOAT32" => Some("use DOUBLE, or DECIMAL(p, s) for money"),
        "MONEY" => Some("use DECIMAL(p, s), such as DECIMAL(14, 2)"),
        "TINYINT" => Some("use SMALLINT"),
        "DATETIME" => Some("use TIMESTAMP"),
        "CHAR" | "CHARACTER" | "NVARCHAR" => Some("use VARCHAR"),
        "HUGEINT" => Some("use DECIMAL(38, 0)"),
        _ => None,
    };
    let meant = instead.map(str::to_owned).or_else(|| did_you_mean(name, NAMES));
    meant.unwrap_or_else(|| format!("the types are {}", NAMES.join(", ")))
}
