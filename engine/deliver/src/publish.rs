//! Gives finished files their names, and decides what becomes of the files that had them.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use nightshift_failure::{Point, reach};

use crate::partial::{SealedFile, Target, hash_of};
use crate::{Change, Delivered, Error, Result};

/// Hexadecimal digits of the content's hash in the name of a kept file.
const SHORT_HASH: usize = 8;

/// Renames a finished file to its final name. An equal file is left untouched, a different one is kept beside unless
/// `overwrite`.
pub(crate) fn publish(sealed: SealedFile, overwrite: bool) -> Result<Delivered> {
    reach(Point::OutputWritten);
    let path = sealed.target.path();
    let mut delivered =
        Delivered { path: path.clone(), rows: sealed.rows, bytes: sealed.bytes, sha256: sealed.sha256.clone(), role: sealed.role, change: Change::Created };
    match hash_of(&path)? {
        Some(existing) if existing == sealed.sha256 => {
            delivered.change = Change::Unchanged;
            return Ok(delivered);
        }
        Some(existing) => {
            let earlier = if overwrite { None } else { Some(keep(&sealed.target, &existing)?) };
            delivered.change = Change::Replaced { earlier };
            reach(Point::EarlierKept);
        }
        None => {}
    }
    let folder = sealed.target.folder.clone();
    sealed.rename(&path)?;
    sync_folder(&folder)?;
    reach(Point::OutputNamed);
    Ok(delivered)
}

/// Takes away a file that an earlier delivery made and this one does not: kept under its hash, or removed when `overwrite`.
/// Says whether there was one.
pub(crate) fn retire(target: &Target, overwrite: bool) -> Result<bool> {
    let path = target.path();
    let Some(hash) = hash_of(&path)? else {
        return Ok(false);
    };
    if !overwrite {
        keep(target, &hash)?;
    }
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::file("remove", &path)(error)),
        _ => Ok(true),
    }
}

/// Keeps the current file under a name made of its hash. The current name stays valid where the file system has hard links, so
/// that there is no moment without a file.
fn keep(target: &Target, hash: &str) -> Result<PathBuf> {
    let current = target.path();
    let mut kept = target.kept(hash.get(..SHORT_HASH).unwrap_or(hash));
    match hash_of(&kept)? {
        Some(existing) if existing == hash => return Ok(kept),
        Some(_) => kept = target.kept(hash),
        None => {}
    }
    if fs::hard_link(&current, &kept).is_err() {
        fs::rename(&current, &kept).map_err(Error::file("keep the earlier file as", &kept))?;
    }
    Ok(kept)
}

/// A rename survives a power cut only when the folder is on the disk too.
fn sync_folder(folder: &Path) -> Result<()> {
    if cfg!(unix) {
        File::open(folder).and_then(|file| file.sync_all()).map_err(Error::file("sync the folder", folder))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
    use std::io::Write;

    use super::*;
    use crate::Role;
    use crate::partial::PartialFile;

    fn deliver(folder: &Path, text: &str, overwrite: bool) -> Delivered {
        let target = Target { folder: folder.to_path_buf(), stem: "sales".into(), extension: "csv.gz" };
        let mut file = PartialFile::create(target).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        publish(file.seal(1, Role::Data).unwrap(), overwrite).unwrap()
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn an_equal_file_is_left_untouched() {
        let folder = tempfile::tempdir().unwrap();
        let first = deliver(folder.path(), "a", false);
        assert_eq!(first.change, Change::Created);
        assert_eq!(first.sha256, "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb");
        let before = fs::metadata(&first.path).unwrap().modified().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(20));
        assert_eq!(deliver(folder.path(), "a", false).change, Change::Unchanged);
        assert_eq!(fs::metadata(&first.path).unwrap().modified().unwrap(), before);
        assert_eq!(names(folder.path()), ["sales.csv.gz"]);
    }

    #[test]
    fn a_different_file_is_kept_under_its_hash() {
        let folder = tempfile::tempdir().unwrap();
        deliver(folder.path(), "a", false);
        let kept = folder.path().join("sales.ca978112.csv.gz");
        assert_eq!(deliver(folder.path(), "b", false).change, Change::Replaced { earlier: Some(kept.clone()) });
        assert_eq!(fs::read_to_string(&kept).unwrap(), "a");
        assert_eq!(fs::read_to_string(folder.path().join("sales.csv.gz")).unwrap(), "b");
        // Back and forth keeps each content once.
        deliver(folder.path(), "a", false);
        deliver(folder.path(), "b", false);
        assert_eq!(names(folder.path()), ["sales.3e23e816.csv.gz", "sales.ca978112.csv.gz", "sales.csv.gz"]);
        assert_eq!(deliver(folder.path(), "c", true).change, Change::Replaced { earlier: None });
        assert_eq!(names(folder.path()).len(), 3);
    }

    #[test]
    fn a_dropped_file_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        deliver(folder.path(), "a", false);
        let target = Target { folder: folder.path().to_path_buf(), stem: "sales".into(), extension: "csv.gz" };
        let mut file = PartialFile::create(target).unwrap();
        file.write_all(b"half").unwrap();
        assert_eq!(names(folder.path()), ["sales.csv.gz", "sales.csv.gz.partial"]);
        drop(file.seal(0, Role::Data).unwrap());
        assert_eq!(names(folder.path()), ["sales.csv.gz"]);
        assert_eq!(fs::read_to_string(folder.path().join("sales.csv.gz")).unwrap(), "a");
    }
}
