//! Which archived mail nobody needs any more: that of closed collections, with nothing left to decide or to send.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, FixedOffset, NaiveDate};

use crate::model::campaign::Campaign;
use crate::model::decision::MailRecord;
use crate::model::ledger::{Event, EventKind, in_force};
use crate::model::mail::Digest;

/// What is recorded, and what is configured.
#[derive(Clone, Copy, Debug)]
pub struct Holdings<'a> {
    pub records: &'a [MailRecord],
    /// Of all collections, oldest first.
    pub events: &'a [Event],
    pub campaigns: &'a [Campaign],
    /// Mails about which a letter waits.
    pub letters_waiting: &'a BTreeSet<Digest>,
    /// Mails that are gone already.
    pub purged: &'a BTreeSet<Digest>,
}

/// Why a mail that is old enough stays.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stays {
    /// This collection of it still runs: its deadline, an extension, or its last digest lies ahead.
    Open(String),
    /// This collection of it is not configured, so nobody can say that it is closed.
    NotConfigured(String),
    /// It belongs to none, and came while this one, which still runs, was under way.
    CameDuring(String),
    /// A person has yet to decide about it.
    Review,
    /// A letter about it waits.
    Letter,
}

/// What goes, and what stays although it is old enough.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// By collection; under the empty name, mail that belongs to none.
    pub goes: BTreeMap<String, Vec<Digest>>,
    pub stays: BTreeMap<Stays, Vec<Digest>>,
}

/// Sorts the mail received before that day, in the time zone of `now`.
#[must_use]
pub fn retention(holdings: Holdings<'_>, before: NaiveDate, now: DateTime<FixedOffset>) -> Retention {
    let running: Vec<&Campaign> =
        holdings.campaigns.iter().filter(|campaign| !is_closed(campaign, holdings.events, now)).collect();
    let concerns = concerns(holdings.events);
    let mut retention = Retention::default();
    for record in holdings.records {
        let mail = &record.sha256;
        let day = record.received_at.with_timezone(now.offset()).date_naive();
        if day >= before || holdings.purged.contains(mail) {
            continue;
        }
        let concern = concerns.get(mail);
        let mut campaigns: BTreeSet<&str> = record.campaign.as_deref().into_iter().collect();
        campaigns.extend(concern.into_iter().flat_map(|concern| concern.campaigns.iter().copied()));
        let reason = if concern.is_some_and(|concern| concern.waits) {
            Some(Stays::Review)
        } else if holdings.letters_waiting.contains(mail) {
            Some(Stays::Letter)
        } else {
            stays_for(record, &campaigns, holdings.campaigns, &running)
        };
        match reason {
            Some(reason) => retention.stays.entry(reason).or_default().push(mail.clone()),
            None => {
                let campaign = record.campaign.as_deref().or(campaigns.first().copied()).unwrap_or_default();
                retention.goes.entry(campaign.to_owned()).or_default().push(mail.clone());
            }
        }
    }
    retention
}

/// Whether nothing of it lies ahead: the deadline, every extension that counts, and the day of the last digest.
#[must_use]
pub fn is_closed(campaign: &Campaign, events: &[Event], now: DateTime<FixedOffset>) -> bool {
    let extended = in_force(events)
        .filter(|event| event.campaign == campaign.id)
        .any(|event| matches!(event.kind, EventKind::DeadlineExtended { until, .. } if until >= now));
    campaign.deadline < now && campaign.last_digest < now.date_naive() && !extended
}

/// Which collection keeps the mail, if any.
fn stays_for(
    record: &MailRecord,
    campaigns: &BTreeSet<&str>,
    configured: &[Campaign],
    running: &[&Campaign],
) -> Option<Stays> {
    for id in campaigns {
        if running.iter().any(|campaign| campaign.id == *id) {
            return Some(Stays::Open((*id).to_owned()));
        }
        if !configured.iter().any(|campaign| campaign.id == *id) {
            return Some(Stays::NotConfigured((*id).to_owned()));
        }
    }
    let during = running.iter().find(|campaign| campaigns.is_empty() && record.received_at >= campaign.opens);
    during.map(|campaign| Stays::CameDuring(campaign.id.clone()))
}

/// What the events say of one mail.
#[derive(Default)]
struct Concern<'a> {
    campaigns: BTreeSet<&'a str>,
    /// A review of it is open.
    waits: bool,
}

fn concerns(events: &[Event]) -> BTreeMap<&Digest, Concern<'_>> {
    let standing: Vec<&Event> = in_force(events).collect();
    let settled: BTreeSet<i64> = standing
        .iter()
        .filter_map(|event| match event.kind {
            EventKind::ReviewSettled { review, .. } => Some(review),
            _ => None,
        })
        .collect();
    let mut concerns: BTreeMap<&Digest, Concern<'_>> = BTreeMap::new();
    for event in standing {
        let Some(mail) = &event.mail else { continue };
        let concern = concerns.entry(mail).or_default();
        if !event.campaign.is_empty() {
            concern.campaigns.insert(&event.campaign);
        }
        if matches!(event.kind, EventKind::ReviewAsked { .. }) && !settled.contains(&event.id) {
            concern.waits = true;
        }
    }
    concerns
}

#[cfg(test)]
mod tests;
