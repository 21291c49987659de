//! Golden cases: each folder of `tests/cases` holds a mail and what `inspect --json` makes of it, word for word.
//!
//! The mails are written by the generator in `src/demo`; `UPDATE_CASES=1` writes mails and expectations anew.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::path::{Path, PathBuf};

use mailtally::cli::inspect_json::document;
use mailtally::config;
use mailtally::demo::campaign_mails;
use mailtally::judge::register::Register;
use mailtally::judge::understand::understand;
use mailtally::read::{self, Limits};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

fn register() -> (Register, chrono::FixedOffset) {
    let (offset, campaigns) =
        config::load_campaigns(&root().join("config/mailtally.toml")).expect("the shipped config");
    (Register::new(campaigns, Vec::new()), offset)
}

fn inspected(mail: &[u8], register: &Register) -> String {
    let understanding = understand(read::open(mail, &Limits::default()), register);
    serde_json::to_string_pretty(&document("mail.eml", &understanding, false)).unwrap() + "\n"
}

#[test]
fn every_case_reads_as_it_always_did() {
    let cases = root().join("tests/cases");
    let (register, offset) = register();
    if std::env::var_os("UPDATE_CASES").is_some() {
        let roster = register.entries()[0].campaign.roster.clone();
        for sample in campaign_mails(&roster, offset).unwrap() {
            let folder = cases.join(&sample.name);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("mail.eml"), &sample.bytes).unwrap();
            fs::write(folder.join("expected.json"), inspected(&sample.bytes, &register)).unwrap();
        }
    }
    let mut folders: Vec<PathBuf> = fs::read_dir(&cases).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    assert!(folders.len() >= 60, "the cases were found");
    let mut different = Vec::new();
    for folder in folders {
        let mail = fs::read(folder.join("mail.eml")).unwrap();
        let expected = fs::read_to_string(folder.join("expected.json")).unwrap();
        let found = inspected(&mail, &register);
        if found != expected {
            let line = expected.lines().zip(found.lines()).position(|(one, other)| one != other).unwrap_or_default();
            let at = |text: &str| text.lines().nth(line).unwrap_or("(end)").trim().to_owned();
            different.push(format!(
                "{}: line {}: expected {}, found {}",
                folder.display(),
                line + 1,
                at(&expected),
                at(&found)
            ));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}
