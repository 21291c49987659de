//! What is recorded of each collection, kept at hand: each event is read from the store once, not once a mail.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Mutex;

use crate::model::ledger::Event;
use crate::store::{Store, StoreError};

/// The events of each collection that were seen so far.
#[derive(Debug, Default)]
pub struct Recorded {
    seen: Mutex<BTreeMap<String, Arc<Vec<Event>>>>,
}

impl Recorded {
    /// All events of this collection, whoever recorded them, oldest first; what was undone is among them.
    ///
    /// # Errors
    /// The database's.
    pub async fn events(&self, store: &Store, campaign: &str) -> Result<Arc<Vec<Event>>, StoreError> {
        let mut all = self.seen.lock().await;
        let seen = all.entry(campaign.to_owned()).or_default();
        let last = seen.last().map_or(0, |event| event.id);
        let new = store.events_after(campaign, last).await?;
        if !new.is_empty() {
            Arc::make_mut(seen).extend(new);
        }
        Ok(Arc::clone(seen))
    }
}
