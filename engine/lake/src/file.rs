//! Data files of a table as values, and as actions of Delta's log.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use deltalake::kernel::{Action, Add, DeletionVectorDescriptor, Remove};

use crate::deletion::{self, Positions};
use crate::statistics::FileStatistics;

/// One Parquet file of a table, as the log describes it.
#[derive(Debug, Clone)]
pub struct DataFile {
    /// The path below the table's folder.
    pub path: String,
    /// The size in bytes.
    pub size: u64,
    /// When the file was made, in milliseconds since 1970 UTC.
    pub modified: i64,
    /// The values of the partition columns as the log spells them; none is NULL.
    pub partition_values: BTreeMap<String, Option<String>>,
    /// What is known about its rows; none if the log says nothing.
    pub statistics: Option<Arc<FileStatistics>>,
    /// The statistics as the log spells them, so that the file can be added again as it is.
    pub(crate) statistics_json: Option<Arc<str>>,
    /// Which of its rows count.
    pub(crate) counted: Counted,
}

/// Which rows of a file count.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum Counted {
    /// All of them.
    #[default]
    All,
    /// All but those that are gone.
    Except(Arc<Gone>),
    /// Just these: what a change set has of a file that stays.
    Only(Arc<Positions>),
}

/// Rows that are gone from a file that stays.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Gone {
    pub(crate) rows: Positions,
    /// As it stands in the log, by which the log knows the file: written again, it might be spelled otherwise. None if it is too large to.
    pub(crate) vector: Option<DeletionVectorDescriptor>,
}

impl DataFile {
    /// How many rows of the file count, if the log says so.
    #[must_use]
    pub fn rows(&self) -> Option<u64> {
        let all = self.statistics.as_ref().map(|statistics| statistics.rows);
        match &self.counted {
            Counted::All => all,
            Counted::Except(gone) => all.map(|all| all.saturating_sub(gone.rows.len())),
            Counted::Only(rows) => Some(rows.len()),
        }
    }

    /// How many rows are gone while the file stays.
    #[must_use]
    pub fn gone(&self) -> u64 {
        self.gone_rows().map_or(0, Positions::len)
    }

    /// Whether only a selection of its rows counts, as in a change set.
    #[must_use]
    pub const fn is_selection(&self) -> bool {
        matches!(self.counted, Counted::Only(_))
    }

    /// Just some rows of the file, for a scan.
    #[must_use]
    pub fn only(&self, rows: Positions) -> Self {
        Self { counted: Counted::Only(Arc::new(rows)), ..self.clone() }
    }

    /// Bytes that a scan reads, roughly.
    #[must_use]
    pub fn counted_bytes(&self) -> u64 {
        let all = self.statistics.as_ref().map_or(0, |statistics| statistics.rows);
        match &self.counted {
            Counted::Only(rows) if all > 0 => u64::try_from(u128::from(self.size) * u128::from(rows.len()) / u128::from(all)).unwrap_or(self.size).max(1),
            _ => self.size,
        }
    }

    pub(crate) fn gone_rows(&self) -> Option<&Positions> {
        match &self.counted {
            Counted::Except(gone) => Some(&gone.rows),
            Counted::All | Counted::Only(_) => None,
        }
    }

    pub(crate) fn selected_rows(&self) -> Option<&Positions> {
        match &self.counted {
            Counted::Only(rows) => Some(rows),
            Counted::All | Counted::Except(_) => None,
        }
    }

    /// The file without some more rows. Its bounds hold for rows that are gone as well.
    pub(crate) fn without(&self, rows: &Positions) -> Self {
        let rows = self.gone_rows().map_or_else(|| rows.clone(), |gone| gone | rows);
        let gone = Gone { vector: deletion::encode(&rows), rows };
        let statistics_json = self.statistics_json.as_deref().map(|json| Arc::from(with_loose_bounds(json)));
        Self { counted: Counted::Except(Arc::new(gone)), statistics_json, ..self.clone() }
    }

    /// What the log says of the rows that are gone.
    pub(crate) fn vector(&self) -> Option<DeletionVectorDescriptor> {
        match &self.counted {
            Counted::Except(gone) => gone.vector.clone(),
            Counted::All | Counted::Only(_) => None,
        }
    }

    /// When the file was made.
    pub(crate) fn modified_at(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.modified).unwrap_or_default()
    }

    /// `changes` says whether its rows are new to the table.
    pub(crate) fn add_action(&self, changes: bool) -> Action {
        Action::Add(Add {
            path: self.path.clone(),
            partition_values: self.partition_values.clone().into_iter().collect(),
            size: i64::try_from(self.size).unwrap_or(i64::MAX),
            modification_time: self.modified,
            data_change: changes,
            stats: self.statistics_json.as_deref().map(ToOwned::to_owned),
            tags: None,
            deletion_vector: self.vector(),
            base_row_id: None,
            default_row_commit_version: None,
            clustering_provider: None,
        })
    }

    /// `changes` says whether its rows go from the table.
    pub(crate) fn remove_action(&self, at: DateTime<Utc>, changes: bool) -> Action {
        Action::Remove(Remove {
            path: self.path.clone(),
            data_change: changes,
            deletion_timestamp: Some(at.timestamp_millis()),
            extended_file_metadata: Some(true),
            partition_values: Some(self.partition_values.clone().into_iter().collect()),
            size: i64::try_from(self.size).ok(),
            tags: None,
            deletion_vector: self.vector(),
            base_row_id: None,
            default_row_commit_version: None,
        })
    }
}

/// Statistics that say of themselves that a bound need not be the value of any row.
fn with_loose_bounds(json: &str) -> String {
    match json.trim_end().strip_suffix('}') {
        Some(open) if !json.contains("\"tightBounds\"") && !open.ends_with('{') => format!("{open},\"tightBounds\":false}}"),
        _ => json.to_owned(),
    }
}

/// The name of a data file that this engine writes: the stage that wrote it, its number there, and the fingerprint of its
/// schema.
pub(crate) fn file_name(stage: &str, number: usize, fingerprint: &str) -> String {
    format!("{stage}-{number:04}-{fingerprint}.parquet")
}

/// The fingerprint in the name of a file that this engine wrote; none for files of others.
pub(crate) fn written_fingerprint(path: &str) -> Option<&str> {
    let name = path.rsplit('/').next()?.strip_suffix(".parquet")?;
    let mut parts = name.split('-');
    let (stage, number, fingerprint) = (parts.next()?, parts.next()?, parts.next()?);
    let hexadecimal = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let ours = parts.next().is_none()
        && stage.len() == 32
        && hexadecimal(stage)
        && number.len() >= 4
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && fingerprint.len() == 8
        && hexadecimal(fingerprint);
    ours.then_some(fingerprint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_files_are_known_by_their_names() {
        let ours = file_name("0123456789abcdef0123456789abcdef", 3, "deadbeef");
        assert_eq!(written_fingerprint(&format!("day=2025-11-01/{ours}")), Some("deadbeef"));
        for other in ["part-00000-cb6b150b-30b8-4662-ad28-ff32ddab96d2-c000.snappy.parquet", "x.parquet", "a-b-c.parquet"] {
            assert_eq!(written_fingerprint(other), None);
        }
    }
}
