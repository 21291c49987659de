//! Facts and what was filed before, in; one decision out: events, readings and letters owed.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, FixedOffset, TimeDelta};

use super::filings::{self, Planned};
use super::peers::{self, Peers};
use super::register::Register;
use super::{nature, progress, receipts};
use crate::model::campaign::Campaign;
use crate::model::decision::{Decision, MailRecord, Reading, Returned, Understanding};
use crate::model::ledger::{Actor, Event, EventKind, ItemStatus, Nature, ReviewReason, UnitLedger, Verdict};
use crate::model::mail::{MachineReport, OddityCode};
use crate::model::returns::{Finding, Item};
use crate::model::unit::UnitCode;

/// How far INTERNALDATE and the topmost Received may differ across the deadline before a person must look.
const TIME_TOLERANCE: TimeDelta = TimeDelta::minutes(10);

/// What the store knew before this mail.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// Of every unit the mail may concern.
    pub ledgers: BTreeMap<UnitCode, UnitLedger>,
    /// What the accepted returns of its group say, for each of them.
    pub peers: BTreeMap<UnitCode, Peers>,
    /// Addresses, lower case, from which each unit's standing returns came.
    pub senders: BTreeMap<UnitCode, BTreeSet<String>>,
    /// Letters owed or sent to this sender within the last day.
    pub answers_today: u32,
    /// Mails of this sender within the last day that changed nothing.
    pub duplicates_today: u32,
    /// What waits for a person about these units.
    pub open_reviews: Vec<OpenReview>,
    /// The letter of ours that this bounce sends back, where it is one.
    pub bounced: Option<BouncedLetter>,
}

/// Something a person was asked to look at and has not settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenReview {
    pub id: i64,
    pub unit: UnitCode,
    pub reason: ReviewReason,
}

/// A letter of ours that came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BouncedLetter {
    pub campaign: String,
    pub unit: Option<UnitCode>,
    /// The address it went to, lower case.
    pub recipient: String,
    /// Without angle brackets.
    pub message_id: String,
}

/// When the mail came and when it is judged.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// The time that counts against the deadline.
    pub received_at: DateTime<FixedOffset>,
    pub now: DateTime<FixedOffset>,
}

/// Decides on one mail. The same inputs give the same decision.
#[must_use]
pub fn decide(understanding: &Understanding, register: &Register, past: &Past, times: Times) -> Decision {
    let campaign = understanding.campaign.as_deref().and_then(|id| register.campaign(id));
    // Mail from before the opening is another collection's; it is recorded and nothing more.
    let campaign = campaign.filter(|campaign| times.received_at >= campaign.opens);
    let mut decision = Decision {
        record: record(understanding, campaign.map(|campaign| campaign.id.clone()), times.received_at),
        readings: Vec::new(),
        events: Vec::new(),
        letters: Vec::new(),
        bounced_letters: Vec::new(),
    };
    let mut writer = Writer { understanding, campaign: decision.record.campaign.clone(), times, events: Vec::new() };
    writer.add(
        decision.record.unit.clone(),
        EventKind::MailRecorded { nature: understanding.nature, received_at: times.received_at },
    );
    match (understanding.nature, campaign) {
        (Nature::Submission, Some(campaign)) => {
            let doubts = peers::doubts(understanding, campaign, past);
            let filed = file_all(&mut writer, understanding, campaign, past, &doubts);
            let doubted = with_doubts(understanding, &doubts);
            decision.readings = readings(&doubted);
            if let Some(order) = receipts::owed(&doubted, register, campaign, past, &filed, times) {
                decision.letters.push(order);
            }
        }
        (Nature::Question, Some(_)) => {
            let text = "来信没有附上报表或报告，可能是咨询，请阅复。";
            writer.review(decision.record.unit.clone(), ReviewReason::Question, text);
        }
        (Nature::Unreadable, _) => {
            writer.review(None, ReviewReason::SetAside, "邮件无法解析，原件已存档，请人工查看。");
        }
        (Nature::Bounce, _) => bounce(&mut writer, &mut decision, understanding, past),
        (
            Nature::Submission
            | Nature::Question
            | Nature::AutoReply
            | Nature::Receipt
            | Nature::List
            | Nature::Foreign,
            _,
        ) => {}
    }
    decision.events = writer.events;
    decision
}

