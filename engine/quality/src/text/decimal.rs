//! Decimals, digit by digit: never by way of a double.

use super::Problem;

/// How many digits a 64-bit number holds in any case.
const SAFE_DIGITS: usize = 18;

/// The unscaled value of a decimal with `precision` digits, `scale` of them after the point.
pub(crate) fn decimal(text: &[u8], precision: u8, scale: i8) -> Result<i128, Problem> {
    let (negative, rest) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    };
    let (mantissa, exponent) = split_exponent(rest)?;
    let (whole, fraction) = match mantissa.iter().position(|byte| *byte == b'.') {
        Some(point) => {
            let (whole, fraction) = mantissa.split_at(point);
            (whole, fraction.split_first().map_or(&[][..], |(_, fraction)| fraction))
        }
        None => (mantissa, &[][..]),
    };
    if whole.is_empty() && fraction.is_empty() {
        return Err(Problem::Malformed);
    }
    // The last digit's place after the point, once the exponent has moved the point.
    let places = i64::try_from(fraction.len()).map_err(|_| Problem::OutOfRange)?.saturating_sub(exponent);
    let value = unscaled(whole, fraction)?;
    let scaled = shift(value, i64::from(scale).saturating_sub(places))?;
    let limit = 10_i128.checked_pow(u32::from(precision)).unwrap_or(i128::MAX);
    if scaled >= limit {
        return Err(Problem::OutOfRange);
    }
    Ok(if negative { -scaled } else { scaled })
}

fn split_exponent(text: &[u8]) -> Result<(&[u8], i64), Problem> {
    let Some(at) = text.iter().position(|byte| matches!(byte, b'e' | b'E')) else {
        return Ok((text, 0));
    };
    let (mantissa, exponent) = text.split_at(at);
    let exponent = exponent.split_first().map_or(&[][..], |(_, digits)| digits);
    Ok((mantissa, super::integer(exponent)?))
}

/// All digits as one number.
fn unscaled(whole: &[u8], fraction: &[u8]) -> Result<i128, Problem> {
    let digits = || whole.iter().chain(fraction);
    if !digits().all(u8::is_ascii_digit) {
        return Err(Problem::Malformed);
    }
    if whole.len() + fraction.len() <= SAFE_DIGITS {
        return Ok(i128::from(digits().fold(0_i64, |value, digit| value * 10 + i64::from(digit - b'0'))));
    }
    digits().try_fold(0_i128, |value, digit| {
        let digit = i128::from(digit - b'0');
        value.checked_mul(10).and_then(|tens| tens.checked_add(digit)).ok_or(Problem::OutOfRange)
    })
}

/// Moves the point: by zeros to the right, or by cutting zeros off, never anything else.
fn shift(value: i128, places: i64) -> Result<i128, Problem> {
    if value == 0 {
        return Ok(0);
    }
    let power = u32::try_from(places.unsigned_abs()).ok().and_then(|places| 10_i128.checked_pow(places));
    match (power, places >= 0) {
        (Some(power), true) => value.checked_mul(power).ok_or(Problem::OutOfRange),
        (Some(power), false) if value % power == 0 => Ok(value / power),
        (None, true) => Err(Problem::OutOfRange),
        (_, false) => Err(Problem::TooPrecise),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact_or_refused() {
        let parse = |text: &str| decimal(text.as_bytes(), 10, 2);
        assert_eq!(parse("123.4"), Ok(12340));
        assert_eq!(parse("-0.05"), Ok(-5));
        assert_eq!(parse(".5"), Ok(50));
        assert_eq!(parse("5."), Ok(500));
        assert_eq!(parse("1.230000000000000000000000000"), Ok(123));
        assert_eq!(parse("1.5e3"), Ok(150_000));
        assert_eq!(parse("15e-1"), Ok(150));
        assert_eq!(parse("0e999999999"), Ok(0));
        assert_eq!(parse("1.234"), Err(Problem::TooPrecise));
        assert_eq!(parse("1e-999999999999"), Err(Problem::TooPrecise));
        assert_eq!(parse("99999999.99"), Ok(9_999_999_999));
        assert_eq!(parse("100000000"), Err(Problem::OutOfRange));
        assert_eq!(parse("1e999999999"), Err(Problem::OutOfRange));
        for broken in ["", "-", ".", "1,5", "1.2.3", "abc", "NaN", "1e", "1e1.5", "--1"] {
            assert_eq!(parse(broken), Err(Problem::Malformed), "{broken}");
        }
        assert_eq!(decimal(b"0.1", 38, 20), Ok(10_i128.pow(19)));
    }
}
