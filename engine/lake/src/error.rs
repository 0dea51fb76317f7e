//! What can go wrong with a table, who has to act, and whether trying again helps.

use std::error::Error as StdError;
use std::io;
use std::path::PathBuf;

use arrow::datatypes::DataType;
use datafusion::error::DataFusionError;
use deltalake::DeltaTableError;
use nightshift_diagnostic::{Fault, Faulty};
use parquet::errors::ParquetError;

use crate::name::TableName;

/// The result of an operation on the lake.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can go wrong with the tables of the lake.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A table name that is not a plain lower-case word, or a kind that does not exist.
    #[error("`{name}` is no table name; a name is a lower-case letter followed by lower-case letters, digits and `_`")]
    TableName {
        /// What was given.
        name: String,
    },
    /// The folder of the lake cannot be used.
    #[error("the lake folder {} cannot be used", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The folder of the lake has no absolute path that a URL can hold.
    #[error("the lake folder {} is not an absolute path", path.display())]
    FolderPath {
        /// The folder.
        path: PathBuf,
    },
    /// There is no such version: it was never made, or its log is gone.
    #[error("table {table} has no version {version} any more, or not yet")]
    VersionMissing {
        /// The table.
        table: TableName,
        /// The version that was asked for.
        version: i64,
    },
    /// Somebody changed the table into something that this engine does not read.
    #[error("table {table} cannot be read here: {reason}")]
    UnsupportedTable {
        /// The table.
        table: TableName,
        /// Which Delta feature stands in the way.
        reason: String,
    },
    /// A column type that Delta cannot hold without loss.
    #[error("column `{column}` has the type {data_type}, which a Delta table cannot hold; {hint}")]
    ColumnType {
        /// The column.
        column: String,
        /// Its type.
        data_type: DataType,
        /// What to do about it.
        hint: &'static str,
    },
    /// A column name that Parquet files of a Delta table cannot have.
    #[error("`{column}` cannot be a column name of a Delta table; give it an alias of letters, digits and `_`")]
    ColumnName {
        /// The column.
        column: String,
    },
    /// Two columns whose names differ in case alone, or not at all.
    #[error("the column name `{column}` occurs twice")]
    DuplicateColumn {
        /// The column.
        column: String,
    },
    /// A layout names a partition or sort column that is not in its schema.
    #[error("the layout names a column `{column}` that its schema does not have")]
    LayoutColumn {
        /// The column.
        column: String,
    },
    /// A partition column that is neither a DATE nor a string.
    #[error("column `{column}` is a {data_type}; tables are partitioned by DATE or string columns only")]
    PartitionType {
        /// The column.
        column: String,
        /// Its type.
        data_type: DataType,
    },
    /// A partition value that Delta cannot tell from NULL.
    #[error("the partition column `{column}` holds an empty string, which Delta reads as NULL")]
    PartitionValue {
        /// The column.
        column: String,
    },
    /// Every column is a partition column, so that no column is left for the files.
    #[error("every column of the layout is a partition column")]
    NoFileColumns,
    /// A batch lacks a column of the layout.
    #[error("a batch lacks the column `{column}` of the layout")]
    MissingColumn {
        /// The column.
        column: String,
    },
    /// A batch has a column that the layout does not have.
    #[error("a batch has the column `{column}`, which the layout does not have")]
    ExtraColumn {
        /// The column.
        column: String,
    },
    /// A batch's column is of another type than the layout says, and is not just another form of the same values.
    #[error("column `{column}` should be {expected} but a batch has {found}")]
    BatchType {
        /// The column.
        column: String,
        /// What the layout says.
        expected: DataType,
        /// What the batch has.
        found: DataType,
    },
    /// A value finer than a microsecond.
    #[error("column `{column}` holds a time finer than a microsecond, which a Delta table cannot hold")]
    Precision {
        /// The column.
        column: String,
    },
    /// A NULL in a column that is declared NOT NULL.
    #[error("column `{column}` is NOT NULL but a row has no value there")]
    NullValue {
        /// The column.
        column: String,
    },
    /// Staged files were written with another layout than the commit gives the table.
    #[error("files staged for table {table} have another layout than the table gets")]
    StagedLayout {
        /// The table.
        table: TableName,
    },
    /// A new layout that the files which stay cannot be read with.
    #[error("the new layout of table {table} does not fit the {kept} files that the commit would keep; replace them in the same commit")]
    KeptFiles {
        /// The table.
        table: TableName,
        /// How many files would stay.
        kept: usize,
    },
    /// A commit that creates a table has no layout.
    #[error("table {table} does not exist and the commit gives no layout")]
    NoLayout {
        /// The table.
        table: TableName,
    },
    /// A commit removes a file that the version it starts from does not hold.
    #[error("table {table} at version {version} holds no file {path}")]
    UnknownFile {
        /// The table.
        table: TableName,
        /// The version that the commit starts from.
        version: i64,
        /// The file.
        path: String,
    },
    /// A file was to come back that is there, or only some of whose rows are meant.
    #[error("{path} cannot come back to {table}: it is there, or only some of its rows are meant")]
    FileThere {
        /// The table.
        table: TableName,
        /// The file.
        path: String,
    },
    /// Rows were to go from a table whose rows cannot go while their files stay.
    #[error("{table} keeps no deletion vectors")]
    NoDeletionVectors {
        /// The table.
        table: TableName,
    },
    /// Rows were to go that are gone already, or that the file does not have.
    #[error("rows of {path} in {table} cannot go: they are gone already, or were never there")]
    RowsGone {
        /// The table.
        table: TableName,
        /// The file.
        path: String,
    },
    /// A commit or a scan mixes snapshots or files of different tables.
    #[error("a snapshot or staged files of table {found} were used for table {expected}")]
    OtherTable {
        /// The table that is worked on.
        expected: TableName,
        /// The table that the value belongs to.
        found: TableName,
    },
    /// Another commit came first. Nothing was changed; plan again from the new version.
    #[error("table {table} was changed by another commit: expected version {}, found {found}", version_text(*expected))]
    Conflict {
        /// The table.
        table: TableName,
        /// The version that the commit started from; none where it was to create the table.
        expected: Option<i64>,
        /// The version that is there now.
        found: i64,
    },
    /// A data file that a version names is not there, as after a vacuum.
    #[error("a data file of the table is gone: {path}")]
    FileMissing {
        /// The path, as far as it is known.
        path: String,
        /// The failed read.
        source: DataFusionError,
    },
    /// The disk is full, or a quota is.
    #[error("the disk of the lake is full")]
    DiskFull {
        /// The failed write.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// Delta's log could not be read or written.
    #[error("the Delta log of table {table} could not be used")]
    Delta {
        /// The table.
        table: TableName,
        /// Why.
        source: Box<DeltaTableError>,
    },
    /// A data file could not be written or removed.
    #[error("the object store failed")]
    Store {
        /// Why.
        #[from]
        source: object_store::Error,
    },
    /// A Parquet file could not be written or understood.
    #[error("a Parquet file could not be written or read")]
    Parquet {
        /// Why.
        #[from]
        source: ParquetError,
    },
    /// Arrow data could not be converted.
    #[error("rows could not be converted")]
    Arrow {
        /// Why.
        #[from]
        source: arrow::error::ArrowError,
    },
    /// A scan failed in DataFusion.
    #[error("a scan failed")]
    Scan {
        /// Why.
        source: DataFusionError,
    },
    /// The schema in the log is not valid.
    #[error("the schema or metadata of table {table} could not be converted")]
    Schema {
        /// The table.
        table: TableName,
        /// Why.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// What is about to be written could not be written down, so nothing was.
    #[error("the files that {table} is about to get could not be recorded")]
    Journal {
        /// The table.
        table: TableName,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The background task of a writer ended without a result: it panicked or the runtime is shutting down.
    #[error("a writer ended without a result")]
    WriterGone {
        /// The end of the task, where it is known.
        source: Option<tokio::task::JoinError>,
    },
}

impl Error {
    /// What a failed scan means: a missing file and a full disk are told apart, everything else is [`Error::Scan`].
    #[must_use]
    pub fn from_scan(source: DataFusionError) -> Self {
        if chain(&source).any(is_disk_full) {
            return Self::DiskFull { source: Box::new(source) };
        }
        match missing_object(&source) {
            Some(path) => Self::FileMissing { path, source },
            None => Self::Scan { source },
        }
    }

    pub(crate) fn delta(table: &TableName, source: DeltaTableError) -> Self {
        if chain(&source).any(is_disk_full) {
            return Self::DiskFull { source: Box::new(source) };
        }
        Self::Delta { table: table.clone(), source: Box::new(source) }
    }

    /// A failed write of a data file, with a full disk told apart.
    pub(crate) fn from_write(source: ParquetError) -> Self {
        if chain(&source).any(is_disk_full) { Self::DiskFull { source: Box::new(source) } } else { Self::Parquet { source } }
    }
}

impl Faulty for Error {
    fn fault(&self) -> Fault {
        match self {
            Self::ColumnType { .. } | Self::ColumnName { .. } | Self::DuplicateColumn { .. } | Self::PartitionType { .. } | Self::TableName { .. } => {
                Fault::User
            }
            Self::PartitionValue { .. } | Self::Precision { .. } | Self::NullValue { .. } => Fault::Data,
            Self::Folder { .. }
            | Self::FolderPath { .. }
            | Self::VersionMissing { .. }
            | Self::UnsupportedTable { .. }
            | Self::Conflict { .. }
            | Self::FileMissing { .. }
            | Self::DiskFull { .. }
            | Self::Delta { .. }
            | Self::Journal { .. }
            | Self::Store { .. } => Fault::External,
            Self::Parquet { source } if chain(source).any(|cause| cause.is::<object_store::Error>()) => Fault::External,
            Self::LayoutColumn { .. }
            | Self::NoFileColumns
            | Self::MissingColumn { .. }
            | Self::ExtraColumn { .. }
            | Self::BatchType { .. }
            | Self::StagedLayout { .. }
            | Self::KeptFiles { .. }
            | Self::NoLayout { .. }
            | Self::UnknownFile { .. }
            | Self::NoDeletionVectors { .. }
            | Self::RowsGone { .. }
            | Self::FileThere { .. }
            | Self::OtherTable { .. }
            | Self::Parquet { .. }
            | Self::Arrow { .. }
            | Self::Scan { .. }
            | Self::Schema { .. }
            | Self::WriterGone { .. } => Fault::Internal,
        }
    }

    fn retry_helps(&self) -> bool {
        matches!(self, Self::Conflict { .. } | Self::DiskFull { .. } | Self::Store { .. } | Self::Journal { .. })
    }
}

fn version_text(version: Option<i64>) -> String {
    version.map_or_else(|| "none".to_owned(), |version| version.to_string())
}

/// An error and everything below it. Wrappers of DataFusion and Parquet that hide their cause from `source` are opened.
fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| below(*error))
}

