//! The outcome table of mail.md 11 from the server's words to the letter, the account, the unit and the next letter.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, FixedOffset, TimeDelta};
use mailtally::archive::Archive;
use mailtally::clock::{Clock, HandClock};
use mailtally::config;
use mailtally::judge::progress;
use mailtally::judge::register::Register;
use mailtally::model::letter::{LetterKey, LetterState};
use mailtally::post::{Post, SmtpPatience, SmtpPost, SmtpSettings};
use mailtally::read::Limits;
use mailtally::store::Store;
use mailtally::work::deliver::{Outbox, Quota, SENDING_ACCOUNT};
use mailtally::work::enclose::Copyist;
use mailtally::work::opener::Opener;
use mailtally::work::owe;
use mailtally::work::vitals::Vitals;

use crate::post_real::from;
use crate::support::scripted_smtp::{Answer, ScriptedSmtp};

const CAMPAIGN: &str = "2021-bayi";
const FIRST: &str = "141102";
const SECOND: &str = "141121";

fn morning() -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339("2021-08-03T09:00:00+08:00").unwrap()
}

fn key(unit: &str) -> LetterKey {
    let unit = mailtally::model::unit::UnitCode::new(unit);
    LetterKey::Reminder { campaign: CAMPAIGN.to_owned(), unit, stage: "-7".to_owned() }
}

struct Drill {
    folder: tempfile::TempDir,
    store: Store,
    register: Register,
    post: Post,
    clock: HandClock,
}

impl Drill {
    /// Two units owe something; their reminders wait.
    async fn new(server: &ScriptedSmtp) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/campaigns/2021-bayi");
        let mut campaign = config::load_campaign(&shipped, *morning().offset()).unwrap();
        let units = campaign.roster.units().iter().filter(|unit| [FIRST, SECOND].contains(&unit.code.as_str()));
        campaign.roster = mailtally::model::unit::Roster::new(units.cloned().collect());
        let store = Store::open(folder.path(), *morning().offset()).await.unwrap();
        owe::owe_letters(&store, &campaign, &[], "office.example", false, morning()).await.unwrap();
        let short = Duration::from_millis(600);
        let patience = SmtpPatience { connect: short, reply: short, after_dot: short };
        let post = Post::Smtp(Box::new(SmtpPost::new(SmtpSettings { account: server.account(), patience })));
        let register = Register::new(vec![campaign], Vec::new());
        Self { folder, store, register, post, clock: HandClock::new(morning()) }
    }

    async fn round(&mut self) {
        let clock = Clock::Hand(self.clock.clone());
        let archive = Archive::open(self.folder.path());
        let opener = Arc::new(Opener::Here(Limits::default()));
        let mut outbox = Outbox {
            store: &self.store,
            register: &self.register,
            copyist: Copyist { archive: &archive, opener: &opener },
            post: &mut self.post,
            from: &from(),
            quota: Quota { per_minute: 100, per_day: 100 },
            clock: &clock,
            offset: *morning().offset(),
            vitals: &Vitals::default(),
        };
        outbox.deliver_due().await.unwrap();
    }

    async fn state(&self, unit: &str) -> LetterState {
        self.store.letter(&key(unit)).await.unwrap().unwrap().state
    }

    /// How often both letters were dialled.
    async fn attempts(&self) -> u32 {
        let mut attempts = 0;
        for unit in [FIRST, SECOND] {
            attempts += self.store.letter(&key(unit)).await.unwrap().unwrap().attempts;
        }
        attempts
    }

    /// `well`, `parked`, or for how many minutes the account waits.
    async fn account(&self) -> String {
        let account = self.store.account_state(SENDING_ACCOUNT).await.unwrap();
        match account.not_before {
            _ if account.parked => "parked".to_owned(),
            Some(until) => format!("{} min", (until - morning()).num_minutes()),
            None => "well".to_owned(),
        }
    }

    async fn undeliverable(&self) -> bool {
        let campaign = self.register.campaign(CAMPAIGN).unwrap();
        let events = self.store.events(CAMPAIGN).await.unwrap();
        progress::standing(campaign, &events, morning()).units[0].undeliverable
    }
}

/// From nine in the morning until half past eight tomorrow.
const TOMORROW: &str = "1410 min";

