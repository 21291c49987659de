//! A person's acts on mails and their undoing: given back, booked to the wrong unit, held, laid before a person.

use std::fs;
use std::path::Path;

use mailtally::demo::build::mime::Draft;
use mailtally::demo::build::mimicry::Dialect;
use serde_json::Value;

use crate::figures::{TEN, lishi, sheet};
use crate::{MORNING, NOON, OFFICE, Office, at, cabinet, stranger};

pub const EVENING: &str = "2021-08-02T17:00:00+08:00";

impl Office {
    /// The decoded text of every letter that went out, in the order of their going.
    pub fn told(&self) -> Vec<String> {
        let mut letters = self.letters();
        letters.sort_by_key(|letter| letter.contains("X-Mailtally-Kind: digest"));
        letters.iter().map(|letter| decoded(letter)).collect()
    }

    pub fn act_of(&self, now: &str, event: &str) -> String {
        let history = self.history(now);
        history.iter().rev().find(|line| line["what"]["event"] == event).unwrap()["act"].to_string()
    }

    pub fn held(&self, now: &str) -> Vec<Value> {
        serde_json::from_str(&self.done(now, &["letters", "list", "--format", "json"])).unwrap()
    }

    pub fn write(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

/// Headers as they stand, then the plain text.
pub fn decoded(letter: &str) -> String {
    let mail = mail_parser_text(letter);
    let head = letter.split("\r\n\r\n").next().unwrap_or_default();
    format!("{head}\n\n{mail}")
}

fn mail_parser_text(letter: &str) -> String {
    let opened = mailtally::read::open(letter.as_bytes(), &mailtally::read::Limits::default());
    format!("{}\n{}", opened.headers.subject.unwrap_or_default(), opened.body.text)
}

/// A report nobody here can open, from the unit's own address.
fn unreadable_report(moment: &str, word: &str) -> Draft {
    let from = ("离石区双拥办", "lsqsyb@lishi.example");
    let draft = Draft::new(Dialect::NetEase, from, OFFICE, at(moment)).subject("离石区双拥慰问报告");
    draft.text("报告见附件。").attach("专题报告.cab", cabinet(word))
}

#[test]
fn an_item_given_back_is_mended_by_the_unit_and_the_letter_says_why_once() {
    let office = Office::new();
    let mail = unreadable_report(MORNING, "一稿");
    office.ingest(&mail);
    office.done(NOON, &["once"]);
    let before = office.letters().len();
    let id = office.only(NOON, "item_needs_review");
    assert!(office.refused(NOON, &["review", "return", &id, "--reason", " "]).contains("--reason"));
    let reason = "请用 Word 格式<b>重新</b>报送\n并写明文号";
    let said = office.done(NOON, &["review", "return", &id, "--reason", reason, "--by", "王五"]);
    assert!(said.contains("退回单位更正") && said.contains("回执已列入待发"), "{said}");
    assert_eq!(office.unit(NOON, "141102")["items"]["report"], "needs_correction");
    assert!(office.reviews(NOON).is_empty());

    office.done(NOON, &["once"]);
    office.done(NOON, &["once"]);
    let letters: Vec<String> =
        office.letters().into_iter().filter(|letter| decoded(letter).contains("请更正")).collect();
    assert_eq!((office.letters().len(), letters.len()), (before + 1, 1), "one letter more, sent once");
    let told = decoded(&letters[0]);
    for words in [
        "请用 Word 格式<b>重新</b>报送 并写明文号",
        "8月10日",
        "0358",
        "X-Mailtally-Kind: ack",
        "X-Mailtally-Unit: 141102",
    ] {
        assert!(told.contains(words), "{words} is not in\n{told}");
    }
    let sent = String::from_utf8_lossy(&mail.bytes()).into_owned();
    let message_id = sent.lines().find_map(|line| line.strip_prefix("Message-ID: ")).unwrap().trim().to_owned();
    assert!(
        told.contains(&format!("In-Reply-To: {message_id}")) && told.contains("To: lsqsyb@lishi.example"),
        "{told}"
    );
    assert!(!letters[0].contains("<b>重新"), "the office's words are escaped in HTML");

    // Taken back, it waits again, and who was told so is told otherwise.
    let said = office.done(NOON, &["review", "undo", &id, "--reason", "看错了"]);
    assert!(said.contains("回执已列入待发"), "{said}");
    assert_eq!(office.unit(NOON, "141102")["items"]["report"], "needs_review");
    assert_eq!(office.only(NOON, "item_needs_review"), id);
    office.done(NOON, &["once"]);
    assert!(office.letters().iter().any(|letter| decoded(letter).contains("现予撤回")));
    let history = office.done(NOON, &["history", "--unit", "141102"]);
    assert!(history.contains("【已撤销】报告由工作人员退回更正") && history.contains("看错了（wangwu）"), "{history}");

    // Accepted after all, the unit is told that too.
    office.done(NOON, &["review", "accept", &id]);
    office.done(NOON, &["once"]);
    let accepted = office.letters().into_iter().map(|letter| decoded(&letter)).find(|told| told.contains("已核定"));
    assert!(accepted.unwrap().contains("登记有效，无需重报"));
    assert_eq!(office.letters().len(), before + 3);
}

#[test]
fn what_cannot_be_given_back_is_refused_with_words() {
    let office = Office::new();
    office.ingest(&stranger(MORNING).attach("统计表.xlsx", sheet("", 12, 6_000)));
    let unknown = office.only(NOON, "unit_unknown");
    assert!(office.refused(NOON, &["review", "return", &unknown, "--reason", "x"]).contains("assign"));
    let from = ("离石区双拥办", "lsqsyb@lishi.example");
    office.ingest(&Draft::new(Dialect::Foxmail, from, OFFICE, at(MORNING)).subject("请问").text("请问报到哪天？"));
    let question = office.only(NOON, "question");
    assert!(office.refused(NOON, &["review", "return", &question, "--reason", "x"]).contains("dismiss"));
    assert!(office.refused(NOON, &["review", "undo", &question]).contains("nothing has been done"));
    assert!(
        office.refused(NOON, &["review", "undo", "1"]).contains("cannot be undone"),
        "that a mail came has happened"
    );
    assert!(office.refused(NOON, &["review", "undo", "999"]).contains("999"));
    assert!(office.refused(NOON, &["review", "raise", "abc"]).contains("digits"));
    assert!(office.refused(NOON, &["review", "raise", "abcdef012345"]).contains("no mail"));
}

#[test]
fn a_mail_booked_to_the_wrong_unit_goes_to_the_right_one_and_back() {
    let office = Office::new();
    // Lishi's own address sends what names Lishi throughout; in truth it is Wenshui's.
    office.ingest(&lishi(MORNING).attach("统计表.xlsx", sheet("离石区", 12, 6_000)));
    assert_eq!(office.unit(NOON, "141102")["items"]["table"], "accepted");
    office.done(NOON, &["once"]);
    assert_eq!(office.letters().len(), 1);
    let mail = office.history(NOON)[0]["mail"].as_str().unwrap()[..12].to_owned();
    assert!(office.done(NOON, &["history"]).contains(&mail), "the history prints the short form");

    office.done(NOON, &["review", "raise", &mail, "--reason", "实为文水县代报"]);
    let id = office.only(NOON, "raised_by_person");
    assert!(office.refused(NOON, &["review", "raise", &mail]).contains(&id), "it waits already");
    assert_eq!(office.unit(NOON, "141102")["items"]["table"], "accepted", "to look again is not to take away");
    let said = office.done(NOON, &["review", "assign", &id, "141121", "--by", "王五"]);
    assert!(said.contains("文水县"), "{said}");
    assert_eq!(office.unit(NOON, "141102")["status"], "missing");
    let wenshui = office.unit(NOON, "141121");
    assert_eq!((&wenshui["items"]["table"], &wenshui["row"]["veterans_cost"]), (&"accepted".into(), &"6000".into()));
    assert_eq!(wenshui["first_received_at"], MORNING);
    let totals: Value = serde_json::from_str(&office.done(NOON, &["status", "--format", "json"])).unwrap();
    assert_eq!(totals["totals"]["veterans_cost"], "6000", "counted once");
    office.done(NOON, &["once"]);
    let letters = office.letters();
    assert_eq!(letters.len(), 2);
    assert!(letters.iter().all(|letter| letter.contains("To: lsqsyb@lishi.example")), "to its sender alone");
    assert_eq!(letters.iter().filter(|letter| letter.contains("X-Mailtally-Unit: 141121")).count(), 1);

    // Undone, it is Lishi's again and waits; redone, Wenshui's.
    office.done(NOON, &["review", "undo", &id]);
    assert_eq!(office.only(NOON, "raised_by_person"), id);
    assert_eq!(office.unit(NOON, "141102")["row"]["veterans_cost"], "6000");
    assert_eq!(office.unit(NOON, "141121")["status"], "missing");
    let undoing = office.act_of(NOON, "undone");
    assert!(office.refused(NOON, &["review", "undo", &office.act_of(NOON, "assigned_by_person")]).contains(&undoing));
    office.done(NOON, &["review", "undo", &undoing]);
    assert_eq!(office.unit(NOON, "141121")["row"]["veterans_cost"], "6000");
    assert_eq!(office.unit(NOON, "141102")["status"], "missing");
    let shown = office.done(NOON, &["review", "show", &id]);
    assert!(shown.contains("工作人员指定") && shown.contains(&format!("review undo {id}")), "{shown}");
}

#[test]
fn what_repeats_a_mail_that_was_given_away_is_the_units_own_again() {
    let office = Office::new();
    let table = sheet("", 12, 6_000);
    office.ingest(&stranger(MORNING).attach("统计表.xlsx", table.clone()));
    let id = office.only(NOON, "unit_unknown");
    office.done(NOON, &["review", "assign", &id, "141102"]);
    office.ingest(&lishi(TEN).attach("统计表.xlsx", table.clone()));
    let later = "2021-08-02T11:00:00+08:00";
    office.ingest(&lishi(later).subject("离石区统计表（再报）").attach("表.xlsx", table));
    let events = |kind: &str| office.history(NOON).iter().filter(|line| line["what"]["event"] == kind).count();
    assert_eq!((events("filed"), events("duplicated")), (1, 2));

    office.done(NOON, &["review", "undo", &id]);
    let unit = office.unit(NOON, "141102");
    assert_eq!((&unit["items"]["table"], &unit["row"]["veterans_cost"]), (&"accepted".into(), &"6000".into()));
    assert_eq!(unit["first_received_at"], TEN, "by the mail the unit itself sent");
    assert_eq!(unit["version"], 1);
    // And given to another unit, the stranger's mail is that one's alone.
    office.done(NOON, &["review", "assign", &id, "141121"]);
    assert_eq!(office.unit(NOON, "141121")["row"]["veterans_cost"], "6000");
    assert_eq!(office.unit(NOON, "141102")["row"]["veterans_cost"], "6000");
    assert_eq!(office.unit(NOON, "141121")["version"], 1);
}

#[test]
fn an_act_on_which_another_was_built_is_undone_after_it() {
    let office = Office::new();
    office.ingest(&stranger(MORNING).attach("专题报告.cab", cabinet("报告")));
    let unknown = office.only(NOON, "unit_unknown");
    office.done(NOON, &["review", "assign", &unknown, "141102"]);
    let id = office.only(NOON, "item_needs_review");
    office.done(NOON, &["review", "accept", &id]);
    let accepting = office.act_of(NOON, "accepted_by_person");
    assert!(office.refused(NOON, &["review", "undo", &unknown]).contains(&accepting));
    office.done(NOON, &["review", "undo", &accepting]);
    assert!(office.refused(NOON, &["review", "undo", &accepting]).contains("undone already"));
    office.done(NOON, &["review", "undo", &unknown]);
    assert_eq!(office.only(NOON, "unit_unknown"), unknown);
    assert_eq!(office.reviews(NOON).len(), 1);
    assert_eq!(office.unit(NOON, "141102")["status"], "missing");
}

#[test]
fn a_quiet_act_holds_its_letter_until_it_is_released_or_cancelled() {
    let office = Office::new();
    office.ingest(&stranger(MORNING).attach("统计表.xlsx", sheet("", 12, 6_000)));
    let id = office.only(NOON, "unit_unknown");
    let said = office.done(NOON, &["review", "assign", &id, "141102", "--quiet", "--by", "王五"]);
    assert!(said.contains("letters release"), "{said}");
    office.done(NOON, &["once"]);
    assert!(office.letters().is_empty());
    let [held] = office.held(NOON).try_into().unwrap();
    assert_eq!(held["state"], "held");
    assert!(held["last_reply"].as_str().unwrap().contains("王五"));
    let key = held["key"].as_str().unwrap().to_owned();
    assert!(office.done(NOON, &["letters", "list"]).starts_with(&key));
    let shown = office.done(NOON, &["letters", "show", &key[..16]]);
    assert!(shown.contains("离石区") && shown.contains("letters cancel"), "{shown}");
    office.done(NOON, &["letters", "release", &key, "--by", "李四"]);
    office.done(NOON, &["once"]);
    assert_eq!(office.letters().len(), 1);
    assert!(office.held(NOON).is_empty());
    assert!(office.refused(NOON, &["letters", "release", &key]).contains("sent"));
    assert!(office.refused(NOON, &["letters", "cancel", &key]).contains("sent"));
    assert!(office.refused(NOON, &["letters", "show", "ack/zzz"]).contains("no letter"));

    // What has not gone out is withdrawn with the act, and nobody is told that it was.
    let from = ("文水县双拥办", "wsxsyb@wenshui.example");
    let mail = Draft::new(Dialect::Qq, from, OFFICE, at(MORNING)).subject("文水县双拥慰问报告");
    office.ingest(&mail.text("见附件。").attach("专题报告.cab", cabinet("文水")));
    office.done(NOON, &["once"]);
    let id = office.only(NOON, "item_needs_review");
    office.done(EVENING, &["review", "return", &id, "--reason", "缺页", "--quiet"]);
    let said = office.done("2021-08-02T17:05:00+08:00", &["review", "undo", &id]);
    assert!(said.contains("1 封尚未发出的信件不再发送") && !said.contains("列入待发"), "{said}");
    office.done(EVENING, &["once"]);
    assert_eq!(office.letters().len(), 2, "the two receipts");
}

#[test]
fn what_is_shown_of_a_review_is_all_that_is_needed_to_decide_it() {
    let office = Office::new();
    office.ingest(&lishi(MORNING).attach("统计表.xlsx", sheet("离石区", 12, 6_000)));
    let other = Draft::new(Dialect::Qq, ("离石区双拥办", "other@qq.example"), OFFICE, at(TEN)).subject("离石区统计表");
    office.ingest(&other.text("见附件").attach("统计表.xlsx", sheet("离石区", 15, 7_500)));
    let id = office.only(NOON, "sender_doubtful");
    let shown = office.done(NOON, &["review", "show", &id]);
    for words in [
        "发件人存疑",
        "不在名册中",
        "首次来信",
        "统计表的单位名称栏填写“离石区”。",
        "附件：",
        "= 7500",
        "与现在登记的统计表相比",
        "慰问折算经费(元)（第3栏）：6,000 → 7,500",
        &format!("mailtally review accept {id}"),
        &format!("mailtally review return {id} --reason"),
        &format!("mailtally review dismiss {id}"),
        &format!("mailtally review show {id} --files"),
    ] {
        assert!(shown.contains(words), "{words} is not in\n{shown}");
    }
    office.done(NOON, &["review", "accept", &id]);
    let shown = office.done(NOON, &["unit", "show", "141102"]);
    assert!(shown.contains("与上次报送") && shown.contains("6,000 → 7,500"), "{shown}");
    office.done(NOON, &["once"]);
    assert!(office.told().iter().any(|told| told.contains("6,000 → 7,500")), "{:?}", office.told());
    assert!(Path::new(&office.path("outbox")).exists());
}

#[test]
fn what_the_machine_filed_counts_no_more_once_a_person_says_so() {
    let office = Office::new();
    office.ingest(&lishi(MORNING).attach("统计表.xlsx", sheet("离石区", 12, 6_000)));
    let filed = office.history(NOON).iter().find(|line| line["what"]["event"] == "filed").unwrap()["id"].to_string();
    office.done(NOON, &["review", "undo", &filed, "--reason", "试填的表，不是报送", "--quiet"]);
    assert_eq!(office.unit(NOON, "141102")["status"], "missing");
    office.done(NOON, &["review", "undo", &office.act_of(NOON, "undone")]);
    assert_eq!(office.unit(NOON, "141102")["row"]["veterans_cost"], "6000");
}

#[test]
fn a_mail_taken_for_none_of_our_business_can_be_laid_before_a_person() {
    let office = Office::new();
    let mail = Draft::new(Dialect::Qq, ("小赵", "zhao77@qq.example"), OFFICE, at(MORNING)).subject("你好");
    office.ingest(&mail.text("在吗").attach("a.cab", cabinet("表")));
    assert!(office.reviews(NOON).is_empty());
    let digest = office.history(NOON)[0]["mail"].as_str().unwrap().to_owned();
    office.done(NOON, &["review", "raise", &digest]);
    let id = office.only(NOON, "raised_by_person");
    assert!(office.refused(NOON, &["review", "accept", &id]).contains("assign"));
    assert!(office.refused(NOON, &["review", "return", &id, "--reason", "x"]).contains("assign"));
    office.done(NOON, &["review", "assign", &id, "141102"]);
    let unread = office.only(NOON, "file_unread");
    let said = office.done(NOON, &["review", "return", &unread, "--reason", "请用 Excel 报送"]);
    assert!(said.contains("回执已列入待发"), "{said}");
    office.done(NOON, &["review", "undo", &unread]);
    office.done(NOON, &["review", "undo", &id]);
    assert_eq!(office.only(NOON, "raised_by_person"), id);
    assert_eq!(office.unit(NOON, "141102")["status"], "missing");
}
