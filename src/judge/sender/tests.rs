//! Evidence agreeing and contradicting, case by case.

use super::*;
use crate::model::hints::{ReplyTo, Taught};
use crate::model::mail::{Kind, Mail};
use crate::model::returns::{ReportReturn, TableReturn, Totals};
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
    recognise(sources(&mail, tables, &[]), &roster, &names)
}

fn sources<'a>(mail: &'a Mail, tables: &'a [TableReturn], reports: &'a [ReportReturn]) -> Sources<'a> {
    Sources { mail, roles: &[], tables, reports, replies: &[], taught: None, own_addresses: &[] }
}

fn report(title: Option<&str>, issuer: Option<&str>, number: Option<&str>) -> ReportReturn {
    ReportReturn {
        piece: "2".into(),
        format: Kind::Docx,
        unit: None,
        title: title.map(Into::into),
        document_number: number.map(Into::into),
        issuer: issuer.map(Into::into),
        dated: None,
        pages: None,
        has_text: true,
        findings: Vec::new(),
    }
}

/// A mail as written, with what was read of it.
fn judged(raw: &str, tables: &[TableReturn], reports: &[ReportReturn], replies: &[ReplyTo]) -> Recognition {
    let mail = read::open(raw.as_bytes(), &Limits::default());
    let roster = roster();
    recognise(Sources { replies, ..sources(&mail, tables, reports) }, &roster, &NameBook::new(&roster))
}

fn words(from: &str, subject: &str, text: &str) -> String {
    format!("From: {from}\r\nSubject: {subject}\r\n\r\n{text}\r\n")
}

fn evidence(recognition: &Recognition) -> Vec<String> {
    let claims = recognition.unit.iter().chain(&recognition.candidates);
    claims.flat_map(|claim| &claim.evidence).map(|piece| piece.text.clone()).collect()
}

fn unit(recognition: &Recognition) -> Option<(&str, Certainty)> {
    recognition.unit.as_ref().map(|claim| (claim.code.as_str(), claim.certainty))
}

fn candidates(recognition: &Recognition) -> Vec<&str> {
    recognition.candidates.iter().map(|claim| claim.code.as_str()).collect()
}

