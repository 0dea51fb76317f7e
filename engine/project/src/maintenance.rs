//! How long what is no longer needed stays.

use crate::yaml::{Node, Reader};

/// What `nightshift.yaml` says of the keeping of tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Maintenance {
    /// For so many days data files stay that no newer version has: somebody may be reading them.
    pub retention_days: u32,
}

/// Ten years.
const MOST_DAYS: u32 = 3650;

impl Default for Maintenance {
    /// A week, as Delta has it.
    fn default() -> Self {
        Self { retention_days: 7 }
    }
}

impl Maintenance {
    /// Reads `maintenance: {retention_days: 7}`.
    pub(crate) fn read<'a>(reader: &'a Reader<'a>, node: Option<&'a Node>) -> Self {
        let fields = node.and_then(|node| reader.fields(node, "`maintenance`", &["retention_days"], node.span));
        let days = |text: &str| text.parse().ok().filter(|days| (1..=MOST_DAYS).contains(days));
        let read = fields.and_then(|fields| fields.require("retention_days").and_then(|node| reader.parsed(node, "a number of days from 1 to 3650", days)));
        read.map_or_else(Self::default, |retention_days| Self { retention_days })
    }
}
