//! Recorded mail decided once more in the order of arrival, as today's configuration has it. What persons said stands:
//! it is where the replay starts from, and what it never decides against. Nothing is written.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, FixedOffset};

use super::decide::{BouncedLetter, Times, decide};
use super::past::{Arrivals, Moment, past_as_of, standing_mails, taught_addresses, units_of};
use super::register::Register;
use super::understand::assigned;
use crate::model::decision::{Decision, MailRecord, Understanding};
use crate::model::ledger::{Actor, Event, EventKind, Nature, in_force};
use crate::model::mail::Digest;
use crate::model::returns::Item;
use crate::model::unit::UnitCode;

/// Everything recorded: all events of all collections, oldest first, and the mails.
#[derive(Clone, Debug, Default)]
pub struct Given {
    pub events: Vec<Event>,
    pub records: BTreeMap<Digest, MailRecord>,
}

/// Why a mail stays as it is recorded, whatever today's configuration makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kept {
    /// A person's word on it would have nothing to stand on.
    ByPerson,
    /// It cannot be opened, and was once.
    Unopened,
    /// A bounce: what it did to a letter of ours is done.
    Bounce,
}

/// What was recorded of one mail, and what would be.
#[derive(Clone, Debug)]
pub struct Step {
    pub mail: Digest,
    /// The machine's events that count.
    pub recorded: Vec<Event>,
    /// Reviews that were asked before bear their numbers; everything new has a negative one.
    pub would_be: Vec<Event>,
    /// `None` where it stays as it is.
    pub decision: Option<Decision>,
    pub kept: Option<Kept>,
}

/// Mails of which a person took back what the machine had filed, and of which nothing is filed since.
fn taken_back(events: &[Event]) -> BTreeSet<Digest> {
    let by_id: BTreeMap<i64, &Event> = events.iter().map(|event| (event.id, event)).collect();
    let files = |event: &Event| matches!(event.kind, EventKind::Filed(_) | EventKind::Duplicated { .. });
    let mut mails: BTreeSet<Digest> = in_force(events)
        .filter(|event| event.by != Actor::Machine)
        .filter_map(|event| match event.kind {
            EventKind::Undone { event_id, .. } => by_id.get(&event_id),
            _ => None,
        })
        .filter(|undone| undone.by == Actor::Machine && files(undone))
        .filter_map(|undone| undone.mail.clone())
        .collect();
    for standing in in_force(events).filter(|event| files(event)) {
        if let Some(mail) = &standing.mail {
            mails.remove(mail);
        }
    }
    mails
}

/// A replay under way. Mails are handed in by arrival.
pub struct Replay<'r> {
    register: &'r Register,
    records: BTreeMap<Digest, MailRecord>,
    arrivals: Arrivals,
    /// What counts so far in each collection.
    counts: BTreeMap<String, Vec<Event>>,
    recorded: BTreeMap<Digest, Vec<Event>>,
    /// What persons said of each mail.
    words: BTreeMap<Digest, Vec<Event>>,
    /// Mails of which a person took back what the machine had filed, and nothing is filed since.
    taken_back: BTreeSet<Digest>,
    last_id: i64,
    steps: Vec<Step>,
}

/// What a replay came to.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// By arrival.
    pub steps: Vec<Step>,
    /// All that would count, by collection.
    pub counts: BTreeMap<String, Vec<Event>>,
}

impl<'r> Replay<'r> {
    /// `again` are the mails that will be handed in; all others stay as they are recorded.
    #[must_use]
    pub fn new(register: &'r Register, given: &Given, again: &BTreeSet<Digest>) -> Self {
        let mut replay = Self {
            register,
            records: given.records.clone(),
            arrivals: Arrivals::of(&given.events),
            counts: BTreeMap::new(),
            recorded: BTreeMap::new(),
            words: BTreeMap::new(),
            taken_back: taken_back(&given.events),
            last_id: 0,
            steps: Vec::new(),
        };
        for event in in_force(&given.events) {
            if let (Actor::Person(_), Some(mail)) = (&event.by, &event.mail) {
                replay.words.entry(mail.clone()).or_default().push(event.clone());
            }
            match event.mail.as_ref().filter(|mail| again.contains(*mail) && is_decided(event)) {
                Some(mail) => replay.recorded.entry(mail.clone()).or_default().push(event.clone()),
                None => replay.counts.entry(event.campaign.clone()).or_default().push(event.clone()),
            }
        }
        replay
    }

