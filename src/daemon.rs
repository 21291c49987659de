//! The daemon: one loop a mailbox, one for letters; started together, stopped together.

pub mod reload;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, FixedOffset, TimeDelta};
use futures_util::FutureExt;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::inbox::{ImapSettings, InboxError, Session};
use crate::model::ledger::{Actor, Event, EventKind};
use crate::model::letter::{LetterKey, LetterState};
use crate::model::mail::Address;
use crate::post::Post;
use crate::store::{AccountState, LetterFilter};
use crate::work::deliver::{self, Delivered, Outbox, Quota};
use crate::work::desk::Desk;
use crate::work::poll::{PollError, Polled, poll};
use crate::work::{WorkError, alarm, owe, standings, without_addresses};
use reload::Watch;

/// How often the outbox is looked at when nothing wakes it.
const OUTBOX_EVERY: Duration = Duration::from_secs(5);
/// A loop that failed waits this long at first, then twice as long each time, up to the last.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// How long the loops may take to finish the step in hand once the daemon is told to stop.
const GRACE: Duration = Duration::from_secs(8);
/// Providers lock accounts that log in wrongly too often (mail.md 8).
const MOST_REFUSALS: u32 = 3;
const AFTER_REFUSAL: TimeDelta = TimeDelta::minutes(15);

/// Everything the loops share.
pub struct Engine {
    pub desk: Desk,
    pub mailboxes: Vec<Mailbox>,
    pub sending: Option<Sending>,
    pub digest_to: Vec<String>,
    pub alert_to: Vec<String>,
    pub clock: Clock,
    pub offset: FixedOffset,
    /// The campaigns' files, where they may change under a running program.
    pub watch: Option<Watch>,
}

/// A mailbox and how often it is looked into.
pub struct Mailbox {
    pub settings: ImapSettings,
    pub every: Duration,
}

/// How letters leave.
pub struct Sending {
    pub post: tokio::sync::Mutex<Post>,
    pub from: Address,
    pub quota: Quota,
    /// Reminders wait until a person lets them go.
    pub hold_reminders: bool,
}

impl Engine {
    fn now(&self) -> DateTime<FixedOffset> {
        self.clock.now(self.offset)
    }

    /// Reads the campaigns' files again where they have changed, or at any rate.
    pub fn reload(&self, forced: bool) {
        if let Some(watch) = &self.watch {
            watch.look(&self.desk, forced, self.now());
        }
    }

    /// Owes what falls due and sends what may go now.
    ///
    /// # Errors
    /// The store's.
    pub async fn clerk(&self) -> Result<Delivered, WorkError> {
        let Some(sending) = &self.sending else { return Ok(Delivered::default()) };
        let (store, domain, now) = (&self.desk.store, &self.desk.sender_domain, self.now());
        let register = self.desk.register();
        for campaign in register.campaigns() {
            owe::owe_letters(store, campaign, &self.digest_to, domain, sending.hold_reminders, now).await?;
        }
        if let Some(campaign) = register.campaigns().last() {
            alarm::owe_alerts(store, &campaign.id, &self.alert_to, domain, now).await?;
        }
        let mut post = sending.post.lock().await;
        let mut outbox = Outbox {
            store,
            register: &register,
            copyist: self.desk.copyist(),
            post: &mut post,
            from: &sending.from,
            quota: sending.quota,
            clock: &self.clock,
            offset: self.offset,
        };
        outbox.deliver_due().await
    }

    /// Keeps how all units stand, so that `status` finds it.
    pub async fn keep_standings(&self) {
        let register = self.desk.register();
        standings::keep(&self.desk.store, register.campaigns().map(|campaign| campaign.id.as_str())).await;
    }

    /// Connects to a mailbox and looks into it once. `None` where the account is parked or has to wait.
    ///
    /// # Errors
    /// The connection's or the store's.
    pub async fn look_once(
        &self,
        mailbox: &Mailbox,
        stop: &watch::Receiver<bool>,
    ) -> Result<Option<Polled>, PollError> {
        let Some(mut session) = self.connect(mailbox).await? else { return Ok(None) };
        let polled = self.look(&mut session, mailbox, stop).await?;
        self.look_up_unknown(&mut session).await?;
        session.leave().await;
        Ok(Some(polled))
    }

