//! Golden cases: each folder of `tests/cases` holds one file, a mail or a bare attachment, and what `inspect --json` makes
//! of it, word for word.
//!
//! The mails of a whole collection are written by the generator in `src/demo`, the files beside them by the modules of
//! `tests/golden`; `UPDATE_CASES=1` writes files and expectations anew. What only real programs write (LibreOffice, WPS's
//! kin) was made by the scripts in `tests/generate` and is kept as they wrote it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "golden/containers.rs"]
mod containers;
#[path = "golden/documents.rs"]
mod documents;
#[path = "golden/fixed.rs"]
mod fixed;
#[path = "golden/forms.rs"]
mod forms;
#[path = "golden/mails.rs"]
mod mails;
#[path = "golden/reports.rs"]
mod reports;
#[path = "golden/workbooks.rs"]
mod workbooks;

use std::fs;
use std::path::{Path, PathBuf};

use mailtally::cli::inspect::inspected;
use mailtally::cli::inspect_json::document;
use mailtally::config;
use mailtally::demo::campaign_mails;
use mailtally::judge::register::Register;
use mailtally::read::Limits;
use mailtally::work::opener::Opener;

/// One file to be inspected.
pub struct Case {
    /// The folder under `tests/cases`.
    pub name: String,
    /// The file's name in it, as a unit might have named it.
    pub file: String,
    pub bytes: Vec<u8>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

fn register() -> (Register, chrono::FixedOffset) {
    let (offset, campaigns) =
        config::load_campaigns(&root().join("config/mailtally.toml")).expect("the shipped config");
    (Register::new(campaigns, Vec::new()), offset)
}

fn generated(register: &Register, offset: chrono::FixedOffset) -> Vec<Case> {
    let roster = register.entries()[0].campaign.roster.clone();
    let mut cases: Vec<Case> = campaign_mails(&roster, offset)
        .unwrap()
        .into_iter()
        .map(|sample| Case { name: sample.name, file: "mail.eml".to_owned(), bytes: sample.bytes })
        .collect();
    for of_topic in [
        containers::cases,
        documents::cases,
        fixed::cases,
        forms::cases,
        mails::cases,
        reports::cases,
        workbooks::cases,
    ] {
        cases.extend(of_topic());
    }
    cases
}

fn told(name: &str, bytes: &[u8], register: &Register) -> String {
    let (understanding, bare) = inspected(bytes, name, register, &Opener::Here(Limits::default())).unwrap();
    serde_json::to_string_pretty(&document(name, &understanding, bare)).unwrap() + "\n"
}

/// The one file of a case beside its expectation.
fn input(folder: &Path) -> PathBuf {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().is_some_and(|name| name != "expected.json"))
        .collect();
    assert_eq!(files.len(), 1, "one input in {}", folder.display());
    files.remove(0)
}

#[test]
fn every_case_reads_as_it_always_did() {
    let cases = root().join("tests/cases");
    let (register, offset) = register();
    let update = std::env::var_os("UPDATE_CASES").is_some();
    if update {
        for case in generated(&register, offset) {
            let folder = cases.join(&case.name);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(&case.file), &case.bytes).unwrap();
        }
    }
    let mut folders: Vec<PathBuf> = fs::read_dir(&cases).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    assert!(folders.len() >= 60, "the cases were found");
    let mut different = Vec::new();
    for folder in folders {
        let file = input(&folder);
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let found = told(&name, &fs::read(&file).unwrap(), &register);
        if update {
            fs::write(folder.join("expected.json"), &found).unwrap();
        }
        let expected = fs::read_to_string(folder.join("expected.json")).unwrap();
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
