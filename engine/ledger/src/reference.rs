//! How people name a batch.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;

use crate::error::Error;
use crate::records::BatchId;

/// How people name a batch: by its number (`12`) or as pipeline and date (`daily@2026-11-23`), with `#2` for one certain
/// attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BatchReference {
    /// By its number.
    Id(BatchId),
    /// By pipeline and date.
    Label {
        /// The pipeline's name.
        pipeline: String,
        /// The business date.
        business_date: NaiveDate,
        /// The attempt; without it the newest one is meant.
        attempt: Option<u32>,
    },
}

impl FromStr for BatchReference {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let unknown = || Error::BatchReference(text.to_owned());
        if let Ok(number) = text.parse() {
            return Ok(Self::Id(BatchId(number)));
        }
        let (pipeline, rest) = text.rsplit_once('@').ok_or_else(unknown)?;
        let (date, attempt) = match rest.split_once('#') {
            Some((date, attempt)) => (date, Some(attempt.parse().map_err(|_| unknown())?)),
            None => (rest, None),
        };
        if pipeline.is_empty() {
            return Err(unknown());
        }
        let business_date = date.parse().map_err(|_| unknown())?;
        Ok(Self::Label { pipeline: pipeline.to_owned(), business_date, attempt })
    }
}

impl fmt::Display for BatchReference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(formatter),
            Self::Label { pipeline, business_date, attempt: None } => write!(formatter, "{pipeline}@{business_date}"),
            Self::Label { pipeline, business_date, attempt: Some(attempt) } => {
                write!(formatter, "{pipeline}@{business_date}#{attempt}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(pipeline in "[a-z][a-z:_@]{0,12}", day in 0i32..40_000, attempt in prop::option::of(1u32..100)) {
            let business_date = NaiveDate::from_epoch_days(day).unwrap();
            let reference = BatchReference::Label { pipeline, business_date, attempt };
            prop_assert_eq!(reference.to_string().parse::<BatchReference>().unwrap(), reference);
        }
    }

    #[test]
    fn other_texts_are_refused() {
        assert_eq!("12".parse::<BatchReference>().unwrap(), BatchReference::Id(BatchId(12)));
        for text in ["daily", "@2026-11-23", "daily@yesterday", "daily@2026-11-23#x", ""] {
            assert!(matches!(text.parse::<BatchReference>(), Err(Error::BatchReference(_))), "{text}");
        }
    }
}
