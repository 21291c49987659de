//! All archived mail judged again under today's configuration: loaded, decided, compared, and only then written.
//!
//! Letters that went out stay as they are and none is sent twice. A receipt is owed by a reread in one case alone: the
//! mail's unit was not known, so that it never got one, and now its return is filed, while the collection still runs.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, FixedOffset, TimeDelta};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};

use super::WorkError;
use super::desk::{Desk, slim};
use crate::judge::decide::Times;
use crate::judge::past::units_of;
use crate::judge::register::Register;
use crate::judge::replay::{Given, Replay, is_decided};
use crate::judge::revision::{self, Revision};
use crate::model::alarm::{Alarm, alarm};
use crate::model::decision::{Decision, MailRecord, Origin, Understanding};
use crate::model::ledger::{Event, EventKind, Nature, in_force};
use crate::model::letter::LetterKey;
use crate::model::mail::Digest;
use crate::model::unit::UnitCode;
use crate::store::{Change, NewMail, Recorded, Store};

/// Mails opened at the same time. Each is held in memory until its turn comes.
const AT_ONCE: usize = 4;
/// How often it is worked out again where a person says something meanwhile.
const MOST_TRIES: usize = 5;

/// Which mail is judged again. The mails of every unit that comes into it are judged with it, since each depends on those
/// before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    All,
    /// Of this campaign, and of none.
    Campaign(String),
    Units(BTreeSet<UnitCode>),
    Mails(BTreeSet<Digest>),
}

/// What a reread would change.
#[derive(Clone, Debug)]
pub struct Reread {
    pub given: Given,
    /// By arrival; of all mails that were judged.
    pub revisions: Vec<Revision>,
    /// Mails whose originals were removed on purpose: they stay as they are recorded.
    pub purged: BTreeSet<Digest>,
    pub now: DateTime<FixedOffset>,
}

impl Reread {
    /// The revisions that change anything.
    pub fn changes(&self) -> impl Iterator<Item = &Revision> {
        self.revisions.iter().filter(|revision| revision.changes())
    }

    /// All events as they would be.
    #[must_use]
    pub fn events_after(&self) -> Vec<Event> {
        revision::applied(&self.given, &self.revisions, self.now)
    }
}

/// Works out what would change; writes nothing.
///
/// # Errors
/// The store's, the disk's, or that no reading process can be started.
pub async fn plan(desk: &Desk, scope: &Scope, now: DateTime<FixedOffset>) -> Result<Reread, WorkError> {
    let given = load(&desk.store).await?;
    let register = desk.register();
    let again = chosen(&given, scope);
    let mut replay = Replay::new(&register, &given, &again);
    step_all(desk, &mut replay, by_arrival(&given, &again), now).await?;
    let mut revisions = revision::revisions(&given, &replay.finish());
    for revision in &mut revisions {
        complete(desk, &register, revision, now).await?;
    }
    let purged = desk.store.purged().await?;
    Ok(Reread { given, revisions, purged, now })
}

/// Works out what changes and writes it, in one transaction. Repeated it changes nothing. Whoever calls it holds the
/// storage's lock, or has changed nothing but what a person's act may change.
///
/// # Errors
/// As [`plan`].
pub async fn apply(desk: &Desk, scope: &Scope, now: DateTime<FixedOffset>) -> Result<Reread, WorkError> {
    for _ in 0..MOST_TRIES {
        let reread = plan(desk, scope, now).await?;
        let known_until = reread.given.events.last().map_or(0, |event| event.id);
        let changes: Vec<Change> = reread.changes().map(|revision| change(revision, now)).collect();
        let written = changes.is_empty()
            || desk.store.revise(&changes, None, known_until, &desk.sender_domain, now).await?.is_some();
        if written {
            return Ok(reread);
        }
    }
    Err(WorkError::Interrupted)
}

