//! Whole numbers, doubles and truth values.

use super::Problem;

/// A whole number in decimal digits with an optional sign.
pub(crate) fn integer(text: &[u8]) -> Result<i64, Problem> {
    let (negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Problem::Malformed);
    }
    let mut value = 0_i64;
    for digit in digits {
        let digit = i64::from(digit - b'0');
        value = value.checked_mul(10).and_then(|tens| tens.checked_sub(digit)).ok_or(Problem::OutOfRange)?;
    }
    if negative { Ok(value) } else { value.checked_neg().ok_or(Problem::OutOfRange) }
}

/// A finite double.
pub(crate) fn double(text: &[u8]) -> Result<f64, Problem> {
    let numeric = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E');
    if !text.iter().all(numeric) {
        return Err(Problem::Malformed);
    }
    let text = std::str::from_utf8(text).map_err(|_| Problem::Malformed)?;
    let value: f64 = text.parse().map_err(|_| Problem::Malformed)?;
    if value.is_finite() { Ok(value) } else { Err(Problem::OutOfRange) }
}

/// `true`/`false` and their usual short forms, in any case.
pub(crate) fn boolean(text: &[u8]) -> Result<bool, Problem> {
    let is_any = |words: &[&[u8]]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is_any(&[b"true", b"t", b"1", b"yes", b"y"]) {
        Ok(true)
    } else if is_any(&[b"false", b"f", b"0", b"no", b"n"]) {
        Ok(false)
    } else {
        Err(Problem::Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact_or_refused() {
        assert_eq!(integer(b"-9223372036854775808"), Ok(i64::MIN));
        assert_eq!(integer(b"9223372036854775807"), Ok(i64::MAX));
        assert_eq!(integer(b"9223372036854775808"), Err(Problem::OutOfRange));
        assert_eq!(integer(b"+7"), Ok(7));
        for broken in ["", "-", "1.0", "1e3", "0x1", "1 2", "１"] {
            assert_eq!(integer(broken.as_bytes()), Err(Problem::Malformed), "{broken}");
        }
        assert_eq!(double(b"-1.5e3"), Ok(-1500.0));
        assert_eq!(double(b"1e999"), Err(Problem::OutOfRange));
        assert_eq!(double(b"nan"), Err(Problem::Malformed));
        assert_eq!(boolean(b"TRUE"), Ok(true));
        assert_eq!(boolean(b"n"), Ok(false));
        assert_eq!(boolean(b"maybe"), Err(Problem::Malformed));
    }
}
