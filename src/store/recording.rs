//! Many mails recorded in one transaction: each with all that follows from it, or none of them.
//!
//! While a recording is open nobody else writes, no person beside the daemon either: what is read in it still stands when
//! it is committed. What was added is written in a few statements at the end, or before something of it is read.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, FixedOffset};
use sqlx::{QueryBuilder, Sqlite, Transaction};

use super::events::{self, EventRow};
use super::letters::LetterRow;
use super::places::PlaceContent;
use super::rows::{insertions, run};
use super::{Store, StoreError, StoredLetter, digest, letters, millis, outbox, owed};
use crate::model::decision::{Decision, Origin, Place};
use crate::model::ledger::{Actor, Event, EventKind};
use crate::model::letter::LetterKey;
use crate::model::mail::Digest;
use crate::model::unit::UnitCode;

/// An open transaction in which mails are recorded. Dropped without [`Recording::commit`], nothing of it happened.
pub struct Recording<'s> {
    store: &'s Store,
    write: Transaction<'static, Sqlite>,
    sender_domain: &'s str,
    now: DateTime<FixedOffset>,
    /// The id of the event that is added next.
    next_event: i64,
    waiting: Waiting,
}

/// What was added and is not written yet.
#[derive(Default)]
struct Waiting {
    decisions: Vec<Decision>,
    places: Vec<(Place, PlaceContent)>,
    /// Why mails could not be read.
    failures: Vec<(Digest, String)>,
}

impl Store {
    /// Opens a recording. The ids of letters derive from `sender_domain`.
    ///
    /// # Errors
    /// The database's.
    pub async fn begin_recording<'s>(
        &'s self,
        sender_domain: &'s str,
        now: DateTime<FixedOffset>,
    ) -> Result<Recording<'s>, StoreError> {
        let mut write = self.begin().await?;
        let next_event =
            sqlx::query_scalar("SELECT coalesce(max(seq), 0) + 1 FROM sqlite_sequence WHERE name = 'events'")
                .fetch_one(&mut *write)
                .await?;
        Ok(Recording { store: self, write, sender_domain, now, next_event, waiting: Waiting::default() })
    }
}

