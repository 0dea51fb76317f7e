//! What a rollup's table looks like: the columns of the SELECT in their order, then ours.

use std::collections::HashMap;

use datafusion::arrow::datatypes::{DataType, Field, Schema};
use nightshift_calendar::Grain;
use nightshift_compile::Rollup;
use nightshift_lake::{COMMENT, TableLayout};

use crate::Result;
use crate::states::Stated;

/// The partition column of a rollup's table: a month for hours and days, a year for months; years are few.
///
/// Hours are partitioned by month as well: a night with rows up to 40 days late rewrites two files instead of forty.
pub fn partition_column(grain: Grain) -> Option<&'static str> {
    match grain {
        Grain::Hour | Grain::Day => Some("_part_month"),
        Grain::Month => Some("_part_year"),
        Grain::Year => None,
    }
}

/// What readers of the table are told of a column that its SELECT does not have.
const KEPT: &str = "Kept by the engine to bring the row up to date";

/// The layout of a rollup's table, whose query gives hidden columns after the visible ones.
///
/// # Errors
/// If Delta cannot hold one of the columns.
pub(crate) fn layout(rollup: &Rollup, stated: &Stated) -> Result<TableLayout> {
    let mut fields: Vec<Field> = rollup.schema.fields().iter().map(|field| field.as_ref().clone()).collect();
    for name in &stated.columns {
        let field = Field::new(name, stated.plan.schema().field_with_unqualified_name(name)?.data_type().clone(), true);
        fields.push(field.with_metadata(HashMap::from([(COMMENT.to_owned(), KEPT.to_owned())])));
    }
    let partition = partition_column(rollup.grain());
    fields.extend(partition.map(|name| Field::new(name, DataType::Utf8, true)));
    let partitions = partition.map(str::to_owned).into_iter().collect();
    let layout = TableLayout::new(&Schema::new(fields), partitions, vec![rollup.bucket_column().to_owned()])?;
    Ok(layout.with_description(rollup.definition.header.title.clone()))
}
