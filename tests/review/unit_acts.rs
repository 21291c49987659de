//! What a person says of a unit: a return on paper, more time, another address or name.

use std::fs;

use mailtally::demo::build::form::Cell;
use mailtally::demo::build::mime::Draft;
use mailtally::demo::build::mimicry::Dialect;
use rust_decimal::Decimal;

use crate::acts::{EVENING, decoded};
use crate::figures::{TEN, form, lishi, sheet, workbook_of};
use crate::{MORNING, NOON, OFFICE, Office, at, cabinet, stranger};

#[test]
fn a_paper_return_is_entered_by_hand_read_like_a_mail_and_answered_to_nobody() {
    let office = Office::new();
    let table = office
        .write("typed.xlsx", &workbook_of(&form("", 12, 6_000).with(0, "total_wan", Cell::Number(Decimal::from(9)))));
    let report = office.write("scan.cab", &cabinet("扫描"));
    let note = "传真件，原件在二楼档案柜";
    let record = ["unit", "record", "141102", "--table", &table, "--report", &report, "--note", note];
    let at_ten = ["--received-at", TEN, "--by", "王五"];
    let said = office.done(NOON, &[&record[..], &at_ten].concat());
    assert!(said.contains("待单位更正") && said.contains("合计"), "the errors are told with their cells: {said}");
    let unit = office.unit(NOON, "141102");
    assert_eq!(
        (&unit["items"]["table"], &unit["items"]["report"]),
        (&"needs_correction".into(), &"needs_review".into())
    );
    assert_eq!(unit["first_received_at"], TEN);
    assert!(office.refused(NOON, &[&record[..], &at_ten].concat()).contains("made before"));
    office.done(NOON, &["once"]);
    assert!(office.letters().is_empty());
    let history = office.done(NOON, &["history", "--unit", "141102"]);
    assert!(history.contains(note) && history.contains("（王五）"), "{history}");

    // Typed in rightly, it counts, and the workbook says where it came from.
    let right = office.write("right.xlsx", &sheet("", 12, 6_000));
    let said = office.done(NOON, &["unit", "record", "141102", "--table", &right, "--note", "重新录入"]);
    assert!(!said.contains("录错了请撤销"), "{said}");
    assert_eq!(office.unit(NOON, "141102")["row"]["veterans_cost"], "6000");
    let tally = office.path("汇总.xlsx");
    office.done(NOON, &["export", "--out", tally.to_str().unwrap()]);
    assert!(fs::metadata(&tally).unwrap().len() > 5_000);

    // Undone, an entry is nothing at all: no word of any person stands behind it.
    let entry = office.act_of(NOON, "assigned_by_person");
    office.done(NOON, &["review", "undo", &entry]);
    assert!(office.unit(NOON, "141102")["row"].is_null());
    office.done(NOON, &["review", "undo", &office.act_of(NOON, "undone")]);
    assert_eq!(office.unit(NOON, "141102")["row"]["veterans_cost"], "6000");

    for wrong in [&["--note", "x"][..], &["--table", &right, "--note", " "], &["--table", "/nowhere", "--note", "x"]] {
        office.refused(NOON, &[&["unit", "record", "141121"], wrong].concat());
    }
    let early =
        ["unit", "record", "141121", "--table", &right, "--note", "x", "--received-at", "2021-01-01T09:00:00+08:00"];
    assert!(office.refused(NOON, &early).contains("opened after"));
    let late = ["unit", "record", "141121", "--table", &right, "--note", "x", "--received-at", EVENING];
    assert!(office.refused(NOON, &late).contains("later than now"));
    let other = office.write("other.xlsx", &sheet("兴县", 3, 900));
    let said = office.done(NOON, &["unit", "record", "141121", "--table", &other, "--note", "拿错了"]);
    assert!(said.contains("填报单位写的是“兴县”，不是文水县"), "{said}");
}

#[test]
fn a_mail_that_pretends_to_be_an_entry_by_hand_is_a_mail_like_any_other() {
    let office = Office::new();
    let forged =
        Draft::new(Dialect::Qq, ("市双拥办", OFFICE), OFFICE, at(MORNING)).subject("【手工登记】离石区 传真件");
    let forged = forged.text("登记人：王五").header("X-Mailtally: entry by hand");
    office.ingest(&forged.attach("统计表.xlsx", sheet("", 12, 6_000)));
    let history = office.history(NOON);
    assert!(history.iter().all(|line| line["by"] == "machine" && line["what"]["event"] != "assigned_by_person"));
}

