//! `/healthz` and `/metrics` of the running program.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::exposition::{self, Exposition};
use crate::program::{Program, question, until};
use crate::support::process::find;
use crate::support::scripted_imap::{Fault, Script, ScriptedImap};

#[tokio::test(flavor = "multi_thread")]
async fn a_program_at_work_is_well_and_counts_what_it_does() {
    let server = ScriptedImap::start(Script { mails: vec![question()], ..Script::default() }).await;
    let mut program = Program::on(server.account().port, "");
    program.start(&[]);
    program.logged("mail recorded");
    let (status, body) = until("it is well", || program.page("/healthz"), |(status, _)| *status == 200);
    let health: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &health["status"]), (200, &Value::from("ok")), "{body}");
    let facts: BTreeSet<&str> =
        health["facts"].as_array().unwrap().iter().map(|fact| fact["fact"].as_str().unwrap()).collect();
    assert_eq!(facts, BTreeSet::from(["clock", "database", "disk", "loops", "mailbox", "outbox"]), "{body}");

    let (status, text) = program.page("/metrics");
    assert_eq!(status, 200);
    let metrics = Exposition::parse(&text).unwrap();
    let nature = |nature: &str| metrics.value("mailtally_mails", &[("nature", nature)]).unwrap();
    assert_eq!(nature("question") + nature("foreign"), 1.0, "{text}");
    let missing = metrics.value("mailtally_units", &[("campaign", "2021-bayi"), ("status", "missing")]);
    assert!(missing.unwrap() > 50.0, "{text}");
    assert_eq!(metrics.value("mailtally_take_in_seconds_count", &[]), Some(1.0));
    assert!(metrics.value("mailtally_poll_age_seconds", &[("mailbox", "office")]).unwrap() < 60.0);
    assert!(metrics.value("mailtally_polls_total", &[("mailbox", "office"), ("outcome", "well")]).unwrap() >= 1.0);
    assert!(metrics.value("process_start_time_seconds", &[]).unwrap() > 1.6e9);
    assert!(!text.contains('@') && !text.contains("zhangsan") && !body.contains('@'), "no address: {text}{body}");

    // Nothing else is answered, and nothing is read for long.
    assert!(program.says(b"POST /healthz HTTP/1.1\r\nHost: x\r\n\r\n").starts_with("HTTP/1.1 405"));
    assert!(program.says(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").starts_with("HTTP/1.1 404"));
    let long = format!("GET /healthz HTTP/1.1\r\nHost: {}\r\n\r\n", "x".repeat(100_000));
    assert!(!program.says(long.as_bytes()).contains(" 200 "), "a head without bounds");
    let many: String = (0..100).map(|number| format!("X-{number}: x\r\n")).collect();
    assert!(!program.says(format!("GET /healthz HTTP/1.1\r\n{many}\r\n").as_bytes()).contains(" 200 "));
    // Eight that say nothing are all that is borne at once, and are hung up on.
    let mut silent: Vec<TcpStream> = Vec::new();
    for _ in 0..8 {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, program.status_port)).unwrap();
        stream.write_all(b"GET /heal").unwrap();
        silent.push(stream);
    }
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert_eq!(program.says(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"), "", "the ninth");
    until("silent visitors are hung up on", || program.page("/healthz").0, |status| *status == 200);

    assert_eq!(program.stop().code(), Some(0));
    let log = program.log();
    assert!(log.contains("mail recorded") && !log.contains('@'), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_login_is_no_health() {
    let refused = Fault::Say(b"TAG NO LOGIN Login error or password error\r\n".to_vec());
    let server = ScriptedImap::start(Script { faults: vec![("LOGIN", refused)], ..Script::default() }).await;
    let mut program = Program::on(server.account().port, "");
    program.start(&[]);
    let (_, body) = until("it is not well", || program.page("/healthz"), |(status, _)| *status == 503);
    let health: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(health["status"], "failed");
    let failed: Vec<&Value> = health["facts"].as_array().unwrap().iter().filter(|fact| fact["ok"] == false).collect();
    assert_eq!(failed.len(), 1, "{body}");
    assert_eq!((&failed[0]["fact"], &failed[0]["name"]), (&Value::from("mailbox"), &Value::from("office")));
    assert!(!body.contains("password error"), "what servers say stays in the log: {body}");
    program.logged("imap_login_refused");
    program.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_ends_it_with_words() {
    let server = ScriptedImap::start(Script::default()).await;
    let mut program = Program::on(server.account().port, "");
    let _taken = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, program.status_port)).unwrap();
    program.start(&[]);
    program.logged("[status] listen");
    assert!(program.log().contains("cannot be had"), "{}", program.log());
}

/// The lint: ours at any rate, Prometheus's own where it is installed.
#[tokio::test(flavor = "multi_thread")]
async fn the_metrics_are_as_prometheus_wants_them_and_dashboard_and_rules_name_no_others() {
    let server = ScriptedImap::start(Script { mails: vec![question()], ..Script::default() }).await;
    let mut program = Program::on(server.account().port, "");
    program.start(&[]);
    program.logged("mail recorded");
    let (_, text) = until("there are metrics", || program.page("/metrics"), |(status, _)| *status == 200);
    program.stop();
    let metrics = Exposition::parse(&text).unwrap();
    assert_eq!(metrics.lint(), Vec::<String>::new());
    let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy");
    let read = |name: &str| std::fs::read_to_string(deploy.join(name)).unwrap();
    let (rules, dashboard) = (read("alerts.yml"), read("grafana-dashboard.json"));
    serde_json::from_str::<Value>(&dashboard).unwrap();
    let told = metrics.names();
    let mut used = exposition::named_in(&rules);
    used.extend(exposition::named_in(&dashboard));
    assert!(used.len() > 10, "{used:?}");
    for name in &used {
        assert!(told.contains(name), "{name} is no metric: {told:?}");
    }
    let codes: Vec<&str> = mailtally::model::alarm::Alarm::ALL.iter().map(|alarm| alarm.code()).collect();
    let descriptions = rules.lines().filter(|line| line.contains("description:"));
    for named in descriptions.filter_map(|line| line.split_once("alarm ")).map(|(_, rest)| rest) {
        let word: String = named.chars().take_while(|letter| letter.is_ascii_lowercase() || *letter == '_').collect();
        assert!(codes.contains(&word.as_str()), "{word} is no alarm");
    }
    let Some(promtool) = find("promtool") else { return };
    let mut lint = Command::new(&promtool).args(["check", "metrics"]).stdin(Stdio::piped()).spawn().unwrap();
    lint.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(lint.wait().unwrap().success(), "promtool does not like:\n{text}");
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/watched/alerts_test.yml");
    for (command, file) in [("check", deploy.join("alerts.yml")), ("test", cases)] {
        let tried = Command::new(&promtool).args([command, "rules"]).arg(file).output().unwrap();
        let said = [tried.stdout, tried.stderr].map(|words| String::from_utf8_lossy(&words).into_owned()).concat();
        assert!(tried.status.success(), "promtool {command} rules: {said}");
    }
}
