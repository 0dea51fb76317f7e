//! What can go wrong while a file is delivered, and whose fault it is.

use std::any::Any;
use std::io;
use std::path::{Path, PathBuf};

use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use nightshift_diagnostic::{Fault, Faulty};
use rust_xlsxwriter::XlsxError;

/// The result of this crate's functions.
pub type Result<T> = std::result::Result<T, Error>;

/// A delivery that failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system refused: disk full, no permission, no such folder.
    #[error("cannot {action} `{}`", path.display())]
    File {
        /// What was being done, as it follows "cannot".
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A column's type has no representation in a flat file.
    #[error("column `{column}` has the type {data_type}, which cannot be written to a file: select its parts as columns")]
    UnsupportedType {
        /// The column's name.
        column: String,
        /// Its type.
        data_type: DataType,
    },
    /// More columns than a sheet has.
    #[error("the result has {columns} columns, but a sheet has room for 16,384: deliver it as CSV")]
    TooManyColumns {
        /// How many the result has.
        columns: usize,
    },
    /// A text that a sheet's cell cannot hold.
    #[error("row {row} of column `{column}` has a text of {length} characters, but a cell holds 32,767: shorten it or deliver it as CSV")]
    TextTooLong {
        /// The column's name.
        column: String,
        /// The data row, counted from 1.
        row: u64,
        /// The text's length in UTF-16 units, as Excel counts.
        length: usize,
    },
    /// A date or time outside the calendar's range (years -262143 to 262142).
    #[error("column `{column}` has a date or time outside the calendar's range")]
    TimeOutOfRange {
        /// The column's name.
        column: String,
    },
    /// A column names a time zone that does not exist.
    #[error("column `{column}` has the unknown time zone `{zone}`")]
    UnknownZone {
        /// The column's name.
        column: String,
        /// The zone.
        zone: String,
        /// Why it is not one.
        source: ArrowError,
    },
    /// A sheet name that Excel refuses.
    #[error("`{name}` cannot be the name of a sheet")]
    SheetName {
        /// The name.
        name: String,
        /// The rule that it breaks.
        source: XlsxError,
    },
    /// A delimiter that could stand inside a number, a date or a quoted text.
    #[error("{delimiter:?} cannot separate columns: use a comma, a semicolon, a tab or `|`")]
    Delimiter {
        /// The delimiter.
        delimiter: char,
    },
    /// Files of no rows were asked for.
    #[error("`rows_per_file` must be at least 1")]
    NoRowsPerFile,
    /// A batch does not have the columns that the delivery was created with.
    #[error("a batch has the columns ({found}), but the delivery was created for ({expected})")]
    OtherColumns {
        /// Names and types as created.
        expected: String,
        /// Names and types as pushed.
        found: String,
    },
    /// Finishing a delivery after one of its writes failed.
    #[error("`{}` cannot be finished: an earlier write failed", path.display())]
    Incomplete {
        /// The file that was to be made.
        path: PathBuf,
    },
    /// Arrow could not convert a column.
    #[error("column `{column}` cannot be read")]
    Column {
        /// The column's name.
        column: String,
        /// Arrow's reason.
        source: ArrowError,
    },
    /// The workbook library refused what we asked of it.
    #[error("cannot make the workbook `{}`", path.display())]
    Workbook {
        /// The workbook.
        path: PathBuf,
        /// The library's reason.
        source: XlsxError,
    },
    /// The workbook library gave up in the middle of a row, for a reason that is not the operating system's.
    #[error("the workbook `{}` could not be written", path.display())]
    WorkbookPanic {
        /// The workbook.
        path: PathBuf,
    },
}

impl Error {
    /// A closure for `map_err` on the file system's errors.
    pub(crate) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::File { action, path, source }
    }

    /// An error of the workbook library; the operating system's part of it, if there is one, decides the fault.
    pub(crate) fn workbook(path: &Path, error: XlsxError) -> Self {
        let path = path.to_path_buf();
        match error {
            XlsxError::IoError(source) => Self::File { action: "write", path, source },
            XlsxError::TempFileError(folder, source) => Self::File { action: "create a temporary file in", path: folder, source },
            other => match system_error(&other) {
                Some(source) => Self::File { action: "write", path, source },
                None => Self::Workbook { path, source: other },
            },
        }
    }

    /// The library panics when its temporary file cannot be written; the panic's text still says what the system answered.
    pub(crate) fn workbook_panic(path: &Path, payload: &(dyn Any + Send)) -> Self {
        let path = path.to_path_buf();
        let message = payload.downcast_ref::<String>().map(String::as_str).unwrap_or_default();
        match system_code(message) {
            Some(code) => Self::File { action: "write", path, source: io::Error::from_raw_os_error(code) },
            None => Self::WorkbookPanic { path },
        }
    }
}

fn system_error(error: &XlsxError) -> Option<io::Error> {
    let mut cause = std::error::Error::source(error);
    while let Some(current) = cause {
        if let Some(code) = current.downcast_ref::<io::Error>().and_then(io::Error::raw_os_error) {
            return Some(io::Error::from_raw_os_error(code));
        }
        cause = current.source();
    }
    None
}

/// The number in `Os { code: 28, kind: StorageFull, … }`, which is how an `io::Error` is printed for developers.
fn system_code(message: &str) -> Option<i32> {
    let (_, rest) = message.split_once("Os { code: ")?;
    let (code, _) = rest.split_once(',')?;
    code.parse().ok()
}

impl Faulty for Error {
    fn fault(&self) -> Fault {
        match self {
            Self::File { .. } => Fault::External,
            Self::UnsupportedType { .. }
            | Self::TooManyColumns { .. }
            | Self::SheetName { .. }
            | Self::Delimiter { .. }
            | Self::NoRowsPerFile
            | Self::UnknownZone { .. } => Fault::User,
            Self::TextTooLong { .. } | Self::TimeOutOfRange { .. } => Fault::Data,
            Self::OtherColumns { .. } | Self::Incomplete { .. } | Self::Column { .. } | Self::Workbook { .. } | Self::WorkbookPanic { .. } => Fault::Internal,
        }
    }

    fn retry_helps(&self) -> bool {
        use io::ErrorKind::{ConnectionReset, HostUnreachable, Interrupted, NetworkDown, NetworkUnreachable, ResourceBusy, StaleNetworkFileHandle, TimedOut};
        match self {
            // A folder on a network drive comes back; a full disk or a missing permission waits for a person.
            Self::File { source, .. } => matches!(
                source.kind(),
                ConnectionReset | HostUnreachable | Interrupted | NetworkDown | NetworkUnreachable | ResourceBusy | StaleNetworkFileHandle | TimedOut
            ),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::system_code;

    #[test]
    fn the_system_code_is_found_in_a_panic() {
        let message = "Couldn't write to xml file: Os { code: 28, kind: StorageFull, message: \"No space left on device\" }";
        assert_eq!(system_code(message), Some(28));
        assert_eq!(system_code("index out of bounds"), None);
    }
}
