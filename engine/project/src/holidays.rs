//! The file of holidays.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::NaiveDate;
use nightshift_diagnostic::{Diagnostics, SourceText, codes};

use crate::yaml::{self, Node, Reader, Value};

/// A list of `{date: 2026-02-17, name: 春節}`, or of dates alone.
pub(crate) fn read(file: &Arc<SourceText>, problems: &mut Diagnostics) -> BTreeSet<NaiveDate> {
    let Some(node) = yaml::parse(file, &file.text, problems) else { return BTreeSet::new() };
    let reader = Reader::new(file);
    let mut days = BTreeSet::new();
    for item in if node.is_null() { &[] } else { reader.items(&node) } {
        let Some((place, day)) = read_day(&reader, item) else { continue };
        if !days.insert(day) {
            reader.error(codes::DUPLICATE_VALUE, place.span, format!("{day} stands in this list twice"), None);
        }
    }
    problems.extend(reader.finish());
    days
}

fn read_day<'a>(reader: &'a Reader<'a>, item: &'a Node) -> Option<(&'a Node, NaiveDate)> {
    let node = match &item.value {
        Value::Mapping(_) => reader.fields(item, "a holiday", &["date", "name"], item.span)?.require("date")?,
        _ => item,
    };
    Some((node, reader.parsed(node, "a date such as 2026-11-23", |text| text.parse().ok())?))
}
