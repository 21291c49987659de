//! What is recorded of each collection, kept at hand: each event is read from the store once, not once a mail.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, FixedOffset};
use tokio::sync::Mutex;

use crate::judge::past::{Arrivals, Folded};
use crate::judge::progress::FOLD;
use crate::model::ledger::{Event, EventKind, in_force};
use crate::model::mail::Digest;
use crate::model::unit::UnitCode;
use crate::store::{Store, StoreError};

/// What the events of each collection come to, as far as they were seen.
#[derive(Debug, Default)]
pub struct Recorded {
    seen: Mutex<BTreeMap<String, Arc<Account>>>,
}

/// What is recorded of one collection comes to this.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// The event seen last.
    last: i64,
    arrivals: Arrivals,
    counting: Folded,
    /// The units of which something was recorded since their standing was kept.
    changed: BTreeSet<UnitCode>,
    /// Of each unit when which mail brought nothing new, whether or not that was undone since.
    repeats: BTreeMap<UnitCode, Vec<(DateTime<FixedOffset>, Digest)>>,
}

impl Recorded {
    /// The account of this collection as it is now, whoever recorded what.
    ///
    /// # Errors
    /// The database's.
    pub async fn account(&self, store: &Store, campaign: &str) -> Result<Arc<Account>, StoreError> {
        let mut all = self.seen.lock().await;
        let seen = all.entry(campaign.to_owned()).or_default();
        let new = store.events_after(campaign, seen.last).await?;
        if new.iter().any(|event| matches!(event.kind, EventKind::Undone { .. })) {
            // What was undone cannot be unfolded again, and is rare.
            *seen = Arc::new(Account::of(&store.events(campaign).await?));
        } else if !new.is_empty() {
            let account = Arc::make_mut(seen);
            for event in &new {
                account.note(event);
                account.counting.push(event, &account.arrivals);
            }
        }
        Ok(Arc::clone(seen))
    }

    /// Keeps in the store how the units stand of which anything was recorded since this was last done, so that `status`
    /// finds it. Only collections are looked at that mail came in for.
    ///
    /// # Errors
    /// The database's.
    pub async fn keep_standings(&self, store: &Store) -> Result<(), StoreError> {
        let campaigns: Vec<String> = self.seen.lock().await.keys().cloned().collect();
        for campaign in campaigns {
            self.account(store, &campaign).await?;
            let mut all = self.seen.lock().await;
            let Some(account) = all.get_mut(&campaign).filter(|account| !account.changed.is_empty()) else { continue };
            let ledger = |unit: &UnitCode| account.counting.ledger(unit).cloned().unwrap_or_default();
            let ledgers = account.changed.iter().map(|unit| (unit.clone(), ledger(unit))).collect();
            store.keep_standings(&campaign, account.last, FOLD, &ledgers).await?;
            Arc::make_mut(account).changed.clear();
        }
        Ok(())
    }
}

impl Account {
    /// Of all events, oldest first.
    #[must_use]
    pub fn of(events: &[Event]) -> Self {
        let mut account = Self::default();
        for event in events {
            account.note(event);
        }
        account.counting = Folded::of(in_force(events), &account.arrivals);
        account
    }

    fn note(&mut self, event: &Event) {
        self.last = event.id;
        self.arrivals.note_recording(event);
        self.changed.extend(event.unit.clone());
        if let (EventKind::Duplicated { .. }, Some(unit), Some(mail)) = (&event.kind, &event.unit, &event.mail) {
            self.repeats.entry(unit.clone()).or_default().push((event.at, mail.clone()));
        }
    }

    #[must_use]
    pub fn arrivals(&self) -> &Arrivals {
        &self.arrivals
    }

    /// What counts.
    #[must_use]
    pub fn counting(&self) -> &Folded {
        &self.counting
    }

    /// How many mails that concern these units brought nothing new, recorded after this moment.
    #[must_use]
    pub fn repeats_since(&self, units: &BTreeSet<UnitCode>, since: DateTime<FixedOffset>) -> usize {
        let repeats = units.iter().filter_map(|unit| self.repeats.get(unit)).flatten();
        repeats.filter(|(at, _)| *at > since).map(|(_, mail)| mail).collect::<BTreeSet<&Digest>>().len()
    }
}
