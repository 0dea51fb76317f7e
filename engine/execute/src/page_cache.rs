//! Reading local files without a change of threads where the page cache has them.
//!
//! `object_store` gives each read to a thread that may block, and is woken when it is done. A night reads two thousand times, mostly what was
//! written or read not long ago: then a read is a copy that takes less time than the two switches. What would have to wait for the disk
//! is read as before. Linux tells the two apart (`RWF_NOWAIT` of preadv2(2)); elsewhere nothing is different.

use std::fmt::{self, Display, Formatter};
use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use datafusion::object_store::local::LocalFileSystem;
use datafusion::object_store::path::Path;
use datafusion::object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult,
    RenameOptions, Result,
};
use futures::stream::BoxStream;

/// The file system of this machine.
#[derive(Debug)]
pub(crate) struct LocalFiles(LocalFileSystem);

impl LocalFiles {
    pub(crate) fn new() -> Self {
        Self(LocalFileSystem::new())
    }

    /// The ranges of a file, if the page cache has all of them.
    #[cfg(target_os = "linux")]
    fn cached(&self, location: &Path, ranges: &[Range<u64>]) -> Option<Vec<Bytes>> {
        let file = std::fs::File::open(self.0.path_to_filesystem(location).ok()?).ok()?;
        let read = |range: &Range<u64>| {
            let mut bytes = vec![0; usize::try_from(range.end.checked_sub(range.start)?).ok()?];
            let buffers = &mut [std::io::IoSliceMut::new(&mut bytes)];
            let count = rustix::io::preadv2(&file, buffers, range.start, rustix::io::ReadWriteFlags::NOWAIT).ok()?;
            (count == bytes.len()).then(|| Bytes::from(bytes))
        };
        ranges.iter().map(read).collect()
    }

    #[cfg(not(target_os = "linux"))]
    fn cached(&self, _location: &Path, _ranges: &[Range<u64>]) -> Option<Vec<Bytes>> {
        None
    }
}

impl Display for LocalFiles {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

#[async_trait]
impl ObjectStore for LocalFiles {
    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        match self.cached(location, ranges) {
            Some(read) => Ok(read),
            None => self.0.get_ranges(location, ranges).await,
        }
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.0.get_opts(location, options).await
    }

    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.0.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(&self, location: &Path, options: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        self.0.put_multipart_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.0.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.0.list(prefix)
    }

    fn list_with_offset(&self, prefix: Option<&Path>, offset: &Path) -> BoxStream<'static, Result<ObjectMeta>> {
        self.0.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.0.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.0.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.0.rename_opts(from, to, options).await
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::single_range_in_vec_init)]
    use super::*;

    /// Whatever is asked for, the answer is that of `object_store`.
    #[tokio::test]
    async fn reads_are_those_of_the_store() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("day=2025-11-01 台北");
        let content: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
        std::fs::write(&path, &content).unwrap();
        let location = Path::from_absolute_path(&path).unwrap();
        let (files, plain) = (LocalFiles::new(), LocalFileSystem::new());
        let length = content.len() as u64;
        for ranges in [vec![], vec![0..10, 500_000..700_000, length - 5..length], vec![length - 5..length + 5], vec![length..length + 1]] {
            let (found, wanted) = (files.get_ranges(&location, &ranges).await, plain.get_ranges(&location, &ranges).await);
            assert_eq!(found.map_err(|error| error.to_string()), wanted.map_err(|error| error.to_string()), "{ranges:?}");
        }
        if cfg!(target_os = "linux") {
            assert_eq!(files.cached(&location, &[3..11]).unwrap(), [content.get(3..11).unwrap()]);
        }
        let missing = location.clone().join("missing");
        assert!(files.get_ranges(&missing, &[0..1]).await.is_err());
    }
}
