//! The program's outside: exit codes, what stands on stdout, and every mistake told at once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails has to panic"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use mailtally::store::Store;
use serde_json::Value;
use tempfile::TempDir;

const NOW: &str = "2021-08-12T09:00:00+08:00";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

fn run(config: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mailtally"))
        .arg("-c")
        .arg(config)
        .args(arguments)
        .env_remove("MAILTALLY_IMAP_PASSWORD")
        .env_remove("MAILTALLY_SMTP_PASSWORD")
        .output()
        .unwrap()
}

fn said(output: &[u8]) -> String {
    String::from_utf8_lossy(output).into_owned()
}

/// The shipped configuration in a folder of its own, so that its storage is new.
fn office() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let campaign = folder.path().join("campaigns/2021-bayi");
    fs::create_dir_all(&campaign).unwrap();
    for entry in fs::read_dir(root().join("config/campaigns/2021-bayi")).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, campaign.join(path.file_name().unwrap())).unwrap();
    }
    let main = fs::read_to_string(root().join("config/mailtally.toml")).unwrap();
    let file = folder.path().join("mailtally.toml");
    fs::write(&file, main.replace("\"../data\"", "\"data\"")).unwrap();
    (folder, file)
}

fn case(name: &str) -> String {
    root().join("tests/cases").join(name).join("mail.eml").display().to_string()
}

