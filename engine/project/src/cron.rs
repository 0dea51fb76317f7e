//! Schedules.

use croner::errors::CronError;
use croner::parser::{CronParser, Seconds};

use nightshift_diagnostic::codes;

use crate::yaml::{Node, Reader};

/// A cron expression with five fields, or a nickname such as `@daily`.
pub(crate) fn read<'a>(reader: &'a Reader<'a>, node: &'a Node) -> Option<String> {
    let text = reader.text(node)?;
    match parse(text) {
        Ok(_) => Some(text.to_owned()),
        Err(error) => {
            let message = format!("`{text}` is no cron expression: {}", reason(text, &error));
            let hint = "five fields: minute, hour, day of the month, month, day of the week; `30 1 * * *` is 01:30 every day";
            reader.error(codes::INVALID_CRON, node.span, message, Some(hint.to_owned()));
            None
        }
    }
}

const FIELDS: [&str; 5] = ["minute", "hour", "day of the month", "month", "day of the week"];

/// Which of the five fields is wrong; else what the library says.
fn reason(text: &str, error: &CronError) -> String {
    let fields: Vec<&str> = text.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        let count = fields.len();
        return if count == 1 { "it has one field".to_owned() } else { format!("it has {count} fields") };
    }
    let is_wrong = |index: usize, field: &str| {
        let alone: Vec<&str> = (0..FIELDS.len()).map(|place| if place == index { field } else { "*" }).collect();
        parse(&alone.join(" ")).is_err()
    };
    let wrong = fields.iter().zip(FIELDS).enumerate().find(|(index, (field, _))| is_wrong(*index, field));
    wrong.map_or_else(|| words(error), |(_, (field, name))| format!("`{field}` is no {name}"))
}

fn parse(text: &str) -> Result<croner::Cron, CronError> {
    CronParser::builder().seconds(Seconds::Disallowed).build().parse(text)
}

/// The library's own words, in the way we write: without what it calls its parts, a capital and a full stop.
fn words(error: &CronError) -> String {
    let words = match error {
        CronError::InvalidPattern(words) | CronError::IllegalCharacters(words) | CronError::ComponentError(words) => words.clone(),
        other => other.to_string(),
    };
    let mut letters = words.trim_end_matches('.').chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}
