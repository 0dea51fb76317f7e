//! Everything that the ledger knows of one batch.

use nightshift_diagnostic::did_you_mean;
use nightshift_ledger::{BatchDetail, BatchFilter, BatchReference};

use crate::{Error, Result, Workspace};

/// How many batches are looked through for what may have been meant.
const RECENT: u32 = 200;

impl Workspace {
    /// A batch with its runs, steps, attempts, pins, publications, outputs and audit. `reference` is what `nightshift runs` calls it;
    /// without one, the newest batch is meant.
    ///
    /// # Errors
    /// [`Error::Unknown`] with what may have been meant, or if the ledger cannot be read.
    pub async fn show(&self, reference: Option<&str>) -> Result<BatchDetail> {
        let ledger = self.ledger().await?;
        let recent = ledger.batches(&BatchFilter { pipeline: None, since: None, limit: RECENT }).await?;
        let found = match reference {
            None => recent.first().map(|newest| newest.batch.clone()),
            Some(text) => ledger.find_batch(&text.parse::<BatchReference>()?).await?,
        };
        let labels: Vec<String> = recent.iter().map(|summary| summary.batch.label()).collect();
        let unknown = || {
            let hint = match (reference, labels.first()) {
                (_, None) => Some("nothing has run yet: nightshift run <pipeline> --date <date>".to_owned()),
                (Some(text), Some(newest)) => did_you_mean(text, labels.iter().map(String::as_str)).or_else(|| Some(format!("the newest is {newest}"))),
                (None, Some(_)) => None,
            };
            Error::Unknown { kind: "batch", name: reference.unwrap_or("(the newest)").to_owned(), hint }
        };
        let batch = found.ok_or_else(unknown)?;
        let detail = ledger.batch_detail(batch.id).await?;
        ledger.close().await;
        detail.ok_or_else(unknown)
    }
}
