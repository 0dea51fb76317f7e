//! The review table of a source: rows that broke the contract, kept until someone decides.
//!
//! It is committed before the source's rows. If the process dies between the two, the next run finds the file's mark here, puts the
//! same rows in the place of the same rows, and goes on: nothing is lost and nothing doubled.

use arrow::datatypes::Schema;
use datafusion::logical_expr::{Expr, col, in_list, lit};
use datafusion::prelude::SessionContext;
use futures::StreamExt;
use nightshift_lake::{Commit, Lake, StageOptions, TableKind, TableLayout, TableName};
use nightshift_quality::{ReviewRow, review_batch, review_schema};

use crate::Result;
use crate::arrival::Arrival;

/// How many review rows become one batch.
const BATCH: usize = 8192;

/// Puts the review rows of some files in the place of what the review table had of them.
pub(crate) async fn replace(lake: &Lake, session: &SessionContext, source: &str, files: &[&Arrival], rows: &[ReviewRow]) -> Result<()> {
    let table = TableName::new(TableKind::Review, source)?;
    let base = lake.snapshot(&table).await?;
    let mut marks = Vec::new();
    let mut renewed: Vec<String> = Vec::new();
    for file in files {
        for mark in file.marks().into_iter().filter(|(name, _)| name.starts_with("file:")) {
            let known = match &base {
                Some(base) => base.transaction_version(&mark.0).await?,
                None => None,
            };
            if known != Some(mark.1) {
                renewed.push(file.file.identity());
                marks.push(mark);
            }
        }
    }
    if marks.is_empty() || (base.is_none() && rows.is_empty()) {
        return Ok(());
    }
    let rows: Vec<ReviewRow> = rows.iter().filter(|row| renewed.iter().any(|file| **file == *row.file)).cloned().collect();
    let layout = TableLayout::new(&Schema::clone(&review_schema()), vec![], vec![])?;
    let mut writer = lake.stage(&table, layout.clone(), StageOptions::default())?;
    for chunk in rows.chunks(BATCH) {
        writer.write(review_batch(chunk)?).await?;
    }
    let mut remove = Vec::new();
    if let Some(base) = &base {
        let replaced: Vec<Expr> = renewed.iter().map(lit).collect();
        for file in base.files() {
            let stored = session.read_table(base.provider_of(std::slice::from_ref(file), None))?;
            let touched = stored.clone().filter(in_list(col("file"), replaced.clone(), false))?.count().await?;
            if touched > 0 {
                let mut kept = stored.filter(in_list(col("file"), replaced.clone(), true))?.execute_stream().await?;
                while let Some(batch) = kept.next().await {
                    writer.write(batch?).await?;
                }
                remove.push(file.clone());
            }
        }
    }
    let staged = writer.finish().await?;
    let commit = Commit { operation: "review".to_owned(), layout: Some(layout), add: vec![staged], remove, transactions: marks, ..Commit::default() };
    lake.commit(base.as_ref(), &table, commit).await?;
    Ok(())
}
