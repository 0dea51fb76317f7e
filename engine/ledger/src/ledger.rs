//! Opening the ledger and its transactions.

use std::path::Path;
use std::time::{Duration, Instant};

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{SqlSafeStr, Sqlite, Transaction};

use crate::error::{Error, Result};

/// How long a statement waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// How long to wait before trying again to open a file that somebody else is making.
const BUSY_PAUSE: Duration = Duration::from_millis(20);

/// A few connections, so that a reader does not wait for a writer of the same process.
const CONNECTIONS: u32 = 4;

/// The ledger of a project: one SQLite file. Cloning it is cheap and shares the connections.
#[derive(Debug, Clone)]
pub struct Ledger {
    pool: SqlitePool,
}

impl Ledger {
    /// Opens the ledger at `path`; creates the file with its folder and brings its tables up to date.
    ///
    /// # Errors
    /// If the folder or file cannot be made or read, is no ledger, or was written by a newer version.
    pub async fn open(path: &Path) -> Result<Self> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|source| Error::CreateFolder { folder: folder.to_path_buf(), source })?;
        }
        // NORMAL: what is done is decided by the stamps in the lake. A ledger that lost its last moments in a power cut only
        // makes the next run look again, so it need not wait for the disk at every step.
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(BUSY_TIMEOUT)
            .foreign_keys(true);
        let pool = connect(options).await.map_err(|source| Error::Open { path: path.to_path_buf(), source })?;
        migrate(&pool, path).await?;
        Ok(Self { pool })
    }

    /// Closes all connections, which also folds the write-ahead log into the file. Without it nothing is lost, but
    /// `ledger.db-wal` stays until the next one closes.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    pub(crate) fn pool(&self) -> &SqlitePool {
        &self.pool
    }

    /// A transaction that has the right to write from its start. One that starts by reading would be refused at its first
    /// write, without waiting, if somebody else wrote in between.
    pub(crate) async fn begin(&self) -> Result<Transaction<'static, Sqlite>> {
        self.pool.begin_with("BEGIN IMMEDIATE").await.map_err(Error::doing("begin a transaction"))
    }

    pub(crate) async fn commit(transaction: Transaction<'static, Sqlite>) -> Result<()> {
        transaction.commit().await.map_err(Error::doing("commit a transaction"))
    }
}

/// Connects, and waits where somebody else is making the same new file: the switch to a write-ahead log is refused at once then, however
/// long the busy timeout (<https://www.sqlite.org/c3ref/busy_handler.html>).
async fn connect(options: SqliteConnectOptions) -> sqlx::Result<SqlitePool> {
    let start = Instant::now();
    loop {
        match SqlitePoolOptions::new().max_connections(CONNECTIONS).connect_with(options.clone()).await {
            Err(error) if is_busy(&error) && start.elapsed() < BUSY_TIMEOUT => tokio::time::sleep(BUSY_PAUSE).await,
            connected => return connected,
        }
    }
}

/// The code is SQLITE_BUSY.
fn is_busy(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == "5")
}

fn migrations() -> Migrator {
    let all = [
        (1, "ledger", include_str!("../migrations/0001_ledger.sql")),
        (2, "verification", include_str!("../migrations/0002_verification.sql")),
        (3, "maintain", include_str!("../migrations/0003_maintain.sql")),
        (4, "backfill", include_str!("../migrations/0004_backfill.sql")),
    ];
    Migrator::with_migrations(
        all.into_iter().map(|(version, name, sql)| Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)).collect(),
    )
}

/// All in one transaction that writes from its start, so that of two processes that open a new ledger at the same moment one
/// waits and then finds the tables there.
async fn migrate(pool: &SqlitePool, path: &Path) -> Result<()> {
    let open = |source| Error::Open { path: path.to_path_buf(), source };
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await.map_err(open)?;
    // Not `run`, whose future is not `Send` for a connection that is borrowed.
    match migrations().run_direct(None, &mut *transaction, false).await {
        Ok(()) => transaction.commit().await.map_err(open),
        Err(MigrateError::VersionMissing(version)) => Err(Error::Newer { path: path.to_path_buf(), version }),
        Err(source) => Err(Error::Migrate { path: path.to_path_buf(), source }),
    }
}
