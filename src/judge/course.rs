//! A collection over time: what had happened by a moment, and how many units had everything in at the end of each day.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, FixedOffset, NaiveDate};

use super::progress::{apply, fold, item_statuses, unit_status};
use crate::model::campaign::Campaign;
use crate::model::ledger::{Event, EventKind, UnitLedger, UnitStatus};
use crate::model::standing::DayCount;
use crate::model::unit::UnitCode;

/// Days shown at most; of a longer collection the last.
const MOST_DAYS: usize = 366;

/// The events that had happened by `end`, in the order of recording. Of mail its arrival counts, not the moment of
/// recording; what undid such an event counts from the same moment, so that a mail booked anew since is not counted
/// twice. A person's other acts count from when they were done.
#[must_use]
pub fn until(events: &[Event], end: DateTime<FixedOffset>) -> Vec<Event> {
    let happened = moments(events);
    events.iter().zip(happened).filter(|(_, at)| *at <= end).map(|(event, _)| event.clone()).collect()
}

/// When each of the events happened. They must stand in the order of recording: an undoing speaks of earlier ones.
fn moments(events: &[Event]) -> Vec<DateTime<FixedOffset>> {
    let mut of_arrivals: BTreeMap<i64, DateTime<FixedOffset>> = BTreeMap::new();
    let mut moments = Vec::with_capacity(events.len());
    for event in events {
        let arrival = match &event.kind {
            EventKind::MailRecorded { received_at, .. } => Some(*received_at),
            EventKind::Filed(filing) => Some(filing.received_at),
            EventKind::Duplicated { received_at, .. } => *received_at,
            EventKind::Undone { event_id, .. } => of_arrivals.get(event_id).copied(),
            EventKind::ReviewAsked { .. }
            | EventKind::ReviewSettled { .. }
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
            | EventKind::Bounced { .. } => None,
        };
        of_arrivals.extend(arrival.map(|arrival| (event.id, arrival)));
        moments.push(arrival.unwrap_or(event.at));
    }
    moments
}

/// Whether nothing more is asked of a unit that stands so.
#[must_use]
pub fn is_done(status: UnitStatus) -> bool {
    match status {
        UnitStatus::Complete | UnitStatus::Waived => true,
        UnitStatus::Partial | UnitStatus::NeedsCorrection | UnitStatus::NeedsReview | UnitStatus::Missing => false,
    }
}

/// The units with everything in, as these events have it.
#[must_use]
pub fn done(campaign: &Campaign, events: &[Event]) -> BTreeSet<UnitCode> {
    let ledgers = super::progress::ledgers(events);
    let done = ledgers.into_iter().filter(|(code, ledger)| {
        campaign.roster.unit(code).is_some() && is_done(unit_status(&item_statuses(campaign, ledger)))
    });
    done.map(|(code, _)| code).collect()
}

/// Every day from the opening to the day of `now` in the campaign's zone, as it is known from these events.
#[must_use]
pub fn course(campaign: &Campaign, events: &[Event], now: DateTime<FixedOffset>) -> Vec<DayCount> {
    let offset = *campaign.deadline.offset();
    let (first, last) = (campaign.opens.with_timezone(&offset).date_naive(), now.with_timezone(&offset).date_naive());
    let mut of_units: BTreeMap<&UnitCode, Vec<(NaiveDate, &Event)>> = BTreeMap::new();
    for (event, at) in events.iter().zip(moments(events)) {
        if let Some(code) = &event.unit {
            // What came before the opening, where the opening was moved since, is there on the first day.
            let day = at.with_timezone(&offset).date_naive().max(first);
            of_units.entry(code).or_default().push((day, event));
        }
    }
    // On which days how many units came to be done, and how many ceased to be.
    let (mut won, mut lost): (BTreeMap<NaiveDate, usize>, BTreeMap<NaiveDate, usize>) = Default::default();
    for (_, events) in of_units.iter().filter(|(code, _)| campaign.roster.unit(code).is_some()) {
        let mut was_done = false;
        for (day, ledger) in day_by_day(events, last) {
            let done = is_done(unit_status(&item_statuses(campaign, &ledger)));
            match (was_done, done) {
                (false, true) => *won.entry(day).or_default() += 1,
                (true, false) => *lost.entry(day).or_default() += 1,
                (true, true) | (false, false) => {}
            }
            was_done = done;
        }
    }
    let mut done: usize = 0;
    let mut days: Vec<DayCount> = Vec::new();
    for day in first.iter_days().take_while(|day| *day <= last) {
        let change = |of: &BTreeMap<NaiveDate, usize>| of.get(&day).copied().unwrap_or(0);
        done = (done + change(&won)).saturating_sub(change(&lost));
        days.push(DayCount { day, done });
    }
    days.split_off(days.len().saturating_sub(MOST_DAYS))
}

/// How a unit stood at the end of each day on which something happened to it, up to `last`.
fn day_by_day(events: &[(NaiveDate, &Event)], last: NaiveDate) -> Vec<(NaiveDate, UnitLedger)> {
    let is_undoing = |(_, event): &(NaiveDate, &Event)| matches!(event.kind, EventKind::Undone { .. });
    let in_order = events.is_sorted_by_key(|(day, _)| *day);
    if in_order && !events.iter().any(is_undoing) {
        // The usual case: each day goes on from the day before.
        let mut days: Vec<(NaiveDate, UnitLedger)> = Vec::new();
        for (day, event) in events.iter().filter(|(day, _)| *day <= last) {
            match days.last_mut() {
                Some((of, ledger)) if of == day => *ledger = apply(std::mem::take(ledger), event),
                Some((_, ledger)) => {
                    let before = ledger.clone();
                    days.push((*day, apply(before, event)));
                }
                None => days.push((*day, apply(UnitLedger::default(), event))),
            }
        }
        return days;
    }
    let days: BTreeSet<NaiveDate> = events.iter().map(|(day, _)| *day).filter(|day| *day <= last).collect();
    let known = |day: NaiveDate| -> Vec<Event> {
        events.iter().filter(|(of, _)| *of <= day).map(|(_, event)| (*event).clone()).collect()
    };
    days.into_iter().map(|day| (day, fold(&known(day)))).collect()
}

#[cfg(test)]
mod tests;