    async fn look(
        &self,
        session: &mut Session,
        mailbox: &Mailbox,
        stop: &watch::Receiver<bool>,
    ) -> Result<Polled, PollError> {
        // imap-proto may panic on what odd servers say; that spends the connection and nothing more.
        let looking = poll(&self.desk, session, &mailbox.settings, &self.clock, self.offset, stop);
        match AssertUnwindSafe(looking).catch_unwind().await {
            Ok(Err(PollError::Inbox(error))) => {
                self.note_trouble(&mailbox.settings.mailbox, &error).await?;
                Err(error.into())
            }
            Ok(polled) => {
                self.note_well(&mailbox.settings.mailbox).await?;
                polled
            }
            Err(_) => Err(PollError::Inbox(InboxError::Protocol {
                command: "FETCH",
                said: "an answer that ended the parser".to_owned(),
            })),
        }
    }

    /// Letters of unknown fate are looked up among the sent mail (mail.md 12): the providers file there what SMTP took.
    /// One that is found has gone out; one that is not is never sent again without a person's word, since not every
    /// account keeps its sent mail.
    async fn look_up_unknown(&self, session: &mut Session) -> Result<(), PollError> {
        let unknown = LetterFilter { state: Some(LetterState::Unknown), ..LetterFilter::default() };
        for line in self.desk.store.letters(&unknown).await? {
            let Some(key) = LetterKey::parse(&line.key) else { continue };
            let Some(letter) = self.desk.store.letter(&key).await? else { continue };
            if session.find_in_sent(&letter.message_id).await? == Some(true) {
                let now = self.now();
                let event = line.unit.map(|unit| Event {
                    id: 0,
                    act: 0,
                    at: now,
                    campaign: line.campaign,
                    unit: Some(unit),
                    mail: None,
                    by: Actor::Machine,
                    kind: EventKind::LetterSent { kind: key.kind(), key: line.key.clone() },
                });
                self.desk
                    .store
                    .set_letter_state(&key, LetterState::Sent, "found in the sent mail", event.as_ref(), now)
                    .await?;
                tracing::info!(letter = %line.key, "letter found in the sent mail");
            }
        }
        Ok(())
    }

    /// Logs in, unless the account has to wait after refused logins.
    async fn connect(&self, mailbox: &Mailbox) -> Result<Option<Session>, PollError> {
        let name = &mailbox.settings.mailbox;
        let store = &self.desk.store;
        let known = store.account_state(name).await?;
        let now = self.now();
        // Only a refused login has to wait: providers lock accounts. Other trouble is tried again as it comes.
        let waits = known.refused > 0 && known.not_before.is_some_and(|moment| moment > now);
        if known.parked || waits {
            tracing::debug!(mailbox = name, parked = known.parked, "login not tried");
            return Ok(None);
        }
        let connecting = AssertUnwindSafe(Session::connect(&mailbox.settings)).catch_unwind().await;
        let connected = connecting.unwrap_or_else(|_| {
            Err(InboxError::Protocol { command: "LOGIN", said: "an answer that ended the parser".to_owned() })
        });
        match connected {
            Ok(session) => Ok(Some(session)),
            Err(InboxError::Refused { said }) => {
                let refused = known.refused + 1;
                let parked = refused >= MOST_REFUSALS;
                let said_for_log = without_addresses(&said);
                tracing::warn!(
                    mailbox = name,
                    refused,
                    parked,
                    said = said_for_log,
                    "the IMAP server refuses the login"
                );
                let not_before = Some(now + AFTER_REFUSAL);
                let state = AccountState { refused, parked, not_before, reason: Some(said.clone()) };
                store.set_account_state(name, &state, now).await?;
                Err(InboxError::Refused { said }.into())
            }
            Err(error) => {
                self.note_trouble(name, &error).await?;
                Err(error.into())
            }
        }
    }

    /// A look that went well ends what was noted.
    async fn note_well(&self, name: &str) -> Result<(), WorkError> {
        if self.desk.store.account_state(name).await? != AccountState::default() {
            self.desk.store.set_account_state(name, &AccountState::default(), self.now()).await?;
        }
        Ok(())
    }

    /// Trouble only a person can end (Unsafe Login, a certificate) is written down, so that the office is alerted and
    /// told in the digest. Trying again does no harm, and goes well once the setting is mended.
    async fn note_trouble(&self, name: &str, error: &InboxError) -> Result<(), WorkError> {
        if error.needs_a_person() {
            let now = self.now();
            let known = self.desk.store.account_state(name).await?;
            let state =
                AccountState { not_before: Some(now + AFTER_REFUSAL), reason: Some(error.to_string()), ..known };
            self.desk.store.set_account_state(name, &state, now).await?;
        }
        Ok(())
    }

