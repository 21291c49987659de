//! `once` on a mailbox of two hundred mixed mails, and `run` stopped in the middle of it.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Child, Command};
use std::str::FromStr;
use std::time::{Duration, Instant};

use mailtally::model::mail::Digest;
use rust_decimal::Decimal;
use serde_json::Value;

use crate::crowd::{Mail, shipped, truth, two_hundred};
use crate::office::{Letters, OFFICE, Office, header};
use crate::support::dovecot::{Dovecot, PROGRAMS};
use crate::support::have;

const NOW: &str = "2021-08-12T23:00:00+08:00";

/// A Dovecot whose office holds the mails, some of them in the junk folder.
fn filled(mails: &[Mail]) -> Dovecot {
    let dovecot = Dovecot::start();
    for (number, mail) in mails.iter().enumerate() {
        let folder = if number % 9 == 4 { "垃圾邮件" } else { "INBOX" };
        dovecot.put(OFFICE, folder, &mail.bytes, u64::try_from(mail.received_at.timestamp()).unwrap());
    }
    dovecot
}

fn figures(totals: &Value) -> BTreeMap<String, Decimal> {
    let figure = |sum: &Value| Some(Decimal::from_str(sum.as_str()?).unwrap());
    totals.as_object().unwrap().iter().filter_map(|(key, sum)| Some((key.clone(), figure(sum)?))).collect()
}

fn acks(office: &Office) -> Vec<String> {
    office.outbox().into_iter().filter(|letter| header(letter, "X-Mailtally-Kind") == Some("ack")).collect()
}

#[test]
fn once_gives_the_right_totals_and_one_letter_each() {
    if !have(&PROGRAMS) {
        return;
    }
    let (offset, campaign) = shipped();
    let mails = two_hundred(&campaign, offset);
    let dovecot = filled(&mails);
    let office = Office::new(&dovecot, &Letters::Folder);
    let said = office.done(&["--now", NOW, "once"]);
    let different: BTreeSet<Digest> = mails.iter().map(|mail| Digest::of(&mail.bytes)).collect();
    assert!(said.contains(&format!("{} new", different.len())), "{said}");

    let status = office.status(NOW);
    let truth = truth(&campaign, &mails);
    for unit in status["units"].as_array().unwrap() {
        let (code, row) = (unit["code"].as_str().unwrap(), &unit["row"]);
        let expected = truth.get(code);
        assert_eq!((!row.is_null()).then(|| figures(row)).as_ref(), expected, "{unit:#}");
    }
    let mut sums: BTreeMap<String, Decimal> = BTreeMap::new();
    for (key, figure) in truth.values().flatten() {
        *sums.entry(key.clone()).or_default() += figure;
    }
    assert_eq!(figures(&status["totals"]), sums);
    assert_eq!(status["counts"]["units"], 110);

    // One receipt a mail that is some unit's, in its thread; none to machines, strangers and mail from before.
    let acks = acks(&office);
    let ids: BTreeSet<&str> = acks.iter().filter_map(|letter| header(letter, "Message-ID")).collect();
    assert_eq!(ids.len(), acks.len(), "no letter twice");
    let answered: BTreeSet<&str> = acks.iter().filter_map(|letter| header(letter, "In-Reply-To")).collect();
    assert_eq!(answered.len(), acks.len(), "no mail answered twice");
    let owed: BTreeSet<Digest> = mails
        .iter()
        .filter(|mail| mail.nature == mailtally::model::ledger::Nature::Submission && mail.unit.is_some())
        .filter(|mail| mail.received_at >= campaign.opens)
        .map(|mail| Digest::of(&mail.bytes))
        .collect();
    assert_eq!(acks.len(), owed.len());

    let again = office.done(&["--now", NOW, "once"]);
    assert!(again.contains("0 new") && again.contains("0 sent"), "{again}");
    assert_eq!(office.status(NOW), status);
    for (flags, _) in dovecot.mails(OFFICE, "INBOX") {
        assert!(!flags.contains('S'), "the mailbox is left as it was");
    }
}

fn terminate(daemon: &mut Child) -> Duration {
    let asked = Instant::now();
    assert!(Command::new("kill").arg(daemon.id().to_string()).status().unwrap().success());
    assert_eq!(daemon.wait().unwrap().code(), Some(0), "SIGTERM is no failure");
    asked.elapsed()
}

fn until(what: &str, patience: Duration, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < patience, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_run_that_is_stopped_in_the_middle_ends_as_if_it_never_was() {
    if !have(&PROGRAMS) {
        return;
    }
    let (offset, campaign) = shipped();
    let mails = two_hundred(&campaign, offset);
    let dovecot = filled(&mails);
    let undisturbed = Office::new(&dovecot, &Letters::Folder);
    undisturbed.done(&["once"]);
    let different = mails.iter().map(|mail| Digest::of(&mail.bytes)).collect::<BTreeSet<_>>().len();

    let office = Office::new(&dovecot, &Letters::Folder);
    let mut stops = 0;
    let mut daemon = office.started();
    for at in [20, 60, 120] {
        // Mails are recorded many at a time, so that the last round may find all of them recorded.
        let all = || office.history_lines("来信（") == different;
        let some = || office.log().matches("mail recorded").count() >= 15 || all();
        until("some mails", Duration::from_secs(60), some);
        let taken = terminate(&mut daemon);
        assert!(taken < Duration::from_secs(10), "stopped after {taken:?}");
        let recorded = office.history_lines("来信（");
        stops += usize::from(recorded < different);
        assert!(recorded >= at.min(15), "{recorded} mails were recorded by then");
        daemon = office.started();
    }
    assert!(stops >= 1, "at least once it was stopped in the middle");
    until("all mails", Duration::from_secs(60), || office.history_lines("来信（") == different);
    let letters = acks(&undisturbed).len();
    until("all receipts", Duration::from_secs(60), || acks(&office).len() >= letters);
    terminate(&mut daemon);

    let later = "2099-01-01T00:00:00+08:00";
    assert_eq!(office.status(later), undisturbed.status(later));
    assert_eq!(acks(&office).len(), letters);
    let said = office.done(&["check"]);
    assert!(!said.contains("FAIL"), "{said}");
}
