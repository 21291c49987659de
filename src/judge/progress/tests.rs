//! The fold on events made by hand, in order and out of it.

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::model::ledger::Actor;
use crate::model::unit::Roster;

fn campaign() -> Campaign {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/campaigns/2021-bayi");
    crate::config::load_campaign(&folder, FixedOffset::east_opt(8 * 3600).unwrap()).unwrap()
}

fn at(day: u32, hour: u32) -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339(&format!("2021-08-{day:02}T{hour:02}:00:00+08:00")).unwrap()
}

fn event(mail: &str, kind: EventKind) -> Event {
    Event {
        id: 0,
        act: 0,
        at: at(1, 0),
        campaign: "2021-bayi".to_owned(),
        unit: Some(UnitCode::new("141102")),
        mail: Some(Digest::of(mail.as_bytes())),
        by: Actor::Machine,
        kind,
    }
}

fn filed(mail: &str, item: Item, verdict: Verdict, received_at: DateTime<FixedOffset>, cost: i64) -> Event {
    let totals = (item == Item::Table).then(|| Totals::from([("veterans_cost".to_owned(), Some(cost.into()))]));
    let content = Digest::of(format!("{mail}{cost}").as_bytes());
    event(mail, EventKind::Filed(Filing { item, piece: "1".to_owned(), verdict, received_at, content, totals }))
}

fn lishi(events: &[Event]) -> UnitStanding {
    let units = standing(&campaign(), events, at(12, 0)).units;
    units.into_iter().find(|unit| unit.unit.code.as_str() == "141102").unwrap()
}

#[test]
fn a_unit_goes_from_missing_by_partial_to_complete() {
    assert_eq!(lishi(&[]).status, UnitStatus::Missing);
    let table = filed("one", Item::Table, Verdict::Accepted, at(5, 9), 100);
    assert_eq!(lishi(std::slice::from_ref(&table)).status, UnitStatus::Partial);
    let report = filed("two", Item::Report, Verdict::Accepted, at(6, 9), 0);
    let unit = lishi(&[table, report]);
    assert_eq!((unit.status, unit.late, unit.version), (UnitStatus::Complete, false, 2));
    assert_eq!(unit.first_received_at, Some(at(5, 9)));
    assert_eq!(unit.last_received_at, Some(at(6, 9)));
}

#[test]
fn a_wrong_later_table_takes_the_earlier_figures_out_of_the_sum() {
    let good = filed("one", Item::Table, Verdict::Accepted, at(5, 9), 100);
    let wrong = filed("two", Item::Table, Verdict::NeedsCorrection, at(6, 9), 200);
    let unit = lishi(&[good.clone(), wrong.clone()]);
    assert_eq!((unit.status, unit.row), (UnitStatus::NeedsCorrection, None));
    let mended = filed("three", Item::Table, Verdict::Accepted, at(7, 9), 300);
    let sum = standing(&campaign(), &[good, wrong, mended], at(12, 0)).totals;
    assert_eq!(sum["veterans_cost"], Some(Decimal::from(300)));
    assert_eq!(sum["troop_cost"], None, "nobody has a value for it");
}

#[test]
fn late_is_what_first_came_after_the_deadline() {
    let late = filed("one", Item::Table, Verdict::Accepted, at(11, 0), 1);
    assert!(lishi(std::slice::from_ref(&late)).late);
    let in_time = filed("zero", Item::Table, Verdict::NeedsCorrection, at(10, 23), 1);
    assert!(!lishi(&[in_time, late]).late, "a correction after the deadline of what came in time is not late");
}

#[test]
fn a_dead_address_is_alive_again_once_the_unit_writes() {
    let address = lishi(&[]).unit.emails[0].clone();
    let bounced = event("b", EventKind::Bounced { recipient: address, hard: true, diagnostic: None });
    assert!(lishi(std::slice::from_ref(&bounced)).undeliverable);
    let other = EventKind::Bounced { recipient: "gone@else.example".to_owned(), hard: true, diagnostic: None };
    assert!(!lishi(&[event("b", other)]).undeliverable, "an address that is not the unit's any more");
    let mail = EventKind::MailRecorded { nature: Nature::Submission, received_at: at(5, 0) };
    assert!(!lishi(&[bounced, event("m", mail)]).undeliverable);
}

#[test]
fn a_unit_with_another_address_is_written_to_there() {
    let mut campaign = campaign();
    let mut units = campaign.roster.units().to_vec();
    let lishi = units.iter_mut().find(|unit| unit.name == "离石区").unwrap();
    lishi.emails = vec!["first@lishi.example".to_owned(), "second@lishi.example".to_owned()];
    campaign.roster = Roster::new(units);
    let bounced = |address: &str| {
        event(address, EventKind::Bounced { recipient: address.to_owned(), hard: true, diagnostic: None })
    };
    let of = |events: &[Event]| {
        let units = standing(&campaign, events, at(12, 0)).units;
        let unit = units.into_iter().find(|unit| unit.unit.name == "离石区").unwrap();
        (unit.address, unit.undeliverable)
    };
    let (first, second) = (bounced("first@lishi.example"), bounced("second@lishi.example"));
    assert_eq!(of(&[]), (Some("first@lishi.example".to_owned()), false));
    assert_eq!(of(std::slice::from_ref(&first)), (Some("second@lishi.example".to_owned()), false));
    assert_eq!(of(&[first, second]), (None, true));
}

