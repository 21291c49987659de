//! The accepted tables of a collection, kept at hand: each event is read from the store once, not once a mail.

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::Mutex;

use crate::judge::decide::is_accepted;
use crate::judge::progress;
use crate::model::ledger::{EventKind, UnitLedger};
use crate::model::returns::{Item, Totals};
use crate::model::unit::UnitCode;
use crate::store::{Store, StoreError};

/// What was seen of each collection so far.
#[derive(Debug, Default)]
pub struct Accepted {
    seen: Mutex<BTreeMap<String, Seen>>,
}

#[derive(Debug, Default)]
struct Seen {
    /// The event read last.
    last: i64,
    ledgers: BTreeMap<UnitCode, UnitLedger>,
}

impl Accepted {
    /// The totals of every unit whose table is accepted now, whoever accepted it.
    ///
    /// # Errors
    /// The database's.
    pub async fn totals(&self, store: &Store, campaign: &str) -> Result<BTreeMap<UnitCode, Totals>, StoreError> {
        let mut all = self.seen.lock().await;
        let seen = all.entry(campaign.to_owned()).or_default();
        let mut undone = BTreeSet::new();
        for event in store.events_after(campaign, seen.last).await? {
            seen.last = seen.last.max(event.id);
            let Some(unit) = &event.unit else { continue };
            if matches!(event.kind, EventKind::Undone { .. }) {
                undone.insert(unit.clone());
            } else {
                let ledger = seen.ledgers.remove(unit).unwrap_or_default();
                seen.ledgers.insert(unit.clone(), progress::apply(ledger, &event));
            }
        }
        // What is undone cannot be folded onto what was seen.
        for unit in undone {
            let ledger = progress::fold(&store.events_of(campaign, &unit).await?);
            seen.ledgers.insert(unit, ledger);
        }
        let accepted = seen.ledgers.iter().filter(|(_, ledger)| is_accepted(ledger, Item::Table));
        Ok(accepted
            .filter_map(|(unit, ledger)| {
                let standing = ledger.items.get(&Item::Table)?.current.as_ref()?;
                Some((unit.clone(), standing.filing.totals.clone()?))
            })
            .collect())
    }
}
