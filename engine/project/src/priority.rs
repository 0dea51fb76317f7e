//! What goes first.

use std::fmt;

use crate::yaml::{Fields, Reader};

/// What goes first when not everything can: `P1` before all else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Priority {
    /// Before all else.
    P1,
    /// Before the ordinary.
    P2,
    /// The ordinary.
    #[default]
    P3,
    /// When nothing else waits.
    P4,
}

impl Priority {
    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::P1 => "P1",
            Self::P2 => "P2",
            Self::P3 => "P3",
            Self::P4 => "P4",
        }
    }

    pub(crate) fn read<'a>(reader: &'a Reader<'a>, fields: &Fields<'a>) -> Self {
        let words = [Self::P1, Self::P2, Self::P3, Self::P4].map(|priority| (priority.as_str(), priority));
        fields.get("priority").and_then(|node| reader.word(node, "priority", &words)).unwrap_or_default()
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