    /// A mail that is not recorded yet is handed in like the others.
    pub fn announce(&mut self, record: MailRecord) {
        let arrived = Moment::of_new(record.received_at).arrived;
        self.arrivals.note(&record.sha256, arrived);
        self.records.insert(record.sha256.clone(), record);
    }

    /// Decides the next mail; `None` for one that cannot be opened today. `letter` is the one of ours a bounce sends
    /// back, `answers_today` counts letters to its sender.
    pub fn step(
        &mut self,
        mail: &Digest,
        understood: Option<Understanding>,
        letter: Option<BouncedLetter>,
        answers_today: u32,
        now: DateTime<FixedOffset>,
    ) {
        let recorded = self.recorded.remove(mail).unwrap_or_default();
        let decided = match understood {
            Some(understanding) => self.decided(mail, &recorded, understanding, letter, answers_today, now),
            None => Err(Kept::Unopened),
        };
        let (would_be, decision, kept) = match decided {
            Ok(mut decision) => {
                let would_be = self.numbered(&recorded, std::mem::take(&mut decision.events));
                (would_be, Some(decision), None)
            }
            Err(kept) => (recorded.clone(), None, Some(kept)),
        };
        for event in &would_be {
            self.counts.entry(event.campaign.clone()).or_default().push(event.clone());
        }
        self.steps.push(Step { mail: mail.clone(), recorded, would_be, decision, kept });
    }

    #[must_use]
    pub fn finish(self) -> Replayed {
        Replayed { steps: self.steps, counts: self.counts }
    }

    fn decided(
        &self,
        mail: &Digest,
        recorded: &[Event],
        understanding: Understanding,
        letter: Option<BouncedLetter>,
        answers_today: u32,
        now: DateTime<FixedOffset>,
    ) -> Result<Decision, Kept> {
        let Some(record) = self.records.get(mail) else { return Err(Kept::Unopened) };
        if record.nature == Nature::Bounce && understanding.nature == Nature::Bounce {
            return Err(Kept::Bounce);
        }
        let words = self.words.get(mail).map(Vec::as_slice).unwrap_or_default();
        if words.iter().any(|word| matches!(word.kind, EventKind::Filed(_))) {
            return Err(Kept::ByPerson);
        }
        let given_to = words.iter().rev().find(|word| word.kind == EventKind::AssignedByPerson);
        if given_to.is_none() && self.taken_back.contains(mail) {
            return Err(Kept::ByPerson);
        }
        let understanding = match given_to {
            Some(word) => self.given(understanding, word).ok_or(Kept::ByPerson)?,
            None => understanding,
        };
        let arrived = self.arrivals.of_mail(mail).unwrap_or_else(|| Moment::of_new(record.received_at).arrived);
        let moment = Moment { arrived, said_before: given_to.map_or(arrived.recorded, |word| word.id) };
        let decision = self.decide(record, &understanding, letter, answers_today, moment, now);
        let ruled = words.iter().filter_map(|word| match &word.kind {
            EventKind::AcceptedByPerson { item } | EventKind::ReturnedByPerson { item, .. } => {
                Some((word.unit.as_ref()?, *item))
            }
            _ => None,
        });
        for (unit, item) in ruled {
            // What a person has looked at is counted as that person saw it.
            if content_of(recorded, unit, item) != content_of(&decision.events, unit, item) {
                return Err(Kept::ByPerson);
            }
        }
        Ok(decision)
    }

    /// As a person gave it to a unit; `None` where today's configuration knows neither that unit nor that collection
    /// in it.
    fn given(&self, understanding: Understanding, word: &Event) -> Option<Understanding> {
        let campaign = self.register.campaign(&word.campaign)?;
        let unit = campaign.roster.unit(word.unit.as_ref()?)?;
        (understanding.campaign.as_ref() == Some(&word.campaign)).then(|| assigned(understanding, unit))
    }