impl Recording<'_> {
    /// Adds a mail that is not recorded yet, with the places it was seen at and all that follows from it. `failure` says why it could not be read.
    /// Returns its events with the ids they have got.
    pub fn add(&mut self, mut decision: Decision, origins: &[Origin], failure: Option<String>) -> &[Event] {
        let act = self.next_event;
        for event in &mut decision.events {
            (event.id, event.act) = (self.next_event, act);
            self.next_event += 1;
        }
        let mail = decision.record.sha256.clone();
        origins.iter().for_each(|origin| self.add_place(origin, &mail));
        self.waiting.failures.extend(failure.map(|failure| (mail, failure)));
        self.waiting.decisions.push(decision);
        self.waiting.decisions.last().map(|decision| decision.events.as_slice()).unwrap_or_default()
    }

    /// Notes that a mail, which is recorded or was added, stands at this place too.
    pub fn add_place(&mut self, origin: &Origin, mail: &Digest) {
        if let Origin::Imap(place) = origin {
            self.waiting.places.push((place.clone(), PlaceContent::Mail(mail.clone())));
        }
    }

    /// Which of these mails are recorded already.
    ///
    /// # Errors
    /// The database's.
    pub async fn recorded_among(&mut self, mails: &[&Digest]) -> Result<BTreeSet<Digest>, StoreError> {
        let mails: Vec<&str> = mails.iter().map(|mail| mail.as_str()).collect();
        let rows: Vec<String> =
            sqlx::query_scalar("SELECT sha256 FROM mails WHERE sha256 IN (SELECT value FROM json_each(?1))")
                .bind(serde_json::to_string(&mails)?)
                .fetch_all(&mut *self.write)
                .await?;
        rows.iter().map(|row| digest(row)).collect()
    }

    /// What happened in this campaign after the event of this id, oldest first, and no more than so many events.
    ///
    /// # Errors
    /// The database's.
    pub async fn events_after(&mut self, campaign: &str, id: i64, most: u32) -> Result<Vec<Event>, StoreError> {
        self.write().await?;
        let rows: Vec<EventRow> = sqlx::query_as(
            "SELECT id, act, at, campaign, unit, mail, person, detail FROM events
             WHERE id > ?2 AND campaign = ?1 ORDER BY id LIMIT ?3",
        )
        .bind(campaign)
        .bind(id)
        .bind(most)
        .fetch_all(&mut *self.write)
        .await?;
        rows.into_iter().map(|row| self.store.event_from(row)).collect()
    }

    /// The id of the event recorded last; 0 where there is none.
    #[must_use]
    pub fn last_event(&self) -> i64 {
        self.next_event - 1
    }

    /// The ids of all events that count no more.
    ///
    /// # Errors
    /// The database's.
    pub async fn undone(&mut self) -> Result<BTreeSet<i64>, StoreError> {
        self.write().await?;
        events::undone(&mut self.write).await
    }

    /// Everything that happened to these units of a campaign, with the recordings of all mails that are in it, oldest
    /// first.
    ///
    /// # Errors
    /// The database's.
    pub async fn events_about(&mut self, campaign: &str, units: &BTreeSet<UnitCode>) -> Result<Vec<Event>, StoreError> {
        self.write().await?;
        let units: Vec<&str> = units.iter().map(UnitCode::as_str).collect();
        let rows: Vec<EventRow> = sqlx::query_as(
            "WITH about AS (SELECT id, mail FROM events
                            WHERE campaign = ?1 AND unit IN (SELECT value FROM json_each(?2)))
             SELECT id, act, at, campaign, unit, mail, person, detail FROM events
             WHERE id IN (SELECT id FROM about)
                OR id IN (SELECT recorded.id FROM events AS recorded
                          WHERE recorded.kind = 'mail_recorded' AND recorded.campaign = ?1
                            AND recorded.mail IN (SELECT mail FROM about))
                OR id IN (SELECT settled.id FROM events AS settled
                          WHERE settled.kind = 'review_settled'
                            AND json_extract(settled.detail, '$.review') IN (SELECT id FROM about))
             ORDER BY id",
        )
        .bind(campaign)
        .bind(serde_json::to_string(&units)?)
        .fetch_all(&mut *self.write)
        .await?;
        rows.into_iter().map(|row| self.store.event_from(row)).collect()
    }

    /// From which address each of these mails came; what is not recorded is left out.
    ///
    /// # Errors
    /// The database's.
    pub async fn senders_of(
        &mut self,
        mails: &BTreeSet<&Digest>,
    ) -> Result<BTreeMap<Digest, Option<String>>, StoreError> {
        self.write().await?;
        let mails: Vec<&str> = mails.iter().map(|mail| mail.as_str()).collect();
        let rows: Vec<(String, Option<String>)> =
            sqlx::query_as("SELECT sha256, from_address FROM mails WHERE sha256 IN (SELECT value FROM json_each(?1))")
                .bind(serde_json::to_string(&mails)?)
                .fetch_all(&mut *self.write)
                .await?;
        rows.into_iter().map(|(mail, from)| Ok((digest(&mail)?, from))).collect()
    }

    /// As [`Store::owed_to_since`], with what was added.
    ///
    /// # Errors
    /// The database's.
    pub async fn owed_to_since(&mut self, address: &str, since: DateTime<FixedOffset>) -> Result<u32, StoreError> {
        let known = outbox::owed_to_since(&mut self.write, address, since).await?;
        let added = self.waiting.decisions.iter().flat_map(|decision| &decision.letters);
        let to = |recipients: &[String]| recipients.iter().any(|to| to.eq_ignore_ascii_case(address));
        let added = added.filter(|order| to(&order.recipients)).count();
        Ok(known.saturating_add(u32::try_from(added).unwrap_or(u32::MAX)))
    }

    /// As [`Store::letter_by_message_id`], with what was added.
    ///
    /// # Errors
    /// The database's.
    pub async fn letter_by_message_id(&mut self, message_id: &str) -> Result<Option<StoredLetter>, StoreError> {
        self.write().await?;
        let row: Option<LetterRow> = letters::by_message_id(&mut self.write, message_id).await?;
        row.map(|row| self.store.letter_from(row)).transpose()
    }

    /// As [`Store::last_letter_to`], with what was added.
    ///
    /// # Errors
    /// The database's.
    pub async fn last_letter_to(
        &mut self,
        address: &str,
        since: DateTime<FixedOffset>,
    ) -> Result<Option<StoredLetter>, StoreError> {
        self.write().await?;
        let row: Option<LetterRow> = outbox::last_letter_to(&mut self.write, address, since).await?;
        row.map(|row| self.store.letter_from(row)).transpose()
    }

    /// Writes what was added into the open transaction.
    ///
    /// # Errors
    /// The database's; then nothing of the recording can be committed.
    pub async fn write(&mut self) -> Result<(), StoreError> {
        let Waiting { decisions, places, failures } = std::mem::take(&mut self.waiting);
        self.insert_mails(&decisions).await?;
        self.insert_readings(&decisions).await?;
        self.insert_events(&decisions).await?;
        self.insert_letters(&decisions).await?;
        for decision in decisions.iter().filter(|decision| !decision.bounced_letters.is_empty()) {
            owed::note_bounces(&mut self.write, decision).await?;
        }
        self.insert_places(&places).await?;
        for (mail, reason) in failures {
            sqlx::query("UPDATE sightings SET last_failure = ?2 WHERE sha256 = ?1")
                .bind(mail.as_str())
                .bind(reason)
                .execute(&mut *self.write)
                .await?;
        }
        Ok(())
    }

    /// Makes all of it durable.
    ///
    /// # Errors
    /// The database's; then nothing of it is recorded.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        self.write().await?;
        Ok(self.write.commit().await?)
    }

    async fn insert_mails(&mut self, decisions: &[Decision]) -> Result<(), StoreError> {
        let now = millis(self.now);
        let start = "INSERT INTO mails (sha256, size, received_at, nature, campaign, unit, from_address, from_name,
                                        subject, message_id, recorded_at) ";
        let statements = insertions(start, "", decisions.iter().map(|decision| &decision.record), |row, record| {
            row.push_bind(record.sha256.as_str())
                .push_bind(i64::try_from(record.size).unwrap_or(i64::MAX))
                .push_bind(millis(record.received_at))
                .push_bind(record.nature.as_str())
                .push_bind(&record.campaign)
                .push_bind(record.unit.as_ref().map(UnitCode::as_str))
                .push_bind(&record.from_address)
                .push_bind(&record.from_name)
                .push_bind(&record.subject)
                .push_bind(&record.message_id)
                .push_bind(now);
            Ok(())
        })?;
        self.run(statements).await
    }

    async fn insert_readings(&mut self, decisions: &[Decision]) -> Result<(), StoreError> {
        let start = "INSERT INTO readings (mail, number, item, piece, file_name, sheet, unit, returned) ";
        let readings = decisions.iter().flat_map(|decision| decision.readings.iter().enumerate());
        let statements = insertions(start, "", readings, |row, (number, reading)| {
            row.push_bind(reading.mail.as_str())
                .push_bind(i64::try_from(number).unwrap_or(i64::MAX))
                .push_bind(reading.item.as_str())
                .push_bind(&reading.piece)
                .push_bind(&reading.file_name)
                .push_bind(&reading.sheet)
                .push_bind(reading.unit.as_ref().map(UnitCode::as_str))
                .push_bind(serde_json::to_string(&reading.returned)?);
            Ok(())
        })?;
        self.run(statements).await
    }

    async fn insert_events(&mut self, decisions: &[Decision]) -> Result<(), StoreError> {
        let events = || decisions.iter().flat_map(|decision| &decision.events);
        // A mail may settle what an earlier one of the same recording asked.
        let is_asked = |event: &&Event| matches!(event.kind, EventKind::ReviewAsked { .. });
        let asked: BTreeSet<i64> = events().filter(is_asked).map(|event| event.id).collect();
        let mut settled = BTreeSet::new();
        for event in events() {
            let EventKind::ReviewSettled { review, .. } = event.kind else { continue };
            if !settled.insert(review) {
                return Err(StoreError::ReviewAlreadySettled(review));
            }
            if !asked.contains(&review) {
                events::refuse_a_second_settlement(&mut self.write, review).await?;
            }
        }
        let start = "INSERT INTO events (id, act, at, campaign, unit, mail, person, detail, kind) ";
        let statements = insertions(start, "", events(), |row, event| {
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
        self.run(statements).await
    }

    async fn insert_letters(&mut self, decisions: &[Decision]) -> Result<(), StoreError> {
        let (now, domain) = (millis(self.now), self.sender_domain);
        let start = "INSERT INTO letters (key, message_id, kind, campaign, unit, recipients, facts, priority, due_at,
                                          expires_at, attempts, next_attempt_at, created_at, state) ";
        let letters = decisions.iter().flat_map(|decision| decision.letters.iter().map(move |order| (decision, order)));
        let statements = insertions(start, " ON CONFLICT (key) DO NOTHING", letters, |row, (decision, order)| {
            let due_at = millis(order.due_at);
            // When what the letter is about happened; see `owed::insert`.
            let caused_at = match &order.key {
                LetterKey::Ack { mail } if *mail == decision.record.sha256 => {
                    millis(decision.record.received_at).min(due_at)
                }
                _ => due_at,
            };
            row.push_bind(order.key.text())
                .push_bind(order.key.message_id(domain))
                .push_bind(order.key.kind().as_str())
                .push_bind(&order.campaign)
                .push_bind(order.unit.as_ref().map(UnitCode::as_str))
                .push_bind(serde_json::to_string(&order.recipients)?)
                .push_bind(serde_json::to_string(&order.facts)?)
                .push_bind(order.key.kind().priority())
                .push_bind(due_at)
                .push_bind(order.expires_at.map(millis))
                .push_bind(0)
                .push_bind(due_at)
                .push_bind(now)
                .push("iif(")
                .push_bind_unseparated(caused_at)
                .push_unseparated(" < (SELECT max(at) FROM restorations), 'unknown', 'queued')");
            Ok(())
        })?;
        self.run(statements).await
    }

    async fn insert_places(&mut self, places: &[(Place, PlaceContent)]) -> Result<(), StoreError> {
        super::places::insert(&mut self.write, places, self.now).await
    }

    async fn run(&mut self, statements: Vec<QueryBuilder<Sqlite>>) -> Result<(), StoreError> {
        run(&mut self.write, statements).await
    }
}
