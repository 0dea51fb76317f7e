//! How long what is no longer needed stays.

use crate::yaml::{Node, Reader};

/// What `nightshift.yaml` says of the keeping of tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Maintenance {
    /// For so many days data files stay that no newer version has: somebody may be reading them.
    pub retention_days: u32,
}

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
        let days = fields.and_then(|fields| fields.require("retention_days").and_then(|node| reader.count(node)));
        let days = days.and_then(|days| u32::try_from(days).ok());
        days.map_or_else(Self::default, |retention_days| Self { retention_days })
    }
}
