//! Writes down the reminders and digests that fall due, once each; what they say is decided when they are sent.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, FixedOffset, TimeDelta};

use super::WorkError;
use crate::judge::arrears::{self, Reader};
use crate::judge::receipts::says_that_the_office_looks;
use crate::judge::{due, progress};
use crate::model::campaign::Campaign;
use crate::model::ledger::Event;
use crate::model::letter::{LetterKey, LetterOrder};
use crate::model::standing::UnitStanding;
use crate::model::unit::UnitCode;
use crate::store::Store;

/// Puts into the outbox what `campaign` owes at `now`, and says how many letters that were. With `hold_reminders` the
/// reminders among them wait for a person's word.
///
/// # Errors
/// The store's.
pub async fn owe_letters(
    store: &Store,
    campaign: &Campaign,
    digest_to: &[String],
    sender_domain: &str,
    hold_reminders: bool,
    now: DateTime<FixedOffset>,
) -> Result<usize, WorkError> {
    let reminders = reminders(store, campaign, now).await?;
    let queued = if hold_reminders {
        store.queue_for_release(&reminders, sender_domain, now).await?
    } else {
        store.queue(&reminders, sender_domain, now).await?
    };
    if queued > 0 {
        tracing::info!(campaign = campaign.id, letters = queued, held = hold_reminders, "reminders written down");
    }
    let orders = if digest_to.is_empty() { Vec::new() } else { digests(campaign, digest_to, now) };
    Ok(queued + store.queue(&orders, sender_domain, now).await?)
}

/// The digest and the final report that are due. Where both fall on one moment, the final report stands for both.
fn digests(campaign: &Campaign, digest_to: &[String], now: DateTime<FixedOffset>) -> Vec<LetterOrder> {
    let order = |slot: String, due_at: DateTime<FixedOffset>, expires_at| LetterOrder {
        key: LetterKey::Digest { campaign: campaign.id.clone(), slot },
        campaign: campaign.id.clone(),
        unit: None,
        recipients: digest_to.to_vec(),
        facts: serde_json::Value::Null,
        due_at,
        expires_at,
    };
    let slot = due::digest_due(campaign, now).filter(|slot| Some(*slot) != campaign.final_moment());
    // The next day's digest says more.
    let daily = slot.map(|slot| order(due::slot_name(slot), slot, Some(slot + TimeDelta::days(1))));
    let last = due::final_due(campaign, now).map(|moment| order(due::final_slot(campaign), moment, None));
    daily.into_iter().chain(last).collect()
}

/// What the stages that are due ask for: letters to units, and lists for their superiors and for copies.
async fn reminders(
    store: &Store,
    campaign: &Campaign,
    now: DateTime<FixedOffset>,
) -> Result<Vec<LetterOrder>, WorkError> {
    // Most rounds fall into no stage of anybody's deadline; then nothing of the units need be known.
    let mut deadlines = vec![campaign.deadline];
    deadlines.extend(store.extensions(&campaign.id).await?);
    if deadlines.iter().all(|deadline| due::stage_due(campaign, *deadline, now).is_none()) {
        return Ok(Vec::new());
    }
    let events = store.events(&campaign.id).await?;
    let standing = progress::standing(campaign, &events, now);
    let dead = arrears::dead_addresses(campaign, &events);
    let looked_at = looked_at(store, &events).await?;
    let mut orders = Vec::new();
    let mut lists: BTreeMap<LetterKey, LetterOrder> = BTreeMap::new();
    for unit in &standing.units {
        let deadline = unit.extended_until.unwrap_or(campaign.deadline);
        let Some(stage) = due::stage_due(campaign, deadline, now) else { continue };
        if due::owed(unit).is_empty() || looked_at.contains(&unit.unit.code) {
            continue;
        }
        orders.extend(reminder(campaign, unit, &stage));
        let readers = arrears::readers(campaign, &unit.unit, stage.stage).into_iter();
        for reader in readers.filter(|reader| !dead.contains(&reader.address)) {
            let order = list(campaign, unit, &reader, &stage);
            lists.entry(order.key.clone()).or_insert(order);
        }
    }
    orders.extend(lists.into_values());
    Ok(orders)
}

/// Units that sent what a person of the office has still to look at, and were told so: nobody is reminded of what lies on
/// our own desk. A file of which only the unit can make something, such as a link, does not count.
///
/// # Errors
/// The store's.
pub(super) async fn looked_at(store: &Store, events: &[Event]) -> Result<BTreeSet<UnitCode>, WorkError> {
    let mut looked_at = BTreeSet::new();
    for (unit, mail) in due::unread(events) {
        let receipt = store.letter(&LetterKey::Ack { mail }).await?;
        if receipt.is_none_or(|receipt| says_that_the_office_looks(&receipt.order.facts)) {
            looked_at.insert(unit);
        }
    }
    Ok(looked_at)
}

/// The reminder a unit is owed at this stage, if it has an address that works.
fn reminder(campaign: &Campaign, standing: &UnitStanding, stage: &due::StageDue<'_>) -> Option<LetterOrder> {
    let address = standing.address.as_ref().filter(|_| stage.stage.to_unit)?;
    Some(LetterOrder {
        key: LetterKey::Reminder {
            campaign: campaign.id.clone(),
            unit: standing.unit.code.clone(),
            stage: due::stage_key(stage.stage, standing.extended_until),
        },
        campaign: campaign.id.clone(),
        unit: Some(standing.unit.code.clone()),
        recipients: vec![address.clone()],
        facts: serde_json::Value::Null,
        due_at: stage.due_at,
        expires_at: Some(stage.expires_at),
    })
}

/// The list of units that owe something, for one who is told of them. It is about several units, so it stands in none's
/// history.
fn list(campaign: &Campaign, first: &UnitStanding, reader: &Reader, stage: &due::StageDue<'_>) -> LetterOrder {
    LetterOrder {
        key: LetterKey::Arrears {
            campaign: campaign.id.clone(),
            stage: due::stage_key(stage.stage, first.extended_until),
            reader: reader.address.clone(),
        },
        campaign: campaign.id.clone(),
        unit: None,
        recipients: vec![reader.address.clone()],
        facts: serde_json::Value::Null,
        due_at: stage.due_at,
        expires_at: Some(stage.expires_at),
    }
}
