//! The fingerprint of a rollup's definition.
//!
//! It is taken over our own normal form of the unoptimised query, the types of its columns, and what decides the meaning of its
//! tables and times. So a new layout, other aliases or another name for a CTE leave it as it is, and so does a DataFusion upgrade.

use datafusion::arrow::datatypes::SchemaRef;
use nightshift_project::{Definition, RollupHeader};
use sha2::{Digest, Sha256};

use crate::resolve::Resolved;

/// Changes with the normal form itself, so that a change of ours is a change of definition.
const VERSION: &str = "2";

/// Sixteen bytes as hexadecimal digits.
pub(super) fn fingerprint(query: &Resolved, schema: &SchemaRef, definition: &Definition<RollupHeader>, meaning: &str) -> String {
    let types: Vec<String> = schema.fields().iter().map(|field| field.data_type().to_string()).collect();
    let header = &definition.header;
    let parts = [VERSION, &query.normal_form(), &types.join(", "), header.grain.as_str(), &header.time, meaning];
    let digest = Sha256::digest(parts.join("\n").as_bytes());
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
