//! A roster that is changed under the running daemon: taken where it is right, told and left where it is wrong.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::office::{Letters, Office};
use crate::support::dovecot::{Dovecot, PROGRAMS};
use crate::support::have;

/// Waits until the daemon has logged these words so often.
fn logged(office: &Office, words: &str, times: usize) {
    let until = Instant::now() + Duration::from_secs(60);
    while office.log().matches(words).count() < times {
        assert!(Instant::now() < until, "{words} was not logged {times} times:\n{}", office.log());
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_roster_is_reloaded_without_a_restart() {
    if !have(&PROGRAMS) {
        return;
    }
    let dovecot = Dovecot::start();
    let office = Office::new(&dovecot, &Letters::Folder);
    let mut daemon = office.started();
    let pid = daemon.id().to_string();
    logged(&office, "mailbox opened", 1);
    office.edit("units.csv", |text| format!("{text}N1,新设局,市直,,xsj@new.example,,\n"));
    logged(&office, "1 units added, 0 removed, 0 changed", 1);
    office.edit("units.csv", |text| format!("{text}N1,又一个,市直,,没有,,\n"));
    logged(&office, "what was read before stays in force", 2);
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(office.log().matches("stays in force").count(), 2, "each mistake is told once:\n{}", office.log());
    assert!(office.log().contains("units.csv:"), "with its file and line");
    office.edit("units.csv", |text| {
        text.lines().filter(|line| !line.contains("N1")).map(|line| format!("{line}\n")).collect()
    });
    logged(&office, "0 units added, 1 removed, 0 changed", 1);
    assert!(Command::new("kill").args(["-HUP", &pid]).status().unwrap().success());
    logged(&office, "no unit and no deadline", 1);
    assert!(Command::new("kill").arg(&pid).status().unwrap().success());
    assert_eq!(daemon.wait().unwrap().code(), Some(0), "SIGHUP did not end it");
}
