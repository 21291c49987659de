//! One mailbox: logged into with care, looked into for as long as the program runs, its trouble written down and told.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::FutureExt;
use tokio::sync::{Notify, watch};

use super::{Engine, GRACE, LONGEST_PAUSE, Mailbox, STEP, stopped};
use crate::inbox::{InboxError, Session};
use crate::model::alarm::{Alarm, alarm};
use crate::model::ledger::{Actor, Event, EventKind};
use crate::model::letter::{LetterKey, LetterState};
use crate::store::{AccountState, LetterFilter};
use crate::work::haste::hurried;
use crate::work::poll::{PollError, Polled, poll};
use crate::work::vitals::Worth;
use crate::work::{WorkError, key_for_log, without_addresses};

/// A loop that failed waits this long at first, then twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// The slowest transfer that is waited for, octets a second (`inbox::Patience`).
const SLOWEST: u32 = 8192;
/// Providers lock accounts that log in wrongly too often (mail.md 8).
const MOST_REFUSALS: u32 = 3;
const AFTER_REFUSAL: TimeDelta = TimeDelta::minutes(15);

impl Engine {
    /// Connects to a mailbox and looks into it once. `None` where the account is parked or has to wait.
    ///
    /// # Errors
    /// The connection's or the store's.
    pub async fn look_once(
        &self,
        mailbox: &Mailbox,
        stop: &watch::Receiver<bool>,
    ) -> Result<Option<Polled>, PollError> {
        let name = &mailbox.settings.mailbox;
        self.desk.vitals.watches(name, mailbox.every);
        let looked = self.look_and_leave(mailbox, stop).await;
        if let Err(error) = &looked {
            // Whoever asked tells of it.
            self.desk.vitals.failed(name, &error.to_string());
        }
        looked
    }

    async fn look_and_leave(
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
                if polled.is_ok()
                    && let Some(silence) = self.desk.vitals.looked(&mailbox.settings.mailbox)
                {
                    let (mailbox, minutes) = (&mailbox.settings.mailbox, silence.as_secs() / 60);
                    tracing::info!(mailbox, minutes, "mailbox reachable again");
                }
                polled
            }
            Err(_) => Err(unparsable("FETCH")),
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
                tracing::info!(letter = %key_for_log(&key), "letter found in the sent mail");
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
                alarm!(Alarm::ImapLoginRefused, mailbox = name, refused, parked, said = said_for_log);
                let not_before = Some(now + AFTER_REFUSAL);
                let unreachable_since = known.unreachable_since.or(Some(now));
                let reason = Some(said.clone());
                let state = AccountState { refused, parked, not_before, reason, unreachable_since };
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

    /// Since when there is trouble is written down; and trouble that only a person can end (Unsafe Login, a certificate),
    /// so that the office is alerted and told in the digest. Trying again does no harm, and goes well once the setting is
    /// mended.
    async fn note_trouble(&self, name: &str, error: &InboxError) -> Result<(), WorkError> {
        let now = self.now();
        let known = self.desk.store.account_state(name).await?;
        let mut state = AccountState { unreachable_since: known.unreachable_since.or(Some(now)), ..known.clone() };
        if error.needs_a_person() {
            state.not_before = Some(now + AFTER_REFUSAL);
            state.reason = Some(error.to_string());
        }
        if state != known {
            self.desk.store.set_account_state(name, &state, now).await?;
        }
        Ok(())
    }

    /// Looks into a mailbox until told to stop. A failed connection is made again after a pause.
    pub(super) async fn mailbox_loop(&self, mailbox: &Mailbox, mut stop: watch::Receiver<bool>, new_letters: &Notify) {
        let mut pause = hurried(FIRST_PAUSE);
        while !*stop.borrow() {
            // A server's odd words may panic imap-proto outside a look as well: that too spends the connection alone.
            let session = AssertUnwindSafe(self.session_loop(mailbox, &mut stop, new_letters, &mut pause));
            let ended = session.catch_unwind().await.unwrap_or_else(|_| Err(unparsable("IDLE")));
            if let Err(error) = ended {
                if let PollError::Work(_) = &error {
                    // Disk or database: no server is spared by waiting longer, and new mail lies there meanwhile.
                    pause = hurried(FIRST_PAUSE);
                }
                self.tell_failure(&mailbox.settings.mailbox, &error, pause);
            }
            self.moves(mailbox, pause);
            tokio::select! {
                () = tokio::time::sleep(jittered(pause)) => {}
                () = stopped(&mut stop) => {}
            }
            pause = (pause * 2).min(hurried(LONGEST_PAUSE));
        }
    }

