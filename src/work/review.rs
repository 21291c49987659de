//! A person's word: the item is taken, the mail is a unit's, nothing is to be done, the unit need not file.

use chrono::{DateTime, FixedOffset};

use super::WorkError;
use super::desk::Desk;
use crate::judge::decide::{Times, decide, decide_vouched};
use crate::judge::{progress, understand};
use crate::model::campaign::Campaign;
use crate::model::decision::Understanding;
use crate::model::ledger::{Actor, Event, EventKind, Filing, ReviewReason, Verdict};
use crate::model::mail::Digest;
use crate::model::returns::Item;
use crate::model::unit::{Unit, UnitCode};
use crate::store::{Store, StoreError};

const SUPERSEDED: &str = "a later mail of the unit stands in its place, so nothing would change; `dismiss` settles it";

/// Who says it, and when.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    pub name: &'a str,
    pub now: DateTime<FixedOffset>,
}

/// What an act came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Acted {
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
    /// A receipt is owed to the sender.
    pub receipt: bool,
}

/// Why an act was not done.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    #[error(transparent)]
    Work(#[from] WorkError),
    /// There is no such review, it is settled, or it is not one for this act; in words for whoever asked.
    #[error("{0}")]
    Refused(String),
}

impl From<StoreError> for ActError {
    fn from(error: StoreError) -> Self {
        match error {
            // Two people at once: the second is told.
            StoreError::NoSuchReview(_) | StoreError::ReviewAlreadySettled(_) => Self::Refused(error.to_string()),
            other => Self::Work(other.into()),
        }
    }
}

/// A review that waits.
struct Case {
    id: i64,
    campaign: String,
    unit: Option<UnitCode>,
    mail: Digest,
    reason: ReviewReason,
    item: Option<Item>,
}

impl Case {
    async fn open(store: &Store, id: i64) -> Result<Self, ActError> {
        let event = store.event(id).await?.ok_or(StoreError::NoSuchReview(id))?;
        let (EventKind::ReviewAsked { reason, item, .. }, Some(mail)) = (event.kind, event.mail) else {
            return Err(StoreError::NoSuchReview(id).into());
        };
        if store.settlement(id).await?.is_some() {
            return Err(StoreError::ReviewAlreadySettled(id).into());
        }
        Ok(Self { id, campaign: event.campaign, unit: event.unit, mail, reason, item })
    }

    fn event(&self, unit: Option<&UnitCode>, person: Person<'_>, kind: EventKind) -> Event {
        Event {
            id: 0,
            act: 0,
            at: person.now,
            campaign: self.campaign.clone(),
            unit: unit.cloned(),
            mail: Some(self.mail.clone()),
            by: Actor::Person(person.name.to_owned()),
            kind,
        }
    }

