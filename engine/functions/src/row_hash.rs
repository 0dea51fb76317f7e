//! `row_hash(seed, sign, column, …)`: a hash of a row, for fingerprints of multisets.
//!
//! The wrapping sum of the hashes of a set of rows does not depend on their order, and the rows that two sets share cancel when one
//! of them is subtracted. So the sums of `row_hash(…, 1, …)` over added files and `row_hash(…, -1, …)` over removed files are 0 in a
//! bucket exactly when (but for a chance of 2⁻⁶⁴ a seed) its rows are the same before and after. Two seeds make it 2⁻¹²⁸.
//! Source: D. Clarke et al., "Incremental Multiset Hash Functions and Their Application to Memory Integrity Checking", 2003 (MSet-Add).

use std::sync::Arc;

use datafusion::arrow::array::{Array as _, ArrayRef, Int64Array};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::hash_utils::{RandomState, create_hashes};
use datafusion::common::{Result, ScalarValue, exec_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

/// The function.
pub fn row_hash() -> ScalarUDF {
    ScalarUDF::from(RowHash { signature: Signature::variadic_any(Volatility::Immutable) })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct RowHash {
    signature: Signature,
}

impl ScalarUDFImpl for RowHash {
    fn name(&self) -> &str {
        "row_hash"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _argument_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [ColumnarValue::Scalar(ScalarValue::Int64(Some(seed))), ColumnarValue::Scalar(ScalarValue::Int64(Some(sign))), columns @ ..] =
            arguments.args.as_slice()
        else {
            return exec_err!("row_hash takes a seed and a sign, both integer literals, then columns");
        };
        let columns: Vec<ArrayRef> = columns.iter().map(|column| column.to_array(arguments.number_rows)).collect::<Result<_>>()?;
        let mut hashes = vec![mix(seed.cast_unsigned()); arguments.number_rows];
        for column in &columns {
            add(column, seed.cast_unsigned(), &mut hashes)?;
        }
        let signed: Int64Array = hashes.iter().map(|hash| hash.cast_signed().wrapping_mul(*sign)).collect();
        Ok(ColumnarValue::Array(Arc::new(signed)))
    }
}

/// What stands for NULL: any number, so that no place of a row is passed over.
const NULL: u64 = 0x9e37_79b9_7f4a_7c15;

/// Puts the values of the next column into the hashes of their rows. DataFusion's own hash of a row passes over NULL: it is the same for
/// (1, NULL) and, where the columns are of one type, (NULL, 1) behind another column, and 0 for a row of NULLs, which no sum would show.
fn add(column: &ArrayRef, seed: u64, hashes: &mut [u64]) -> Result<()> {
    let mut values = vec![0; hashes.len()];
    create_hashes([column], &RandomState::with_seed(seed), &mut values)?;
    for (row, (hash, value)) in hashes.iter_mut().zip(values).enumerate() {
        let value = if column.is_null(row) { NULL } else { value };
        *hash = mix(hash.rotate_left(23) ^ value);
    }
    Ok(())
}

/// Makes the hash of a row depend on the places of its values, and breaks all linearity; without it, sums could not tell {(a, x), (b, y)} from
/// {(a, y), (b, x)}. Source: the finalizer of SplitMix64, S. Vigna, <https://prng.di.unimi.it/splitmix64.c>.
fn mix(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeSet;

    use datafusion::arrow::array::AsArray as _;
    use datafusion::arrow::datatypes::Int64Type;
    use datafusion::prelude::SessionContext;

    use super::*;

    /// Also rows that differ only in where a NULL stands, and one that has nothing else.
    #[tokio::test]
    async fn rows_have_hashes_of_their_own() {
        let context = SessionContext::new();
        context.register_udf(row_hash());
        let values = "(NULL, NULL, NULL), (1, NULL, NULL), (NULL, 1, NULL), (NULL, NULL, 1), (1, 2, NULL), (1, NULL, 2), (NULL, 1, 2), (2, 1, NULL), (0, 0, 0), (1, 1, 1)";
        let sql = |sign: i64| format!("SELECT row_hash(1, {sign}, a, b, c) FROM (VALUES {values}) t(a, b, c)");
        let mut hashes = Vec::new();
        for sign in [1, -1] {
            let batches = context.sql(&sql(sign)).await.unwrap().collect().await.unwrap();
            hashes.push(batches.iter().flat_map(|rows| rows.column(0).as_primitive::<Int64Type>().values().to_vec()).collect::<Vec<_>>());
        }
        let [plus, minus] = hashes.as_slice() else { unreachable!() };
        let distinct: BTreeSet<i64> = plus.iter().copied().chain([0]).collect();
        assert_eq!(distinct.len(), 11, "{plus:?}");
        assert!(plus.iter().zip(minus).all(|(one, other)| one.wrapping_add(*other) == 0));
    }
}
