//! What is wrong, where, and what to do about it: the one voice in which every part of Nightshift reports problems.
//!
//! A [`Diagnostic`] says one thing that an analyst can mend, with a [`Code`], a place in a file and a hint; a crate's
//! error says who is at [`Fault`]. The crate knows nothing of projects, SQL or tables: positions come in, text goes out.
//! Start reading at [`diagnostic`](Diagnostic), then [`SourceText`] for positions, then [`render`].

mod closest;
mod code;
pub mod codes;
mod diagnostic;
mod diagnostics;
mod fault;
mod location;
pub mod render;
mod source_text;

pub use closest::{closest, did_you_mean, suggest};
pub use code::Code;
pub use diagnostic::{Diagnostic, Severity};
pub use diagnostics::Diagnostics;
pub use fault::{Fault, Faulty};
pub use location::{Location, Position, Span};
pub use source_text::SourceText;