/// Decides on the one item of a recorded mail that was withheld because its sender was doubtful, now that a person
/// vouches for it. `None` where the mail, as it is understood today, holds no such item of this unit.
#[must_use]
pub fn decide_vouched(
    understanding: &Understanding,
    register: &Register,
    past: &Past,
    (unit, item): (&UnitCode, Item),
    times: Times,
) -> Option<Decision> {
    let campaign = understanding.campaign.as_deref().and_then(|id| register.campaign(id))?;
    let doubts = peers::doubts(understanding, campaign, past);
    let doubted = with_doubts(understanding, &doubts);
    let mut items = filings::plan(understanding, campaign, past, &doubts).items;
    items.retain(|planned| &planned.unit == unit && planned.item == item);
    if items.is_empty() {
        return None;
    }
    let campaign_id = Some(campaign.id.clone());
    let mut writer = Writer { understanding, campaign: campaign_id.clone(), times, events: Vec::new() };
    let mut filed = file_items(&mut writer, campaign, past, items, None);
    filed.ledger_after = ledger_after(&writer, past, unit);
    settle_outdated(&mut writer, campaign, past, unit, &filed.ledger_after);
    Some(Decision {
        record: record(understanding, campaign_id, times.received_at),
        readings: readings(&doubted),
        letters: receipts::owed(&doubted, register, campaign, past, &filed, times).into_iter().collect(),
        events: writer.events,
        bounced_letters: Vec::new(),
    })
}

fn record(understanding: &Understanding, campaign: Option<String>, received_at: DateTime<FixedOffset>) -> MailRecord {
    let headers = &understanding.mail.headers;
    let from = headers.from.first();
    MailRecord {
        sha256: understanding.mail.sha256.clone(),
        size: understanding.mail.size,
        received_at,
        nature: understanding.nature,
        unit: campaign.as_ref().and(understanding.unit.as_ref()).map(|claim| claim.code.clone()),
        campaign,
        from_address: from.map(|from| from.address.clone()),
        from_name: from.and_then(|from| from.name.clone()),
        subject: headers.subject.clone(),
        message_id: headers.message_id.clone(),
    }
}

/// Collects the events of one mail.
struct Writer<'a> {
    understanding: &'a Understanding,
    campaign: Option<String>,
    times: Times,
    events: Vec<Event>,
}

impl Writer<'_> {
    fn add(&mut self, unit: Option<UnitCode>, kind: EventKind) {
        self.events.push(Event {
            id: 0,
            act: 0,
            at: self.times.now,
            campaign: self.campaign.clone().unwrap_or_default(),
            unit,
            mail: Some(self.understanding.mail.sha256.clone()),
            by: Actor::Machine,
            kind,
        });
    }

    fn review(&mut self, unit: Option<UnitCode>, reason: ReviewReason, text: impl Into<String>) {
        self.add(unit, EventKind::ReviewAsked { reason, item: None, text: text.into() });
    }

    fn review_item(&mut self, unit: UnitCode, reason: ReviewReason, item: Item, text: String) {
        self.add(Some(unit), EventKind::ReviewAsked { reason, item: Some(item), text });
    }
}

/// What became of the mail's returns, for the receipt.
#[derive(Clone, Debug, Default)]
pub struct Filed {
    /// The unit's ledger with this mail's filings applied.
    pub ledger_after: UnitLedger,
    /// Nothing was new.
    pub only_duplicates: bool,
}

/// What was understood, with the doubts that earlier returns cast on it.
fn with_doubts<'u>(understanding: &'u Understanding, doubts: &[Vec<Finding>]) -> Cow<'u, Understanding> {
    let mut doubted = Cow::Borrowed(understanding);
    for (place, findings) in doubts.iter().enumerate().filter(|(_, findings)| !findings.is_empty()) {
        if let Some(table) = doubted.to_mut().tables.get_mut(place) {
            table.findings.extend(findings.iter().cloned());
        }
    }
    doubted
}

