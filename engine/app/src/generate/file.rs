//! The files of one day: written under a temporary name, renamed when whole.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::damage::Damage;
use super::error::{Result, writing};
use super::record::Record;
use super::source::Source;
use super::summary::FileSummary;

const BUFFER_BYTES: usize = 256 * 1024;

/// A file that appears under its name only when it is complete.
pub(super) struct AtomicFile {
    path: PathBuf,
    partial: PathBuf,
    done: bool,
}

impl AtomicFile {
    pub(super) fn create(folder: &Path, name: &str) -> Result<(Self, BufWriter<File>)> {
        fs::create_dir_all(folder).map_err(writing(folder))?;
        let partial = folder.join(format!("{name}.partial"));
        let file = File::create(&partial).map_err(writing(&partial))?;
        let atomic = AtomicFile { path: folder.join(name), partial, done: false };
        Ok((atomic, BufWriter::with_capacity(BUFFER_BYTES, file)))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Renames the file, whose bytes have all been written, and returns their number.
    pub(super) fn finish(mut self, mut out: BufWriter<File>) -> Result<u64> {
        out.flush().map_err(writing(&self.partial))?;
        let bytes = out.get_ref().metadata().map_err(writing(&self.partial))?.len();
        drop(out);
        fs::rename(&self.partial, &self.path).map_err(writing(&self.path))?;
        self.done = true;
        Ok(bytes)
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        if !self.done {
            // Best effort: the error that brought us here is the one to report.
            let _ = fs::remove_file(&self.partial);
        }
    }
}

/// A CSV or JSON lines file in the making.
pub(super) struct TextFile {
    file: AtomicFile,
    out: BufWriter<File>,
    record: Record,
    summary: FileSummary,
}

impl TextFile {
    /// Starts the file with its header, or without one: a file of 0 bytes comes from a system that was off.
    pub(super) fn create(folder: &Path, source: Source, header: bool) -> Result<Self> {
        let (file, mut out) = AtomicFile::create(folder, &source.file_name())?;
        let record = Record::of(source);
        if header {
            out.write_all(record.header().as_bytes()).map_err(writing(file.path()))?;
        }
        let summary = FileSummary::new(source, file.path().to_path_buf());
        Ok(TextFile { file, out, record, summary })
    }

    /// The next row, empty.
    pub(super) fn row(&mut self) -> &mut Record {
        self.record.clear();
        &mut self.record
    }

    /// Writes the row that [`TextFile::row`] began.
    pub(super) fn end_row(&mut self, damage: Option<Damage>) -> Result<()> {
        self.summary.count(damage);
        let line = self.record.finish(damage);
        self.out.write_all(line).map_err(writing(self.file.path()))?;
        if damage == Some(Damage::Twice) {
            self.out.write_all(line).map_err(writing(self.file.path()))?;
        }
        Ok(())
    }

    pub(super) fn summary(&mut self) -> &mut FileSummary {
        &mut self.summary
    }

    pub(super) fn finish(mut self) -> Result<FileSummary> {
        self.summary.bytes = self.file.finish(self.out)?;
        Ok(self.summary)
    }
}
