//! The outbox: letters owed once each, claimed before dialling, settled after.

use chrono::{DateTime, FixedOffset};
use sqlx::{FromRow, SqliteConnection};

use super::owed::insert;
use super::{Store, StoreError, events, garbled, millis, unit_code};
use crate::model::ledger::Event;
use crate::model::letter::{AWAITS_RELEASE, LetterKey, LetterOrder, LetterState};

/// A letter as the outbox holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredLetter {
    pub order: LetterOrder,
    /// Without angle brackets.
    pub message_id: String,
    pub attempts: u32,
    pub state: LetterState,
    pub sent_at: Option<DateTime<FixedOffset>>,
    /// When it was put into the outbox.
    pub owed_at: DateTime<FixedOffset>,
    /// The last thing a server said, or why it was held.
    pub last_reply: Option<String>,
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// `Queued` to try again.
    pub state: LetterState,
    /// For `Queued`: not before this moment.
    pub next_attempt_at: Option<DateTime<FixedOffset>>,
    /// What the server said.
    pub reply: String,
}

#[derive(FromRow)]
pub(super) struct LetterRow {
    key: String,
    message_id: String,
    campaign: String,
    unit: Option<String>,
    recipients: String,
    facts: String,
    state: String,
    due_at: i64,
    expires_at: Option<i64>,
    attempts: u32,
    sent_at: Option<i64>,
    created_at: i64,
    last_reply: Option<String>,
}

impl Store {
    /// Puts letters into the outbox; those whose key is known stay as they are. Returns how many are new.
    ///
    /// # Errors
    /// The database's; then none is queued.
    pub async fn queue(
        &self,
        orders: &[LetterOrder],
        sender_domain: &str,
        now: DateTime<FixedOffset>,
    ) -> Result<usize, StoreError> {
        let mut write = self.begin().await?;
        let new = insert(&mut write, orders.iter(), sender_domain, now).await?;
        write.commit().await?;
        Ok(usize::try_from(new).unwrap_or(usize::MAX))
    }

    /// The same, but the new ones wait for a person's word before they go.
    ///
    /// # Errors
    /// The database's; then none is queued.
    pub async fn queue_for_release(
        &self,
        orders: &[LetterOrder],
        sender_domain: &str,
        now: DateTime<FixedOffset>,
    ) -> Result<usize, StoreError> {
        let mut write = self.begin().await?;
        let mut new = 0;
        for order in orders {
            if insert(&mut write, std::iter::once(order), sender_domain, now).await? > 0 {
                sqlx::query("UPDATE letters SET state = 'held', last_reply = ?2 WHERE key = ?1")
                    .bind(order.key.text())
                    .bind(AWAITS_RELEASE)
                    .execute(&mut *write)
                    .await?;
                new += 1;
            }
        }
        write.commit().await?;
        Ok(new)
    }

    /// The letters whose turn it is, at most `limit`: receipts first, then by when they were due. Of reminders those go
    /// first whose unit has waited longest for one, so that a small quota leaves nobody out for good. Expired letters are
    /// not among them.
    ///
    /// # Errors
    /// The database's.
    pub async fn due_letters(&self, now: DateTime<FixedOffset>, limit: u32) -> Result<Vec<StoredLetter>, StoreError> {
        let rows: Vec<LetterRow> = sqlx::query_as(
            "SELECT * FROM letters
             WHERE state = 'queued' AND due_at <= ?1 AND next_attempt_at <= ?1
               AND (expires_at IS NULL OR expires_at > ?1)
             ORDER BY priority,
                      CASE kind WHEN 'reminder' THEN coalesce((
                          SELECT max(earlier.sent_at) FROM letters AS earlier
                          WHERE earlier.campaign = letters.campaign AND earlier.unit = letters.unit
                            AND earlier.kind = 'reminder'), 0)
                      END,
                      due_at, key
             LIMIT ?2",
        )
        .bind(millis(now))
        .bind(limit)
        .fetch_all(&self.reader)
        .await?;
        rows.into_iter().map(|row| self.letter_from(row)).collect()
    }

