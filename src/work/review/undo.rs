//! `review undo`: a person's act counts no more, as a whole; undoing that makes it count again.

use std::collections::BTreeSet;

use super::{ActError, Acted, Change, Person, again};
use crate::judge::said::Said;
use crate::judge::undoing;
use crate::model::ledger::{Actor, Event, EventKind, in_force};
use crate::model::mail::Digest;
use crate::model::unit::UnitCode;
use crate::store::Store;
use crate::work::desk::Desk;

/// Undoes the act behind this number: of a review that was settled, its settlement; else the act the event of this
/// number is part of. What the mails say then holds again, and a unit that was told otherwise is told.
///
/// # Errors
/// [`ActError::Refused`] where there is nothing to undo, or a later act builds on it.
pub async fn undo(desk: &Desk, number: i64, reason: &str, person: Person<'_>) -> Result<Acted, ActError> {
    again(async || undo_once(desk, number, reason, person).await).await
}

async fn undo_once(desk: &Desk, number: i64, reason: &str, person: Person<'_>) -> Result<Acted, ActError> {
    let act = desk.store.events_of_act(act_behind(&desk.store, number).await?).await?;
    let Some(first) = act.first() else { return Err(ActError::Refused(format!("there is no act {number}"))) };
    let undone = desk.store.undone().await?;
    let targets: Vec<&Event> = act.iter().filter(|event| may_be_undone(event) && !undone.contains(&event.id)).collect();
    if targets.is_empty() {
        return Err(nothing_left(&desk.store, &act, &undone).await?);
    }
    let mut change = Change::begin(desk, &first.campaign, person).await?;
    let mails: BTreeSet<Digest> = act.iter().filter_map(|event| event.mail.clone()).collect();
    let units: BTreeSet<UnitCode> = act.iter().filter_map(|event| event.unit.clone()).collect();
    refuse_if_built_on(&mut change, &act, &mails, &units).await?;
    let before = words(&mut change, &mails).await?;
    for event in &targets {
        change.undo(event, reason);
    }
    let after = words(&mut change, &mails).await?;
    for ((mail, before), (_, after)) in before.iter().zip(&after) {
        if before == after {
            continue;
        }
        // Where a person will decide about the mail again, what it leads to is for that person to say.
        if change.waiting(mail).await?.is_empty() {
            change.rejudge(mail, reason).await?;
        } else {
            let decision = change.decide(mail).await?;
            change.keep_reading(&decision);
        }
    }
    let touched = change.touched_units();
    change.adopt_orphans(touched).await?;
    change.take_back_letters(&act, &targets, &mails).await?;
    change.done().await
}

/// The number of the act that is meant.
async fn act_behind(store: &Store, number: i64) -> Result<i64, ActError> {
    let Some(event) = store.event(number).await? else {
        return Err(ActError::Refused(format!("there is no review and no act {number}")));
    };
    if let EventKind::ReviewAsked { .. } = event.kind {
        if let Some(settlement) = store.settlement(number).await? {
            return Ok(settlement.act);
        }
        if event.by == Actor::Machine {
            return Err(ActError::Refused(format!("nothing has been done about review {number} yet")));
        }
    }
    Ok(event.act)
}

/// What came in and what went out has happened. That the machine asked a person stands as well, unless it was about
/// something it filed in the same breath.
fn may_be_undone(event: &Event) -> bool {
    let asked = matches!(event.kind, EventKind::ReviewAsked { item: None, .. }) && event.by == Actor::Machine;
    undoing::can_be_undone(&event.kind) && !asked
}

/// Why nothing of an act can be undone.
async fn nothing_left(store: &Store, act: &[Event], undone: &BTreeSet<i64>) -> Result<ActError, ActError> {
    let number = act.first().map_or(0, |event| event.act);
    let Some(target) = act.iter().find(|event| undone.contains(&event.id)) else {
        return Ok(ActError::Refused(format!(
            "{number}: a mail that came in, a letter that went out and a letter that came back cannot be undone; to \
             decide about a mail again: mailtally review raise MAIL"
        )));
    };
    let by = store.undoing(target.id).await?;
    let words = by.map_or_else(String::new, |by| format!("; to have it count again: mailtally review undo {}", by.act));
    Ok(ActError::Refused(format!("act {number} was undone already{words}")))
}

async fn refuse_if_built_on(
    change: &mut Change<'_>,
    act: &[Event],
    mails: &BTreeSet<Digest>,
    units: &BTreeSet<UnitCode>,
) -> Result<(), ActError> {
    let mut events: Vec<Event> = Vec::new();
    for mail in mails {
        events.extend(change.of_mail(mail).await?);
    }
    for unit in units {
        events.extend(change.of_unit(unit).await?);
    }
    events.sort_by_key(|event| event.id);
    events.dedup_by_key(|event| event.id);
    match undoing::built_on(act, &events) {
        Some(later) => Err(ActError::Refused(format!(
            "act {later} builds on it; take that back first: mailtally review undo {later}"
        ))),
        None => Ok(()),
    }
}

/// What people's words in force make of each mail.
async fn words(change: &mut Change<'_>, mails: &BTreeSet<Digest>) -> Result<Vec<(Digest, Said)>, ActError> {
    let mut words = Vec::new();
    for mail in mails {
        let events = change.of_mail(mail).await?;
        words.push((mail.clone(), Said::of(in_force(&events))));
    }
    Ok(words)
}
