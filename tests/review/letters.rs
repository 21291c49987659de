//! The outbox as staff use it: reminders that wait for release, held, cancelled, and looked at beforehand.

use std::fs;

use mailtally::demo::OFFICE;
use mailtally::demo::build::mime::Draft;
use mailtally::demo::build::mimicry::Dialect;
use serde_json::Value;

use crate::{Office, at, cabinet};

/// A week before the deadline, when the first reminders fall due.
const STAGE: &str = "2021-08-03T09:00:00+08:00";
const LATER: &str = "2021-08-03T10:00:00+08:00";

fn with_hold() -> Office {
    let office = Office::new();
    let file = office.path("mailtally.toml");
    let text =
        fs::read_to_string(&file).unwrap().replace("per_minute = 100", "hold = [\"reminder\"]\nper_minute = 500");
    fs::write(&file, text).unwrap();
    office
}

fn waiting(office: &Office, now: &str) -> Vec<Value> {
    let listed = office.done(now, &["letters", "list", "--waiting", "--format", "json"]);
    serde_json::from_str(&listed).unwrap()
}

#[test]
fn reminders_wait_for_release_and_every_word_stands_in_the_history() {
    let office = with_hold();
    office.done(STAGE, &["once"]);
    assert!(office.letters().is_empty());
    let held = waiting(&office, STAGE);
    assert!(held.len() > 50, "{}", held.len());
    let told = office.done(STAGE, &["check"]);
    assert!(told.contains(&format!("{} letters wait for release", held.len())), "{told}");

    let key = "remind/2021-bayi/141102/-7";
    office.done(LATER, &["letters", "release", key, "--by", "李四"]);
    office.done(LATER, &["letters", "hold", key, "--by", "王五"]);
    assert!(office.refused(LATER, &["letters", "hold", key]).contains("held"));
    let cancelled = "remind/2021-bayi/141121/-7";
    office.done(LATER, &["letters", "cancel", cancelled, "--by", "王五"]);
    let released = office.done(LATER, &["letters", "release", "--waiting", "--by", "李四"]);
    assert_eq!(released.lines().count(), held.len() - 2, "neither what a person holds nor what is cancelled");
    office.done(LATER, &["once"]);
    assert_eq!(office.letters().len(), held.len() - 2);

    let shown = office.done(LATER, &["letters", "show", key]);
    assert!(
        shown.contains("放行（remind/2021-bayi/141102/-7）（李四）")
            && shown.contains("暂停（remind/2021-bayi/141102/-7）（王五）"),
        "{shown}"
    );
    let history = office.done(LATER, &["history", "--unit", "141121"]);
    assert!(history.contains("信件由工作人员取消"), "{history}");
    assert!(office.refused(LATER, &["letters", "release", cancelled]).contains("cancelled"));
    // By the next stage what was held says nothing new.
    office.done("2021-08-06T09:00:00+08:00", &["once"]);
    let said = office.refused("2021-08-06T09:30:00+08:00", &["letters", "release", key]);
    assert!(said.contains("cancelled"), "{said}");
}

#[test]
fn a_letter_is_looked_at_before_any_goes() {
    let office = Office::new();
    let text = office.done(STAGE, &["letters", "preview", "reminder", "--unit", "141102"]);
    assert!(text.starts_with("主题：【提醒】请离石区"), "{text}");
    assert!(text.contains("附件：2021年“八一”期间走访慰问情况统计表（离石区）.xlsx"), "{text}");
    office.done(STAGE, &["ingest", "--received-at", STAGE, &empty_folder(&office)]);
    for kind in ["ack", "answer", "reminder", "arrears", "digest", "final", "alert"] {
        let out = office.path(kind);
        let said =
            office.done(STAGE, &["letters", "preview", kind, "--unit", "141102", "--out", out.to_str().unwrap()]);
        let files: Vec<&str> = said.lines().collect();
        assert!(files.iter().any(|file| file.ends_with(".eml")) && files.iter().any(|file| file.ends_with(".html")));
        // The office's own word has a letter for each word it can say.
        let mails = files.iter().filter(|file| file.ends_with(".eml")).count();
        assert_eq!(mails, if kind == "answer" { 3 } else { 1 }, "{kind}: {said}");
        let has_workbook = files.iter().any(|file| file.ends_with(".xlsx"));
        assert_eq!(has_workbook, matches!(kind, "reminder" | "digest" | "final"), "{kind}: {said}");
    }
    assert!(office.letters().is_empty() && waiting(&office, STAGE).is_empty(), "nothing was sent or written down");
    assert!(office.refused(STAGE, &["letters", "preview", "reminder", "--unit", "999"]).contains("999"));
    assert!(office.refused(STAGE, &["letters", "preview", "parcel"]).contains("reminder"));
}

#[test]
fn what_is_recorded_of_a_unit_is_what_its_preview_says() {
    const MORNING: &str = "2021-08-02T09:00:00+08:00";
    let office = Office::new();
    let from = ("离石区双拥办", "lsqsyb@lishi.example");
    let draft = Draft::new(Dialect::NetEase, from, OFFICE, at(MORNING)).subject("离石区双拥慰问报告");
    office.ingest(&draft.text("报告见附件。").attach("专题报告.cab", cabinet("一稿")));
    let preview = |kind: &str, unit: &[&str]| {
        let output = office.tried(STAGE, &[&["letters", "preview", kind], unit].concat());
        assert!(output.status.success(), "{kind}");
        let is_sample = String::from_utf8_lossy(&output.stderr).contains("示例数据");
        (String::from_utf8(output.stdout).unwrap(), is_sample)
    };
    let lishi = ["--unit", "141102"];
    let (receipt, is_sample) = preview("ack", &lishi);
    assert!(receipt.contains("专题报告.cab") && !is_sample, "{receipt}");
    let (receipt, is_sample) = preview("ack", &[]);
    assert!(!receipt.contains("专题报告.cab") && is_sample, "{receipt}");
    assert!(preview("answer", &lishi).1, "the office has not said anything yet");

    let id = office.only(MORNING, "item_needs_review");
    office.done(STAGE, &["review", "return", &id, "--reason", "请改用 Word 格式"]);
    let (answer, is_sample) = preview("answer", &lishi);
    assert!(
        answer.starts_with("主题：请更正：离石区") && answer.contains("请改用 Word 格式") && !is_sample,
        "{answer}"
    );
    let (receipt, is_sample) = preview("ack", &lishi);
    assert!(receipt.starts_with("主题：回执") && !is_sample, "the answer is no receipt: {receipt}");
    let (reminder, is_sample) = preview("reminder", &lishi);
    assert!(reminder.contains("需要更正：专题报告") && !is_sample, "{reminder}");
    // No stage of this collection writes to superiors.
    let (list, is_sample) = preview("arrears", &lishi);
    assert!(list.contains("3 个单位尚未报齐") && is_sample, "{list}");
    assert!(preview("digest", &[]).0.contains("离石区") && !preview("digest", &[]).1);
    assert!(preview("alert", &[]).1);
}

fn empty_folder(office: &Office) -> String {
    let folder = office.path("nothing");
    fs::create_dir_all(&folder).unwrap();
    folder.to_str().unwrap().to_owned()
}