#[test]
fn five_mistakes_are_told_at_once_and_end_with_2() {
    let (folder, file) = office();
    let main = fs::read_to_string(&file).unwrap();
    let main = main.replace("poll_seconds = 60", "poll_seconds = \"often\"").replace("Asia/Shanghai", "Mars/Olympus");
    fs::write(&file, main + "\n[colour]\nred = 1\n").unwrap();
    let campaign = folder.path().join("campaigns/2021-bayi");
    let roster = fs::read_to_string(campaign.join("units.csv")).unwrap();
    let second = roster.lines().nth(1).unwrap().to_owned();
    fs::write(campaign.join("units.csv"), format!("{roster}{second}\n")).unwrap();
    let form = fs::read_to_string(campaign.join("form.toml")).unwrap();
    fs::write(campaign.join("form.toml"), form.replacen("kind = \"count\"", "kind = \"number\"", 1)).unwrap();

    let output = run(&file, &["status"]);
    let words = said(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{words}");
    for named in ["poll_seconds", "timezone", "colour", "units.csv:", "form.toml:"] {
        assert!(words.contains(named), "{named} is not named in:\n{words}");
    }
    let output = run(&file, &["check"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(said(&output.stdout).lines().filter(|line| line.starts_with("FAIL")).count() >= 5);
}

#[test]
fn a_call_that_is_wrong_ends_with_2() {
    let (_folder, file) = office();
    for arguments in [
        &["--campaign", "x", "status"][..],
        &["status", "--campaign", "2020-bayi"],
        &["history", "--unit", "NOBODY"],
        &["--now", "yesterday", "status"],
        &["run", "--now", NOW],
        &["digest"],
        &["fly"],
    ] {
        assert_eq!(run(&file, arguments).status.code(), Some(2), "{arguments:?}");
    }
    assert_eq!(run(Path::new("/nowhere/mailtally.toml"), &["status"]).status.code(), Some(2));
    // The passwords are wanted only where somebody logs in.
    let once = run(&file, &["once"]);
    assert_eq!(once.status.code(), Some(2));
    assert!(said(&once.stderr).contains("MAILTALLY_IMAP_PASSWORD"), "{}", said(&once.stderr));
}

#[test]
fn inspect_needs_the_campaign_alone_and_never_fails_over_a_mail() {
    let (folder, file) = office();
    let broken = folder.path().join("broken.eml");
    fs::write(&broken, b"From: \xff\xfe\r\nContent-Type: multipart/mixed; boundary=\"\r\n\r\n--\r\n\x00").unwrap();
    let broken = broken.display().to_string();
    let main = fs::read_to_string(&file).unwrap();
    fs::write(&file, main.replace("[storage]", "[storage]\nnonsense = true")).unwrap();
    let good = case("sent-twice");
    let output = run(&file, &["inspect", "--json", &good, &broken, &good]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output.stderr));
    let documents: Vec<Value> =
        said(&output.stdout).lines().map(|line| serde_json::from_str(line).expect("one document a line")).collect();
    assert_eq!(documents.len(), 3);
    assert_eq!((&documents[0]["source"], &documents[1]["source"]), (&Value::from(good), &Value::from(broken)));
    for document in &documents {
        assert_eq!(document["schema"], 1);
        for key in ["message", "pieces", "unit", "unit_candidates", "tables", "reports"] {
            assert!(document.get(key).is_some(), "{key} is missing");
        }
    }
    assert!(!folder.path().join("data").exists(), "nothing is recorded");
    assert_eq!(run(&file, &["inspect", "/nowhere/mail.eml"]).status.code(), Some(1));
}

#[test]
fn a_bare_attachment_is_one_piece() {
    let (folder, file) = office();
    let mail = fs::read(case("sent-twice")).unwrap();
    let mail = mailtally::read::open(&mail, &mailtally::read::Limits::default());
    let table = mail.pieces.iter().find(|piece| piece.kind == mailtally::model::mail::Kind::Xlsx).unwrap();
    assert!(table.size > 0);
    let path = folder.path().join("统计表.xlsx");
    fs::write(&path, fs::read(root().join("tests/fixtures/workbook.xlsx")).unwrap()).unwrap();
    let output = run(&file, &["inspect", "--json", &path.display().to_string()]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["message"]["nature"], Value::Null);
    assert_eq!(document["message"]["from"], Value::Null);
    assert_eq!(document["pieces"].as_array().unwrap().len(), 1);
    assert_eq!((&document["pieces"][0]["path"], &document["pieces"][0]["kind"]), (&"1".into(), &"xlsx".into()));
    assert_eq!(document["pieces"][0]["sha256"], document["message"]["sha256"]);
}

#[test]
fn ingest_is_safe_to_repeat_and_the_reading_commands_agree() {
    let (folder, file) = office();
    let cases = root().join("tests/cases").display().to_string();
    let first = run(&file, &["--now", NOW, "ingest", &cases]);
    assert_eq!(first.status.code(), Some(0), "{}", said(&first.stderr));
    let status = |format: &str| said(&run(&file, &["--now", NOW, "status", "--format", format]).stdout);
    let before = status("json");
    let again = run(&file, &["--now", NOW, "ingest", &cases]);
    assert!(said(&again.stdout).contains(" 0 new"), "{}", said(&again.stdout));
    assert_eq!(status("json"), before);

    let document: Value = serde_json::from_str(&before).unwrap();
    let counts = &document["counts"];
    let units = counts["units"].as_u64().unwrap();
    let statuses = ["complete", "partial", "needs_correction", "needs_review", "missing", "waived"];
    assert_eq!(statuses.iter().map(|status| counts[status].as_u64().unwrap()).sum::<u64>(), units);
    assert!(counts["complete"].as_u64().unwrap() >= 40, "{counts}");
    assert_eq!(status("csv").lines().count() as u64, units + 1);
    assert!(status("table").contains("已报齐"));

    let workbook = folder.path().join("汇总表.xlsx");
    assert_eq!(run(&file, &["--now", NOW, "export", "--out", &workbook.display().to_string()]).status.code(), Some(0));
    assert!(fs::read(&workbook).unwrap().starts_with(b"PK"));
    let digest = folder.path().join("digest");
    let output = run(&file, &["--now", NOW, "digest", "--out", &digest.display().to_string()]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output.stderr));
    assert_eq!(fs::read_dir(&digest).unwrap().count(), 3, "the mail, the page and the workbook");
    // On its day the final report stands beside the digest.
    let last = folder.path().join("final");
    let on_the_11th = ["--now", NOW, "digest", "--date", "2021-08-11", "--out", &last.display().to_string()];
    assert_eq!(run(&file, &on_the_11th).status.code(), Some(0));
    let mut names: Vec<String> =
        fs::read_dir(&last).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    let expected = [
        "digest-2021-bayi-2021-08-11.eml",
        "digest-2021-bayi-2021-08-11.html",
        "final-2021-bayi-2021-08-11.eml",
        "final-2021-bayi-2021-08-11.html",
        "汇总表-2021-08-11.xlsx",
        "汇总表-终报-2021-08-11.xlsx",
    ];
    assert_eq!(names, expected);
    let page = fs::read_to_string(last.join("final-2021-bayi-2021-08-11.html")).unwrap();
    assert!(page.contains("<img src=\"data:image/png;base64,") && !page.contains("cid:"), "the page stands alone");
    let history = said(&run(&file, &["history", "--unit", "141102"]).stdout);
    assert!(history.contains("离石区") && history.contains("采用"), "{history}");
}

#[test]
fn a_second_process_on_the_storage_is_refused_and_told_who_has_it() {
    let (folder, file) = office();
    let storage = folder.path().join("data");
    fs::create_dir_all(&storage).unwrap();
    let lock = Store::lock(&storage, "drill").unwrap();
    let output = run(&file, &["ingest", &case("sent-twice")]);
    assert_eq!(output.status.code(), Some(1));
    let words = said(&output.stderr);
    assert!(words.contains(&std::process::id().to_string()) && words.contains("drill"), "{words}");
    drop(lock);
    assert_eq!(run(&file, &["ingest", &case("sent-twice")]).status.code(), Some(0));
}
