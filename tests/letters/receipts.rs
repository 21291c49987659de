//! Receipts for files that could not be read, for tables in documents, and for units with more time.

use mailtally::judge::letters::{self, ArrearsFacts, ReminderFacts};
use mailtally::model::campaign::ReminderStage;
use mailtally::model::decision::Role;
use mailtally::model::form::FindingCode;
use mailtally::model::ledger::{UnitLedger, Verdict};
use mailtally::model::mail::{Digest, Kind, OddityCode};
use mailtally::model::returns::Item;

use super::fixtures::{at, campaign, filed, finding, ledger, piece, report, row, standing, table, understanding};
use super::{complete_return, golden, lishi, receipt};

const TIME: &str = "2021-08-05T14:03:20+08:00";

#[test]
fn what_could_not_be_read_stands_among_the_problems_and_is_told_once() {
    let pieces = vec![
        piece("1", "离石区统计表.xlsx", Kind::Encrypted, &[OddityCode::PasswordProtected]),
        piece("2", "离石区报告（盖章扫描件）.pdf", Kind::Pdf, &[OddityCode::ScanOnly]),
        piece("3", "走访照片.zip", Kind::Zip, &[OddityCode::CloudAttachment]),
    ];
    let roles = [Role::Unopened, Role::Report, Role::CloudLink];
    let mut mail = understanding("离石区《八一慰问》材料", pieces, &roles);
    let mut scan = report();
    (scan.title, scan.document_number, scan.issuer, scan.dated, scan.has_text) = (None, None, None, None, false);
    scan.findings = vec![finding(FindingCode::ScanOnly, "", "报告是扫描件或图片，没有可读取的文字，需人工查看。")];
    mail.reports = vec![scan];
    let digest = mail.mail.sha256.clone();
    let after = ledger(vec![
        (Item::Table, filed(Item::Table, &digest, TIME, Verdict::NeedsCorrection, None)),
        (Item::Report, filed(Item::Report, &digest, TIME, Verdict::Accepted, None)),
    ]);
    let letter = receipt(&campaign(), &mail, &UnitLedger::default(), &after, TIME);
    golden("receipt_unread", &letter);
    let problems = letter.text.split("需更正的问题").nth(1).unwrap().split("收到的文件").next().unwrap();
    assert!(problems.contains("取消密码") && problems.contains("位置：离石区统计表.xlsx"), "{problems}");
    assert!(problems.contains("网盘") && problems.contains("位置：走访照片.zip"), "{problems}");
    for said in ["取消密码", "直接作为邮件附件", "扫描件或图片"] {
        assert_eq!((letter.text.matches(said).count(), letter.html.matches(said).count()), (1, 1), "{said}");
    }
    // A link is no file: it has neither a size nor a digest.
    assert!(
        !letter.text.contains("走访照片.zip（") && !letter.text.contains("走访照片.zip　SHA-256"),
        "{}",
        letter.text
    );

    // Where nothing is owed, a photograph nobody could open is no problem of the unit's.
    let (mut whole, after) = complete_return();
    whole.mail.pieces.push(piece("3", "走访照片.zip", Kind::Zip, &[OddityCode::PasswordProtected]));
    whole.roles.push(("3".to_owned(), Role::Unopened));
    let letter = receipt(&campaign(), &whole, &UnitLedger::default(), &after, TIME);
    assert!(!letter.text.contains("需更正的问题") && letter.text.contains("取消密码"), "{}", letter.text);
}

