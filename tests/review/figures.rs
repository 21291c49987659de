//! A person's word on tables: the figures count as they were read, and only then.

use mailtally::demo::build::form::{Cell, Figures, FilledForm, Visit, Writing};
use mailtally::demo::build::mime::Draft;
use mailtally::demo::build::mimicry::Dialect;
use mailtally::demo::build::sheet::{Placement, workbook};
use rust_decimal::Decimal;

use crate::{MORNING, NOON, NOTICE, OFFICE, Office, at, stranger};

pub const TEN: &str = "2021-08-02T10:00:00+08:00";

pub fn form(unit: &str, people: u32, yuan: i64) -> FilledForm {
    let visit = |people, yuan: i64| Visit { people, gifts: "慰问金".to_owned(), cost: Decimal::from(yuan) };
    let figures =
        Figures { veterans: visit(people, yuan), others: visit(4, 2_000), troops: Vec::new(), remarks: String::new() };
    FilledForm::new(unit, "2021年8月2日", &figures, Writing::Plain, 2)
}

pub fn sheet(unit: &str, people: u32, yuan: i64) -> Vec<u8> {
    workbook_of(&form(unit, people, yuan))
}

pub fn workbook_of(form: &FilledForm) -> Vec<u8> {
    workbook(form, Placement::Usual).unwrap()
}

/// From the unit's own address.
pub fn lishi(moment: &str) -> Draft {
    let from = ("离石区双拥办", "lsqsyb@lishi.example");
    Draft::new(Dialect::NetEase, from, OFFICE, at(moment)).subject("离石区统计表").text("请查收。")
}

#[test]
fn an_assigned_table_counts_for_the_unit_a_person_named() {
    let office = Office::new();
    office.ingest(&stranger(MORNING).attach("统计表.xlsx", sheet("", 12, 6_000)));
    let id = office.only(NOON, "unit_unknown");
    let shown = office.done(NOON, &["review", "show", &id]);
    assert!(shown.contains("= 6000"), "the figures are shown:\n{shown}");
    office.done(NOON, &["review", "assign", &id, "141121"]);
    let unit = office.unit(NOON, "141121");
    assert_eq!(unit["items"]["table"], "accepted");
    assert_eq!((&unit["row"]["veterans_visited"], &unit["row"]["veterans_cost"]), (&"12".into(), &"6000".into()));
    assert!(office.reviews(NOON).is_empty(), "{:?}", office.reviews(NOON));
}

#[test]
fn a_sub_offices_table_is_no_conflict_once_a_person_has_said_whose_it_is() {
    let office = Office::new();
    office.ingest(&stranger(MORNING).attach("统计表.xlsx", sheet("孝义市水利局", 9, 4_500)));
    let open = office.reviews(NOON);
    let review = open.iter().find(|review| review["reason"].as_str().unwrap().starts_with("unit_")).unwrap();
    office.done(NOON, &["review", "assign", &review["id"].to_string(), "141181"]);
    let unit = office.unit(NOON, "141181");
    assert_eq!((&unit["items"]["table"], &unit["row"]["veterans_cost"]), (&"accepted".into(), &"4500".into()));
    office.done(NOON, &["once"]);
    let letters = office.letters();
    assert_eq!(letters.len(), 1, "the receipt");
    assert!(office.reviews(NOON).is_empty());
}

#[test]
fn what_a_doubtful_sender_sent_is_filed_when_a_person_accepts_it() {
    let office = Office::new();
    office.ingest(&lishi(MORNING).attach("统计表.xlsx", sheet("离石区", 12, 6_000)));
    let stranger = Draft::new(Dialect::Qq, ("离石区双拥办", "other@qq.example"), OFFICE, at(TEN));
    let mail = stranger.subject("离石区统计表（更正）").text("以此为准。");
    office.ingest(&mail.attach("统计表.xlsx", sheet("离石区", 15, 7_500)));
    assert_eq!(office.unit(NOON, "141102")["row"]["veterans_cost"], "6000", "not replaced by a stranger");
    let id = office.only(NOON, "sender_doubtful");
    assert!(office.refused(NOON, &["review", "assign", &id, "141121"]).contains("not about whose"));
    office.done(NOON, &["review", "accept", &id, "--by", "王五"]);
    let unit = office.unit(NOON, "141102");
    assert_eq!((&unit["items"]["table"], &unit["row"]["veterans_cost"]), (&"accepted".into(), &"7500".into()));
    assert_eq!(unit["last_received_at"], TEN);
    let history = office.history(NOON);
    let filed: Vec<_> = history.iter().filter(|line| line["what"]["event"] == "filed").collect();
    assert_eq!((filed.len(), &filed[1]["by"]), (2, &"王五".into()));
    assert!(office.reviews(NOON).is_empty());
}

