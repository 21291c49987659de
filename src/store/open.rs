//! Opening the database, bringing it up to date, and keeping a second working process away.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::FixedOffset;
use sqlx::SqlitePool;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::backup::DATABASE;
use super::{Store, StoreError};

/// Its name is no part of a backup, and a storage that holds nothing else is empty.
pub const LOCK: &str = "mailtally.lock";

/// How long a process waits for another one's write.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
const READERS: u32 = 4;

/// The tables, embedded. A new file there is seen when this file is compiled again.
static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

impl Store {
    /// Opens the storage for writing; makes directory and database where they are absent, and brings the tables up to
    /// date. Moments come back in `offset`. Two processes may do so at once: who works on the storage as a whole takes
    /// [`Store::lock`] besides.
    ///
    /// # Errors
    /// The disk's; a database by a newer program.
    pub async fn open(directory: &Path, offset: FixedOffset) -> Result<Self, StoreError> {
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(|source| at(directory, source))?;
        // Two processes that make the same tables at once would get in each other's way; held until this returns.
        let _alone = lock_directory(directory).await?;
        let path = directory.join(DATABASE);
        // SQLite gives its -wal and -shm files the mode of this one.
        OpenOptions::new().append(true).create(true).mode(0o600).open(&path).map_err(|source| at(&path, source))?;
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT);
        let pool = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
        let writer =
            pool.connect_with(options).await.map_err(|source| StoreError::Open { path: path.clone(), source })?;
        if let Err(source) = MIGRATIONS.run(&writer).await {
            writer.close().await;
            return Err(StoreError::Migration { path, source: Box::new(source) });
        }
        let reader = connect_reader(&path).await?;
        Ok(Self { writer: Some(writer), reader, offset, path })
    }

    /// Opens the storage for reading alone; works beside a running daemon and changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Absent`] where there is no database; [`StoreError::Outdated`] where it is older than this program.
    pub async fn open_reading(directory: &Path, offset: FixedOffset) -> Result<Self, StoreError> {
        let path = directory.join(DATABASE);
        match std::fs::metadata(&path) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(StoreError::Absent { path }),
            Err(source) => return Err(at(&path, source)),
        }
        let reader = connect_reader(&path).await?;
        let store = Self { writer: None, reader, offset, path };
        match store.tables_are_current().await {
            Ok(()) => Ok(store),
            Err(error) => {
                store.close().await;
                Err(error)
            }
        }
    }

    /// Takes the storage for this process: one works on it at a time. `command` is what a second one is told, such as
    /// `mailtally run`. Released on drop, and by the system when the process dies.
    ///
    /// # Errors
    /// [`StoreError::Busy`] with the process that has it.
    pub fn lock(directory: &Path, command: &str) -> Result<StorageLock, StoreError> {
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(|source| at(directory, source))?;
        let path = directory.join(LOCK);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(|source| at(&path, source))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let (pid, command) = holder(&mut file);
                return Err(StoreError::Busy { path, pid, command });
            }
            Err(TryLockError::Error(source)) => return Err(at(&path, source)),
        }
        let line = format!("{} {}\n", std::process::id(), command.replace(['\n', '\r'], " "));
        file.set_len(0).and_then(|()| file.write_all(line.as_bytes())).map_err(|source| at(&path, source))?;
        Ok(StorageLock { file })
    }

    /// Whether the tables are those this program knows.
    async fn tables_are_current(&self) -> Result<(), StoreError> {
        let known = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default();
        let bookkeeping: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema WHERE name = '_sqlx_migrations'")
            .fetch_one(&self.reader)
            .await
            .map_err(|source| StoreError::Open { path: self.path.clone(), source })?;
        let found: i64 = if bookkeeping == 0 {
            0
        } else {
            sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM _sqlx_migrations WHERE success")
                .fetch_one(&self.reader)
                .await?
        };
        match found.cmp(&known) {
            std::cmp::Ordering::Equal => Ok(()),
            std::cmp::Ordering::Less => Err(StoreError::Outdated { path: self.path.clone() }),
            std::cmp::Ordering::Greater => Err(StoreError::Migration {
                path: self.path.clone(),
                source: Box::new(sqlx::migrate::MigrateError::VersionMissing(found)),
            }),
        }
    }
}

async fn connect_reader(path: &Path) -> Result<SqlitePool, StoreError> {
    let options = SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(BUSY_TIMEOUT);
    let pool = SqlitePoolOptions::new().max_connections(READERS);
    pool.connect_with(options).await.map_err(|source| StoreError::Open { path: path.to_owned(), source })
}

/// The right to work on a storage.
#[derive(Debug)]
pub struct StorageLock {
    file: File,
}

impl Drop for StorageLock {
    fn drop(&mut self) {
        // The name goes first, so that nobody is told of a process that has left. Closing the file unlocks it.
        let _ = self.file.set_len(0);
    }
}

/// Who holds the lock. It may have taken it this very moment and not yet have written its name.
fn holder(file: &mut File) -> (Option<u32>, String) {
    for _ in 0..10 {
        let mut line = String::new();
        let read = file.rewind().and_then(|()| file.read_to_string(&mut line));
        if let (Ok(_), Some((pid, command))) = (read, line.trim_end().split_once(' ')) {
            return (pid.parse().ok(), command.to_owned());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    (None, "unknown".to_owned())
}

/// Waits for its turn on the directory itself.
async fn lock_directory(directory: &Path) -> Result<File, StoreError> {
    let path: PathBuf = directory.to_owned();
    let locked = tokio::task::spawn_blocking(move || {
        let file = File::open(&path)?;
        file.lock()?;
        Ok(file)
    });
    match locked.await {
        Ok(result) => result.map_err(|source| at(directory, source)),
        Err(panicked) => Err(at(directory, io::Error::other(panicked))),
    }
}

fn at(path: &Path, source: io::Error) -> StoreError {
    StoreError::File { path: path.to_owned(), source }
}
