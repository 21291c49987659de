//! The only SQL in the program: mails, events, readings, letters, places and accounts in one SQLite file.
//!
//! One connection writes, each write in one `BEGIN IMMEDIATE` transaction; a few read beside it and never block it.
//! Other processes may write too (a person's acts beside the daemon): they wait for each other for some seconds.

mod accounts;
mod acts;
mod backup;
mod events;
mod letters;
mod mails;
mod open;
mod outbox;
mod owed;
mod places;
mod purging;
mod readings;
mod recording;
mod revise;
mod rows;
mod signatures;
mod standings;
mod views;
mod watch;

use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, FixedOffset};
use sqlx::{Sqlite, SqlitePool, Transaction};

use crate::model::mail::Digest;
use crate::model::unit::UnitCode;

pub use accounts::AccountState;
pub use acts::Act;
pub use backup::DATABASE;
pub use letters::{Settled, StoredLetter};
pub use mails::{Recorded, Sighting};
pub use open::{LOCK, StorageLock};
pub use outbox::LetterFilter;
pub use places::PlaceContent;
pub use purging::{Portion, PurgedBy};
pub use recording::Recording;
pub use revise::{Change, NewMail};
pub use standings::KeptStandings;
pub use views::HistoryLine;
pub use watch::Due;

/// The store of one storage directory. Cheap to clone; every clone shares the connections.
#[derive(Clone, Debug)]
pub struct Store {
    /// `None` in a store opened for reading.
    writer: Option<SqlitePool>,
    reader: SqlitePool,
    /// Every moment comes back in this offset.
    offset: FixedOffset,
    path: PathBuf,
}

/// Why the store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("{path}: {source}", path = path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{path}: there is no database here yet; `run`, `once` or `ingest` makes it", path = path.display())]
    Absent { path: PathBuf },
    #[error("{path}: the database was made by an older mailtally; run any writing command once to bring it up to date", path = path.display())]
    Outdated { path: PathBuf },
    #[error("{path}: the database was made by a newer mailtally, or its tables were altered; install that version again, or restore the backup made before the upgrade", path = path.display())]
    Migration { path: PathBuf, source: Box<sqlx::migrate::MigrateError> },
    #[error("{path}: the database cannot be opened: {source}", path = path.display())]
    Open { path: PathBuf, source: sqlx::Error },
    /// Another process works on the storage.
    #[error("{path}: the storage is in use by process {pid} ({command})", path = path.display(), pid = pid.map_or_else(|| "unknown".to_owned(), |pid| pid.to_string()))]
    Busy { path: PathBuf, pid: Option<u32>, command: String },
    #[error("{path}: the database was opened for reading only", path = path.display())]
    ReadOnly { path: PathBuf },
    #[error("the database did not do what it was asked: {0}")]
    Database(#[from] sqlx::Error),
    /// A row that no version of this program wrote.
    #[error("the database holds a {what} that cannot be understood: {value}")]
    Garbled { what: &'static str, value: String },
    #[error("a value could not be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the mail {} is not recorded", .0.short())]
    NoSuchMail(Digest),
    #[error("the letter {0} is not being sent, so nothing can have come of it")]
    NotBeingSent(String),
    #[error("a letter with the key {0} is not known")]
    NoSuchLetter(String),
    #[error("there is no review {0}")]
    NoSuchReview(i64),
    #[error("review {0} is settled already")]
    ReviewAlreadySettled(i64),
    /// What an act was judged on has changed meanwhile.
    #[error("something else was recorded of the same units or mails meanwhile")]
    Overtaken,
}

impl Store {
    /// The database file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Closes every connection after what is under way; the log is folded into the database file.
    pub async fn close(&self) {
        self.reader.close().await;
        if let Some(writer) = &self.writer {
            writer.close().await;
        }
    }

    /// What SQLite's own check finds wrong with the file; empty when all is well.
    ///
    /// # Errors
    /// When the file cannot be read at all.
    pub async fn check(&self) -> Result<Vec<String>, StoreError> {
        let mut lines: Vec<String> = sqlx::query_scalar("PRAGMA quick_check(100)").fetch_all(&self.reader).await?;
        lines.retain(|line| line != "ok");
        let orphans: i64 =
            sqlx::query_scalar("SELECT count(*) FROM pragma_foreign_key_check").fetch_one(&self.reader).await?;
        if orphans > 0 {
            lines.push(format!("{orphans} rows refer to rows that are not there"));
        }
        Ok(lines)
    }

    /// Begins a write. Dropped without a commit, nothing of it happened.
    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        let writer = self.writer.as_ref().ok_or_else(|| StoreError::ReadOnly { path: self.path.clone() })?;
        // A plain BEGIN takes the write lock at the first write, and fails there if somebody else wrote meanwhile.
        match writer.begin_with("BEGIN IMMEDIATE").await {
            // SQLite takes a transaction back by itself when the disk is full, and the connection goes on counting it: it
            // would refuse every write from then on.
            Err(sqlx::Error::InvalidSavePointStatement) => {
                writer.acquire().await?.close().await?;
                Ok(writer.begin_with("BEGIN IMMEDIATE").await?)
            }
            begun => Ok(begun?),
        }
    }

    /// A stored moment, in the office's time zone.
    fn moment(&self, millis: i64) -> Result<DateTime<FixedOffset>, StoreError> {
        let utc = DateTime::from_timestamp_millis(millis).ok_or_else(|| garbled("moment", millis))?;
        Ok(utc.with_timezone(&self.offset))
    }

    fn moment_if_any(&self, millis: Option<i64>) -> Result<Option<DateTime<FixedOffset>>, StoreError> {
        millis.map(|millis| self.moment(millis)).transpose()
    }
}

/// A moment as it is stored; what is finer than a millisecond is cut off.
fn millis(moment: DateTime<FixedOffset>) -> i64 {
    moment.timestamp_millis()
}

fn garbled(what: &'static str, value: impl ToString) -> StoreError {
    StoreError::Garbled { what, value: value.to_string().chars().take(80).collect() }
}

fn digest(text: &str) -> Result<Digest, StoreError> {
    Digest::parse(text).ok_or_else(|| garbled("digest", text))
}

fn unit_code(text: Option<String>) -> Option<UnitCode> {
    text.map(|code| UnitCode::new(&code))
}
