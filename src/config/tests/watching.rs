//! `[log]` and `[status]`: what is taken, and what is told of what is not.

use super::*;

fn with(section: &str) -> Copy {
    let copy = Copy::new();
    copy.change(&copy.main(), "[campaigns]", &format!("{section}\n\n[campaigns]"));
    copy
}

#[test]
fn nothing_listens_and_the_log_is_as_usual_where_nothing_is_said() {
    let config = load(&Copy::new().main()).unwrap();
    assert_eq!((config.status, config.log), (None, LogConfig::default()));
}

#[test]
fn a_listener_stays_on_this_machine_unless_somebody_says_otherwise() {
    let listens = |section: &str| load(&with(section).main()).map(|config| config.status.unwrap().listen.to_string());
    assert_eq!(listens("[status]\nlisten = \"127.0.0.1:9925\"").unwrap(), "127.0.0.1:9925");
    assert_eq!(listens("[status]\nlisten = \"[::1]:9925\"").unwrap(), "[::1]:9925");
    let open = "[status]\nlisten = \"0.0.0.0:9925\"";
    let told = with(open).mistakes();
    assert!(
        told.len() == 1 && told[0].contains("allow_remote = true") && told[0].contains("127.0.0.1:9925"),
        "{told:?}"
    );
    assert_eq!(listens(&format!("{open}\nallow_remote = true")).unwrap(), "0.0.0.0:9925");
    for (wrong, words) in [
        ("[status]\nlisten = \"9925\"", "no address with a port"),
        ("[status]\nallow_remote = true", "is missing"),
        ("[status]\nlisten = \"127.0.0.1:9925\"\nlisten_on = 1", "no known key"),
    ] {
        let told = with(wrong).mistakes();
        assert!(told.len() == 1 && told[0].contains(words), "{told:?}");
    }
}

#[test]
fn a_level_is_one_that_exists() {
    let level = |text: &str| load_log(&with(&format!("[log]\nlevel = \"{text}\"")).main());
    for right in ["debug", "info,mailtally::inbox=debug", "warn, mailtally::work=trace"] {
        assert_eq!(level(right).unwrap().level.as_deref(), Some(right));
    }
    let told = level("debgu").unwrap_err().to_string();
    assert!(told.contains("mailtally.toml:") && told.contains("did you mean `debug`?"), "{told}");
    assert!(level("mailtally::inbox").is_err(), "a part without a level would silence the rest");
    assert!(level("info,a b=debug").is_err());
    let told = with("[log]\nlevel = \"loud\"").mistakes();
    assert!(told.len() == 1 && told[0].contains("log.level"), "{told:?}");
}

#[test]
fn the_level_can_be_read_while_the_rest_is_wrong() {
    let copy = with("[log]\nlevel = \"debug\"");
    copy.change(&copy.main(), "poll_seconds = 60", "poll_seconds = \"often\"");
    assert!(load(&copy.main()).is_err());
    assert_eq!(load_log(&copy.main()).unwrap().level.as_deref(), Some("debug"));
}
