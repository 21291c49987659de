//! The difference between what is recorded and what a replay says would be: a value, before anybody writes it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, FixedOffset};

use super::replay::{Given, Kept, Replayed, Step};
use crate::model::decision::{MailRecord, Reading};
use crate::model::ledger::{Actor, Event, EventKind, Filing, in_force};
use crate::model::letter::LetterOrder;
use crate::model::mail::Digest;
use crate::model::returns::Item;
use crate::model::unit::UnitCode;

/// Why an event counts no more, in the history.
pub const REASON: &str = "按现行配置重新研判，不再成立";

/// What is to be changed about one mail.
#[derive(Clone, Debug, PartialEq)]
pub struct Revision {
    pub before: MailRecord,
    pub after: MailRecord,
    /// Events that hold no more.
    pub undo: Vec<Event>,
    /// Events that hold now.
    pub add: Vec<Event>,
    /// What is read of it today, where that differs from what is recorded.
    pub readings: Option<Vec<Reading>>,
    /// The receipts that are owed because of it.
    pub letters: Vec<LetterOrder>,
    /// Message-IDs of letters of ours that it sends back.
    pub bounced_letters: Vec<String>,
    /// Why it stays as it is.
    pub kept: Option<Kept>,
}

impl Revision {
    /// Whether anything is to be written.
    #[must_use]
    pub fn changes(&self) -> bool {
        self.before != self.after
            || !self.undo.is_empty()
            || !self.add.is_empty()
            || self.readings.is_some()
            || !self.letters.is_empty()
    }

    /// The events by which it is recorded.
    #[must_use]
    pub fn events(&self, now: DateTime<FixedOffset>) -> Vec<Event> {
        let undone = self.undo.iter().map(|event| Event {
            id: 0,
            act: 0,
            at: now,
            by: Actor::Machine,
            kind: EventKind::Undone { event_id: event.id, reason: REASON.to_owned() },
            ..event.clone()
        });
        undone.chain(self.add.iter().cloned().map(|event| Event { id: 0, ..event })).collect()
    }
}

/// What a filing says, whether it is the first to say it or repeats another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Said {
    campaign: String,
    unit: UnitCode,
    item: Item,
    content: Digest,
}

/// The filings that count, to look up what a repetition repeats.
struct Contents(BTreeMap<(Digest, String, UnitCode, Item), Digest>);

impl Contents {
    fn of<'e>(events: impl Iterator<Item = &'e Event>) -> Self {
        let mut contents = BTreeMap::new();
        let mut repeats = Vec::new();
        for event in events {
            let (Some(mail), Some(unit)) = (&event.mail, &event.unit) else { continue };
            let key = |mail: &Digest, item| (mail.clone(), event.campaign.clone(), unit.clone(), item);
            match &event.kind {
                EventKind::Filed(filing) => {
                    contents.insert(key(mail, filing.item), filing.content.clone());
                }
                EventKind::Duplicated { item, first_mail, .. } => {
                    repeats.push((key(mail, *item), key(first_mail, *item)));
                }
                _ => {}
            }
        }
        while let Some(place) = repeats.iter().position(|(_, first)| contents.contains_key(first)) {
            let (own, first) = repeats.swap_remove(place);
            if let Some(content) = contents.get(&first).cloned() {
                contents.entry(own).or_insert(content);
            }
        }
        Self(contents)
    }

    fn said(&self, event: &Event) -> Option<Said> {
        let (mail, unit) = (event.mail.as_ref()?, event.unit.as_ref()?);
        let item = match &event.kind {
            EventKind::Filed(filing) => filing.item,
            EventKind::Duplicated { item, .. } => *item,
            _ => return None,
        };
        let content = self.0.get(&(mail.clone(), event.campaign.clone(), unit.clone(), item))?.clone();
        Some(Said { campaign: event.campaign.clone(), unit: unit.clone(), item, content })
    }

    /// Whether this mail says so.
    fn holds(&self, mail: &Digest, said: &Said) -> bool {
        let key = (mail.clone(), said.campaign.clone(), said.unit.clone(), said.item);
        self.0.get(&key) == Some(&said.content)
    }
}

/// The revisions, by arrival, one a step of the replay. What reads the same is no part of the difference, however it
/// came to be recorded: of two mails with the same content, either may be the first.
#[must_use]
pub fn revisions(given: &Given, replayed: &Replayed) -> Vec<Revision> {
    let counted: Vec<&Event> = in_force(&given.events).collect();
    let was = Contents::of(counted.iter().copied());
    let would_be = Contents::of(replayed.counts.values().flatten());
    let reviews = Reviews::of(&counted, replayed);
    let mut revisions: Vec<Revision> = Vec::new();
    for step in &replayed.steps {
        let Some(before) = given.records.get(&step.mail) else { continue };
        let (mut undo, mut add) = (Vec::new(), Vec::new());
        if step.kept.is_none() {
            compare_filings(step, &was, &would_be, &mut undo, &mut add);
            compare_bounces(step, &mut undo, &mut add);
            reviews.compare(step, &mut undo, &mut add);
        }
        let decision = step.decision.as_ref();
        revisions.push(Revision {
            before: before.clone(),
            after: decision.map_or_else(|| before.clone(), |decision| decision.record.clone()),
            undo,
            add,
            readings: decision.map(|decision| decision.readings.clone()),
            letters: decision.map(|decision| decision.letters.clone()).unwrap_or_default(),
            bounced_letters: decision.map(|decision| decision.bounced_letters.clone()).unwrap_or_default(),
            kept: step.kept,
        });
    }
    keep_the_order_of_equals(&mut revisions, replayed);
    revisions
}

