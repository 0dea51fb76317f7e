//! What attempts write is written down in the ledger before it is written to the lake, so that nothing of a dead attempt stays.

use std::error::Error;

use async_trait::async_trait;
use nightshift_failure::{Point, reach};
use nightshift_lake::{Lake, StageJournal, TableName};
use nightshift_ledger::{AttemptId, Ledger, StagedFile};

use crate::Result;

/// Writes down the stages of one attempt.
#[derive(Debug)]
pub(super) struct AttemptJournal {
    pub(super) ledger: Ledger,
    pub(super) attempt: AttemptId,
    /// As its commits name it.
    pub(super) author: String,
}

#[async_trait]
impl StageJournal for AttemptJournal {
    async fn begins(&self, table: &TableName, stage: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
        let staged = StagedFile { attempt: self.attempt, table: table.to_string(), path: stage.to_owned() };
        Ok(self.ledger.stage(&[staged]).await?)
    }

    fn author(&self) -> Option<String> {
        Some(self.author.clone())
    }
}

/// Removes what attempts left that failed, were stopped or died; gives the number of files.
///
/// # Errors
/// If the ledger cannot be read or written, or a file not removed.
pub(crate) async fn clean(lake: &Lake, ledger: &Ledger) -> Result<usize> {
    let mut removed = 0;
    let abandoned = ledger.abandoned_files().await?;
    for staged in &abandoned {
        removed += lake.remove_stage(&staged.table.parse()?, &staged.path).await?;
        reach(Point::StageRemoved);
    }
    let mut attempts: Vec<AttemptId> = abandoned.iter().map(|staged| staged.attempt).collect();
    attempts.dedup();
    for attempt in attempts {
        ledger.forget_staged(attempt).await?;
    }
    Ok(removed)
}