/// Records a mail that arrived before others of its units which are recorded already: these are decided again, as if it
/// had come in its turn, in the same transaction.
///
/// # Errors
/// As [`plan`]; then nothing is recorded, and the mail comes again.
pub(super) async fn take_in_late(
    desk: &Desk,
    understanding: &Understanding,
    decision: Decision,
    (origin, times): (&Origin, Times),
) -> Result<(Recorded, Decision), WorkError> {
    let register = desk.register();
    let mail = &decision.record.sha256;
    for _ in 0..MOST_TRIES {
        let given = load(&desk.store).await?;
        let again = later_mails(&given, &units_of(understanding), times.received_at);
        let mut replay = Replay::new(&register, &given, &again);
        replay.announce(decision.record.clone());
        replay.step(mail, Some(slim(understanding.clone())), None, 0, times.now);
        step_all(desk, &mut replay, by_arrival(&given, &again), times.now).await?;
        let mut with_new = given.clone();
        with_new.records.insert(mail.clone(), decision.record.clone());
        let mut revisions = revision::revisions(&with_new, &replay.finish());
        let own = revisions.remove(0);
        let is_recording = |event: &&Event| matches!(event.kind, EventKind::MailRecorded { .. });
        let recording = decision.events.iter().filter(is_recording).cloned();
        let new = Decision { events: recording.chain(own.add).collect(), ..decision.clone() };
        let mut changes = Vec::new();
        for revision in &mut revisions {
            complete(desk, &register, revision, times.now).await?;
            if revision.changes() {
                changes.push(change(revision, times.now));
            }
        }
        let known_until = given.events.last().map_or(0, |event| event.id);
        let added = NewMail { decision: &new, origin };
        let recorded = desk.store.revise(&changes, Some(added), known_until, &desk.sender_domain, times.now).await?;
        if let Some(recorded) = recorded {
            tracing::info!(
                mail = mail.short(),
                revised = changes.len(),
                "mail arrived before others that are recorded"
            );
            return Ok((recorded, new));
        }
    }
    Err(WorkError::Interrupted)
}

async fn load(store: &Store) -> Result<Given, WorkError> {
    // Mails first: one that is recorded meanwhile has events, and is left alone.
    let records = store.mails(None, None, None).await?;
    let events = store.all_events().await?;
    Ok(Given { events, records: records.into_iter().map(|record| (record.sha256.clone(), record)).collect() })
}

/// The mails to be judged again.
fn chosen(given: &Given, scope: &Scope) -> BTreeSet<Digest> {
    let records = || given.records.values();
    let mails: BTreeSet<Digest> = match scope {
        Scope::All => records().map(|record| record.sha256.clone()).collect(),
        Scope::Campaign(id) => records()
            .filter(|record| record.campaign.as_ref().is_none_or(|campaign| campaign == id))
            .map(|record| record.sha256.clone())
            .collect(),
        Scope::Mails(mails) => with_their_units(given, mails.clone(), BTreeSet::new(), None),
        Scope::Units(units) => with_their_units(given, BTreeSet::new(), units.clone(), None),
    };
    mails.into_iter().filter(|mail| given.records.contains_key(mail)).collect()
}

fn later_mails(given: &Given, units: &BTreeSet<UnitCode>, after: DateTime<FixedOffset>) -> BTreeSet<Digest> {
    with_their_units(given, BTreeSet::new(), units.clone(), Some(after))
}

/// Until no unit is left of which only some mails are chosen; with `after` only mails that arrived later count.
fn with_their_units(
    given: &Given,
    mut mails: BTreeSet<Digest>,
    mut units: BTreeSet<UnitCode>,
    after: Option<DateTime<FixedOffset>>,
) -> BTreeSet<Digest> {
    let decided: Vec<(&Digest, &UnitCode)> = in_force(&given.events)
        .filter(|event| is_decided(event))
        .filter_map(|event| Some((event.mail.as_ref()?, event.unit.as_ref()?)))
        .filter(|(mail, _)| {
            let record = given.records.get(*mail);
            record.is_some_and(|record| after.is_none_or(|after| record.received_at > after))
        })
        .collect();
    loop {
        let before = (mails.len(), units.len());
        for (mail, unit) in &decided {
            if units.contains(*unit) {
                mails.insert((*mail).clone());
            }
            if mails.contains(*mail) {
                units.insert((*unit).clone());
            }
        }
        if before == (mails.len(), units.len()) {
            return mails;
        }
    }
}

