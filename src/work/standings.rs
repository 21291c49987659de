//! How every unit stands, from what is kept where that is up to date, and from the events where not.

use std::collections::{BTreeMap, BTreeSet};

use super::WorkError;
use crate::judge::progress::{self, FOLD};
use crate::model::ledger::UnitLedger;
use crate::model::unit::UnitCode;
use crate::store::{KeptStandings, Store, StoreError};

/// Units whose events are in memory at once.
const AT_ONCE: usize = 16;

/// The ledgers of all units of a campaign by all that is recorded, without their history.
///
/// # Errors
/// The store's.
pub async fn latest(store: &Store, campaign: &str) -> Result<BTreeMap<UnitCode, UnitLedger>, WorkError> {
    let KeptStandings { mut ledgers, outdated } = store.kept_standings(campaign, FOLD).await?;
    ledgers.extend(folded(store, campaign, &outdated).await?);
    Ok(ledgers)
}

/// Keeps how the units of these campaigns stand, for the commands that show it to find. They are quick by it and right
/// without it, so a failure is no alarm.
pub async fn keep(store: &Store, campaigns: impl Iterator<Item = &str>) {
    for campaign in campaigns {
        if let Err(error) = keep_of(store, campaign).await {
            // A disk or database that is in trouble is told by whoever has to write there.
            tracing::debug!(campaign, %error, "how the units stand could not be kept; `status` reads all events meanwhile");
        }
    }
}

async fn keep_of(store: &Store, campaign: &str) -> Result<(), StoreError> {
    // Whatever is recorded from here on makes what is kept outdated again, be it folded in or not.
    let seen = store.last_event().await?;
    let outdated = store.kept_standings(campaign, FOLD).await?.outdated;
    if !outdated.is_empty() {
        let ledgers = folded(store, campaign, &outdated).await?;
        store.keep_standings(campaign, seen, FOLD, &ledgers).await?;
    }
    Ok(())
}

/// The ledgers of these units, folded from their events.
async fn folded(
    store: &Store,
    campaign: &str,
    units: &BTreeSet<UnitCode>,
) -> Result<BTreeMap<UnitCode, UnitLedger>, StoreError> {
    let mut ledgers = BTreeMap::new();
    let all: Vec<&UnitCode> = units.iter().collect();
    for some in all.chunks(AT_ONCE) {
        let events = store.events_of_units(campaign, some).await?;
        let undone = store.undone().await?;
        let mut folded: BTreeMap<UnitCode, UnitLedger> = BTreeMap::new();
        for event in events.iter().filter(|event| !undone.contains(&event.id)) {
            if let Some(unit) = &event.unit {
                let ledger = folded.entry(unit.clone()).or_default();
                *ledger = progress::apply(std::mem::take(ledger), event);
            }
        }
        ledgers.extend(some.iter().map(|unit| {
            let ledger = folded.remove(*unit).unwrap_or_default();
            (UnitCode::clone(unit), ledger.without_history())
        }));
    }
    Ok(ledgers)
}
