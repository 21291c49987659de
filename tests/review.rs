//! `review` and `unit` as office staff use them: the real program on a real storage, with mail as units write it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)]

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, FixedOffset};
use mailtally::demo::OFFICE;
use mailtally::demo::build::mime::Draft;
use mailtally::demo::build::mimicry::Dialect;
use serde_json::Value;

#[path = "review/acts.rs"]
mod acts;
#[path = "drill/mod.rs"]
mod drill;
#[path = "review/figures.rs"]
mod figures;
#[path = "review/letters.rs"]
mod letters;
#[path = "review/senders.rs"]
mod senders;
#[path = "review/unit_acts.rs"]
mod unit_acts;

use drill::Office;

const NOTICE: &str = "关于“八一”期间双拥慰问情况报送";

impl Office {
    /// Must be refused as a wrong call; returns the words.
    fn refused(&self, now: &str, arguments: &[&str]) -> String {
        let said = self.ended(2, now, arguments);
        assert!(!said.trim().is_empty(), "a refusal says why");
        said
    }

    fn ingest(&self, draft: &Draft) {
        self.ingest_bytes(&draft.bytes(), &draft.arrived_at.to_rfc3339());
    }

    fn ingest_bytes(&self, bytes: &[u8], at: &str) {
        let file = self.path("arrived.eml");
        fs::write(&file, bytes).unwrap();
        let said = self.done(at, &["ingest", file.to_str().unwrap(), "--received-at", at]);
        assert!(said.contains("1 new"), "{said}");
    }

    fn reviews(&self, now: &str) -> Vec<Value> {
        serde_json::from_str(&self.done(now, &["review", "list", "--format", "json"])).unwrap()
    }

    /// The number of the only open review with this reason.
    fn only(&self, now: &str, reason: &str) -> String {
        let reviews = self.reviews(now);
        let found: Vec<&Value> = reviews.iter().filter(|review| review["reason"] == reason).collect();
        assert_eq!(found.len(), 1, "{reason} in {reviews:?}");
        found[0]["id"].to_string()
    }

    fn unit(&self, now: &str, code: &str) -> Value {
        let status: Value = serde_json::from_str(&self.done(now, &["status", "--format", "json"])).unwrap();
        status["units"].as_array().unwrap().iter().find(|unit| unit["code"] == code).unwrap().clone()
    }

    fn history(&self, now: &str) -> Vec<Value> {
        let lines = self.done(now, &["history", "--format", "json"]);
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn at(text: &str) -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339(text).unwrap()
}

/// Nobody on the roster, and no word of any unit.
fn stranger(moment: &str) -> Draft {
    Draft::new(Dialect::Qq, ("小赵", "zhao77@qq.example"), OFFICE, at(moment)).subject(NOTICE).text("请查收附件。")
}

/// A workbook under a password: nobody can read it, whatever readers there are.
fn locked_workbook() -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/demo/fixtures/protected.xlsx")).unwrap()
}

/// The first octets of a Windows cabinet; no reader here opens one.
fn cabinet(word: &str) -> Vec<u8> {
    [b"MSCF\0\0\0\0".as_slice(), word.as_bytes(), &[0; 600]].concat()
}

const MORNING: &str = "2021-08-02T09:00:00+08:00";
const NOON: &str = "2021-08-02T12:00:00+08:00";

#[test]
fn a_mail_of_unknown_unit_is_assigned_filed_and_answered_in_its_thread() {
    let office = Office::new();
    let mail = stranger(MORNING).attach("统计表.xlsx", locked_workbook());
    office.ingest(&mail);
    let id = office.only(NOON, "unit_unknown");
    let listed = &office.reviews(NOON)[0];
    assert_eq!(listed["received_at"], MORNING);
    assert_eq!(listed["subject"], NOTICE);
    assert!(listed["from"].as_str().unwrap().contains("zhao77@qq.example"));
    let line = office.done(NOON, &["review", "list"]);
    assert!(line.starts_with(&format!("{id}  ")), "{line}");
    assert_eq!(line.lines().count(), 1);
    office.done(NOON, &["once"]);
    assert!(office.letters().is_empty(), "no receipt while the unit is unknown");

    assert!(office.refused(NOON, &["review", "assign", &id, "nowhere"]).contains("nowhere"));
    assert_eq!(office.unit(NOON, "141102")["status"], "missing");
    let said = office.done(NOON, &["review", "assign", &id, "141102", "--by", "王五"]);
    assert!(said.contains("离石区") && said.contains("回执"), "{said}");

    let unit = office.unit(NOON, "141102");
    assert_eq!(unit["items"]["table"], "needs_correction");
    assert_eq!(unit["first_received_at"], MORNING, "the time that counts is that of the mail, not of the act");
    assert!(office.reviews(NOON).iter().all(|review| review["reason"] != "unit_unknown"));
    let history = office.history(NOON);
    let recorded = history.iter().filter(|line| line["what"]["event"] == "mail_recorded").count();
    assert_eq!(recorded, 1, "a mail is recorded once");
    let settled = history.iter().find(|line| line["what"]["event"] == "review_settled").unwrap();
    assert_eq!((&settled["by"], &settled["at"]), (&"王五".into(), &NOON.into()));
    assert_eq!(settled["what"]["act"], "assign 141102");

    office.done(NOON, &["once"]);
    let letters = office.letters();
    let [receipt] = letters.as_slice() else { panic!("one receipt, not {}", letters.len()) };
    let sent = String::from_utf8_lossy(&mail.bytes()).into_owned();
    let message_id = sent.lines().find_map(|line| line.strip_prefix("Message-ID: ")).unwrap().trim().to_owned();
    assert!(receipt.contains(&format!("In-Reply-To: {message_id}")), "{receipt}");
    assert!(receipt.contains("zhao77@qq.example") && receipt.contains("X-Mailtally-Unit: 141102"));

    let again = office.refused(NOON, &["review", "assign", &id, "141121"]);
    assert!(again.contains("settled already"), "{again}");
    assert_eq!(office.unit(NOON, "141121")["status"], "missing");
}

