//! `row_hash(seed, sign, column, …)`: a hash of a row, for fingerprints of multisets.
//!
//! The wrapping sum of the hashes of a set of rows does not depend on their order, and the rows that two sets share cancel when one
//! of them is subtracted. So the sums of `row_hash(…, 1, …)` over added files and `row_hash(…, -1, …)` over removed files are 0 in a
//! bucket exactly when (but for a chance of 2⁻⁶⁴ a seed) its rows are the same before and after. Two seeds make it 2⁻¹²⁸.
//! Source: D. Clarke et al., "Incremental Multiset Hash Functions and Their Application to Memory Integrity Checking", 2003 (MSet-Add).

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int64Array};
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
        let [
            ColumnarValue::Scalar(ScalarValue::Int64(Some(seed))),
            ColumnarValue::Scalar(ScalarValue::Int64(Some(sign))),
            columns @ ..,
        ] = arguments.args.as_slice()
        else {
            return exec_err!("row_hash takes a seed and a sign, both integer literals, then columns");
        };
        let columns: Vec<ArrayRef> =
            columns.iter().map(|column| column.to_array(arguments.number_rows)).collect::<Result<_>>()?;
        let mut hashes = vec![0; arguments.number_rows];
        create_hashes(&columns, &RandomState::with_seed(seed.cast_unsigned()), &mut hashes)?;
        let signed: Int64Array = hashes.iter().map(|hash| mix(*hash).cast_signed().wrapping_mul(*sign)).collect();
        Ok(ColumnarValue::Array(Arc::new(signed)))
    }
}

/// Breaks the linearity with which the columns' hashes are combined; without it, sums could not tell {(a, x), (b, y)} from
/// {(a, y), (b, x)}. Source: the finalizer of SplitMix64, S. Vigna, <https://prng.di.unimi.it/splitmix64.c>.
fn mix(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}
