//! What a backup takes out of the database, and what a restored one must know about itself.

use std::path::Path;

use chrono::{DateTime, FixedOffset};

use super::{Store, StoreError, digest, millis};
use crate::model::mail::Digest;

/// The database's file in a storage, and in a backup.
pub const DATABASE: &str = "mailtally.sqlite";

impl Store {
    /// Writes the database as it stands at one moment into a new file, while others go on writing.
    ///
    /// # Errors
    /// The database's; where the file exists.
    pub async fn snapshot(&self, into: &Path) -> Result<(), StoreError> {
        let path = into.to_str().ok_or_else(|| super::garbled("path", into.display()))?;
        sqlx::query("VACUUM INTO ?1").bind(path).execute(&self.reader).await?;
        Ok(())
    }

    /// Every mail that was ever handed in and not purged since, and so must be in the archive, in the order of its digest.
    ///
    /// # Errors
    /// The database's.
    pub async fn handed_in(&self) -> Result<Vec<Digest>, StoreError> {
        let rows: Vec<String> =
            sqlx::query_scalar(
                "SELECT sha256 FROM sightings UNION SELECT sha256 FROM mails EXCEPT SELECT mail FROM purged ORDER BY sha256",
            )
            .fetch_all(&self.reader)
            .await?;
        rows.iter().map(|row| digest(row)).collect()
    }

    /// Notes that this storage was filled from a backup. Letters that were waiting when the backup was made may have gone
    /// out since: they become `unknown`, are looked for among the sent mail, and wait for a person where they are not
    /// found. Returns how many these are.
    ///
    /// # Errors
    /// The database's.
    pub async fn note_restoration(
        &self,
        backup_made_at: DateTime<FixedOffset>,
        now: DateTime<FixedOffset>,
    ) -> Result<u64, StoreError> {
        let mut write = self.begin().await?;
        sqlx::query("INSERT OR REPLACE INTO restorations (at, backup_made_at) VALUES (?1, ?2)")
            .bind(millis(now))
            .bind(millis(backup_made_at))
            .execute(&mut *write)
            .await?;
        let waiting = sqlx::query(
            "UPDATE letters SET state = 'unknown', last_reply = '由备份恢复，不知备份之后是否已经发出'
             WHERE state IN ('queued', 'sending')",
        )
        .execute(&mut *write)
        .await?;
        sqlx::query("UPDATE attempts SET outcome = 'unknown' WHERE outcome = 'sending'").execute(&mut *write).await?;
        write.commit().await?;
        Ok(waiting.rows_affected())
    }
}