    /// A queued letter's turn comes not before this moment; that is no attempt.
    ///
    /// # Errors
    /// The database's.
    pub async fn postpone(&self, key: &LetterKey, until: DateTime<FixedOffset>) -> Result<(), StoreError> {
        let mut write = self.begin().await?;
        sqlx::query("UPDATE letters SET next_attempt_at = ?2 WHERE key = ?1 AND state = 'queued'")
            .bind(key.text())
            .bind(millis(until))
            .execute(&mut *write)
            .await?;
        write.commit().await?;
        Ok(())
    }

    /// Writes an attempt down; to be called before dialling. `false` where the letter is no longer queued: somebody
    /// else has it, or it was cancelled.
    ///
    /// # Errors
    /// The database's; then nobody may dial.
    pub async fn claim(&self, key: &LetterKey, now: DateTime<FixedOffset>) -> Result<bool, StoreError> {
        let key = key.text();
        let mut write = self.begin().await?;
        let claimed = sqlx::query(
            "UPDATE letters SET state = 'sending', attempts = attempts + 1 WHERE key = ?1 AND state = 'queued'",
        )
        .bind(&key)
        .execute(&mut *write)
        .await?;
        if claimed.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query("INSERT INTO attempts (letter, at, outcome) VALUES (?1, ?2, 'sending')")
            .bind(&key)
            .bind(millis(now))
            .execute(&mut *write)
            .await?;
        write.commit().await?;
        Ok(true)
    }

    /// Writes down what came of the attempt, with the event that follows from it, in one transaction.
    ///
    /// # Errors
    /// [`StoreError::NotBeingSent`] where the letter was not claimed; the database's, and then it stays claimed.
    pub async fn settle(
        &self,
        key: &LetterKey,
        settled: &Settled,
        event: Option<&Event>,
        now: DateTime<FixedOffset>,
    ) -> Result<(), StoreError> {
        let key = key.text();
        let mut write = self.begin().await?;
        let changed = sqlx::query(
            "UPDATE letters
             SET state = ?2, next_attempt_at = ?3, last_reply = ?4,
                 sent_at = CASE ?2 WHEN 'sent' THEN (SELECT max(at) FROM attempts WHERE letter = key) END
             WHERE key = ?1 AND state = 'sending'",
        )
        .bind(&key)
        .bind(settled.state.as_str())
        .bind(millis(settled.next_attempt_at.unwrap_or(now)))
        .bind(&settled.reply)
        .execute(&mut *write)
        .await?;
        if changed.rows_affected() == 0 {
            return Err(StoreError::NotBeingSent(key));
        }
        sqlx::query("UPDATE attempts SET outcome = ?2, reply = ?3 WHERE letter = ?1 AND outcome = 'sending'")
            .bind(&key)
            .bind(settled.state.as_str())
            .bind(&settled.reply)
            .execute(&mut *write)
            .await?;
        events::insert(&mut write, event.map_or(&[], std::slice::from_ref)).await?;
        write.commit().await?;
        Ok(())
    }

    /// At start: what a crash left in the middle of an attempt may have been accepted, or not. Such letters become
    /// `Unknown` and are returned. Only the holder of the [`super::StorageLock`] may call it.
    ///
    /// # Errors
    /// The database's.
    pub async fn recover_interrupted(&self) -> Result<Vec<StoredLetter>, StoreError> {
        let mut write = self.begin().await?;
        let rows: Vec<LetterRow> = sqlx::query_as(
            "UPDATE letters SET state = 'unknown', last_reply = '发送时程序中断，不知服务器是否已经收下'
             WHERE state = 'sending' RETURNING *",
        )
        .fetch_all(&mut *write)
        .await?;
        sqlx::query("UPDATE attempts SET outcome = 'unknown' WHERE outcome = 'sending'").execute(&mut *write).await?;
        write.commit().await?;
        rows.into_iter().map(|row| self.letter_from(row)).collect()
    }

    /// Letters that wait and are worthless by now become `Cancelled` and are returned: those that are queued, and those held
    /// before any server saw them. What a server disliked stays before the office.
    ///
    /// # Errors
    /// The database's.
    pub async fn cancel_expired(&self, now: DateTime<FixedOffset>) -> Result<Vec<StoredLetter>, StoreError> {
        let mut write = self.begin().await?;
        let rows: Vec<LetterRow> = sqlx::query_as(
            "UPDATE letters SET state = 'cancelled', last_reply = '已过时效，不再发送' || coalesce('（' || last_reply || '）', '')
             WHERE (state = 'queued' OR (state = 'held' AND attempts = 0)) AND expires_at <= ?1 RETURNING *",
        )
        .bind(millis(now))
        .fetch_all(&mut *write)
        .await?;
        write.commit().await?;
        rows.into_iter().map(|row| self.letter_from(row)).collect()
    }

