//! What the final report tells beyond a digest: who was late, who need not file, what was entered by hand, what was
//! mended, what persons did.

use std::collections::{BTreeMap, BTreeSet};

use super::progress::{deadline_of, ledgers};
use crate::model::campaign::Campaign;
use crate::model::ledger::{Actor, Event, EventKind, UnitLedger, in_force};
use crate::model::mail::Digest;
use crate::model::standing::{ByHandLine, Closing, LateLine, PersonsAct, ReplacedLine, WaivedLine};
use crate::model::unit::{Unit, UnitCode};

/// From all events of the collection. Letters are counted elsewhere.
#[must_use]
pub fn closing(campaign: &Campaign, events: &[Event]) -> Closing {
    let ledgers = ledgers(events);
    let nothing = UnitLedger::default();
    let units: Vec<(&Unit, &UnitLedger)> =
        campaign.roster.units().iter().map(|unit| (unit, ledgers.get(&unit.code).unwrap_or(&nothing))).collect();
    Closing {
        late: units.iter().flat_map(|(unit, ledger)| late(campaign, unit, ledger)).collect(),
        waived: waived(campaign, events),
        by_hand: by_hand(campaign, events),
        replaced: units.iter().flat_map(|(unit, ledger)| replaced(campaign, unit, ledger)).collect(),
        acts: acts(events),
        letters: BTreeMap::new(),
    }
}

fn late(campaign: &Campaign, unit: &Unit, ledger: &UnitLedger) -> Vec<LateLine> {
    let deadline = deadline_of(campaign, ledger);
    let asked = campaign.items.iter().filter_map(|due| Some((due.item, ledger.items.get(&due.item)?)));
    asked
        .filter(|(_, item)| !item.waived)
        .filter_map(|(item, ledger)| Some((item, ledger.first_received_at.filter(|received| *received > deadline)?)))
        .map(|(item, received_at)| LateLine { unit: unit.code.clone(), item, received_at, deadline })
        .collect()
}

fn replaced(campaign: &Campaign, unit: &Unit, ledger: &UnitLedger) -> Vec<ReplacedLine> {
    let filed = campaign.items.iter().filter_map(|due| Some((due.item, ledger.items.get(&due.item)?.earlier.len())));
    filed
        .filter(|(_, times)| *times > 1)
        .map(|(item, times)| ReplacedLine { unit: unit.code.clone(), item, times })
        .collect()
}

fn person(by: &Actor) -> Option<&str> {
    match by {
        Actor::Person(name) => Some(name),
        Actor::Machine => None,
    }
}

fn waived(campaign: &Campaign, events: &[Event]) -> Vec<WaivedLine> {
    let mut lines: Vec<WaivedLine> = Vec::new();
    for event in in_force(events) {
        let (EventKind::Waived { item, reason }, Some(unit)) = (&event.kind, &event.unit) else { continue };
        let by = person(&event.by).unwrap_or_default().to_owned();
        // Said twice, the later word counts.
        lines.retain(|line| (&line.unit, line.item) != (unit, *item));
        lines.push(WaivedLine { unit: unit.clone(), item: *item, reason: reason.clone(), by });
    }
    by_roster(campaign, &mut lines, |line| &line.unit);
    lines
}

/// A mail that a person recorded is an entry by hand; what it filed is told.
fn by_hand(campaign: &Campaign, events: &[Event]) -> Vec<ByHandLine> {
    let entries: BTreeMap<&Digest, &str> = in_force(events)
        .filter(|event| matches!(event.kind, EventKind::MailRecorded { .. }))
        .filter_map(|event| Some((event.mail.as_ref()?, person(&event.by)?)))
        .collect();
    let mut lines: BTreeMap<(&UnitCode, &Digest), ByHandLine> = BTreeMap::new();
    for event in in_force(events) {
        let (EventKind::Filed(filing), Some(unit), Some(mail)) = (&event.kind, &event.unit, &event.mail) else {
            continue;
        };
        let Some(by) = entries.get(mail) else { continue };
        let line = lines.entry((unit, mail)).or_insert_with(|| ByHandLine {
            unit: unit.clone(),
            items: Vec::new(),
            received_at: filing.received_at,
            by: (*by).to_owned(),
        });
        if !line.items.contains(&filing.item) {
            line.items.push(filing.item);
        }
    }
    let mut lines: Vec<ByHandLine> = lines.into_values().collect();
    lines.sort_by_key(|line| line.received_at);
    by_roster(campaign, &mut lines, |line| &line.unit);
    lines
}

/// Puts lines in the order of the roster and leaves out units that stand on it no more.
fn by_roster<T>(campaign: &Campaign, lines: &mut Vec<T>, unit: impl Fn(&T) -> &UnitCode) {
    let place = |line: &T| campaign.roster.units().iter().position(|known| &known.code == unit(line));
    lines.retain(|line| place(line).is_some());
    lines.sort_by_key(place);
}

/// How often persons did what. One act may write down several events of a kind; it counts once.
fn acts(events: &[Event]) -> Vec<(PersonsAct, usize)> {
    let mut seen: BTreeMap<PersonsAct, BTreeSet<i64>> = BTreeMap::new();
    // An entry by hand is told on its own, and is no word on a mail that came.
    let entries: BTreeSet<&Digest> = events
        .iter()
        .filter(|event| matches!(event.kind, EventKind::MailRecorded { .. }) && person(&event.by).is_some())
        .filter_map(|event| event.mail.as_ref())
        .collect();
    for event in in_force(events).filter(|event| person(&event.by).is_some()) {
        let act = match &event.kind {
            EventKind::AssignedByPerson if event.mail.as_ref().is_some_and(|mail| entries.contains(mail)) => continue,
            EventKind::AssignedByPerson => PersonsAct::Assigned,
            EventKind::AcceptedByPerson { .. } => PersonsAct::Accepted,
            EventKind::ReturnedByPerson { .. } => PersonsAct::Returned,
            EventKind::DeadlineExtended { .. } => PersonsAct::Extended,
            EventKind::Undone { .. } => PersonsAct::Undone,
            EventKind::MailRecorded { .. }
            | EventKind::Filed(_)
            | EventKind::Duplicated { .. }
            | EventKind::ReviewAsked { .. }
            | EventKind::ReviewSettled { .. }
            | EventKind::Waived { .. }
            | EventKind::AddressTaught { .. }
            | EventKind::NameTaught { .. }
            | EventKind::LetterRuled { .. }
            | EventKind::LetterSent { .. }
            | EventKind::OriginalsPurged { .. }
            | EventKind::Bounced { .. } => continue,
        };
        seen.entry(act).or_default().insert(event.act);
    }
    seen.into_iter().map(|(act, acts)| (act, acts.len())).collect()
}

#[cfg(test)]
mod tests;
