//! Values from text, exactly or not at all.
//!
//! Every function takes the bytes of one field, without the spaces around it, and gives the value or the [`Problem`].

mod decimal;
mod number;
mod time;

use std::fmt;

pub(crate) use decimal::decimal;
pub(crate) use number::{boolean, double, integer};
pub(crate) use time::{Moment, date, moment};

/// Why a text is no value of a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Problem {
    /// It does not look like one.
    Malformed,
    /// It is one, but too large or too small.
    OutOfRange,
    /// It has more digits after the point than the type keeps.
    TooPrecise,
    /// It lacks the zone that the type asks for.
    NoZone,
    /// It is a local time that is no instant, with the calendar's words.
    NoInstant(String),
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Malformed => "is not a valid",
            Self::OutOfRange => "is out of range for",
            Self::TooPrecise => "has too many digits after the point for",
            Self::NoZone => "has no time zone, as there must be for",
            Self::NoInstant(_) => "is no instant for",
        })
    }
}

/// The bytes without the ASCII spaces around them.
pub(crate) fn trim(text: &[u8]) -> &[u8] {
    // Nearly every field has no spaces, so look before working.
    match (text.first(), text.last()) {
        (Some(first), Some(last)) if *first <= b' ' || *last <= b' ' => text.trim_ascii(),
        _ => text,
    }
}
