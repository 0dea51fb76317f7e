//! From text to stored bytes: nothing, gzip or zstd in between.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use flate2::write::GzEncoder;

use super::Compression;
use crate::partial::PartialFile;
use crate::{Error, Result};

/// Levels that keep up with a query; neither format stores a name or a time here, so equal rows give equal bytes.
const GZIP_LEVEL: flate2::Compression = flate2::Compression::new(6);
const ZSTD_LEVEL: i32 = 3;

/// Where a part's text goes, a buffer of it at a time.
pub(super) struct Sink {
    path: PathBuf,
    packing: Packing,
}

enum Packing {
    Plain(PartialFile),
    Gzip(GzEncoder<PartialFile>),
    Zstd(zstd::Encoder<'static, PartialFile>),
}

impl Sink {
    pub(super) fn new(file: PartialFile, compress: Option<Compression>) -> Result<Self> {
        let path = file.path().to_path_buf();
        let packing = match compress {
            None => Packing::Plain(file),
            Some(Compression::Gzip) => Packing::Gzip(GzEncoder::new(file, GZIP_LEVEL)),
            Some(Compression::Zstd) => Packing::Zstd(zstd::Encoder::new(file, ZSTD_LEVEL).map_err(Error::file("compress into", &path))?),
        };
        Ok(Self { path, packing })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let written = match &mut self.packing {
            Packing::Plain(file) => file.write_all(bytes),
            Packing::Gzip(encoder) => encoder.write_all(bytes),
            Packing::Zstd(encoder) => encoder.write_all(bytes),
        };
        named(&self.path, written)
    }

    pub(super) fn finish(self) -> Result<PartialFile> {
        let file = match self.packing {
            Packing::Plain(file) => Ok(file),
            Packing::Gzip(encoder) => encoder.finish(),
            Packing::Zstd(encoder) => encoder.finish(),
        };
        named(&self.path, file)
    }
}

fn named<T>(path: &Path, result: io::Result<T>) -> Result<T> {
    result.map_err(Error::file("write", path))
}

impl std::fmt::Debug for Sink {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Sink").field("path", &self.path).finish_non_exhaustive()
    }
}
