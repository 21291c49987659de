//! What is recorded of one collection, folded as it comes: what the past of a mail is costs no look at all of it.
//!
//! The fold knows how things stand now, not how they stood. That is the past of a mail which arrived after everything
//! that bears on it; of any other, [`past_as_of`](super::past::past_as_of) tells it from the events themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, FixedOffset};

use super::past::{OpenReview, Past};
use super::peers::Peers;
use super::progress;
use crate::model::campaign::Campaign;
use crate::model::ledger::{Actor, Event, EventKind, UnitLedger};
use crate::model::mail::Digest;
use crate::model::returns::Totals;
use crate::model::unit::UnitCode;

/// The fold of one collection's events.
#[derive(Debug, Default)]
pub struct Chronicle {
    units: BTreeMap<UnitCode, UnitPast>,
    /// Whose each review is that waits.
    waiting: BTreeMap<i64, UnitCode>,
    /// When the mail arrived whose recording came last: what else is recorded of it follows at once.
    last_mail: Option<(Digest, DateTime<FixedOffset>)>,
    /// Events that count no more, as far as was known at the beginning.
    undone: BTreeSet<i64>,
    /// Something was undone that is folded in already.
    outdated: bool,
}

#[derive(Debug, Default)]
struct UnitPast {
    ledger: UnitLedger,
    /// What the accepted table says that counts.
    accepted: Option<Arc<Totals>>,
    /// When the mail arrived last that anything of it is known by.
    latest: Option<DateTime<FixedOffset>>,
    open_reviews: Vec<OpenReview>,
    /// Addresses that a person said are the unit's.
    taught: BTreeSet<String>,
    /// Mails that changed nothing, with when they were recorded; be it undone or not.
    repeats: Vec<(DateTime<FixedOffset>, Option<Digest>)>,
}

impl Chronicle {
    /// Of a collection of which nothing is folded yet; `undone` are the ids of all events that count no more.
    #[must_use]
    pub fn without(undone: BTreeSet<i64>) -> Self {
        Self { undone, ..Self::default() }
    }

    /// Adds what was recorded next.
    pub fn add(&mut self, event: &Event) {
        if let (EventKind::Duplicated { .. }, Some(unit)) = (&event.kind, &event.unit) {
            self.units.entry(unit.clone()).or_default().repeats.push((event.at, event.mail.clone()));
        }
        // When a mail came is known by its recording, whether that was undone or not.
        if let (EventKind::MailRecorded { received_at, .. }, Some(mail)) = (&event.kind, &event.mail) {
            self.last_mail = Some((mail.clone(), *received_at));
        }
        if !self.undone.contains(&event.id) {
            self.fold(event);
        }
    }

    /// Whether something was undone since it was made: it must be made again.
    #[must_use]
    pub fn is_outdated(&self) -> bool {
        self.outdated
    }

    /// The past of a mail that arrived at this moment and may concern these units, without what only the store knows
    /// (senders' addresses, letters, bounces); `None` where something that bears on it arrived later.
    #[must_use]
    pub fn past(
        &self,
        units: &BTreeSet<UnitCode>,
        campaign: Option<&Campaign>,
        received_at: DateTime<FixedOffset>,
    ) -> Option<Past> {
        let mut past = Past::default();
        for code in units {
            let Some(unit) = self.units.get(code) else {
                past.ledgers.insert(code.clone(), UnitLedger::default());
                continue;
            };
            if unit.is_later_than(received_at) {
                return None;
            }
            past.ledgers.insert(code.clone(), unit.ledger.clone());
            past.open_reviews.extend(unit.open_reviews.iter().cloned());
            past.senders.insert(code.clone(), unit.taught.clone());
        }
        past.open_reviews.sort_by_key(|review| review.id);
        for code in units {
            let others = self.others(code, campaign, received_at)?;
            past.peers.insert(code.clone(), Peers { others });
        }
        Some(past)
    }

    /// How many mails of these units changed nothing and were recorded after this moment.
    #[must_use]
    pub fn repeats_since(&self, units: &BTreeSet<UnitCode>, since: DateTime<FixedOffset>) -> u32 {
        let repeats = units.iter().filter_map(|unit| self.units.get(unit)).flat_map(|unit| &unit.repeats);
        let mails: BTreeSet<&Option<Digest>> = repeats.filter(|(at, _)| *at > since).map(|(_, mail)| mail).collect();
        u32::try_from(mails.len()).unwrap_or(u32::MAX)
    }

    /// What the accepted tables of the rest of the unit's group say.
    fn others(
        &self,
        code: &UnitCode,
        campaign: Option<&Campaign>,
        received_at: DateTime<FixedOffset>,
    ) -> Option<Vec<Arc<Totals>>> {
        let Some(campaign) = campaign else { return Some(Vec::new()) };
        let Some(group) = campaign.roster.unit(code).map(|unit| &unit.group) else { return Some(Vec::new()) };
        let alike = campaign.roster.units().iter().filter(|other| &other.group == group && &other.code != code);
        let mut others = Vec::new();
        for unit in alike.filter_map(|other| self.units.get(&other.code)) {
            if unit.is_later_than(received_at) {
                return None;
            }
            others.extend(unit.accepted.clone());
        }
        Some(others)
    }

    fn fold(&mut self, event: &Event) {
        if let EventKind::Undone { event_id, .. } = &event.kind {
            self.outdated |= !self.undone.contains(event_id);
        }
        let arrived = self.arrived(event);
        if let EventKind::ReviewSettled { review, .. } = &event.kind
            && let Some(unit) = self.waiting.remove(review).and_then(|unit| self.units.get_mut(&unit))
        {
            unit.open_reviews.retain(|open| open.id != *review);
        }
        let Some(code) = &event.unit else { return };
        let unit = self.units.entry(code.clone()).or_default();
        unit.latest = unit.latest.max(arrived);
        match &event.kind {
            EventKind::ReviewAsked { reason, .. } => {
                unit.open_reviews.push(OpenReview { id: event.id, unit: code.clone(), reason: *reason });
                self.waiting.insert(event.id, code.clone());
            }
            EventKind::AddressTaught { address } => {
                unit.taught.insert(address.clone());
            }
            _ => {}
        }
        unit.ledger = progress::apply(std::mem::take(&mut unit.ledger), event);
        let accepted = progress::counted_totals(&unit.ledger);
        if accepted != unit.accepted.as_deref() {
            unit.accepted = accepted.cloned().map(Arc::new);
        }
    }

    /// When that came which the event is about; `None` where it is known whenever it is said: about no mail, or a
    /// person's word that files nothing.
    fn arrived(&self, event: &Event) -> Option<DateTime<FixedOffset>> {
        let mail = event.mail.as_ref()?;
        if let (Actor::Person(_), false) = (&event.by, matches!(event.kind, EventKind::Filed(_))) {
            return None;
        }
        match (&self.last_mail, &event.kind) {
            (Some((last, received_at)), _) if last == mail => Some(*received_at),
            (_, EventKind::Filed(filing)) => Some(filing.received_at),
            (_, EventKind::Duplicated { received_at: Some(received_at), .. }) => Some(*received_at),
            // Recorded later than it came: rather taken for too late than for too early.
            _ => Some(event.at),
        }
    }
}

impl UnitPast {
    fn is_later_than(&self, received_at: DateTime<FixedOffset>) -> bool {
        self.latest.is_some_and(|latest| latest > received_at)
    }
}

#[cfg(test)]
mod tests;
