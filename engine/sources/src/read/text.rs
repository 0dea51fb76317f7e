//! Columns of text that grow row by row.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, NullBufferBuilder, StringArray};
use datafusion::arrow::buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use datafusion::arrow::error::ArrowError;

/// One column of fields as they stand in the file.
pub(crate) struct TextColumn {
    bytes: Vec<u8>,
    offsets: Vec<i32>,
    nulls: NullBufferBuilder,
}

impl TextColumn {
    pub(crate) fn with_capacity(rows: usize) -> Self {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        Self { bytes: Vec::new(), offsets, nulls: NullBufferBuilder::new(rows) }
    }

    #[inline]
    pub(crate) fn push(&mut self, value: &[u8]) {
        self.bytes.extend_from_slice(value);
        self.nulls.append_non_null();
        self.close();
    }

    #[inline]
    pub(crate) fn push_null(&mut self) {
        self.nulls.append_null();
        self.close();
    }

    /// Bytes collected so far; a batch is cut before they outgrow 32-bit offsets.
    pub(crate) const fn size(&self) -> usize {
        self.bytes.len()
    }

    #[inline]
    fn close(&mut self) {
        // Readers cut a batch long before 2 GiB; should they not, the array's own check of its offsets refuses it.
        self.offsets.push(i32::try_from(self.bytes.len()).unwrap_or(i32::MAX));
    }

    /// The column so far, and an empty one in its place. Fails if a field is not UTF-8.
    pub(crate) fn take(&mut self) -> Result<ArrayRef, ArrowError> {
        let rows = self.offsets.len();
        let offsets = std::mem::replace(&mut self.offsets, Vec::with_capacity(rows));
        self.offsets.push(0);
        let capacity = self.bytes.len();
        let bytes = std::mem::replace(&mut self.bytes, Vec::with_capacity(capacity));
        let nulls = self.nulls.finish();
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        Ok(Arc::new(StringArray::try_new(offsets, Buffer::from_vec(bytes), nulls)?))
    }
}
