//! One look into a mailbox: what is new is fetched, taken in, and only then settled there.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, FixedOffset};
use tokio::sync::{mpsc, watch};
use tracing::field::display;

use super::desk::{Desk, TakenIn};
use super::failpoint::reached;
use super::{WorkError, without_addresses};
use crate::clock::Clock;
use crate::inbox::{Fetched, Found, ImapSettings, InboxError, KnownFolder, Listing, Session};
use crate::model::alarm::{Alarm, alarm};
use crate::model::decision::{Arrival, Origin, Place};
use crate::store::{PlaceContent, Store};

/// Mails that may wait between the wire and the desk.
const WAITING_MAILS: usize = 4;

/// What a look brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Polled {
    pub new: u32,
    /// Known already, seen at a new place.
    pub known: u32,
    /// Not fetched: too large, or refused by the server.
    pub skipped: u32,
}

/// Why a look ended early.
#[derive(Debug, thiserror::Error)]
pub enum PollError {
    /// The connection is spent.
    #[error(transparent)]
    Inbox(#[from] InboxError),
    /// Disk or database; the mail comes again.
    #[error(transparent)]
    Work(#[from] WorkError),
}

impl From<crate::store::StoreError> for PollError {
    fn from(error: crate::store::StoreError) -> Self {
        Self::Work(error.into())
    }
}

/// Looks into every configured folder of a mailbox and takes in what is new there. Ends between two mails once `stop`
/// says so; what was not taken in by then is found again by the next look.
///
/// # Errors
/// The connection's or the store's. What was taken in before stays so.
pub async fn poll(
    desk: &Desk,
    session: &mut Session,
    settings: &ImapSettings,
    clock: &Clock,
    offset: FixedOffset,
    stop: &watch::Receiver<bool>,
) -> Result<Polled, PollError> {
    let mut polled = Polled::default();
    for folder in &settings.folders {
        if *stop.borrow() {
            break;
        }
        let known = known_folder(&desk.store, &settings.mailbox, folder).await?;
        match session.look(folder, &known).await? {
            Listing::Missing { first: true } => {
                alarm!(Alarm::FolderMissing, mailbox = settings.mailbox, folder);
            }
            Listing::Missing { first: false } => {}
            Listing::Found(found) => {
                let looked =
                    take_in_folder(desk, session, (&settings.mailbox, folder), &found, clock, offset, stop).await;
                let (folder_polled, recorded) = looked?;
                session.settle(folder, &recorded).await?;
                reached("settled_in_the_mailbox");
                polled.new += folder_polled.new;
                polled.known += folder_polled.known;
                polled.skipped += folder_polled.skipped;
            }
        }
    }
    Ok(polled)
}

async fn known_folder(store: &Store, mailbox: &str, folder: &str) -> Result<KnownFolder, WorkError> {
    let (uid_validity, places) = store.known_folder(mailbox, folder).await?;
    Ok(KnownFolder { uid_validity, places: places.into_iter().collect::<BTreeMap<_, _>>() })
}

/// Fetches and takes in side by side; returns what came of it and the places that are recorded.
async fn take_in_folder(
    desk: &Desk,
    session: &mut Session,
    (mailbox, folder): (&str, &str),
    found: &Found,
    clock: &Clock,
    offset: FixedOffset,
    stop: &watch::Receiver<bool>,
) -> Result<(Polled, Vec<Place>), PollError> {
    let mut polled = Polled::default();
    let mut recorded = Vec::new();
    let mut handed = BTreeSet::new();
    if found.fresh.is_empty() {
        return Ok((polled, recorded));
    }
    tracing::debug!(folder, fresh = found.fresh.len(), exists = found.exists, "new mail in the folder");
    let (sender, mut receiver) = mpsc::channel(WAITING_MAILS);
    let now = clock.now(offset);
    let fetching = async {
        let sender = sender;
        session.fetch(folder, &found.fresh, now, &sender).await
    };
    let taking = async {
        while let Some(fetched) = receiver.recv().await {
            if *stop.borrow() {
                break;
            }
            handed.insert(uid_of(&fetched));
            take_in(desk, fetched, clock.now(offset), &mut polled, &mut recorded).await?;
        }
        // Dropping the receiver tells the fetch that nobody takes mail any more.
        drop(receiver);
        Ok::<(), PollError>(())
    };
    let (fetched, taken) = tokio::join!(fetching, taking);
    taken?;
    fetched?;
    if !*stop.borrow() {
        let withheld = found.fresh.iter().map(|mail| mail.uid).filter(|uid| !handed.contains(uid)).collect::<Vec<_>>();
        desk.vitals.note_withheld(&format!("{mailbox}/{folder}"), &handed, &withheld, clock.now(offset));
    }
    Ok((polled, recorded))
}

async fn take_in(
    desk: &Desk,
    fetched: Fetched,
    now: DateTime<FixedOffset>,
    polled: &mut Polled,
    recorded: &mut Vec<Place>,
) -> Result<(), PollError> {
    match fetched {
        Fetched::Mail(arrival) => {
            let place = place_of(&arrival);
            let taken = desk.take_in(arrival, now).await?;
            log(&taken);
            if taken.new {
                polled.new += 1;
            } else {
                polled.known += 1;
            }
            recorded.extend(place);
        }
        Fetched::TooLarge { place, size, .. } => {
            alarm!(Alarm::MailTooLarge, folder = place.folder, uid = place.uid, size);
            let reason = format!("邮件过大（{} MB），未读取", size / 1_048_576);
            desk.store.record_place(&place, &PlaceContent::Skipped { reason }, now).await?;
            polled.skipped += 1;
        }
        Fetched::Declined { place, said } => {
            alarm!(Alarm::MailNotHandedOut, folder = place.folder, uid = place.uid, said = without_addresses(&said));
            let reason = "邮件服务器拒绝提供这封邮件".to_owned();
            desk.store.record_place(&place, &PlaceContent::Skipped { reason }, now).await?;
            polled.skipped += 1;
        }
    }
    Ok(())
}

fn uid_of(fetched: &Fetched) -> u32 {
    match fetched {
        Fetched::Mail(arrival) => place_of(arrival).map_or(0, |place| place.uid),
        Fetched::TooLarge { place, .. } | Fetched::Declined { place, .. } => place.uid,
    }
}

fn place_of(arrival: &Arrival) -> Option<Place> {
    match &arrival.origin {
        Origin::Imap(place) => Some(place.clone()),
        Origin::File { .. } => None,
    }
}

/// One line a mail.
pub fn log(taken: &TakenIn) {
    let unit = taken.unit.as_ref().map(|unit| display(unit.as_str()));
    if taken.new {
        tracing::info!(
            mail = %taken.mail.short(),
            nature = %taken.nature.as_str(),
            campaign = taken.campaign.as_deref().map(display),
            unit,
            outcome = taken.outcome,
            seconds = (taken.took.as_secs_f64() * 100.0).round() / 100.0,
            "mail recorded"
        );
    } else {
        tracing::debug!(mail = %taken.mail.short(), unit, "mail known already");
    }
}
