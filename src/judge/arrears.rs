//! Who else is told that units owe something: superiors and copies, each with the units that concern them.

use crate::model::campaign::{Campaign, ReminderStage};
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
