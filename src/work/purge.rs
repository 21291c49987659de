//! Raw mail of closed collections removed from the archive; what was understood of it, and the history, stay.
//!
//! That a mail is purged is recorded first and its file removed then. A crash in between leaves the file, which the next
//! purge removes; the other order would leave a mail that seems lost.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use chrono::{DateTime, FixedOffset, NaiveDate};

use super::WorkError;
use crate::archive::Archive;
use crate::judge::retention::{Holdings, Retention, retention};
use crate::model::campaign::Campaign;
use crate::model::mail::Digest;
use crate::store::{Portion, Store, StoreError};

/// How often it is worked out again where a person says something meanwhile.
const MOST_TRIES: usize = 5;

/// What a purge would do, or did.
#[derive(Clone, Debug)]
pub struct Purge {
    pub retention: Retention,
    /// Octets in the archive, by collection.
    pub octets: BTreeMap<String, u64>,
    /// Mails purged earlier whose files are there still: the machine stopped in between, or a file resisted.
    pub left_over: Vec<Digest>,
    /// Of an applied purge: why a file is there still.
    pub failures: Vec<String>,
}

impl Purge {
    /// How many mails it is about.
    #[must_use]
    pub fn mails(&self) -> usize {
        self.retention.goes.values().map(Vec::len).sum()
    }
}

/// Works out what would go; changes nothing.
///
/// # Errors
/// The store's.
pub async fn plan(
    store: &Store,
    storage: &Path,
    campaigns: &[Campaign],
    before: NaiveDate,
    now: DateTime<FixedOffset>,
) -> Result<Purge, WorkError> {
    let (records, events) = (store.mails(None, None, None).await?, store.all_events().await?);
    let (letters_waiting, purged) = (store.mails_with_letters_waiting().await?, store.purged().await?);
    let holdings =
        Holdings { records: &records, events: &events, campaigns, letters_waiting: &letters_waiting, purged: &purged };
    let retention = retention(holdings, before, now);
    let archive = Archive::open(storage);
    let octets = retention
        .goes
        .iter()
        .map(|(campaign, mails)| (campaign.clone(), mails.iter().filter_map(|mail| archive.size(mail)).sum()))
        .collect();
    let left_over = purged.into_iter().filter(|mail| archive.contains(mail)).collect();
    Ok(Purge { retention, octets, left_over, failures: Vec::new() })
}

/// Records what goes, and removes it. Whoever calls it holds the storage's lock. Repeated, it removes what an
/// interrupted one left.
///
/// # Errors
/// As [`plan`]; then nothing is removed.
pub async fn apply(
    store: &Store,
    storage: &Path,
    campaigns: &[Campaign],
    before: NaiveDate,
    (name, now): (&str, DateTime<FixedOffset>),
) -> Result<Purge, WorkError> {
    for _ in 0..MOST_TRIES {
        let seen = store.last_event().await?;
        let mut purge = plan(store, storage, campaigns, before, now).await?;
        let portions: Vec<Portion> = purge
            .retention
            .goes
            .iter()
            .map(|(campaign, mails)| Portion { campaign: campaign.clone(), mails: mails.clone() })
            .collect();
        if !portions.is_empty() {
            match store.purge(&portions, before, (name, now), seen).await {
                Ok(()) => {}
                Err(StoreError::Overtaken) => continue,
                Err(error) => return Err(error.into()),
            }
        }
        let gone = portions.into_iter().flat_map(|portion| portion.mails).chain(purge.left_over.clone()).collect();
        purge.failures = remove(storage, gone).await?;
        return Ok(purge);
    }
    Err(WorkError::Interrupted)
}

/// Removes the files, each whatever becomes of the others; returns why some are there still.
async fn remove(storage: &Path, mails: Vec<Digest>) -> Result<Vec<String>, WorkError> {
    let archive = Archive::open(storage);
    let removing = tokio::task::spawn_blocking(move || {
        let (mut removed, mut failures) = (Vec::new(), Vec::new());
        for mail in &mails {
            match archive.remove(mail) {
                Ok(true) => removed.push(mail),
                Ok(false) => {}
                Err(error) => failures.push(error.to_string()),
            }
        }
        if let Err(error) = archive.sync_removals(removed.into_iter()) {
            failures.push(error.to_string());
        }
        failures
    });
    removing.await.map_err(|error| WorkError::Archive(io::Error::other(error)))
}
