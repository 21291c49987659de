//! A person's word: the item is taken or given back, the mail is a unit's, nothing is to be done, or what was said
//! before holds no more.

mod accept;
mod answers;
mod assign;
mod change;
mod give_back;
mod raise;
mod undo;

use chrono::{DateTime, FixedOffset};

use self::change::Change;
use super::WorkError;
use super::desk::Desk;
use crate::judge::said::Said;
use crate::model::decision::Understanding;
use crate::model::ledger::{Event, EventKind, Filing, ReviewReason, in_force};
use crate::model::letter::LetterKey;
use crate::model::mail::Digest;
use crate::model::returns::Item;
use crate::model::unit::UnitCode;
use crate::store::{Act, Store, StoreError};

pub use accept::accept;
pub use assign::assign;
pub use give_back::give_back;
pub use raise::{found_mail, raise};
pub use undo::undo;

const SUPERSEDED: &str = "a later mail of the unit stands in its place, so nothing would change; `dismiss` settles it";
/// How often an act is thought through anew because something else was recorded meanwhile.
const MOST_TRIES: u32 = 4;

/// Who says it, and when.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    pub name: &'a str,
    pub now: DateTime<FixedOffset>,
    /// The letter that follows is held until somebody releases it.
    pub quiet: bool,
}

/// The letter that follows from an act.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Letter {
    /// None is due.
    #[default]
    None,
    /// It is owed, or held where that was asked for.
    Owed { key: LetterKey, held: bool },
    /// One would be due, but there is nobody it could be written to; why.
    NotPossible(String),
}

/// What an act came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Acted {
    /// The number that takes it back.
    pub act: i64,
    /// The campaign of the review; empty where its mail has none.
    pub campaign: String,
    /// The reviews that are settled by it.
    pub settled: Vec<i64>,
    /// What was filed, with the unit.
    pub filed: Vec<(UnitCode, Filing)>,
    /// What waits for a person now, by number and words.
    pub asked: Vec<(i64, String)>,
    /// What came is what stands already.
    pub known_already: Vec<Item>,
    /// The numbers of the events that count no more.
    pub undone: Vec<i64>,
    pub letter: Letter,
    /// Letters that had not gone out and will not.
    pub withdrawn: usize,
}

impl Acted {
    fn of(campaign: &str, act: &Act, ids: &[i64], letter: Letter) -> Self {
        Self { withdrawn: act.withdrawn.len(), ..Self::of_events(campaign, &act.events, ids, letter) }
    }

    /// From the events recorded; `ids` are theirs, in the same order.
    pub(super) fn of_events(campaign: &str, events: &[Event], ids: &[i64], letter: Letter) -> Self {
        let act = ids.first().copied().unwrap_or_default();
        let mut acted = Self { act, campaign: campaign.to_owned(), letter, ..Self::default() };
        for (event, id) in events.iter().zip(ids) {
            match &event.kind {
                EventKind::Filed(filing) => acted.filed.extend(event.unit.clone().map(|unit| (unit, filing.clone()))),
                EventKind::Duplicated { item, .. } => acted.known_already.push(*item),
                EventKind::ReviewAsked { text, .. } => acted.asked.push((*id, text.clone())),
                EventKind::ReviewSettled { review, .. } => acted.settled.push(*review),
                EventKind::Undone { event_id, .. } => acted.undone.push(*event_id),
                EventKind::MailRecorded { .. }
                | EventKind::AssignedByPerson
                | EventKind::AcceptedByPerson { .. }
                | EventKind::Waived { .. }
                | EventKind::ReturnedByPerson { .. }
                | EventKind::DeadlineExtended { .. }
                | EventKind::AddressTaught { .. }
                | EventKind::NameTaught { .. }
                | EventKind::LetterRuled { .. }
                | EventKind::LetterSent { .. }
                | EventKind::OriginalsPurged { .. }
                | EventKind::Bounced { .. } => {}
            }
        }
        acted
    }
}

/// Why an act was not done.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    #[error(transparent)]
    Work(#[from] WorkError),
    /// There is no such review, it is settled, or it is not one for this act; in words for whoever asked.
    #[error("{0}")]
    Refused(String),
    /// Something else was recorded of the same units or mails while the act was thought through.
    #[error("somebody else acts on the same units or mails at this moment; look again, then try again")]
    Overtaken,
}

