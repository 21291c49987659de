//! A bad line between the program and both servers: cut, silent, reset, slow, noisy, lying about lengths. Mail keeps
//! coming meanwhile. It is recorded once, answered at most once, and nobody has to start anything again.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use mailtally::model::letter::LetterState;

use crate::office::{OFFICE, Office};
use crate::scene::{Account, Chance, PATIENCE, Scene, account, asked, calm, letters, terminate};
use crate::support::exim::Exim;
use crate::support::faulty::{Fault, Faulty, Plan};
use crate::table::{self, Figures};

/// Mails that arrive between two faults.
const A_ROUND: usize = 3;
/// The program waits a sixtieth of what it would: 1 s for a silent server, 3 s for a slow one.
const HASTE: (&str, &str) = ("MAILTALLY_HASTE", "60");

const OF_IMAP: [Fault; 11] = [
    Fault::CutInLiteral,
    Fault::Garbage,
    Fault::LiteralTooShort,
    Fault::Reset,
    Fault::StallInLiteral,
    Fault::HalfClose,
    Fault::LiteralTooLong,
    Fault::Close,
    Fault::ResetInLiteral,
    Fault::Stall,
    Fault::Trickle,
];
const OF_SMTP: [Fault; 9] = [
    Fault::CutAfterDot,
    Fault::Garbage,
    Fault::Close,
    Fault::CutBeforeDot,
    Fault::Reset,
    Fault::HalfClose,
    Fault::StallAfterDot,
    Fault::Stall,
    Fault::Trickle,
];
/// What can be done to octets that nobody on the line understands.
const OF_TLS: [Fault; 5] = [Fault::Reset, Fault::Close, Fault::HalfClose, Fault::Stall, Fault::Trickle];

/// So many connections with these faults in turn, each at some line; then an honest line.
fn planned(kinds: &'static [Fault], faults: usize, seed: u64) -> Plan {
    let mut chance = Chance(seed);
    let mut next = (0..faults).map(move |number| {
        let kind = kinds[number % kinds.len()];
        let at = match kind {
            Fault::CutInLiteral
            | Fault::ResetInLiteral
            | Fault::StallInLiteral
            | Fault::LiteralTooShort
            | Fault::LiteralTooLong
            | Fault::CutAfterDot
            | Fault::StallAfterDot
            | Fault::CutBeforeDot => 1 + chance.below(2),
            // Line 0 is before the greeting, line 1 is behind it.
            Fault::Reset | Fault::Stall | Fault::Close | Fault::HalfClose => chance.below(24),
            Fault::Garbage | Fault::Trickle => 1 + chance.below(24),
        };
        (kind, usize::try_from(at).unwrap())
    });
    Box::new(move || next.next())
}

struct Outcome {
    account: Account,
    happened: BTreeMap<Fault, usize>,
    found: usize,
}

async fn through(scene: &Scene, office: &Office, imap: &Faulty, smtp: &Faulty) -> Outcome {
    let total = || imap.happened().values().sum::<usize>() + smtp.happened().values().sum::<usize>();
    let mut daemon = office.started_with(&[HASTE]);
    for mails in scene.mails.chunks(A_ROUND) {
        let before = total();
        scene.deliver(mails);
        let begun = Instant::now();
        while total() == before && begun.elapsed() < Duration::from_millis(1_500) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    calm(scene, office, &mut daemon).await;
    terminate(&mut daemon);
    let before = account(scene, office).await;
    let mut happened = imap.happened();
    for (fault, times) in smtp.happened() {
        *happened.entry(fault).or_default() += times;
    }
    let found = found_in_sent(scene, office).await;
    let account = account(scene, office).await;
    assert_eq!(before.held - found, account.held);
    Outcome { account, happened, found }
}

/// As Coremail does, files what SMTP took among the sent mail: letters of unknown fate that are there count as sent,
/// and the others wait. How many were found.
async fn found_in_sent(scene: &Scene, office: &Office) -> usize {
    let received = scene.letters_received();
    let unknown = |states: &BTreeMap<LetterState, std::collections::BTreeSet<String>>| {
        states.get(&LetterState::Unknown).cloned().unwrap_or_default()
    };
    let held = unknown(&letters(office, scene.offset).await);
    let arrived: Vec<&String> = held.iter().filter(|id| received.contains_key(*id)).collect();
    for id in &arrived {
        scene.dovecot.put(OFFICE, "已发送", &received[*id], 1_627_777_800);
    }
    let mut daemon = office.started_with(&[]);
    let begun = Instant::now();
    loop {
        let left = unknown(&letters(office, scene.offset).await);
        if left.len() == held.len() - arrived.len() {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "{} letters were not found among the sent mail", left.len());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    // Nothing more is sent for having been found, or for not having been.
    tokio::time::sleep(Duration::from_secs(2)).await;
    terminate(&mut daemon);
    arrived.len()
}

fn noted(part: &str, outcome: &Outcome) {
    let mut figures = Figures::of(outcome.account).with("letters found in Sent", outcome.found);
    let faults: usize = outcome.happened.values().sum();
    figures = figures.with("faults", faults);
    for (fault, times) in &outcome.happened {
        figures = figures.with(&format!("  {fault:?}"), times);
    }
    table::note(part, &figures);
}

#[tokio::test]
async fn on_a_bad_line_nothing_is_lost_and_nothing_doubled() {
    if !Exim::is_possible() {
        return;
    }
    let faults = asked("TORTURE_FAULTS", 12);
    let (of_imap, of_smtp) = (faults / 2, faults - faults / 2);
    let scene = Scene::with(of_imap * A_ROUND);
    let imap = Faulty::start(scene.dovecot.port, planned(&OF_IMAP, of_imap, 20_210_801));
    let smtp = Faulty::start(scene.exim.port, planned(&OF_SMTP, of_smtp, 20_210_802));
    let office = scene.office_behind(&imap, &smtp);
    let outcome = through(&scene, &office, &imap, &smtp).await;
    let happened: usize = outcome.happened.values().sum();
    assert!(happened * 2 >= faults, "the line was as bad as planned: {:?}", outcome.happened);
    noted("line without TLS", &outcome);
}

#[tokio::test]
async fn on_a_bad_line_under_tls_nothing_is_lost_and_nothing_doubled() {
    if !Exim::is_possible() {
        return;
    }
    let faults = asked("TORTURE_FAULTS", 12) / 2;
    let scene = Scene::with(faults * 2);
    let imap = Faulty::start(scene.dovecot.tls_port, planned(&OF_TLS, faults / 2, 20_210_803));
    let smtp = Faulty::start(scene.exim.port, planned(&OF_TLS, faults - faults / 2, 20_210_804));
    let office = scene.office_behind_with_tls(&imap, &smtp);
    let outcome = through(&scene, &office, &imap, &smtp).await;
    let happened: usize = outcome.happened.values().sum();
    assert!(happened * 2 >= faults, "the line was as bad as planned: {:?}", outcome.happened);
    noted("line with TLS", &outcome);
}
