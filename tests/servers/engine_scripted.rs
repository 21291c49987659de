//! The daemon's engine against a server that will not let it in: nothing is tried too often, and the office is told.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, FixedOffset, TimeDelta};
use mailtally::archive::Archive;
use mailtally::clock::{Clock, HandClock};
use mailtally::config;
use mailtally::daemon::{Engine, Mailbox, Sending};
use mailtally::inbox::{After, ImapSettings};
use mailtally::judge::register::Register;
use mailtally::model::letter::LetterKind;
use mailtally::model::mail::Digest;
use mailtally::post::Post;
use mailtally::read::Limits;
use mailtally::store::Store;
use mailtally::work::collect;
use mailtally::work::deliver::Quota;
use mailtally::work::desk::Desk;
use mailtally::work::opener::Opener;
use tempfile::TempDir;
use tokio::sync::{Mutex, watch};

use crate::inbox_real::settings;
use crate::post_real::from;
use crate::support::scripted_imap::{Fault, Script, ScriptedImap, ScriptedMail};

pub fn morning() -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339("2021-08-05T09:00:00+08:00").unwrap()
}

/// An engine with one mailbox and a post in memory.
pub struct Drill {
    _folder: TempDir,
    pub engine: Engine,
    clock: HandClock,
    pub stop: watch::Receiver<bool>,
    _sender: watch::Sender<bool>,
}

pub async fn drill(server: &ScriptedImap) -> Drill {
    let mut settings = settings(server.account(), &["INBOX"], After::Leave);
    settings.patience.silence = Duration::from_millis(600);
    drill_on(vec![settings]).await
}

/// An engine with these mailboxes.
pub async fn drill_on(mailboxes: Vec<ImapSettings>) -> Drill {
    let folder = tempfile::tempdir().unwrap();
    let offset = *morning().offset();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/campaigns/2021-bayi");
    let register = Register::new(vec![config::load_campaign(&shipped, offset).unwrap()], Vec::new());
    let store = Store::open(folder.path(), offset).await.unwrap();
    let archive = Archive::open(folder.path());
    let every = Duration::from_secs(60);
    let mailboxes = mailboxes.into_iter().map(|settings| Mailbox { settings, every }).collect();
    let clock = HandClock::new(morning());
    let (sender, stop) = watch::channel(false);
    let engine = Engine {
        desk: Desk::new(
            store,
            archive,
            Arc::new(register),
            Opener::Here(Limits::default()),
            "office.example".to_owned(),
        ),
        mailboxes,
        sending: Some(Sending {
            post: Mutex::new(Post::Memory(Vec::new())),
            from: from(),
            quota: Quota { per_minute: 1000, per_day: 1000 },
            hold_reminders: false,
        }),
        digest_to: Vec::new(),
        alert_to: vec!["admin@office.example".to_owned()],
        clock: Clock::Hand(clock.clone()),
        offset,
        watch: None,
    };
    Drill { _folder: folder, engine, clock, stop, _sender: sender }
}

impl Drill {
    /// Looks once at that many minutes after nine; `true` where it was let in.
    pub async fn look(&self, minutes: i64) -> bool {
        self.clock.set(morning() + TimeDelta::minutes(minutes));
        matches!(self.engine.look_once(&self.engine.mailboxes[0], &self.stop).await, Ok(Some(_)))
    }

    pub async fn alerts(&self) -> Vec<String> {
        self.letters(LetterKind::Alert).await
    }

    /// The texts of all letters of this kind that left by now.
    pub async fn letters(&self, kind: LetterKind) -> Vec<String> {
        self.engine.clerk().await.unwrap();
        let post = self.engine.sending.as_ref().unwrap().post.lock().await;
        let Post::Memory(posted) = &*post else { panic!("a post in memory") };
        posted.iter().filter(|posted| posted.letter.kind == kind).map(|posted| posted.letter.text.clone()).collect()
    }

    /// The digests of the mails that are recorded.
    pub async fn recorded(&self) -> Vec<Digest> {
        let mails = self.engine.desk.store.mails(None, None, None).await.unwrap();
        mails.into_iter().map(|mail| mail.sha256).collect()
    }
}

