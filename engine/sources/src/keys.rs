//! Keys as 64-bit numbers, and sets of them.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, Schema};
use arrow::row::{RowConverter, SortField};
use datafusion::common::{Column, ScalarValue};
use datafusion::logical_expr::Expr;
use nightshift_functions::Among;
use nightshift_lake::FileStatistics;
use roaring::RoaringTreemap;

use crate::Result;
use crate::columns::{integers, ordered, signed};

/// More keys are not looked for one by one: their files are read as a whole.
const MOST_LOOKED_FOR: u64 = 1 << 20;

/// Makes numbers of keys: of one whole number itself, of anything else a hash. Two keys may share a hash, so that a set of numbers
/// says of a key "not in here" or "perhaps"; whoever asks compares the keys afterwards.
#[derive(Debug, Clone)]
pub(crate) struct KeyNumbers {
    columns: Vec<String>,
    types: Vec<DataType>,
    hasher: RandomState,
}

impl KeyNumbers {
    /// Numbers for the keys in these columns of a schema.
    pub(crate) fn new(schema: &Schema, columns: &[String]) -> Self {
        let types = columns.iter().filter_map(|name| schema.field_with_name(name).ok()).map(|field| field.data_type().clone());
        Self { columns: columns.to_vec(), types: types.collect(), hasher: RandomState::new() }
    }

    /// Whether a number is the key itself.
    pub(crate) fn are_keys(&self) -> bool {
        matches!(self.types.as_slice(), [DataType::Int64 | DataType::Int32 | DataType::Int16])
    }

    /// An empty set.
    pub(crate) fn set(&self) -> NumberSet {
        if self.are_keys() { NumberSet::Keys(RoaringTreemap::new()) } else { NumberSet::Hashes(HashSet::new()) }
    }

    /// The key columns of a batch.
    pub(crate) fn columns(&self, rows: &RecordBatch) -> Vec<ArrayRef> {
        self.columns.iter().filter_map(|name| rows.column_by_name(name)).map(Arc::clone).collect()
    }

    /// What compares keys exactly.
    pub(crate) fn converter(&self) -> Result<RowConverter> {
        Ok(RowConverter::new(self.types.iter().map(|data_type| SortField::new(data_type.clone())).collect())?)
    }

    /// The number of each row's key.
    pub(crate) fn of(&self, rows: &RecordBatch) -> Result<Vec<u64>> {
        let columns = self.columns(rows);
        if let ([column], true) = (columns.as_slice(), self.are_keys())
            && let Some(numbers) = integers(column)?
        {
            return Ok(numbers);
        }
        let converted = self.converter()?.convert_columns(&columns)?;
        Ok(converted.iter().map(|row| self.hasher.hash_one(row.as_ref())).collect())
    }

    /// Whether a file, by its statistics, may hold a key of the set.
    pub(crate) fn may_meet(&self, set: &NumberSet, statistics: Option<&FileStatistics>) -> bool {
        let (NumberSet::Keys(keys), Some(column), Some(statistics)) = (set, self.columns.first(), statistics) else {
            return !set.is_empty();
        };
        let bounds = statistics.columns.get(column);
        let least = bounds.and_then(|bounds| number(bounds.minimum.as_ref()?)).unwrap_or(0);
        let greatest = bounds.and_then(|bounds| number(bounds.maximum.as_ref()?)).unwrap_or(u64::MAX);
        keys.range_cardinality(least..=greatest) > 0
    }

    /// A condition that holds at least for rows with a key of the set; nothing if it would not spare much.
    pub(crate) fn condition(&self, set: &NumberSet) -> Result<Option<Expr>> {
        let (NumberSet::Keys(keys), Some(column), Some(data_type)) = (set, self.columns.first(), self.types.first()) else { return Ok(None) };
        if keys.len() > MOST_LOOKED_FOR {
            return Ok(None);
        }
        let sorted: Vec<i64> = keys.iter().map(signed).collect();
        let (Among::Just(condition) | Among::Around(condition)) = Among::of(&Expr::Column(Column::new_unqualified(column)), data_type, &sorted)?;
        Ok(Some(condition))
    }
}

fn number(value: &ScalarValue) -> Option<u64> {
    match value {
        ScalarValue::Int64(Some(value)) => Some(ordered(*value)),
        ScalarValue::Int32(Some(value)) => Some(ordered(i64::from(*value))),
        ScalarValue::Int16(Some(value)) => Some(ordered(i64::from(*value))),
        _ => None,
    }
}

/// A set of the numbers of keys.
#[derive(Debug, Clone)]
pub(crate) enum NumberSet {
    /// Keys themselves: a run of a million takes 128 KiB.
    Keys(RoaringTreemap),
    /// Hashes of keys.
    Hashes(HashSet<u64>),
}

impl NumberSet {
    /// Takes a number; whether it was not there yet.
    pub(crate) fn insert(&mut self, number: u64) -> bool {
        match self {
            Self::Keys(keys) => keys.insert(number),
            Self::Hashes(hashes) => hashes.insert(number),
        }
    }

    pub(crate) fn contains(&self, number: u64) -> bool {
        match self {
            Self::Keys(keys) => keys.contains(number),
            Self::Hashes(hashes) => hashes.contains(&number),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Keys(keys) => keys.is_empty(),
            Self::Hashes(hashes) => hashes.is_empty(),
        }
    }

    /// Bytes that it occupies, roughly.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Keys(keys) => keys.serialized_size(),
            Self::Hashes(hashes) => hashes.capacity() * (size_of::<u64>() + 1),
        }
    }
}