#[test]
fn tables_without_a_sheet_are_told_by_their_numbers() {
    let pieces = vec![piece("1", "离石区报送材料.docx", Kind::Docx, &[])];
    let mut mail = understanding("报送材料", pieces, &[Role::Table]);
    let first = ["86", "慰问金", "43000", "24", "慰问金", "12000", "驻离某部", "冰箱", "36800", "9.8", "-"];
    let second = ["-", "-", "-", "-", "-", "-", "武警某中队", "空调2台", "7200", "-", "-"];
    let mut wrong = finding(FindingCode::TotalMismatch, "J3", "J3 总额填写为 9.8 万元，应为 9.9 万元，请核对。");
    wrong.sheet = Some("表2".to_owned());
    mail.tables = vec![table("离石区", vec![row(3, first), row(4, second)], vec![wrong])];
    mail.tables[0].sheet = "表2".to_owned();
    let after =
        ledger(vec![(Item::Table, filed(Item::Table, &mail.mail.sha256, TIME, Verdict::NeedsCorrection, None))]);
    let letter = receipt(&campaign(), &mail, &UnitLedger::default(), &after, TIME);
    golden("receipt_document", &letter);
    assert!(letter.text.contains("离石区报送材料.docx，表2，J3 单元格") && !letter.text.contains("工作表"));
    assert!(letter.text.contains("1. 总额填写为"), "the cell stands in the place already: {}", letter.text);
    assert!(letter.text.contains("序号 | 部队名称 | 慰问形式及慰问品名称 | 慰问折算经费(元)"), "{}", letter.text);
    assert!(letter.text.contains("合计　慰问折算经费(元)：44,000"), "{}", letter.text);
}

#[test]
fn with_a_file_that_was_not_read_nothing_is_compared() {
    let (mail, after) = complete_return();
    let earlier = Digest::of(b"locked");
    let time = "2021-08-03T10:00:00+08:00";
    let before = ledger(vec![(Item::Table, filed(Item::Table, &earlier, time, Verdict::NeedsCorrection, None))]);
    let letter = receipt(&campaign(), &mail, &before, &after, TIME);
    assert!(letter.text.contains("替换贵单位8月3日 10:00报送的版本（其中数字未能读取，不作比较）"), "{}", letter.text);
    assert!(!letter.text.contains('→') && !letter.text.contains("合计数字未变"), "{}", letter.text);
}

#[test]
fn a_subject_says_what_to_mend_and_what_is_missing() {
    let (mut mail, _) = complete_return();
    mail.reports.clear();
    let after =
        ledger(vec![(Item::Table, filed(Item::Table, &mail.mail.sha256, TIME, Verdict::NeedsCorrection, None))]);
    let letter = receipt(&campaign(), &mail, &UnitLedger::default(), &after, TIME);
    assert_eq!(letter.subject, "回执：已收到离石区报送的材料（请更正统计表，尚缺专题报告）");
}

#[test]
fn a_unit_with_more_time_is_told_that_the_office_gave_it() {
    let campaign = campaign();
    let mut unit = UnitLedger { extended_until: Some(at("2021-08-14T23:59:59+08:00")), ..UnitLedger::default() };
    let letter = |unit: &UnitLedger, now: &str| {
        let stage = ReminderStage::usual(-3, at(now).time());
        let facts = ReminderFacts::new(&campaign, &lishi(), unit, &stage, at(now));
        letters::reminder(&campaign, &facts, at(now)).unwrap()
    };
    let early = letter(&unit, "2021-08-11T09:00:00+08:00");
    golden("reminder_extended", &early);
    assert!(early.text.contains("经我办同意，贵单位的报送时限延至8月14日（星期六），还有3天"), "{}", early.text);
    for (now, told) in [
        ("2021-08-13T09:00:00+08:00", "明日即截止"),
        ("2021-08-14T09:00:00+08:00", "今日为最后一天"),
        ("2021-08-16T09:00:00+08:00", "现已截止"),
    ] {
        let text = letter(&unit, now).text;
        assert!(text.contains(told) && !text.contains("8月10日"), "{text}");
    }
    unit.extended_until = None;
    assert!(!letter(&unit, "2021-08-07T09:00:00+08:00").text.contains("经我办同意"));

    let now = "2021-08-11T09:00:00+08:00";
    let (mut standing, _) = standing(&campaign, now);
    standing.units.retain(|unit| unit.unit.name == "岚县");
    standing.units[0].extended_until = Some(at("2021-08-14T23:59:59+08:00"));
    let units: Vec<_> = standing.units.iter().collect();
    let list = letters::arrears(&campaign, &ArrearsFacts::new(&campaign, None, &units, at(now))).unwrap();
    assert!(list.text.contains("经我办同意，下列单位的报送时限延至8月14日（星期六），还有3天"), "{}", list.text);
}