impl From<StoreError> for ActError {
    fn from(error: StoreError) -> Self {
        match error {
            // Two people at once: the second is told.
            StoreError::NoSuchReview(_) | StoreError::ReviewAlreadySettled(_) => Self::Refused(error.to_string()),
            StoreError::Overtaken => Self::Overtaken,
            other => Self::Work(other.into()),
        }
    }
}

/// Does an act again that was overtaken: the daemon may have recorded a mail of the same unit meanwhile.
pub(super) async fn again<T>(act: impl AsyncFn() -> Result<T, ActError>) -> Result<T, ActError> {
    for _ in 1..MOST_TRIES {
        match act().await {
            Err(ActError::Overtaken) => {}
            done => return done,
        }
    }
    act().await
}

/// A review that waits.
struct Case {
    id: i64,
    campaign: String,
    unit: Option<UnitCode>,
    mail: Digest,
    reason: ReviewReason,
    item: Option<Item>,
    event: Event,
}

impl Case {
    async fn open(store: &Store, id: i64) -> Result<Self, ActError> {
        let event = store.event(id).await?.ok_or(StoreError::NoSuchReview(id))?;
        let (EventKind::ReviewAsked { reason, item, .. }, Some(mail)) = (&event.kind, &event.mail) else {
            return Err(StoreError::NoSuchReview(id).into());
        };
        if store.undone().await?.contains(&id) {
            return Err(ActError::Refused(format!("review {id} was taken back; there is nothing to decide about it")));
        }
        if store.settlement(id).await?.is_some() {
            return Err(StoreError::ReviewAlreadySettled(id).into());
        }
        Ok(Self {
            id,
            campaign: event.campaign.clone(),
            unit: event.unit.clone(),
            mail: mail.clone(),
            reason: *reason,
            item: *item,
            event,
        })
    }

    fn refuse(&self, words: &str) -> ActError {
        ActError::Refused(format!("review {}: {words}", self.id))
    }
}

/// What the archived mail is understood as today, a person's word on its unit included; or why it cannot be read.
///
/// # Errors
/// The archive's or the store's.
pub async fn understood_today(desk: &Desk, mail: &Digest) -> Result<Result<Understanding, String>, WorkError> {
    let events = desk.store.events_of_mail(mail).await?;
    understood(desk, mail, &Said::of(in_force(&events))).await
}

async fn understood(desk: &Desk, mail: &Digest, said: &Said) -> Result<Result<Understanding, String>, WorkError> {
    let record = desk.store.mail(mail).await?.ok_or_else(|| StoreError::NoSuchMail(mail.clone()))?;
    if let Some(purged) = desk.store.purged_by(mail).await? {
        return Ok(Err(purged.to_string()));
    }
    desk.understand_as_said(desk.archive.get(mail)?, record.received_at, said).await
}

/// Nothing is to be done about it.
///
/// # Errors
/// [`ActError::Refused`] for an unknown or settled review.
pub async fn dismiss(desk: &Desk, id: i64, person: Person<'_>) -> Result<Acted, ActError> {
    again(async || {
        let case = Case::open(&desk.store, id).await?;
        let mut change = Change::begin(desk, &case.campaign, person).await?;
        change.settle(&case.event, "dismiss");
        change.done().await
    })
    .await
}

/// The open reviews of this item of the unit whose events these are: what was asked of an earlier mail is pointless once
/// the standing one is decided on.
fn waiting_for(events: &[Event], wanted: Item) -> Vec<Event> {
    let standing: Vec<&Event> = in_force(events).collect();
    let settled = |id: i64| {
        standing.iter().any(|event| matches!(event.kind, EventKind::ReviewSettled { review, .. } if review == id))
    };
    let asked = |kind: &EventKind| {
        let EventKind::ReviewAsked { reason, item, .. } = kind else { return false };
        *reason == ReviewReason::ItemNeedsReview && *item == Some(wanted)
    };
    let waiting = standing.iter().filter(|event| asked(&event.kind) && !settled(event.id));
    waiting.map(|event| (*event).clone()).collect()
}
