//! The log: its shapes, its level under a running program, and one line a mail.

use serde_json::Value;

use crate::program::{Program, question};
use crate::support::process::free_port;
use crate::support::scripted_imap::{Script, ScriptedImap};

/// A day with one mail, told in that shape.
async fn day(format: &str) -> String {
    let server = ScriptedImap::start(Script { mails: vec![question()], ..Script::default() }).await;
    let mut program = Program::on(server.account().port, "");
    program.start(&[("MAILTALLY_LOG_FORMAT", format)]);
    program.logged("mail recorded");
    // Looks in which nothing happens leave no line.
    std::thread::sleep(std::time::Duration::from_secs(3));
    program.stop();
    program.log()
}

#[tokio::test(flavor = "multi_thread")]
async fn machines_get_json_with_every_field() {
    let log = day("json").await;
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mails: Vec<&Value> = lines.iter().filter(|line| line["message"] == "mail recorded").collect();
    assert_eq!(mails.len(), 1, "one line a mail:\n{log}");
    for field in ["timestamp", "level", "mail", "nature", "outcome", "seconds"] {
        assert!(!mails[0][field].is_null(), "{field} is missing in {}", mails[0]);
    }
    assert!(lines.len() < 10, "a quiet day is quiet:\n{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_gets_priorities_and_no_time_of_ours() {
    let log = day("journal").await;
    assert!(log.lines().all(|line| line.starts_with("<6>")), "{log}");
    let line = log.lines().find(|line| line.contains("mail recorded")).unwrap();
    assert!(line.starts_with("<6>mail recorded mail="), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warning_in_the_journal_has_its_priority_and_its_code() {
    let mut program = Program::on(free_port(), "");
    program.start(&[("MAILTALLY_LOG_FORMAT", "journal")]);
    program.logged("not reachable");
    program.stop();
    let log = program.log();
    let line = log.lines().find(|line| line.contains("not reachable")).unwrap();
    assert!(line.starts_with("<4>") && line.contains("alarm=mailbox_not_reachable"), "{line}");
    assert_eq!(log.matches("not reachable").count(), 1, "told once:\n{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_level_is_changed_without_a_restart_and_a_wrong_one_is_refused() {
    let server = ScriptedImap::start(Script::default()).await;
    let mut program = Program::on(server.account().port, "[log]\nlevel = \"warn\"\n");
    program.start(&[]);
    crate::program::until(
        "it looks",
        || server.commands_like("EXAMINE").len() + server.commands_like("SELECT").len(),
        |looks| *looks > 1,
    );
    assert!(!program.log().contains(" INFO ") || program.log().lines().all(|line| !line.contains("mailbox opened")));
    let write = |level: &str| {
        let text = std::fs::read_to_string(program.config()).unwrap();
        let start = text.find("[log]").unwrap();
        std::fs::write(program.config(), format!("{}[log]\nlevel = \"{level}\"\n", &text[..start])).unwrap();
        program.signal("-HUP");
    };
    write("debug");
    program.logged("DEBUG");
    write("lowd");
    program.logged("log_setting_refused");
    write("info");
    program.logged("configuration of the campaigns read again");
    std::thread::sleep(std::time::Duration::from_secs(2));
    let quiet = program.log().len();
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert_eq!(program.log().len(), quiet, "debug is over:\n{}", &program.log()[quiet..]);
    program.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_stands_above_the_configuration() {
    let mut program = Program::on(free_port(), "[log]\nlevel = \"trace\"\n");
    program.start(&[("MAILTALLY_LOG", "error")]);
    program.signal("-0");
    std::thread::sleep(std::time::Duration::from_secs(6));
    program.stop();
    assert_eq!(program.log(), "");
}
