//! Many mails recorded in one transaction: each with all that follows from it, or none of them.
//!
//! While a recording is open nobody else writes, no person beside the daemon either: what is read in it still stands when
//! it is committed. What was added is written in a few statements at the end, or before something of it is read.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, FixedOffset};
use sqlx::{Sqlite, Transaction};

use super::events::{self, EventRow};
use super::letters::LetterRow;
use super::mails::{self, Recorded, Sighting};
use super::places::{self, PlaceContent};
use super::{Store, StoreError, StoredLetter, digest, letters, outbox, owed, readings};
use crate::model::decision::{Decision, MailRecord, Origin, Place};
use crate::model::ledger::Event;
use crate::model::mail::Digest;
use crate::model::unit::UnitCode;

/// An open transaction in which mails are recorded. Dropped without [`Recording::commit`], nothing of it happened.
pub struct Recording<'s> {
    store: &'s Store,
    pub(super) write: Transaction<'static, Sqlite>,
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
        let next_event = events::next_id(&mut write).await?;
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

    /// Adds one mail that no sighting was noted of, with its place; of one that is recorded already the place alone.
    ///
    /// # Errors
    /// The database's.
    pub(super) async fn add_one(&mut self, decision: &Decision, origin: &Origin) -> Result<Recorded, StoreError> {
        let MailRecord { sha256: mail, received_at, .. } = &decision.record;
        if self.recorded_among(&[mail]).await?.contains(mail) {
            self.add_place(origin, mail);
            return Ok(Recorded { new: false, event_ids: Vec::new() });
        }
        let sighting = Sighting { mail, received_at: *received_at, origin };
        mails::insert_sighting(&mut self.write, sighting, self.now).await?;
        let events = self.add(decision.clone(), std::slice::from_ref(origin), None);
        Ok(Recorded { new: true, event_ids: events.iter().map(|event| event.id).collect() })
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
        let Waiting { decisions, places: places_seen, failures } = std::mem::take(&mut self.waiting);
        let write = &mut *self.write;
        mails::insert(write, decisions.iter().map(|decision| &decision.record), self.now).await?;
        readings::insert(write, decisions.iter().map(|decision| decision.readings.as_slice())).await?;
        events::insert_numbered(write, decisions.iter().flat_map(|decision| &decision.events)).await?;
        let letters = decisions.iter().flat_map(|decision| &decision.letters);
        owed::insert(write, letters, self.sender_domain, self.now).await?;
        for decision in decisions.iter().filter(|decision| !decision.bounced_letters.is_empty()) {
            owed::note_bounces(write, decision).await?;
        }
        places::insert(write, &places_seen, self.now).await?;
        for (mail, reason) in failures {
            sqlx::query("UPDATE sightings SET last_failure = ?2 WHERE sha256 = ?1")
                .bind(mail.as_str())
                .bind(reason)
                .execute(&mut *write)
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
}
