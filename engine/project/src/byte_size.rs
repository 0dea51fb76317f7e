//! Amounts of memory and disk, as people write them.

use std::fmt;
use std::str::FromStr;

/// A number of bytes. Written with a unit: `512MiB`, `16 GiB`, `1.5GB`, or as a plain number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(pub u64);

/// A text that is no amount of bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no size in bytes")]
pub struct InvalidByteSize {
    /// The text.
    pub text: String,
}

const UNITS: [(&str, u64); 11] = [
    ("", 1),
    ("b", 1),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("tb", 1_000_000_000_000),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
    ("pib", 1 << 50),
];

impl FromStr for ByteSize {
    type Err = InvalidByteSize;

    fn from_str(text: &str) -> Result<Self, InvalidByteSize> {
        parse(text).map(Self).ok_or_else(|| InvalidByteSize { text: text.to_owned() })
    }
}

/// At most six decimals, computed in whole numbers.
fn parse(text: &str) -> Option<u64> {
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|letter: char| letter.is_alphabetic()).unwrap_or(text.len()));
    let unit = unit.to_ascii_lowercase();
    let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let number = number.trim().replace('_', "");
    let (whole, fraction) = number.split_once('.').unwrap_or((&number, ""));
    let mut digits = whole.bytes().chain(fraction.bytes());
    if whole.is_empty() || fraction.len() > 6 || !digits.all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let millionths: u128 = format!("{whole}{fraction:0<6}").parse().ok()?;
    u64::try_from(millionths * u128::from(*factor) / 1_000_000).ok()
}

impl fmt::Display for ByteSize {
    /// The largest binary unit that leaves at most one decimal: `1.5 GiB`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, factor) in [("TiB", 1_u64 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)] {
            if self.0 >= factor {
                let tenths = (u128::from(self.0) * 10 + u128::from(factor) / 2) / u128::from(factor);
                return match tenths % 10 {
                    0 => write!(formatter, "{} {unit}", tenths / 10),
                    tenth => write!(formatter, "{}.{tenth} {unit}", tenths / 10),
                };
            }
        }
        write!(formatter, "{} B", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_shown() {
        let read = |text: &str| text.parse::<ByteSize>().ok().map(|size| size.0);
        assert_eq!(read("512MiB"), Some(512 << 20));
        assert_eq!(read("16 GiB"), Some(16 << 30));
        assert_eq!(read("1.5 gb"), Some(1_500_000_000));
        assert_eq!(read("4096"), Some(4096));
        for wrong in ["", "GiB", ".5GiB", "4 apples", "-1GiB", "1.2.3GB", "99999999999TiB"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        assert_eq!(ByteSize(512 << 20).to_string(), "512 MiB");
        assert_eq!(ByteSize(3 << 29).to_string(), "1.5 GiB");
        assert_eq!(ByteSize(999).to_string(), "999 B");
    }
}
