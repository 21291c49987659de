//! Golden letters: fixed facts through the shipped templates, compared with the files in `tests/letters/`.
//! `UPDATE_LETTERS=1 cargo test --test letters` writes them anew, to be looked at and committed.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice, clippy::panic)]

#[path = "letters/answers.rs"]
mod answers;
#[path = "letters/digests.rs"]
mod digests;
#[path = "letters/fixtures.rs"]
mod fixtures;
#[path = "letters/hostile.rs"]
mod hostile;
#[path = "letters/receipts.rs"]
mod receipts;
#[path = "letters/same_facts.rs"]
mod same_facts;
#[path = "letters/workbook.rs"]
mod workbook;

use std::fs;
use std::path::PathBuf;

use fixtures::{at, campaign, filed, finding, ledger, piece, report, row, table, totals, understanding, unit};
use mailtally::judge::letters::{self, AlertFacts, ArrearsFacts, Enclosed, ReceiptFacts, ReminderFacts, Rendered};
use mailtally::model::campaign::{Campaign, ReminderStage};
use mailtally::model::decision::{Certainty, Claim, Evidence, EvidenceSource, Role, Understanding};
use mailtally::model::form::FindingCode;
use mailtally::model::ledger::{UnitLedger, UnitStatus, Verdict};
use mailtally::model::letter::LetterKind;
use mailtally::model::mail::{Digest, Kind, OddityCode};
use mailtally::model::mark::Tone;
use mailtally::model::returns::Item;
use mailtally::model::unit::{Unit, UnitCode};

pub fn golden(name: &str, letter: &Rendered) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/letters");
    let text = format!("主题：{}\n\n{}", letter.subject, letter.text);
    for (file, content) in [(format!("{name}.txt"), text), (format!("{name}.html"), letter.html.clone())] {
        let path = folder.join(file);
        if std::env::var_os("UPDATE_LETTERS").is_some() {
            fs::write(&path, &content).unwrap();
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(content, expected, "{} has changed", path.display());
    }
    // What holds for every letter: nothing remote, nothing scripted, nothing left of the template.
    let own_pictures = letter.html.matches("<img src=\"cid:").count();
    assert_eq!(letter.html.matches("<img").count(), own_pictures, "{name}.html holds a remote picture");
    for forbidden in ["<script", "http://", "https://", "javascript:", "{{", "{%", "{#"] {
        assert!(!letter.html.contains(forbidden), "{name}.html holds {forbidden}");
    }
    assert!(!letter.subject.contains(['\r', '\n']));
}

fn lishi() -> Unit {
    unit("141102", "离石区", "县市区")
}

const FIRST: [&str; 11] =
    ["86", "慰问金、米面油", "43000", "24", "慰问金", "12000.50", "驻离某部", "冰箱、洗衣机", "36800", "9.9", "-"];

fn pieces() -> (Vec<mailtally::model::mail::Piece>, [Role; 2]) {
    let pieces = vec![
        piece("1", "离石区八一走访慰问统计表.xlsx", Kind::Xlsx, &[]),
        piece("2", "离石区双拥办关于“八一”走访慰问的报告.docx", Kind::Docx, &[]),
    ];
    (pieces, [Role::Table, Role::Report])
}

pub fn complete_return() -> (Understanding, UnitLedger) {
    let (pieces, roles) = pieces();
    let mut mail = understanding("离石区“八一”走访慰问材料", pieces, &roles);
    mail.tables = vec![table(
        "离石区",
        vec![row(6, FIRST), row(7, ["-", "-", "-", "-", "-", "-", "武警某中队", "空调2台", "7200", "-", "-"])],
        vec![],
    )];
    mail.reports = vec![report()];
    let digest = mail.mail.sha256.clone();
    let time = "2021-08-05T14:03:20+08:00";
    let after = ledger(vec![
        (Item::Table, filed(Item::Table, &digest, time, Verdict::Accepted, Some(mail.tables[0].totals.clone()))),
        (Item::Report, filed(Item::Report, &digest, time, Verdict::Accepted, None)),
    ]);
    (mail, after)
}

fn receipt(campaign: &Campaign, mail: &Understanding, before: &UnitLedger, after: &UnitLedger, time: &str) -> Rendered {
    let facts = ReceiptFacts::new(campaign, mail, &lishi(), before, after, at(time));
    // The outbox keeps the facts as JSON: nothing may be lost on the way.
    let kept: ReceiptFacts = serde_json::from_value(serde_json::to_value(&facts).unwrap()).unwrap();
    assert_eq!(kept, facts);
    letters::receipt(campaign, &kept, at(time)).unwrap()
}