    fn decide(
        &self,
        record: &MailRecord,
        understanding: &Understanding,
        letter: Option<BouncedLetter>,
        answers_today: u32,
        moment: Moment,
        now: DateTime<FixedOffset>,
    ) -> Decision {
        let id = understanding.campaign.as_deref().unwrap_or_default();
        let events = self.counts.get(id).map(Vec::as_slice).unwrap_or_default();
        let campaign = self.register.campaign(id).map(AsRef::as_ref);
        let mut past = past_as_of(events, &self.arrivals, &units_of(understanding), campaign, moment);
        let mut senders = taught_addresses(events, &units_of(understanding));
        for (unit, mail) in standing_mails(&past) {
            let from = self.records.get(mail).and_then(|record| record.from_address.as_deref());
            senders.entry(unit.clone()).or_default().extend(from.map(str::to_lowercase));
        }
        (past.senders, past.bounced, past.answers_today) = (senders, letter, answers_today);
        decide(understanding, self.register, &past, Times { received_at: record.received_at, now })
    }

    /// A review that was asked before is the same one: a person may have settled it, or be looking at it.
    fn numbered(&mut self, recorded: &[Event], mut would_be: Vec<Event>) -> Vec<Event> {
        let mut known: Vec<&Event> =
            recorded.iter().filter(|event| matches!(event.kind, EventKind::ReviewAsked { .. })).collect();
        let exact = |one: &Event, other: &Event| one.kind == other.kind;
        let settled: BTreeSet<i64> = self.settled_by_person();
        let alike = |one: &Event, other: &Event| about(one) == about(other) && settled.contains(&other.id);
        for same in [&exact as &dyn Fn(&Event, &Event) -> bool, &alike] {
            for event in would_be.iter_mut().filter(|event| event.id == 0) {
                let place = known.iter().position(|other| {
                    (&other.campaign, &other.unit) == (&event.campaign, &event.unit) && same(event, other)
                });
                if let Some(place) = place {
                    event.id = known.swap_remove(place).id;
                }
            }
        }
        for event in would_be.iter_mut().filter(|event| event.id == 0) {
            self.last_id -= 1;
            event.id = self.last_id;
        }
        would_be
    }

    fn settled_by_person(&self) -> BTreeSet<i64> {
        let words = self.words.values().flatten();
        words
            .filter_map(|word| match word.kind {
                EventKind::ReviewSettled { review, .. } => Some(review),
                _ => None,
            })
            .collect()
    }
}

/// What a review is about, whatever its words.
fn about(event: &Event) -> Option<(crate::model::ledger::ReviewReason, Option<Item>)> {
    match &event.kind {
        EventKind::ReviewAsked { reason, item, .. } => Some((*reason, *item)),
        _ => None,
    }
}

/// Whether the machine decided this about a mail, and might have decided otherwise had another mail come before.
#[must_use]
pub fn may_be_otherwise(event: &Event) -> bool {
    let decided =
        matches!(event.kind, EventKind::Filed(_) | EventKind::Duplicated { .. } | EventKind::ReviewAsked { .. });
    decided && event.by == Actor::Machine
}

/// Whether the machine decided this about a mail, or it followed from that: what a replay decides again.
#[must_use]
pub fn is_decided(event: &Event) -> bool {
    let follows = matches!(event.kind, EventKind::ReviewSettled { .. } | EventKind::Bounced { .. });
    may_be_otherwise(event) || (follows && event.by == Actor::Machine)
}

fn content_of<'e>(events: &'e [Event], unit: &UnitCode, item: Item) -> Option<&'e Digest> {
    events.iter().filter(|event| event.unit.as_ref() == Some(unit)).find_map(|event| match &event.kind {
        EventKind::Filed(filing) if filing.item == item => Some(&filing.content),
        // The same as an earlier one, whatever that is: its mail stands for its content.
        EventKind::Duplicated { item: repeated, first_mail, .. } if *repeated == item => Some(first_mail),
        _ => None,
    })
}
