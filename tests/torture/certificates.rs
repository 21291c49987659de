//! Servers that cannot be trusted: no password reaches them, the log says why, and the office is alerted.

use std::process::Output;
use std::time::{Duration, Instant};

use mailtally::model::account::TlsMode;

use crate::office::{Letters, OFFICE, Office, header};
use crate::scene::{PATIENCE, terminate};
use crate::support::authority::Authority;
use crate::support::dovecot::{Dovecot, PASSWORD, PROGRAMS};
use crate::support::exim::{Exim, PROGRAM};
use crate::support::have;
use crate::support::impostor::{Deceit, Impostor};
use crate::table::{self, Figures};

struct Case {
    name: &'static str,
    deceit: Deceit,
    tls: TlsMode,
    /// What the log says of IMAP, and of SMTP where that can be deceived so.
    told: (&'static str, Option<&'static str>),
    /// Whether only a person can end it.
    alerts: bool,
}

fn cases(good: &Authority, stranger: &Authority) -> Vec<Case> {
    let certificate = |file: &std::path::Path| Deceit::certificate(file, &good.key);
    let tls =
        |name, deceit, told| Case { name, deceit, tls: TlsMode::Implicit, told: (told, Some(told)), alerts: true };
    vec![
        tls("expired", certificate(&good.expired()), "it has expired"),
        tls("another name", certificate(&good.for_another_name()), "it was issued for another name"),
        tls(
            "unknown issuer",
            Deceit::certificate(&stranger.certificate, &stranger.key),
            "nobody this machine trusts has issued it",
        ),
        tls("self-signed", Deceit::certificate(&stranger.ca, &stranger.ca_key), "is not to be trusted"),
        tls("no TLS at all", Deceit::Garbage, "offers no TLS that is safe today"),
        // It may be a server that is started again: no reason to call anybody.
        Case { alerts: false, ..tls("handshake cut", Deceit::CutHandshake, "hung up while TLS was agreed on") },
        Case {
            tls: TlsMode::StartTls,
            told: ("does not do STARTTLS", Some("no STARTTLS")),
            ..tls("STARTTLS stripped", Deceit::NoStartTls, "")
        },
        Case {
            tls: TlsMode::StartTls,
            told: ("does not do STARTTLS", None),
            ..tls("logged in before TLS", Deceit::Preauthenticated, "")
        },
    ]
}

fn says(output: &Output, words: &str) -> bool {
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(!log.contains(PASSWORD), "{log}");
    log.lines().any(|line| line.contains(words))
}

fn pointed_at(office: &Office, section: &str, port: u16, tls: TlsMode, authority: &Authority) {
    let mode = if tls == TlsMode::Implicit { "implicit" } else { "starttls" };
    office.configure(|config| {
        let mut inside = false;
        let line = |line: &str| {
            if line.starts_with('[') {
                inside = line == section;
            }
            match line.split_once(" = ") {
                Some(("port", _)) if inside => format!("port = {port}\n"),
                Some(("tls", _)) if inside => format!("tls = \"{mode}\"\n"),
                Some(("ca_file", _)) if inside => format!("ca_file = \"{}\"\n", authority.ca.display()),
                _ => format!("{line}\n"),
            }
        };
        config.lines().map(line).collect()
    });
}

fn confided_nothing(impostor: &Impostor, case: &Case) {
    let heard = impostor.heard();
    for secret in ["LOGIN", "AUTH", "MAIL", PASSWORD, OFFICE] {
        assert!(!heard.contains(secret), "{}: {heard}", case.name);
    }
}

/// `run` goes on trying, and says so once.
fn is_told_by_the_daemon(dovecot: &Dovecot, case: &Case, good: &Authority) {
    let impostor = Impostor::start(case.deceit.clone(), "* OK ready");
    let office = Office::new(dovecot, &Letters::Folder);
    pointed_at(&office, "[[mailbox]]", impostor.port, case.tls, good);
    let mut daemon = office.started_with(&[("MAILTALLY_HASTE", "20")]);
    let begun = Instant::now();
    let warned = |log: String| {
        let of_it = |line: &&str| line.contains("WARN") && line.contains(case.told.0);
        log.lines().filter(of_it).count()
    };
    while impostor.met() < 3 || office.outbox().is_empty() {
        assert!(begun.elapsed() < PATIENCE, "{}", office.log());
        std::thread::sleep(Duration::from_millis(50));
    }
    terminate(&mut daemon);
    assert_eq!(warned(office.log()), 1, "one line for one trouble: {}", office.log());
    assert_eq!(office.outbox().len(), 1, "one alert, however often it is tried");
    confided_nothing(&impostor, case);
}

#[test]
fn a_server_that_cannot_be_trusted_hears_no_password_and_is_told_of() {
    if !have(&[PROGRAMS[0], PROGRAMS[1], PROGRAM]) || !Exim::is_possible() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (good, stranger) =
        (Authority::new(&folder.path().join("good")), Authority::new(&folder.path().join("stranger")));
    let dovecot = Dovecot::start();
    let exim = Exim::start(&dovecot, &[OFFICE, "staff@office.example"]);
    let cases = cases(&good, &stranger);
    for case in &cases {
        let impostor = Impostor::start(case.deceit.clone(), "* OK ready");
        let office = Office::new(&dovecot, &Letters::Folder);
        pointed_at(&office, "[[mailbox]]", impostor.port, case.tls, &good);
        let output = office.tried(&["once"]);
        assert!(!output.status.success(), "{}", case.name);
        assert!(says(&output, case.told.0), "{}: {}", case.name, String::from_utf8_lossy(&output.stderr));
        confided_nothing(&impostor, case);
        let alerts = office.outbox();
        let alerts = alerts.iter().filter(|letter| header(letter, "X-Mailtally-Kind") == Some("alert")).count();
        assert_eq!(alerts, usize::from(case.alerts), "{}", case.name);

        let Some(told) = case.told.1 else { continue };
        // The alert about a mailbox that nobody listens for is the letter that has to leave.
        let impostor = Impostor::start(case.deceit.clone(), "220 mail ready");
        let nobody = Impostor::start(Deceit::Garbage, "");
        let office = Office::new(&dovecot, &Letters::Exim(&exim));
        pointed_at(&office, "[[mailbox]]", nobody.port, TlsMode::Implicit, &good);
        pointed_at(&office, "[smtp]", impostor.port, case.tls, &good);
        let output = office.tried(&["once"]);
        assert!(says(&output, "the SMTP server was not reached"), "{}", case.name);
        assert!(says(&output, told), "{}: {}", case.name, String::from_utf8_lossy(&output.stderr));
        confided_nothing(&impostor, case);
    }
    is_told_by_the_daemon(&dovecot, &cases[0], &good);
    table::note("servers not trusted", &Figures::default().with("deceits", cases.len()).with("passwords told", 0));
}
