//! YAML that remembers where everything stands.
//!
//! Deserialising into structs stops at the first mistake, so headers and files are read as a tree of [`Node`]s with their spans
//! ([`parse`]), and a [`Reader`] takes typed values out of it and reports whatever does not fit.

mod node;
mod parse;
mod place;
mod reader;

pub use node::{Entry, Node, ScalarStyle, Value};
pub use parse::parse;
pub(crate) use reader::list;
pub use reader::{Fields, Reader};
