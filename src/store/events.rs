//! What happened: appended, never changed, read back in the order of recording.

use std::collections::BTreeSet;

use chrono::{DateTime, FixedOffset};
use sqlx::{FromRow, SqliteConnection};

use super::rows::{insertions, run};
use super::{Store, StoreError, digest, garbled, millis, unit_code};
use crate::model::ledger::{self, Actor, Event, EventKind};
use crate::model::mail::Digest;
use crate::model::unit::UnitCode;

#[derive(FromRow)]
pub(super) struct EventRow {
    id: i64,
    act: i64,
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
            "SELECT id, act, at, campaign, unit, mail, person, detail FROM events WHERE campaign = ?1 ORDER BY id",
        )
        .bind(campaign)
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
            "SELECT id, act, at, campaign, unit, mail, person, detail FROM events
             WHERE campaign = ?1 AND unit = ?2 ORDER BY id",
        )
        .bind(campaign)
        .bind(unit.as_str())
        .fetch_all(&self.reader)
        .await?;
        rows.into_iter().map(|row| self.event_from(row)).collect()
    }

    /// Everything that happened to any of these units in this campaign, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn events_of_units(&self, campaign: &str, units: &[&UnitCode]) -> Result<Vec<Event>, StoreError> {
        let units: Vec<&str> = units.iter().map(|unit| unit.as_str()).collect();
        let rows: Vec<EventRow> = sqlx::query_as(
            "SELECT id, act, at, campaign, unit, mail, person, detail FROM events INDEXED BY events_by_unit
             WHERE campaign = ?1 AND unit IN (SELECT value FROM json_each(?2)) ORDER BY id",
        )
        .bind(campaign)
        .bind(serde_json::to_string(&units)?)
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
            "SELECT id, act, at, campaign, unit, mail, person, detail FROM events WHERE mail = ?1 ORDER BY id",
        )
        .bind(mail.as_str())
        .fetch_all(&self.reader)
        .await?;
        rows.into_iter().map(|row| self.event_from(row)).collect()
    }

    /// The events recorded in the same transaction as the first of them, whose id this is.
    ///
    /// # Errors
    /// The database's.
    pub async fn events_of_act(&self, act: i64) -> Result<Vec<Event>, StoreError> {
        let rows: Vec<EventRow> = sqlx::query_as(
            "SELECT id, act, at, campaign, unit, mail, person, detail FROM events WHERE act = ?1 ORDER BY id",
        )
        .bind(act)
        .fetch_all(&self.reader)
        .await?;
        rows.into_iter().map(|row| self.event_from(row)).collect()
    }

    /// Until when units of this campaign were given more time, be it taken back or not.
    ///
    /// # Errors
    /// The database's.
    pub async fn extensions(&self, campaign: &str) -> Result<Vec<DateTime<FixedOffset>>, StoreError> {
        let events = self.events_of_kinds(Some(campaign), &["deadline_extended"]).await?;
        Ok(events
            .into_iter()
            .filter_map(|event| match event.kind {
                EventKind::DeadlineExtended { until, .. } => Some(until),
                _ => None,
            })
            .collect())
    }

    /// All that was taught, with what was undone since, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn lessons(&self) -> Result<Vec<Event>, StoreError> {
        // As the index `events_of_lessons` has it.
        let rows: Vec<EventRow> = sqlx::query_as(
            "SELECT id, act, at, campaign, unit, mail, person, detail FROM events
             WHERE kind IN ('address_taught', 'name_taught', 'undone') ORDER BY id",
        )
        .fetch_all(&self.reader)
        .await?;
        rows.into_iter().map(|row| self.event_from(row)).collect()
    }

    async fn events_of_kinds(&self, campaign: Option<&str>, kinds: &[&str]) -> Result<Vec<Event>, StoreError> {
        let rows: Vec<EventRow> = sqlx::query_as(
            "SELECT id, act, at, campaign, unit, mail, person, detail FROM events
             WHERE kind IN (SELECT value FROM json_each(?1)) AND (?2 IS NULL OR campaign = ?2) ORDER BY id",
        )
        .bind(serde_json::to_string(kinds)?)
        .bind(campaign)
        .fetch_all(&self.reader)
        .await?;
        rows.into_iter().map(|row| self.event_from(row)).collect()
    }

    /// What undid this event; `None` while it counts.
    ///
    /// # Errors
    /// The database's.
    pub async fn undoing(&self, id: i64) -> Result<Option<Event>, StoreError> {
        let undone = self.undone().await?;
        let undoings = self.events_of_kinds(None, &["undone"]).await?;
        let counts = |event: &Event| {
            matches!(event.kind, EventKind::Undone { event_id, .. } if event_id == id) && !undone.contains(&event.id)
        };
        Ok(undoings.into_iter().find(counts))
    }

    /// The id of the event recorded last; 0 where there is none.
    ///
    /// # Errors
    /// The database's.
    pub async fn last_event(&self) -> Result<i64, StoreError> {
        Ok(sqlx::query_scalar("SELECT coalesce(max(id), 0) FROM events").fetch_one(&self.reader).await?)
    }

    /// The ids of all events that count no more.
    ///
    /// # Errors
    /// The database's.
    pub async fn undone(&self) -> Result<BTreeSet<i64>, StoreError> {
        undone(&mut *self.reader.acquire().await?).await
    }

    /// The event of this number: for `review`, which names them.
    ///
    /// # Errors
    /// The database's.
    pub async fn event(&self, id: i64) -> Result<Option<Event>, StoreError> {
        let row: Option<EventRow> =
            sqlx::query_as("SELECT id, act, at, campaign, unit, mail, person, detail FROM events WHERE id = ?1")
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
            act: row.act,
            at: self.moment(row.at)?,
            campaign: row.campaign,
            unit: unit_code(row.unit),
            mail: row.mail.as_deref().map(digest).transpose()?,
            by: row.person.map_or(Actor::Machine, Actor::Person),
            kind,
        })
    }
}