    /// One line for each different trouble; that it lasts is told by the alarm after an hour.
    fn tell_failure(&self, mailbox: &str, failure: &PollError, pause: Duration) {
        let told = without_addresses(&failure.to_string());
        let worth = self.desk.vitals.failed(mailbox, &told);
        let (error, seconds) = (told, pause.as_secs());
        match (failure, worth) {
            (_, Worth::Repeating) => tracing::debug!(mailbox, error, seconds, "still not reachable; trying again"),
            (PollError::Work(_), Worth::Telling | Worth::Nothing) => alarm!(Alarm::MailNotRecorded, mailbox, error),
            (PollError::Inbox(_), Worth::Telling) => alarm!(Alarm::MailboxNotReachable, mailbox, error, seconds),
            (PollError::Inbox(_), Worth::Nothing) => {
                tracing::debug!(mailbox, error, "the connection ended; it is made again");
            }
        }
    }

    /// The loop of this mailbox moves; it will again after a step and that pause.
    pub(super) fn moves(&self, mailbox: &Mailbox, pause: Duration) {
        let transfer = Duration::from_secs(u64::from(mailbox.settings.max_mail_bytes / SLOWEST));
        // The pause may be a fifth longer (`jittered`).
        self.desk.vitals.moves(&mailbox.settings.mailbox, STEP + transfer + pause.mul_f64(1.2));
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
        self.moves(mailbox, Duration::ZERO);
        let connected = tokio::select! {
            connected = self.connect(mailbox) => connected?,
            () = stopped(stop) => return Ok(()),
        };
        let Some(mut session) = connected else { return Ok(()) };
        let name = &mailbox.settings.mailbox;
        if self.desk.vitals.looks().get(name).is_some_and(|looks| looks.well > 0) {
            // Servers end connections as they like; a line for each would drown the others.
            tracing::debug!(mailbox = name, "mailbox opened anew");
        } else {
            tracing::info!(mailbox = name, "mailbox opened");
        }
        while !*stop.borrow() {
            self.reload(false);
            self.moves(mailbox, Duration::ZERO);
            let polled = {
                let looking = self.look(&mut session, mailbox, &told_to_stop);
                tokio::pin!(looking);
                tokio::select! {
                    polled = &mut looking => polled?,
                    // A server that has gone silent may keep a look waiting; what is at the desk is finished first.
                    () = async { stopped(stop).await; tokio::time::sleep(GRACE / 2).await } => return Ok(()),
                }
            };
            *pause = hurried(FIRST_PAUSE);
            let Polled { new, known, skipped } = polled;
            tracing::debug!(mailbox = name, new, known, skipped, "looked into the mailbox");
            self.look_up_unknown(&mut session).await?;
            if polled.new > 0 {
                new_letters.notify_one();
            }
            self.moves(mailbox, mailbox.every);
            tokio::select! {
                waited = session.wait(mailbox.every) => waited?,
                () = stopped(stop) => {}
            }
        }
        session.leave().await;
        Ok(())
    }
}

/// The parser panicked; what it panicked on is not told.
fn unparsable(command: &'static str) -> PollError {
    PollError::Inbox(InboxError::Protocol { command, said: "an answer that ended the parser".to_owned() })
}

/// Up to a fifth longer, so that several mailboxes of one provider do not come back in step.
fn jittered(pause: Duration) -> Duration {
    use std::hash::{BuildHasher, RandomState};
    let chance = RandomState::new().hash_one(pause) % 1000;
    pause + pause.mul_f64(0.2 * f64::from(u16::try_from(chance).unwrap_or(0)) / 1000.0)
}
