//! What happened: appended, never changed, read back in the order of recording.

use sqlx::{FromRow, SqliteConnection};

use super::{Store, StoreError, digest, garbled, millis, unit_code};
use crate::model::ledger::{Actor, Event, EventKind};
use crate::model::unit::UnitCode;

#[derive(FromRow)]
pub(super) struct EventRow {
    id: i64,
    at: i64,
    campaign: String,
    unit: Option<String>,
    mail: Option<String>,
    person: Option<String>,
    detail: String,
}

impl Store {
    /// Appends these events, all or none, and returns their ids in the same order.
    ///
    /// # Errors
    /// The database's; [`StoreError::NoSuchReview`] and [`StoreError::ReviewAlreadySettled`] for a settlement.
    pub async fn append(&self, events: &[Event]) -> Result<Vec<i64>, StoreError> {
        let mut write = self.begin().await?;
        let ids = insert(&mut write, events).await?;
        write.commit().await?;
        Ok(ids)
    }

    /// Everything that happened in this campaign, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn events(&self, campaign: &str) -> Result<Vec<Event>, StoreError> {
        let rows: Vec<EventRow> = sqlx::query_as(
            "SELECT id, at, campaign, unit, mail, person, detail FROM events WHERE campaign = ?1 ORDER BY id",
        )
        .bind(campaign)
        .fetch_all(&self.reader)
        .await?;
        rows.into_iter().map(|row| self.event_from(row)).collect()
    }

    /// What happened in this campaign after the event of this id, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn events_after(&self, campaign: &str, id: i64) -> Result<Vec<Event>, StoreError> {
        let rows: Vec<EventRow> = sqlx::query_as(
            "SELECT id, at, campaign, unit, mail, person, detail FROM events
             WHERE id > ?2 AND campaign = ?1 ORDER BY id",
        )
        .bind(campaign)
        .bind(id)
        .fetch_all(&self.reader)
        .await?;
        rows.into_iter().map(|row| self.event_from(row)).collect()
    }

    /// Everything that happened to this unit in this campaign, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn events_of(&self, campaign: &str, unit: &UnitCode) -> Result<Vec<Event>, StoreError> {
        let rows: Vec<EventRow> = sqlx::query_as(
            "SELECT id, at, campaign, unit, mail, person, detail FROM events
             WHERE campaign = ?1 AND unit = ?2 ORDER BY id",
        )
        .bind(campaign)
        .bind(unit.as_str())
        .fetch_all(&self.reader)
        .await?;
        rows.into_iter().map(|row| self.event_from(row)).collect()
    }

    /// Everything that came of this mail, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn events_of_mail(&self, mail: &crate::model::mail::Digest) -> Result<Vec<Event>, StoreError> {
        let rows: Vec<EventRow> = sqlx::query_as(
            "SELECT id, at, campaign, unit, mail, person, detail FROM events WHERE mail = ?1 ORDER BY id",
        )
        .bind(mail.as_str())
        .fetch_all(&self.reader)
        .await?;
        rows.into_iter().map(|row| self.event_from(row)).collect()
    }

    /// The event of this number: for `review`, which names them.
    ///
    /// # Errors
    /// The database's.
    pub async fn event(&self, id: i64) -> Result<Option<Event>, StoreError> {
        let row: Option<EventRow> =
            sqlx::query_as("SELECT id, at, campaign, unit, mail, person, detail FROM events WHERE id = ?1")
                .bind(id)
                .fetch_optional(&self.reader)
                .await?;
        row.map(|row| self.event_from(row)).transpose()
    }

    pub(super) fn event_from(&self, row: EventRow) -> Result<Event, StoreError> {
        let kind =
            serde_json::from_str(&row.detail).map_err(|error| garbled("event", format!("{}: {error}", row.id)))?;
        Ok(Event {
            id: row.id,
            at: self.moment(row.at)?,
            campaign: row.campaign,
            unit: unit_code(row.unit),
            mail: row.mail.as_deref().map(digest).transpose()?,
            by: row.person.map_or(Actor::Machine, Actor::Person),
            kind,
        })
    }
}

/// Appends inside a transaction; the caller commits.
pub(super) async fn insert(write: &mut SqliteConnection, events: &[Event]) -> Result<Vec<i64>, StoreError> {
    let mut ids = Vec::with_capacity(events.len());
    for event in events {
        if let EventKind::ReviewSettled { review, .. } = event.kind {
            refuse_a_second_settlement(write, review).await?;
        }
        let person = match &event.by {
            Actor::Machine => None,
            Actor::Person(name) => Some(name.as_str()),
        };
        let id: i64 = sqlx::query_scalar(
            "INSERT INTO events (at, campaign, unit, mail, person, detail, kind)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, json_extract(?6, '$.event')) RETURNING id",
        )
        .bind(millis(event.at))
        .bind(&event.campaign)
        .bind(event.unit.as_ref().map(UnitCode::as_str))
        .bind(event.mail.as_ref().map(crate::model::mail::Digest::as_str))
        .bind(person)
        .bind(serde_json::to_string(&event.kind)?)
        .fetch_one(&mut *write)
        .await?;
        ids.push(id);
    }
    Ok(ids)
}

/// Two people may settle the same review at once; the second is told.
async fn refuse_a_second_settlement(write: &mut SqliteConnection, review: i64) -> Result<(), StoreError> {
    let (asked, settled): (bool, bool) = sqlx::query_as(
        "SELECT EXISTS (SELECT 1 FROM events WHERE id = ?1 AND kind = 'review_asked'),
                EXISTS (SELECT 1 FROM events WHERE kind = 'review_settled' AND json_extract(detail, '$.review') = ?1)",
    )
    .bind(review)
    .fetch_one(write)
    .await?;
    match (asked, settled) {
        (false, _) => Err(StoreError::NoSuchReview(review)),
        (true, true) => Err(StoreError::ReviewAlreadySettled(review)),
        (true, false) => Ok(()),
    }
}
