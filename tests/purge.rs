//! `purge` with the real program: what goes and what stays, what every command says afterwards, and a crash in between.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)]

use std::fs;
use std::path::PathBuf;

use chrono::DateTime;
use mailtally::store::{Portion, Store, StoreError};
use serde_json::Value;

#[path = "drill/mod.rs"]
mod drill;

use drill::Office;

const MORNING: &str = "2021-08-02T09:00:00+08:00";
const NOON: &str = "2021-08-02T12:00:00+08:00";
const WINTER: &str = "2021-12-01T10:00:00+08:00";
const PURGE: [&str; 5] = ["purge", "--before", "2021-12-01", "--by", "王芳"];

impl Office {
    /// Two returns that were answered, and a mail about which a review waits.
    fn with_mail() -> Self {
        let office = Self::new();
        for case in ["lishi-whole", "jiaocheng-wrong-total", "question"] {
            office.ingest_case(case, MORNING);
        }
        office.done(NOON, &["once"]);
        office
    }

    fn refused(&self, now: &str, arguments: &[&str]) -> String {
        self.ended(2, now, arguments)
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let arguments: Vec<&str> = arguments.iter().copied().chain(["--format", "json"]).collect();
        serde_json::from_str(&self.done(WINTER, &arguments)).unwrap()
    }

    fn status(&self) -> Value {
        let mut status = self.json(&["status"]);
        status["as_of"] = Value::Null;
        status
    }

    fn apply(&self) -> String {
        let arguments: Vec<&str> = PURGE.into_iter().chain(["--apply"]).collect();
        self.done(WINTER, &arguments)
    }
}

#[test]
fn originals_go_and_the_tally_the_history_and_every_command_stand() {
    let office = Office::with_mail();
    let status = office.status();
    let history = office.done(WINTER, &["history"]);

    let shown = office.json(&PURGE);
    assert_eq!((&shown["applied"], shown["purged"][0]["mails"].as_array().unwrap().len()), (&false.into(), 2));
    assert_eq!(shown["kept"][0]["reason"], "review_open");
    assert!(office.done(WINTER, &PURGE).contains("尚未清除"));
    assert_eq!(office.archived().len(), 3, "shown, not done");

    let said = office.apply();
    assert!(said.contains("已清除") && said.contains("2 封") && said.contains("待办尚未处理"), "{said}");
    assert_eq!(office.archived().len(), 1, "the mail a person has yet to look at");
    assert_eq!(office.status(), status);
    let told = office.done(WINTER, &["history"]);
    let (before, act) = told.split_at(history.len());
    assert_eq!(before, history);
    assert!(act.contains("清除 2021-12-01 以前收到的邮件原件 2 封") && act.contains("王芳"), "{act}");

    let checked = office.done(WINTER, &["check"]);
    assert!(checked.contains("holds all 1 mails") && checked.contains("2 were purged on purpose"), "{checked}");
    assert!(!checked.contains("still in the archive"), "{checked}");
    let reread = office.tried(WINTER, &["reread"]);
    let said = String::from_utf8(reread.stdout).unwrap();
    assert!(said.contains("2 封邮件的原件已按规定清除") && said.contains("没有变化"), "{said}");
    assert!(reread.stderr.is_empty(), "{}", String::from_utf8_lossy(&reread.stderr));
    assert!(office.json(&PURGE)["purged"].as_array().unwrap().is_empty(), "nothing is purged twice");
}

#[test]
fn a_backup_afterwards_is_whole_and_restores_without_the_originals() {
    let office = Office::with_mail();
    office.apply();
    let backup = office.path("backup.tar");
    assert!(office.done(WINTER, &["backup", "--out", backup.to_str().unwrap()]).contains("1 mails"));
    let other = Office::new();
    let said = other.done(WINTER, &["restore", backup.to_str().unwrap()]);
    assert!(!said.contains("missing"), "{said}");
    assert_eq!(other.status(), office.status());
    assert!(other.done(WINTER, &["check"]).contains("2 were purged on purpose"));
}

