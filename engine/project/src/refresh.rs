//! How rollups are refreshed.

use crate::yaml::{Node, Reader};

/// What `nightshift.yaml` says of the refreshing of rollups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Refresh {
    /// Which of several techniques is taken.
    pub technique: Choice,
}

/// Which of several techniques is taken that give the same rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Choice {
    /// The one that is expected to be fastest, by what earlier refreshes took.
    #[default]
    Fastest,
    /// The one that looks at least: the same for the same change, whatever was before.
    Least,
}

impl Refresh {
    /// Reads `refresh: {technique: least}`.
    pub(crate) fn read<'a>(reader: &'a Reader<'a>, node: Option<&'a Node>) -> Self {
        let fields = node.and_then(|node| reader.fields(node, "`refresh`", &["technique"], node.span));
        let words = [("fastest", Choice::Fastest), ("least", Choice::Least)];
        let read = fields.and_then(|fields| fields.require("technique").and_then(|node| reader.word(node, "technique to take", &words)));
        read.map_or_else(Self::default, |technique| Self { technique })
    }
}
