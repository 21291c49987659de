//! What the store knows of everybody a mail may concern, and what it would know had things gone otherwise.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, FixedOffset, TimeDelta};

use super::Desk;
use crate::judge::decide::{BouncedLetter, Past};
use crate::judge::past::{Arrivals, Chronicle, Moment, standing_mails, units_of};
use crate::model::decision::Understanding;
use crate::model::ledger::{Event, EventKind, undone_by};
use crate::model::mail::{DeliveryReport, Digest, MachineReport};
use crate::model::unit::UnitCode;
use crate::work::WorkError;

/// A bounce that does not name its letter is matched to one sent to that address within this span.
const BOUNCE_SPAN: TimeDelta = TimeDelta::days(7);

impl Desk {
    /// What the store knows of everybody this mail may concern.
    pub(in crate::work) async fn past(
        &self,
        understanding: &Understanding,
        now: DateTime<FixedOffset>,
    ) -> Result<Past, WorkError> {
        self.past_if(understanding, Supposed::default(), now).await
    }

    /// The same, supposing that things had gone otherwise.
    pub(in crate::work) async fn past_if(
        &self,
        understanding: &Understanding,
        supposed: Supposed<'_>,
        now: DateTime<FixedOffset>,
    ) -> Result<Past, WorkError> {
        self.past_of(understanding, Moment::end(), supposed, now).await
    }

    /// As of the moment the mail arrived.
    pub(super) async fn past_of(
        &self,
        understanding: &Understanding,
        moment: Moment,
        supposed: Supposed<'_>,
        now: DateTime<FixedOffset>,
    ) -> Result<Past, WorkError> {
        let bounced = self.bounced(understanding, now).await?;
        let Some(campaign_id) = &understanding.campaign else { return Ok(Past { bounced, ..Past::default() }) };
        let yesterday = now - TimeDelta::days(1);
        let units = units_of(understanding);
        let account = self.recorded.account(&self.store, campaign_id).await?;
        let register = self.register();
        let campaign = register.campaign(campaign_id).map(AsRef::as_ref);
        let (mut past, mut senders) = if supposed.is_nothing() {
            let counting = account.counting();
            let ahead = counting.ahead_of(&units, campaign, moment);
            let events = self.store.events_of_units(campaign_id, &ahead).await?;
            let singly = singly(&events, &ahead, &self.store.undone().await?);
            let past = counting.past(account.arrivals(), &units, campaign, moment, &singly);
            (past, counting.taught_addresses(&units))
        } else {
            let counting = supposed.chronicle(&self.store.events(campaign_id).await?, campaign_id, account.arrivals());
            (counting.past(account.arrivals(), &units, campaign, moment), counting.taught_addresses(&units))
        };
        past.bounced = bounced;
        for (unit, mail) in standing_mails(&past) {
            let record = self.store.mail(mail).await?;
            let from = record.and_then(|record| record.from_address).map(|address| address.to_lowercase());
            senders.entry(unit.clone()).or_default().extend(from);
        }
        past.senders = senders;
        past.duplicates_today = u32::try_from(account.repeats_since(&units, yesterday)).unwrap_or(u32::MAX);
        if let Some(from) = understanding.mail.headers.from.first() {
            past.answers_today = self.store.owed_to_since(&from.address, yesterday).await?;
        }
        Ok(past)
    }

    /// The letter of ours a bounce sends back: by its Message-ID, else by recipient and time (mail.md 23).
    pub(in crate::work) async fn bounced(
        &self,
        understanding: &Understanding,
        now: DateTime<FixedOffset>,
    ) -> Result<Option<BouncedLetter>, WorkError> {
        let Some(MachineReport::Delivery(report)) = &understanding.mail.machine_report else { return Ok(None) };
        let DeliveryReport { original_message_id, recipient, .. } = report;
        let mut letter = None;
        if let Some(id) = original_message_id {
            letter = self.store.letter_by_message_id(id).await?;
        }
        if letter.is_none()
            && original_message_id.is_none()
            && let Some(recipient) = recipient
        {
            letter = self.store.last_letter_to(recipient, now - BOUNCE_SPAN).await?;
        }
        Ok(letter.map(|letter| {
            let order = letter.order;
            let first = order.recipients.first().map(|address| address.to_lowercase()).unwrap_or_default();
            let named =
                recipient.clone().filter(|named| order.recipients.iter().any(|to| to.eq_ignore_ascii_case(named)));
            BouncedLetter {
                campaign: order.campaign,
                unit: order.unit,
                recipient: named.unwrap_or(first),
                message_id: letter.message_id,
            }
        }))
    }
}

/// What is supposed to have happened beside what is recorded.
#[derive(Clone, Copy, Default)]
pub(in crate::work) struct Supposed<'a> {
    /// This mail had never come.
    pub without: Option<&'a Digest>,
    /// These events had been recorded too.
    pub also: &'a [Event],
}

impl Supposed<'_> {
    fn is_nothing(&self) -> bool {
        self.without.is_none() && self.also.is_empty()
    }

    /// The collection's events in force, so supposing.
    fn chronicle(&self, recorded: &[Event], campaign: &str, arrivals: &Arrivals) -> Chronicle {
        let also = self.also.iter().filter(|event| event.campaign == campaign);
        let mut all: Vec<&Event> = recorded.iter().chain(also).collect();
        let undoings = all.iter().filter_map(|event| match event.kind {
            EventKind::Undone { event_id, .. } => Some((event.id, event_id)),
            _ => None,
        });
        let undone = undone_by(undoings);
        let counts = |event: &Event| event.mail.is_none() || event.mail.as_ref() != self.without;
        all.retain(|event| !undone.contains(&event.id) && counts(event));
        Chronicle::of(all.into_iter().cloned(), arrivals)
    }
}

/// The events of each of these units that count.
fn singly<'e>(
    events: &'e [Event],
    units: &BTreeSet<UnitCode>,
    undone: &BTreeSet<i64>,
) -> BTreeMap<UnitCode, Vec<&'e Event>> {
    let mut singly: BTreeMap<UnitCode, Vec<&Event>> = units.iter().map(|unit| (unit.clone(), Vec::new())).collect();
    for event in events.iter().filter(|event| !undone.contains(&event.id)) {
        if let Some(of_unit) = event.unit.as_ref().and_then(|unit| singly.get_mut(unit)) {
            of_unit.push(event);
        }
    }
    singly
}
