//! The real program between a real Dovecot and a real Exim, killed again and again: at random moments, and (in builds
//! with the feature `failpoints`) at every named step; with the database held by another process, and with a full disk.
//! At the end every mail is accounted for once, no letter went out twice, and the totals are the truth.
//!
//! A short round runs with every test; `make torture` kills `TORTURE_KILLS` times.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that fails has to panic"
)]

#[path = "end_to_end/crowd.rs"]
mod crowd;
mod office;
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::str::FromStr as _;
use std::time::{Duration, Instant};

use chrono::FixedOffset;
use mailtally::model::campaign::Campaign;
use mailtally::model::letter::LetterState;
use mailtally::model::mail::Digest;
use mailtally::store::{LetterFilter, Store};
use mailtally::work::failpoint::STEPS;
use rust_decimal::Decimal;
use serde_json::Value;

use crate::crowd::{Mail, plain_return, shipped, truth};
use crate::office::{Letters, OFFICE, Office, header};
use crate::support::dovecot::Dovecot;
use crate::support::exim::Exim;
use crate::support::process::{is_root, run};

/// Mails that arrive between two kills.
const A_ROUND: usize = 4;
const PATIENCE: Duration = Duration::from_secs(180);

/// Small, repeatable chance.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        // Knuth's multiplier; the upper bits are the good ones.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

struct Scene {
    offset: FixedOffset,
    campaign: Campaign,
    dovecot: Dovecot,
    exim: Exim,
    mails: Vec<Mail>,
}

impl Scene {
    /// So many mails, none of them delivered yet.
    fn with(mails: usize) -> Self {
        let (offset, campaign) = shipped();
        let dovecot = Dovecot::start();
        let mut users: Vec<&str> = addresses(&campaign).into_iter().collect();
        users.extend([OFFICE, "staff@office.example"]);
        let exim = Exim::start(&dovecot, &users);
        let mails = (0..u32::try_from(mails).unwrap()).map(|number| plain_return(&campaign, offset, number)).collect();
        Self { offset, campaign, dovecot, exim, mails }
    }

    fn deliver(&self, mails: &[Mail]) {
        for mail in mails {
            let at = u64::try_from(mail.received_at.timestamp()).unwrap();
            self.dovecot.put(OFFICE, "INBOX", &mail.bytes, at);
        }
    }

    fn office(&self) -> Office {
        Office::new(&self.dovecot, &Letters::Exim(&self.exim))
    }

    /// Message-IDs of receipts that reached a unit, with how often.
    fn received(&self) -> BTreeMap<String, usize> {
        let mut received = BTreeMap::new();
        for address in addresses(&self.campaign) {
            for (_, letter) in self.dovecot.mails(address, "INBOX") {
                let letter = String::from_utf8_lossy(&letter).into_owned();
                let id = header(&letter, "Message-ID").unwrap().trim_matches(['<', '>']).to_owned();
                *received.entry(id).or_default() += 1;
            }
        }
        received
    }
}

/// Every address of the roster once: some units share theirs.
fn addresses(campaign: &Campaign) -> BTreeSet<&str> {
    campaign.roster.units().iter().flat_map(|unit| &unit.emails).map(String::as_str).collect()
}

fn kill(daemon: &mut Child) {
    // It may have ended itself at its step.
    let _ = daemon.kill();
    daemon.wait().unwrap();
}

fn terminate(daemon: &mut Child) {
    run(Command::new("kill").arg(daemon.id().to_string()));
    assert_eq!(daemon.wait().unwrap().code(), Some(0), "SIGTERM is no failure");
}

/// How many letters stand in each state, and the Message-IDs of each.
async fn letters(office: &Office, offset: FixedOffset) -> BTreeMap<LetterState, BTreeSet<String>> {
    let store = Store::open_reading(&office.storage(), offset).await.unwrap();
    let mut states: BTreeMap<LetterState, BTreeSet<String>> = BTreeMap::new();
    for line in store.letters(&LetterFilter::default()).await.unwrap() {
        let key = mailtally::model::letter::LetterKey::parse(&line.key).unwrap();
        let letter = store.letter(&key).await.unwrap().unwrap();
        states.entry(letter.state).or_default().insert(letter.message_id);
    }
    store.close().await;
    states
}

async fn recorded(office: &Office, offset: FixedOffset) -> usize {
    let Ok(store) = Store::open_reading(&office.storage(), offset).await else { return 0 };
    let mails = store.mails(None, None, None).await.map_or(0, |mails| mails.len());
    store.close().await;
    mails
}

