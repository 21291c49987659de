//! The outbox at work: claim a letter, write the attempt down, hand it over, write down what came of it.

use std::time::Duration;

use chrono::{DateTime, Days, FixedOffset, NaiveTime, TimeDelta};

use super::collect::Span;
use super::enclose::Copyist;
use super::failpoint::reached;
use super::haste::hurried_pause;
use super::render::{self, Rendering};
use super::vitals::{LETTERS, Vitals};
use super::{WorkError, key_for_log, without_addresses};
use crate::clock::Clock;
use crate::judge::due;
use crate::judge::register::Register;
use crate::model::alarm::{Alarm, alarm};
use crate::model::ledger::{Actor, Event, EventKind};
use crate::model::letter::{Delivery, Letter, LetterKey, LetterKind, LetterState};
use crate::model::mail::Address;
use crate::post::Post;
use crate::store::{AccountState, Settled, Store, StoreError, StoredLetter};

/// The name of the sending account in the store.
pub const SENDING_ACCOUNT: &str = "smtp";
/// After so many refused logins in a row the account waits for a person (mail.md 8: providers lock accounts).
const MOST_REFUSALS: u32 = 3;
/// How long to wait after a refused login.
const AFTER_REFUSAL: TimeDelta = TimeDelta::minutes(15);
/// How often and after which pause it is tried to write down what came of an attempt.
const MOST_SETTLING_TRIES: u32 = 30;
const SETTLING_PAUSE: Duration = Duration::from_secs(2);
/// How long no letter dials after one found nobody there.
const AFTER_SILENCE: TimeDelta = TimeDelta::minutes(1);
/// How many letters are looked at in one go.
const BATCH: u32 = 50;
/// This part of a day's quota is kept from reminders, so that a receipt need not wait until tomorrow.
const KEPT_FOR_ANSWERS: u32 = 4;

/// How much the provider takes (its true caps are unpublished; mail.md 13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    pub per_minute: u32,
    pub per_day: u32,
}

/// What a round of delivery did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delivered {
    pub sent: u32,
    /// Held, refused or of unknown fate: a person must look.
    pub stuck: u32,
    /// Will be tried again.
    pub postponed: u32,
    /// No longer owed when its turn came.
    pub cancelled: u32,
}

/// The outbox with everything it needs to send.
pub struct Outbox<'a> {
    pub store: &'a Store,
    pub register: &'a Register,
    /// Makes the tables that go with receipts.
    pub copyist: Copyist<'a>,
    pub post: &'a mut Post,
    pub from: &'a Address,
    pub quota: Quota,
    pub clock: &'a Clock,
    pub offset: FixedOffset,
    /// Hears of every letter that is tried.
    pub vitals: &'a Vitals,
}

/// Whether the round goes on after a letter.
enum Next {
    Go,
    Stop,
}

