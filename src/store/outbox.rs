//! The outbox as lists show it and as the quotas count it.

use chrono::{DateTime, FixedOffset};
use sqlx::SqliteConnection;

use super::letters::{LetterRow, StoredLetter};
use super::{Store, StoreError, millis};
use crate::model::letter::{LetterKey, LetterKind, LetterState};
use crate::model::standing::LetterLine;
use crate::model::unit::UnitCode;

/// Which letters to list; what is `None` does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LetterFilter {
    pub campaign: Option<String>,
    pub unit: Option<UnitCode>,
    pub kind: Option<LetterKind>,
    pub state: Option<LetterState>,
}

/// One time a letter was dialled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub at: DateTime<FixedOffset>,
    /// The state it left the letter in; `sending` while nobody knows.
    pub outcome: String,
    /// What the server said.
    pub reply: Option<String>,
}

impl Store {
    /// Every time this letter was dialled, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn attempts(&self, key: &LetterKey) -> Result<Vec<Attempt>, StoreError> {
        let rows: Vec<(i64, String, Option<String>)> =
            sqlx::query_as("SELECT at, outcome, reply FROM attempts WHERE letter = ?1 ORDER BY id")
                .bind(key.text())
                .fetch_all(&self.reader)
                .await?;
        rows.into_iter().map(|(at, outcome, reply)| Ok(Attempt { at: self.moment(at)?, outcome, reply })).collect()
    }

    /// How many recipients the provider has counted since then: attempts that were accepted, or may have been.
    ///
    /// # Errors
    /// The database's.
    pub async fn sent_since(&self, since: DateTime<FixedOffset>) -> Result<u32, StoreError> {
        Ok(sqlx::query_scalar(
            "SELECT coalesce(sum(max(1, json_array_length(recipients))), 0)
             FROM attempts JOIN letters ON key = letter
             WHERE at >= ?1 AND outcome IN ('sending', 'sent', 'unknown')",
        )
        .bind(millis(since))
        .fetch_one(&self.reader)
        .await?)
    }

    /// How many letters this address was owed since then, sent or not.
    ///
    /// # Errors
    /// The database's.
    pub async fn owed_to_since(&self, address: &str, since: DateTime<FixedOffset>) -> Result<u32, StoreError> {
        owed_to_since(&mut *self.reader.acquire().await?, address, since).await
    }

    /// The letter this address got last since then, if any.
    ///
    /// # Errors
    /// The database's.
    pub async fn last_letter_to(
        &self,
        address: &str,
        since: DateTime<FixedOffset>,
    ) -> Result<Option<StoredLetter>, StoreError> {
        let row = last_letter_to(&mut *self.reader.acquire().await?, address, since).await?;
        row.map(|row| self.letter_from(row)).transpose()
    }

    /// How many digests of this campaign were due before then, and when the last of those that went out was.
    ///
    /// # Errors
    /// The database's.
    pub async fn digests_before(
        &self,
        campaign: &str,
        moment: DateTime<FixedOffset>,
    ) -> Result<(u32, Option<DateTime<FixedOffset>>), StoreError> {
        let (count, last): (u32, Option<i64>) = sqlx::query_as(
            "SELECT count(*), max(CASE state WHEN 'sent' THEN due_at END) FROM letters
             WHERE kind = 'digest' AND campaign = ?1 AND due_at < ?2",
        )
        .bind(campaign)
        .bind(millis(moment))
        .fetch_one(&self.reader)
        .await?;
        Ok((count, self.moment_if_any(last)?))
    }

    /// The letters that fit, in the order they are due.
    ///
    /// # Errors
    /// The database's.
    pub async fn letters(&self, filter: &LetterFilter) -> Result<Vec<LetterLine>, StoreError> {
        let rows: Vec<LetterRow> = sqlx::query_as(
            "SELECT * FROM letters
             WHERE (?1 IS NULL OR campaign = ?1) AND (?2 IS NULL OR unit = ?2)
               AND (?3 IS NULL OR kind = ?3) AND (?4 IS NULL OR state = ?4)
             ORDER BY due_at, key",
        )
        .bind(&filter.campaign)
        .bind(filter.unit.as_ref().map(UnitCode::as_str))
        .bind(filter.kind.map(LetterKind::as_str))
        .bind(filter.state.map(LetterState::as_str))
        .fetch_all(&self.reader)
        .await?;
        rows.into_iter().map(|row| Ok(line(self.letter_from(row)?))).collect()
    }

    /// Letters of this campaign, or of none, that wait for a person: held, refused, sent back, or of unknown fate.
    ///
    /// # Errors
    /// The database's.
    pub async fn stuck_letters(&self, campaign: &str) -> Result<Vec<LetterLine>, StoreError> {
        let rows: Vec<LetterRow> = sqlx::query_as(
            "SELECT * FROM letters
             WHERE campaign IN (?1, '') AND state IN ('held', 'refused', 'unknown') ORDER BY due_at, key",
        )
        .bind(campaign)
        .fetch_all(&self.reader)
        .await?;
        rows.into_iter().map(|row| Ok(line(self.letter_from(row)?))).collect()
    }
}

pub(super) async fn owed_to_since(
    connection: &mut SqliteConnection,
    address: &str,
    since: DateTime<FixedOffset>,
) -> Result<u32, StoreError> {
    Ok(sqlx::query_scalar(
        "SELECT count(*) FROM letter_recipients JOIN letters ON letters.key = letter
         WHERE address = lower(?1) AND letter_recipients.created_at >= ?2 AND state <> 'cancelled'",
    )
    .bind(address)
    .bind(millis(since))
    .fetch_one(connection)
    .await?)
}

pub(super) async fn last_letter_to(
    connection: &mut SqliteConnection,
    address: &str,
    since: DateTime<FixedOffset>,
) -> Result<Option<LetterRow>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT letters.* FROM letter_recipients JOIN letters ON letters.key = letter
         WHERE address = lower(?1) AND sent_at >= ?2 ORDER BY sent_at DESC LIMIT 1",
    )
    .bind(address)
    .bind(millis(since))
    .fetch_optional(connection)
    .await?)
}

fn line(letter: StoredLetter) -> LetterLine {
    LetterLine {
        key: letter.order.key.text(),
        kind: letter.order.key.kind(),
        campaign: letter.order.campaign,
        unit: letter.order.unit,
        recipients: letter.order.recipients,
        state: letter.state,
        due_at: letter.order.due_at,
        sent_at: letter.sent_at,
        last_reply: letter.last_reply,
    }
}