#[test]
fn what_was_withheld_takes_the_place_of_nothing_that_came_later() {
    let office = Office::new();
    office.ingest(&lishi(MORNING).attach("统计表.xlsx", sheet("离石区", 12, 6_000)));
    let stranger =
        Draft::new(Dialect::Qq, ("离石区双拥办", "other@qq.example"), OFFICE, at(TEN)).subject("离石区统计表");
    office.ingest(&stranger.text("见附件").attach("统计表.xlsx", sheet("离石区", 15, 7_500)));
    let id = office.only(NOON, "sender_doubtful");
    office.ingest(&lishi("2021-08-02T11:00:00+08:00").attach("统计表.xlsx", sheet("离石区", 16, 8_000)));
    assert!(office.refused(NOON, &["review", "accept", &id]).contains("later mail"));
    assert_eq!(office.unit(NOON, "141102")["row"]["veterans_cost"], "8000");
    office.done(NOON, &["review", "dismiss", &id]);
}

#[test]
fn a_wrong_table_of_a_doubtful_sender_stays_wrong() {
    let office = Office::new();
    office.ingest(&lishi(MORNING).attach("统计表.xlsx", sheet("离石区", 12, 6_000)));
    let wrong = form("离石区", 15, 7_500).with(0, "total_wan", Cell::Number(Decimal::from(8)));
    let stranger =
        Draft::new(Dialect::Qq, ("离石区双拥办", "other@qq.example"), OFFICE, at(TEN)).subject("离石区统计表");
    office.ingest(&stranger.text("见附件").attach("统计表.xlsx", workbook(&wrong, Placement::Usual).unwrap()));
    let id = office.only(NOON, "sender_doubtful");
    office.done(NOON, &["review", "accept", &id]);
    let unit = office.unit(NOON, "141102");
    assert_eq!(unit["items"]["table"], "needs_correction", "to vouch for the sender is not to mend the sum");
    assert!(unit["row"].is_null());
}

#[test]
fn of_two_different_tables_the_one_read_first_counts_once_a_person_accepts_it() {
    let office = Office::new();
    let mail = lishi(MORNING).attach("甲.xlsx", sheet("离石区", 12, 6_000));
    office.ingest(&mail.attach("乙.xlsx", sheet("离石区", 13, 6_500)));
    let id = office.only(NOON, "item_needs_review");
    assert!(office.unit(NOON, "141102")["row"].is_null());
    office.done(NOON, &["review", "accept", &id]);
    let unit = office.unit(NOON, "141102");
    assert_eq!(unit["items"]["table"], "accepted");
    let totals: serde_json::Value = serde_json::from_str(&office.done(NOON, &["status", "--format", "json"])).unwrap();
    assert_eq!(totals["totals"]["veterans_cost"], unit["row"]["veterans_cost"]);
    assert_eq!(unit["row"]["veterans_cost"], "6000");
}

#[test]
fn a_mail_with_the_tables_of_several_units_is_not_given_to_one() {
    let office = Office::new();
    let mail = stranger(MORNING).subject(NOTICE).attach("甲.xlsx", sheet("离石区", 12, 6_000));
    office.ingest(&mail.attach("乙.xlsx", sheet("文水县", 8, 4_000)));
    assert_eq!(office.unit(NOON, "141102")["items"]["table"], "accepted");
    let id = office.only(NOON, "unit_conflict");
    let words = office.refused(NOON, &["review", "assign", &id, "141102"]);
    assert!(words.contains("filed for unit"), "{words}");
    assert_eq!(office.unit(NOON, "141121")["row"]["veterans_cost"], "4000", "what was filed stands");
    office.done(NOON, &["review", "dismiss", &id]);
}