    /// Puts a letter that nobody is sending into another state, with the event that follows from it: hold, cancel, queue
    /// again by a person's word, or say that an unknown one did go out. `false` where it is being sent or was sent: what
    /// went out is never queued again.
    ///
    /// # Errors
    /// [`StoreError::NoSuchLetter`]; the database's.
    pub async fn set_letter_state(
        &self,
        key: &LetterKey,
        state: LetterState,
        reason: &str,
        event: Option<&Event>,
        now: DateTime<FixedOffset>,
    ) -> Result<bool, StoreError> {
        let key = key.text();
        let mut write = self.begin().await?;
        let changed = sqlx::query(
            "UPDATE letters
             SET state = ?2, last_reply = ?3, next_attempt_at = ?4,
                 sent_at = CASE ?2 WHEN 'sent' THEN (SELECT coalesce(max(at), ?4) FROM attempts WHERE letter = key) END
             WHERE key = ?1 AND state NOT IN ('sending', 'sent')",
        )
        .bind(&key)
        .bind(state.as_str())
        .bind(reason)
        .bind(millis(now))
        .execute(&mut *write)
        .await?;
        if changed.rows_affected() == 0 {
            let known: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM letters WHERE key = ?1)")
                .bind(&key)
                .fetch_one(&mut *write)
                .await?;
            return if known { Ok(false) } else { Err(StoreError::NoSuchLetter(key)) };
        }
        events::insert(&mut write, event.map_or(&[], std::slice::from_ref)).await?;
        write.commit().await?;
        Ok(true)
    }

    /// The letter of this key.
    ///
    /// # Errors
    /// The database's.
    pub async fn letter(&self, key: &LetterKey) -> Result<Option<StoredLetter>, StoreError> {
        let row: Option<LetterRow> = sqlx::query_as("SELECT * FROM letters WHERE key = ?1")
            .bind(key.text())
            .fetch_optional(&self.reader)
            .await?;
        row.map(|row| self.letter_from(row)).transpose()
    }

    /// The letter of this Message-ID, given with or without angle brackets: a bounce names it.
    ///
    /// # Errors
    /// The database's.
    pub async fn letter_by_message_id(&self, message_id: &str) -> Result<Option<StoredLetter>, StoreError> {
        let row = by_message_id(&mut *self.reader.acquire().await?, message_id).await?;
        row.map(|row| self.letter_from(row)).transpose()
    }

    pub(super) fn letter_from(&self, row: LetterRow) -> Result<StoredLetter, StoreError> {
        let order = LetterOrder {
            key: LetterKey::parse(&row.key).ok_or_else(|| garbled("letter key", &row.key))?,
            campaign: row.campaign,
            unit: unit_code(row.unit),
            recipients: serde_json::from_str(&row.recipients).map_err(|_| garbled("letter's recipients", &row.key))?,
            facts: serde_json::from_str(&row.facts).map_err(|_| garbled("letter's facts", &row.key))?,
            due_at: self.moment(row.due_at)?,
            expires_at: self.moment_if_any(row.expires_at)?,
        };
        Ok(StoredLetter {
            order,
            message_id: row.message_id,
            attempts: row.attempts,
            state: LetterState::parse(&row.state).ok_or_else(|| garbled("letter state", &row.state))?,
            sent_at: self.moment_if_any(row.sent_at)?,
            owed_at: self.moment(row.created_at)?,
            last_reply: row.last_reply,
        })
    }
}

pub(super) async fn by_message_id(
    connection: &mut SqliteConnection,
    message_id: &str,
) -> Result<Option<LetterRow>, StoreError> {
    Ok(sqlx::query_as("SELECT * FROM letters WHERE message_id = ?1")
        .bind(bare(message_id))
        .fetch_optional(connection)
        .await?)
}

pub(super) fn bare(message_id: &str) -> &str {
    message_id.trim().trim_start_matches('<').trim_end_matches('>')
}
