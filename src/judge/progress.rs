//! Status as a fold over events: how one unit stands, and how the whole campaign stands.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, FixedOffset};
use rust_decimal::Decimal;

use crate::model::campaign::Campaign;
use crate::model::ledger::{
    Event, EventKind, Filing, ItemLedger, ItemStatus, Nature, Repeat, StandingFiling, UnitLedger, UnitStatus, Verdict,
    in_force,
};
use crate::model::letter::LetterKind;
use crate::model::mail::Digest;
use crate::model::returns::{Item, Totals};
use crate::model::standing::{CampaignStanding, UnitStanding};
use crate::model::unit::{Unit, UnitCode};

/// Which fold this is: what was kept by another is not used. Any change of these two files makes another.
pub const FOLD: i64 =
    hash(hash(0xCBF2_9CE4_8422_2325, include_bytes!("progress.rs")), include_bytes!("../model/ledger.rs"))
        .cast_signed();

/// FNV-1a (Fowler, Noll, Vo), which can be worked out while compiling.
const fn hash(mut hash: u64, mut octets: &[u8]) -> u64 {
    while let Some((octet, rest)) = octets.split_first() {
        hash = (hash ^ *octet as u64).wrapping_mul(0x0100_0000_01B3);
        octets = rest;
    }
    hash
}

/// One step of the fold. Events of other units must not be handed in, nor what was undone ([`in_force`]): that a step was
/// undone cannot be folded onto it.
#[must_use]
pub fn apply(mut ledger: UnitLedger, event: &Event) -> UnitLedger {
    match &event.kind {
        EventKind::MailRecorded { nature, .. } => {
            if *nature == Nature::Submission || *nature == Nature::Question {
                ledger.dead_addresses.clear();
            }
        }
        EventKind::Filed(filing) => {
            let Some(mail) = event.mail.clone() else { return ledger };
            let item = ledger.items.entry(filing.item).or_default();
            item.sources.filed.push(StandingFiling { mail, filing: Arc::new(filing.clone()) });
            settle(item);
            count(&mut ledger);
        }
        // What a person says the unit sent is mail from it, as one recognised at once would be.
        EventKind::AssignedByPerson => ledger.dead_addresses.clear(),
        EventKind::AcceptedByPerson { item } => {
            let Some(mail) = &event.mail else { return ledger };
            rule(ledger.items.entry(*item).or_default(), mail, Verdict::Accepted);
        }
        EventKind::ReturnedByPerson { item, .. } => {
            let Some(mail) = &event.mail else { return ledger };
            rule(ledger.items.entry(*item).or_default(), mail, Verdict::NeedsCorrection);
        }
        EventKind::Duplicated { item, piece, first_mail, received_at: Some(received_at) } => {
            let Some(mail) = event.mail.clone() else { return ledger };
            let item = ledger.items.entry(*item).or_default();
            let (piece, first_mail, received_at) = (piece.clone(), first_mail.clone(), *received_at);
            item.sources.repeats.push(Repeat { mail, piece, first_mail, received_at });
            settle(item);
            count(&mut ledger);
        }
        EventKind::DeadlineExtended { until, .. } => ledger.extended_until = Some(*until),
        EventKind::Duplicated { received_at: None, .. }
        | EventKind::ReviewAsked { .. }
        | EventKind::ReviewSettled { .. }
        | EventKind::AddressTaught { .. }
        | EventKind::NameTaught { .. }
        | EventKind::LetterRuled { .. }
        | EventKind::OriginalsPurged { .. }
        | EventKind::Undone { .. } => {}
        EventKind::Waived { item, .. } => ledger.items.entry(*item).or_default().waived = true,
        EventKind::LetterSent { kind, .. } => {
            if *kind == LetterKind::Reminder {
                ledger.reminders_sent += 1;
            }
        }
        EventKind::Bounced { recipient, hard, .. } => {
            if *hard && !ledger.dead_addresses.contains(recipient) {
                ledger.dead_addresses.push(recipient.clone());
            }
        }
    }
    ledger
}

