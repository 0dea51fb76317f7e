//! `is_tax_id(text)`: is it a valid 統一編號, the number of a business in Taiwan?
//!
//! Source: 財政部財政資訊中心, 營利事業統一編號檢查碼邏輯修正說明 (the rule since April 2023): eight digits, each multiplied by its weight
//! 1 2 1 2 1 2 4 1, the digits of the products summed; valid if the sum is divisible by 5. Where the seventh digit is 7, its product 28
//! counts as 10, whose digits may be taken as 1 or as 0.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, BooleanArray, StringViewArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::cast::as_string_view_array;
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

const WEIGHTS: [u32; 8] = [1, 2, 1, 2, 1, 2, 4, 1];

/// The function.
pub(crate) fn is_tax_id() -> ScalarUDF {
    ScalarUDF::from(IsTaxId { signature: Signature::string(1, Volatility::Immutable) })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct IsTaxId {
    signature: Signature,
}

impl ScalarUDFImpl for IsTaxId {
    fn name(&self) -> &str {
        "is_tax_id"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _argument_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [text] = arguments.args.as_slice() else { return exec_err!("is_tax_id takes one argument") };
        let text: ArrayRef = cast(&text.to_array(arguments.number_rows)?, &DataType::Utf8View)?;
        let text: &StringViewArray = as_string_view_array(&text)?;
        let valid: BooleanArray = text.iter().map(|value| value.map(is_valid)).collect();
        Ok(ColumnarValue::Array(Arc::new(valid) as Arc<dyn Array>))
    }
}

fn is_valid(text: &str) -> bool {
    let digits: Option<Vec<u32>> = text.chars().map(|character| character.to_digit(10)).collect();
    let Some(digits) = digits.filter(|digits| digits.len() == WEIGHTS.len()) else { return false };
    let sum: u32 = digits.iter().zip(WEIGHTS).map(|(digit, weight)| digit * weight).map(|product| product / 10 + product % 10).sum();
    let seventh_is_seven = digits.get(6) == Some(&7);
    // 4 × 7 = 28 -> 2 + 8 = 10 -> 1 or 0: taking 10 leaves the sum's remainder as it is for 0; 1 adds one.
    sum.is_multiple_of(5) || (seventh_is_seven && (sum + 1).is_multiple_of(5))
}

#[cfg(test)]
mod tests {
    use super::is_valid;

    #[test]
    fn known_numbers() {
        // The Ministry's own examples, and two well known companies.
        for valid in ["04595257", "10458575", "22099131", "84149961"] {
            assert!(is_valid(valid), "{valid}");
        }
        for invalid in ["04595253", "12345678", "2209913", "220991311", "2209913A", ""] {
            assert!(!is_valid(invalid), "{invalid}");
        }
    }
}
