//! What a watcher asks of the store: counts without a name in them, what is not accounted for, and a real write.

use chrono::{DateTime, FixedOffset};

use super::mails::nature;
use super::{Store, StoreError, digest, garbled, millis};
use crate::model::ledger::Nature;
use crate::model::letter::{LetterKind, LetterState};
use crate::model::mail::Digest;

/// The letters whose turn has come and that are not gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Due {
    pub letters: u32,
    /// When the turn of the one that waits longest came.
    pub since: Option<DateTime<FixedOffset>>,
}

impl Store {
    /// Writes a row and takes it into the file, as a mail would be; only to see that it can be done.
    ///
    /// # Errors
    /// The database's, when it cannot.
    pub async fn probe(&self, now: DateTime<FixedOffset>) -> Result<(), StoreError> {
        let mut write = self.begin().await?;
        sqlx::query(
            "INSERT INTO probe (one, written_at) VALUES (1, ?1) ON CONFLICT (one) DO UPDATE SET written_at = ?1",
        )
        .bind(millis(now))
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(())
    }

    /// How many mails are recorded, by what they are.
    ///
    /// # Errors
    /// The database's.
    pub async fn mails_by_nature(&self) -> Result<Vec<(Nature, i64)>, StoreError> {
        let rows: Vec<(String, i64)> =
            sqlx::query_as("SELECT nature, count(*) FROM mails GROUP BY nature").fetch_all(&self.reader).await?;
        rows.into_iter().map(|(text, count)| Ok((nature(&text)?, count))).collect()
    }

    /// How many letters there are, by kind and state.
    ///
    /// # Errors
    /// The database's.
    pub async fn letters_by_state(&self) -> Result<Vec<(LetterKind, LetterState, i64)>, StoreError> {
        let rows: Vec<(String, String, i64)> =
            sqlx::query_as("SELECT kind, state, count(*) FROM letters GROUP BY kind, state")
                .fetch_all(&self.reader)
                .await?;
        rows.into_iter()
            .map(|(kind, state, count)| {
                let known = LetterKind::ALL.into_iter().find(|known| known.as_str() == kind);
                let kind = known.ok_or_else(|| garbled("kind of letter", &kind))?;
                let known = LetterState::ALL.into_iter().find(|known| known.as_str() == state);
                Ok((kind, known.ok_or_else(|| garbled("state of a letter", &state))?, count))
            })
            .collect()
    }

    /// The letters that could go now, were there no quota.
    ///
    /// # Errors
    /// The database's.
    pub async fn due(&self, now: DateTime<FixedOffset>) -> Result<Due, StoreError> {
        let (letters, since): (u32, Option<i64>) = sqlx::query_as(
            "SELECT count(*), min(max(due_at, created_at)) FROM letters
             WHERE state IN ('queued', 'sending') AND due_at <= ?1 AND next_attempt_at <= ?1
               AND (expires_at IS NULL OR expires_at > ?1)",
        )
        .bind(millis(now))
        .fetch_one(&self.reader)
        .await?;
        Ok(Due { letters, since: self.moment_if_any(since)? })
    }

    /// When a letter was tried last.
    ///
    /// # Errors
    /// The database's.
    pub async fn last_attempt(&self) -> Result<Option<DateTime<FixedOffset>>, StoreError> {
        let at: Option<i64> = sqlx::query_scalar("SELECT max(at) FROM attempts").fetch_one(&self.reader).await?;
        self.moment_if_any(at)
    }

    /// The latest moment at which mail was recorded: the clock cannot stand before it.
    ///
    /// # Errors
    /// The database's.
    pub async fn last_recording(&self) -> Result<Option<DateTime<FixedOffset>>, StoreError> {
        let at: Option<i64> = sqlx::query_scalar("SELECT max(recorded_at) FROM mails").fetch_one(&self.reader).await?;
        self.moment_if_any(at)
    }

    /// Mails that were first handed in before that moment and are not recorded, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn unrecorded(&self, before: DateTime<FixedOffset>) -> Result<Vec<Digest>, StoreError> {
        let rows: Vec<String> = sqlx::query_scalar(
            "SELECT sha256 FROM sightings LEFT JOIN mails USING (sha256)
             WHERE mails.sha256 IS NULL AND first_seen_at <= ?1 ORDER BY first_seen_at, sha256",
        )
        .bind(millis(before))
        .fetch_all(&self.reader)
        .await?;
        rows.iter().map(|row| digest(row)).collect()
    }

    /// Mails that were set aside at that moment or later, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn set_aside_since(&self, since: DateTime<FixedOffset>) -> Result<Vec<Digest>, StoreError> {
        let rows: Vec<String> = sqlx::query_scalar(
            "SELECT mails.sha256 FROM mails JOIN sightings USING (sha256)
             WHERE last_failure IS NOT NULL AND recorded_at >= ?1 ORDER BY recorded_at, mails.sha256",
        )
        .bind(millis(since))
        .fetch_all(&self.reader)
        .await?;
        rows.iter().map(|row| digest(row)).collect()
    }
}
