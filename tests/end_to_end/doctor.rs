//! `check --online` against a real mailbox: what it says of folders, of hidden mail and of the clock.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::office::{Letters, OFFICE, Office};
use crate::support::dovecot::{Dovecot, PROGRAMS};
use crate::support::have;

const DAY: u64 = 86_400;

/// Seconds since 1970, by the real time: the server goes by it.
fn now() -> u64 {
    #[allow(clippy::disallowed_methods, reason = "the server under test goes by the real time")]
    let now = SystemTime::now();
    now.duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn mail(number: u64) -> Vec<u8> {
    format!("From: a@unit.example\r\nSubject: {number}\r\n\r\n{number}\r\n").into_bytes()
}

/// The code it ended with, and what it said.
fn checked(office: &Office) -> (Option<i32>, String) {
    let output = office.tried(&["check", "--online"]);
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_doctor_sees_hidden_mail_a_forgotten_junk_folder_and_a_wrong_clock() {
    if !have(&PROGRAMS) {
        return;
    }
    let dovecot = Dovecot::start();
    let office = Office::new(&dovecot, &Letters::Folder);
    for age in [0, 5, 12, 20, 29] {
        dovecot.put(OFFICE, "INBOX", &mail(age), now() - age * DAY - 60);
    }
    let (code, said) = checked(&office);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("older mail is probably hidden") && said.contains("收取全部邮件"), "{said}");
    assert!(said.contains("OK   mailbox office (localhost): no mail came later than this machine's clock"), "{said}");
    assert!(said.contains("OK   a mail can be opened in a confined process") && said.contains("MB free"), "{said}");

    dovecot.put(OFFICE, "INBOX", &mail(40), now() - 40 * DAY);
    dovecot.put(OFFICE, "Junk", &mail(41), now() - DAY);
    let (code, said) = checked(&office);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("mail older than a month is shown"), "{said}");
    assert!(said.contains("WARN mailbox office (localhost): folder Junk is not looked into"), "{said}");

    dovecot.put(OFFICE, "INBOX", &mail(50), now() + 3_600);
    let (code, said) = checked(&office);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("FAIL mailbox office (localhost): a mail came 59 min after"), "{said}");
}
