//! The sheet that says where the numbers come from.

use rust_xlsxwriter::{Format, Workbook, XlsxError};

use super::XlsxOptions;

/// Widths of the two columns, in characters.
const WIDTHS: [f64; 2] = [28.0, 72.0];

/// Adds the sheet About behind the data, if there is anything to say.
pub(super) fn add(workbook: &mut Workbook, options: &XlsxOptions, sheet_name: &str) -> Result<(), XlsxError> {
    if options.notes.is_empty() && options.title.is_none() {
        return Ok(());
    }
    let name = if sheet_name.eq_ignore_ascii_case("about") { "About this file" } else { "About" };
    let bold = Format::new().set_bold();
    let wrapped = Format::new().set_text_wrap();
    let sheet = workbook.add_worksheet_with_constant_memory()?;
    sheet.set_name(name)?;
    for (column, width) in (0_u16..).zip(WIDTHS) {
        sheet.set_column_width(column, width)?;
    }
    let title = options.title.iter().map(|title| ("Title", title.as_str()));
    let notes = options.notes.iter().map(|(label, text)| (label.as_str(), text.as_str()));
    for (row, (label, text)) in (0_u32..).zip(title.chain(notes)) {
        sheet.write_string_with_format(row, 0, label, &bold)?;
        sheet.write_string_with_format(row, 1, text, &wrapped)?;
    }
    Ok(())
}
