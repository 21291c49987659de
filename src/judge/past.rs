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
            arrivals.note_recording(event);
        }
        arrivals
    }

    /// Notes what this event tells, if it tells that a mail was recorded.
    pub fn note_recording(&mut self, event: &Event) {
        if let (EventKind::MailRecorded { received_at, .. }, Some(mail)) = (&event.kind, &event.mail) {
            self.note(mail, Arrived { at: *received_at, recorded: event.id });
        }
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

    /// Whether all that is recorded of this unit came before.
    fn comes_after(&self, of_unit: &OfUnit) -> bool {
        of_unit.arrived.is_none_or(|arrived| arrived < self.arrived) && of_unit.said < self.said_before
    }

    /// All that is recorded counts.
    #[must_use]
    pub fn end() -> Self {
        Self::of_new(DateTime::<Utc>::MAX_UTC.fixed_offset())
    }
}

/// The units a mail may concern.
#[must_use]
pub fn units_of(understanding: &Understanding) -> BTreeSet<UnitCode> {
    let tables = understanding.tables.iter().filter_map(|table| table.unit.clone());
    let reports = understanding.reports.iter().filter_map(|report| report.unit.clone());
    tables.chain(reports).chain(understanding.unit.as_ref().map(|claim| claim.code.clone())).collect()
}

/// What the events of one collection that count come to, unit by unit: so the past of a mail is found without reading
/// all of them again. They are handed in once each, in the order of recording, and not kept.
#[derive(Clone, Debug, Default)]
pub struct Folded {
    units: BTreeMap<UnitCode, OfUnit>,
    /// What settles each review.
    settlements: BTreeMap<i64, Vec<Known>>,
}

/// What is at hand of one unit.
#[derive(Clone, Debug)]
struct OfUnit {
    /// All its events folded.
    ledger: UnitLedger,
    accepted: Option<Arc<Totals>>,
    asked: Vec<OpenReview>,
    taught: BTreeSet<String>,
    /// The last arrival of what they are about.
    arrived: Option<Arrived>,
    /// The last word of a person.
    said: i64,
}

impl Default for OfUnit {
    fn default() -> Self {
        Self {
            ledger: UnitLedger::default(),
            accepted: None,
            asked: Vec::new(),
            taught: BTreeSet::new(),
            arrived: None,
            said: i64::MIN,
        }
    }
}

/// What decides whether an event was known at a moment.
#[derive(Clone, Copy, Debug)]
struct Known {
    id: i64,
    by_person: bool,
    files: bool,
    arrived: Option<Arrived>,
}

impl Known {
    fn of(event: &Event, arrivals: &Arrivals) -> Self {
        Self {
            id: event.id,
            by_person: event.by != Actor::Machine,
            files: matches!(event.kind, EventKind::Filed(_)),
            arrived: arrivals.of_event(event),
        }
    }

    fn by(self, moment: Moment) -> bool {
        let arrived_before = self.arrived.is_none_or(|arrived| arrived < moment.arrived);
        match (self.by_person, self.files) {
            (true, true) => self.id < moment.said_before && arrived_before,
            (true, false) => self.id < moment.said_before,
            (false, _) => arrived_before,
        }
    }
}

impl Folded {
    #[must_use]
    pub fn of<'e>(events: impl IntoIterator<Item = &'e Event>, arrivals: &Arrivals) -> Self {
        let mut folded = Self::default();
        for event in events {
            folded.push(event, arrivals);
        }
        folded
    }

    /// Adds what was recorded last. `arrivals` know of its mail.
    pub fn push(&mut self, event: &Event, arrivals: &Arrivals) {
        if let EventKind::ReviewSettled { review, .. } = &event.kind {
            self.settlements.entry(*review).or_default().push(Known::of(event, arrivals));
        }
        let Some(unit) = &event.unit else { return };
        let of_unit = self.units.entry(unit.clone()).or_default();
        of_unit.ledger = progress::apply(std::mem::take(&mut of_unit.ledger), event);
        if tells_of_a_table(event) {
            of_unit.accepted = progress::counted_totals(&of_unit.ledger).cloned().map(Arc::new);
        }
        if let EventKind::AddressTaught { address } = &event.kind {
            of_unit.taught.insert(address.clone());
        }
        of_unit.asked.extend(asked(event, unit));
        of_unit.arrived = of_unit.arrived.max(arrivals.of_event(event));
        if event.by != Actor::Machine {
            of_unit.said = of_unit.said.max(event.id);
        }
    }

    /// A unit's ledger by everything that counts.
    #[must_use]
    pub fn ledger(&self, unit: &UnitCode) -> Option<&UnitLedger> {
        self.units.get(unit).map(|of_unit| &of_unit.ledger)
    }

    /// The units of which something is recorded that was not known at that moment: their events must be looked at one
    /// by one to tell the past of a mail that may concern `units`.
    #[must_use]
    pub fn ahead_of(
        &self,
        units: &BTreeSet<UnitCode>,
        campaign: Option<&Campaign>,
        moment: Moment,
    ) -> BTreeSet<UnitCode> {
        let peers =
            campaign.into_iter().flat_map(|campaign| units.iter().flat_map(|unit| peers::group_of(unit, campaign)));
        let is_ahead = |unit: &&UnitCode| self.units.get(*unit).is_some_and(|of_unit| !moment.comes_after(of_unit));
        units.iter().chain(peers).filter(is_ahead).cloned().collect()
    }

    /// The past of a mail that may concern these units, without what only the store knows (senders, letters, bounces).
    /// `singly` are the events that count of the units [`Folded::ahead_of`] names, in the order of recording.
    #[must_use]
    pub fn past(
        &self,
        arrivals: &Arrivals,
        units: &BTreeSet<UnitCode>,
        campaign: Option<&Campaign>,
        moment: Moment,
        singly: &BTreeMap<UnitCode, Vec<&Event>>,
    ) -> Past {
        let mut past = Past::default();
        let nothing = OfUnit::default();
        for unit in units {
            let ledger = if let Some(events) = singly.get(unit) {
                as_of(arrivals, unit, events, moment, &mut past)
            } else {
                let of_unit = self.units.get(unit).unwrap_or(&nothing);
                past.open_reviews.extend(of_unit.asked.iter().cloned());
                of_unit.ledger.clone()
            };
            past.ledgers.insert(unit.clone(), ledger);
        }
        past.open_reviews.retain(|review| !self.is_settled(review, moment));
        if let Some(campaign) = campaign {
            let accepted = |unit: &UnitCode| match singly.get(unit) {
                Some(events) => accepted_by(events, arrivals, moment),
                None => self.units.get(unit)?.accepted.clone(),
            };
            past.peers = peers::peers_of(units.iter(), accepted, campaign);
        }
        past
    }

    fn is_settled(&self, review: &OpenReview, moment: Moment) -> bool {
        self.settlements.get(&review.id).into_iter().flatten().any(|settled| settled.by(moment))
    }

    /// Addresses that a person said are a unit's, for these units.
    #[must_use]
    pub fn taught_addresses(&self, units: &BTreeSet<UnitCode>) -> BTreeMap<UnitCode, BTreeSet<String>> {
        let taught = units.iter().filter_map(|unit| Some((unit.clone(), self.units.get(unit)?.taught.clone())));
        taught.filter(|(_, addresses)| !addresses.is_empty()).collect()
    }
}

