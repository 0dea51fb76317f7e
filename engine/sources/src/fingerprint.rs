//! What a file is, in numbers: its content by SHA-256, its state on disk by size and time.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read as _;
use std::time::{Duration, SystemTime};

use sha2::{Digest as _, Sha256};

use crate::discover::IncomingFile;
use crate::{Error, Result};

/// How much of a file is read at once.
const CHUNK: usize = 1 << 20;
/// A file that was written less than this ago may be written again within the same tick of the file system's clock, so that its
/// size and time prove nothing yet.
const SETTLED: Duration = Duration::from_secs(2);

/// The SHA-256 of a file or text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of a text.
    #[must_use]
    pub fn of(text: &[u8]) -> Self {
        Self(Sha256::digest(text).into())
    }

    /// The first 63 bits, which a Delta transaction can carry as its version.
    #[must_use]
    pub fn version(&self) -> i64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        i64::from_be_bytes([a, b, c, d, e, f, g, h]) & i64::MAX
    }

    /// All of it as 64 hexadecimal digits.
    #[must_use]
    pub fn hexadecimal(&self) -> String {
        self.0.iter().fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

impl IncomingFile {
    /// The SHA-256 of the file, or nothing if it changed meanwhile: then somebody is still writing it.
    ///
    /// # Errors
    /// [`Error::Read`] if the file cannot be read.
    pub fn hash(&self) -> Result<Option<Fingerprint>> {
        let failed = |source| Error::Read { path: self.path.clone(), source };
        let mut file = File::open(&self.path).map_err(failed)?;
        let mut digest = Sha256::new();
        let mut buffer = vec![0; CHUNK];
        loop {
            let count = file.read(&mut buffer).map_err(failed)?;
            match buffer.get(..count) {
                Some(read) if count > 0 => digest.update(read),
                _ => break,
            }
        }
        Ok(if self.is_unchanged()? { Some(Fingerprint(digest.finalize().into())) } else { None })
    }

    /// Whether the file still has the size and time with which it was found.
    ///
    /// # Errors
    /// [`Error::Read`] if the file is gone.
    pub fn is_unchanged(&self) -> Result<bool> {
        let state = std::fs::metadata(&self.path).and_then(|metadata| Ok((metadata.len(), metadata.modified()?)));
        let state = state.map_err(|source| Error::Read { path: self.path.clone(), source })?;
        Ok(state == (self.size, self.modified))
    }

    /// A number that stands for size and time of the file, so that what was hashed once need not be hashed every night; nothing
    /// while the file is so fresh that they prove nothing.
    pub(crate) fn state(&self) -> Option<i64> {
        let age = SystemTime::now().duration_since(self.modified).ok()?;
        let since = self.modified.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        (age >= SETTLED).then(|| Fingerprint::of(format!("{} {}", self.size, since.as_nanos()).as_bytes()).version())
    }
}
