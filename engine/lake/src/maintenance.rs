//! Keeping tables small: what may be put together, what nobody reads any more, and checkpoints.
//!
//! What is removed is no commit: a vacuum that wrote into the log, as Delta's own does, would make a new version of every table each night, and
//! all that reads it would have to renew its marks.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use chrono::{DateTime, TimeDelta, Utc};
use deltalake::kernel::Action;
use deltalake::logstore::{LogStore as _, get_actions};
use deltalake::protocol::checkpoints::{cleanup_expired_logs_for, create_checkpoint_from_table_url_and_cleanup};

use crate::error::{Error, Result};
use crate::file::DataFile;
use crate::lake::Lake;
use crate::name::TableName;
use crate::snapshot::Snapshot;

/// Files of fewer bytes are small.
const SMALL: u64 = 32 << 20;

/// A partition's small files are put together when there are so many of them.
const MANY: usize = 8;

/// A file is written anew if more than one row in so many is gone from it.
const GONE_SHARE: u64 = 10;

/// A checkpoint is due after so many commits.
const COMMITS: i64 = 10;

/// What has to stay.
#[derive(Debug, Clone)]
pub struct Keep {
    /// Versions that somebody may still have to read, beside the newest.
    pub versions: BTreeSet<i64>,
    /// For so long everything stays that was there: somebody may be reading it.
    pub files: TimeDelta,
    /// For so long commits stay, as history.
    pub log: TimeDelta,
}

/// What a vacuum removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Vacuumed {
    /// How many data files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// How many files of the log.
    pub log_files: u64,
}

impl Snapshot {
    /// Files that are better put together, by partition: many small ones, and those from which much is gone. Rows of one list are to be written in
    /// the order of the table.
    #[must_use]
    pub fn scattered(&self) -> Vec<Vec<DataFile>> {
        let mut partitions: BTreeMap<&BTreeMap<String, Option<String>>, Vec<&DataFile>> = BTreeMap::new();
        for file in self.files() {
            partitions.entry(&file.partition_values).or_default().push(file);
        }
        let scattered = partitions.into_values().filter_map(|files| {
            let small: Vec<&DataFile> = files.iter().copied().filter(|file| file.size < SMALL).collect();
            let hollow = files.iter().copied().filter(|file| file.gone() * GONE_SHARE > file.rows().unwrap_or(u64::MAX)).collect::<Vec<_>>();
            let chosen = if small.len() >= MANY { small } else { vec![] };
            let chosen: BTreeMap<&str, &DataFile> = chosen.into_iter().chain(hollow).map(|file| (file.path.as_str(), file)).collect();
            (!chosen.is_empty()).then(|| chosen.into_values().cloned().collect())
        });
        scattered.collect()
    }
}

impl Lake {
    /// Writes a checkpoint of the newest version, if enough commits have been made since the last one; whether it did.
    ///
    /// # Errors
    /// [`Error::Delta`] if the log cannot be read or written.
    pub async fn checkpoint(&self, table: &Snapshot) -> Result<bool> {
        let name = table.name();
        let log = self.folder(name).join("_delta_log");
        let last = newest_checkpoint(&log).map_err(|source| Error::Folder { path: log.clone(), source })?;
        if table.version() - last.unwrap_or(-1) < COMMITS {
            return Ok(false);
        }
        let location = self.location(name)?;
        let version = u64::try_from(table.version()).unwrap_or_default();
        let url = location.log.root_url().clone();
        create_checkpoint_from_table_url_and_cleanup(url, version, Some(false), None).await.map_err(|source| Error::delta(name, source))?;
        Ok(true)
    }