/// Lets the daemon run until everything is recorded and nothing waits to be sent.
async fn calm(scene: &Scene, office: &Office, daemon: &mut Child) {
    let begun = Instant::now();
    let different: BTreeSet<Digest> = scene.mails.iter().map(|mail| Digest::of(&mail.bytes)).collect();
    loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        if let Some(status) = daemon.try_wait().unwrap() {
            panic!("the daemon ended with {status}:\n{}", office.log());
        }
        let done = recorded(office, scene.offset).await;
        let waiting = if done == different.len() { letters(office, scene.offset).await } else { BTreeMap::new() };
        let busy = [LetterState::Queued, LetterState::Sending].iter().any(|state| waiting.contains_key(state));
        if done == different.len() && !busy {
            return;
        }
        let log = || office.log().lines().rev().take(40).fold(String::new(), |log, line| format!("{line}\n{log}"));
        assert!(begun.elapsed() < PATIENCE, "{done} of {} mails after {PATIENCE:?}:\n{}", different.len(), log());
    }
}

fn figures(totals: &Value) -> BTreeMap<String, Decimal> {
    let figure = |sum: &Value| Some(Decimal::from_str(sum.as_str()?).unwrap());
    totals.as_object().unwrap().iter().filter_map(|(key, sum)| Some((key.clone(), figure(sum)?))).collect()
}

/// Every mail once, every letter at most once and none forgotten, the totals the truth, the database sound.
async fn account(scene: &Scene, office: &Office) {
    let now = "2021-08-12T23:00:00+08:00";
    let different: BTreeSet<Digest> = scene.mails.iter().map(|mail| Digest::of(&mail.bytes)).collect();
    assert_eq!(office.history_lines("来信（"), different.len(), "every mail is recorded, and once");

    let status = office.status(now);
    let truth = truth(&scene.campaign, &scene.mails);
    for unit in status["units"].as_array().unwrap() {
        let row = &unit["row"];
        let expected = truth.get(unit["code"].as_str().unwrap());
        assert_eq!((!row.is_null()).then(|| figures(row)).as_ref(), expected, "{unit:#}");
    }
    let mut sums: BTreeMap<String, Decimal> = BTreeMap::new();
    for (key, figure) in truth.values().flatten() {
        *sums.entry(key.clone()).or_default() += figure;
    }
    assert_eq!(figures(&status["totals"]), sums);

    let states = letters(office, scene.offset).await;
    let of = |state: LetterState| states.get(&state).cloned().unwrap_or_default();
    let (sent, unknown) = (of(LetterState::Sent), of(LetterState::Unknown));
    let owed: usize = states.values().map(BTreeSet::len).sum();
    assert_eq!(owed, different.len(), "one receipt a mail");
    assert_eq!(owed, sent.len() + unknown.len(), "each was sent, or may have been: {states:?}");
    // Exim takes a letter before it delivers it.
    let begun = Instant::now();
    let mut received = scene.received();
    while !sent.iter().all(|id| received.contains_key(id)) && begun.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(200)).await;
        received = scene.received();
    }
    assert_eq!(received.iter().find(|(_, times)| **times > 1), None, "no letter arrived twice");
    let never = sent.iter().find(|id| !received.contains_key(*id));
    assert_eq!(never, None, "what counts as sent arrived: {}", scene.exim.log());
    let surprising = received.keys().find(|id| !sent.contains(*id) && !unknown.contains(*id));
    assert_eq!(surprising, None, "what arrived was owed and is known to have been tried");
    let arrived_unknown = unknown.iter().filter(|id| received.contains_key(*id)).count();

    let checked = office.tried(&["check"]);
    let checked = String::from_utf8(checked.stdout).unwrap();
    assert!(checked.contains("the database is sound") && checked.contains("the archive holds all"), "{checked}");
    println!(
        "{} mails, {owed} receipts: {} sent, {} of unknown fate and held ({arrived_unknown} of these had arrived)",
        different.len(),
        sent.len(),
        unknown.len(),
    );
}

fn kills(usual: usize) -> usize {
    std::env::var("TORTURE_KILLS").ok().map_or(usual, |kills| kills.parse().unwrap())
}

