//! Which files of a source have arrived.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use chrono::NaiveDate;
use nightshift_compile::contract::Contract;

use crate::{Error, Result};

/// Ends of names of files that somebody is still writing.
const UNFINISHED: [&str; 4] = [".partial", ".tmp", ".part", ".crdownload"];

/// A file that arrived for a source. Its identity is source, date and name; files are loaded in the order of date and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IncomingFile {
    /// The business date on which it arrived: the folder's name.
    pub date: NaiveDate,
    /// The name without folders.
    pub name: String,
    /// Where it lies.
    pub path: PathBuf,
    /// Its size in bytes.
    pub size: u64,
    /// When it was last written.
    pub modified: SystemTime,
}

impl IncomingFile {
    /// The identity within the source, `<date>/<name>`: what stands in the column `_file`.
    #[must_use]
    pub fn identity(&self) -> String {
        format!("{}/{}", self.date, self.name)
    }
}

/// The files of a source in `<root>/<YYYY-MM-DD>/` up to and including a date, in the order in which they count. A contract's
/// `file` may have one `*`. Files that are still being written by their name are left out; a root that does not exist holds
/// nothing.
///
/// # Errors
/// [`Error::Read`] if a folder cannot be read.
pub fn discover(root: &Path, contract: &Contract, up_to: NaiveDate) -> Result<Vec<IncomingFile>> {
    let pattern = file_pattern(contract);
    let mut files = Vec::new();
    for (name, path) in entries(root)? {
        let Ok(date) = name.parse::<NaiveDate>() else { continue };
        if date > up_to || date.to_string() != name {
            continue;
        }
        if pattern.contains('*') {
            for (name, path) in entries(&path)? {
                if matches(&pattern, &name) && !UNFINISHED.iter().any(|end| name.ends_with(end)) {
                    files.extend(incoming(date, name, path)?);
                }
            }
        } else {
            files.extend(incoming(date, pattern.clone(), path.join(&pattern))?);
        }
    }
    files.sort();
    Ok(files)
}

/// The name of the source's files, `<source>.<format>` unless the header says otherwise.
fn file_pattern(contract: &Contract) -> String {
    let header = &contract.header;
    header.file.clone().unwrap_or_else(|| format!("{}.{}", contract.name, header.format.extension()))
}

fn entries(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let failed = |source| Error::Read { path: folder.to_path_buf(), source };
    let listing = match fs::read_dir(folder) {
        Ok(listing) => listing,
        // A root that is not there yet, and a file beside the folders of the dates.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut found = Vec::new();
    for entry in listing {
        let entry = entry.map_err(failed)?;
        // A name that is not UTF-8 is nobody's.
        if let Ok(name) = entry.file_name().into_string() {
            found.push((name, entry.path()));
        }
    }
    Ok(found)
}

fn incoming(date: NaiveDate, name: String, path: PathBuf) -> Result<Option<IncomingFile>> {
    match fs::metadata(&path).and_then(|metadata| Ok((metadata.is_file(), metadata.len(), metadata.modified()?))) {
        Ok((true, size, modified)) => Ok(Some(IncomingFile { date, name, path, size, modified })),
        Ok((false, _, _)) => Ok(None),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(source) => Err(Error::Read { path, source }),
    }
}

/// Whether a name fits a pattern with at most one `*`.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, end)) => name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end),
    }
}