#[test]
fn a_complete_return_is_thanked_for() {
    let (mail, after) = complete_return();
    let letter = receipt(&campaign(), &mail, &UnitLedger::default(), &after, "2021-08-05T14:03:20+08:00");
    assert!(letter.text.contains("2021年8月5日 14:03"));
    assert!(letter.text.contains("99,000.50 元，折合 9.90005 万元"), "{}", letter.text);
    assert!(letter.text.contains("已全部收齐"));
    golden("receipt_complete", &letter);
}

#[test]
fn a_faulty_return_is_told_what_to_mend_and_until_when() {
    let campaign = campaign();
    let (mut pieces, roles) = pieces();
    pieces.push(piece("3", "现场照片.rar", Kind::Rar, &[OddityCode::UnreadKind]));
    pieces.push(piece("4", "加密报表.xlsx", Kind::Encrypted, &[OddityCode::PasswordProtected]));
    let roles = [roles[0], Role::Attachment, Role::Unopened, Role::Unopened];
    let mut mail = understanding("八一慰问报表", pieces, &roles);
    let mut suspect =
        finding(FindingCode::UnitOfMoneySuspect, "J6", "总额应以万元填写，疑按元填写，请改为以万元为单位。");
    suspect.suggested = Some("9.9".to_owned());
    let findings = vec![
        finding(FindingCode::TotalMismatch, "J6", "总额与各项经费之和不一致。"),
        suspect,
        finding(FindingCode::NotANumber, "D6", "“约200”不是数字，请填写准确人数。"),
        finding(FindingCode::UnitNameConflict, "A2", "表中单位名称与来信单位不一致。"),
        finding(FindingCode::CountWithoutCost, "I6", "填写了部队名称而未填写经费，如确无支出请填0。"),
    ];
    let first = ["86", "慰问金", "43000", "?约200", "慰问金", "?约5千", "-", "-", "-", "99000", "-"];
    mail.tables = vec![table("离石区委", vec![row(6, first)], findings)];
    let evidence = |source, text: &str| Evidence { source, text: text.to_owned() };
    mail.unit = Some(Claim {
        code: UnitCode::new("141102"),
        name: "离石区".to_owned(),
        certainty: Certainty::Probable,
        evidence: vec![
            evidence(EvidenceSource::FileName, "附件名称写有“离石区”。"),
            evidence(EvidenceSource::Body, "正文落款为“离石区双拥办”。"),
        ],
    });
    let digest = mail.mail.sha256.clone();
    let time = "2021-08-12T08:30:00+08:00";
    let sums = Some(mail.tables[0].totals.clone());
    let after = ledger(vec![(Item::Table, filed(Item::Table, &digest, time, Verdict::NeedsCorrection, sums))]);
    let facts = ReceiptFacts::new(&campaign, &mail, &lishi(), &UnitLedger::default(), &after, at(time));
    let corrections = facts.corrections();
    assert_eq!(corrections.len(), 1);
    let marked: Vec<(&str, Tone)> =
        corrections[0].marks.iter().map(|mark| (mark.cell.as_deref().unwrap(), mark.tone)).collect();
    // Whose name it is the office finds out; the mismatch hides behind the unit of money.
    assert_eq!(marked, [("J6", Tone::Mend), ("D6", Tone::Mend), ("I6", Tone::Hint)]);
    let enclosed =
        Enclosed { name: "离石区八一走访慰问统计表（标注）.xlsx".to_owned(), own: true, hints: true };
    let letter = letters::receipt(&campaign, &facts.enclosing(vec![enclosed]), at(time)).unwrap();
    assert!(letter.text.contains("黄色单元格须更正，浅蓝色单元格仅作提示"));
    assert!(!letter.text.contains("总额与各项经费之和不一致"), "told twice: {}", letter.text);
    assert!(letter.text.contains("疑应为 9.9"));
    assert!(letter.text.contains("如非贵单位报送，请回复告知"));
    assert!(letter.text.contains("已过2天"));
    assert!(letter.text.contains("暂不合计"));
    golden("receipt_to_correct", &letter);
}

#[test]
fn a_replacing_return_shows_what_changed() {
    let (mail, after) = complete_return();
    let earlier = Digest::of(b"earlier");
    let mut old = FIRST;
    (old[0], old[2], old[9]) = ("80", "40000", "9.6");
    let sums = Some(totals(&[row(6, old)]));
    let time = "2021-08-03T10:00:00+08:00";
    let before = ledger(vec![(Item::Table, filed(Item::Table, &earlier, time, Verdict::NeedsCorrection, sums))]);
    let letter = receipt(&campaign(), &mail, &before, &after, "2021-08-05T14:03:20+08:00");
    assert!(letter.text.contains("80 → 86"));
    assert!(letter.text.contains("40,000 → 43,000"));
    assert!(letter.text.contains("替换贵单位8月3日 10:00报送的版本"));
    golden("receipt_replaced", &letter);
}

