//! A file under its temporary name, hashed and counted while it is written.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::{Error, Result, Role};

/// Where a file goes. The extension is kept apart, so that `sales.csv.gz` is kept as `sales.<hash>.csv.gz`.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) folder: PathBuf,
    pub(crate) stem: String,
    pub(crate) extension: &'static str,
}

impl Target {
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.join(format!("{}.{}", self.stem, self.extension))
    }

    /// The name under which a file with this hash, or the beginning of one, is kept beside the current one.
    pub(crate) fn kept(&self, hash: &str) -> PathBuf {
        self.folder.join(format!("{}.{hash}.{}", self.stem, self.extension))
    }

    fn partial(&self) -> PathBuf {
        self.folder.join(format!("{}.{}.partial", self.stem, self.extension))
    }
}

/// Removes the file when it is dropped, unless it was renamed before.
#[derive(Debug)]
struct Temporary {
    path: PathBuf,
    renamed: bool,
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.renamed {
            // Nobody is left to hear about a failure, and the next run truncates the file anyway.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A file that is being written.
#[derive(Debug)]
pub(crate) struct PartialFile {
    target: Target,
    temporary: Temporary,
    file: File,
    hash: Sha256,
    bytes: u64,
}

impl PartialFile {
    /// Makes the folder and the temporary file; one that a crash left behind is emptied.
    pub(crate) fn create(target: Target) -> Result<Self> {
        fs::create_dir_all(&target.folder).map_err(Error::file("create the folder", &target.folder))?;
        let path = target.partial();
        let file = File::create(&path).map_err(Error::file("create", &path))?;
        let temporary = Temporary { path, renamed: false };
        Ok(Self { target, temporary, file, hash: Sha256::new(), bytes: 0 })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.temporary.path
    }

    /// Brings the bytes to the disk. Whoever buffers in front of this file has flushed.
    pub(crate) fn seal(self, rows: u64, role: Role) -> Result<SealedFile> {
        self.file.sync_all().map_err(Error::file("sync", &self.temporary.path))?;
        Ok(SealedFile { target: self.target, temporary: self.temporary, sha256: hexadecimal(&self.hash.finalize()), bytes: self.bytes, rows, role })
    }
}

impl Write for PartialFile {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.file.write(buffer)?;
        self.hash.update(buffer.get(..written).unwrap_or(buffer));
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A whole file that has not got its name yet.
#[derive(Debug)]
pub(crate) struct SealedFile {
    pub(crate) target: Target,
    temporary: Temporary,
    pub(crate) sha256: String,
    pub(crate) bytes: u64,
    pub(crate) rows: u64,
    pub(crate) role: Role,
}

impl SealedFile {
    /// Takes the final name, in one step of the file system; a file that has it now is replaced.
    pub(crate) fn rename(mut self, path: &Path) -> Result<()> {
        fs::rename(&self.temporary.path, path).map_err(Error::file("rename a finished file to", path))?;
        self.temporary.renamed = true;
        Ok(())
    }
}

/// The SHA-256 of a file, or `None` when there is none.
pub(crate) fn hash_of(path: &Path) -> Result<Option<String>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::file("read", path)(error)),
    };
    let mut hash = Sha256::new();
    io::copy(&mut file, &mut hash).map_err(Error::file("read", path))?;
    Ok(Some(hexadecimal(&hash.finalize())))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
