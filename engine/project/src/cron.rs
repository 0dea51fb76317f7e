//! Schedules.

use croner::errors::CronError;
use croner::parser::{CronParser, Seconds};

use nightshift_diagnostic::codes;

use crate::yaml::{Node, Reader};

/// A cron expression with five fields, or a nickname such as `@daily`.
pub(crate) fn read<'a>(reader: &'a Reader<'a>, node: &'a Node) -> Option<String> {
    let text = reader.text(node)?;
    match CronParser::builder().seconds(Seconds::Disallowed).build().parse(text) {
        Ok(_) => Some(text.to_owned()),
        Err(error) => {
            let message = format!("`{text}` is no cron expression: {}", reason(&error));
            let hint =
                "five fields: minute, hour, day of the month, month, day of the week; `30 1 * * *` is 01:30 every day";
            reader.error(codes::INVALID_CRON, node.span, message, Some(hint.to_owned()));
            None
        }
    }
}

/// The library's own words, in the way we write: without what it calls its parts, a capital and a full stop.
fn reason(error: &CronError) -> String {
    let words = match error {
        CronError::InvalidPattern(words) | CronError::IllegalCharacters(words) | CronError::ComponentError(words) => {
            words.clone()
        }
        other => other.to_string(),
    };
    let mut letters = words.trim_end_matches('.').chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}