impl Outbox<'_> {
    /// Sends what is due and what the quotas allow now; does not wait for the rest.
    ///
    /// # Errors
    /// The store's. What a server says is no error; it is written down.
    pub async fn deliver_due(&mut self) -> Result<Delivered, WorkError> {
        let mut delivered = Delivered::default();
        let now = self.now();
        take_up(self.store).await?;
        for letter in self.store.cancel_expired(now).await? {
            tracing::info!(letter = %key_for_log(&letter.order.key), "letter no longer worth sending");
            delivered.cancelled += 1;
        }
        let account = self.store.account_state(SENDING_ACCOUNT).await?;
        if account.parked || account.not_before.is_some_and(|moment| moment > now) {
            return Ok(delivered);
        }
        loop {
            let room = self.room(self.now()).await?;
            let letters = self.store.due_letters(self.now(), room.min(BATCH)).await?;
            if room == 0 || letters.is_empty() {
                return Ok(delivered);
            }
            for letter in letters {
                // Reminders come last of all, so nothing else waits behind the first one.
                let reminds = letter.order.key.kind() == LetterKind::Reminder;
                if reminds && self.room_for_reminders(self.now()).await? == 0 {
                    return Ok(delivered);
                }
                if let Next::Stop = self.deliver(letter, &mut delivered).await? {
                    return Ok(delivered);
                }
            }
        }
    }

    fn now(&self) -> DateTime<FixedOffset> {
        self.clock.now(self.offset)
    }

    /// How many letters may go now.
    async fn room(&self, now: DateTime<FixedOffset>) -> Result<u32, WorkError> {
        let minute = self.store.sent_since(now - TimeDelta::seconds(60)).await?;
        let day = sent_today(self.store, now).await?;
        Ok(self.quota.per_minute.saturating_sub(minute).min(self.quota.per_day.saturating_sub(day)))
    }

    async fn room_for_reminders(&self, now: DateTime<FixedOffset>) -> Result<u32, WorkError> {
        let kept = self.quota.per_day / KEPT_FOR_ANSWERS;
        Ok(self.quota.per_day.saturating_sub(kept).saturating_sub(sent_today(self.store, now).await?))
    }

    /// Until when this letter has to wait, since nobody asked for it and the office is closed.
    fn must_wait_until(&self, key: &LetterKey, now: DateTime<FixedOffset>) -> Option<DateTime<FixedOffset>> {
        let (campaign, stage) = match key {
            LetterKey::Reminder { campaign, stage, .. } | LetterKey::Arrears { campaign, stage, .. } => {
                (campaign, stage)
            }
            LetterKey::Ack { .. } | LetterKey::Answer { .. } | LetterKey::Digest { .. } | LetterKey::Alert { .. } => {
                return None;
            }
        };
        let campaign = self.register.campaign(campaign)?;
        due::must_wait_until(campaign, due::stage_named(campaign, stage)?, now)
    }

    async fn deliver(&mut self, stored: StoredLetter, delivered: &mut Delivered) -> Result<Next, WorkError> {
        self.vitals.steps(LETTERS);
        let now = self.now();
        let key = stored.order.key.clone();
        if let Some(until) = self.must_wait_until(&key, now) {
            self.store.postpone(&key, until).await?;
            delivered.postponed += 1;
            return Ok(Next::Go);
        }
        let letter = match render::letter(self.store, self.register, self.copyist, &stored, Span::All, now).await? {
            Rendering::Letter(letter) => letter,
            Rendering::NotOwed(reason) => {
                tracing::info!(letter = %key_for_log(&key), reason, "letter cancelled");
                self.store.set_letter_state(&key, LetterState::Cancelled, &reason, None, now).await?;
                delivered.cancelled += 1;
                return Ok(Next::Go);
            }
            Rendering::Faulty(reason) => {
                alarm!(Alarm::LetterHeld, letter = %key_for_log(&key), reason);
                self.store.set_letter_state(&key, LetterState::Held, &reason, None, now).await?;
                delivered.stuck += 1;
                return Ok(Next::Go);
            }
        };
        reached("rendered");
        // The attempt is durable before the server hears of it, so that a crash leaves `unknown` and never a second letter.
        if !self.store.claim(&key, now).await? {
            return Ok(Next::Go);
        }
        reached("claimed");
        let outcome = self.post.deliver(&letter, self.from).await;
        reached("delivered");
        let next = self.settle(&stored, &letter, outcome, delivered).await;
        reached("settled");
        next
    }

    async fn settle(
        &mut self,
        stored: &StoredLetter,
        letter: &Letter,
        outcome: Delivery,
        delivered: &mut Delivered,
    ) -> Result<Next, WorkError> {
        let now = self.now();
        let consequence = consequence(&outcome, stored.attempts + 1, now);
        let event = self.event(stored, letter, &outcome, now);
        self.write_down(&stored.order.key, &consequence.settled, event.as_ref(), now).await?;
        let key = key_for_log(&stored.order.key);
        let unit = letter.unit.as_ref().map(|unit| tracing::field::display(unit.as_str()));
        match consequence.settled.state {
            LetterState::Sent => {
                tracing::info!(letter = %key, unit, "letter sent");
                delivered.sent += 1;
            }
            LetterState::Queued => {
                tracing::info!(letter = %key, unit, reply = without_addresses(&consequence.settled.reply), "letter postponed");
                delivered.postponed += 1;
            }
            LetterState::Sending
            | LetterState::Unknown
            | LetterState::Held
            | LetterState::Refused
            | LetterState::Cancelled => {
                let state = consequence.settled.state.as_str();
                let reply = without_addresses(&consequence.settled.reply);
                alarm!(Alarm::LetterNeedsPerson, letter = %key, unit, state, reply);
                delivered.stuck += 1;
            }
        }
        self.note_account(&outcome, now).await?;
        Ok(consequence.next)
    }

    /// What came of an attempt is known here alone: a disk that is full for a while must not turn it into a riddle. Nothing
    /// else could be sent meanwhile either.
    async fn write_down(
        &self,
        key: &LetterKey,
        settled: &Settled,
        event: Option<&Event>,
        now: DateTime<FixedOffset>,
    ) -> Result<(), WorkError> {
        let mut tries = 0_u32;
        loop {
            match self.store.settle(key, settled, event, now).await {
                Err(error @ (StoreError::Database(_) | StoreError::File { .. })) if tries < MOST_SETTLING_TRIES => {
                    tries += 1;
                    alarm!(Alarm::OutcomeNotWritten, letter = %key_for_log(key), %error);
                    tokio::time::sleep(SETTLING_PAUSE).await;
                }
                done => return Ok(done?),
            }
        }
    }

    fn event(
        &self,
        stored: &StoredLetter,
        letter: &Letter,
        outcome: &Delivery,
        now: DateTime<FixedOffset>,
    ) -> Option<Event> {
        let kind = match outcome {
            Delivery::Accepted { .. } => EventKind::LetterSent { kind: letter.kind, key: stored.order.key.text() },
            Delivery::NoSuchRecipient { reply } => EventKind::Bounced {
                recipient: letter.recipients.first().map(|address| address.to_lowercase()).unwrap_or_default(),
                hard: true,
                diagnostic: Some(reply.clone()),
            },
            Delivery::Retry { .. }
            | Delivery::Tomorrow { .. }
            | Delivery::Hold { .. }
            | Delivery::Stop { .. }
            | Delivery::Credentials { .. }
            | Delivery::NotReached { .. }
            | Delivery::Unknown { .. } => return None,
        };
        Some(Event {
            id: 0,
            act: 0,
            at: now,
            campaign: stored.order.campaign.clone(),
            unit: letter.unit.clone(),
            mail: None,
            by: Actor::Machine,
            kind,
        })
    }

    /// Pauses or parks the sending account as the server's answer demands.
    async fn note_account(&mut self, outcome: &Delivery, now: DateTime<FixedOffset>) -> Result<(), WorkError> {
        let known = self.store.account_state(SENDING_ACCOUNT).await?;
        let state = match outcome {
            Delivery::Accepted { .. } if known == AccountState::default() => return Ok(()),
            Delivery::Accepted { .. } => AccountState::default(),
            Delivery::Credentials { reply } => {
                let refused = known.refused + 1;
                let parked = refused >= MOST_REFUSALS;
                alarm!(Alarm::SmtpLoginRefused, refused, parked, reply = without_addresses(reply));
                AccountState {
                    refused,
                    parked,
                    not_before: Some(now + AFTER_REFUSAL),
                    reason: Some(reply.clone()),
                    ..known
                }
            }
            Delivery::Stop { reply } => {
                alarm!(Alarm::SendingParked, reply = without_addresses(reply));
                AccountState { parked: true, reason: Some(reply.clone()), ..known }
            }
            Delivery::Tomorrow { reply } => {
                alarm!(Alarm::DailyLimitReached, reply = without_addresses(reply));
                AccountState { not_before: Some(tomorrow(now)), reason: Some(reply.clone()), ..known }
            }
            Delivery::Retry { after_seconds, reply } => {
                let pause = TimeDelta::seconds(i64::try_from(*after_seconds).unwrap_or(i64::MAX).min(86_400));
                AccountState { not_before: Some(now + pause), reason: Some(reply.clone()), ..known }
            }
            Delivery::NotReached { reply } => {
                alarm!(Alarm::SmtpNotReached, reply = without_addresses(reply));
                // Otherwise each letter of the outbox would dial in turn.
                AccountState {
                    not_before: Some(now + hurried_pause(AFTER_SILENCE)),
                    reason: Some(reply.clone()),
                    ..known
                }
            }
            Delivery::Hold { .. } | Delivery::NoSuchRecipient { .. } | Delivery::Unknown { .. } => return Ok(()),
        };
        Ok(self.store.set_account_state(SENDING_ACCOUNT, &state, now).await?)
    }
}