/// Appends inside a transaction, as one act; the caller commits. Returns the ids.
pub(super) async fn insert(write: &mut SqliteConnection, events: &[Event]) -> Result<Vec<i64>, StoreError> {
    // The act is called by the first of them.
    let act = next_id(write).await?;
    let numbered: Vec<Event> = events.iter().zip(act..).map(|(event, id)| Event { id, act, ..event.clone() }).collect();
    insert_numbered(write, numbered.iter()).await?;
    Ok(numbered.iter().map(|event| event.id).collect())
}

/// The id that the next event gets: a transaction keeps everybody else from adding meanwhile.
pub(super) async fn next_id(write: &mut SqliteConnection) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar("SELECT coalesce(max(seq), 0) + 1 FROM sqlite_sequence WHERE name = 'events'")
        .fetch_one(write)
        .await?)
}

/// Appends events that have their ids and acts already.
pub(super) async fn insert_numbered(
    write: &mut SqliteConnection,
    events: impl Iterator<Item = &Event>,
) -> Result<(), StoreError> {
    let mut waiting: Vec<&Event> = Vec::new();
    for event in events {
        if let EventKind::ReviewSettled { review, .. } = event.kind {
            // What it settles may be asked, or settled and undone, by those before it.
            append(write, &std::mem::take(&mut waiting)).await?;
            refuse_a_second_settlement(write, review).await?;
        }
        waiting.push(event);
    }
    append(write, &waiting).await
}

async fn append(write: &mut SqliteConnection, events: &[&Event]) -> Result<(), StoreError> {
    let start = "INSERT INTO events (id, act, at, campaign, unit, mail, person, detail, kind) ";
    let statements = insertions(start, "", events.iter(), |row, event| {
        let person = match &event.by {
            Actor::Machine => None,
            Actor::Person(name) => Some(name.as_str()),
        };
        let detail = serde_json::to_string(&event.kind)?;
        row.push_bind(event.id)
            .push_bind(event.act)
            .push_bind(millis(event.at))
            .push_bind(&event.campaign)
            .push_bind(event.unit.as_ref().map(UnitCode::as_str))
            .push_bind(event.mail.as_ref().map(Digest::as_str))
            .push_bind(person)
            .push_bind(&detail)
            .push("json_extract(")
            .push_bind_unseparated(detail)
            .push_unseparated(", '$.event')");
        Ok(())
    })?;
    run(write, statements).await?;
    Ok(())
}

/// Two people may settle the same review at once; the second is told.
async fn refuse_a_second_settlement(write: &mut SqliteConnection, review: i64) -> Result<(), StoreError> {
    let asked: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM events WHERE id = ?1 AND kind = 'review_asked')")
            .bind(review)
            .fetch_one(&mut *write)
            .await?;
    let settled: Vec<i64> = sqlx::query_scalar(
        "SELECT id FROM events WHERE kind = 'review_settled' AND json_extract(detail, '$.review') = ?1",
    )
    .bind(review)
    .fetch_all(&mut *write)
    .await?;
    let undone = undone(write).await?;
    if !asked || undone.contains(&review) {
        Err(StoreError::NoSuchReview(review))
    } else if settled.iter().any(|settlement| !undone.contains(settlement)) {
        Err(StoreError::ReviewAlreadySettled(review))
    } else {
        Ok(())
    }
}

/// The ids of the events that count no more, of every campaign.
pub(super) async fn undone(connection: &mut SqliteConnection) -> Result<BTreeSet<i64>, StoreError> {
    let undoings: Vec<(i64, i64)> =
        sqlx::query_as("SELECT id, json_extract(detail, '$.event_id') FROM events WHERE kind = 'undone' ORDER BY id")
            .fetch_all(connection)
            .await?;
    Ok(ledger::undone_by(undoings.into_iter()))
}