fn file_all(
    writer: &mut Writer<'_>,
    understanding: &Understanding,
    campaign: &Campaign,
    past: &Past,
    doubts: &[Vec<Finding>],
) -> Filed {
    let plan = filings::plan(understanding, campaign, past, doubts);
    let mut filed = file_items(writer, campaign, past, plan.items, plan.doubtful_sender.as_deref());
    for (unit, reason, text) in plan.reviews {
        writer.review(unit, reason, text);
    }
    let claimed = understanding.unit.as_ref().and_then(|claim| past.ledgers.get(&claim.code));
    let deadline = claimed.map_or(campaign.deadline, |ledger| progress::deadline_of(campaign, ledger));
    if let Some(text) = doubtful_time(understanding, deadline, writer.times) {
        writer.review(understanding.unit.as_ref().map(|claim| claim.code.clone()), ReviewReason::TimeDoubtful, text);
    }
    if let Some(claim) = &understanding.unit {
        filed.ledger_after = ledger_after(writer, past, &claim.code);
        settle_outdated(writer, campaign, past, &claim.code, &filed.ledger_after);
    }
    filed
}

fn ledger_after(writer: &Writer<'_>, past: &Past, unit: &UnitCode) -> UnitLedger {
    let before = past.ledgers.get(unit).cloned().unwrap_or_default();
    writer.events.iter().filter(|event| event.unit.as_ref() == Some(unit)).fold(before, progress::apply)
}

fn file_items(
    writer: &mut Writer<'_>,
    campaign: &Campaign,
    past: &Past,
    items: Vec<Planned>,
    doubtful_sender: Option<&str>,
) -> Filed {
    let mut filed = Filed { only_duplicates: !items.is_empty(), ..Filed::default() };
    for planned in items {
        let unit = planned.unit.clone();
        let ledger = past.ledgers.get(&unit).cloned().unwrap_or_default();
        let standing = ledger.items.get(&planned.item).and_then(|item| item.current.as_ref());
        match standing {
            Some(standing) if standing.filing.content == planned.content => {
                let kind = EventKind::Duplicated {
                    item: planned.item,
                    piece: planned.piece,
                    first_mail: standing.mail.clone(),
                    received_at: Some(writer.times.received_at),
                };
                writer.add(Some(unit), kind);
            }
            Some(standing) if standing.filing.verdict == Verdict::Accepted && doubtful_sender.is_some() => {
                filed.only_duplicates = false;
                let doubt = doubtful_sender.unwrap_or_default();
                let title = campaign.item_title(planned.item);
                let text = format!("{doubt}，所报{title}与已采用的不同，未自动替换，请核定。");
                writer.review_item(unit, ReviewReason::SenderDoubtful, planned.item, text);
            }
            _ => {
                filed.only_duplicates = false;
                file_one(writer, campaign, planned);
            }
        }
    }
    filed
}

/// A person need not look any more at what a later return of the unit has mended.
fn settle_outdated(writer: &mut Writer<'_>, campaign: &Campaign, past: &Past, unit: &UnitCode, after: &UnitLedger) {
    let items = progress::item_statuses(campaign, after);
    let none_waits = items.values().all(|status| *status != ItemStatus::NeedsReview);
    let all_accepted = items.values().all(|status| matches!(status, ItemStatus::Accepted | ItemStatus::Waived));
    for review in past.open_reviews.iter().filter(|review| &review.unit == unit) {
        let outdated = match review.reason {
            ReviewReason::ItemNeedsReview => none_waits,
            ReviewReason::FileUnread => all_accepted,
            ReviewReason::UnitUnknown
            | ReviewReason::UnitConflict
            | ReviewReason::SenderDoubtful
            | ReviewReason::TimeDoubtful
            | ReviewReason::Question
            | ReviewReason::SetAside
            | ReviewReason::RaisedByPerson => false,
        };
        if outdated {
            let act = "单位已重新报送，自动了结".to_owned();
            writer.add(Some(unit.clone()), EventKind::ReviewSettled { review: review.id, act });
        }
    }
}

