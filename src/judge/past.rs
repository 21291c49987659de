//! What was known when a mail arrived: everything recorded, as of that moment. In whatever order mails are processed,
//! each is decided by those that arrived before it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, FixedOffset, Utc};

use super::peers::{self, Peers};
use super::progress;
use crate::model::campaign::Campaign;
use crate::model::decision::Understanding;
use crate::model::ledger::{Actor, Event, EventKind, ReviewReason, UnitLedger};
use crate::model::mail::Digest;
use crate::model::returns::{Item, Totals};
use crate::model::unit::UnitCode;

/// What the store knew before this mail.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// Of every unit the mail may concern, by what arrived before it.
    pub ledgers: BTreeMap<UnitCode, UnitLedger>,
    /// What arrived after it and was recorded before: no reason to decide otherwise, but the unit is told of it.
    pub later: BTreeMap<UnitCode, Vec<Event>>,
    /// What the accepted returns of its group say, for each of them.
    pub peers: BTreeMap<UnitCode, Peers>,
    /// Addresses, lower case, from which each unit's standing returns came, or that a person said are the unit's.
    pub senders: BTreeMap<UnitCode, BTreeSet<String>>,
    /// Letters owed or sent to this sender within the last day.
    pub answers_today: u32,
    /// Mails of this sender within the last day that changed nothing.
    pub duplicates_today: u32,
    /// What waits for a person about these units.
    pub open_reviews: Vec<OpenReview>,
    /// The letter of ours that this bounce sends back, where it is one.
    pub bounced: Option<BouncedLetter>,
}

/// Something a person was asked to look at and has not settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenReview {
    pub id: i64,
    pub unit: UnitCode,
    pub reason: ReviewReason,
}

/// A letter of ours that came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BouncedLetter {
    pub campaign: String,
    pub unit: Option<UnitCode>,
    /// The address it went to, lower case.
    pub recipient: String,
    /// Without angle brackets.
    pub message_id: String,
}

/// A mail's place in the order of arrival; mails of the same second come as they were recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arrived {
    pub at: DateTime<FixedOffset>,
    /// Id of the event that recorded it; `i64::MAX` for one that is not recorded yet.
    pub recorded: i64,
}

/// When each mail arrived.
#[derive(Clone, Debug, Default)]
pub struct Arrivals(BTreeMap<Digest, Arrived>);

impl Arrivals {
    /// As the events tell.
    #[must_use]
    pub fn of<'e>(events: impl IntoIterator<Item = &'e Event>) -> Self {
        let mut arrivals = Self::default();
        for event in events {
            if let (EventKind::MailRecorded { received_at, .. }, Some(mail)) = (&event.kind, &event.mail) {
                arrivals.note(mail, Arrived { at: *received_at, recorded: event.id });
            }
        }
        arrivals
    }

    pub fn note(&mut self, mail: &Digest, arrived: Arrived) {
        self.0.insert(mail.clone(), arrived);
    }

    #[must_use]
    pub fn of_mail(&self, mail: &Digest) -> Option<Arrived> {
        self.0.get(mail).copied()
    }

    /// When what the event is about came; `None` where it is about no mail. A mail that was recorded for another
    /// collection is known by what it filed.
    fn of_event(&self, event: &Event) -> Option<Arrived> {
        let mail = event.mail.as_ref()?;
        self.of_mail(mail).or_else(|| {
            let at = match &event.kind {
                EventKind::MailRecorded { received_at, .. } => *received_at,
                EventKind::Filed(filing) => filing.received_at,
                EventKind::Duplicated { received_at: Some(received_at), .. } => *received_at,
                _ => event.at,
            };
            Some(Arrived { at, recorded: event.id })
        })
    }
}

/// From when it is looked back.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Mails count that arrived before.
    pub arrived: Arrived,
    /// Persons' words count whose event is older than this one: the mail's recording, or that it was given to a unit.
    pub said_before: i64,
}

impl Moment {
    /// Of a mail that is not recorded yet: all that persons said counts.
    #[must_use]
    pub fn of_new(received_at: DateTime<FixedOffset>) -> Self {
        Self { arrived: Arrived { at: received_at, recorded: i64::MAX }, said_before: i64::MAX }
    }

    /// All that is recorded counts.
    #[must_use]
    pub fn end() -> Self {
        Self::of_new(DateTime::<Utc>::MAX_UTC.fixed_offset())
    }