    /// Removes files that no version names which somebody may still read, and commits that are no longer needed.
    ///
    /// # Errors
    /// [`Error::Delta`] if the log cannot be read, [`Error::Folder`] if a file cannot be removed.
    pub async fn vacuum(&self, name: &TableName, keep: &Keep, now: DateTime<Utc>) -> Result<Vacuumed> {
        let Some(newest) = self.snapshot(name).await? else { return Ok(Vacuumed::default()) };
        let mut names: BTreeSet<String> = newest.files().iter().map(|file| name_of(&file.path)).collect();
        for version in &keep.versions {
            match self.snapshot_at(name, *version).await {
                Ok(kept) => names.extend(kept.files().iter().map(|file| name_of(&file.path))),
                // What is gone already cannot be kept.
                Err(Error::VersionMissing { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let since = now - keep.files;
        names.extend(self.removed_since(name, newest.version(), since).await?);
        let folder = self.folder(name);
        let removed = tokio::task::spawn_blocking(move || remove_others(&folder, &names, since)).await;
        let mut vacuumed = removed.map_err(|source| Error::WriterGone { source: Some(source) })??;
        let oldest = keep.versions.first().copied().unwrap_or(i64::MAX).min(newest.version());
        let log = self.location(name)?.log;
        let cut = (now - keep.log).timestamp_millis();
        let cleaned = cleanup_expired_logs_for(u64::try_from(oldest).unwrap_or_default(), log.as_ref(), cut, None).await;
        vacuumed.log_files = cleaned.map_err(|source| Error::delta(name, source))? as u64;
        Ok(vacuumed)
    }

    /// The names of the files that commits took out of a table since an instant, by the clocks of their writers. One whose commit does not say when it was made counts
    /// as new.
    async fn removed_since(&self, name: &TableName, newest: i64, since: DateTime<Utc>) -> Result<BTreeSet<String>> {
        let log = self.location(name)?.log;
        let failed = |source| Error::delta(name, source);
        let mut names = BTreeSet::new();
        for version in (0..=u64::try_from(newest).unwrap_or_default()).rev() {
            let Some(bytes) = log.read_commit_entry(version).await.map_err(failed)? else { break };
            let actions = get_actions(version, &bytes).map_err(failed)?;
            let at = actions.iter().find_map(|action| match action {
                Action::CommitInfo(info) => info.timestamp.and_then(DateTime::from_timestamp_millis),
                _ => None,
            });
            // Not the end: clocks of other writers may be behind.
            if at.is_some_and(|at| at < since) {
                continue;
            }
            names.extend(actions.into_iter().filter_map(|action| match action {
                Action::Remove(remove) => Some(name_of(&remove.path)),
                _ => None,
            }));
        }
        Ok(names)
    }
}

fn newest_checkpoint(log: &Path) -> io::Result<Option<i64>> {
    let mut newest = None;
    for entry in fs::read_dir(log)? {
        let name = entry?.file_name();
        let version = name.to_str().and_then(|name| name.split_once(".checkpoint")).and_then(|(version, _)| version.parse().ok());
        newest = newest.max(version);
    }
    Ok(newest)
}

/// The last part of a path: no two files of a table have the same, and folders are spelled otherwise in the log than on the disk.
fn name_of(path: &str) -> String {
    path.rsplit('/').next().unwrap_or(path).to_owned()
}

/// Removes data files below a folder that have none of the names and were not written since an instant.
fn remove_others(folder: &Path, names: &BTreeSet<String>, since: DateTime<Utc>) -> Result<Vacuumed> {
    let mut vacuumed = Vacuumed::default();
    let failed = |path: &Path| {
        let path = path.to_path_buf();
        move |source| Error::Folder { path, source }
    };
    let mut folders = vec![folder.to_path_buf()];
    while let Some(below) = folders.pop() {
        for entry in fs::read_dir(&below).map_err(failed(&below))? {
            let entry = entry.map_err(failed(&below))?;
            let (path, metadata) = (entry.path(), entry.metadata().map_err(failed(&entry.path()))?);
            if metadata.is_dir() {
                if entry.file_name() != "_delta_log" {
                    folders.push(path);
                }
                continue;
            }
            let is_named = entry.file_name().to_str().is_none_or(|name| names.contains(name));
            let is_new = metadata.modified().map_or(true, |at| at >= SystemTime::from(since));
            if is_new || is_named {
                continue;
            }
            fs::remove_file(&path).map_err(failed(&path))?;
            vacuumed.files += 1;
            vacuumed.bytes += metadata.len();
        }
    }
    Ok(vacuumed)
}