fn below<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    inner(error).or_else(|| error.source())
}

fn inner<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    if let Some(error) = error.downcast_ref::<DataFusionError>() {
        return match error {
            DataFusionError::ParquetError(error) => Some(error.as_ref()),
            DataFusionError::ArrowError(error, _) => Some(error.as_ref()),
            DataFusionError::ObjectStore(error) => Some(error.as_ref()),
            DataFusionError::External(error) => Some(error.as_ref()),
            DataFusionError::IoError(error) => Some(error),
            DataFusionError::Context(_, error) | DataFusionError::Diagnostic(_, error) => Some(error.as_ref()),
            DataFusionError::Shared(error) => Some(error.as_ref()),
            DataFusionError::Collection(errors) => errors.first().map(|error| error as &(dyn StdError + 'static)),
            _ => None,
        };
    }
    if let Some(ParquetError::External(error)) = error.downcast_ref::<ParquetError>() {
        return Some(error.as_ref());
    }
    if let Some(arrow::error::ArrowError::ExternalError(error)) = error.downcast_ref::<arrow::error::ArrowError>() {
        return Some(error.as_ref());
    }
    match error.downcast_ref::<object_store::Error>() {
        Some(object_store::Error::Generic { source, .. }) => Some(source.as_ref()),
        _ => error.downcast_ref::<io::Error>().and_then(|error| error.get_ref()).map(|error| error as &(dyn StdError + 'static)),
    }
}

fn is_disk_full(error: &(dyn StdError + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded))
}

/// The path of an object that is gone. DataFusion turns the failed read of a footer into text, so that the words are all
/// that is left of it.
fn missing_object(error: &DataFusionError) -> Option<String> {
    for cause in chain(error) {
        if let Some(object_store::Error::NotFound { path, .. }) = cause.downcast_ref::<object_store::Error>() {
            return Some(path.clone());
        }
    }
    let text = error.to_string();
    let (_, rest) = text.split_once("Object at location ")?;
    let (path, _) = rest.split_once(" not found")?;
    Some(path.to_owned())
}