#[tokio::test]
async fn killed_at_any_moment_nothing_is_lost_and_nothing_doubled() {
    if !Exim::is_possible() {
        return;
    }
    let kills = kills(12);
    let scene = Scene::with(kills * A_ROUND);
    let office = scene.office();
    let mut chance = Chance(20_210_810);
    let mut ended_at_a_step = 0;
    for (round, mails) in scene.mails.chunks(A_ROUND).enumerate() {
        scene.deliver(mails);
        let at_a_step = cfg!(feature = "failpoints") && round % 2 == 0;
        if at_a_step {
            let step = format!("{}:{}", STEPS[(round / 2) % STEPS.len()], 1 + chance.below(3));
            let mut daemon = office.started_with(&[("MAILTALLY_END_AT", &step)]);
            let begun = Instant::now();
            while daemon.try_wait().unwrap().is_none() && begun.elapsed() < Duration::from_secs(4) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            ended_at_a_step += usize::from(daemon.try_wait().unwrap().is_some());
            kill(&mut daemon);
        } else {
            let mut daemon = office.started_with(&[]);
            tokio::time::sleep(Duration::from_millis(30 + chance.below(900))).await;
            kill(&mut daemon);
        }
    }
    println!("{kills} kills, {ended_at_a_step} of them at a named step");
    if cfg!(feature = "failpoints") && kills >= 100 {
        assert!(ended_at_a_step * 4 >= kills, "the steps are reached: {ended_at_a_step} of {kills}");
    }
    let mut daemon = office.started_with(&[]);
    calm(&scene, &office, &mut daemon).await;
    terminate(&mut daemon);
    // A mail that was begun again and again when the process died is set aside as if it had ended it: it waits for a
    // person, and is made good by judging it again.
    let set_aside = office.done(&["review", "list"]).lines().count();
    println!("{set_aside} mails were set aside and judged again");
    office.done(&["--now", "2021-08-12T23:00:00+08:00", "reread", "--apply"]);
    let mut daemon = office.started_with(&[]);
    calm(&scene, &office, &mut daemon).await;
    terminate(&mut daemon);
    account(&scene, &office).await;
}

/// Another process writes and takes its time, once longer than the program waits.
#[tokio::test]
async fn a_database_that_others_hold_delays_and_loses_nothing() {
    if !Exim::is_possible() {
        return;
    }
    let scene = Scene::with(40);
    let office = scene.office();
    let mut daemon = office.started_with(&[]);
    let (first, second) = scene.mails.split_at(20);
    scene.deliver(first);
    let begun = Instant::now();
    while recorded(&office, scene.offset).await < 5 {
        assert!(begun.elapsed() < PATIENCE, "no mail was recorded");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(office.storage().join("mailtally.sqlite"));
    let other = sqlx::SqlitePool::connect_with(options.busy_timeout(Duration::from_secs(30))).await.unwrap();
    for (round, mails) in second.chunks(5).enumerate() {
        let held = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
        scene.deliver(mails);
        tokio::time::sleep(Duration::from_millis(if round == 1 { 12_000 } else { 1_500 })).await;
        held.rollback().await.unwrap();
    }
    other.close().await;
    calm(&scene, &office, &mut daemon).await;
    terminate(&mut daemon);
    account(&scene, &office).await;
}

/// A small file system of its own, as the storage.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` where this machine does not let us mount one.
    fn at(folder: PathBuf, size: &str) -> Option<Self> {
        std::fs::create_dir_all(&folder).unwrap();
        let options = format!("size={size},mode=0700");
        let mut mount = Command::new("mount");
        let mounted = mount.args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&folder).output();
        mounted.is_ok_and(|output| output.status.success()).then_some(Self(folder))
    }

    fn grow(&self, size: &str) {
        run(Command::new("mount").args(["-o", &format!("remount,size={size}")]).arg(&self.0));
    }

    fn is_full(&self) -> bool {
        let said = run(Command::new("df").args(["--output=avail", "-k"]).arg(&self.0));
        said.lines().nth(1).unwrap().trim().parse::<u64>().unwrap() < 64
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test]
async fn a_full_disk_delays_and_loses_nothing() {
    if !Exim::is_possible() {
        return;
    }
    let scene = Scene::with(60);
    let office = scene.office();
    let disk = if is_root() { SmallDisk::at(office.storage(), "1m") } else { None };
    let Some(disk) = disk else {
        // Containers often may not mount; nothing else fills a disk without harm to others.
        println!("left out: a file system of its own cannot be mounted here");
        return;
    };
    scene.deliver(&scene.mails);
    let mut daemon = office.started_with(&[]);
    let begun = Instant::now();
    while !disk.is_full() {
        assert!(begun.elapsed() < PATIENCE, "the disk never filled up:\n{}", office.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // It goes on trying on the full disk; killed there, it starts there again.
    tokio::time::sleep(Duration::from_secs(4)).await;
    kill(&mut daemon);
    let mut daemon = office.started_with(&[]);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(recorded(&office, scene.offset).await < scene.mails.len(), "not all of it fits");
    disk.grow("64m");
    if daemon.try_wait().unwrap().is_some() {
        // It may say that it cannot start on a full disk; the service manager starts it again.
        daemon = office.started_with(&[]);
    }
    calm(&scene, &office, &mut daemon).await;
    terminate(&mut daemon);
    account(&scene, &office).await;
    drop(disk);
}