fn file_one(writer: &mut Writer<'_>, campaign: &Campaign, planned: Planned) {
    let Planned { unit, item, verdict, reasons, .. } = &planned;
    let review = (*verdict == Verdict::NeedsReview).then(|| {
        let why = if reasons.is_empty() { "需人工核定".to_owned() } else { reasons.join("；") };
        (unit.clone(), format!("{}：{why}", campaign.item_title(*item)))
    });
    let (unit, item) = (unit.clone(), *item);
    writer.add(Some(unit), EventKind::Filed(planned.into_filing(writer.times.received_at)));
    if let Some((unit, text)) = review {
        writer.review_item(unit, ReviewReason::ItemNeedsReview, item, text);
    }
}

/// INTERNALDATE and the topmost Received may lie on different sides of the deadline (mail.md 15).
fn doubtful_time(understanding: &Understanding, deadline: DateTime<FixedOffset>, times: Times) -> Option<String> {
    let hop = understanding.mail.headers.topmost_received_at?;
    let across = (hop > deadline) != (times.received_at > deadline);
    let far = (hop - times.received_at).abs() > TIME_TOLERANCE;
    (across && far).then(|| {
        format!(
            "信箱记录的到达时间为{}，邮件头记录为{}，分处截止时间前后，请核定是否逾期。",
            times.received_at.format("%Y-%m-%d %H:%M"),
            hop.with_timezone(times.received_at.offset()).format("%Y-%m-%d %H:%M"),
        )
    })
}

fn bounce(writer: &mut Writer<'_>, decision: &mut Decision, understanding: &Understanding, past: &Past) {
    let Some(letter) = &past.bounced else { return };
    let report = match &understanding.mail.machine_report {
        Some(MachineReport::Delivery(report)) => report.clone(),
        Some(MachineReport::Disposition | MachineReport::Other) | None => return,
    };
    decision.record.campaign = Some(letter.campaign.clone());
    writer.campaign = Some(letter.campaign.clone());
    for event in &mut writer.events {
        event.campaign.clone_from(&letter.campaign);
    }
    decision.bounced_letters.push(letter.message_id.clone());
    writer.add(
        letter.unit.clone(),
        EventKind::Bounced { recipient: letter.recipient.clone(), hard: report.hard, diagnostic: report.diagnostic },
    );
}

/// Everything read from the mail, kept beside the events so that any total can be walked back to its cells.
fn readings(understanding: &Understanding) -> Vec<Reading> {
    let mail = &understanding.mail.sha256;
    let unit = understanding.unit.as_ref().map(|claim| claim.code.clone());
    let pieces = &understanding.mail.pieces;
    let name_of =
        |path: &str| pieces.iter().find(|piece| piece.path == path).map(|piece| piece.name.clone()).unwrap_or_default();
    let tables = understanding.tables.iter().map(|table| Reading {
        mail: mail.clone(),
        item: Item::Table,
        piece: table.piece.clone(),
        file_name: name_of(&table.piece),
        sheet: table.sheet.clone(),
        unit: table.unit.clone().or_else(|| unit.clone()),
        returned: Returned::Table(table.clone()),
    });
    let reports = understanding.reports.iter().map(|report| Reading {
        mail: mail.clone(),
        item: Item::Report,
        piece: report.piece.clone(),
        file_name: name_of(&report.piece),
        sheet: String::new(),
        unit: unit.clone(),
        returned: Returned::Report(report.clone()),
    });
    tables.chain(reports).collect()
}

/// Whether the items of a unit that this ledger shows are all accepted.
#[must_use]
pub fn is_accepted(ledger: &UnitLedger, item: Item) -> bool {
    ledger.items.get(&item).is_some_and(|item| item.status() == ItemStatus::Accepted)
}

/// Whether the sender is suspicious in itself: two From mailboxes prove nothing (mail.md 24).
#[must_use]
pub fn several_senders(understanding: &Understanding) -> bool {
    understanding.mail.oddities.iter().any(|oddity| oddity.code == OddityCode::SeveralSenders)
}

/// Whether rules against loops allow a letter to this mail's sender at all.
#[must_use]
pub fn may_answer(understanding: &Understanding, register: &Register) -> bool {
    nature::may_be_answered(&understanding.mail)
        && understanding.mail.headers.from.iter().all(|from| !register.is_own(&from.address))
}

#[cfg(test)]
mod tests;