/// All events of one unit, folded in the order they were recorded, without what was undone.
#[must_use]
pub fn fold(events: &[Event]) -> UnitLedger {
    in_force(events).fold(UnitLedger::default(), apply)
}

/// What arrived last stands, in whatever order the mails were processed; of two that arrived in the same second, what was
/// recorded last. What only repeats the return before it changes nothing, not even whose mail it is that stands.
fn settle(item: &mut ItemLedger) {
    let mut all = item.sources.filed.clone();
    let mut repeats: Vec<&Repeat> = item.sources.repeats.iter().collect();
    // A repetition may repeat another; one whose first was undone says nothing.
    while let Some(place) = repeats.iter().position(|repeat| all.iter().any(|filed| filed.mail == repeat.first_mail)) {
        let repeat = repeats.swap_remove(place);
        let first = all.iter().find(|filed| filed.mail == repeat.first_mail).map(|filed| filed.filing.clone());
        let filing = |first: Arc<Filing>| {
            Arc::new(Filing { piece: repeat.piece.clone(), received_at: repeat.received_at, ..Filing::clone(&first) })
        };
        all.extend(first.map(|first| StandingFiling { mail: repeat.mail.clone(), filing: filing(first) }));
    }
    all.sort_by_key(|filed| filed.filing.received_at);
    item.first_received_at = all.first().map(|filed| filed.filing.received_at);
    item.earlier.clear();
    for run in all.chunk_by(|one, next| one.filing.content == next.filing.content) {
        let ruled = item.sources.rulings.iter().rev().find(|(mail, _)| run.iter().any(|filed| filed.mail == *mail));
        let Some(mut filed) = run.first().cloned() else { continue };
        if let Some((_, verdict)) = ruled.filter(|(_, verdict)| *verdict != filed.filing.verdict) {
            Arc::make_mut(&mut filed.filing).verdict = *verdict;
        }
        item.earlier.push(filed);
    }
    item.current = item.earlier.last().cloned();
}

/// A person's verdict on whatever this mail filed of the item; which filing stands does not change by it.
fn rule(item: &mut ItemLedger, mail: &Digest, verdict: Verdict) {
    item.sources.rulings.push((mail.clone(), verdict));
    settle(item);
}

/// What follows for the unit from how its items stand.
fn count(ledger: &mut UnitLedger) {
    let items = ledger.items.values();
    let mails: BTreeSet<&Digest> = items.clone().flat_map(|item| &item.earlier).map(|filed| &filed.mail).collect();
    ledger.version = u32::try_from(mails.len()).unwrap_or(u32::MAX);
    ledger.first_received_at = items.clone().filter_map(|item| item.first_received_at).min();
    ledger.last_received_at =
        items.filter_map(|item| item.current.as_ref()).map(|filed| filed.filing.received_at).max();
}

/// How each item a campaign asks for stands.
#[must_use]
pub fn item_statuses(campaign: &Campaign, ledger: &UnitLedger) -> BTreeMap<Item, ItemStatus> {
    campaign
        .items
        .iter()
        .map(|due| (due.item, ledger.items.get(&due.item).map_or(ItemStatus::Missing, ItemLedger::status)))
        .collect()
}

/// A unit's status from its items: what the office must do first, then what the unit must do.
#[must_use]
pub fn unit_status(items: &BTreeMap<Item, ItemStatus>) -> UnitStatus {
    let any = |wanted: ItemStatus| items.values().any(|status| *status == wanted);
    let all = |wanted: ItemStatus| items.values().all(|status| *status == wanted);
    if all(ItemStatus::Waived) {
        UnitStatus::Waived
    } else if any(ItemStatus::NeedsReview) {
        UnitStatus::NeedsReview
    } else if any(ItemStatus::NeedsCorrection) {
        UnitStatus::NeedsCorrection
    } else if !any(ItemStatus::Missing) {
        UnitStatus::Complete
    } else if any(ItemStatus::Accepted) {
        UnitStatus::Partial
    } else {
        UnitStatus::Missing
    }
}

