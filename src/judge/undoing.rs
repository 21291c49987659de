//! What may be undone, and which mails must be judged again once something is.

use std::collections::BTreeSet;

use crate::model::ledger::{Actor, Event, EventKind, in_force};
use crate::model::mail::Digest;
use crate::model::returns::Item;

/// Whether an event can be undone at all: what came in and what went out has happened.
#[must_use]
pub fn can_be_undone(kind: &EventKind) -> bool {
    match kind {
        EventKind::MailRecorded { .. }
        | EventKind::LetterSent { .. }
        | EventKind::Bounced { .. }
        | EventKind::OriginalsPurged { .. } => false,
        // Taken back by another word on the same letter.
        EventKind::LetterRuled { .. } => false,
        EventKind::Filed(_)
        | EventKind::Duplicated { .. }
        | EventKind::ReviewAsked { .. }
        | EventKind::ReviewSettled { .. }
        | EventKind::AssignedByPerson
        | EventKind::AcceptedByPerson { .. }
        | EventKind::ReturnedByPerson { .. }
        | EventKind::Waived { .. }
        | EventKind::DeadlineExtended { .. }
        | EventKind::AddressTaught { .. }
        | EventKind::NameTaught { .. }
        | EventKind::Undone { .. } => true,
    }
}

/// The latest act of a person, still in force, that builds on this one: it is about the same mail, settles a review that
/// this one asked, or undoes a part of this one. `events` are those of the mails and units of the act. Acts on one mail
/// are taken back in the reverse order of their making.
#[must_use]
pub fn built_on(act: &[Event], events: &[Event]) -> Option<i64> {
    let number = act.first()?.act;
    // That an act in between was undone, or made to count again, builds on nothing.
    let same_mail = |event: &Event| {
        let is_undoing = matches!(event.kind, EventKind::Undone { .. });
        !is_undoing && event.mail.is_some() && act.iter().any(|ours| ours.mail == event.mail)
    };
    let refers = |event: &Event| {
        let target = match event.kind {
            EventKind::Undone { event_id, .. } => event_id,
            EventKind::ReviewSettled { review, .. } => review,
            _ => return false,
        };
        act.iter().any(|ours| ours.id == target)
    };
    in_force(events)
        .filter(|event| event.act > number && event.by != Actor::Machine && can_be_undone(&event.kind))
        .filter(|event| same_mail(event) || refers(event))
        .map(|event| event.act)
        .max()
}

/// The repetitions among a unit's events whose original counts no more: their mails hold the content still, and must be
/// judged again. A repetition may repeat another repetition.
#[must_use]
pub fn orphans(events: &[Event]) -> Vec<&Event> {
    let standing: Vec<&Event> = in_force(events).collect();
    let mut sources: BTreeSet<(Item, &Digest)> = BTreeSet::new();
    let mut repeats: Vec<(&Event, Item, &Digest, &Digest)> = Vec::new();
    for event in standing {
        match (&event.kind, &event.mail) {
            (EventKind::Filed(filing), Some(mail)) => {
                sources.insert((filing.item, mail));
            }
            (EventKind::Duplicated { item, first_mail, .. }, Some(mail)) => {
                repeats.push((event, *item, first_mail, mail));
            }
            _ => {}
        }
    }
    loop {
        let (founded, left): (Vec<_>, Vec<_>) =
            repeats.into_iter().partition(|(_, item, first, _)| sources.contains(&(*item, *first)));
        repeats = left;
        if founded.is_empty() {
            break;
        }
        sources.extend(founded.into_iter().map(|(_, item, _, mail)| (item, mail)));
    }
    repeats.into_iter().map(|(event, ..)| event).collect()
}

/// What judging a mail again makes otherwise: events it now leads to, and filings in force that it does not lead to any
/// more. `standing` are the mail's events in force, `wanted` those of the new decision.
#[must_use]
pub fn differences<'e>(standing: &'e [Event], wanted: &'e [Event]) -> (Vec<&'e Event>, Vec<&'e Event>) {
    let same = |one: &Event, other: &Event| {
        one.unit == other.unit
            && match (&one.kind, &other.kind) {
                (EventKind::Filed(one), EventKind::Filed(other)) => {
                    one.item == other.item && one.content == other.content && one.verdict == other.verdict
                }
                (EventKind::Duplicated { item: one, .. }, EventKind::Duplicated { item: other, .. }) => one == other,
                (one, other) => one == other,
            }
    };
    let among = |event: &Event, events: &[Event]| events.iter().any(|other| same(event, other));
    let missing =
        wanted.iter().filter(|event| !matches!(event.kind, EventKind::MailRecorded { .. }) && !among(event, standing));
    let surplus = standing
        .iter()
        .filter(|event| matches!(event.kind, EventKind::Filed(_) | EventKind::Duplicated { .. }))
        .filter(|event| !among(event, wanted));
    (missing.collect(), surplus.collect())
}

#[cfg(test)]
mod tests;
