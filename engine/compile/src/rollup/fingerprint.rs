//! The fingerprint of a rollup's definition.
//!
//! It is taken over our own normal form of the unoptimised query, the types of its columns, and what decides the meaning of its
//! tables and times. So a new layout, other aliases or another name for a CTE leave it as it is, and so does a DataFusion upgrade, unless DataFusion's own states are kept.

use datafusion::arrow::datatypes::SchemaRef;
use nightshift_calendar::Grain;
use sha2::{Digest, Sha256};

use super::symbol::TimeColumn;
use crate::resolve::Resolved;

/// Changes with the normal form itself, and with what one of our functions gives, so that a change of ours is a change of definition.
const VERSION: &str = "3";

/// Sixteen bytes as hexadecimal digits.
pub(super) fn fingerprint(query: &Resolved, schema: &SchemaRef, grain: Grain, time: &TimeColumn, meaning: &str) -> String {
    let types: Vec<String> = schema.fields().iter().map(|field| field.data_type().to_string()).collect();
    let time = format!("{}.{}", time.table, time.column);
    let parts = [VERSION, &query.normal_form(), &types.join(", "), grain.as_str(), &time, meaning];
    let digest = Sha256::digest(parts.join("\n").as_bytes());
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
