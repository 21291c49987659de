//! Folded as it comes, the past of a mail is what its events tell.

use proptest::prelude::*;

use super::*;
use crate::judge::past::{Arrivals, Moment, past_as_of, taught_addresses};
use crate::model::ledger::{Filing, Nature, ReviewReason, Verdict, undone};
use crate::model::returns::Item;

const UNITS: [&str; 3] = ["141102", "141121", "141122"];

fn at(minute: u32) -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339("2021-08-01T09:00:00+08:00").unwrap() + chrono::TimeDelta::minutes(i64::from(minute))
}

fn mail(number: u32) -> Digest {
    Digest::of(&number.to_le_bytes())
}

fn event(id: i64, unit: usize, of: u32, by: Actor, kind: EventKind) -> Event {
    let unit = Some(UnitCode::new(UNITS[unit]));
    Event { id, act: id, at: at(of), campaign: "2021-bayi".to_owned(), unit, mail: Some(mail(of)), by, kind }
}

/// Events as they follow from choices: mails that arrive one after the other, or not, and what persons say of them.
fn events(choices: &[(u8, usize, u32)]) -> Vec<Event> {
    let mut all: Vec<Event> = Vec::new();
    for (place, (choice, unit, of)) in choices.iter().enumerate() {
        let id = i64::try_from(all.len()).unwrap() + 1;
        let person = || Actor::Person("王五".to_owned());
        let number = u32::try_from(place).unwrap();
        let arrived = at(number + of);
        let totals = Totals::from([("veterans_cost".to_owned(), Some(number.into()))]);
        let filing = Filing {
            item: Item::Table,
            piece: "1".to_owned(),
            verdict: if of % 3 == 0 { Verdict::NeedsReview } else { Verdict::Accepted },
            received_at: arrived,
            content: Digest::of(&[*choice, u8::try_from(of % 200).unwrap()]),
            totals: Some(totals),
        };
        let said = |kind| event(id, *unit, of % number.max(1), person(), kind);
        match choice {
            0..=3 => {
                let nature = Nature::Submission;
                let recorded = EventKind::MailRecorded { nature, received_at: arrived };
                let follows = match choice {
                    0 | 1 => EventKind::Filed(filing),
                    2 => EventKind::Duplicated {
                        item: Item::Table,
                        piece: "1".to_owned(),
                        first_mail: mail(of % number.max(1)),
                        received_at: Some(arrived),
                    },
                    _ => EventKind::ReviewAsked { reason: ReviewReason::Question, item: None, text: String::new() },
                };
                all.push(event(id, *unit, number, Actor::Machine, recorded));
                all.push(event(id + 1, (*unit + usize::from(of % 5 == 0)) % 3, number, Actor::Machine, follows));
            }
            4 => all.push(said(EventKind::AcceptedByPerson { item: Item::Table })),
            5 => all.push(said(EventKind::AddressTaught { address: format!("a{of}@unit.example") })),
            6 => {
                let asked: Vec<i64> = all
                    .iter()
                    .filter(|event| matches!(event.kind, EventKind::ReviewAsked { .. }))
                    .map(|event| event.id)
                    .collect();
                if let Some(review) = asked.get(*of as usize % asked.len().max(1)) {
                    all.push(said(EventKind::ReviewSettled { review: *review, act: String::new() }));
                }
            }
            _ => {
                if let Some(undone) = all.get(*of as usize % all.len().max(1)).map(|event| event.id) {
                    all.push(said(EventKind::Undone { event_id: undone, reason: String::new() }));
                }
            }
        }
    }
    all
}

proptest! {
    #[test]
    fn the_past_is_what_the_events_tell(
        choices in prop::collection::vec((0_u8..8, 0_usize..3, 0_u32..12), 1..30),
        arrives in 0_u32..60,
        known in any::<prop::sample::Index>(),
    ) {
        let all = events(&choices);
        let (before, after) = all.split_at(known.index(all.len() + 1));
        let mut chronicle = Chronicle::without(undone(before));
        before.iter().chain(after).for_each(|event| chronicle.add(event));
        let undone_later = after.iter().any(|event| matches!(event.kind, EventKind::Undone { .. }));
        prop_assert!(undone_later || !chronicle.is_outdated());
        if chronicle.is_outdated() {
            chronicle = Chronicle::without(undone(&all));
            all.iter().for_each(|event| chronicle.add(event));
        }
        let units = BTreeSet::from([UnitCode::new(UNITS[0]), UnitCode::new("141129")]);
        let gone = undone(&all);
        let counting = || all.iter().filter(|event| !gone.contains(&event.id));
        let told = past_as_of(counting(), &Arrivals::of(&all), &units, None, Moment::of_new(at(arrives)));
        match chronicle.past(&units, None, at(arrives)) {
            Some(past) => {
                prop_assert_eq!(&past.ledgers, &told.ledgers);
                prop_assert_eq!(&past.open_reviews, &told.open_reviews);
                prop_assert!(told.later.is_empty() && past.later.is_empty());
                let taught = taught_addresses(counting(), &units);
                let empty = BTreeSet::new();
                for unit in &units {
                    let of = |senders: &BTreeMap<UnitCode, BTreeSet<String>>| {
                        senders.get(unit).unwrap_or(&empty).clone()
                    };
                    prop_assert_eq!(of(&past.senders), of(&taught));
                }
            }
            // It may be over-careful, but never where nothing of the units came later.
            None => prop_assert!(all.iter().any(|event| event.at > at(arrives) || !told.later.is_empty())),
        }
    }
}

#[test]
fn a_recording_that_was_undone_still_tells_when_its_mail_came() {
    let recorded = EventKind::MailRecorded { nature: Nature::Submission, received_at: at(4) };
    let asked = EventKind::ReviewAsked { reason: ReviewReason::Question, item: None, text: String::new() };
    let undoing = EventKind::Undone { event_id: 1, reason: String::new() };
    let all = [
        event(1, 0, 0, Actor::Machine, recorded),
        event(2, 0, 0, Actor::Machine, asked),
        event(3, 0, 0, Actor::Person("王五".to_owned()), undoing),
    ];
    let mut chronicle = Chronicle::without(undone(&all));
    all.iter().for_each(|event| chronicle.add(event));
    let units = BTreeSet::from([UnitCode::new(UNITS[0])]);
    assert!(chronicle.past(&units, None, at(0)).is_none(), "the review came later");
    assert_eq!(chronicle.past(&units, None, at(5)).unwrap().open_reviews.len(), 1);
}