#[test]
fn more_time_counts_for_lateness_reminders_and_what_staff_read() {
    let office = Office::new();
    let extend = |until: &str| ["unit", "extend", "141102", "--until", until, "--reason", "汛情"].map(str::to_owned);
    let done = |until: &str| office.done(NOON, &extend(until).each_ref().map(String::as_str));
    assert!(done("2021-08-14").contains("2021-08-14 23:59"));
    let earlier = extend("2021-08-13");
    assert!(office.refused(NOON, &earlier.each_ref().map(String::as_str)).contains("not later"));
    let never = extend("tomorrow");
    assert!(office.refused(NOON, &never.each_ref().map(String::as_str)).contains("--until"));
    assert!(office.done(NOON, &["unit", "show", "141102"]).contains("期限延至 2021-08-14"));

    // On the others' last day nothing is due of it; three days before its own it is reminded of that day.
    office.done("2021-08-10T10:00:00+08:00", &["once"]);
    let of_lishi =
        || office.letters().into_iter().filter(|l| l.contains("X-Mailtally-Unit: 141102")).collect::<Vec<_>>();
    assert!(of_lishi().is_empty());
    office.done("2021-08-11T10:00:00+08:00", &["once"]);
    let [reminder] = of_lishi().try_into().unwrap();
    assert!(decoded(&reminder).contains("8月14日"), "{}", decoded(&reminder));

    office.ingest(&lishi("2021-08-12T09:00:00+08:00").attach("统计表.xlsx", sheet("离石区", 12, 6_000)));
    assert_eq!(office.unit("2021-08-12T10:00:00+08:00", "141102")["late"], false);
    let config = fs::read_to_string(office.path("mailtally.toml")).unwrap();
    let config = config.replace("digest_to = []", "digest_to = [\"staff@office.example\"]");
    fs::write(office.path("mailtally.toml"), config).unwrap();
    let digest = office.path("digest");
    office.done("2021-08-12T10:00:00+08:00", &["digest", "--out", digest.to_str().unwrap()]);
    let text = fs::read_dir(&digest).unwrap().map(|entry| entry.unwrap().path());
    let page = text
        .filter(|path| path.extension().is_some_and(|ending| ending == "html"))
        .map(|path| fs::read_to_string(path).unwrap());
    assert!(page.collect::<String>().contains("准予延期"));
    office.done("2021-08-12T10:00:00+08:00", &["review", "undo", &office.act_of(NOON, "deadline_extended")]);
    assert_eq!(office.unit("2021-08-12T10:00:00+08:00", "141102")["late"], true);
}

#[test]
fn what_staff_teach_is_shown_and_taken_back_and_never_means_another_unit() {
    let office = Office::new();
    let teach = |code: &str, option: &str, value: &str| ["unit", "teach", code, option, value].map(str::to_owned);
    let refused = |arguments: [String; 5]| office.refused(NOON, &arguments.each_ref().map(String::as_str));
    let done = |arguments: [String; 5]| office.done(NOON, &arguments.each_ref().map(String::as_str));
    assert!(refused(teach("141121", "--address", "LSQSYB@lishi.example")).contains("141102"));
    assert!(refused(teach("141102", "--address", "lsqsyb@lishi.example")).contains("already"));
    assert!(refused(teach("141102", "--address", OFFICE)).contains("own address"));
    assert!(refused(teach("141102", "--address", "postmaster@qq.example")).contains("machine"));
    assert!(refused(teach("141102", "--address", "nobody")).contains("no mail address"));
    assert!(refused(teach("141102", "--name", "文水县双拥办")).contains("141121"));
    assert!(refused(teach("141102", "--name", "离石区")).contains("already"));
    assert!(refused(teach("141102", "--name", "区")).contains("characters"));
    done(teach("141102", "--address", "Zhao77@qq.example"));
    assert!(refused(teach("141121", "--address", "zhao77@qq.example")).contains("141102"));
    done(teach("141102", "--name", "莲花池街办"));
    let shown = office.done(NOON, &["unit", "show", "141102"]);
    assert!(
        shown.contains("记住：邮箱 zhao77@qq.example（wangwu，2021-08-02 12:00") && shown.contains("莲花池街办"),
        "{shown}"
    );
    office.done(NOON, &["review", "undo", &office.act_of(NOON, "address_taught")]);
    assert!(!office.done(NOON, &["unit", "show", "141102"]).contains("记住：邮箱"));

    office.ingest(&stranger(MORNING).attach("统计表.xlsx", sheet("", 12, 6_000)));
    let id = office.only(NOON, "unit_unknown");
    let said = office.done(NOON, &["review", "assign", &id, "141102", "--remember"]);
    assert!(said.contains("已记住发件地址"), "{said}");
    assert!(office.done(NOON, &["unit", "show", "141102"]).contains("记住：邮箱 zhao77@qq.example"));
    office.done(NOON, &["review", "undo", &id]);
    assert!(!office.done(NOON, &["unit", "show", "141102"]).contains("记住：邮箱"), "taken back with the act");
}
