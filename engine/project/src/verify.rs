//! How much of what a pipeline refreshes is compared with its sources afterwards.

use crate::yaml::{Node, Reader};

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifySetting {
    /// So many buckets of each rollup.
    pub sample: u64,
}

impl VerifySetting {
    /// Reads `verify: {sample: 5}`.
    pub(crate) fn read<'a>(reader: &'a Reader<'a>, node: Option<&'a Node>) -> Option<Self> {
        let fields = node.and_then(|node| reader.fields(node, "`verify`", &["sample"], node.span))?;
        let sample = fields.require("sample").and_then(|node| reader.count(node))?;
        Some(Self { sample })
    }
}
