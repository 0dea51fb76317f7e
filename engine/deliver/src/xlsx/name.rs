//! Sheet names: at most 31 UTF-16 units, without `[ ] : * ? / \`, unique in the workbook.

use rust_xlsxwriter::Worksheet;

use crate::{Error, Result};

const LONGEST: usize = 31;

/// The name that an analyst gave, if Excel takes it.
pub(super) fn checked(given: &str) -> Result<String> {
    match Worksheet::new().set_name(given) {
        Ok(_) => Ok(given.to_owned()),
        Err(source) => Err(Error::SheetName { name: given.to_owned(), source }),
    }
}

/// A name made of the file's stem, whatever that is.
pub(super) fn from_stem(stem: &str) -> String {
    let allowed: String = stem.chars().map(|c| if "[]:*?/\\'".contains(c) { '_' } else { c }).collect();
    let name = shortened(&allowed, LONGEST);
    if name.is_empty() { "Sheet1".to_owned() } else { name }
}

/// The name of the `number`th sheet of the same rows, counted from 1.
pub(super) fn numbered(name: &str, number: u32) -> String {
    if number <= 1 {
        return name.to_owned();
    }
    let suffix = format!(" ({number})");
    format!("{}{suffix}", shortened(name, LONGEST - suffix.len()))
}

fn shortened(name: &str, longest: usize) -> String {
    let mut length = 0;
    name.chars()
        .take_while(|c| {
            length += c.len_utf16();
            length <= longest
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use rust_xlsxwriter::XlsxError;

    use super::*;

    #[test]
    fn names_fit_into_a_tab() {
        assert_eq!(numbered("Daily sales", 1), "Daily sales");
        assert_eq!(numbered("Daily sales", 2), "Daily sales (2)");
        let long = "每日銷售".repeat(10);
        assert_eq!(from_stem(&long).chars().count(), 31);
        assert_eq!(numbered(&from_stem(&long), 12).chars().count(), 31);
        assert_eq!(from_stem("a/b"), "a_b");
        assert!(matches!(checked("a/b"), Err(Error::SheetName { .. })));
        assert!(matches!(checked(""), Err(Error::SheetName { source: XlsxError::SheetnameCannotBeBlank(_), .. })));
    }
}
