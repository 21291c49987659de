//! Holds the house's floors: imports point downward only, siblings on the middle floor never import each other, SQL
//! stands in `store` alone, and every file opens with its one job.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::string_slice,
    clippy::indexing_slicing,
    reason = "a test that fails has to panic"
)]

#[path = "floors/sources.rs"]
mod sources;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use sources::{all_sources, sources_in};

/// What each module of the crate may import from the others.
const MAY_IMPORT: [(&str, &[&str]); 16] = [
    ("model", &[]),
    ("read", &["model"]),
    ("judge", &["model"]),
    ("wire", &["model"]),
    ("inbox", &["model", "wire"]),
    ("post", &["model", "wire"]),
    ("archive", &["model"]),
    ("dkim", &["model"]),
    ("sandbox", &["model"]),
    ("store", &["model"]),
    ("clock", &[]),
    ("work", &["model", "read", "judge", "inbox", "post", "archive", "dkim", "sandbox", "store", "clock"]),
    ("config", &["model"]),
    ("daemon", &["model", "judge", "inbox", "post", "store", "clock", "work"]),
    ("demo", &["model", "read", "judge", "post", "archive", "sandbox", "store", "clock", "work", "config", "daemon"]),
    (
        "cli",
        &[
            "model", "read", "judge", "inbox", "post", "archive", "dkim", "sandbox", "store", "clock", "work",
            "config", "daemon", "demo",
        ],
    ),
];

/// The module of the crate's top a file belongs to.
fn module(path: &Path) -> String {
    let below = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    let first = below.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// The program's own part of a file: without its test modules, which may look anywhere.
fn without_tests(text: &str) -> &str {
    text.find("#[cfg(test)]\nmod tests {").map_or(text, |start| &text[..start])
}

/// Whether a file holds nothing but tests.
fn is_test_file(path: &Path) -> bool {
    let name = path.file_stem().unwrap().to_string_lossy();
    name == "tests"
        || name == "testing"
        || name.ends_with("_tests")
        || path.components().any(|part| part.as_os_str() == "tests")
}

#[test]
fn imports_point_downward_only() {
    let mut wrong = Vec::new();
    for path in all_sources().into_iter().filter(|path| !is_test_file(path)) {
        let module = module(&path);
        if module == "main" || module == "lib" {
            continue;
        }
        let (_, allowed) =
            MAY_IMPORT.iter().find(|(name, _)| *name == module).unwrap_or_else(|| panic!("{module} has no floor"));
        let text = fs::read_to_string(&path).unwrap();
        let imported: BTreeSet<String> = without_tests(&text)
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .flat_map(|line| line.split("crate::").skip(1).map(str::to_owned).collect::<Vec<_>>())
            .map(|rest| rest.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect())
            .filter(|name: &String| MAY_IMPORT.iter().any(|(known, _)| known == name))
            .collect();
        for name in imported.into_iter().filter(|name| *name != module && !allowed.contains(&name.as_str())) {
            wrong.push(format!("{} imports {name}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn sql_stands_in_the_store_alone() {
    for path in all_sources().into_iter().filter(|path| module(path) != "store") {
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains("sqlx::query"), "{} holds SQL", path.display());
    }
}

#[test]
fn reading_and_judging_touch_no_disk_and_no_network() {
    for path in all_sources().into_iter().filter(|path| ["read", "judge", "model"].contains(&module(path).as_str())) {
        if is_test_file(&path) {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for banned in ["std::fs", "std::net", "tokio::", "sqlx", "SystemTime", "Instant::now"] {
            assert!(!without_tests(&text).contains(banned), "{} uses {banned}", path.display());
        }
    }
}

#[test]
fn every_file_opens_with_its_one_job() {
    for path in all_sources() {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//! "), "{} does not open with //!", path.display());
        assert!(!text.starts_with("//! ("), "{} is not written", path.display());
    }
}

#[test]
fn every_file_is_part_of_the_program() {
    for path in all_sources() {
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        if ["main", "lib"].contains(&stem.as_str()) {
            continue;
        }
        // `a/mod.rs` is declared where `a` stands; everything else in its folder's own file.
        let (name, folder) = match (stem.as_str(), path.parent().unwrap()) {
            ("mod", folder) => (folder.file_name().unwrap().to_string_lossy().into_owned(), folder.parent().unwrap()),
            (_, folder) => (stem, folder),
        };
        let declared = [folder.join("mod.rs"), folder.join("lib.rs"), folder.with_extension("rs")]
            .iter()
            .filter_map(|file| fs::read_to_string(file).ok())
            .any(|text| text.contains(&format!("mod {name};")));
        assert!(declared, "{} belongs to nothing", path.display());
    }
}

/// The names of all tests in the sources.
fn all_tests() -> BTreeSet<String> {
    let mut tests = BTreeSet::new();
    for path in all_sources().into_iter().chain(sources_in("tests")) {
        let text = fs::read_to_string(path).unwrap();
        let mut marked = false;
        for line in text.lines().map(str::trim_start) {
            if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
                marked = true;
            } else if let (true, Some((_, after))) = (marked, line.split_once("fn ")) {
                tests.extend(after.split_once('(').map(|(name, _)| name.to_owned()));
                marked = false;
            }
        }
    }
    tests
}

#[test]
fn every_test_that_the_threat_model_names_exists() {
    let tests = all_tests();
    let model = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/security.md")).unwrap();
    let (mut threats, mut wrong) = (0, Vec::new());
    let mut in_table = false;
    for line in model.lines() {
        in_table = line.starts_with("| threat |") || in_table && line.starts_with('|');
        if !in_table || line.starts_with("| threat |") || line.starts_with("| ---") {
            continue;
        }
        threats += 1;
        let shown_by = line.trim_end_matches([' ', '|']).rsplit('|').next().unwrap();
        let named: Vec<&str> = shown_by.split('`').skip(1).step_by(2).filter(|name| !name.contains('-')).collect();
        if named.is_empty() {
            wrong.push(format!("no test: {line}"));
        }
        wrong.extend(
            named.into_iter().filter(|name| !tests.contains(*name)).map(|name| format!("no such test: {name}")),
        );
    }
    assert!(threats > 40, "the tables were read: {threats} threats");
    assert!(wrong.is_empty(), "docs/security.md: {}", wrong.join("\n"));
}
