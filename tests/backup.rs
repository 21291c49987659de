//! `backup` and `restore` with the real program: beside a writer, cut off, altered, and what is not sent a second time.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;

#[path = "drill/mod.rs"]
mod drill;

use drill::Office;

const MORNING: &str = "2021-08-02T09:00:00+08:00";
const NOON: &str = "2021-08-02T12:00:00+08:00";
const EVENING: &str = "2021-08-02T18:00:00+08:00";

impl Office {
    /// Two mails answered, and a third whose receipt still waits.
    fn with_mail() -> Self {
        let office = Self::new();
        office.ingest_case("lishi-whole", MORNING);
        office.ingest_case("colleague", MORNING);
        office.done(NOON, &["once"]);
        assert!(!office.letters().is_empty(), "somebody was answered");
        office.ingest_case("jiaocheng-wrong-total", NOON);
        office
    }

    /// What any reader of the storage sees.
    fn seen(&self) -> [String; 3] {
        let status = self.done(EVENING, &["status", "--format", "json"]);
        [status, self.done(EVENING, &["history", "--format", "json"]), self.done(EVENING, &["review", "list"])]
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_restored_storage_says_the_same_and_sends_nothing_again() {
    let first = Office::with_mail();
    let backup = first.path("backup.tar");
    let said = first.done(EVENING, &["backup", "--out", backup.to_str().unwrap()]);
    assert!(said.contains("3 mails"), "{said}");
    assert_eq!(mode(&backup), 0o600);
    assert_eq!(fs::read_dir(first.path("")).unwrap().count(), 4, "configuration, storage, letters, backup");

    let second = Office::new();
    let said = second.done(EVENING, &["restore", backup.to_str().unwrap()]);
    assert!(said.contains("3 mails") && said.contains("1 letters waited"), "{said}");
    assert_eq!(second.seen(), first.seen());
    assert_eq!((second.archived().len(), mode(&second.archived()[0])), (3, 0o600));
    let checked = second.done(EVENING, &["check"]);
    assert!(checked.contains("the archive holds all 3 mails"), "{checked}");

    second.done("2021-08-02T18:05:00+08:00", &["once"]);
    assert_eq!(second.letters().len(), 0, "what was sent is sent, and what waited may have gone out since");
    assert!(second.ingest_case("lishi-whole", MORNING).contains("1 known"));
    // It came between the backup and the loss of the storage: whether it was answered, nobody here can know.
    assert!(second.ingest_case("sent-twice", "2021-08-02T17:00:00+08:00").contains("1 new"));
    second.done("2021-08-02T18:10:00+08:00", &["once"]);
    assert_eq!(second.letters().len(), 0);
    // What comes from now on is answered as ever.
    second.ingest_case("fenyang-body-table", "2021-08-02T19:00:00+08:00");
    second.done("2021-08-02T19:05:00+08:00", &["once"]);
    assert_eq!(second.letters().len(), 1);
}

#[test]
fn a_storage_that_is_not_empty_is_left_alone() {
    let office = Office::with_mail();
    let backup = office.path("backup.tar");
    office.done(EVENING, &["backup", "--out", backup.to_str().unwrap()]);
    let before = office.seen();
    assert!(office.ended(2, EVENING, &["restore", backup.to_str().unwrap()]).contains("not empty"));
    assert_eq!(office.seen(), before);
}

#[test]
fn a_backup_that_was_cut_off_or_altered_is_refused_whole() {
    let office = Office::with_mail();
    let backup = office.path("backup.tar");
    office.done(EVENING, &["backup", "--out", backup.to_str().unwrap()]);
    let whole = fs::read(&backup).unwrap();
    let other = Office::new();
    let wrong = other.path("wrong.tar");
    let cuts = [0, 1, 511, 512, 4_000, whole.len() / 3, whole.len() / 2, whole.len() - 3 * 512];
    let mut broken: Vec<Vec<u8>> = cuts.iter().map(|cut| whole[..*cut].to_vec()).collect();
    for place in [100_usize, 700, whole.len() / 2, whole.len() - 2_600] {
        let mut altered = whole.clone();
        altered[place] ^= 0x55;
        if altered[place] != whole[place] {
            broken.push(altered);
        }
    }
    for bytes in broken {
        fs::write(&wrong, &bytes).unwrap();
        let said = other.ended(2, EVENING, &["restore", wrong.to_str().unwrap()]);
        assert!(said.contains("no whole backup"), "{said}");
        let left: Vec<_> = fs::read_dir(other.path("data")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["mailtally.lock"], "nothing of it stands in the storage");
    }
    fs::write(&wrong, &whole).unwrap();
    other.done(EVENING, &["restore", wrong.to_str().unwrap()]);
    assert_eq!(other.seen(), office.seen());
}

#[test]
fn a_missing_or_altered_mail_is_named_and_the_rest_is_kept() {
    let office = Office::with_mail();
    let files = office.archived();
    fs::remove_file(&files[0]).unwrap();
    fs::write(&files[1], b"Subject: something else\r\n\r\n").unwrap();
    let backup = office.path("backup.tar");
    let said = office.ended(1, EVENING, &["backup", "--out", backup.to_str().unwrap()]);
    let checked = String::from_utf8(office.tried(EVENING, &["check"]).stdout).unwrap();
    for file in &files[..2] {
        let name = file.file_name().unwrap().to_str().unwrap();
        assert!(said.contains(name), "{name} is not in {said}");
        assert!(checked.lines().any(|line| line.starts_with("FAIL") && line.contains(name)), "{checked}");
    }
    let other = Office::new();
    let told = other.done(EVENING, &["restore", backup.to_str().unwrap()]);
    assert_eq!(told.matches("missing already").count(), 2, "{told}");
    let status = |office: &Office| serde_json::from_str::<Value>(&office.seen()[0]).unwrap()["counts"].clone();
    assert_eq!(status(&other), status(&office), "the tally does not need the mails");
}

#[test]
fn a_backup_is_made_while_others_write() {
    let office = Office::with_mail();
    let mails = office.path("mails");
    fs::create_dir(&mails).unwrap();
    for number in 0..200 {
        let mail = format!("From: a{number}@qq.example\r\nSubject: =?utf-8?B?6ZeuIA==?= {number}\r\n\r\n请问\r\n");
        fs::write(mails.join(format!("{number}.eml")), mail).unwrap();
    }
    let mut writer = office
        .command(NOON, &["ingest", mails.to_str().unwrap()])
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let backups: Vec<PathBuf> = (0..4).map(|number| office.path(&format!("backup-{number}.tar"))).collect();
    for backup in &backups {
        office.done(EVENING, &["backup", "--out", backup.to_str().unwrap()]);
    }
    assert!(writer.wait().unwrap().success());
    for backup in &backups {
        let other = Office::new();
        other.done(EVENING, &["restore", backup.to_str().unwrap()]);
        let checked = other.done(EVENING, &["check"]);
        assert!(checked.contains("the database is sound") && checked.contains("the archive holds all"), "{checked}");
    }
}