#[tokio::test]
async fn a_refused_login_waits_a_quarter_of_an_hour_and_is_parked_after_three() {
    let refused = Fault::Say(b"TAG NO LOGIN Login error or password error\r\n".to_vec());
    let faults = vec![("LOGIN", refused.clone()), ("LOGIN", refused.clone()), ("LOGIN", refused)];
    let server = ScriptedImap::start(Script { faults, ..Script::default() }).await;
    let drill = drill(&server).await;
    for (minutes, logins) in [(0, 1), (5, 1), (14, 1), (16, 2), (20, 2), (32, 3), (60, 3), (600, 3)] {
        assert!(!drill.look(minutes).await);
        assert_eq!(server.commands_like("LOGIN").len(), logins, "after {minutes} minutes");
    }
    let alerts = drill.alerts().await;
    assert_eq!(alerts.len(), 1, "one alert a cause and day");
    assert!(alerts[0].contains("登录失败"), "{}", alerts[0]);
    let told = collect::faults(&drill.engine.desk.store, morning()).await.unwrap();
    assert!(told.iter().any(|fault| fault.grave && fault.text.contains("已停用")), "{told:?}");
}

#[tokio::test]
async fn an_unsafe_login_alerts_and_mends_itself() {
    let server = ScriptedImap::start(Script { ids_wanted: 3, ..Script::default() }).await;
    let drill = drill(&server).await;
    assert!(!drill.look(0).await);
    assert_eq!(drill.alerts().await.len(), 1);
    assert_eq!(drill.alerts().await.len(), 1, "and no second one that day");
    server.script.lock().unwrap().ids_wanted = 1;
    assert!(drill.look(1).await, "it is tried again without waiting");
    let told = collect::faults(&drill.engine.desk.store, morning()).await.unwrap();
    assert_eq!(told, []);
}

#[tokio::test]
async fn a_mail_that_is_listed_and_never_handed_over_is_told_and_taken_in_once_it_comes() {
    let nothing = Fault::Say(b"TAG OK FETCH completed\r\n".to_vec());
    let bodies = "UID FETCH 7 (UID BODY.PEEK[])";
    let mail = ScriptedMail {
        uid: 7,
        date: " 5-Aug-2021 08:00:00 +0800",
        bytes: b"From: a@unknown.example\r\nSubject: x\r\n\r\nx\r\n".to_vec(),
    };
    let faults = vec![(bodies, nothing.clone()), (bodies, nothing)];
    let server = ScriptedImap::start(Script { mails: vec![mail], faults, ..Script::default() }).await;
    let drill = drill(&server).await;
    assert!(drill.look(0).await);
    assert_eq!(drill.alerts().await, Vec::<String>::new(), "it may have been deleted that moment");
    assert!(drill.look(60).await);
    let alerts = drill.alerts().await;
    assert!(alerts.len() == 1 && alerts[0].contains("1 封邮件列在信箱中"), "{alerts:?}");
    assert!(drill.look(61).await);
    assert_eq!(drill.engine.desk.vitals.withheld(morning() + TimeDelta::minutes(61)), 0, "it has come");
}

#[tokio::test]
async fn a_mailbox_that_hangs_up_for_an_hour_is_told_and_no_more_once_it_answers() {
    let busy = Fault::SayAndHangUp(b"* BYE too many connections\r\n".to_vec());
    let faults = (0..3).map(|_| ("LOGIN", busy.clone())).collect();
    let server = ScriptedImap::start(Script { faults, ..Script::default() }).await;
    let drill = drill(&server).await;
    for minutes in [0, 30, 61] {
        assert!(!drill.look(minutes).await);
    }
    let alerts = drill.alerts().await;
    assert!(alerts.len() == 1 && alerts[0].contains("自 08月05日 09:00 起连接不上"), "{alerts:?}");
    assert!(drill.look(62).await, "it is tried again without waiting");
    drill.clock.set(morning() + TimeDelta::days(1));
    assert_eq!(drill.alerts().await.len(), 1, "it is over");
}
