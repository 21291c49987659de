//! A large mailbox in which nothing is new: one poll of a running daemon, and a whole `once`.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use super::stored::kept;
use crate::Sizes;
use crate::mailbox::{OFFICE, Plan, Weight};
use crate::measure::{Rounds, end, run};
use crate::office::{Office, Reach, dovecot, fill_maildir};
use crate::report::{Measure, Report};
use crate::support::dovecot::Dovecot;
use crate::wire::Relay;

/// Units on the roster; none of them has written.
const UNITS: u32 = 150;
/// Between two polls lies a second; within one, far less.
const PAUSE: Duration = Duration::from_millis(300);

pub fn measure(sizes: &Sizes, report: &mut Report) {
    let mails = sizes.quiet;
    // The server's numbers for the mails are kept with the mailbox, so the storage stays good.
    let folder = kept(sizes, &format!("quiet-{mails}"), |folder| {
        let plan = Plan { mails, units: UNITS, weight: Weight::Line };
        fill_maildir(&folder.join("mail").join(OFFICE), plan);
        let dovecot = dovecot(&folder.join("mail"));
        let office = office(folder, &dovecot, dovecot.tls_port);
        run(&mut office.command(&["once"]));
    });
    let dovecot = dovecot(&folder.join("mail"));
    polls(sizes, report, &folder, &dovecot);
    let office = office(&folder, &dovecot, dovecot.tls_port);
    run(&mut office.command(&["once"]));
    let taken: Vec<_> = (0..sizes.rounds * 4).map(|_| run(&mut office.command(&["once"]))).collect();
    let walls = Rounds::new(taken.iter().map(|taken| taken.wall * 1000.0).collect());
    report.row(
        format!("`once` with nothing new, mailbox of {mails}, whole process"),
        Measure::Milliseconds(30.0),
        &walls,
    );
}

fn office(folder: &std::path::Path, dovecot: &Dovecot, port: u16) -> Office {
    Office::new(folder, UNITS, &Reach::Tls(dovecot, port))
}

/// The daemon polls every second through a relay; each exchange is one poll.
fn polls(sizes: &Sizes, report: &mut Report, folder: &PathBuf, dovecot: &Dovecot) {
    let relay = Relay::to(dovecot.tls_port);
    let office = office(folder, dovecot, relay.port);
    let mut daemon = office.command_now(&["run"]);
    let daemon = daemon.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(Duration::from_secs(3 + sizes.rounds as u64 * 2));
    let exchanges = relay.exchanges(PAUSE);
    end(daemon);
    // The first is the login and the first look; the last may not be whole.
    let whole = exchanges.get(1..exchanges.len().saturating_sub(1)).unwrap_or_default();
    let (time, wire) = (Measure::Milliseconds(0.5), Measure::Octets(500.0));
    let what = format!("a poll with nothing new, connection open, mailbox of {}", sizes.quiet);
    if whole.is_empty() {
        panic!("the daemon did not poll: {} exchanges", exchanges.len());
    }
    let lasted = whole.iter().map(|exchange| {
        let (first, last) = (exchange[0].at, exchange[exchange.len() - 1].at);
        last.saturating_duration_since(first).as_secs_f64() * 1000.0
    });
    report.row(format!("{what}: time on the wire"), time, &Rounds::new(lasted.collect()));
    let octets = whole.iter().map(|exchange| exchange.iter().map(|passed| passed.octets as f64).sum());
    report.row(format!("{what}: octets, both ways, under TLS"), wire, &Rounds::new(octets.collect()));
}