#[test]
fn a_hidden_sheet_is_shown_as_not_counted_only_beside_a_visible_one() {
    let campaign = campaign();
    let (mut mail, after) = complete_return();
    mail.tables[0].hidden = true;
    let time = "2021-08-05T14:03:20+08:00";
    let alone = receipt(&campaign, &mail, &UnitLedger::default(), &after, time);
    assert!(!alone.text.contains("不计入"));
    let mut visible = mail.tables[0].clone();
    visible.hidden = false;
    mail.tables.push(visible);
    let mistake = finding(FindingCode::TotalMismatch, "J6", "总额与各项经费之和不一致。");
    mail.tables[0].findings.push(mistake);
    let beside = receipt(&campaign, &mail, &UnitLedger::default(), &after, time);
    assert_eq!(beside.text.matches("隐藏工作表，不计入").count(), 1);
    assert!(!beside.text.contains("总额与各项经费之和不一致"), "nobody mends what does not count");
}

#[test]
fn the_same_again_changes_nothing_and_says_so() {
    let (mut mail, before) = complete_return();
    mail.mail.sha256 = Digest::of(b"again");
    let letter = receipt(&campaign(), &mail, &before, &before, "2021-08-06T09:00:00+08:00");
    assert!(letter.text.contains("未改变已登记的内容，仍以贵单位8月5日 14:03报送的为准"), "{}", letter.text);
}

#[test]
fn hostile_words_stay_words() {
    let (mut mail, after) = complete_return();
    let hostile = "甲\r\nBcc: a@evil.example\r\n<script>alert(1)</script>{{ office.phone }}\u{202e}";
    mail.mail.headers.subject = Some(hostile.to_owned());
    mail.mail.pieces[0].name = "<img src=x onerror=alert(1)>.xlsx".to_owned();
    mail.tables[0].unit_name = Some(hostile.to_owned());
    mail.reports[0].title = Some("\" style=\"position:fixed".to_owned());
    let mut unit = lishi();
    unit.name = "离石区\r\nX-Evil: 1".to_owned();
    let campaign = campaign();
    let time = at("2021-08-05T14:03:20+08:00");
    let facts = ReceiptFacts::new(&campaign, &mail, &unit, &UnitLedger::default(), &after, time);
    let letter = letters::receipt(&campaign, &facts, time).unwrap();
    assert!(!letter.subject.contains(['\r', '\n']));
    assert!(!letter.html.contains("<script") && !letter.html.contains("<img"), "{}", letter.html);
    assert!(letter.html.contains("&lt;script&gt;") || letter.html.contains("&lt;script&gt"), "{}", letter.html);
    assert!(letter.html.contains("{{ office.phone }}"), "a value is never a template");
    assert!(!letter.html.contains("\" style=\"position"));
    assert!(!letter.text.contains('\u{202e}') && !letter.text.contains("\nBcc:"));
}

#[test]
fn reminders_speak_by_the_days_that_are_left() {
    let campaign = campaign();
    let mail = Digest::of(b"a table to mend");
    let table = filed(Item::Table, &mail, "2021-08-02T09:00:00+08:00", Verdict::NeedsCorrection, None);
    let in_part = ledger(vec![(Item::Table, table)]);
    let findings = [finding(FindingCode::TotalMismatch, "J6", "总额与各项经费之和不一致，请核对后更正。")];
    let subjects: Vec<String> = [
        (-7, "2021-08-03T09:00:00+08:00", "reminder_early"),
        (-3, "2021-08-07T09:00:00+08:00", "reminder_near"),
        (-1, "2021-08-09T09:00:00+08:00", "reminder_tomorrow"),
        (0, "2021-08-10T09:00:00+08:00", "reminder_today"),
        (1, "2021-08-11T09:00:00+08:00", "reminder_past"),
    ]
    .into_iter()
    .map(|(days, now, name)| {
        let stage = ReminderStage::usual(days, at(now).time());
        let nothing = UnitLedger::default();
        let ledger = if days % 2 == 0 || days == 1 { &in_part } else { &nothing };
        let mut facts = ReminderFacts::new(&campaign, &lishi(), ledger, &stage, at(now));
        if ledger == &in_part {
            facts = facts.with_findings(Item::Table, "统计表.xlsx", &findings);
        }
        assert!(facts.owes_anything());
        let kept: ReminderFacts = serde_json::from_value(serde_json::to_value(&facts).unwrap()).unwrap();
        let letter = letters::reminder(&campaign, &kept, at(now)).unwrap();
        assert!(letter.text.contains("office@collect.example") && letter.text.contains("0358-5550101"));
        golden(name, &letter);
        letter.subject
    })
    .collect();
    let different: std::collections::BTreeSet<&String> = subjects.iter().collect();
    assert_eq!(different.len(), 4, "{subjects:?}");
}