/// A unit's ledger by what had come before; what came later is noted in the past.
fn as_of(arrivals: &Arrivals, unit: &UnitCode, events: &[&Event], moment: Moment, past: &mut Past) -> UnitLedger {
    let mut ledger = UnitLedger::default();
    for event in events {
        if Known::of(event, arrivals).by(moment) {
            past.open_reviews.extend(asked(event, unit));
            ledger = progress::apply(ledger, event);
        } else {
            past.later.entry(unit.clone()).or_default().push(Event::clone(event));
        }
    }
    ledger
}

/// The unit's totals that counted by then.
fn accepted_by(events: &[&Event], arrivals: &Arrivals, moment: Moment) -> Option<Arc<Totals>> {
    let known = events.iter().filter(|event| tells_of_a_table(event) && Known::of(event, arrivals).by(moment));
    let ledger = known.fold(UnitLedger::default(), |ledger, event| progress::apply(ledger, event));
    progress::counted_totals(&ledger).cloned().map(Arc::new)
}

fn asked(event: &Event, unit: &UnitCode) -> Option<OpenReview> {
    match &event.kind {
        EventKind::ReviewAsked { reason, .. } => Some(OpenReview { id: event.id, unit: unit.clone(), reason: *reason }),
        _ => None,
    }
}

/// The events of one collection that count, kept, beside what they come to.
#[derive(Clone, Debug, Default)]
pub struct Chronicle {
    events: Vec<Event>,
    /// Of each unit the places of its events.
    places: BTreeMap<UnitCode, Vec<usize>>,
    folded: Folded,
}

impl Chronicle {
    #[must_use]
    pub fn of(events: impl IntoIterator<Item = Event>, arrivals: &Arrivals) -> Self {
        let mut chronicle = Self::default();
        for event in events {
            chronicle.push(event, arrivals);
        }
        chronicle
    }

    /// Adds what was recorded last. `arrivals` know of its mail.
    pub fn push(&mut self, event: Event, arrivals: &Arrivals) {
        if let Some(unit) = &event.unit {
            self.places.entry(unit.clone()).or_default().push(self.events.len());
        }
        self.folded.push(&event, arrivals);
        self.events.push(event);
    }

    #[must_use]
    pub fn into_events(self) -> Vec<Event> {
        self.events
    }

    /// As [`Folded::past`].
    #[must_use]
    pub fn past(
        &self,
        arrivals: &Arrivals,
        units: &BTreeSet<UnitCode>,
        campaign: Option<&Campaign>,
        moment: Moment,
    ) -> Past {
        let events_of = |unit: &UnitCode| {
            let places = self.places.get(unit).into_iter().flatten();
            places.filter_map(|place| self.events.get(*place)).collect()
        };
        let ahead = self.folded.ahead_of(units, campaign, moment);
        let singly = ahead.into_iter().map(|unit| (unit.clone(), events_of(&unit))).collect();
        self.folded.past(arrivals, units, campaign, moment, &singly)
    }

    /// As [`Folded::taught_addresses`].
    #[must_use]
    pub fn taught_addresses(&self, units: &BTreeSet<UnitCode>) -> BTreeMap<UnitCode, BTreeSet<String>> {
        self.folded.taught_addresses(units)
    }
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
