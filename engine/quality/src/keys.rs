//! Which keys a file has brought already.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::arrow::row::{RowConverter, SortField};
use roaring::RoaringTreemap;

use crate::Result;

/// The keys seen so far. One whole number is kept as a bitmap (a run of a million costs 128 KiB), anything else as a
/// 128-bit hash under two random keys, which no two keys of a file will share.
pub(crate) enum KeySet {
    Integer(RoaringTreemap),
    Hashed { converter: RowConverter, hashers: [RandomState; 2], seen: HashSet<u128> },
}

impl KeySet {
    /// An empty set for keys of these types.
    pub(crate) fn new(types: &[DataType]) -> Result<Self> {
        if let [DataType::Int64 | DataType::Int32 | DataType::Int16] = types {
            return Ok(Self::Integer(RoaringTreemap::new()));
        }
        let fields = types.iter().map(|data_type| SortField::new(data_type.clone())).collect();
        Ok(Self::Hashed { converter: RowConverter::new(fields)?, hashers: [RandomState::new(), RandomState::new()], seen: HashSet::new() })
    }

    /// Takes the keys of a batch and gives the rows whose key was there before; rows for which `skip` is true, or whose key
    /// is NULL, do not count.
    pub(crate) fn insert(&mut self, columns: &[ArrayRef], skip: impl Fn(usize) -> bool) -> Result<Vec<usize>> {
        match self {
            Self::Integer(seen) => insert_integers(seen, columns, skip),
            Self::Hashed { converter, hashers, seen } => {
                let rows = converter.convert_columns(columns)?;
                let mut repeated = Vec::new();
                for (index, row) in rows.iter().enumerate() {
                    if skip(index) || columns.iter().any(|column| column.is_null(index)) {
                        continue;
                    }
                    let [high, low] = [&hashers[0], &hashers[1]].map(|hasher| u128::from(hasher.hash_one(row.as_ref())));
                    if !seen.insert(high << 64 | low) {
                        repeated.push(index);
                    }
                }
                Ok(repeated)
            }
        }
    }

    /// Bytes that the set occupies, roughly.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Integer(seen) => seen.serialized_size(),
            Self::Hashed { seen, .. } => seen.capacity() * (size_of::<u128>() + 1),
        }
    }
}

fn insert_integers(seen: &mut RoaringTreemap, columns: &[ArrayRef], skip: impl Fn(usize) -> bool) -> Result<Vec<usize>> {
    let mut repeated = Vec::new();
    let Some(column) = columns.first() else { return Ok(repeated) };
    let keys = cast(column, &DataType::Int64)?;
    let keys = keys.as_primitive::<Int64Type>();
    for (index, key) in keys.iter().enumerate() {
        let Some(key) = key else { continue };
        // The order of the bits does not matter here, only that each key has its own.
        if !skip(index) && !seen.insert(key.cast_unsigned()) {
            repeated.push(index);
        }
    }
    Ok(repeated)
}
