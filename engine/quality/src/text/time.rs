//! Dates and times as ISO 8601 writes them, with a `T` or a space between date and time.

use super::Problem;

/// Microseconds in a day.
const DAY: i64 = 86_400_000_000;
/// Microseconds in a second.
const SECOND: i64 = 1_000_000;

/// A date with a time, in microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// As a clock on a wall showed it.
    Local(i64),
    /// With a zone of its own, so an instant in UTC.
    Instant(i64),
}

/// A date `YYYY-MM-DD` in days since 1970.
pub(crate) fn date(text: &[u8]) -> Result<i32, Problem> {
    match text.split_at_checked(10) {
        Some((day, [])) => days(day),
        _ => Err(Problem::Malformed),
    }
}

/// A date with an optional time, an optional fraction of a second and an optional zone.
pub(crate) fn moment(text: &[u8]) -> Result<Moment, Problem> {
    let (day, rest) = text.split_at_checked(10).ok_or(Problem::Malformed)?;
    let midnight = i64::from(days(day)?) * DAY;
    if rest.is_empty() {
        return Ok(Moment::Local(midnight));
    }
    let Some((b'T' | b't' | b' ', rest)) = rest.split_first() else {
        return Err(Problem::Malformed);
    };
    let (time, rest) = clock(rest)?;
    let local = midnight + time;
    match zone(rest)? {
        None => Ok(Moment::Local(local)),
        Some(offset) => Ok(Moment::Instant(local - offset)),
    }
}

fn days(text: &[u8]) -> Result<i32, Problem> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *text else {
        return Err(Problem::Malformed);
    };
    let year = pair(y1, y2)? * 100 + pair(y3, y4)?;
    let (month, day) = (pair(m1, m2)?, pair(d1, d2)?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return Err(Problem::OutOfRange),
    };
    if day < 1 || day > length {
        return Err(Problem::OutOfRange);
    }
    // Count years from March, so that the leap day is the last day of a year.
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    Ok(era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468)
}

fn pair(tens: u8, ones: u8) -> Result<i32, Problem> {
    if tens.is_ascii_digit() && ones.is_ascii_digit() { Ok(i32::from(tens - b'0') * 10 + i32::from(ones - b'0')) } else { Err(Problem::Malformed) }
}

/// `HH:MM[:SS[.ffffff]]` in microseconds, and what follows it.
fn clock(text: &[u8]) -> Result<(i64, &[u8]), Problem> {
    let (minutes, rest) = text.split_at_checked(5).ok_or(Problem::Malformed)?;
    let [h1, h2, b':', m1, m2] = *minutes else {
        return Err(Problem::Malformed);
    };
    let (hour, minute) = (pair(h1, h2)?, pair(m1, m2)?);
    let (second, rest) = match rest {
        [b':', s1, s2, rest @ ..] => (pair(*s1, *s2)?, rest),
        _ => (0, rest),
    };
    if hour > 23 || minute > 59 || second > 59 {
        return Err(Problem::OutOfRange);
    }
    let (fraction, rest) = match rest {
        [b'.' | b',', rest @ ..] => fraction(rest)?,
        _ => (0, rest),
    };
    let seconds = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
    Ok((seconds * SECOND + fraction, rest))
}

fn fraction(text: &[u8]) -> Result<(i64, &[u8]), Problem> {
    let length = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(length).ok_or(Problem::Malformed)?;
    if digits.is_empty() {
        return Err(Problem::Malformed);
    }
    if digits.iter().skip(6).any(|digit| *digit != b'0') {
        return Err(Problem::TooPrecise);
    }
    let micros = digits.iter().chain(std::iter::repeat(&b'0')).take(6);
    Ok((micros.fold(0, |value, digit| value * 10 + i64::from(digit - b'0')), rest))
}

/// `Z`, `+08`, `+0800` or `+08:00` in microseconds east of UTC; nothing if nothing is there.
fn zone(text: &[u8]) -> Result<Option<i64>, Problem> {
    let (sign, hours, minutes) = match *text {
        [] => return Ok(None),
        [b'Z' | b'z'] => return Ok(Some(0)),
        [sign, h1, h2] => (sign, pair(h1, h2)?, 0),
        [sign, h1, h2, m1, m2] | [sign, h1, h2, b':', m1, m2] => (sign, pair(h1, h2)?, pair(m1, m2)?),
        _ => return Err(Problem::Malformed),
    };
    if hours > 23 || minutes > 59 {
        return Err(Problem::OutOfRange);
    }
    let offset = i64::from(hours * 60 + minutes) * 60 * SECOND;
    match sign {
        b'+' => Ok(Some(offset)),
        b'-' => Ok(Some(-offset)),
        _ => Err(Problem::Malformed),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn dates_agree_with_chrono() {
        let epoch = chrono::NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();
        for days in (-700_000..2_900_000).step_by(97) {
            let day = epoch + chrono::Days::new(0) + chrono::TimeDelta::days(days);
            let text = day.to_string();
            if text.len() == 10 {
                assert_eq!(date(text.as_bytes()), Ok(i32::try_from(days).unwrap()), "{text}");
            }
        }
        assert_eq!(date(b"2026-02-29"), Err(Problem::OutOfRange));
        assert_eq!(date(b"2026-13-01"), Err(Problem::OutOfRange));
        assert_eq!(date(b"2026-2-9"), Err(Problem::Malformed));
        assert_eq!(date(b"2026-02-09x"), Err(Problem::Malformed));
    }

    #[test]
    fn moments_with_and_without_a_zone() {
        let base = i64::from(date(b"2026-11-23").unwrap()) * DAY;
        assert_eq!(moment(b"2026-11-23"), Ok(Moment::Local(base)));
        assert_eq!(moment(b"2026-11-23 17:30"), Ok(Moment::Local(base + 63_000 * SECOND)));
        assert_eq!(moment(b"2026-11-23T17:30:01.5"), Ok(Moment::Local(base + 63_001 * SECOND + 500_000)));
        assert_eq!(moment(b"2026-11-23T17:30:01.123456000"), Ok(Moment::Local(base + 63_001 * SECOND + 123_456)));
        assert_eq!(moment(b"2026-11-23T17:30:00Z"), Ok(Moment::Instant(base + 63_000 * SECOND)));
        assert_eq!(moment(b"2026-11-23T17:30:00+08:00"), Ok(Moment::Instant(base + 34_200 * SECOND)));
        assert_eq!(moment(b"2026-11-23T17:30:01.1234567"), Err(Problem::TooPrecise));
        assert_eq!(moment(b"2026-11-23T24:00:00"), Err(Problem::OutOfRange));
        for broken in ["2026-11-23T", "2026-11-23 1:30", "2026-11-23T17:30:1", "2026-11-23T17:30:00 CET", "17:30", "2026-11-23T17:30:00."] {
            assert_eq!(moment(broken.as_bytes()), Err(Problem::Malformed), "{broken}");
        }
    }
}
