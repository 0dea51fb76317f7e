//! The versions of a table and what their commits said about themselves.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use deltalake::kernel::Action;
use deltalake::logstore::{LogStore as _, LogStoreRef, get_actions};
use serde_json::Value;

use crate::commit::INFORMATION;
use crate::error::{Error, Result};
use crate::lake::Lake;
use crate::name::TableName;

/// One commit.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryEntry {
    /// The version that the commit made.
    pub version: i64,
    /// When, by the clock of the writer; none if the commit does not say.
    pub committed_at: Option<DateTime<Utc>>,
    /// What the commit was for: our own word, or Delta's for commits of others.
    pub operation: String,
    /// What was written beside the rows.
    pub information: BTreeMap<String, Value>,
    /// The applications and versions that the commit marked.
    pub transactions: Vec<(String, i64)>,
    /// How many files came.
    pub added_files: usize,
    /// How many files went.
    pub removed_files: usize,
}

impl Lake {
    /// The last `limit` commits of a table, newest first, as far back as their logs are kept; empty if there is no such table.
    ///
    /// # Errors
    /// [`Error::Delta`] if the log cannot be read.
    pub async fn history(&self, table: &TableName, limit: usize) -> Result<Vec<HistoryEntry>> {
        // Not asked of the log from its beginning, which may have been cut off.
        let Some(newest) = self.snapshot(table).await? else { return Ok(Vec::new()) };
        let newest = u64::try_from(newest.version()).unwrap_or_default();
        entries(table, &self.location(table)?.log, (0..=newest).rev().take(limit)).await
    }

    /// The commits after one version of a table and up to another, newest first, as far back as their logs are kept.
    ///
    /// # Errors
    /// As [`Self::history`].
    pub(crate) async fn history_between(&self, table: &TableName, old: i64, new: i64) -> Result<Vec<HistoryEntry>> {
        let log = self.location(table)?.log;
        let version = |version: i64| u64::try_from(version).unwrap_or_default();
        entries(table, &log, (version(old) + 1..=version(new)).rev()).await
    }
}

async fn entries(table: &TableName, log: &LogStoreRef, versions: impl Iterator<Item = u64>) -> Result<Vec<HistoryEntry>> {
    let failed = |source| Error::delta(table, source);
    let mut entries = Vec::new();
    for version in versions {
        let Some(bytes) = log.read_commit_entry(version).await.map_err(failed)? else { break };
        let actions = get_actions(version, &bytes).map_err(failed)?;
        entries.push(entry(i64::try_from(version).unwrap_or(i64::MAX), actions));
    }
    Ok(entries)
}

fn entry(version: i64, actions: Vec<Action>) -> HistoryEntry {
    let mut entry = HistoryEntry {
        version,
        committed_at: None,
        operation: String::new(),
        information: BTreeMap::new(),
        transactions: Vec::new(),
        added_files: 0,
        removed_files: 0,
    };
    for action in actions {
        match action {
            Action::Add(_) => entry.added_files += 1,
            Action::Remove(_) => entry.removed_files += 1,
            Action::Txn(transaction) => entry.transactions.push((transaction.app_id, transaction.version)),
            Action::CommitInfo(mut info) => {
                entry.committed_at = info.timestamp.and_then(DateTime::from_timestamp_millis);
                entry.operation = info.operation.unwrap_or_default();
                if let Some(Value::Object(ours)) = info.info.remove(INFORMATION) {
                    entry.information = ours.into_iter().collect();
                }
                if let Some(Value::String(operation)) = entry.information.remove("operation") {
                    entry.operation = operation;
                }
            }
            _ => {}
        }
    }
    entry
}