fn is_filing(event: &Event) -> bool {
    matches!(event.kind, EventKind::Filed(_) | EventKind::Duplicated { .. })
}

fn compare_filings(step: &Step, was: &Contents, would_be: &Contents, undo: &mut Vec<Event>, add: &mut Vec<Event>) {
    let mut wanted: Vec<&Event> = step.would_be.iter().filter(|event| is_filing(event)).collect();
    for recorded in step.recorded.iter().filter(|event| is_filing(event)) {
        let said = was.said(recorded);
        let stands = match &recorded.kind {
            // What it repeats must still be there.
            EventKind::Duplicated { first_mail, .. } => {
                said.as_ref().is_some_and(|said| would_be.holds(first_mail, said))
            }
            _ => said.is_some(),
        };
        let place = wanted.iter().position(|event| stands && would_be.said(event) == said && agree(recorded, event));
        match place {
            Some(place) => {
                wanted.swap_remove(place);
            }
            None => undo.push(recorded.clone()),
        }
    }
    add.extend(step.would_be.iter().filter(|event| wanted.contains(event)).cloned());
}

/// Of two filings with the same content, whether the rest agrees as far as it counts.
fn agree(recorded: &Event, event: &Event) -> bool {
    match (&recorded.kind, &event.kind) {
        (EventKind::Filed(recorded), EventKind::Filed(filing)) => {
            let counts = |filing: &Filing| (filing.piece.clone(), filing.verdict, filing.totals.clone());
            counts(recorded) == counts(filing)
        }
        _ => true,
    }
}

fn compare_bounces(step: &Step, undo: &mut Vec<Event>, add: &mut Vec<Event>) {
    let is_bounce = |event: &&Event| matches!(event.kind, EventKind::Bounced { .. });
    let same = |one: &Event, other: &Event| (&one.unit, &one.kind) == (&other.unit, &other.kind);
    let recorded = step.recorded.iter().filter(is_bounce);
    undo.extend(recorded.filter(|event| !step.would_be.iter().any(|other| same(event, other))).cloned());
    let wanted = step.would_be.iter().filter(is_bounce);
    add.extend(wanted.filter(|event| !step.recorded.iter().any(|other| same(event, other))).cloned());
}

/// Which reviews wait, and which would.
struct Reviews {
    /// Asked and settled in the replay, by persons' words and its own.
    asked: BTreeSet<i64>,
    settled: BTreeSet<i64>,
    /// Settled as it is recorded.
    was_settled: BTreeSet<i64>,
}

impl Reviews {
    fn of(counted: &[&Event], replayed: &Replayed) -> Self {
        let settled = |event: &Event| match event.kind {
            EventKind::ReviewSettled { review, .. } => Some(review),
            _ => None,
        };
        let would_count = || replayed.counts.values().flatten();
        let asked = would_count().filter(|event| matches!(event.kind, EventKind::ReviewAsked { .. }));
        Self {
            asked: asked.map(|event| event.id).collect(),
            settled: would_count().filter_map(settled).collect(),
            was_settled: counted.iter().copied().filter_map(settled).collect(),
        }
    }

    fn compare(&self, step: &Step, undo: &mut Vec<Event>, add: &mut Vec<Event>) {
        for event in &step.recorded {
            let holds_no_more = match &event.kind {
                // One that is settled is over, whatever would be asked today.
                EventKind::ReviewAsked { .. } => {
                    !self.asked.contains(&event.id) && !self.was_settled.contains(&event.id)
                }
                EventKind::ReviewSettled { review, .. } => {
                    self.asked.contains(review) && !self.settled.contains(review)
                }
                _ => false,
            };
            if holds_no_more {
                undo.push(event.clone());
            }
        }
        for event in &step.would_be {
            let is_new = match &event.kind {
                // What a later mail has mended nobody need look at.
                EventKind::ReviewAsked { .. } => event.id < 0 && !self.settled.contains(&event.id),
                EventKind::ReviewSettled { review, .. } => *review > 0 && !self.was_settled.contains(review),
                _ => false,
            };
            if is_new {
                add.push(event.clone());
            }
        }
    }
}

/// Of two returns that arrived in the same second the one recorded last stands: where the first is recorded anew, so is
/// the second.
fn keep_the_order_of_equals(revisions: &mut [Revision], replayed: &Replayed) {
    let moment = |event: &Event| match &event.kind {
        EventKind::Filed(filing) => Some((event.campaign.clone(), event.unit.clone(), filing.item, filing.received_at)),
        EventKind::Duplicated { item, received_at, .. } => {
            Some((event.campaign.clone(), event.unit.clone(), *item, (*received_at)?))
        }
        _ => None,
    };
    let mut anew: BTreeSet<_> = BTreeSet::new();
    for (revision, step) in revisions.iter_mut().zip(&replayed.steps) {
        for event in step.recorded.iter().filter(|event| !revision.undo.contains(event)).cloned().collect::<Vec<_>>() {
            let again = step.would_be.iter().find(|other| {
                moment(&event).is_some_and(|moment| anew.contains(&moment)) && moment(other) == moment(&event)
            });
            if let Some(again) = again {
                revision.undo.push(event);
                revision.add.push(again.clone());
            }
        }
        anew.extend(revision.add.iter().filter_map(moment));
    }
}

/// All events as they would be recorded after these revisions.
#[must_use]
pub fn applied(given: &Given, revisions: &[Revision], now: DateTime<FixedOffset>) -> Vec<Event> {
    let mut events = given.events.clone();
    let last = events.last().map_or(0, |event| event.id);
    let added = revisions.iter().flat_map(|revision| revision.events(now));
    events.extend((last + 1..).zip(added).map(|(id, event)| Event { id, ..event }));
    events
}
