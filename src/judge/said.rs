//! What people of the office said of a mail, and the mail as it reads under their word.

use super::register::Register;
use super::understand;
use crate::model::decision::Understanding;
use crate::model::ledger::{Actor, Event, EventKind, Nature};
use crate::model::unit::UnitCode;

/// A person's word on one mail, as far as it is in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// The campaign and the unit it is a return of.
    pub unit: Option<(String, UnitCode)>,
    /// A person entered it: a return on paper, kept as a mail of our own. Whoever writes such a mail from outside is no
    /// person of the office, whatever its header says: only how it was recorded tells.
    pub by_hand: bool,
}

impl Said {
    /// From the events of one mail that are in force, oldest first.
    #[must_use]
    pub fn of<'e>(events: impl IntoIterator<Item = &'e Event>) -> Self {
        let mut said = Self::default();
        for event in events {
            match (&event.kind, &event.by) {
                (EventKind::AssignedByPerson, _) => {
                    said.unit = event.unit.clone().map(|unit| (event.campaign.clone(), unit));
                }
                (EventKind::MailRecorded { .. }, Actor::Person(_)) => said.by_hand = true,
                _ => {}
            }
        }
        said
    }

    /// The campaign the mail must be read for, where a person said so.
    #[must_use]
    pub fn campaign(&self) -> Option<&str> {
        self.unit.as_ref().map(|(campaign, _)| campaign.as_str())
    }

    /// The mail as this word makes it.
    #[must_use]
    pub fn apply(&self, understanding: Understanding, register: &Register) -> Understanding {
        let unit = self.unit.as_ref().and_then(|(campaign, unit)| register.campaign(campaign)?.roster.unit(unit));
        match (unit, &self.unit) {
            (Some(unit), Some((campaign, _))) => {
                Understanding { campaign: Some(campaign.clone()), ..understand::assigned(understanding, unit) }
            }
            // What was entered by hand is a return by that person's word alone.
            _ if self.by_hand => Understanding {
                nature: Nature::Foreign,
                unit: None,
                candidates: Vec::new(),
                tables: Vec::new(),
                reports: Vec::new(),
                ..understanding
            },
            _ => understanding,
        }
    }
}
