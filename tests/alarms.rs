//! The alarms: the document is made of the table, every line of the log that asks for an action is one, and each is used.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that fails has to panic"
)]

#[path = "floors/sources.rs"]
mod sources;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use mailtally::model::alarm::{Alarm, table};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn all_sources() -> Vec<(PathBuf, String)> {
    sources::all_sources().into_iter().map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

#[test]
fn the_document_is_the_table() {
    let file = root().join("docs/alarms.md");
    if std::env::var_os("UPDATE_ALARMS").is_some() {
        fs::write(&file, table()).unwrap();
    }
    let written = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        written == table(),
        "docs/alarms.md is not what src/model/alarm.rs says: run UPDATE_ALARMS=1 cargo test --test alarms"
    );
}

#[test]
fn codes_and_lines_are_told_apart_and_every_alarm_has_cause_and_cure() {
    let codes: BTreeSet<&str> = Alarm::ALL.iter().map(|alarm| alarm.code()).collect();
    let lines: BTreeSet<&str> = Alarm::ALL.iter().map(|alarm| alarm.line()).collect();
    assert_eq!((codes.len(), lines.len()), (Alarm::ALL.len(), Alarm::ALL.len()));
    for alarm in Alarm::ALL {
        let code = alarm.code();
        assert!(code.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_'), "{code}");
        assert!(alarm.cause().len() > 10 && alarm.cause().ends_with(['.', ')']), "{code}: {}", alarm.cause());
        assert!(alarm.cure().len() > 5 && alarm.cure().ends_with('.'), "{code}: {}", alarm.cure());
        assert!(!alarm.cause().contains('|') && !alarm.cure().contains('|'), "{code} would break the table");
    }
}

#[test]
fn no_line_asks_for_an_action_but_an_alarm_and_every_alarm_is_raised_somewhere() {
    let mut raised = BTreeSet::new();
    for (path, text) in all_sources() {
        if path.ends_with("model/alarm.rs") {
            continue;
        }
        for bare in ["tracing::warn!", "tracing::error!", "Level::WARN,", "Level::ERROR,"] {
            assert!(!text.contains(bare), "{} uses {bare}: raise an alarm, or say it at info", path.display());
        }
        for rest in text.split("Alarm::").skip(1) {
            raised.insert(rest.chars().take_while(|letter| letter.is_alphanumeric()).collect::<String>());
        }
    }
    for alarm in Alarm::ALL {
        assert!(raised.contains(&format!("{alarm:?}")), "{alarm:?} is raised nowhere");
    }
}
