//! Evidence agreeing and contradicting, case by case.

use super::*;
use crate::model::returns::Totals;
use crate::model::unit::Unit;
use crate::read::{self, Limits};

fn roster() -> Roster {
    let unit = |code: &str, name: &str, emails: &[&str]| Unit {
        code: UnitCode::new(code),
        name: name.into(),
        group: "组".into(),
        aliases: Vec::new(),
        emails: emails.iter().map(|&email| email.into()).collect(),
        phone: None,
        contact: None,
        superior: None,
    };
    Roster::new(vec![
        unit("141102", "离石区", &["lishi@unit.example"]),
        unit("141123", "兴县", &["xing@unit.example"]),
        unit("141124", "临县", &["lin@unit.example"]),
        unit("141181", "孝义市", &["xiaoyi@unit.example"]),
        unit("S32", "吕梁市水利局", &["both@unit.example"]),
        unit("S40", "吕梁市体育局", &["both@unit.example"]),
    ])
}

fn table(unit_name: Option<&str>) -> TableReturn {
    TableReturn {
        piece: "1".into(),
        sheet: "Sheet1".into(),
        form: "form".into(),
        unit_name: unit_name.map(Into::into),
        unit: None,
        filled_on: None,
        rows: Vec::new(),
        totals: Totals::new(),
        findings: Vec::new(),
        hidden: false,
    }
}

fn recognised(from: &str, subject: &str, tables: &[TableReturn]) -> Recognition {
    let raw = format!("From: {from}\r\nSubject: {subject}\r\n\r\n请查收。\r\n");
    let mail = read::open(raw.as_bytes(), &Limits::default());
    let roster = roster();
    let names = NameBook::new(&roster);
    recognise(Clues { mail: &mail, roles: &[], tables, reports: &[] }, &roster, &names)
}

fn unit(recognition: &Recognition) -> Option<(&str, Certainty)> {
    recognition.unit.as_ref().map(|claim| (claim.code.as_str(), claim.certainty))
}

fn candidates(recognition: &Recognition) -> Vec<&str> {
    recognition.candidates.iter().map(|claim| claim.code.as_str()).collect()
}

#[test]
fn one_strong_piece_or_two_that_agree_are_certain_and_one_weak_piece_is_not() {
    let lishi = "lishi@unit.example";
    assert_eq!(unit(&recognised(lishi, "报表", &[])), Some(("141102", Certainty::Certain)));
    assert_eq!(
        unit(&recognised("a@x.example", "报表", &[table(Some("离石区"))])),
        Some(("141102", Certainty::Probable))
    );
    let both = recognised("a@x.example", "离石区报表", &[table(Some("离石区"))]);
    assert_eq!(unit(&both), Some(("141102", Certainty::Certain)));
    assert_eq!(unit(&recognised("a@x.example", "离石区报表", &[])), Some(("141102", Certainty::Probable)));
    assert_eq!(unit(&recognised("a@x.example", "报表", &[table(None)])), None);
    let evidence: Vec<&str> =
        both.unit.iter().flat_map(|claim| &claim.evidence).map(|piece| piece.text.as_str()).collect();
    assert_eq!(evidence, ["统计表的单位名称栏填写“离石区”", "邮件主题写明“离石区报表”"]);
}

#[test]
fn an_address_and_a_cell_that_contradict_each_other_go_to_a_person() {
    let conflict = recognised("lishi@unit.example", "报表", &[table(Some("兴县"))]);
    assert_eq!(unit(&conflict), None);
    assert_eq!(candidates(&conflict).len(), 2);
    assert_eq!(conflict.table_conflicts, [true]);
    assert_eq!(conflict.table_units, [Some(UnitCode::new("141123"))]);
}

#[test]
fn a_forwarder_is_not_the_unit() {
    let forwarded = recognised("lishi@unit.example", "转发：兴县统计表", &[table(Some("兴县"))]);
    assert_eq!(unit(&forwarded), Some(("141123", Certainty::Probable)));
    assert_eq!(forwarded.table_conflicts, [false]);
}

#[test]
fn a_shared_address_waits_for_another_word() {
    let alone = recognised("both@unit.example", "报表", &[]);
    assert_eq!((unit(&alone), candidates(&alone)), (None, vec!["S32", "S40"]));
    let named = recognised("both@unit.example", "报表", &[table(Some("吕梁市体育局（盖章）"))]);
    assert_eq!(unit(&named), Some(("S40", Certainty::Certain)));
}

#[test]
fn a_sub_office_is_not_its_parent() {
    let office = recognised("someone@x.example", "报表", &[table(Some("孝义市水利局"))]);
    assert_eq!((unit(&office), candidates(&office)), (None, vec!["141181"]));
    let from_parent = recognised("xiaoyi@unit.example", "报表", &[table(Some("孝义市水利局"))]);
    assert_eq!((unit(&from_parent), candidates(&from_parent)), (None, vec!["141181"]));
}

#[test]
fn several_units_tables_in_one_mail_are_each_their_own() {
    let both = recognised("someone@x.example", "报表", &[table(Some("兴县")), table(Some("临县"))]);
    assert_eq!(unit(&both), None);
    assert_eq!(both.table_units, [Some(UnitCode::new("141123")), Some(UnitCode::new("141124"))]);
    assert_eq!(both.table_conflicts, [false, false]);
}

#[test]
fn two_senders_prove_nothing() {
    let two = recognised("lishi@unit.example, xing@unit.example", "报表", &[]);
    assert_eq!(unit(&two), None);
}

#[test]
fn a_hidden_table_does_not_speak_against_the_visible_one() {
    let hidden = TableReturn { hidden: true, ..table(Some("离石区")) };
    let found = recognised("lishi@unit.example", "报表", &[table(Some("离石区")), hidden]);
    assert_eq!(unit(&found), Some(("141102", Certainty::Certain)));
}
