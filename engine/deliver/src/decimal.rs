//! Decimals as text, digit by digit, and the question whether a sheet's number can hold one.

use std::io::Write;

/// Digits that a spreadsheet keeps of a number; it shows and calculates with no more.
const SHEET_DIGITS: u32 = 15;

/// Appends `unscaled` × 10^-`scale` as a plain number with exactly `scale` decimals. `scale` is at most 38.
pub(crate) fn write_decimal(out: &mut Vec<u8>, unscaled: i128, scale: i8) {
    if unscaled < 0 {
        out.push(b'-');
    }
    let magnitude = unscaled.unsigned_abs();
    let width = usize::from(scale.unsigned_abs());
    // Writing into a `Vec` cannot fail.
    let _ = match (scale.cmp(&0), u64::try_from(magnitude)) {
        (std::cmp::Ordering::Greater, Ok(small)) if scale < 20 => {
            let power = 10_u64.pow(u32::from(scale.unsigned_abs()));
            write!(out, "{}.{:0width$}", small / power, small % power)
        }
        (std::cmp::Ordering::Greater, _) => {
            let power = 10_u128.pow(u32::from(scale.unsigned_abs()));
            write!(out, "{}.{:0width$}", magnitude / power, magnitude % power)
        }
        (std::cmp::Ordering::Less, _) if magnitude != 0 => {
            write!(out, "{magnitude}{:0<width$}", "")
        }
        _ => write!(out, "{magnitude}"),
    };
}

/// The number for a sheet's cell, or `None` when it has more than 15 digits, apart from zeros at the end of its decimals, and could
/// lose some.
pub(crate) fn sheet_number(unscaled: i128, scale: i8) -> Option<f64> {
    let limit = 10_u128.pow(SHEET_DIGITS);
    let mut digits = unscaled.unsigned_abs();
    let mut scale = scale;
    while scale > 0 && digits >= limit && digits.is_multiple_of(10) {
        digits /= 10;
        scale -= 1;
    }
    if scale < 0 {
        digits = digits.checked_mul(10_u128.checked_pow(scale.unsigned_abs().into())?)?;
        scale = 0;
    }
    if digits >= limit {
        return None;
    }
    let sign = if unscaled < 0 { -1.0 } else { 1.0 };
    if scale == 0 {
        // Below 10^15 every integer is a double.
        return Some(sign * digits as f64);
    }
    // The parser rounds correctly, which a division by a power of ten does not promise.
    format!("{digits}e{}", -scale).parse::<f64>().ok().map(|number| sign * number)
}

#[cfg(test)]
mod tests {
    use super::{sheet_number, write_decimal};

    fn text(unscaled: i128, scale: i8) -> String {
        let mut out = Vec::new();
        write_decimal(&mut out, unscaled, scale);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn decimals_keep_every_digit() {
        assert_eq!(text(-5, 2), "-0.05");
        assert_eq!(text(0, 2), "0.00");
        assert_eq!(text(12_345, 0), "12345");
        assert_eq!(text(12, -3), "12000");
        assert_eq!(text(0, -3), "0");
        assert_eq!(text(i128::MIN, 38), "-1.70141183460469231731687303715884105728");
        assert_eq!(text(99_999_999_999_999_999_999_999_999_999_999_999_999, 2), "999999999999999999999999999999999999.99");
        assert_eq!(text(1, 19), "0.0000000000000000001");
    }

    #[test]
    fn a_sheet_takes_fifteen_digits() {
        assert_eq!(sheet_number(999_999_999_999_999, 2), Some(9_999_999_999_999.99));
        assert_eq!(sheet_number(1_000_000_000_000_001, 0), None);
        assert_eq!(sheet_number(1_000_000_000_000_000, 0), None);
        assert_eq!(sheet_number(123_456_000_000_000_000_000, 15), Some(123_456.0));
        assert_eq!(sheet_number(-12, -3), Some(-12_000.0));
        assert_eq!(sheet_number(10, 2), Some(0.1));
        assert_eq!(sheet_number(i128::MIN, 0), None);
        assert_eq!(sheet_number(0, 5), Some(0.0));
    }
}
