//! What is recorded of each collection, kept at hand: each event is read from the store once, not once a mail.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, FixedOffset};
use tokio::sync::Mutex;

use crate::judge::past::{Arrivals, Folded};
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