    fn settled(&self, unit: Option<&UnitCode>, person: Person<'_>, act: &str) -> Event {
        self.event(unit, person, EventKind::ReviewSettled { review: self.id, act: act.to_owned() })
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
    let record = desk.store.mail(mail).await?.ok_or_else(|| StoreError::NoSuchMail(mail.clone()))?;
    let understanding = match desk.understand_at(desk.archive.get(mail)?, record.received_at).await? {
        Ok(understanding) => understanding,
        Err(reason) => return Ok(Err(reason)),
    };
    let events = desk.store.events_of_mail(mail).await?;
    let said = events.iter().rev().find(|event| event.kind == EventKind::AssignedByPerson);
    let register = desk.register();
    let unit = said.and_then(|event| {
        let campaign = register.campaign(&event.campaign)?;
        campaign.roster.unit(event.unit.as_ref()?)
    });
    Ok(Ok(match unit {
        Some(unit) => understand::assigned(understanding, unit),
        None => understanding,
    }))
}

/// Nothing is to be done about it.
///
/// # Errors
/// [`ActError::Refused`] for an unknown or settled review.
pub async fn dismiss(store: &Store, id: i64, person: Person<'_>) -> Result<Acted, ActError> {
    let case = Case::open(store, id).await?;
    store.append(&[case.settled(case.unit.as_ref(), person, "dismiss")]).await?;
    Ok(Acted { settled: vec![id], campaign: case.campaign, ..Acted::default() })
}

/// The item in question counts as it was read.
///
/// # Errors
/// [`ActError::Refused`] for an unknown or settled review, and where there is nothing that could be taken.
pub async fn accept(desk: &Desk, id: i64, person: Person<'_>) -> Result<Acted, ActError> {
    let case = Case::open(&desk.store, id).await?;
    match (case.reason, &case.unit, case.item) {
        (ReviewReason::ItemNeedsReview, Some(unit), Some(item)) => {
            accept_filed(&desk.store, &case, unit, item, person).await
        }
        (ReviewReason::SenderDoubtful, Some(unit), Some(item)) => {
            accept_withheld(desk, &case, unit, item, person).await
        }
        (ReviewReason::UnitUnknown | ReviewReason::UnitConflict, _, _) => {
            Err(case.refuse("say whose the mail is: mailtally review assign ID UNIT"))
        }
        (
            ReviewReason::ItemNeedsReview
            | ReviewReason::SenderDoubtful
            | ReviewReason::FileUnread
            | ReviewReason::TimeDoubtful
            | ReviewReason::OtherCampaign
            | ReviewReason::Question
            | ReviewReason::SetAside
            | ReviewReason::RaisedByPerson,
            _,
            _,
        ) => Err(case.refuse(
            "there is no item in it that could be accepted; once it is dealt with: mailtally review dismiss ID",
        )),
    }
}

async fn accept_filed(
    store: &Store,
    case: &Case,
    unit: &UnitCode,
    item: Item,
    person: Person<'_>,
) -> Result<Acted, ActError> {
    let events = store.events_of(&case.campaign, unit).await?;
    let ledger = progress::fold(&events);
    let standing = ledger.items.get(&item).and_then(|item| item.current.as_ref());
    let Some(standing) = standing.filter(|standing| standing.mail == case.mail) else {
        return Err(case.refuse(SUPERSEDED));
    };
    if item == Item::Table && standing.filing.totals.is_none() {
        return Err(case.refuse("no figures could be read from this table, so there is nothing that could be counted"));
    }
    let accepted = case.event(Some(unit), person, EventKind::AcceptedByPerson { item });
    let mut acts = vec![accepted, case.settled(Some(unit), person, "accept")];
    let mut settled = vec![case.id];
    for id in waiting_for(&events, item).filter(|id| *id != case.id) {
        settled.push(id);
        acts.push(case.event(Some(unit), person, EventKind::ReviewSettled { review: id, act: "accept".to_owned() }));
    }
    store.append(&acts).await?;
    let filing = Filing { verdict: Verdict::Accepted, ..standing.filing.clone() };
    Ok(Acted { campaign: case.campaign.clone(), settled, filed: vec![(unit.clone(), filing)], ..Acted::default() })
}

/// The open reviews of this item of the unit whose events these are: what was asked of an earlier mail is pointless once
/// the standing one is accepted.
fn waiting_for(events: &[Event], wanted: Item) -> impl Iterator<Item = i64> {
    let settled = |id: i64| {
        events.iter().any(|event| matches!(event.kind, EventKind::ReviewSettled { review, .. } if review == id))
    };
    let asked = move |kind: &EventKind| {
        let EventKind::ReviewAsked { reason, item, .. } = kind else { return false };
        *reason == ReviewReason::ItemNeedsReview && *item == Some(wanted)
    };
    events.iter().filter(move |event| asked(&event.kind) && !settled(event.id)).map(|event| event.id)
}

async fn accept_withheld(
    desk: &Desk,
    case: &Case,
    unit: &UnitCode,
    item: Item,
    person: Person<'_>,
) -> Result<Acted, ActError> {
    let (understanding, times) = understood_again(desk, case, person).await?;
    let past = desk.past(&understanding, person.now).await?;
    let standing = past.ledgers.get(unit).and_then(|ledger| ledger.items.get(&item)?.current.as_ref());
    if standing.is_some_and(|standing| standing.filing.received_at > times.received_at) {
        return Err(case.refuse(SUPERSEDED));
    }
    let decision = decide_vouched(&understanding, &desk.register(), &past, (unit, item), times);
    let Some(mut decision) = decision else {
        return Err(case.refuse("judged under today's configuration, the mail no longer holds this item of this unit"));
    };
    // That it was filed is the person's doing.
    for event in decision.events.iter_mut().filter(|event| matches!(event.kind, EventKind::Filed(_))) {
        event.by = Actor::Person(person.name.to_owned());
    }
    decision.events.push(case.settled(Some(unit), person, "accept"));
    let ids = desk.store.amend(&decision, &desk.sender_domain, person.now).await?;
    Ok(acted(&decision.events, &ids, !decision.letters.is_empty()))
}

/// The mail is this unit's: it is judged again with that as a person's word, filed, and answered in its thread.
///
/// # Errors
/// [`ActError::Refused`] for an unknown or settled review, one that is not about the unit, and a mail that was filed for
/// a unit before.
pub async fn assign(desk: &Desk, id: i64, unit: &Unit, person: Person<'_>) -> Result<Acted, ActError> {
    let case = Case::open(&desk.store, id).await?;
    match case.reason {
        ReviewReason::UnitUnknown | ReviewReason::UnitConflict => {}
        ReviewReason::ItemNeedsReview
        | ReviewReason::FileUnread
        | ReviewReason::SenderDoubtful
        | ReviewReason::TimeDoubtful
        | ReviewReason::OtherCampaign
        | ReviewReason::Question
        | ReviewReason::SetAside
        | ReviewReason::RaisedByPerson => return Err(case.refuse("it is not about whose the mail is")),
    }
    let earlier = desk.store.events_of_mail(&case.mail).await?;
    if let Some(code) = filed_for(&earlier) {
        return Err(case.refuse(&format!("the mail was filed for unit {code} before; it cannot be given to another")));
    }
    let (understanding, times) = understood_again(desk, &case, person).await?;
    let understanding = understand::assigned(understanding, unit);
    let past = desk.past(&understanding, person.now).await?;
    let mut decision = decide(&understanding, &desk.register(), &past, times);
    let asked_before: Vec<&EventKind> = earlier.iter().map(|event| &event.kind).collect();
    decision.events.retain(|event| match &event.kind {
        // It happened once.
        EventKind::MailRecorded { .. } => false,
        asked @ EventKind::ReviewAsked { .. } => !asked_before.contains(&asked),
        EventKind::Filed(_)
        | EventKind::Duplicated { .. }
        | EventKind::ReviewSettled { .. }
        | EventKind::AssignedByPerson
        | EventKind::AcceptedByPerson { .. }
        | EventKind::Waived { .. }
        | EventKind::ReturnedByPerson { .. }
        | EventKind::DeadlineExtended { .. }
        | EventKind::AddressTaught { .. }
        | EventKind::NameTaught { .. }
        | EventKind::Undone { .. }
        | EventKind::LetterSent { .. }
        | EventKind::Bounced { .. } => true,
    });
    decision.events.insert(0, case.event(Some(&unit.code), person, EventKind::AssignedByPerson));
    let act = format!("assign {}", unit.code);
    for other in desk.store.open_reviews(None).await? {
        let about_unit = matches!(other.reason, ReviewReason::UnitUnknown | ReviewReason::UnitConflict);
        if other.mail == case.mail && about_unit {
            let settled = EventKind::ReviewSettled { review: other.id, act: act.clone() };
            decision.events.push(case.event(Some(&unit.code), person, settled));
        }
    }
    let ids = desk.store.amend(&decision, &desk.sender_domain, person.now).await?;
    Ok(acted(&decision.events, &ids, !decision.letters.is_empty()))
}

/// The unit need not file this item.
///
/// # Errors
/// [`ActError::Refused`] where that was said before, or the campaign asks nobody for it.
pub async fn waive(
    store: &Store,
    campaign: &Campaign,
    unit: &Unit,
    item: Item,
    reason: &str,
    person: Person<'_>,
) -> Result<(), ActError> {
    if !campaign.asks_for(item) {
        return Err(ActError::Refused(format!("the campaign {} asks for no {}", campaign.id, item.as_str())));
    }
    let ledger = progress::fold(&store.events_of(&campaign.id, &unit.code).await?);
    if ledger.items.get(&item).is_some_and(|item| item.waived) {
        return Err(ActError::Refused(format!("the {} of unit {} is waived already", item.as_str(), unit.code)));
    }
    let event = Event {
        id: 0,
        act: 0,
        at: person.now,
        campaign: campaign.id.clone(),
        unit: Some(unit.code.clone()),
        mail: None,
        by: Actor::Person(person.name.to_owned()),
        kind: EventKind::Waived { item, reason: reason.to_owned() },
    };
    store.append(&[event]).await?;
    Ok(())
}

/// The unit a mail was filed, or is about to be filed, for.
fn filed_for(events: &[Event]) -> Option<&UnitCode> {
    events.iter().find_map(|event| match &event.kind {
        EventKind::Filed(_)
        | EventKind::Duplicated { .. }
        | EventKind::ReviewAsked { .. }
        | EventKind::AssignedByPerson
        | EventKind::AcceptedByPerson { .. } => event.unit.as_ref(),
        EventKind::MailRecorded { .. }
        | EventKind::ReviewSettled { .. }
        | EventKind::Waived { .. }
        | EventKind::ReturnedByPerson { .. }
        | EventKind::DeadlineExtended { .. }
        | EventKind::AddressTaught { .. }
        | EventKind::NameTaught { .. }
        | EventKind::Undone { .. }
        | EventKind::LetterSent { .. }
        | EventKind::Bounced { .. } => None,
    })
}

/// The archived mail, read and judged again, with the times that count.
async fn understood_again(desk: &Desk, case: &Case, person: Person<'_>) -> Result<(Understanding, Times), ActError> {
    let record = desk.store.mail(&case.mail).await?.ok_or_else(|| StoreError::NoSuchMail(case.mail.clone()))?;
    let bytes = desk.archive.get(&case.mail).map_err(WorkError::from)?;
    let understanding = desk
        .understand_at(bytes, record.received_at)
        .await?
        .map_err(|why| case.refuse(&format!("the mail could not be read again: {why}")))?;
    if understanding.campaign.as_deref() != Some(case.campaign.as_str()) {
        let now = understanding.campaign.as_deref().unwrap_or("none");
        let words = format!("under today's configuration the mail belongs to another campaign ({now})");
        return Err(case.refuse(&words));
    }
    Ok((understanding, Times { received_at: record.received_at, now: person.now }))
}

/// What the recorded events say was done; `ids` are theirs, in the same order.
fn acted(events: &[Event], ids: &[i64], receipt: bool) -> Acted {
    let campaign = events.first().map(|event| event.campaign.clone()).unwrap_or_default();
    let mut acted = Acted { campaign, receipt, ..Acted::default() };
    for (event, id) in events.iter().zip(ids) {
        match &event.kind {
            EventKind::Filed(filing) => acted.filed.extend(event.unit.clone().map(|unit| (unit, filing.clone()))),
            EventKind::Duplicated { item, .. } => acted.known_already.push(*item),
            EventKind::ReviewAsked { text, .. } => acted.asked.push((*id, text.clone())),
            EventKind::ReviewSettled { review, .. } => acted.settled.push(*review),
            EventKind::MailRecorded { .. }
            | EventKind::AssignedByPerson
            | EventKind::AcceptedByPerson { .. }
            | EventKind::Waived { .. }
            | EventKind::ReturnedByPerson { .. }
            | EventKind::DeadlineExtended { .. }
            | EventKind::AddressTaught { .. }
            | EventKind::NameTaught { .. }
            | EventKind::Undone { .. }
            | EventKind::LetterSent { .. }
            | EventKind::Bounced { .. } => {}
        }
    }
    acted
}
