//! Who else is told that units owe something: superiors and copies, each with the units that concern them.

use std::collections::BTreeSet;

use crate::model::campaign::{Campaign, ReminderStage};
use crate::model::ledger::{Event, EventKind, Nature, in_force};
use crate::model::unit::{Superior, Unit};

/// One who is told of units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// As the letter addresses it; `None` where only the address is known.
    pub name: Option<String>,
    /// Bare.
    pub address: String,
}

/// Whom this stage tells of the unit, each once.
#[must_use]
pub fn readers(campaign: &Campaign, unit: &Unit, stage: &ReminderStage) -> Vec<Reader> {
    let mut readers: Vec<Reader> = Vec::new();
    if stage.to_superior {
        readers.extend(superior(campaign, unit));
    }
    let copies = stage.copy_to.iter().map(|address| Reader { name: None, address: address.clone() });
    for copy in copies {
        if readers.iter().all(|reader| reader.address != copy.address) {
            readers.push(copy);
        }
    }
    readers
}

/// The addresses at which letters of this campaign bounced hard, units' own and others, without those of units that have
/// written since. A list sent there would only come back; the letter that did is among those that wait for a person.
#[must_use]
pub fn dead_addresses(campaign: &Campaign, events: &[Event]) -> BTreeSet<String> {
    let mut dead: BTreeSet<String> = BTreeSet::new();
    for event in in_force(events) {
        let has_written = match &event.kind {
            EventKind::Bounced { recipient, hard: true, .. } => {
                dead.insert(recipient.to_lowercase());
                false
            }
            EventKind::MailRecorded { nature, .. } => matches!(nature, Nature::Submission | Nature::Question),
            EventKind::AssignedByPerson => true,
            EventKind::Bounced { hard: false, .. }
            | EventKind::Filed(_)
            | EventKind::Duplicated { .. }
            | EventKind::ReviewAsked { .. }
            | EventKind::ReviewSettled { .. }
            | EventKind::AcceptedByPerson { .. }
            | EventKind::ReturnedByPerson { .. }
            | EventKind::Waived { .. }
            | EventKind::DeadlineExtended { .. }
            | EventKind::AddressTaught { .. }
            | EventKind::NameTaught { .. }
            | EventKind::LetterRuled { .. }
            | EventKind::LetterSent { .. }
            | EventKind::OriginalsPurged { .. }
            | EventKind::Undone { .. } => false,
        };
        if has_written && let Some(unit) = event.unit.as_ref().and_then(|code| campaign.roster.unit(code)) {
            dead.retain(|address| !unit.emails.contains(address));
        }
    }
    dead
}

fn superior(campaign: &Campaign, unit: &Unit) -> Option<Reader> {
    match unit.superior.as_ref()? {
        Superior::Address { name, address } => Some(Reader { name: name.clone(), address: address.clone() }),
        Superior::Unit(code) => {
            let superior = campaign.roster.unit(code)?;
            let address = superior.emails.first()?.clone();
            Some(Reader { name: Some(superior.name.clone()), address })
        }
    }
}