/// What was left half done by an earlier process, or by this one when the disk would not take what came of it: a letter
/// whose attempt was written down and whose outcome was not is never blindly sent again. For the holder of the storage's
/// lock, while it sends nothing.
///
/// # Errors
/// The store's.
pub async fn take_up(store: &Store) -> Result<(), WorkError> {
    for letter in store.recover_interrupted().await? {
        alarm!(Alarm::LetterInterrupted, letter = %key_for_log(&letter.order.key));
    }
    Ok(())
}

/// How many recipients the provider has counted today.
///
/// # Errors
/// The store's.
pub async fn sent_today(store: &Store, now: DateTime<FixedOffset>) -> Result<u32, WorkError> {
    let midnight = now.date_naive().and_time(NaiveTime::MIN).and_local_timezone(*now.offset()).single();
    Ok(store.sent_since(midnight.unwrap_or(now)).await?)
}

/// What an answer means for the letter and for the rest of the round.
struct Consequence {
    settled: Settled,
    next: Next,
}

fn consequence(outcome: &Delivery, attempts: u32, now: DateTime<FixedOffset>) -> Consequence {
    let settled = |state, next_attempt_at, reply: &String, next| Consequence {
        settled: Settled { state, next_attempt_at, reply: reply.clone() },
        next,
    };
    let queued = |at, reply, next| settled(LetterState::Queued, Some(at), reply, next);
    match outcome {
        Delivery::Accepted { reply } => settled(LetterState::Sent, None, reply, Next::Go),
        Delivery::Retry { after_seconds, reply } => {
            let pause = TimeDelta::seconds(i64::try_from(*after_seconds).unwrap_or(i64::MAX).min(86_400));
            queued(now + pause, reply, Next::Stop)
        }
        Delivery::Tomorrow { reply } => queued(tomorrow(now), reply, Next::Stop),
        Delivery::Hold { reply } => settled(LetterState::Held, None, reply, Next::Go),
        Delivery::Stop { reply } => queued(now, reply, Next::Stop),
        Delivery::Credentials { reply } => queued(now + AFTER_REFUSAL, reply, Next::Stop),
        Delivery::NoSuchRecipient { reply } => settled(LetterState::Refused, None, reply, Next::Go),
        Delivery::NotReached { reply } => {
            // One minute, two, four … up to about an hour.
            let minutes = 1i64 << attempts.clamp(1, 7).saturating_sub(1);
            queued(now + hurried_pause(TimeDelta::minutes(minutes)), reply, Next::Stop)
        }
        Delivery::Unknown { reply } => settled(LetterState::Unknown, None, reply, Next::Go),
    }
}

/// Half past eight tomorrow.
fn tomorrow(now: DateTime<FixedOffset>) -> DateTime<FixedOffset> {
    let morning = NaiveTime::from_hms_opt(8, 30, 0).unwrap_or(NaiveTime::MIN);
    now.date_naive()
        .checked_add_days(Days::new(1))
        .and_then(|day| day.and_time(morning).and_local_timezone(*now.offset()).single())
        .unwrap_or(now + TimeDelta::hours(12))
}