    /// Looks into a mailbox until told to stop. A failed connection is made again after a pause.
    async fn mailbox_loop(&self, mailbox: &Mailbox, mut stop: watch::Receiver<bool>, new_letters: &Notify) {
        let mut pause = FIRST_PAUSE;
        while !*stop.borrow() {
            let ended = self.session_loop(mailbox, &mut stop, new_letters, &mut pause).await;
            if let Err(error) = ended {
                let name = &mailbox.settings.mailbox;
                let what = match &error {
                    PollError::Inbox(_) => "mailbox not reachable; trying again",
                    // Disk or database: no server is spared by waiting longer, and new mail lies there meanwhile.
                    PollError::Work(_) => {
                        pause = FIRST_PAUSE;
                        "mail could not be recorded; trying again"
                    }
                };
                let (error, seconds) = (without_addresses(&error.to_string()), pause.as_secs());
                tracing::warn!(mailbox = name, error, seconds, "{what}");
            }
            tokio::select! {
                () = tokio::time::sleep(jittered(pause)) => {}
                () = stopped(&mut stop) => {}
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// One connection's life.
    async fn session_loop(
        &self,
        mailbox: &Mailbox,
        stop: &mut watch::Receiver<bool>,
        new_letters: &Notify,
        pause: &mut Duration,
    ) -> Result<(), PollError> {
        let told_to_stop = stop.clone();
        let connected = tokio::select! {
            connected = self.connect(mailbox) => connected?,
            () = stopped(stop) => return Ok(()),
        };
        let Some(mut session) = connected else { return Ok(()) };
        tracing::info!(mailbox = mailbox.settings.mailbox, "mailbox opened");
        while !*stop.borrow() {
            self.reload(false);
            let polled = {
                let looking = self.look(&mut session, mailbox, &told_to_stop);
                tokio::pin!(looking);
                tokio::select! {
                    polled = &mut looking => polled?,
                    // A server that has gone silent may keep a look waiting; what is at the desk is finished first.
                    () = async { stopped(stop).await; tokio::time::sleep(GRACE / 2).await } => return Ok(()),
                }
            };
            *pause = FIRST_PAUSE;
            self.look_up_unknown(&mut session).await?;
            if polled.new > 0 {
                new_letters.notify_one();
            }
            tokio::select! {
                waited = session.wait(mailbox.every) => waited?,
                () = stopped(stop) => {}
            }
        }
        session.leave().await;
        Ok(())
    }

    /// Owes and delivers letters until told to stop.
    async fn letter_loop(&self, mut stop: watch::Receiver<bool>, new_letters: &Notify) {
        let mut recorded = false;
        while !*stop.borrow() {
            self.reload(false);
            match AssertUnwindSafe(self.clerk()).catch_unwind().await {
                Ok(Ok(delivered)) => recorded |= delivered.sent > 0,
                Ok(Err(error)) => tracing::error!(error = %error, "letters could not be worked on; trying again"),
                Err(_) => tracing::error!("working on letters failed; trying again"),
            }
            if std::mem::take(&mut recorded) {
                self.keep_standings().await;
            }
            tokio::select! {
                () = tokio::time::sleep(OUTBOX_EVERY) => {}
                () = new_letters.notified() => recorded = true,
                () = stopped(&mut stop) => {}
            }
        }
    }
}

/// Runs until `stop` says so, then finishes the step in hand.
///
/// # Errors
/// The store's, while it takes up what an earlier process left.
pub async fn run(engine: Arc<Engine>, stop: watch::Receiver<bool>) -> Result<(), WorkError> {
    deliver::take_up(&engine.desk.store).await?;
    let new_letters = Arc::new(Notify::new());
    let mut loops = JoinSet::new();
    for place in 0..engine.mailboxes.len() {
        let (engine, stop, new_letters) = (Arc::clone(&engine), stop.clone(), Arc::clone(&new_letters));
        loops.spawn(async move {
            if let Some(mailbox) = engine.mailboxes.get(place) {
                engine.mailbox_loop(mailbox, stop, &new_letters).await;
            }
        });
    }
    {
        let (engine, stop) = (Arc::clone(&engine), stop.clone());
        loops.spawn(async move { engine.letter_loop(stop, &new_letters).await });
    }
    let mut told = stop.clone();
    stopped(&mut told).await;
    tracing::info!("stopping: the step in hand is finished first");
    let all = async { while loops.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, all).await.is_err() {
        tracing::warn!("a server keeps a step waiting; it is taken up again at the next start");
    }
    Ok(())
}

/// Resolves once the daemon is told to stop.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that nobody is left who could say so.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Up to a fifth longer, so that several mailboxes of one provider do not come back in step.
fn jittered(pause: Duration) -> Duration {
    use std::hash::{BuildHasher, RandomState};
    let chance = RandomState::new().hash_one(pause) % 1000;
    pause + pause.mul_f64(0.2 * f64::from(u16::try_from(chance).unwrap_or(0)) / 1000.0)
}