#[test]
fn what_a_machine_cannot_read_is_shown_with_its_files_and_accepted_by_a_person() {
    let office = Office::new();
    let file = cabinet("专题报告");
    let from = ("离石区双拥办", "lsqsyb@lishi.example");
    let draft = Draft::new(Dialect::NetEase, from, OFFICE, at(MORNING)).subject("离石区双拥慰问报告");
    office.ingest(&draft.text("报告见附件。").attach("专题报告.cab", file.clone()));
    let id = office.only(NOON, "item_needs_review");
    assert_eq!(office.unit(NOON, "141102")["items"]["report"], "needs_review");

    let folder = office.path("files");
    let shown = office.done(NOON, &["review", "show", &id, "--files", folder.to_str().unwrap()]);
    for words in
        ["材料待核定", "lsqsyb@lishi.example", "离石区", "报告见附件", "此类文件", "专题报告.cab", "review accept"]
    {
        assert!(shown.contains(words), "{words} is not in\n{shown}");
    }
    assert_eq!(fs::read(folder.join("1-专题报告.cab")).unwrap(), file);
    let count = fs::read_dir(&folder).unwrap().count();
    assert_eq!(count, 2, "the mail and its file");
    office.done(NOON, &["review", "show", &id, "--files", folder.to_str().unwrap()]);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), count, "the same again writes nothing new");

    assert!(office.refused(NOON, &["review", "assign", &id, "141102"]).contains("not about whose"));
    office.done(NOON, &["review", "accept", &id]);
    assert_eq!(office.unit(NOON, "141102")["items"]["report"], "accepted");
    let history = office.history(NOON);
    let accepted = history.iter().find(|line| line["what"]["event"] == "accepted_by_person").unwrap();
    assert_eq!(accepted["by"], "wangwu", "the login name stands where no name is given");
    assert!(office.refused(NOON, &["review", "accept", &id]).contains("settled already"));
    assert!(office.done(NOON, &["review", "show", &id]).contains("已处理：采用（wangwu"));
}

#[test]
fn an_item_that_a_later_mail_replaced_is_not_accepted() {
    let office = Office::new();
    let from = ("离石区双拥办", "lsqsyb@lishi.example");
    let mail = |moment: &str, word: &str| {
        let draft = Draft::new(Dialect::NetEase, from, OFFICE, at(moment)).subject(format!("离石区双拥慰问报告{word}"));
        draft.text("见附件。").attach("专题报告.cab", cabinet(word))
    };
    office.ingest(&mail(MORNING, "一稿"));
    let first = office.only(NOON, "item_needs_review");
    office.ingest(&mail("2021-08-02T10:00:00+08:00", "二稿"));
    assert!(office.refused(NOON, &["review", "accept", &first]).contains("later mail"));
    assert_eq!(office.unit(NOON, "141102")["items"]["report"], "needs_review");
    let reviews = office.reviews(NOON);
    let second = reviews.last().unwrap()["id"].to_string();
    assert_ne!(first, second);
    assert!(office.done(NOON, &["review", "accept", &second]).contains(&first), "the earlier one is pointless now");
    assert!(office.reviews(NOON).is_empty());
    assert_eq!(office.unit(NOON, "141102")["items"]["report"], "accepted");
}

#[test]
fn a_table_without_figures_cannot_be_accepted() {
    let office = Office::new();
    let from = ("离石区双拥办", "lsqsyb@lishi.example");
    let draft = Draft::new(Dialect::NetEase, from, OFFICE, at(MORNING)).subject("离石区统计表");
    office.ingest(&draft.text("见附件。").attach("统计表.cab", cabinet("表")));
    let id = office.only(NOON, "item_needs_review");
    assert!(office.refused(NOON, &["review", "accept", &id]).contains("no figures"));
    assert_eq!(office.unit(NOON, "141102")["items"]["table"], "needs_review");
}