#[test]
fn what_is_waived_is_neither_owed_nor_counted() {
    let table = filed("one", Item::Table, Verdict::Accepted, at(5, 9), 100);
    let waived = |item| event("one", EventKind::Waived { item, reason: "无驻军".to_owned() });
    let unit = lishi(&[table.clone(), waived(Item::Report)]);
    assert_eq!(unit.status, UnitStatus::Complete);
    let unit = lishi(&[table, waived(Item::Report), waived(Item::Table)]);
    assert_eq!((unit.status, unit.row), (UnitStatus::Waived, None));
}

#[test]
fn what_a_person_accepts_counts_and_does_not_change_which_filing_stands() {
    let accepted = |mail| event(mail, EventKind::AcceptedByPerson { item: Item::Table });
    let one = filed("one", Item::Table, Verdict::NeedsReview, at(5, 9), 100);
    let two = filed("two", Item::Table, Verdict::NeedsReview, at(6, 9), 200);
    let unit = lishi(&[one.clone(), two.clone(), accepted("one")]);
    assert_eq!((unit.items[&Item::Table], unit.row), (ItemStatus::NeedsReview, None));
    let unit = lishi(&[one.clone(), two.clone(), accepted("two")]);
    assert_eq!(unit.row.unwrap()["veterans_cost"], Some(Decimal::from(200)));
    let wrong = filed("three", Item::Table, Verdict::NeedsCorrection, at(7, 9), 300);
    let unit = lishi(&[one, two, accepted("two"), wrong]);
    assert_eq!(unit.items[&Item::Table], ItemStatus::NeedsCorrection, "a later mail is judged for itself");
    assert_eq!(lishi(&[accepted("never")]).items[&Item::Table], ItemStatus::Missing);
}

#[test]
fn what_is_undone_counts_no_more_until_that_is_undone() {
    let numbered = |id, event: Event| Event { id, ..event };
    let undo = |id, event_id| numbered(id, event("", EventKind::Undone { event_id, reason: "记错".to_owned() }));
    let mut events = vec![
        numbered(1, filed("one", Item::Table, Verdict::Accepted, at(5, 9), 100)),
        numbered(2, filed("two", Item::Table, Verdict::Accepted, at(6, 9), 200)),
    ];
    let cost = |events: &[Event]| lishi(events).row.and_then(|row| row["veterans_cost"]);
    events.push(undo(3, 2));
    assert_eq!(cost(&events), Some(Decimal::from(100)));
    events.push(undo(4, 3));
    assert_eq!(cost(&events), Some(Decimal::from(200)));
    events.push(undo(5, 4));
    events.push(undo(6, 1));
    assert_eq!((cost(&events), lishi(&events).version), (None, 0));
}

#[test]
fn a_person_returns_what_the_machine_took_and_gives_more_time() {
    let table = filed("one", Item::Table, Verdict::Accepted, at(11, 9), 100);
    let returned = event("one", EventKind::ReturnedByPerson { item: Item::Table, reason: "金额与台账不符".to_owned() });
    let unit = lishi(&[table.clone(), returned]);
    assert_eq!((unit.status, unit.row, unit.late), (UnitStatus::NeedsCorrection, None, true));
    let extended = EventKind::DeadlineExtended { until: at(12, 18), reason: "汛情".to_owned() };
    assert!(!lishi(&[table, event("", extended)]).late);
}

#[test]
fn a_repetition_sent_before_what_it_repeats_says_when_the_item_first_came() {
    let table = filed("late", Item::Table, Verdict::Accepted, at(11, 9), 100);
    let repeated = |received_at| EventKind::Duplicated {
        item: Item::Table,
        piece: "1".to_owned(),
        first_mail: Digest::of(b"late"),
        received_at,
    };
    assert!(lishi(&[table.clone(), event("early", repeated(None))]).late, "recorded before moments were kept");
    let unit = lishi(&[table, event("early", repeated(Some(at(9, 9))))]);
    assert_eq!((unit.late, unit.first_received_at, unit.version), (false, Some(at(9, 9)), 1));
}

#[test]
fn a_mail_that_a_person_gives_to_a_unit_is_mail_from_it() {
    let address = lishi(&[]).unit.emails[0].clone();
    let bounced = event("b", EventKind::Bounced { recipient: address, hard: true, diagnostic: None });
    assert!(!lishi(&[bounced, event("m", EventKind::AssignedByPerson)]).undeliverable);
}

proptest! {
    /// In whatever order mails are processed, the one that arrived last stands.
    #[test]
    fn the_order_of_processing_does_not_matter(order in Just((1_u32..9).collect::<Vec<_>>()).prop_shuffle()) {
        let events: Vec<Event> = order
            .iter()
            .map(|day| filed(&day.to_string(), Item::Table, Verdict::Accepted, at(*day, 9), i64::from(*day)))
            .collect();
        let unit = lishi(&events);
        prop_assert_eq!(unit.row.unwrap()["veterans_cost"], Some(Decimal::from(8)));
        prop_assert_eq!((unit.version, unit.first_received_at), (8, Some(at(1, 9))));
    }
}
