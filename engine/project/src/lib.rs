//! A project folder as a typed value: `nightshift.yaml`, source contracts, rollups, reports and pipelines.
//!
//! Everything that is wrong is a diagnostic with its place, and one mistake hides no other: what can be loaded is loaded. SQL stays
//! text; the crate knows where a header ends and what is written in it, never what a query means. Start reading at
//! [`Project::load`], then [`Definition`], then [`yaml`] for how headers keep their positions.

mod byte_size;
mod columns;
mod cron;
mod definition;
mod error;
mod folder;
mod header;
mod holidays;
mod limits;
mod load;
mod machine;
mod maintenance;
mod names;
mod output;
mod parameter;
mod paths;
mod pipeline;
mod priority;
mod project;
mod refresh;
mod report;
mod rollup;
mod settings;
mod source;
#[cfg(test)]
mod tests;
mod verify;
pub mod yaml;

pub use byte_size::{ByteSize, InvalidByteSize};
pub use columns::ColumnDoc;
pub use definition::{Definition, DefinitionKind};
pub use error::{Error, Result};
pub use limits::{LimitOverrides, Limits};
pub use maintenance::Maintenance;
pub use output::{Compression, Output};
pub use parameter::{InvalidParameter, Parameter, ParameterType, ParameterValue};
pub use paths::Paths;
pub use pipeline::{Pipeline, PipelineAction, PipelineStep};
pub use priority::Priority;
pub use project::{PROJECT_FILE, Project};
pub use refresh::{Choice, Refresh};
pub use report::{CheckSeverity, Checks, Expectation, ReportHeader, ReportTable, Rewrite};
pub use rollup::{RollupHeader, Strict};
pub use source::{Format, Load, SourceHeader, SourcePartition};
pub use verify::VerifySetting;
