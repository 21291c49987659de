//! What the store knows of everybody a mail may concern, and what it would know had things gone otherwise.

use std::collections::BTreeSet;

use chrono::{DateTime, FixedOffset, TimeDelta};

use super::Desk;
use super::folded::Folded;
use crate::judge::decide::{BouncedLetter, Past, Times};
use crate::judge::past::{Arrivals, Moment, past_as_of, standing_mails, taught_addresses, units_of};
use crate::model::campaign::Campaign;
use crate::model::decision::Understanding;
use crate::model::ledger::{Event, EventKind, undone_by};
use crate::model::mail::{DeliveryReport, Digest, MachineReport};
use crate::model::unit::UnitCode;
use crate::store::{Recording, StoredLetter};
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
        let bounced = self.bounced(understanding, now).await?;
        let Some(campaign_id) = &understanding.campaign else { return Ok(Past { bounced, ..Past::default() }) };
        let yesterday = now - TimeDelta::days(1);
        let units = units_of(understanding);
        let events = self.store.events(campaign_id).await?;
        let register = self.register();
        let campaign = register.campaign(campaign_id).map(AsRef::as_ref);
        let counting = supposed.events(&events, campaign_id);
        let arrivals = Arrivals::of(events.iter());
        let mut past = past_as_of(counting.iter().copied(), &arrivals, &units, campaign, Moment::end());
        past.bounced = bounced;
        let mut senders = taught_addresses(counting.iter().copied(), &units);
        for (unit, mail) in standing_mails(&past) {
            let record = self.store.mail(mail).await?;
            let from = record.and_then(|record| record.from_address).map(|address| address.to_lowercase());
            senders.entry(unit.clone()).or_default().extend(from);
        }
        past.senders = senders;
        let repeated: BTreeSet<&Option<Digest>> = events
            .iter()
            .filter(|event| event.at > yesterday && matches!(event.kind, EventKind::Duplicated { .. }))
            .filter(|event| event.unit.as_ref().is_some_and(|unit| units.contains(unit)))
            .map(|event| &event.mail)
            .collect();
        past.duplicates_today = u32::try_from(repeated.len()).unwrap_or(u32::MAX);
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
        Ok(letter.map(|letter| bounced_letter(letter, recipient.as_deref())))
    }

    /// What an open recording knows of everybody this mail may concern, as of the moment the mail arrived.
    pub(super) async fn past_within(
        &self,
        understanding: &Understanding,
        recording: &mut Recording<'_>,
        folded: &mut Folded,
        times: Times,
    ) -> Result<Past, WorkError> {
        let bounced = bounced_within(understanding, recording, times.now).await?;
        let Some(id) = &understanding.campaign else { return Ok(Past { bounced, ..Past::default() }) };
        let yesterday = times.now - TimeDelta::days(1);
        let units = units_of(understanding);
        let register = self.register();
        let campaign = register.campaign(id).map(AsRef::as_ref);
        let chronicle = folded.chronicle(recording, id).await?;
        let duplicates_today = chronicle.repeats_since(&units, yesterday);
        let mut past = match chronicle.past(&units, campaign, times.received_at) {
            Some(past) => past,
            None => past_from_events(id, campaign, &units, recording, times.received_at).await?,
        };
        let senders = folded.senders_of(recording, standing_mails(&past).map(|(_, mail)| mail).collect()).await?;
        let standing: Vec<(UnitCode, String)> = standing_mails(&past)
            .filter_map(|(unit, mail)| Some((unit.clone(), senders.get(mail)?.as_ref()?.to_lowercase())))
            .collect();
        for (unit, from) in standing {
            past.senders.entry(unit).or_default().insert(from);
        }
        (past.bounced, past.duplicates_today) = (bounced, duplicates_today);
        if let Some(from) = understanding.mail.headers.from.first() {
            past.answers_today = recording.owed_to_since(&from.address, yesterday).await?;
        }
        Ok(past)
    }
}

/// The past of a mail that arrived before something that bears on it: from the events of its units and of their groups,
/// as far as these were known then.
async fn past_from_events(
    id: &str,
    campaign: Option<&Campaign>,
    units: &BTreeSet<UnitCode>,
    recording: &mut Recording<'_>,
    received_at: DateTime<FixedOffset>,
) -> Result<Past, WorkError> {
    let roster = campaign.map(|campaign| &campaign.roster);
    let groups: BTreeSet<&str> = units
        .iter()
        .filter_map(|code| roster.and_then(|roster| roster.unit(code)))
        .map(|unit| unit.group.as_str())
        .collect();
    let beside = roster.into_iter().flat_map(|roster| roster.units());
    let mut bearing: BTreeSet<UnitCode> =
        beside.filter(|unit| groups.contains(unit.group.as_str())).map(|unit| unit.code.clone()).collect();
    bearing.extend(units.iter().cloned());
    let events = recording.events_about(id, &bearing).await?;
    let undone = recording.undone().await?;
    let counting = || events.iter().filter(|event| !undone.contains(&event.id));
    let moment = Moment::of_new(received_at);
    let mut past = past_as_of(counting(), &Arrivals::of(&events), units, campaign, moment);
    past.senders = taught_addresses(counting(), units);
    Ok(past)
}

async fn bounced_within(
    understanding: &Understanding,
    recording: &mut Recording<'_>,
    now: DateTime<FixedOffset>,
) -> Result<Option<BouncedLetter>, WorkError> {
    let Some(MachineReport::Delivery(report)) = &understanding.mail.machine_report else { return Ok(None) };
    let letter = match (&report.original_message_id, &report.recipient) {
        (Some(id), _) => recording.letter_by_message_id(id).await?,
        (None, Some(recipient)) => recording.last_letter_to(recipient, now - BOUNCE_SPAN).await?,
        (None, None) => None,
    };
    Ok(letter.map(|letter| bounced_letter(letter, report.recipient.as_deref())))
}

fn bounced_letter(letter: StoredLetter, recipient: Option<&str>) -> BouncedLetter {
    let order = letter.order;
    let first = order.recipients.first().map(|address| address.to_lowercase()).unwrap_or_default();
    let named = recipient.filter(|named| order.recipients.iter().any(|to| to.eq_ignore_ascii_case(named)));
    BouncedLetter {
        campaign: order.campaign,
        unit: order.unit,
        recipient: named.map_or(first, str::to_owned),
        message_id: letter.message_id,
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
    /// The collection's events in force, so supposing.
    fn events<'e>(&'e self, recorded: &'e [Event], campaign: &str) -> Vec<&'e Event> {
        let also = self.also.iter().filter(|event| event.campaign == campaign);
        let mut all: Vec<&Event> = recorded.iter().chain(also).collect();
        let undoings = all.iter().filter_map(|event| match event.kind {
            EventKind::Undone { event_id, .. } => Some((event.id, event_id)),
            _ => None,
        });
        let undone = undone_by(undoings);
        let counts = |event: &Event| event.mail.is_none() || event.mail.as_ref() != self.without;
        all.retain(|event| !undone.contains(&event.id) && counts(event));
        all
    }
}
