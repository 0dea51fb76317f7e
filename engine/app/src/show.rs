//! Everything that the ledger knows of one batch.

use nightshift_diagnostic::did_you_mean;
use nightshift_ledger::{BatchDetail, BatchFilter, BatchRecord, BatchReference, Ledger};

use crate::{Error, Result, Workspace};

/// How many batches are looked through for what may have been meant.
const RECENT: u32 = 200;

impl Workspace {
    /// A batch with its runs, steps, attempts, pins, publications, outputs and audit. `reference` is what `nightshift runs` calls it, or a
    /// pipeline's name for its newest one; without it, the newest of all is meant.
    ///
    /// # Errors
    /// [`Error::Unknown`] with what may have been meant, [`Error::NothingRan`] if there is none at all; or if the ledger cannot be read.
    pub async fn show(&self, reference: Option<&str>) -> Result<BatchDetail> {
        // Looking at it must not make it.
        if !self.project.paths.ledger.exists() {
            return Err(Error::NothingRan);
        }
        let ledger = self.ledger().await?;
        let recent: Vec<BatchRecord> =
            ledger.batches(&BatchFilter { pipeline: None, since: None, limit: RECENT }).await?.into_iter().map(|summary| summary.batch).collect();
        let found = find(&ledger, &recent, reference).await?;
        let detail = match &found {
            Some(batch) => ledger.batch_detail(batch.id).await?,
            None => None,
        };
        ledger.close().await;
        let labels: Vec<String> = recent.iter().map(BatchRecord::label).collect();
        detail.ok_or_else(|| match (reference, labels.first()) {
            (Some(name), Some(newest)) => {
                let meant = did_you_mean(name, labels.iter().map(String::as_str)).unwrap_or_else(|| format!("the newest is {newest}"));
                Error::Unknown { kind: "batch", name: name.to_owned(), hint: Some(meant) }
            }
            _ => Error::NothingRan,
        })
    }
}

async fn find(ledger: &Ledger, recent: &[BatchRecord], reference: Option<&str>) -> Result<Option<BatchRecord>> {
    let Some(reference) = reference else { return Ok(recent.first().cloned()) };
    match recent.iter().find(|batch| batch.pipeline == reference) {
        Some(newest) => Ok(Some(newest.clone())),
        None => Ok(ledger.find_batch(&reference.parse::<BatchReference>()?).await?),
    }
}
