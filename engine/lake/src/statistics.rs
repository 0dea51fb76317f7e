//! Statistics of a data file: how many rows, and per column the smallest and greatest value and how many NULLs.
//!
//! They stand in the Delta log as JSON. Bounds may be wider than the values are, where a long string was cut or a time rounded;
//! `exact` tells, so that `min` and `max` are answered from the log only where that is the truth.

mod collect;
pub(crate) mod decode;
mod encode;

use std::collections::HashMap;

use datafusion::common::ScalarValue;

pub(crate) use collect::FileCollector;

pub(crate) use encode::encode;

/// What the log says about the rows of one file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FileStatistics {
    /// How many rows the file holds.
    pub rows: u64,
    /// What is known of each column, by name; partition columns are not among them.
    pub columns: HashMap<String, ColumnStatistics>,
}

/// What the log says about one column of one file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ColumnStatistics {
    /// No value is smaller; none if unknown or if all are NULL. In the stored type.
    pub minimum: Option<ScalarValue>,
    /// No value is greater; none if unknown or if all are NULL. In the stored type.
    pub maximum: Option<ScalarValue>,
    /// How many rows are NULL here.
    pub nulls: Option<u64>,
    /// Whether the smallest value is `minimum` itself.
    pub minimum_exact: bool,
    /// Whether the greatest value is `maximum` itself.
    pub maximum_exact: bool,
}

/// The last character of an upper bound that was cut: it sorts behind every string that begins with what stands before it, and
/// tells a reader that the bound is not a value.
pub(crate) const CUT: char = '\u{10FFFF}';

/// Bounds of strings are cut at this many bytes in Parquet, and ours with them.
pub(crate) const STRING_BOUND_BYTES: usize = 64;

/// Whether a string bound from a log can only be a whole value: everybody's writers cut at 32 characters or 64 bytes.
pub(crate) fn is_whole_string(bound: &str) -> bool {
    // A string that is cut at 64 bytes can be up to three bytes shorter, lest a character be split.
    bound.len() <= STRING_BOUND_BYTES - 4 && bound.chars().count() < 32 && !bound.ends_with(CUT)
}
