//! The first step: mails made safe in the archive, and noted before anything reads them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, FixedOffset};
use tokio::sync::OwnedSemaphorePermit;

use super::line::Weighed;
use super::{Desk, TakenIn, known};
use crate::model::decision::{Arrival, Origin, Place};
use crate::model::mail::Digest;
use crate::store::{PlaceContent, Sighting};
use crate::work::WorkError;
use crate::work::failpoint::reached;

/// A mail that is safe, to be read.
pub(super) struct Kept {
    pub mail: Digest,
    pub received_at: DateTime<FixedOffset>,
    pub bytes: Arc<Vec<u8>>,
    /// Where it was seen: more than once where its bytes came twice at the same time.
    pub origins: Vec<Origin>,
    /// Reading it was begun before, and never came to an end: it is begun again with no other beside it.
    pub begun_before: bool,
    /// Given back once the bytes are.
    pub share: OwnedSemaphorePermit,
    /// When it came to the desk.
    pub began: Instant,
}

/// What keeping some mails came to.
pub(super) struct Keeping {
    pub unread: Vec<Kept>,
    /// Mails that are recorded, whose place is noted.
    pub known: Vec<(TakenIn, Origin)>,
}

impl Desk {
    /// Makes mails safe. When it returns, they survive a power cut, and it is noted which are about to be read.
    ///
    /// # Errors
    /// The disk's or the database's.
    pub(super) async fn keep(&self, mails: Vec<Weighed>, now: DateTime<FixedOffset>) -> Result<Keeping, WorkError> {
        let began = Instant::now();
        let archive = Arc::clone(&self.archive);
        let keeping = tokio::task::spawn_blocking(move || {
            let kept = mails.into_iter().map(|Weighed { arrival, share }| {
                let mail = archive.put_unsynced(&arrival.bytes)?;
                reached("archived");
                Ok((mail, arrival, share))
            });
            let kept = kept.collect::<std::io::Result<Vec<_>>>()?;
            archive.sync_all()?;
            Ok::<_, std::io::Error>(kept)
        });
        let kept = keeping.await.map_err(std::io::Error::other)??;
        reached("safe");
        let mut unread = once_each(kept, began, now);
        let digests: Vec<&Digest> = unread.iter().map(|kept| &kept.mail).collect();
        let mut recorded = self.store.mails_of(&digests).await?;
        let mut known_mails = Vec::new();
        unread.retain_mut(|kept| match recorded.remove(&kept.mail) {
            Some(record) => {
                let taken = known(record);
                known_mails.extend(std::mem::take(&mut kept.origins).into_iter().map(|origin| (taken.clone(), origin)));
                false
            }
            None => true,
        });
        let places: Vec<(Place, PlaceContent)> =
            known_mails.iter().filter_map(|(taken, origin)| content_of_place(origin, &taken.mail)).collect();
        for mail in known_mails.iter().map(|(taken, _)| &taken.mail) {
            if self.store.purged_by(mail).await?.is_some() {
                // Removed on purpose, and come again: from a mailbox that numbers its mails anew, or by `ingest`.
                self.archive.remove(mail)?;
            }
        }
        self.store.record_places(&places, now).await?;
        let sightings: Vec<Sighting<'_>> = unread.iter().filter_map(Kept::sighting).collect();
        let first = self.store.note_sightings(&sightings, now).await?;
        for kept in &mut unread {
            kept.begun_before = !first.contains(&kept.mail);
        }
        reached("sighted");
        Ok(Keeping { unread, known: known_mails })
    }
}

impl Kept {
    pub(super) fn sighting(&self) -> Option<Sighting<'_>> {
        let origin = self.origins.first()?;
        Some(Sighting { mail: &self.mail, received_at: self.received_at, origin })
    }
}

pub(super) fn content_of_place(origin: &Origin, mail: &Digest) -> Option<(Place, PlaceContent)> {
    match origin {
        Origin::Imap(place) => Some((place.clone(), PlaceContent::Mail(mail.clone()))),
        Origin::File { .. } => None,
    }
}

/// Each mail once, in the order they came, with all its places.
fn once_each(
    kept: Vec<(Digest, Arrival, OwnedSemaphorePermit)>,
    began: Instant,
    now: DateTime<FixedOffset>,
) -> Vec<Kept> {
    let mut again: BTreeMap<Digest, Vec<Origin>> = BTreeMap::new();
    let mut seen: BTreeSet<Digest> = BTreeSet::new();
    let mut each = Vec::with_capacity(kept.len());
    for (mail, Arrival { origin, received_at, bytes }, share) in kept {
        if !seen.insert(mail.clone()) {
            again.entry(mail).or_default().push(origin);
            continue;
        }
        // Servers tell the moment in whatever zone they like; the office reads its own.
        let received_at = received_at.with_timezone(now.offset());
        let (bytes, origins) = (Arc::new(bytes), vec![origin]);
        each.push(Kept { mail, received_at, bytes, origins, begun_before: false, share, began });
    }
    for kept in &mut each {
        kept.origins.extend(again.remove(&kept.mail).unwrap_or_default());
    }
    each
}
