use std::path::{Path, PathBuf};

/// What can go wrong while data is generated.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A folder or file under the incoming folder could not be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A Parquet file could not be written.
    #[error("cannot write the Parquet file {}", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What the Parquet writer said.
        source: parquet::errors::ParquetError,
    },
    /// The columns of a Parquet file do not fit together.
    #[error("cannot put together the rows of {}", path.display())]
    Rows {
        /// The file.
        path: PathBuf,
        /// What Arrow said.
        source: arrow::error::ArrowError,
    },
    /// The number of deliveries a day is zero or more than ids have room for.
    #[error("deliveries a day must be between 1 and {most}, not {given}")]
    DeliveriesPerDay {
        /// What was asked for.
        given: u32,
        /// The most that ids have room for.
        most: u32,
    },
    /// A day outside the years 2000 to 2099, whose ids would not ascend.
    #[error("{day} is outside the years 2000 to 2099")]
    Year {
        /// The day.
        day: chrono::NaiveDate,
    },
    /// A day before the generator's first day, on which the company has no data.
    #[error("{day} is before the first day {first_day}")]
    BeforeFirstDay {
        /// The day that was asked for.
        day: chrono::NaiveDate,
        /// The first day of the generator.
        first_day: chrono::NaiveDate,
    },
    /// A range of days that holds no day.
    #[error("there is no day from {start} to before {end}")]
    NoDays {
        /// The first day of the range.
        start: chrono::NaiveDate,
        /// The day after the last one.
        end: chrono::NaiveDate,
    },
}

/// The result of everything that generates data.
pub type Result<T> = std::result::Result<T, Error>;

/// Turns an I/O error into ours; for `map_err`.
pub(super) fn writing(path: &Path) -> impl FnOnce(std::io::Error) -> Error + '_ {
    move |source| Error::Write { path: path.to_path_buf(), source }
}
