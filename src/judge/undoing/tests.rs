//! Undoing on events made by hand: whatever was done and undone, what survives is all that counts.

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset};
use proptest::prelude::*;

use super::*;
use crate::judge::{progress, said::Said, taught};
use crate::model::ledger::{Filing, Verdict};
use crate::model::returns::Totals;
use crate::model::unit::UnitCode;

fn at(day: u32) -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339(&format!("2021-08-{day:02}T09:00:00+08:00")).unwrap()
}

fn mail(number: u8) -> Digest {
    Digest::of(&[number])
}

fn event(id: i64, of: u8, kind: EventKind) -> Event {
    Event {
        id,
        act: id,
        at: at(1),
        campaign: "2021-bayi".to_owned(),
        unit: Some(UnitCode::new("141102")),
        mail: Some(mail(of)),
        by: Actor::Person("王五".to_owned()),
        kind,
    }
}

fn filed(of: u8, content: &str) -> EventKind {
    let totals = Totals::from([("veterans_cost".to_owned(), Some(u64::from(of).into()))]);
    let (piece, content, received_at) = ("1".to_owned(), Digest::of(content.as_bytes()), at(u32::from(of) + 1));
    let verdict = if of.is_multiple_of(2) { Verdict::Accepted } else { Verdict::NeedsReview };
    EventKind::Filed(Filing { item: Item::Table, piece, verdict, received_at, content, totals: Some(totals) })
}

fn repeated(first: u8) -> EventKind {
    let received_at = Some(at(20));
    EventKind::Duplicated { item: Item::Table, piece: "1".to_owned(), first_mail: mail(first), received_at }
}

fn undone(event_id: i64) -> EventKind {
    EventKind::Undone { event_id, reason: "弄错了".to_owned() }
}

/// What a person or the machine does next; an undoing picks one of the events before it.
fn any_kind() -> impl Strategy<Value = (u8, u8, prop::sample::Index)> {
    (0_u8..10, 0_u8..6, any::<prop::sample::Index>())
}

fn kind(choice: u8, of: u8, before: usize, pick: prop::sample::Index) -> EventKind {
    match choice {
        0 => filed(of, &of.to_string()),
        1 => EventKind::AcceptedByPerson { item: Item::Table },
        2 => EventKind::ReturnedByPerson { item: Item::Table, reason: "缺页".to_owned() },
        3 => EventKind::Waived { item: Item::Report, reason: "撤并".to_owned() },
        4 => EventKind::DeadlineExtended { until: at(15 + u32::from(of)), reason: "汛情".to_owned() },
        5 => EventKind::AddressTaught { address: format!("a{of}@unit.example") },
        6 => EventKind::AssignedByPerson,
        _ if before == 0 => EventKind::NameTaught { name: "区里".to_owned() },
        _ => undone(i64::try_from(pick.index(before)).unwrap() + 1),
    }
}

/// By the meaning of undoing, and not by how [`in_force`] finds it out.
fn survives(events: &[Event], id: i64, known: &mut BTreeMap<i64, bool>) -> bool {
    if let Some(known) = known.get(&id) {
        return *known;
    }
    let undoings: Vec<i64> = events
        .iter()
        .filter(|event| matches!(event.kind, EventKind::Undone { event_id, .. } if event_id == id))
        .map(|event| event.id)
        .collect();
    let alive = undoings.into_iter().all(|undoing| !survives(events, undoing, known));
    known.insert(id, alive);
    alive
}

proptest! {
    #[test]
    fn what_survives_is_all_that_counts(steps in prop::collection::vec(any_kind(), 1..60)) {
        let mut events: Vec<Event> = Vec::new();
        for (choice, of, pick) in steps {
            let kind = kind(choice, of, events.len(), pick);
            events.push(event(i64::try_from(events.len()).unwrap() + 1, of, kind));
        }
        let mut known = BTreeMap::new();
        let is_undoing = |event: &&Event| matches!(event.kind, EventKind::Undone { .. });
        let surviving: Vec<Event> = events
            .iter()
            .filter(|event| !is_undoing(event) && survives(&events, event.id, &mut known))
            .cloned()
            .collect();
        prop_assert_eq!(progress::fold(&events), progress::fold(&surviving));
        prop_assert_eq!(taught::taught(&events), taught::taught(&surviving));
        prop_assert_eq!(Said::of(in_force(&events)), Said::of(&surviving));
    }
}

#[test]
fn a_repetition_is_orphaned_with_what_it_repeats() {
    let first = event(1, 1, filed(1, "x"));
    let (second, third) = (event(2, 2, repeated(1)), event(3, 3, repeated(2)));
    let mut events = vec![first, second, third];
    assert!(orphans(&events).is_empty());
    events.push(event(4, 1, undone(1)));
    let ids = |events: &[Event]| orphans(events).iter().map(|event| event.id).collect::<Vec<_>>();
    assert_eq!(ids(&events), [2, 3]);
    events.extend([event(5, 2, undone(2)), event(6, 2, filed(2, "x"))]);
    assert!(orphans(&events).is_empty(), "the third repeats the second, which is filed itself now");
    events.push(event(7, 1, undone(4)));
    assert!(orphans(&events).is_empty());
}

#[test]
fn what_a_later_act_builds_on_is_found_and_what_was_undone_between_is_not() {
    let assigned = event(1, 1, EventKind::AssignedByPerson);
    let accepted = event(2, 1, EventKind::AcceptedByPerson { item: Item::Table });
    let of_another = event(3, 2, EventKind::AssignedByPerson);
    let mut events = vec![assigned.clone(), accepted, of_another];
    assert_eq!(built_on(std::slice::from_ref(&assigned), &events), Some(2));
    events.push(event(4, 1, undone(2)));
    assert_eq!(built_on(std::slice::from_ref(&assigned), &events), None);
    let mut by_machine = event(5, 1, filed(1, "x"));
    by_machine.by = Actor::Machine;
    events.push(by_machine);
    assert_eq!(built_on(std::slice::from_ref(&assigned), &events), None, "a machine only follows");
    events.push(event(6, 3, EventKind::ReviewSettled { review: 1, act: "dismiss".to_owned() }));
    assert_eq!(built_on(std::slice::from_ref(&assigned), &events), Some(6));
}

#[test]
fn what_is_judged_otherwise_is_told_from_what_stands() {
    let standing = [event(1, 1, filed(1, "x")), event(2, 1, repeated(9))];
    let same = [event(0, 1, filed(1, "x")), event(0, 1, repeated(8))];
    assert_eq!(differences(&standing, &same), (Vec::new(), Vec::new()));
    let other = [event(0, 1, filed(1, "y"))];
    let (missing, surplus) = differences(&standing, &other);
    assert_eq!((missing.len(), surplus.iter().map(|event| event.id).collect::<Vec<_>>()), (1, vec![1, 2]));
    let mut elsewhere = same[0].clone();
    elsewhere.unit = Some(UnitCode::new("141121"));
    assert_eq!(differences(&standing[..1], &[elsewhere]).1.len(), 1, "of another unit it is another filing");
}
