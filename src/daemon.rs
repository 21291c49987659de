//! The daemon: one loop a mailbox, one for letters; started together, stopped together.

mod health;
mod listener;
mod mailbox;
mod metrics;
pub mod reload;
pub mod supervisor;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, FixedOffset, TimeDelta};
use futures_util::FutureExt;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::inbox::ImapSettings;
use crate::model::alarm::{Alarm, alarm as tell};
use crate::model::mail::Address;
use crate::post::Post;
use crate::work::accounting::Unaccounted;
use crate::work::alarm::Found;
use crate::work::deliver::{self, Delivered, Outbox, Quota};
use crate::work::desk::Desk;
use crate::work::haste::hurried;
use crate::work::vitals::LETTERS;
use crate::work::{WorkError, accounting, alarm, owe, standings, without_addresses};
use reload::Watch;

/// How often the outbox is looked at when nothing wakes it.
const OUTBOX_EVERY: Duration = Duration::from_secs(5);
/// No loop that failed waits longer than this before it tries again.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// How long the loops may take to finish the step in hand once the daemon is told to stop.
const GRACE: Duration = Duration::from_secs(8);
/// A loop that has not moved for so long is stuck: every wait on a server or a reader ends by itself long before. The
/// transfer of a long mail is waited for besides.
const STEP: Duration = Duration::from_secs(15 * 60);
/// How often it is looked whether all mail is accounted for.
const BOOKS_EVERY: TimeDelta = TimeDelta::hours(1);

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
        let (store, domain, now) = (&self.desk.store, &self.desk.sender_domain, self.now());
        let register = self.desk.register();
        let found = self.found(now).await?;
        let causes = alarm::causes(store, &self.desk.vitals, &found, now).await?;
        let (campaign, alert_to) = match (&self.sending, register.campaigns().last()) {
            (Some(_), Some(campaign)) => (campaign.id.as_str(), self.alert_to.as_slice()),
            // Nobody can be written to; the log tells all the same.
            (Some(_) | None, _) => ("", [].as_slice()),
        };
        alarm::owe_alerts(store, &self.desk.vitals, causes, (campaign, alert_to, domain), now).await?;
        let Some(sending) = &self.sending else { return Ok(Delivered::default()) };
        for campaign in register.campaigns() {
            owe::owe_letters(store, campaign, &self.digest_to, domain, sending.hold_reminders, now).await?;
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
            vitals: &self.desk.vitals,
        };
        outbox.deliver_due().await
    }

    /// Keeps how all units stand, so that `status` finds it.
    pub async fn keep_standings(&self) {
        let register = self.desk.register();
        standings::keep(&self.desk.store, register.campaigns().map(|campaign| campaign.id.as_str())).await;
    }

    /// What is wrong beside the store; the books are gone through from time to time only.
    async fn found(&self, now: DateTime<FixedOffset>) -> Result<Found, WorkError> {
        let vitals = &self.desk.vitals;
        let known = vitals.found(now, BOOKS_EVERY);
        let found = match known {
            Some(known) => known,
            None => {
                let unaccounted = accounting::unaccounted(&self.desk.store, &self.desk.archive, now).await?;
                let found = Found { unaccounted, free: None };
                vitals.note_found(now, found.clone());
                found
            }
        };
        let unaccounted = Unaccounted { withheld: vitals.withheld(now), ..found.unaccounted };
        Ok(Found { unaccounted, free: vitals.free() })
    }

    /// Asks how much room the disk of the storage has.
    pub fn measure_room(&self) {
        if let Ok(room) = rustix::fs::statvfs(self.desk.store.path()) {
            self.desk.vitals.note_free(room.f_bavail.saturating_mul(room.f_frsize));
        }
    }

    /// Whether no letter may go today any more.
    async fn quota_is_used_up(&self, now: DateTime<FixedOffset>) -> Result<bool, WorkError> {
        let Some(sending) = &self.sending else { return Ok(false) };
        Ok(deliver::sent_today(&self.desk.store, now).await? >= sending.quota.per_day)
    }

    /// Owes and delivers letters until told to stop.
    async fn letter_loop(&self, mut stop: watch::Receiver<bool>, new_letters: &Notify) {
        let mut recorded = false;
        while !*stop.borrow() {
            self.reload(false);
            self.desk.vitals.moves(LETTERS, STEP);
            match AssertUnwindSafe(self.clerk()).catch_unwind().await {
                Ok(Ok(delivered)) => recorded |= delivered.sent > 0,
                Ok(Err(error)) => tell!(Alarm::LettersNotWorkedOn, error = without_addresses(&error.to_string())),
                Err(_) => tell!(Alarm::ClerkFailed),
            }
            if std::mem::take(&mut recorded) {
                self.keep_standings().await;
            }
            tokio::select! {
                () = tokio::time::sleep(hurried(OUTBOX_EVERY)) => {}
                () = new_letters.notified() => recorded = true,
                () = stopped(&mut stop) => {}
            }
        }
    }
}

/// Runs until `stop` says so, then finishes the step in hand. Tells on `status`, if there is one, how it goes.
///
/// # Errors
/// The store's, while it takes up what an earlier process left.
pub async fn run(
    engine: Arc<Engine>,
    stop: watch::Receiver<bool>,
    status: Option<TcpListener>,
) -> Result<(), WorkError> {
    deliver::take_up(&engine.desk.store).await?;
    let vitals = &engine.desk.vitals;
    vitals.note_start(engine.now());
    vitals.moves(LETTERS, STEP);
    for mailbox in &engine.mailboxes {
        vitals.watches(&mailbox.settings.mailbox, mailbox.every);
        engine.moves(mailbox, Duration::ZERO);
    }
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
    // Dropped at the end, which ends them.
    let mut watchers = JoinSet::new();
    if let Some(listener) = status {
        watchers.spawn(listener::serve(listener, Arc::clone(&engine)));
    }
    watchers.spawn({
        let engine = Arc::clone(&engine);
        async move { supervisor::watch(&engine).await }
    });
    supervisor::ready();
    let mut told = stop.clone();
    stopped(&mut told).await;
    supervisor::stopping();
    tracing::info!("stopping: the step in hand is finished first");
    let all = async { while loops.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, all).await.is_err() {
        tell!(Alarm::StopHeldUp);
    }
    Ok(())
}

/// Resolves once the daemon is told to stop.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that nobody is left who could say so.
    let _ = stop.wait_for(|stop| *stop).await;
}