#[test]
fn a_reminder_that_waited_tells_the_truth() {
    let campaign = campaign();
    let planned = at("2021-08-09T09:00:00+08:00");
    let stage = ReminderStage::usual(-1, planned.time());
    let facts = ReminderFacts::new(&campaign, &lishi(), &UnitLedger::default(), &stage, planned);
    let letter = letters::reminder(&campaign, &facts, at("2021-08-10T18:00:00+08:00")).unwrap();
    assert!(letter.subject.contains("今日截止") && !letter.text.contains("明天"));
    let letter = letters::reminder(&campaign, &facts, at("2021-08-11T00:00:00+08:00")).unwrap();
    assert!(letter.text.contains("已于8月10日（星期二）截止"), "{}", letter.text);
}

#[test]
fn nobody_is_reminded_of_what_the_office_must_decide() {
    let campaign = campaign();
    let mail = Digest::of(b"m");
    let now = "2021-08-09T09:00:00+08:00";
    let item = |item, verdict| (item, filed(item, &mail, now, verdict, None));
    let ledger = ledger(vec![item(Item::Table, Verdict::NeedsReview), item(Item::Report, Verdict::Accepted)]);
    let stage = ReminderStage::usual(-1, at(now).time());
    assert!(!ReminderFacts::new(&campaign, &lishi(), &ledger, &stage, at(now)).owes_anything());
}

#[test]
fn superiors_and_copies_see_who_owes_what() {
    let campaign = campaign();
    for (name, reader, now) in [
        ("arrears_before", None, "2021-08-09T09:00:00+08:00"),
        ("arrears_past", Some("县人民政府办公室"), "2021-08-11T09:00:00+08:00"),
    ] {
        let (standing, _) = fixtures::standing(&campaign, now);
        let units: Vec<_> = standing.units.iter().filter(|unit| unit.unit.group == "县市区").collect();
        let facts = ArrearsFacts::new(&campaign, reader, &units, at(now));
        assert!(!facts.is_empty());
        let letter = letters::arrears(&campaign, &facts).unwrap();
        let accepted = units.iter().filter(|unit| unit.status == UnitStatus::Complete);
        assert!(accepted.into_iter().all(|unit| !letter.text.contains(&format!("{}：", unit.unit.name))));
        golden(name, &letter);
    }
}

#[test]
fn an_alert_says_what_to_do() {
    let campaign = campaign();
    let now = at("2021-08-07T22:10:00+08:00");
    let facts = AlertFacts::new(
        "邮箱登录被拒绝",
        now,
        &["邮箱 office 连续3次登录失败，服务器答复：LOGIN Login error password error。".to_owned()],
        &[
            "登录网易邮箱网页版，确认 IMAP 服务已开启，重新生成授权码；".to_owned(),
            "将新授权码写入密码文件；".to_owned(),
            "运行 mailtally check --online 检查。".to_owned(),
        ],
    );
    let letter = letters::alert(&campaign, &facts, now).unwrap();
    assert!(letter.subject.contains("邮箱登录被拒绝"));
    golden("alert", &letter);
}

#[test]
fn the_shipped_templates_render_every_sample() {
    let mistakes = letters::check(&campaign());
    assert_eq!(mistakes, []);
}

#[test]
fn a_mistake_on_a_rare_path_is_found_beforehand() {
    let mut campaign = campaign();
    let pair = campaign.templates.letters.get_mut(&LetterKind::Ack).unwrap();
    pair.html = pair.html.replace("change.old", "change.before");
    let pair = campaign.templates.letters.get_mut(&LetterKind::Digest).unwrap();
    pair.text = pair.text.replace("{% endfor %}\n{% if telephone %}", "{% if telephone %}");
    campaign.templates.letters.remove(&LetterKind::Alert);
    let mistakes = letters::check(&campaign);
    let files: Vec<&str> = mistakes.iter().map(|mistake| mistake.file.as_str()).collect();
    assert!(files.contains(&"ack.html") && files.contains(&"alert.txt"), "{mistakes:?}");
    let ack = mistakes.iter().find(|mistake| mistake.file == "ack.html").unwrap();
    assert!(ack.line.is_some_and(|line| line > 50), "{ack}");
}
