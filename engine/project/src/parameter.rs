//! Parameters of reports: typed, bound, never pasted into text.

use std::fmt;

use chrono::{NaiveDate, NaiveDateTime};
use nightshift_diagnostic::{Span, codes};

use crate::names::is_name;
use crate::yaml::{Fields, Node, Reader, Value};

/// A parameter of a report: `$name` in its SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// The name, without the `$`.
    pub name: String,
    /// The type.
    pub parameter_type: ParameterType,
    /// What it is if nobody says otherwise.
    pub default: Option<ParameterValue>,
    /// For people.
    pub description: Option<String>,
    /// Where its name stands in the header.
    pub span: Span,
}

/// The types of parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ParameterType {
    /// A day.
    Date,
    /// A whole number of 64 bits.
    Integer,
    /// A decimal number.
    Decimal,
    /// A text.
    String,
    /// True or false.
    Boolean,
    /// A local business time.
    Timestamp,
}

/// A value of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParameterValue {
    /// A day.
    Date(NaiveDate),
    /// A whole number.
    Integer(i64),
    /// A decimal number: its value is `unscaled / 10^scale`.
    Decimal {
        /// All digits.
        unscaled: i128,
        /// How many of them stand after the point.
        scale: u8,
    },
    /// A text.
    String(String),
    /// True or false.
    Boolean(bool),
    /// A local business time.
    Timestamp(NaiveDateTime),
}

/// A text that is no value of its type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {}", parameter_type.example())]
pub struct InvalidParameter {
    /// The text.
    pub text: String,
    /// The type that it should have had.
    pub parameter_type: ParameterType,
}

impl ParameterType {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Date, Self::Integer, Self::Decimal, Self::String, Self::Boolean, Self::Timestamp];

    /// The word in a header.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Date => "date",
            Self::Integer => "integer",
            Self::Decimal => "decimal",
            Self::String => "string",
            Self::Boolean => "boolean",
            Self::Timestamp => "timestamp",
        }
    }

    /// Reads a value, from a header or from `--param name=value`.
    ///
    /// # Errors
    /// [`InvalidParameter`] if the text is no value of this type.
    pub fn parse(self, text: &str) -> Result<ParameterValue, InvalidParameter> {
        let value = match self {
            Self::Date => text.parse().ok().map(ParameterValue::Date),
            Self::Integer => text.parse().ok().map(ParameterValue::Integer),
            Self::Decimal => parse_decimal(text),
            Self::String => Some(ParameterValue::String(text.to_owned())),
            Self::Boolean => text.parse().ok().map(ParameterValue::Boolean),
            Self::Timestamp => parse_timestamp(text).map(ParameterValue::Timestamp),
        };
        value.ok_or_else(|| InvalidParameter { text: text.to_owned(), parameter_type: self })
    }

    /// A value such as people write it.
    #[must_use]
    pub const fn sample(self) -> &'static str {
        match self {
            Self::Date => "2026-11-23",
            Self::Integer => "10",
            Self::Decimal => "12.50",
            Self::String => "text",
            Self::Boolean => "true",
            Self::Timestamp => "'2026-11-23 18:30:00'",
        }
    }

    const fn example(self) -> &'static str {
        match self {
            Self::Date => "a date such as 2026-11-23",
            Self::Integer => "a whole number",
            Self::Decimal => "a decimal number such as 12.50",
            Self::String => "a text",
            Self::Boolean => "true or false",
            Self::Timestamp => "a time such as 2026-11-23 17:30:00",
        }
    }
}

impl fmt::Display for ParameterType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Display for ParameterValue {
    /// As [`ParameterType::parse`] reads it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Date(date) => write!(formatter, "{date}"),
            Self::Integer(number) => write!(formatter, "{number}"),
            Self::Decimal { unscaled, scale } => {
                let digits = format!("{:0>1$}", unscaled.unsigned_abs(), usize::from(*scale) + 1);
                let (whole, fraction) = digits.split_at(digits.len() - usize::from(*scale));
                let (sign, point) = (if *unscaled < 0 { "-" } else { "" }, if *scale > 0 { "." } else { "" });
                write!(formatter, "{sign}{whole}{point}{fraction}")
            }
            Self::String(text) => formatter.write_str(text),
            Self::Boolean(truth) => write!(formatter, "{truth}"),
            Self::Timestamp(time) => write!(formatter, "{time}"),
        }
    }
}

/// At most the 38 digits of SQL's widest decimal.
fn parse_decimal(text: &str) -> Option<ParameterValue> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let unsigned = whole.strip_prefix(['-', '+']).unwrap_or(whole);
    let digits = unsigned.len() + fraction.len();
    if digits == 0 || digits > 38 || !unsigned.bytes().chain(fraction.bytes()).all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let unscaled = format!("{whole}{fraction}").parse().ok()?;
    Some(ParameterValue::Decimal { unscaled, scale: u8::try_from(fraction.len()).ok()? })
}

fn parse_timestamp(text: &str) -> Option<NaiveDateTime> {
    let formats = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"];
    formats.into_iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
}

/// `parameters: {name: date}` or `parameters: {name: {type: date, default: …, description: …}}`, in the order of the header.
pub(crate) fn read_parameters<'a>(reader: &'a Reader<'a>, fields: &Fields<'a>) -> Vec<Parameter> {
    let entries = fields.get("parameters").and_then(|node| reader.entries(node, "`parameters`")).unwrap_or_default();
    entries.iter().filter_map(|entry| read_parameter(reader, &entry.key, entry.key_span, &entry.value)).collect()
}

fn read_parameter<'a>(reader: &'a Reader<'a>, name: &str, span: Span, node: &'a Node) -> Option<Parameter> {
    if !is_name(name) {
        let hint = "a lower-case letter, then lower-case letters, digits and underscores".to_owned();
        reader.error(codes::INVALID_NAME, span, format!("`{name}` is no name for a parameter"), Some(hint));
    }
    let words = ParameterType::ALL.map(|parameter_type| (parameter_type.as_str(), parameter_type));
    let read_type = |node: &Node| reader.word(node, "type of a parameter", &words);
    let Value::Mapping(_) = &node.value else {
        let parameter_type = read_type(node)?;
        return Some(Parameter { name: name.to_owned(), parameter_type, default: None, description: None, span });
    };
    let fields = reader.fields(node, "a parameter", &["type", "default", "description"], span)?;
    let parameter_type = fields.require("type").and_then(read_type)?;
    let default = fields.get("default").and_then(|node| reader.parsed(node, parameter_type.example(), |text| parameter_type.parse(text).ok()));
    Some(Parameter { name: name.to_owned(), parameter_type, default, description: fields.text("description"), span })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn values_are_read_by_type_and_shown_as_they_were_written() {
        let shown = |parameter_type: ParameterType, text: &str| parameter_type.parse(text).map(|value| value.to_string());
        for (parameter_type, text) in [
            (ParameterType::Date, "2026-11-23"),
            (ParameterType::Decimal, "-0.05"),
            (ParameterType::Decimal, "1200"),
            (ParameterType::Timestamp, "2026-11-23 17:30:00"),
            (ParameterType::Boolean, "false"),
        ] {
            assert_eq!(shown(parameter_type, text).as_deref(), Ok(text));
        }
        assert!(ParameterType::Decimal.parse("1e5").is_err());
        let error = ParameterType::Date.parse("23.11.2026").unwrap_err();
        assert_eq!(error.to_string(), "`23.11.2026` is not a date such as 2026-11-23");
    }
}