/// The chosen mails by arrival; of the same second, as they were recorded.
fn by_arrival<'g>(given: &'g Given, again: &BTreeSet<Digest>) -> Vec<&'g MailRecord> {
    let recorded: BTreeMap<&Digest, i64> = given
        .events
        .iter()
        .filter(|event| matches!(event.kind, EventKind::MailRecorded { .. }))
        .filter_map(|event| Some((event.mail.as_ref()?, event.id)))
        .collect();
    let mut mails: Vec<&MailRecord> = given.records.values().filter(|record| again.contains(&record.sha256)).collect();
    // What was recorded after the events were read is left for another time.
    mails.retain(|record| recorded.contains_key(&record.sha256));
    mails.sort_by_key(|record| (record.received_at, recorded.get(&record.sha256).copied()));
    mails
}

/// Opens the mails, several at once, and decides each in its turn.
async fn step_all(
    desk: &Desk,
    replay: &mut Replay<'_>,
    mails: Vec<&MailRecord>,
    now: DateTime<FixedOffset>,
) -> Result<(), WorkError> {
    let yesterday = now - TimeDelta::days(1);
    let opening: Vec<BoxFuture<'_, _>> = mails.iter().map(|record| understood(desk, record).boxed()).collect();
    let mut opened = stream::iter(opening).buffered(AT_ONCE);
    let mut mails = mails.into_iter();
    while let (Some(understanding), Some(record)) = (opened.try_next().await?, mails.next()) {
        let was_bounce = record.nature == Nature::Bounce;
        let letter = match &understanding {
            Some(understanding) if !was_bounce => desk.bounced(understanding, now).await?,
            Some(_) | None => None,
        };
        let answers = match &record.from_address {
            Some(address) if record.unit.is_none() => desk.store.owed_to_since(address, yesterday).await?,
            Some(_) | None => 0,
        };
        replay.step(&record.sha256, understanding, letter, answers, now);
    }
    Ok(())
}

/// What the archived mail says today; `None` where it cannot be opened.
async fn understood(desk: &Desk, record: &MailRecord) -> Result<Option<Understanding>, WorkError> {
    let mail = &record.sha256;
    if desk.store.purged_by(mail).await?.is_some() {
        return Ok(None);
    }
    let bytes = match desk.archive.get(mail) {
        Ok(bytes) => bytes,
        Err(error) => {
            alarm!(Alarm::ArchivedMailNotRead, mail = mail.short(), %error);
            return Ok(None);
        }
    };
    match desk.understand_at(bytes, record.received_at).await? {
        Ok(understanding) => Ok(Some(slim(understanding))),
        Err(reason) => {
            alarm!(Alarm::ArchivedMailNotRead, mail = mail.short(), error = reason);
            Ok(None)
        }
    }
}

/// What only the store knows: whether the readings differ, and whether the receipt is owed.
async fn complete(
    desk: &Desk,
    register: &Register,
    revision: &mut Revision,
    now: DateTime<FixedOffset>,
) -> Result<(), WorkError> {
    let mail = &revision.before.sha256;
    if let Some(read) = &revision.readings
        && *read == desk.store.readings_of(mail).await?
    {
        revision.readings = None;
    }
    let running = |id: &str| register.campaign(id).is_some_and(|campaign| now.date_naive() <= campaign.last_digest);
    let newly_filed = revision.before.unit.is_none()
        && revision.add.iter().any(|event| matches!(event.kind, EventKind::Filed(_)) && running(&event.campaign));
    let answered = desk.store.letter(&LetterKey::Ack { mail: mail.clone() }).await?.is_some();
    if !newly_filed || answered {
        revision.letters.clear();
    }
    Ok(())
}

fn change(revision: &Revision, now: DateTime<FixedOffset>) -> Change {
    Change {
        record: revision.after.clone(),
        readings: revision.readings.clone(),
        events: revision.events(now),
        letters: revision.letters.clone(),
        bounced_letters: revision.bounced_letters.clone(),
    }
}
