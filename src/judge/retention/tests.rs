//! What stays and what goes, on events made by hand.

use std::path::Path;

use super::*;
use crate::model::ledger::{Actor, Nature, ReviewReason};
use crate::model::unit::UnitCode;

const YEAR: &str = "2021-bayi";

fn campaigns() -> Vec<Campaign> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/campaigns/2021-bayi");
    let offset = FixedOffset::east_opt(8 * 3600).unwrap();
    vec![crate::config::load_campaign(&folder, offset).unwrap()]
}

fn at(text: &str) -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339(&format!("{text}T09:00:00+08:00")).unwrap()
}

fn mail(name: &str, campaign: Option<&str>, received: &str) -> MailRecord {
    MailRecord {
        sha256: Digest::of(name.as_bytes()),
        size: 1,
        received_at: at(received),
        nature: Nature::Submission,
        campaign: campaign.map(str::to_owned),
        unit: None,
        from_address: None,
        from_name: None,
        subject: None,
        message_id: None,
    }
}

fn event(id: i64, campaign: &str, mail: Option<&MailRecord>, kind: EventKind) -> Event {
    let mail = mail.map(|mail| mail.sha256.clone());
    let unit = Some(UnitCode::new("141102"));
    Event { id, act: id, at: at("2021-08-01"), campaign: campaign.to_owned(), unit, mail, by: Actor::Machine, kind }
}

fn asked() -> EventKind {
    EventKind::ReviewAsked { reason: ReviewReason::Question, item: None, text: String::new() }
}

/// What becomes of these mails of before 2022, on that day.
fn sorted(records: &[MailRecord], events: &[Event], now: &str) -> Retention {
    let (campaigns, none) = (campaigns(), BTreeSet::new());
    let holdings = Holdings { records, events, campaigns: &campaigns, letters_waiting: &none, purged: &none };
    retention(holdings, NaiveDate::from_ymd_opt(2022, 1, 1).unwrap(), at(now))
}

fn only_reason(retention: &Retention) -> &Stays {
    assert!(retention.goes.is_empty(), "{retention:?}");
    assert_eq!(retention.stays.len(), 1, "{retention:?}");
    retention.stays.keys().next().unwrap()
}

#[test]
fn mail_goes_the_day_after_the_last_digest_and_not_before() {
    let records = [mail("one", Some(YEAR), "2021-08-05")];
    assert_eq!(only_reason(&sorted(&records, &[], "2021-08-20")), &Stays::Open(YEAR.to_owned()));
    let gone = sorted(&records, &[], "2021-08-21");
    assert_eq!(gone.goes, BTreeMap::from([(YEAR.to_owned(), vec![records[0].sha256.clone()])]));
    assert!(gone.stays.is_empty());
}

#[test]
fn an_extension_keeps_the_collection_open_unless_it_was_taken_back() {
    let records = [mail("one", Some(YEAR), "2021-08-05")];
    let until = at("2021-10-01");
    let extended = event(1, YEAR, None, EventKind::DeadlineExtended { until, reason: String::new() });
    assert_eq!(
        only_reason(&sorted(&records, std::slice::from_ref(&extended), "2021-09-01")),
        &Stays::Open(YEAR.to_owned())
    );
    let undone = event(2, YEAR, None, EventKind::Undone { event_id: 1, reason: String::new() });
    assert_eq!(sorted(&records, &[extended.clone(), undone], "2021-09-01").goes.len(), 1);
    assert_eq!(sorted(&records, &[extended], "2021-10-02").goes.len(), 1, "it is over by then");
}

#[test]
fn what_waits_for_a_person_stays_until_it_is_settled() {
    let records = [mail("one", Some(YEAR), "2021-08-05")];
    let waiting = event(1, YEAR, records.first(), asked());
    assert_eq!(only_reason(&sorted(&records, std::slice::from_ref(&waiting), "2021-12-01")), &Stays::Review);
    let settled = event(2, YEAR, records.first(), EventKind::ReviewSettled { review: 1, act: "dismiss".to_owned() });
    let again = event(3, YEAR, None, EventKind::Undone { event_id: 2, reason: String::new() });
    assert_eq!(sorted(&records, &[waiting.clone(), settled.clone()], "2021-12-01").goes.len(), 1);
    assert_eq!(only_reason(&sorted(&records, &[waiting, settled, again], "2021-12-01")), &Stays::Review);
}

#[test]
fn a_mail_that_a_collection_without_configuration_shares_stays() {
    let records = [mail("one", Some(YEAR), "2021-08-05")];
    let shared = event(1, "2021-chunjie", records.first(), asked());
    let settled =
        event(2, "2021-chunjie", records.first(), EventKind::ReviewSettled { review: 1, act: "dismiss".to_owned() });
    let sorted = sorted(&records, &[shared, settled], "2021-12-01");
    assert_eq!(only_reason(&sorted), &Stays::NotConfigured("2021-chunjie".to_owned()));
}

#[test]
fn mail_of_no_collection_goes_once_none_runs_that_it_may_be_about() {
    let before = mail("before", None, "2021-07-01");
    let during = mail("during", None, "2021-08-01");
    let records = [before.clone(), during.clone()];
    let running = sorted(&records, &[], "2021-08-15");
    assert_eq!(running.goes, BTreeMap::from([(String::new(), vec![before.sha256])]));
    assert_eq!(running.stays.keys().collect::<Vec<_>>(), [&Stays::CameDuring(YEAR.to_owned())]);
    assert_eq!(sorted(&records, &[], "2021-08-21").goes[""].len(), 2);
}

#[test]
fn the_day_itself_and_what_is_gone_already_are_passed_over() {
    let (campaigns, none) = (campaigns(), BTreeSet::new());
    let records = [mail("one", Some(YEAR), "2021-08-05"), mail("two", Some(YEAR), "2021-08-06")];
    let purged = BTreeSet::from([records[0].sha256.clone()]);
    let holdings =
        Holdings { records: &records, events: &[], campaigns: &campaigns, letters_waiting: &none, purged: &purged };
    let day = NaiveDate::from_ymd_opt(2021, 8, 6).unwrap();
    assert_eq!(retention(holdings, day, at("2021-12-01")), Retention::default());
    let waiting = BTreeSet::from([records[1].sha256.clone()]);
    let holdings = Holdings { letters_waiting: &waiting, ..holdings };
    let sorted = retention(holdings, day.succ_opt().unwrap(), at("2021-12-01"));
    assert_eq!(only_reason(&sorted), &Stays::Letter);
}
