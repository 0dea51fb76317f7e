//! Rows that are gone while their file stays: Delta's deletion vectors, kept in the log itself.
//!
//! Source: Delta's protocol, sections "Deletion Vectors" and "Deletion Vector Format". The positions of the rows in the file are a bitmap
//! (a 64-bit roaring bitmap in its portable form, after a magic number), which stands in the log as base 85 (Z85, RFC 32 of ZeroMQ). Vectors in
//! files of their own are not written, and tables that have them are not read.

use deltalake::kernel::{DeletionVectorDescriptor, StorageType};
use roaring::RoaringTreemap;

/// Positions of rows in a file, counted from 0.
pub type Positions = RoaringTreemap;

/// The number with which a bitmap begins.
const MAGIC: u32 = 1_681_511_377;
/// Base 85 writes so many bytes at a time.
const GROUP: usize = 4;

/// The vector for the log; none if it is too large for it.
pub(crate) fn encode(rows: &Positions) -> Option<DeletionVectorDescriptor> {
    let mut bytes = MAGIC.to_le_bytes().to_vec();
    rows.serialize_into(&mut bytes).ok()?;
    let size_in_bytes = i32::try_from(bytes.len()).ok()?;
    bytes.resize(bytes.len().next_multiple_of(GROUP), 0);
    Some(DeletionVectorDescriptor {
        storage_type: StorageType::Inline,
        path_or_inline_dv: z85::encode(bytes),
        offset: None,
        size_in_bytes,
        cardinality: i64::try_from(rows.len()).ok()?,
    })
}

/// The rows of a vector; none if it does not stand in the log, or is damaged.
pub(crate) fn decode(vector: &DeletionVectorDescriptor) -> Option<Positions> {
    if vector.storage_type != StorageType::Inline {
        return None;
    }
    let bytes = z85::decode(&vector.path_or_inline_dv).ok()?;
    let (magic, bitmap) = bytes.split_first_chunk::<4>()?;
    if u32::from_le_bytes(*magic) != MAGIC {
        return None;
    }
    let rows = Positions::deserialize_from(bitmap).ok()?;
    (i64::try_from(rows.len()) == Ok(vector.cardinality)).then_some(rows)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn vectors_come_back() {
        for rows in [vec![], vec![0], vec![3, 5, 900], (0..70_000).step_by(7).collect(), vec![1, u64::from(u32::MAX) + 9]] {
            let rows: Positions = rows.into_iter().collect();
            assert_eq!(decode(&encode(&rows).unwrap()), Some(rows));
        }
    }

    /// Written by hand after the protocol, and read so by DuckDB, Polars and delta-rs.
    #[test]
    fn the_form_is_that_of_the_protocol() {
        let vector = encode(&[3_u64, 5, 900].into_iter().collect()).unwrap();
        let bytes = z85::decode(&vector.path_or_inline_dv).unwrap();
        let parts: [&[u8]; 6] = [
            &MAGIC.to_le_bytes(),
            &1_u64.to_le_bytes(),
            &0_u32.to_le_bytes(),
            &[0x3a, 0x30, 0, 0, 1, 0, 0, 0],
            &[0, 0, 2, 0, 16, 0, 0, 0],
            &[3, 0, 5, 0, 0x84, 3, 0, 0],
        ];
        assert_eq!(bytes, parts.concat());
        assert_eq!(vector.size_in_bytes, 38);
        let damaged = DeletionVectorDescriptor { cardinality: 4, ..vector };
        assert_eq!(decode(&damaged), None);
    }
}
