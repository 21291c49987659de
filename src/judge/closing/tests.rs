//! The final report's lists from events made by hand.

use std::path::Path;

use chrono::{DateTime, FixedOffset};

use super::*;
use crate::model::ledger::{Filing, Nature, Verdict};
use crate::model::returns::Item;

fn campaign() -> Campaign {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/campaigns/2021-bayi");
    crate::config::load_campaign(&folder, FixedOffset::east_opt(8 * 3600).unwrap()).unwrap()
}

fn at(day: u32) -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339(&format!("2021-08-{day:02}T09:00:00+08:00")).unwrap()
}

fn event(id: i64, unit: &str, mail: &str, by: Option<&str>, kind: EventKind) -> Event {
    Event {
        id,
        act: id,
        at: at(14),
        campaign: "2021-bayi".to_owned(),
        unit: Some(UnitCode::new(unit)),
        mail: Some(Digest::of(mail.as_bytes())),
        by: by.map_or(Actor::Machine, |name| Actor::Person(name.to_owned())),
        kind,
    }
}

fn filed(item: Item, day: u32, content: &str) -> EventKind {
    let content = Digest::of(content.as_bytes());
    let verdict = Verdict::Accepted;
    EventKind::Filed(Filing { item, piece: "1".to_owned(), verdict, received_at: at(day), content, totals: None })
}

#[test]
fn lateness_goes_by_the_units_own_deadline_and_by_the_first_arrival() {
    let until = at(13);
    let events = [
        event(1, "141102", "a", None, filed(Item::Table, 9, "a")),
        event(2, "141102", "b", None, filed(Item::Table, 12, "b")),
        event(3, "141102", "b", None, filed(Item::Report, 12, "b")),
        event(4, "S01", "c", None, filed(Item::Table, 12, "c")),
        event(5, "S01", "", Some("张"), EventKind::DeadlineExtended { until, reason: "受灾".to_owned() }),
    ];
    let closing = closing(&campaign(), &events);
    let late: Vec<(&str, Item)> = closing.late.iter().map(|line| (line.unit.as_str(), line.item)).collect();
    assert_eq!(late, [("141102", Item::Report)], "its table first came in time, and S01 had time until the 13th");
    let replaced: Vec<(&str, Item, usize)> =
        closing.replaced.iter().map(|line| (line.unit.as_str(), line.item, line.times)).collect();
    assert_eq!(replaced, [("141102", Item::Table, 2)]);
    assert_eq!(closing.acts, [(PersonsAct::Extended, 1)]);
}

#[test]
fn entries_by_hand_and_waivers_are_told_with_who_and_why_unless_undone() {
    let waived = |reason: &str| EventKind::Waived { item: Item::Report, reason: reason.to_owned() };
    let recorded = EventKind::MailRecorded { nature: Nature::Submission, received_at: at(10) };
    let mut events = vec![
        event(1, "141121", "paper", Some("李"), recorded),
        event(2, "141121", "paper", Some("李"), EventKind::AssignedByPerson),
        event(3, "141121", "paper", None, filed(Item::Table, 10, "p")),
        event(4, "141121", "paper", None, filed(Item::Report, 10, "q")),
        event(5, "S02", "", Some("张"), waived("机构撤并")),
        event(6, "141102", "", Some("张"), waived("误")),
        event(7, "141102", "x", Some("张"), EventKind::AcceptedByPerson { item: Item::Table }),
    ];
    events.push(event(8, "141102", "", Some("张"), EventKind::Undone { event_id: 6, reason: "误".to_owned() }));
    let closing = closing(&campaign(), &events);
    let [entry] = closing.by_hand.as_slice() else { panic!("{:?}", closing.by_hand) };
    assert_eq!((entry.unit.as_str(), entry.by.as_str(), entry.items.len()), ("141121", "李", 2));
    let [line] = closing.waived.as_slice() else { panic!("{:?}", closing.waived) };
    assert_eq!((line.unit.as_str(), line.reason.as_str(), line.by.as_str()), ("S02", "机构撤并", "张"));
    assert_eq!(closing.acts, [(PersonsAct::Accepted, 1), (PersonsAct::Undone, 1)], "an entry is no assignment");
}
