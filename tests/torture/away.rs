//! Servers that go away and come back, and servers that keep the program waiting when it is told to stop.

use std::collections::BTreeSet;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use mailtally::model::letter::LetterState;

use crate::office::Office;
use crate::scene::{PATIENCE, Scene, account, calm, letters, recorded, terminate};
use crate::support::exim::Exim;
use crate::support::faulty::{Fault, Faulty, Plan};
use crate::support::process::run;
use crate::table::{self, Figures};

/// Every wait a hundredth of what it would be: the first pause 0.05 s, the longest 3 s.
const HASTE: (&str, &str) = ("MAILTALLY_HASTE", "100");
const LONGEST: u64 = 3_000;
const PAUSES: [u64; 8] = [50, 100, 200, 400, 800, 1_600, LONGEST, LONGEST];

fn hangs_up() -> Plan {
    Box::new(|| Some((Fault::Close, 0)))
}

fn honest() -> Plan {
    Box::new(|| None)
}

/// Ends what connections there are.
async fn interrupt(line: &Faulty) {
    line.go_away(true);
    tokio::time::sleep(Duration::from_millis(60)).await;
    line.go_away(false);
}

/// The gaps between the connections from the `first`th on, in milliseconds.
async fn gaps(line: &Faulty, first: usize, count: usize) -> Vec<u64> {
    let begun = Instant::now();
    loop {
        let dialled = line.dialled();
        if dialled.len() > first + count {
            let gap = |pair: &[Instant]| u64::try_from((pair[1] - pair[0]).as_millis()).unwrap();
            return dialled[first..=first + count].windows(2).map(gap).collect();
        }
        assert!(begun.elapsed() < PATIENCE, "dialled {} times", dialled.len());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn until_recorded(office: &Office, scene: &Scene, mails: usize) {
    let begun = Instant::now();
    while recorded(office, scene.offset).await < mails {
        assert!(begun.elapsed() < PATIENCE, "not all was recorded:\n{}", office.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A hundredth of a day is a quarter of an hour; what matters is that the pauses have reached their longest.
#[tokio::test]
async fn servers_that_were_away_for_a_day_are_found_again_without_a_restart() {
    if !Exim::is_possible() {
        return;
    }
    let scene = Scene::with(12);
    let imap = Faulty::honest(scene.dovecot.port);
    let smtp = Faulty::honest(scene.exim.port);
    let office = scene.office_behind(&imap, &smtp);
    scene.deliver(&scene.mails[..4]);
    let mut daemon = office.started_with(&[HASTE]);
    until_recorded(&office, &scene, 4).await;

    // A server that hangs up on everybody: each pause is twice the last, up to the longest.
    imap.plan(hangs_up());
    interrupt(&imap).await;
    let first = imap.dialled().len();
    let gaps_away = gaps(&imap, first, PAUSES.len()).await;
    // The first of them may belong to the moment in which nobody listened.
    let begins = PAUSES.iter().position(|pause| gaps_away[0] < pause * 2).unwrap();
    for (gap, pause) in gaps_away.iter().zip(PAUSES.iter().chain(std::iter::repeat(&LONGEST)).skip(begins)) {
        assert!(*gap >= pause - 20, "no attempt before its time: {gaps_away:?}");
        assert!(*gap <= pause * 12 / 10 + 2_500, "a fifth longer at most: {gaps_away:?}");
    }

    // Then nobody listens at all, at either port, and mail comes meanwhile.
    imap.go_away(true);
    smtp.go_away(true);
    scene.deliver(&scene.mails[4..8]);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(recorded(&office, scene.offset).await, 4);
    imap.plan(honest());
    imap.go_away(false);
    let back = Instant::now();
    until_recorded(&office, &scene, 8).await;
    assert!(back.elapsed() < Duration::from_secs(20), "found again after {:?}", back.elapsed());
    // Mail is read while letters cannot leave; they wait, and none is given up.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let states = letters(&office, scene.offset).await;
    assert!(states.contains_key(&LetterState::Queued), "{states:?}");
    smtp.go_away(false);
    scene.deliver(&scene.mails[8..]);
    calm(&scene, &office, &mut daemon).await;

    // What went well begins the pauses anew.
    imap.plan(hangs_up());
    interrupt(&imap).await;
    let first = imap.dialled().len();
    let gaps_again = gaps(&imap, first, 1).await;
    assert!(gaps_again[0] < LONGEST, "the pauses began anew: {gaps_again:?}");
    terminate(&mut daemon);
    let account = account(&scene, &office).await;
    assert_eq!(account.held, 0, "a server that was away has taken nothing");
    table::note("servers away", &Figures::of(account).with("outages", 3));
}

struct Waiting {
    line: Faulty,
    other: Faulty,
    office: Office,
    daemon: Child,
    fault: (Fault, usize),
}

/// With the deadlines of a release, up to three minutes long: stopping does not wait for them.
#[tokio::test]
async fn sigterm_ends_it_within_ten_seconds_whatever_a_server_does() {
    if !Exim::is_possible() {
        return;
    }
    let scene = Scene::with(6);
    scene.deliver(&scene.mails);
    let of_imap = [(Fault::Stall, 0), (Fault::Stall, 4), (Fault::StallInLiteral, 1), (Fault::Trickle, 9)];
    let of_smtp = [(Fault::Stall, 0), (Fault::Trickle, 2), (Fault::StallAfterDot, 1)];
    let wait = |fault: (Fault, usize), of_smtp: bool| {
        let plan: Plan = Box::new(move || Some(fault));
        let (imap, smtp) = if of_smtp {
            (Faulty::honest(scene.dovecot.port), Faulty::start(scene.exim.port, plan))
        } else {
            (Faulty::start(scene.dovecot.port, plan), Faulty::honest(scene.exim.port))
        };
        let office = scene.office_behind(&imap, &smtp);
        let daemon = office.started();
        let (line, other) = if of_smtp { (smtp, imap) } else { (imap, smtp) };
        Waiting { line, other, office, daemon, fault }
    };
    let mut waiting: Vec<Waiting> = of_imap.into_iter().map(|fault| wait(fault, false)).collect();
    waiting.extend(of_smtp.into_iter().map(|fault| wait(fault, true)));
    let begun = Instant::now();
    while waiting.iter().any(|waiting| waiting.line.happened().is_empty()) {
        let late: BTreeSet<Fault> = waiting
            .iter()
            .filter(|waiting| waiting.line.happened().is_empty())
            .map(|waiting| waiting.fault.0)
            .collect();
        assert!(begun.elapsed() < PATIENCE, "never came so far: {late:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut longest = Duration::ZERO;
    for stopping in waiting.chunks_mut(4) {
        let asked = Instant::now();
        for waiting in &*stopping {
            run(Command::new("kill").arg(waiting.daemon.id().to_string()));
        }
        for waiting in stopping {
            let status = loop {
                match waiting.daemon.try_wait().unwrap() {
                    Some(status) => break status,
                    None => tokio::time::sleep(Duration::from_millis(20)).await,
                }
            };
            let taken = asked.elapsed();
            assert!(taken < Duration::from_secs(10), "{:?}: stopped after {taken:?}", waiting.fault);
            assert_eq!(status.code(), Some(0), "{:?}: {}", waiting.fault, waiting.office.log());
            longest = longest.max(taken);
            waiting.other.go_away(true);
        }
    }
    let shown = format!("{:.1} s", longest.as_secs_f64());
    table::note("told to stop", &Figures::default().with("servers that wait", 7).with("longest stop", shown));
}
