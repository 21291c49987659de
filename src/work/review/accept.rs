//! `review accept`: the item counts as it was read.

use super::answers::Answered;
use super::{ActError, Acted, Case, Change, Person, SUPERSEDED, again, understood_today, waiting_for};
use crate::judge::changes;
use crate::judge::decide::{Times, decide_vouched};
use crate::judge::letters::Word;
use crate::judge::{peers, progress};
use crate::model::ledger::{Actor, Event, EventKind, Filing, ReviewReason, StandingFiling, Verdict, in_force};
use crate::model::mail::Digest;
use crate::model::returns::Item;
use crate::model::unit::UnitCode;
use crate::store::StoreError;
use crate::work::desk::Desk;

/// The item in question counts as it was read; the unit is told.
///
/// # Errors
/// [`ActError::Refused`] for an unknown or settled review, and where there is nothing that could be taken.
pub async fn accept(desk: &Desk, id: i64, person: Person<'_>) -> Result<Acted, ActError> {
    again(async || {
        let case = Case::open(&desk.store, id).await?;
        match (case.reason, &case.unit, case.item) {
            (ReviewReason::ItemNeedsReview, Some(unit), Some(item)) => {
                accept_filed(desk, &case, unit, &[item], person).await
            }
            (ReviewReason::RaisedByPerson, Some(unit), _) => {
                let items: Vec<Item> = case.item.map_or_else(|| Item::ALL.to_vec(), |item| vec![item]);
                accept_filed(desk, &case, unit, &items, person).await
            }
            (ReviewReason::SenderDoubtful, Some(unit), Some(item)) => {
                accept_withheld(desk, &case, unit, item, person).await
            }
            (ReviewReason::UnitUnknown | ReviewReason::UnitConflict, _, _)
            | (ReviewReason::RaisedByPerson, None, _) => {
                Err(case.refuse("say whose the mail is: mailtally review assign ID UNIT"))
            }
            (
                ReviewReason::ItemNeedsReview
                | ReviewReason::SenderDoubtful
                | ReviewReason::FileUnread
                | ReviewReason::TimeDoubtful
                | ReviewReason::OtherCampaign
                | ReviewReason::Question
                | ReviewReason::SetAside,
                _,
                _,
            ) => Err(case.refuse(
                "there is no item in it that could be accepted; once it is dealt with: mailtally review dismiss ID",
            )),
        }
    })
    .await
}

/// Of these items those that the mail has standing among the unit's events; refused where there is none.
pub(super) fn standing_items(
    case: &Case,
    events: &[Event],
    items: &[Item],
) -> Result<Vec<(Item, StandingFiling)>, ActError> {
    let ledger = progress::fold(events);
    let standing = |item: &Item| {
        let current = ledger.items.get(item)?.current.clone()?;
        (current.mail == case.mail || repeats(events, *item, &current, &case.mail)).then_some((*item, current))
    };
    let standing: Vec<(Item, StandingFiling)> = items.iter().filter_map(standing).collect();
    if standing.is_empty() { Err(case.refuse(SUPERSEDED)) } else { Ok(standing) }
}

/// Whether what stands is only a repetition of what this mail filed.
fn repeats(events: &[Event], wanted: Item, standing: &StandingFiling, mail: &Digest) -> bool {
    in_force(events).any(|event| match &event.kind {
        EventKind::Duplicated { item, first_mail, .. } => {
            *item == wanted && first_mail == mail && event.mail.as_ref() == Some(&standing.mail)
        }
        _ => false,
    })
}

async fn accept_filed(
    desk: &Desk,
    case: &Case,
    unit: &UnitCode,
    items: &[Item],
    person: Person<'_>,
) -> Result<Acted, ActError> {
    let mut change = Change::begin(desk, &case.campaign, person).await?;
    let events = change.of_unit(unit).await?;
    let ledger = progress::fold(&events);
    let mut told = Vec::new();
    let mut filed: Vec<(UnitCode, Filing)> = Vec::new();
    for (item, standing) in standing_items(case, &events, items)? {
        if item == Item::Table && standing.filing.totals.is_none() {
            return Err(
                case.refuse("no figures could be read from this table, so there is nothing that could be counted")
            );
        }
        if standing.filing.verdict == Verdict::Accepted {
            continue;
        }
        change.add(Some(unit), Some(&case.mail), EventKind::AcceptedByPerson { item });
        for review in waiting_for(&events, item) {
            change.settle(&review, "accept");
        }
        told.push((item, standing.filing.clone()));
        filed.push((unit.clone(), Filing { verdict: Verdict::Accepted, ..Filing::clone(&standing.filing) }));
    }
    change.settle(&case.event, "accept");
    if !told.is_empty() {
        let mut before = ledger.clone();
        for item in before.items.values_mut() {
            item.current = None;
            item.earlier.retain(|earlier| earlier.mail != case.mail);
        }
        let table = told.iter().find(|(item, _)| *item == Item::Table).map(|(_, filing)| filing);
        let counted = peers::earlier_totals(&before);
        let changes = match (desk.register().campaign(&case.campaign), table, counted) {
            (Some(campaign), Some(filing), Some(counted)) => {
                changes::of_totals(&campaign.form, Some(counted), filing.totals.as_ref())
            }
            _ => Vec::new(),
        };
        let items = told.iter().map(|(item, _)| *item).collect();
        change.answer(&case.mail, Some(unit), Answered { word: Word::Accepted, items, changes }).await?;
    }
    let acted = change.done().await?;
    Ok(Acted { filed, ..acted })
}

async fn accept_withheld(
    desk: &Desk,
    case: &Case,
    unit: &UnitCode,
    item: Item,
    person: Person<'_>,
) -> Result<Acted, ActError> {
    let mut change = Change::begin(desk, &case.campaign, person).await?;
    let record = desk.store.mail(&case.mail).await?.ok_or_else(|| StoreError::NoSuchMail(case.mail.clone()))?;
    let understanding = understood_today(desk, &case.mail)
        .await?
        .map_err(|why| case.refuse(&format!("the mail could not be read again: {why}")))?;
    if understanding.campaign.as_deref() != Some(case.campaign.as_str()) {
        let now = understanding.campaign.as_deref().unwrap_or("none");
        return Err(case.refuse(&format!("under today's configuration the mail belongs to another campaign ({now})")));
    }
    change.standing(&case.mail).await?;
    change.of_unit(unit).await?;
    let times = Times { received_at: record.received_at, now: person.now };
    let past = desk.past(&understanding, person.now).await?;
    let standing = past.ledgers.get(unit).and_then(|ledger| ledger.items.get(&item)?.current.as_ref());
    if standing.is_some_and(|standing| standing.filing.received_at > times.received_at) {
        return Err(case.refuse(SUPERSEDED));
    }
    let Some(decision) = decide_vouched(&understanding, &desk.register(), &past, (unit, item), times) else {
        return Err(case.refuse("judged under today's configuration, the mail no longer holds this item of this unit"));
    };
    change.keep_reading(&decision);
    for mut event in decision.events {
        // That it was filed is the person's doing.
        if matches!(event.kind, EventKind::Filed(_)) {
            event.by = Actor::Person(person.name.to_owned());
        }
        change.append_once(event);
    }
    change.settle(&case.event, "accept");
    change.receipt(&case.mail, decision.letters).await?;
    change.done().await
}
