//! What staff taught about whose mail is whose, as far as it is in force.

use std::collections::BTreeMap;

use super::names::NameBook;
use super::nature;
use super::register::Register;
use super::words::normalise;
use crate::model::campaign::Campaign;
use crate::model::hints::Taught;
use crate::model::ledger::{Event, EventKind, in_force};
use crate::model::unit::Unit;

/// Longest short name that is remembered, in characters.
const LONGEST_NAME: usize = 40;

/// By campaign: which address and which short name means which unit. What was taught last stands.
#[must_use]
pub fn taught(events: &[Event]) -> BTreeMap<String, Taught> {
    let mut by_campaign: BTreeMap<String, Taught> = BTreeMap::new();
    for event in in_force(events) {
        let Some(unit) = &event.unit else { continue };
        match &event.kind {
            EventKind::AddressTaught { address } => {
                let taught = by_campaign.entry(event.campaign.clone()).or_default();
                taught.addresses.insert(address.clone(), unit.clone());
            }
            EventKind::NameTaught { name } => {
                let taught = by_campaign.entry(event.campaign.clone()).or_default();
                taught.names.insert(name.clone(), unit.clone());
            }
            _ => {}
        }
    }
    by_campaign
}

/// The address as it is remembered, or why it cannot be.
///
/// # Errors
/// Words for whoever taught it.
pub fn address(
    register: &Register,
    campaign: &Campaign,
    known: &Taught,
    unit: &Unit,
    address: &str,
) -> Result<String, String> {
    let address = address.trim().to_lowercase();
    let well_formed = address
        .split_once('@')
        .is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.') && !domain.contains('@'));
    if !well_formed || address.contains(char::is_whitespace) || address.chars().any(char::is_control) {
        return Err(format!("{address} is no mail address"));
    }
    if register.is_own(&address) {
        return Err(format!("{address} is the office's own address; what comes from it is no unit's"));
    }
    if nature::is_a_machine(&address) {
        return Err(format!("behind {address} stands a machine or a list, not a unit"));
    }
    if unit.emails.contains(&address) {
        return Err(format!("{address} stands on the roster for unit {} already", unit.code));
    }
    if let Some(other) = campaign.roster.units().iter().find(|other| other.emails.contains(&address)) {
        return Err(format!("{address} stands on the roster for unit {} {}", other.code, other.name));
    }
    match known.addresses.get(&address) {
        Some(code) if *code == unit.code => Err(format!("{address} is remembered for unit {code} already")),
        Some(code) => Err(format!("{address} is remembered for unit {code}; take that back first")),
        None => Ok(address),
    }
}

/// The short name as it is remembered, or why it cannot be.
///
/// # Errors
/// Words for whoever taught it.
pub fn name(campaign: &Campaign, known: &Taught, unit: &Unit, name: &str) -> Result<String, String> {
    let name: String = name.trim().chars().filter(|letter| !letter.is_control()).collect();
    let plain = normalise(&name);
    if plain.chars().count() < 2 || name.chars().count() > LONGEST_NAME {
        return Err(format!("a short name has 2 to {LONGEST_NAME} characters"));
    }
    let called = |unit: &Unit| std::iter::once(&unit.name).chain(&unit.aliases).any(|known| normalise(known) == plain);
    if called(unit) {
        return Err(format!("{name} is a name of unit {} already", unit.code));
    }
    if let Some(other) = campaign.roster.units().iter().find(|other| called(other)) {
        return Err(format!("{name} is a name of unit {} {}", other.code, other.name));
    }
    // 县里 within 兴县里…: what the roster's names are found in is no name for another unit.
    let book = NameBook::new(&campaign.roster);
    if let Some(other) = book.whole(&name).single().filter(|other| **other != unit.code) {
        return Err(format!("{name} means unit {other} by the roster"));
    }
    match known.names.iter().find(|(taught, _)| normalise(taught) == plain) {
        Some((_, code)) if *code == unit.code => Err(format!("{name} is remembered for unit {code} already")),
        Some((_, code)) => Err(format!("{name} is remembered for unit {code}; take that back first")),
        None => Ok(name),
    }
}