#[tokio::test]
async fn every_answer_decides_the_letter_the_account_and_the_next_letter() {
    use LetterState::{Held, Queued, Refused, Sent, Unknown};
    for (command, words, first, account, second) in [
        ("", &b"421 HL:ICC 163 smtp1,AAAAA"[..], Queued, "15 min", Queued),
        ("", b"421 HL:REP 163 smtp1", Queued, "15 min", Queued),
        ("RCPT TO:<ls", b"450 MI:CEL 163 smtp5", Queued, "10 min", Queued),
        ("RCPT TO:<ls", b"450 Requested action not taken", Queued, "10 min", Queued),
        ("MAIL", b"451 MI:SFQ 163 smtp1", Queued, "15 min", Queued),
        ("RCPT TO:<ls", b"451 RP:QRC 163 smtp1", Queued, "180 min", Queued),
        (".", b"451 DT:SPM, please try again", Queued, "2 min", Queued),
        ("MAIL", b"550 MI:STC 163 smtp1", Queued, TOMORROW, Queued),
        ("MAIL", b"554 MI:STC 163 smtp1", Queued, TOMORROW, Queued),
        ("RCPT TO:<ls", b"550 RP:TRC 163 smtp1", Queued, TOMORROW, Queued),
        (".", b"554 RP:TRC 163 smtp1", Queued, TOMORROW, Queued),
        ("", b"554 HL:ITC 163 smtp1", Queued, "parked", Queued),
        ("", b"554 HL:IHU 163 smtp1", Queued, "parked", Queued),
        ("MAIL", b"554 MI:SPB 163 smtp1", Queued, "parked", Queued),
        ("", b"554 IP is rejected, smtp auth error limit exceed", Queued, "parked", Queued),
        ("AUTH", b"535 Error: authentication failed", Queued, "15 min", Queued),
        ("AUTH", b"550 User has no permission", Queued, "15 min", Queued),
        ("MAIL", b"553 Mail from must equal authorized user", Queued, "parked", Queued),
        // What is about this letter or this recipient alone holds up no other.
        ("RCPT TO:<ls", b"550 Invalid User: lsqsyb@lishi.example", Refused, "well", Sent),
        ("RCPT TO:<ls", b"550 User suspended: lsqsyb@lishi.example", Refused, "well", Sent),
        ("RCPT TO:<ls", b"550 DT:SPM mail is rejected", Held, "well", Sent),
        ("RCPT TO:<ls", b"554 DT:SPM 163 smtp1", Held, "well", Sent),
        ("RCPT TO:<ls", b"552 5.2.2 mailbox full", Held, "well", Sent),
        (".", b"what?", Unknown, "well", Unknown),
    ] {
        let server = ScriptedSmtp::start(&[(command, Answer::Say(words))]).await;
        let mut drill = Drill::new(&server).await;
        drill.round().await;
        let told = String::from_utf8_lossy(words);
        assert_eq!(drill.state(FIRST).await, first, "{command} {told}");
        assert_eq!(drill.account().await, account, "{command} {told}");
        assert_eq!(drill.state(SECOND).await, second, "{command} {told}");
        assert_eq!(drill.undeliverable().await, first == Refused, "{command} {told}");
        let reply = drill.store.letter(&key(FIRST)).await.unwrap().unwrap().last_reply.unwrap();
        assert!(words == b"what?" || reply == told, "{reply}");
    }
}

#[tokio::test]
async fn a_refused_login_is_tried_three_times_a_quarter_of_an_hour_apart() {
    let server = ScriptedSmtp::start(&[("AUTH", Answer::Say(b"535 \xB5\xC7\xC2\xBC\xCA\xA7\xB0\xDC"))]).await;
    let mut drill = Drill::new(&server).await;
    for (minutes, logins) in [(0, 1), (5, 1), (14, 1), (16, 2), (20, 2), (32, 3), (60, 3), (400, 3)] {
        drill.clock.set(morning() + TimeDelta::minutes(minutes));
        drill.round().await;
        assert_eq!(server.commands_like("AUTH"), logins, "after {minutes} minutes");
    }
    assert_eq!(drill.account().await, "parked");
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_dialled_once_a_minute_whatever_waits() {
    let server = ScriptedSmtp::start(&[("", Answer::HangUp)]).await;
    let mut drill = Drill::new(&server).await;
    for (seconds, attempts) in [(0, 1), (5, 1), (59, 1), (60, 2), (90, 2), (121, 3)] {
        drill.clock.set(morning() + TimeDelta::seconds(seconds));
        drill.round().await;
        assert_eq!(drill.attempts().await, attempts, "after {seconds} s");
    }
    server.answers.lock().unwrap().clear();
    drill.clock.set(morning() + TimeDelta::minutes(10));
    drill.round().await;
    assert_eq!((drill.state(FIRST).await, drill.account().await.as_str()), (LetterState::Sent, "well"));
}

#[tokio::test]
async fn what_waited_goes_when_its_pause_is_over_and_a_stale_one_never() {
    let server = ScriptedSmtp::start(&[("MAIL", Answer::Say(b"550 MI:STC 163 smtp1"))]).await;
    let mut drill = Drill::new(&server).await;
    drill.round().await;
    drill.round().await;
    assert_eq!(server.commands_like("MAIL"), 1, "the provider was asked once that day");
    server.answers.lock().unwrap().clear();
    drill.clock.set(morning() + TimeDelta::days(1));
    drill.round().await;
    assert_eq!((drill.state(FIRST).await, drill.state(SECOND).await), (LetterState::Sent, LetterState::Sent));
    let letters = server.letters.lock().unwrap().len();
    assert_eq!(letters, 2, "each once");

    let server = ScriptedSmtp::start(&[("MAIL", Answer::Say(b"550 MI:STC 163 smtp1"))]).await;
    let mut drill = Drill::new(&server).await;
    drill.round().await;
    // The next stage begins on Friday, since Saturday the 7th is off.
    drill.clock.set(morning() + TimeDelta::days(3));
    drill.round().await;
    assert_eq!(drill.state(FIRST).await, LetterState::Cancelled);
    assert!(server.letters.lock().unwrap().is_empty());
}

#[tokio::test]
async fn nothing_that_may_have_gone_goes_again() {
    for answer in [Answer::HangUp, Answer::Silence] {
        let server = ScriptedSmtp::start(&[(".", answer)]).await;
        let mut drill = Drill::new(&server).await;
        drill.round().await;
        assert_eq!(drill.state(FIRST).await, LetterState::Unknown);
        server.answers.lock().unwrap().clear();
        for hours in [1, 8, 24] {
            drill.clock.set(morning() + TimeDelta::hours(hours));
            drill.round().await;
        }
        assert_eq!(drill.state(FIRST).await, LetterState::Unknown, "it waits for a look among the sent mail");
        assert!(server.letters.lock().unwrap().is_empty());
    }
}
