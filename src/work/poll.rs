//! One look into a mailbox: what is new is fetched, taken in, and only then settled there.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, FixedOffset, TimeDelta};
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

/// For so long a folder that seems unchanged is not listed as a whole; a server may err.
const WHOLE_LISTING_EVERY: TimeDelta = TimeDelta::hours(1);

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
        let now = clock.now(offset);
        let seen = desk.store.folder_seen(&settings.mailbox, folder).await?;
        let lately = seen.filter(|(_, listed_at)| *listed_at <= now && now - *listed_at < WHOLE_LISTING_EVERY);
        if session.holds_nothing_new(folder, lately.as_ref().map(|(seen, _)| seen)).await? {
            continue;
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
                let done = recorded.len() + folder_polled.skipped as usize;
                if let Some((said, whole)) = session.seen(folder).filter(|_| done == found.fresh.len())
                    && (whole || seen.is_none_or(|(before, _)| before != said))
                {
                    let whole = whole.then_some(now);
                    desk.store.note_folder_seen((&settings.mailbox, folder), said, whole).await?;
                }
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
    if found.fresh.is_empty() {
        return Ok((Polled::default(), Vec::new()));
    }
    tracing::debug!(folder, fresh = found.fresh.len(), exists = found.exists, "new mail in the folder");
    let mut handed = BTreeSet::new();
    // By arrival and not by UID: a mail that comes behind later ones has them decided again.
    let mut fresh = found.fresh.clone();
    fresh.sort_by_key(|mail| (mail.internal_date, mail.uid));
    // What waits between the steps is bounded in octets, on the desk's own line.
    let (on_mail, fetched) = mpsc::channel(1);
    let (arrivals, line) = mpsc::channel(1);
    let now = || clock.now(offset);
    let fetching = async {
        let on_mail = on_mail;
        session.fetch(folder, &fresh, now(), &on_mail).await
    };
    let sorting = async {
        let arrivals = arrivals;
        let mut skipped = 0;
        // Dropping the receiver tells the fetch that nobody takes mail any more.
        let mut fetched = fetched;
        while let Some(next) = fetched.recv().await {
            if *stop.borrow() {
                break;
            }
            handed.insert(uid_of(&next));
            if let Some(arrival) = arrival_or_skipped(desk, next, now(), &mut skipped).await?
                && arrivals.send(arrival).await.is_err()
            {
                break;
            }
        }
        Ok::<u32, PollError>(skipped)
    };
    let (mut new, mut known, mut recorded) = (0, 0, Vec::new());
    let mut on_taken = |taken: TakenIn, origin: Origin| {
        log(&taken);
        *(if taken.new { &mut new } else { &mut known }) += 1;
        recorded.extend(place_of(origin));
    };
    let taking = desk.take_in_all(line, &now, &mut on_taken);
    let (fetched, sorted, taken) = tokio::join!(fetching, sorting, taking);
    taken?;
    let skipped = sorted?;
    fetched?;
    if !*stop.borrow() {
        let withheld = found.fresh.iter().map(|mail| mail.uid).filter(|uid| !handed.contains(uid)).collect::<Vec<_>>();
        desk.vitals.note_withheld(&format!("{mailbox}/{folder}"), &handed, &withheld, clock.now(offset));
    }
    Ok((Polled { new, known, skipped }, recorded))
}

/// A mail that came; what did not is noted, so that it is not asked for again.
async fn arrival_or_skipped(
    desk: &Desk,
    fetched: Fetched,
    now: DateTime<FixedOffset>,
    skipped: &mut u32,
) -> Result<Option<Arrival>, PollError> {
    let (place, reason) = match fetched {
        Fetched::Mail(arrival) => return Ok(Some(arrival)),
        Fetched::TooLarge { place, size, .. } => {
            alarm!(Alarm::MailTooLarge, folder = place.folder, uid = place.uid, size);
            (place, format!("邮件过大（{} MB），未读取", size / 1_048_576))
        }
        Fetched::Declined { place, said } => {
            alarm!(Alarm::MailNotHandedOut, folder = place.folder, uid = place.uid, said = without_addresses(&said));
            (place, "邮件服务器拒绝提供这封邮件".to_owned())
        }
    };
    desk.store.record_place(&place, &PlaceContent::Skipped { reason }, now).await?;
    *skipped += 1;
    Ok(None)
}

fn uid_of(fetched: &Fetched) -> u32 {
    match fetched {
        Fetched::Mail(Arrival { origin: Origin::Imap(place), .. })
        | Fetched::TooLarge { place, .. }
        | Fetched::Declined { place, .. } => place.uid,
        Fetched::Mail(Arrival { origin: Origin::File { .. }, .. }) => 0,
    }
}

fn place_of(origin: Origin) -> Option<Place> {
    match origin {
        Origin::Imap(place) => Some(place),
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
