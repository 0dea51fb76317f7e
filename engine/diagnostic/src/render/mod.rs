//! One diagnostic, many renderings: for people on a terminal, for machines as JSON.

mod json;
mod terminal;

pub use json::json;
pub use terminal::terminal;