#[test]
fn a_question_is_dismissed_and_nothing_else() {
    let office = Office::new();
    let from = ("离石区双拥办", "lsqsyb@lishi.example");
    let draft = Draft::new(Dialect::Foxmail, from, OFFICE, at(MORNING)).subject("请问报送时间");
    office.ingest(&draft.text("请问统计表报到哪一天为止？\r\n\u{1b}[31m另：电话多少？"));
    let id = office.only(NOON, "question");
    let shown = office.done(NOON, &["review", "show", &id]);
    assert!(shown.contains("请问统计表报到哪一天为止"), "{shown}");
    assert!(!shown.contains('\u{1b}'), "nothing from a mail may steer a terminal");
    office.refused(NOON, &["review", "accept", &id]);
    office.refused(NOON, &["review", "assign", &id, "141102"]);
    office.done(NOON, &["review", "dismiss", &id, "--by", "李四"]);
    assert!(office.reviews(NOON).is_empty());
    assert_eq!(office.done(NOON, &["review", "list"]), "");
    assert!(office.refused(NOON, &["review", "dismiss", &id]).contains("settled already"));
    let text = office.done(NOON, &["history"]);
    assert!(text.contains(&format!("待办 {id} 已处理：不作处理（李四）")), "{text}");
}

#[test]
fn unknown_numbers_units_and_items_are_wrong_calls() {
    let office = Office::new();
    office.ingest(&stranger(MORNING).attach("统计表.xlsx", locked_workbook()));
    for act in [&["show", "999"][..], &["accept", "999"], &["dismiss", "999"], &["assign", "999", "141102"]] {
        let words = office.refused(NOON, &[&["review"], act].concat());
        assert!(words.contains("999"), "{words}");
    }
    // The first event is that the mail was recorded: no review, though it has a number.
    office.refused(NOON, &["review", "show", "1"]);
    office.refused(NOON, &["review", "dismiss", "1"]);
    office.refused(NOON, &["review", "show", "twelve"]);
    office.refused(NOON, &["review", "list", "--campaign", "1999"]);
    office.refused(NOON, &["unit", "show", "nowhere"]);
    office.refused(NOON, &["unit", "waive", "nowhere", "table", "--reason", "x"]);
    office.refused(NOON, &["unit", "waive", "141102", "photo", "--reason", "x"]);
    office.refused(NOON, &["unit", "waive", "141102", "table", "--reason", " "]);
    office.refused(NOON, &["unit", "waive", "141102", "table"]);
}

#[test]
fn a_mail_that_is_none_waits_in_every_campaign() {
    let office = Office::new();
    let file = office.path("broken.eml");
    fs::write(&file, b"\x00\x01\x02 not a mail at all").unwrap();
    office.done(MORNING, &["ingest", file.to_str().unwrap()]);
    let id = office.only(NOON, "set_aside");
    let listed = office.done(NOON, &["review", "list", "--campaign", "2021-bayi"]);
    assert!(listed.starts_with(&id), "{listed}");
    let folder = office.path("files");
    office.done(NOON, &["review", "show", &id, "--files", folder.to_str().unwrap()]);
    let written: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(written.iter().any(|path| fs::read(path).unwrap() == b"\x00\x01\x02 not a mail at all"), "{written:?}");
    office.refused(NOON, &["review", "assign", &id, "141102"]);
    office.done(NOON, &["review", "dismiss", &id]);
    assert!(office.reviews(NOON).is_empty());
}

#[test]
fn a_person_acts_beside_a_process_that_has_the_storage() {
    let office = Office::new();
    office.ingest(&stranger(MORNING).attach("统计表.xlsx", locked_workbook()));
    let id = office.only(NOON, "unit_unknown");
    let lock = mailtally::store::Store::lock(&office.path("data"), "mailtally run").unwrap();
    assert_eq!(office.tried(NOON, &["once"]).status.code(), Some(1), "the storage is taken");
    office.done(NOON, &["review", "show", &id]);
    office.done(NOON, &["review", "assign", &id, "141102"]);
    office.done(NOON, &["unit", "waive", "141102", "report", "--reason", "已报送纸质件"]);
    drop(lock);
    assert_eq!(office.unit(NOON, "141102")["items"]["report"], "waived");
}

#[test]
fn a_waived_item_is_owed_no_more_and_the_unit_says_why() {
    let office = Office::new();
    office.done(MORNING, &["unit", "waive", "S01", "table", "--reason", "机构已撤并", "--by", "王五"]);
    let unit = office.unit(NOON, "S01");
    assert_eq!((&unit["items"]["table"], &unit["items"]["report"]), (&"waived".into(), &"missing".into()));
    assert!(office.refused(NOON, &["unit", "waive", "S01", "table", "--reason", "再说一遍"]).contains("already"));
    office.done(NOON, &["unit", "waive", "S01", "report", "--reason", "机构已撤并"]);
    assert_eq!(office.unit(NOON, "S01")["status"], "waived");
    let shown = office.done(NOON, &["unit", "show", "S01"]);
    assert!(shown.contains("免报统计表：机构已撤并（王五）"), "{shown}");
    let listed = office.done(NOON, &["unit", "list"]);
    let roster = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("config/campaigns/2021-bayi/units.csv"));
    assert_eq!(listed.lines().count(), roster.unwrap().lines().filter(|line| !line.is_empty()).count() - 1);
    assert!(listed.lines().any(|line| line.starts_with("S01") && line.contains("免报")), "{listed}");
}