/// The totals of the unit's table, if that is accepted and so counts.
#[must_use]
pub fn counted_totals(ledger: &UnitLedger) -> Option<&Totals> {
    let table = ledger.items.get(&Item::Table)?;
    if table.waived {
        return None;
    }
    let filing = &table.current.as_ref()?.filing;
    if filing.verdict == Verdict::Accepted { filing.totals.as_ref() } else { None }
}

/// Until when the unit has time.
#[must_use]
pub fn deadline_of(campaign: &Campaign, ledger: &UnitLedger) -> DateTime<FixedOffset> {
    ledger.extended_until.unwrap_or(campaign.deadline)
}

/// Whether something due first arrived after the unit's deadline.
#[must_use]
pub fn is_late(campaign: &Campaign, ledger: &UnitLedger) -> bool {
    let deadline = deadline_of(campaign, ledger);
    campaign.items.iter().any(|due| {
        ledger
            .items
            .get(&due.item)
            .filter(|item| !item.waived)
            .and_then(|item| item.first_received_at)
            .is_some_and(|received| received > deadline)
    })
}

fn unit_standing(campaign: &Campaign, unit: &Unit, ledger: &UnitLedger) -> UnitStanding {
    let items = item_statuses(campaign, ledger);
    let address = unit.emails.iter().find(|known| !ledger.dead_addresses.contains(known)).cloned();
    UnitStanding {
        status: unit_status(&items),
        late: is_late(campaign, ledger),
        extended_until: ledger.extended_until,
        items,
        first_received_at: ledger.first_received_at,
        last_received_at: ledger.last_received_at,
        version: ledger.version,
        reminders_sent: ledger.reminders_sent,
        undeliverable: address.is_none() && !unit.emails.is_empty(),
        address,
        row: counted_totals(ledger).cloned(),
        unit: unit.clone(),
    }
}

/// The sum of tables, exact; a column nobody has a value for is `None`, and so is a sum too large for a decimal.
#[must_use]
pub fn sum_totals<'a>(campaign: &Campaign, rows: impl IntoIterator<Item = &'a Totals>) -> Totals {
    let mut sums: BTreeMap<String, Result<Option<Decimal>, ()>> =
        campaign.form.number_columns().map(|column| (column.key.clone(), Ok(None))).collect();
    for row in rows {
        for (key, sum) in &mut sums {
            if let (Ok(known), Some(Some(figure))) = (&sum, row.get(key)) {
                *sum = known.unwrap_or(Decimal::ZERO).checked_add(*figure).map(Some).ok_or(());
            }
        }
    }
    sums.into_iter().map(|(key, sum)| (key, sum.unwrap_or(None))).collect()
}

/// The ledgers of all units with events, folded in one pass.
#[must_use]
pub fn ledgers(events: &[Event]) -> BTreeMap<UnitCode, UnitLedger> {
    let mut ledgers: BTreeMap<UnitCode, UnitLedger> = BTreeMap::new();
    for event in in_force(events) {
        if let Some(code) = &event.unit {
            let ledger = ledgers.entry(code.clone()).or_default();
            *ledger = apply(std::mem::take(ledger), event);
        }
    }
    ledgers
}

/// How the whole campaign stands at `as_of`, given all its events until then.
#[must_use]
pub fn standing(campaign: &Campaign, events: &[Event], as_of: DateTime<FixedOffset>) -> CampaignStanding {
    standing_of(campaign, &ledgers(events), as_of)
}

/// The same, given what all its events were folded to.
#[must_use]
pub fn standing_of(
    campaign: &Campaign,
    ledgers: &BTreeMap<UnitCode, UnitLedger>,
    as_of: DateTime<FixedOffset>,
) -> CampaignStanding {
    let nothing = UnitLedger::default();
    let units: Vec<UnitStanding> = campaign
        .roster
        .units()
        .iter()
        .map(|unit| unit_standing(campaign, unit, ledgers.get(&unit.code).unwrap_or(&nothing)))
        .collect();
    let totals = sum_totals(campaign, units.iter().filter_map(|unit| unit.row.as_ref()));
    CampaignStanding {
        campaign: campaign.id.clone(),
        title: campaign.title.clone(),
        as_of,
        deadline: campaign.deadline,
        units,
        totals,
    }
}

#[cfg(test)]
mod tests;
