//! Tables and numbers as people read them.

use comfy_table::{CellAlignment, Table, presets};
use nightshift_project::ByteSize;

/// A plain table: a header, no lines; the columns named in `right` hold numbers.
pub(crate) fn table(header: &[&str], right: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(header.to_vec());
    for (index, _) in header.iter().enumerate().filter(|(_, name)| right.contains(name)) {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// The table without blanks at the ends of its lines.
pub(crate) fn shown(table: &Table) -> String {
    table.trim_fmt()
}

/// `1,234,567`; a dash for nothing, so that what moved stands out.
pub(crate) fn count(number: u64) -> String {
    if number == 0 {
        return "-".to_owned();
    }
    let digits = number.to_string();
    let first = digits.len() % 3;
    let grouped = digits.char_indices().map(|(index, digit)| if index > 0 && index % 3 == first { format!(",{digit}") } else { digit.to_string() });
    grouped.collect()
}

/// `1.5 MiB`; a dash for nothing.
pub(crate) fn size(bytes: u64) -> String {
    if bytes == 0 { "-".to_owned() } else { ByteSize(bytes).to_string() }
}

/// The first three of many.
pub(crate) fn some(names: &[String]) -> String {
    match names {
        [first, second, third, rest @ ..] if !rest.is_empty() => format!("{first}, {second}, {third} and {} more", rest.len()),
        few => few.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        let shown = [0, 7, 999, 1_000, 12_345, 1_234_567].map(count);
        assert_eq!(shown, ["-", "7", "999", "1,000", "12,345", "1,234,567"]);
    }
}
