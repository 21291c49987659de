//! What is recorded of each collection, folded and kept at hand: each event is read from the store once, not once a mail.

use std::collections::{BTreeMap, BTreeSet};

use crate::judge::chronicle::Chronicle;
use crate::model::ledger::Event;
use crate::model::mail::Digest;
use crate::store::{Recording, StoreError};

/// Events read at once.
const AT_ONCE: u32 = 2_000;
/// Mails whose sender is kept at hand.
const MOST_SENDERS: usize = 4_096;

/// The chronicles of all collections that mail came for. What a recording adds stands here before it is committed; where
/// it never is, all is read again.
#[derive(Debug, Default)]
pub(super) struct Folded {
    chronicles: BTreeMap<String, Read>,
    /// From which address each of these mails came.
    senders: BTreeMap<Digest, Option<String>>,
    /// A recording is open, or was given up.
    uncommitted: bool,
}

#[derive(Debug)]
struct Read {
    chronicle: Chronicle,
    /// The last event of any collection when it was read.
    until: i64,
    /// It has been read in the open recording: what is added to that is added here as well.
    current: bool,
}

impl Folded {
    /// A recording was opened.
    pub fn begin(&mut self) {
        if self.uncommitted {
            self.chronicles.clear();
            self.senders.clear();
        }
        self.uncommitted = true;
        for read in self.chronicles.values_mut() {
            read.current = false;
        }
    }

    /// The open recording was committed; `last` is the last event in it.
    pub fn commit(&mut self, last: i64) {
        self.uncommitted = false;
        for read in self.chronicles.values_mut().filter(|read| read.current) {
            read.until = last;
        }
    }

    /// An event was added to the open recording.
    pub fn add(&mut self, event: &Event) {
        if let Some(read) = self.chronicles.get_mut(&event.campaign).filter(|read| read.current) {
            read.chronicle.add(event);
        }
    }

    /// The collection's chronicle with all that is recorded of it.
    ///
    /// # Errors
    /// The database's.
    pub async fn chronicle(&mut self, recording: &mut Recording<'_>, campaign: &str) -> Result<&Chronicle, StoreError> {
        let known = self.chronicles.remove(campaign);
        let read = match known {
            Some(read) if read.current && !read.chronicle.is_outdated() => read,
            Some(read) => caught_up(read, recording, campaign).await?,
            None => read_whole(recording, campaign).await?,
        };
        Ok(&self.chronicles.entry(campaign.to_owned()).or_insert(read).chronicle)
    }

    /// From which addresses these mails came.
    ///
    /// # Errors
    /// The database's.
    pub async fn senders_of(
        &mut self,
        recording: &mut Recording<'_>,
        mails: BTreeSet<&Digest>,
    ) -> Result<&BTreeMap<Digest, Option<String>>, StoreError> {
        if self.senders.len() > MOST_SENDERS {
            self.senders.clear();
        }
        let unknown: BTreeSet<&Digest> = mails.into_iter().filter(|mail| !self.senders.contains_key(*mail)).collect();
        if !unknown.is_empty() {
            let read = recording.senders_of(&unknown).await?;
            self.senders.extend(read);
        }
        Ok(&self.senders)
    }
}

/// With what was recorded since it was read last.
async fn caught_up(mut read: Read, recording: &mut Recording<'_>, campaign: &str) -> Result<Read, StoreError> {
    loop {
        let new = recording.events_after(campaign, read.until, AT_ONCE).await?;
        let Some(last) = new.last() else { break };
        read.until = last.id;
        new.iter().for_each(|event| read.chronicle.add(event));
    }
    read.current = true;
    if read.chronicle.is_outdated() { read_whole(recording, campaign).await } else { Ok(read) }
}

async fn read_whole(recording: &mut Recording<'_>, campaign: &str) -> Result<Read, StoreError> {
    let mut chronicle = Chronicle::without(recording.undone().await?);
    let mut until = 0;
    loop {
        let some = recording.events_after(campaign, until, AT_ONCE).await?;
        let Some(last) = some.last() else { break };
        until = last.id;
        some.iter().for_each(|event| chronicle.add(event));
    }
    Ok(Read { chronicle, until, current: true })
}