#[test]
fn a_purged_mail_that_comes_again_is_known_and_not_kept_again() {
    let office = Office::with_mail();
    let letters = fs::read_dir(office.path("outbox")).unwrap().count();
    office.apply();
    assert!(office.ingest_case("lishi-whole", WINTER).contains("1 known"));
    assert_eq!(office.archived().len(), 1);
    office.done(WINTER, &["once"]);
    let sent = fs::read_dir(office.path("outbox")).unwrap().count();
    assert_eq!(sent, letters, "nobody is answered a second time");
}

#[test]
fn what_a_crash_left_between_record_and_removal_is_told_and_removed_by_the_next_purge() {
    let office = Office::with_mail();
    let kept: Vec<(PathBuf, Vec<u8>)> =
        office.archived().into_iter().map(|path| (path.clone(), fs::read(&path).unwrap())).collect();
    office.apply();
    for (path, bytes) in &kept {
        fs::write(path, bytes).unwrap();
    }
    let checked = office.done(WINTER, &["check"]);
    assert!(checked.contains("WARN 2 purged mails are still in the archive"), "{checked}");
    assert!(office.done(WINTER, &PURGE).contains("中断留下的原件：2 封"));
    office.apply();
    assert_eq!(office.archived().len(), 1);
}

#[test]
fn a_review_of_a_purged_mail_says_so_and_nobody_judges_it_again() {
    let office = Office::with_mail();
    let id = office.json(&["review", "list"])[0]["id"].to_string();
    office.done(WINTER, &["review", "dismiss", &id, "--by", "李强"]);
    office.apply();
    assert!(office.archived().is_empty());
    let shown = office.done(WINTER, &["review", "show", &id]);
    assert!(shown.contains("已由王芳于 2021-12-01 清除") && !shown.contains("--files"), "{shown}");
    let folder = office.path("files");
    let said = office.refused(WINTER, &["review", "show", &id, "--files", folder.to_str().unwrap()]);
    assert!(said.contains("purged on 2021-12-01 by 王芳"), "{said}");
    let history = office.done(WINTER, &["history", "--format", "json"]);
    let mail = history.lines().find_map(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        line["mail"].as_str().map(str::to_owned)
    });
    let said = office.refused(WINTER, &["review", "raise", &mail.unwrap(), "--by", "李强"]);
    assert!(said.contains("purged on 2021-12-01"), "{said}");
}

#[tokio::test]
async fn a_mail_to_which_something_happened_since_it_was_chosen_is_not_purged() {
    let office = Office::with_mail();
    let now = DateTime::parse_from_rfc3339(WINTER).unwrap();
    let store = Store::open(&office.path("data"), *now.offset()).await.unwrap();
    let record = store.mails(None, None, None).await.unwrap().remove(0);
    let portion = Portion { campaign: "2021-bayi".to_owned(), mails: vec![record.sha256.clone()] };
    let last = store.last_event().await.unwrap();
    let before = now.date_naive();
    let overtaken = store.purge(std::slice::from_ref(&portion), before, ("王芳", now), 0).await;
    assert!(matches!(overtaken, Err(StoreError::Overtaken)), "{overtaken:?}");
    assert_eq!(store.last_event().await.unwrap(), last, "nothing is recorded");
    store.purge(&[portion], before, ("王芳", now), last).await.unwrap();
    assert_eq!(store.purged_by(&record.sha256).await.unwrap().unwrap().name, "王芳");
    store.close().await;
}

#[test]
fn nothing_of_a_running_collection_goes_and_no_day_to_come_is_taken() {
    let office = Office::with_mail();
    let running = "2021-08-20T10:00:00+08:00";
    let said = office.done(running, &["purge", "--before", "2021-08-20", "--apply", "--by", "王芳"]);
    assert!(said.contains("0 封") && said.contains("2021-bayi 尚未结束"), "{said}");
    assert_eq!(office.archived().len(), 3);
    assert!(office.refused(WINTER, &["purge", "--before", "2021-12-02"]).contains("has not come yet"));
    assert_eq!(Office::new().tried(WINTER, &PURGE).status.code(), Some(1), "there is no storage");
}