    fn knows(&self, event: &Event, arrivals: &Arrivals) -> bool {
        let arrived_before = || arrivals.of_event(event).is_none_or(|arrived| arrived < self.arrived);
        match (&event.by, &event.kind) {
            (Actor::Person(_), EventKind::Filed(_)) => event.id < self.said_before && arrived_before(),
            (Actor::Person(_), _) => event.id < self.said_before,
            (Actor::Machine, _) => arrived_before(),
        }
    }
}

/// The units a mail may concern.
#[must_use]
pub fn units_of(understanding: &Understanding) -> BTreeSet<UnitCode> {
    let tables = understanding.tables.iter().filter_map(|table| table.unit.clone());
    let reports = understanding.reports.iter().filter_map(|report| report.unit.clone());
    tables.chain(reports).chain(understanding.unit.as_ref().map(|claim| claim.code.clone())).collect()
}

/// The past of a mail that may concern these units, without what only the store knows (senders, letters, bounces).
/// `events` are those of the collection that count, in the order of recording.
#[must_use]
pub fn past_as_of<'e>(
    events: impl IntoIterator<Item = &'e Event>,
    arrivals: &Arrivals,
    units: &BTreeSet<UnitCode>,
    campaign: Option<&Campaign>,
    moment: Moment,
) -> Past {
    let mut past = Past::default();
    let mut others: BTreeMap<UnitCode, UnitLedger> = BTreeMap::new();
    let mut asked: Vec<OpenReview> = Vec::new();
    let mut settled: BTreeSet<i64> = BTreeSet::new();
    for event in events {
        let knows = moment.knows(event, arrivals);
        if let (EventKind::ReviewSettled { review, .. }, true) = (&event.kind, knows) {
            settled.insert(*review);
        }
        let Some(unit) = &event.unit else { continue };
        match (units.contains(unit), knows) {
            (true, true) => {
                if let EventKind::ReviewAsked { reason, .. } = &event.kind {
                    asked.push(OpenReview { id: event.id, unit: unit.clone(), reason: *reason });
                }
                let ledger = past.ledgers.entry(unit.clone()).or_default();
                *ledger = progress::apply(std::mem::take(ledger), event);
            }
            (true, false) => {
                past.later.entry(unit.clone()).or_default().push(event.clone());
            }
            (false, true) if tells_of_a_table(event) => {
                let ledger = others.entry(unit.clone()).or_default();
                *ledger = progress::apply(std::mem::take(ledger), event);
            }
            (false, _) => {}
        }
    }
    asked.retain(|review| !settled.contains(&review.id));
    past.open_reviews = asked;
    for unit in units {
        past.ledgers.entry(unit.clone()).or_default();
    }
    if let Some(campaign) = campaign {
        let known = past.ledgers.iter().chain(&others);
        let accepted: BTreeMap<UnitCode, Arc<Totals>> = known
            .filter_map(|(unit, ledger)| Some((unit.clone(), Arc::new(progress::counted_totals(ledger)?.clone()))))
            .collect();
        past.peers = peers::peers_of(units.iter(), &accepted, campaign);
    }
    past
}

/// Addresses that a person said are a unit's, for these units.
#[must_use]
pub fn taught_addresses<'e>(
    events: impl IntoIterator<Item = &'e Event>,
    units: &BTreeSet<UnitCode>,
) -> BTreeMap<UnitCode, BTreeSet<String>> {
    let mut taught: BTreeMap<UnitCode, BTreeSet<String>> = BTreeMap::new();
    for event in events {
        if let (EventKind::AddressTaught { address }, Some(unit)) = (&event.kind, &event.unit)
            && units.contains(unit)
        {
            taught.entry(unit.clone()).or_default().insert(address.clone());
        }
    }
    taught
}

/// The mails whose return stands for each unit: whoever sent them has filed for it.
pub fn standing_mails(past: &Past) -> impl Iterator<Item = (&UnitCode, &Digest)> {
    past.ledgers.iter().flat_map(|(unit, ledger)| {
        ledger.items.values().filter_map(move |item| Some((unit, &item.current.as_ref()?.mail)))
    })
}

fn tells_of_a_table(event: &Event) -> bool {
    match &event.kind {
        EventKind::Filed(filing) => filing.item == Item::Table,
        EventKind::Duplicated { item, .. }
        | EventKind::AcceptedByPerson { item }
        | EventKind::ReturnedByPerson { item, .. }
        | EventKind::Waived { item, .. } => *item == Item::Table,
        _ => false,
    }
}
