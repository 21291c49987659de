//! The fuzz targets without a fuzzer: every golden case and every seed as it is and with seeded changes, through the same
//! functions (`fuzz/src/looks.rs`). Bounded to what a test may take; `sh fuzz/run.sh` goes on from there.
//!
//! `MUTATIONS=20 cargo test --test mutations` tries twenty changes of each input; `MUTATIONS_OF=imap` only one target;
//! `MUTATIONS_TELL=1` tells each before it is tried, for what ends the whole process.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

#[path = "../fuzz/src/looks.rs"]
mod looks;
#[path = "../fuzz/src/seeds.rs"]
mod seeds;

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use looks::servers;
use mailtally::model::letter::Delivery;

/// The stack of a worker of tokio's, on which all of this happens in the daemon.
const STACK: usize = 2 << 20;
/// How long one input may take, on a busy machine and without optimisation.
const LONGEST: Duration = Duration::from_secs(60);
/// What all of it may take at once, octets: fuzz/run.sh allows one input 512 MB.
const MOST_MEMORY: u64 = 1 << 30;

thread_local! {
    /// Panics in our own code, caught or not.
    static OURS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// SplitMix64: small, and the same on every machine.
struct Dice(u64);

impl Dice {
    fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Below `end`, and 0 where that is 0.
    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.throw() % u64::try_from(end.max(1)).unwrap()).unwrap()
    }
}

/// A few changes of the kinds a fuzzer makes; `other` is another input of the same target.
fn changed(input: &[u8], other: &[u8], dice: &mut Dice) -> Vec<u8> {
    const TELLING: [&[u8]; 14] = [
        b"(",
        b")",
        b"{99999999999}\r\n",
        b"\"",
        b"\0",
        b"\r\n",
        b"4294967295",
        b"-1",
        b"\xff\xff\xff\xff",
        b"<",
        b"{{",
        b"[",
        b"\x1b[31m",
        b"&#x202e;",
    ];
    let mut bytes = input.to_vec();
    for _ in 0..=dice.below(4) {
        let at = dice.below(bytes.len());
        let end = (at + 1 + dice.below(64)).min(bytes.len());
        match dice.below(7) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << dice.below(8),
            1 if !bytes.is_empty() => bytes[at] = u8::try_from(dice.below(256)).unwrap(),
            2 => drop(bytes.drain(at.min(end)..end)),
            3 => {
                let again = bytes.get(at..end).unwrap_or_default().to_vec();
                drop(bytes.splice(at..at, again.repeat(1 + dice.below(20))));
            }
            4 => drop(bytes.splice(at..at, TELLING[dice.below(TELLING.len())].iter().copied())),
            5 => {
                let from = dice.below(other.len());
                let piece = other.get(from..(from + dice.below(512)).min(other.len())).unwrap_or_default().to_vec();
                drop(bytes.splice(at..end.max(at), piece));
            }
            _ => bytes.truncate(at),
        }
    }
    bytes
}

#[test]
fn no_changed_input_panics_hangs_or_takes_all_memory() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let changes = number("MUTATIONS").unwrap_or(1);
    let (only, tell) = (std::env::var("MUTATIONS_OF").ok(), std::env::var("MUTATIONS_TELL").is_ok());
    let mut seeds = seeds::all().unwrap();
    seeds.retain(|(target, _)| only.as_ref().is_none_or(|only| only == target));
    assert!(only.is_some() || seeds.len() > 400, "the golden cases were found: {}", seeds.len());
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let library = |file: &str| ["/registry/", "/rustc/", "/rustlib/"].iter().any(|part| file.contains(part));
        if panic.location().is_none_or(|place| !library(place.file())) {
            OURS.with_borrow_mut(|ours| ours.push(panic.to_string()));
            usual(panic);
        }
    }));
    // Servers and configurations have few seeds and much to go wrong, so each is changed more often.
    let inputs: Vec<(usize, u64)> = (0..seeds.len())
        .flat_map(|seed| {
            let more = if matches!(seeds[seed].0, "imap" | "smtp" | "roster") { 40 } else { 1 };
            (0..=changes * more).map(move |change| (seed, change))
        })
        .collect();
    let next = AtomicUsize::new(0);
    let workers = std::thread::available_parallelism().map_or(2, usize::from).min(8);
    let at_work: Vec<Mutex<Option<(Instant, String)>>> = (0..workers).map(|_| Mutex::new(None)).collect();
    let findings = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        let working: Vec<_> = at_work
            .iter()
            .map(|place| {
                let work = || {
                    while let Some((seed, change)) = inputs.get(next.fetch_add(1, Ordering::Relaxed)).copied() {
                        let (target, input) = &seeds[seed];
                        let name = format!("{target}, seed {seed}, change {change}");
                        if tell {
                            eprintln!("{name}");
                        }
                        *place.lock().unwrap() = Some((Instant::now(), name.clone()));
                        let mut dice = Dice((u64::try_from(seed).unwrap() << 20) | change);
                        let other = &seeds[(0..20)
                            .map(|_| dice.below(seeds.len()))
                            .find(|other| seeds[*other].0 == *target)
                            .unwrap_or(seed)]
                        .1;
                        let bytes = if change == 0 { input.clone() } else { changed(input, other, &mut dice) };
                        let looked = catch_unwind(AssertUnwindSafe(|| looks::look(target, &bytes)));
                        let ours: Vec<String> = OURS.take();
                        if looked.is_err() || !ours.is_empty() {
                            findings.lock().unwrap().push(format!("{name}: {ours:?}"));
                        }
                        *place.lock().unwrap() = None;
                    }
                };
                std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).unwrap()
            })
            .collect();
        while working.iter().any(|worker| !worker.is_finished()) {
            std::thread::sleep(Duration::from_millis(50));
            for place in &at_work {
                let slow = place.lock().unwrap().clone().filter(|(since, _)| since.elapsed() > LONGEST);
                if let Some((_, name)) = slow {
                    eprintln!("does not come to an end: {name}");
                    std::process::abort();
                }
            }
        }
    });
    let findings = findings.into_inner().unwrap();
    assert!(findings.is_empty(), "{} findings\n{}", findings.len(), findings.join("\n"));
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").trim().parse().unwrap();
    assert!(peak * 1024 < MOST_MEMORY, "{} MB were in use at once", peak / 1024);
}

/// The seeds reach what they are there for: otherwise nothing of it would be tried.
#[test]
fn the_seeds_of_servers_go_all_the_way() {
    assert_eq!(servers::imap(&seeds::mailboxes()[0]), 2, "two mails are handed over");
    let submissions = seeds::submissions();
    let accepted = servers::smtp(submissions[0].as_bytes());
    assert_eq!(accepted, Delivery::Accepted { reply: "250 Mail OK queued as smtp1".to_owned() });
    let one_is_gone = servers::smtp(submissions[1].as_bytes());
    assert!(
        matches!(&one_is_gone, Delivery::NoSuchRecipient { reply } if reply.contains("5.1.1 ?[31m")),
        "{one_is_gone:?}"
    );
    assert!(matches!(servers::smtp(submissions[2].as_bytes()), Delivery::Credentials { .. }));
    let out_of_step = servers::smtp(submissions[4].as_bytes());
    assert!(matches!(out_of_step, Delivery::NotReached { .. }), "never taken for accepted: {out_of_step:?}");
}
