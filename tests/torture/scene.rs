//! What every cruelty needs: the servers with their mails, the office, and the account that is taken at the end.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Child, Command};
use std::str::FromStr as _;
use std::time::{Duration, Instant};

use chrono::FixedOffset;
use mailtally::model::campaign::Campaign;
use mailtally::model::letter::LetterState;
use mailtally::model::mail::Digest;
use mailtally::store::{LetterFilter, Store};
use rust_decimal::Decimal;
use serde_json::Value;

use crate::crowd::{Mail, plain_return, shipped, truth};
use crate::office::{Letters, OFFICE, Office, header};
use crate::support::dovecot::Dovecot;
use crate::support::exim::Exim;
use crate::support::faulty::Faulty;
use crate::support::process::run;

/// How long anything may take before the test gives up.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// How much of something is asked for by the environment; `usual` where nothing is said.
pub fn asked(name: &str, usual: usize) -> usize {
    std::env::var(name).ok().map_or(usual, |number| number.parse().unwrap())
}

/// Small, repeatable chance.
pub struct Chance(pub u64);

impl Chance {
    pub fn below(&mut self, limit: u64) -> u64 {
        // Knuth's multiplier; the upper bits are the good ones.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// Both servers, and the mails that are to come.
pub struct Scene {
    pub offset: FixedOffset,
    pub campaign: Campaign,
    pub dovecot: Dovecot,
    pub exim: Exim,
    pub mails: Vec<Mail>,
}

impl Scene {
    /// So many mails, none of them delivered yet.
    pub fn with(mails: usize) -> Self {
        let (offset, campaign) = shipped();
        let dovecot = Dovecot::start();
        let mut users: Vec<&str> = addresses(&campaign).into_iter().collect();
        users.extend([OFFICE, "staff@office.example"]);
        let exim = Exim::start(&dovecot, &users);
        let mails = (0..u32::try_from(mails).unwrap()).map(|number| plain_return(&campaign, offset, number)).collect();
        Self { offset, campaign, dovecot, exim, mails }
    }

    pub fn deliver(&self, mails: &[Mail]) {
        for mail in mails {
            let at = u64::try_from(mail.received_at.timestamp()).unwrap();
            self.dovecot.put(OFFICE, "INBOX", &mail.bytes, at);
        }
    }

    pub fn office(&self) -> Office {
        Office::new(&self.dovecot, &Letters::Exim(&self.exim))
    }

    /// An office that reaches both servers over these lines, without TLS, so that the lines know what goes over them.
    pub fn office_behind(&self, imap: &Faulty, smtp: &Faulty) -> Office {
        let office = self.office();
        let (imaps, starttls) = (self.dovecot.tls_port, self.exim.port);
        office.configure(|config| {
            let config = config.replace(
                &format!("port = {imaps}\ntls = \"implicit\""),
                &format!("port = {}\ntls = \"none\"", imap.port),
            );
            config.replace(
                &format!("port = {starttls}\ntls = \"starttls\""),
                &format!("port = {}\ntls = \"none\"", smtp.port),
            )
        });
        office
    }

    /// The same with the TLS that the office would use.
    pub fn office_behind_with_tls(&self, imap: &Faulty, smtp: &Faulty) -> Office {
        let office = self.office();
        let (imaps, starttls) = (self.dovecot.tls_port, self.exim.port);
        office.configure(|config| {
            let config = config.replace(&format!("port = {imaps}\n"), &format!("port = {}\n", imap.port));
            config.replace(&format!("port = {starttls}\n"), &format!("port = {}\n", smtp.port))
        });
        office
    }

    /// Letters that reached a unit, by Message-ID.
    pub fn letters_received(&self) -> BTreeMap<String, Vec<u8>> {
        let mut received = BTreeMap::new();
        for address in addresses(&self.campaign) {
            for (_, letter) in self.dovecot.mails(address, "INBOX") {
                let text = String::from_utf8_lossy(&letter).into_owned();
                let id = header(&text, "Message-ID").unwrap().trim_matches(['<', '>']).to_owned();
                received.insert(id, letter);
            }
        }
        received
    }

    /// Message-IDs of receipts that reached a unit, with how often.
    pub fn received(&self) -> BTreeMap<String, usize> {
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

/// SIGKILL.
pub fn kill(daemon: &mut Child) {
    // It may have ended itself at its step.
    let _ = daemon.kill();
    daemon.wait().unwrap();
}

/// Whether the process has come so far that it ends in order when it is told to.
fn listens(pid: u32) -> bool {
    const SIGTERM: u64 = 1 << (15 - 1);
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    caught.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).unwrap() & SIGTERM != 0)
}

/// SIGTERM, which is no failure.
pub fn terminate(daemon: &mut Child) {
    let begun = Instant::now();
    while !listens(daemon.id()) {
        assert!(begun.elapsed() < PATIENCE, "it does not listen to SIGTERM");
        std::thread::sleep(Duration::from_millis(10));
    }
    run(Command::new("kill").arg(daemon.id().to_string()));
    assert_eq!(daemon.wait().unwrap().code(), Some(0), "SIGTERM is no failure");
}

/// How many letters stand in each state, and the Message-IDs of each.
pub async fn letters(office: &Office, offset: FixedOffset) -> BTreeMap<LetterState, BTreeSet<String>> {
    let store = Store::open_reading(&office.storage(), offset).await.unwrap();
    let mut states: BTreeMap<LetterState, BTreeSet<String>> = BTreeMap::new();
    for line in store.letters(&LetterFilter::default()).await.unwrap() {
        // What the office is rightly told: that its disk is nearly full, and that kills in the middle of a mail had it set
        // aside. Neither answers a mail.
        if ["alert/disk/", "alert/set-aside/"].iter().any(|told| line.key.starts_with(told)) {
            continue;
        }
        let key = mailtally::model::letter::LetterKey::parse(&line.key).unwrap();
        let letter = store.letter(&key).await.unwrap().unwrap();
        states.entry(letter.state).or_default().insert(letter.message_id);
    }
    store.close().await;
    states
}

/// How many mails are recorded; 0 while there is no database.
pub async fn recorded(office: &Office, offset: FixedOffset) -> usize {
    let Ok(store) = Store::open_reading(&office.storage(), offset).await else { return 0 };
    let mails = store.mails(None, None, None).await.map_or(0, |mails| mails.len());
    store.close().await;
    mails
}

/// Lets the daemon run until everything is recorded and nothing waits to be sent; gives up where nothing goes forward any
/// more.
pub async fn calm(scene: &Scene, office: &Office, daemon: &mut Child) {
    let (mut begun, mut before) = (Instant::now(), (0, 0));
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
        let settled: usize = waiting
            .iter()
            .filter(|(state, _)| ![LetterState::Queued, LetterState::Sending].contains(state))
            .map(|(_, letters)| letters.len())
            .sum();
        if (done, settled) != before {
            (begun, before) = (Instant::now(), (done, settled));
        }
        let log = || office.log().lines().rev().take(40).fold(String::new(), |log, line| format!("{line}\n{log}"));
        assert!(begun.elapsed() < PATIENCE, "{done} of {} mails after {PATIENCE:?}:\n{}", different.len(), log());
    }
}

fn figures(totals: &Value) -> BTreeMap<String, Decimal> {
    let figure = |sum: &Value| Some(Decimal::from_str(sum.as_str()?).unwrap());
    totals.as_object().unwrap().iter().filter_map(|(key, sum)| Some((key.clone(), figure(sum)?))).collect()
}

/// What the account came to. Lost and doubled are to be 0.
#[derive(Clone, Copy, Debug, Default)]
pub struct Account {
    pub mails: usize,
    pub lost: usize,
    pub doubled: usize,
    pub sent: usize,
    pub held: usize,
    /// Of the held ones, how many had arrived.
    pub held_arrived: usize,
    pub letters_lost: usize,
    pub letters_doubled: usize,
}

/// Every mail once, every letter at most once and none forgotten, the totals the truth, the database sound.
pub async fn account(scene: &Scene, office: &Office) -> Account {
    let now = "2021-08-12T23:00:00+08:00";
    let different: BTreeSet<Digest> = scene.mails.iter().map(|mail| Digest::of(&mail.bytes)).collect();
    let store = Store::open_reading(&office.storage(), scene.offset).await.unwrap();
    let kept: BTreeSet<Digest> =
        store.mails(None, None, None).await.unwrap().into_iter().map(|mail| mail.sha256).collect();
    store.close().await;
    let lost = different.difference(&kept).count();
    let strange = kept.difference(&different).count();
    let doubled = office.history_lines("来信（") - kept.len() + strange;
    assert_eq!((lost, doubled), (0, 0), "every mail is recorded, once, and nothing else");

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
    assert_eq!(owed, different.len(), "one receipt a mail, and nobody is called: {states:?}\n{}", office.log());
    assert_eq!(owed, sent.len() + unknown.len(), "each was sent, or may have been: {states:?}");
    // Exim takes a letter before it delivers it.
    let begun = Instant::now();
    let mut received = scene.received();
    while !sent.iter().all(|id| received.contains_key(id)) && begun.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(200)).await;
        received = scene.received();
    }
    let letters_doubled = received.values().filter(|times| **times > 1).count();
    let letters_lost = sent.iter().filter(|id| !received.contains_key(*id)).count();
    assert_eq!(letters_doubled, 0, "no letter arrived twice");
    assert_eq!(letters_lost, 0, "what counts as sent arrived: {}", scene.exim.log());
    let surprising = received.keys().find(|id| !sent.contains(*id) && !unknown.contains(*id));
    assert_eq!(surprising, None, "what arrived was owed and is known to have been tried");

    let checked = office.tried(&["check"]);
    let checked = String::from_utf8(checked.stdout).unwrap();
    assert!(checked.contains("the database is sound") && checked.contains("the archive holds all"), "{checked}");
    Account {
        mails: different.len(),
        lost,
        doubled,
        sent: sent.len(),
        held: unknown.len(),
        held_arrived: unknown.iter().filter(|id| received.contains_key(*id)).count(),
        letters_lost,
        letters_doubled,
    }
}