#[test]
fn two_hands_that_agree_are_certain_and_one_alone_is_not() {
    let lishi = "lishi@unit.example";
    assert_eq!(unit(&recognised(lishi, "报表", &[])), Some(("141102", Certainty::Probable)));
    assert_eq!(unit(&recognised(lishi, "离石区报表", &[])), Some(("141102", Certainty::Certain)));
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
    assert_eq!(unit(&forwarded), Some(("141123", Certainty::Certain)));
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

#[test]
fn a_subject_that_copies_the_file_is_no_second_word() {
    let raw = "From: a@x.example\r\nSubject: 兴县统计表\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\
               Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"兴县统计表.xlsx\"\
               \r\n\r\nx\r\n--b--\r\n";
    let copied = judged(raw, &[table(Some("兴县"))], &[], &[]);
    assert_eq!(unit(&copied), Some(("141123", Certainty::Probable)));
    let typed = judged(&raw.replace("Subject: 兴县统计表", "Subject: 报送兴县材料"), &[table(Some("兴县"))], &[], &[]);
    assert_eq!(unit(&typed), Some(("141123", Certainty::Certain)));
}

#[test]
fn form_and_report_together_outweigh_a_sender_and_one_alone_does_not() {
    let lishi = words("lishi@unit.example", "报表", "见附件");
    let own = [report(None, Some("兴县退役军人事务局"), None)];
    let both = judged(&lishi, &[table(Some("兴县"))], &own, &[]);
    assert_eq!(unit(&both), Some(("141123", Certainty::Certain)));
    assert!(evidence(&both).last().is_some_and(|text| text.ends_with("视为代报")), "{:?}", evidence(&both));
    assert_eq!(unit(&judged(&lishi, &[table(Some("兴县"))], &[], &[])), None);
    let two = judged(&words("lishi@unit.example", "兴县材料", "见附件"), &[table(Some("兴县"))], &[], &[]);
    assert_eq!(unit(&two), Some(("141123", Certainty::Probable)));
    // Cover and letter are the sender's own words: no form, no report.
    let covered = judged(&words("lishi@unit.example", "兴县材料", "现将兴县材料报上"), &[table(None)], &[], &[]);
    assert_eq!(unit(&covered), None);
}

#[test]
fn form_and_report_that_differ_go_to_a_person() {
    let raw = words("a@x.example", "报表", "见附件");
    let found = judged(&raw, &[table(Some("兴县"))], &[report(None, Some("临县双拥办"), None)], &[]);
    assert_eq!((unit(&found), candidates(&found).len()), (None, 2));
    assert_eq!(found.report_units, [None]);
}

#[test]
fn who_wrote_what_is_passed_on_is_asked_and_not_who_passes_it_on() {
    let quoted = "请收\r\n离石区\r\n-----原始邮件-----\r\n发件人: 王 <xing@unit.example>\r\n日期: 2021-08-05\r\n主题: 报表\r\n\r\n见附件";
    let found = judged(&words("lishi@unit.example", "转发：报表", quoted), &[table(None)], &[], &[]);
    assert_eq!(unit(&found), Some(("141123", Certainty::Probable)));
    let named = judged(&words("lishi@unit.example", "转发：报表", quoted), &[table(Some("兴县"))], &[], &[]);
    assert_eq!(unit(&named), Some(("141123", Certainty::Certain)));
    // Nobody inside is known: the forwarder is, but no more than probably, although he signs.
    let nobody = judged(
        &words("lishi@unit.example", "转发：报表", &quoted.replace("xing@unit", "w@x")),
        &[table(None)],
        &[],
        &[],
    );
    assert_eq!(unit(&nobody), Some(("141102", Certainty::Probable)));
}

#[test]
fn an_answer_to_our_letter_is_one_piece_and_a_shared_mailbox_does_not_contradict_it() {
    let to = |unit: &str| [ReplyTo { campaign: "c".into(), unit: Some(UnitCode::new(unit)) }];
    let alone = judged(&words("a@x.example", "回复：提醒", "见附件"), &[table(None)], &[], &to("141123"));
    assert_eq!(unit(&alone), Some(("141123", Certainty::Probable)));
    let with_cell = judged(&words("a@x.example", "回复：提醒", "见附件"), &[table(Some("兴县"))], &[], &to("141123"));
    assert_eq!(unit(&with_cell), Some(("141123", Certainty::Certain)));
    let other = judged(&words("a@x.example", "回复：提醒", "见附件"), &[table(Some("临县"))], &[], &to("141123"));
    assert_eq!(unit(&other), None);
    let shared =
        judged(&words("both@unit.example", "回复：提醒", "见附件"), &[table(Some("吕梁市体育局"))], &[], &to("S32"));
    assert_eq!(unit(&shared), Some(("S40", Certainty::Certain)));
    // The subject of an answer is ours and counts with the thread.
    let ours = judged(&words("a@x.example", "回复：兴县：提醒", "见附件"), &[table(None)], &[], &to("141123"));
    assert_eq!(unit(&ours), Some(("141123", Certainty::Probable)));
}

#[test]
fn what_staff_taught_stands_above_the_roster() {
    let mail = read::open(words("lishi@unit.example", "一号点报表", "见附件").as_bytes(), &Limits::default());
    let code = UnitCode::new("141124");
    let taught = Taught {
        addresses: [("lishi@unit.example".to_owned(), code.clone())].into(),
        names: [("一号点".to_owned(), code)].into(),
    };
    let roster = roster();
    let names = NameBook::with_taught(&roster, &taught.names);
    let found = recognise(Sources { taught: Some(&taught), ..sources(&mail, &[], &[]) }, &roster, &names);
    assert_eq!(unit(&found), Some(("141124", Certainty::Certain)));
    let texts = evidence(&found);
    assert!(texts.iter().any(|text| text == "工作人员曾认定发件地址“lishi@unit.example”属临县"), "{texts:?}");
    assert!(texts.iter().any(|text| text.contains("工作人员曾说明“一号点”即临县")), "{texts:?}");
}

#[test]
fn a_domain_supports_and_decides_nothing() {
    let mut units = roster().units().to_vec();
    units[1].emails = vec!["office@xingxian.example".into()];
    let roster = Roster::new(units);
    let found = |subject: &str, tables: &[TableReturn]| {
        let raw = words("zhao@xingxian.example", subject, "见附件");
        let mail = read::open(raw.as_bytes(), &Limits::default());
        recognise(sources(&mail, tables, &[]), &roster, &NameBook::new(&roster))
    };
    assert_eq!((unit(&found("报表", &[])), candidates(&found("报表", &[]))), (None, vec!["141123"]));
    assert_eq!(unit(&found("报表", &[table(Some("兴县"))])), Some(("141123", Certainty::Certain)));
    assert_eq!(unit(&found("报表", &[table(Some("临县"))])), Some(("141124", Certainty::Probable)));
}

#[test]
fn a_cell_that_names_nobody_leaves_nothing_certain() {
    let raw = words("lishi@unit.example", "离石区报表", "见附件");
    assert_eq!(unit(&judged(&raw, &[table(Some("绍兴县"))], &[], &[])), Some(("141102", Certainty::Probable)));
}

#[test]
fn an_office_off_the_roster_is_told_apart_in_every_place() {
    let issued = judged(&words("a@x.example", "报告", ""), &[], &[report(None, Some("离石区教育局"), None)], &[]);
    assert_eq!((unit(&issued), candidates(&issued)), (None, vec!["141102"]));
    assert_eq!(evidence(&issued), ["报告落款为“离石区教育局”，是离石区的下属单位，不在名册中"]);
    let subject = judged(&words("lishi@unit.example", "离石区教育局报表", ""), &[table(None)], &[], &[]);
    assert_eq!(unit(&subject), None);
    // The clerk who signs sits in one of the county's offices.
    let signed =
        judged(&words("lishi@unit.example", "报表", "请收\r\n离石区民政局 王强"), &[table(Some("离石区"))], &[], &[]);
    assert_eq!(unit(&signed), Some(("141102", Certainty::Certain)));
}

#[test]
fn a_document_number_speaks_for_one_county_and_a_visit_for_nobody() {
    let numbered = report(None, None, Some("兴双拥办〔2021〕9号"));
    let found = judged(&words("a@x.example", "兴县材料", ""), &[], std::slice::from_ref(&numbered), &[]);
    assert_eq!(unit(&found), Some(("141123", Certainty::Certain)));
    assert_eq!(unit(&judged(&words("a@x.example", "材料", ""), &[], &[numbered], &[])), None);
}

#[test]
fn reports_of_several_units_are_each_their_own_where_no_table_names_one() {
    let reports = [report(None, Some("兴县双拥办"), None), report(None, Some("临县双拥办"), None)];
    let found = judged(&words("lishi@unit.example", "报告", ""), &[], &reports, &[]);
    assert_eq!(unit(&found), None);
    assert_eq!(found.report_units, [Some(UnitCode::new("141123")), Some(UnitCode::new("141124"))]);
    let beside = judged(&words("a@x.example", "报告", ""), &[table(Some("兴县"))], &reports, &[]);
    assert_eq!((unit(&beside), beside.report_units.as_slice()), (None, [None, None].as_slice()));
}

#[test]
fn what_is_quoted_is_short_and_harmless() {
    let long = format!("离石区{}\u{202E}\u{7}报表", "很长".repeat(60));
    let found = judged(&words("a@x.example", &long, ""), &[table(Some("离石区"))], &[], &[]);
    for text in evidence(&found) {
        assert!(
            text.chars().count() < 80 && !text.chars().any(|letter| letter.is_control() || letter == '\u{202E}'),
            "{text}"
        );
    }
}
