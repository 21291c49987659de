//! Days made by hand: arrivals, acts, and what was undone since.

use std::path::Path;

use super::*;
use crate::model::ledger::{Actor, Filing, Verdict};
use crate::model::mail::Digest;
use crate::model::returns::Item;

fn campaign() -> Campaign {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/campaigns/2021-bayi");
    crate::config::load_campaign(&folder, FixedOffset::east_opt(8 * 3600).unwrap()).unwrap()
}

fn at(month: u32, day: u32, hour: u32) -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339(&format!("2021-{month:02}-{day:02}T{hour:02}:00:00+08:00")).unwrap()
}

fn event(id: i64, unit: &str, at: DateTime<FixedOffset>, kind: EventKind) -> Event {
    Event {
        id,
        act: id,
        at,
        campaign: "2021-bayi".to_owned(),
        unit: Some(UnitCode::new(unit)),
        mail: Some(Digest::of(b"mail")),
        by: Actor::Machine,
        kind,
    }
}

/// Table and report of a unit, recorded days after they came.
fn both(id: i64, unit: &str, received_at: DateTime<FixedOffset>, recorded_at: DateTime<FixedOffset>) -> [Event; 2] {
    [(id, Item::Table), (id + 1, Item::Report)].map(|(id, item)| {
        let content = Digest::of(unit.as_bytes());
        let verdict = Verdict::Accepted;
        let filing = Filing { item, piece: "1".to_owned(), verdict, received_at, content, totals: None };
        event(id, unit, recorded_at, EventKind::Filed(filing))
    })
}

fn undone(id: i64, unit: &str, recorded_at: DateTime<FixedOffset>, event_id: i64) -> Event {
    event(id, unit, recorded_at, EventKind::Undone { event_id, reason: "重新认定".to_owned() })
}

fn on(course: &[DayCount], month: u32, day: u32) -> usize {
    let day = NaiveDate::from_ymd_opt(2021, month, day).unwrap();
    course.iter().find(|count| count.day == day).unwrap().done
}

#[test]
fn every_day_from_the_opening_has_its_count() {
    let campaign = campaign();
    let mut events = Vec::from(both(1, "141102", at(7, 29, 10), at(8, 2, 9)));
    events.extend(both(3, "S01", at(8, 3, 23), at(8, 4, 1)));
    events.extend(both(5, "GONE", at(8, 3, 10), at(8, 3, 10)));
    let course = course(&campaign, &events, at(8, 5, 8));
    assert_eq!(course.len(), 15, "July 22nd to August 5th");
    assert_eq!((on(&course, 7, 28), on(&course, 7, 29), on(&course, 8, 2)), (0, 1, 1), "by arrival");
    assert_eq!((on(&course, 8, 3), on(&course, 8, 5)), (2, 2), "who stands on the roster no more is not counted");
}

#[test]
fn a_unit_that_falls_back_is_taken_off_that_day() {
    let campaign = campaign();
    let mut events = Vec::from(both(1, "141102", at(7, 29, 10), at(7, 29, 10)));
    let returned = EventKind::ReturnedByPerson { item: Item::Table, reason: "单位错误".to_owned() };
    events.push(event(3, "141102", at(8, 2, 9), returned));
    let course = course(&campaign, &events, at(8, 3, 8));
    assert_eq!((on(&course, 8, 1), on(&course, 8, 2), on(&course, 8, 3)), (1, 0, 0));
}

#[test]
fn what_was_booked_anew_since_is_not_counted_twice() {
    let campaign = campaign();
    let mut events = Vec::from(both(1, "141102", at(7, 29, 10), at(7, 29, 10)));
    events.extend([undone(3, "141102", at(8, 6, 9), 1), undone(4, "141102", at(8, 6, 9), 2)]);
    events.extend(both(5, "S01", at(7, 29, 10), at(8, 6, 9)));
    let then = done(&campaign, &until(&events, at(7, 30, 23)));
    assert_eq!(then, BTreeSet::from([UnitCode::new("S01")]));
    let counts = course(&campaign, &events, at(8, 8, 8));
    assert_eq!((on(&counts, 7, 29), on(&counts, 8, 8)), (1, 1));
    // The undoing itself is taken back: both count again, from the day they came.
    events.extend([undone(7, "141102", at(8, 7, 9), 3), undone(8, "141102", at(8, 7, 9), 4)]);
    assert_eq!(done(&campaign, &until(&events, at(7, 30, 23))).len(), 2);
}

#[test]
fn a_persons_word_counts_from_when_it_was_said() {
    let waived = event(1, "141102", at(8, 6, 9), EventKind::Waived { item: Item::Table, reason: "免".to_owned() });
    let undone = undone(2, "141102", at(8, 8, 9), 1);
    let events = [waived, undone];
    assert_eq!(until(&events, at(8, 5, 9)).len(), 0);
    assert_eq!(until(&events, at(8, 7, 9)).len(), 1);
    assert_eq!(until(&events, at(8, 9, 9)).len(), 2);
}

#[test]
fn a_day_that_goes_on_from_the_day_before_is_the_same_as_one_folded_anew() {
    let mut events = Vec::from(both(1, "141102", at(7, 29, 10), at(7, 29, 10)));
    events.extend(both(3, "141102", at(8, 2, 9), at(8, 2, 9)));
    let waived = EventKind::Waived { item: Item::Report, reason: "并入".to_owned() };
    events.push(event(5, "141102", at(8, 2, 12), waived));
    events.extend(both(6, "141102", at(8, 4, 9), at(8, 4, 9)));
    let of_days: Vec<(NaiveDate, &Event)> =
        events.iter().zip(moments(&events)).map(|(event, at)| (at.date_naive(), event)).collect();
    let last = NaiveDate::from_ymd_opt(2021, 8, 3).unwrap();
    let days = day_by_day(&of_days, last);
    assert_eq!(days.len(), 2, "what comes after the last day is left out");
    for (day, ledger) in days {
        let known: Vec<Event> =
            of_days.iter().filter(|(of, _)| *of <= day).map(|(_, event)| (*event).clone()).collect();
        assert_eq!(ledger, fold(&known), "{day}");
    }
}
