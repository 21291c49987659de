//! What happened, and how every unit stands because of it. Events are only added; status is a fold over them
//! (`judge::progress`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, FixedOffset, NaiveDate};
use serde::{Deserialize, Serialize};

use super::letter::LetterKind;
use super::mail::Digest;
use super::returns::{Item, Totals};
use super::unit::UnitCode;

/// Something that happened, as the store keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Counts up in the order of recording; 0 before it is recorded.
    pub id: i64,
    /// Which act it is part of: the id of the first event recorded in the same transaction; 0 before it is recorded. A
    /// person's act is undone as a whole.
    pub act: i64,
    /// When it was recorded.
    pub at: DateTime<FixedOffset>,
    pub campaign: String,
    pub unit: Option<UnitCode>,
    /// The mail it came from, if any.
    pub mail: Option<Digest>,
    pub by: Actor,
    pub kind: EventKind,
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    Machine,
    Person(String),
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum EventKind {
    /// A mail was recorded; every mail has exactly one of these.
    MailRecorded { nature: Nature, received_at: DateTime<FixedOffset> },
    /// A table or report of the unit was filed.
    Filed(Filing),
    /// What came is the same as what stands already, so nothing changes.
    Duplicated {
        item: Item,
        piece: String,
        first_mail: Digest,
        /// The time that counts: a repetition may have been sent before what it repeats was processed.
        #[serde(default)]
        received_at: Option<DateTime<FixedOffset>>,
    },
    /// A person must look. The event's id is the number `review` shows.
    ReviewAsked {
        reason: ReviewReason,
        /// Which item it is about, where it is about one.
        #[serde(default)]
        item: Option<Item>,
        text: String,
    },
    /// A person has settled that review. `act` is the command's word: `accept`, `assign 141102`, `dismiss`.
    ReviewSettled { review: i64, act: String },
    /// A person says whose the mail is: the unit of this event.
    AssignedByPerson,
    /// A person takes the item of this mail as it was read.
    AcceptedByPerson { item: Item },
    /// A person gives the item of this mail back to the unit, to be mended.
    ReturnedByPerson { item: Item, reason: String },
    /// A person says the unit need not file this.
    Waived { item: Item, reason: String },
    /// A person gives the unit more time: its lateness and its reminders go by this deadline.
    DeadlineExtended { until: DateTime<FixedOffset>, reason: String },
    /// A person says that mail from this address is the unit's. Lower case.
    AddressTaught { address: String },
    /// A person says that this short name means the unit.
    NameTaught { name: String },
    /// An earlier event counts no more, be it a person's word or the machine's. That it was undone can itself be undone.
    Undone { event_id: i64, reason: String },
    /// A person held a letter that waits, let it go, or cancelled it.
    LetterRuled { key: String, ruling: LetterRuling },
    /// A letter to the unit went out.
    LetterSent { kind: LetterKind, key: String },
    /// A letter to the unit came back. `hard`: that address will never work.
    Bounced { recipient: String, hard: bool, diagnostic: Option<String> },
    /// A person had the raw mails of a closed collection, received before that day, removed from the archive.
    OriginalsPurged { before: NaiveDate, mails: u32 },
}

/// A person's word on a letter that has not gone out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LetterRuling {
    Held,
    Released,
    Cancelled,
}

/// The events that count: those that were not undone, or whose undoing was undone.
pub fn in_force(events: &[Event]) -> impl Iterator<Item = &Event> {
    let undone = undone(events);
    events.iter().filter(move |event| !undone.contains(&event.id))
}

/// The ids of the events that count no more.
#[must_use]
pub fn undone(events: &[Event]) -> BTreeSet<i64> {
    undone_by(events.iter().filter_map(|event| match event.kind {
        EventKind::Undone { event_id, .. } => Some((event.id, event_id)),
        _ => None,
    }))
}

/// The ids of the events that count no more, by the undoings: the id of each and of what it undoes, oldest first.
#[must_use]
pub fn undone_by(undoings: impl DoubleEndedIterator<Item = (i64, i64)>) -> BTreeSet<i64> {
    let mut undone = BTreeSet::new();
    // An undoing speaks of earlier events alone: read from the last, whether it counts itself is known in time.
    for (undoing, event) in undoings.rev() {
        if !undone.contains(&undoing) {
            undone.insert(event);
        }
    }
    undone
}

/// One item of one mail, filed for a unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Filing {
    pub item: Item,
    pub piece: String,
    pub verdict: Verdict,
    /// The time that counts against the deadline.
    pub received_at: DateTime<FixedOffset>,
    /// Same content, same digest: over the figures for a table, over the text or the bytes for a report.
    pub content: Digest,
    /// The sums of a table; `None` for a report.
    pub totals: Option<Totals>,
}

/// What the judges make of a filed item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Accepted,
    /// The unit can mend it.
    NeedsCorrection,
    /// Only the office can decide.
    NeedsReview,
}

/// Why a person must look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewReason {
    /// A return, but of which unit?
    UnitUnknown,
    /// The evidence contradicts itself.
    UnitConflict,
    /// The table or report itself needs a person.
    ItemNeedsReview,
    /// A file that nobody here could open.
    FileUnread,
    /// Sender or headers are suspicious, and something filed would be replaced.
    SenderDoubtful,
    /// A file belongs to another collection, and one mail is filed for one.
    OtherCampaign,
    /// The times of arrival disagree across the deadline.
    TimeDoubtful,
    /// Somebody asks something.
    Question,
    /// The mail was set aside because reading it failed.
    SetAside,
    /// Somebody of the office wants it looked at again.
    RaisedByPerson,
}

/// What a mail is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nature {
    Submission,
    Question,
    AutoReply,
    Bounce,
    /// A read receipt.
    Receipt,
    List,
    Foreign,
    Unreadable,
}

impl Nature {
    pub const ALL: [Self; 8] = [
        Self::Submission,
        Self::Question,
        Self::AutoReply,
        Self::Bounce,
        Self::Receipt,
        Self::List,
        Self::Foreign,
        Self::Unreadable,
    ];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Submission => "submission",
            Self::Question => "question",
            Self::AutoReply => "auto_reply",
            Self::Bounce => "bounce",
            Self::Receipt => "receipt",
            Self::List => "list",
            Self::Foreign => "foreign",
            Self::Unreadable => "unreadable",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|nature| nature.as_str() == text)
    }
}

/// How an item of a unit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemStatus {
    Missing,
    Accepted,
    NeedsCorrection,
    NeedsReview,
    Waived,
}

/// How a unit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnitStatus {
    /// Everything due is accepted or waived.
    Complete,
    /// Something is accepted, something has not come.
    Partial,
    NeedsCorrection,
    NeedsReview,
    Missing,
    /// Everything due is waived.
    Waived,
}

impl UnitStatus {
    pub const ALL: [Self; 6] =
        [Self::Complete, Self::Partial, Self::NeedsCorrection, Self::NeedsReview, Self::Missing, Self::Waived];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::NeedsCorrection => "needs_correction",
            Self::NeedsReview => "needs_review",
            Self::Missing => "missing",
            Self::Waived => "waived",
        }
    }

    /// As the digest and the workbook say it.
    #[must_use]
    pub fn in_chinese(self) -> &'static str {
        match self {
            Self::Complete => "已报齐",
            Self::Partial => "部分报送",
            Self::NeedsCorrection => "待单位更正",
            Self::NeedsReview => "待办公室核定",
            Self::Missing => "未报送",
            Self::Waived => "免报",
        }
    }
}

/// Everything known of one unit, folded from its events. Serialised it is without what its items were made from: enough
/// for how the unit stands, not for adding an event to it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UnitLedger {
    pub items: BTreeMap<Item, ItemLedger>,
    pub first_received_at: Option<DateTime<FixedOffset>>,
    pub last_received_at: Option<DateTime<FixedOffset>>,
    /// How many mails of this unit filed something new.
    pub version: u32,
    pub reminders_sent: u32,
    /// Addresses that bounced hard since the last mail of the unit.
    pub dead_addresses: Vec<String>,
    /// The unit's own deadline, where the office gave it one.
    pub extended_until: Option<DateTime<FixedOffset>>,
}

/// One item of one unit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ItemLedger {
    /// The filing that stands: the one that arrived last.
    pub current: Option<StandingFiling>,
    /// All that were ever filed, by arrival; what only repeats the one before it stands here once, as it first came.
    #[serde(skip)]
    pub earlier: Vec<StandingFiling>,
    pub waived: bool,
    /// When the item first arrived in any state; lateness is judged by it.
    pub first_received_at: Option<DateTime<FixedOffset>>,
    /// What the rest is made from, in the order of recording.
    #[serde(skip)]
    pub sources: FilingSources,
}

/// The events about one item, kept apart so that the order in which they were recorded does not matter.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FilingSources {
    pub filed: Vec<StandingFiling>,
    pub repeats: Vec<Repeat>,
    /// What persons said of what a mail filed.
    pub rulings: Vec<(Digest, Verdict)>,
}

/// A mail that brought what another had brought.
#[derive(Clone, Debug, PartialEq)]
pub struct Repeat {
    pub mail: Digest,
    pub piece: String,
    pub first_mail: Digest,
    pub received_at: DateTime<FixedOffset>,
}

/// A filing with where it came from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StandingFiling {
    pub mail: Digest,
    /// Shared: a unit's ledger names the same filing in several places, and is copied for every mail of the unit.
    pub filing: Arc<Filing>,
}

impl UnitLedger {
    /// The same as it is when kept.
    #[must_use]
    pub fn without_history(mut self) -> Self {
        for item in self.items.values_mut() {
            (item.earlier, item.sources) = (Vec::new(), FilingSources::default());
        }
        self
    }
}

impl ItemLedger {
    #[must_use]
    pub fn status(&self) -> ItemStatus {
        if self.waived {
            return ItemStatus::Waived;
        }
        match self.current.as_ref().map(|standing| standing.filing.verdict) {
            None => ItemStatus::Missing,
            Some(Verdict::Accepted) => ItemStatus::Accepted,
            Some(Verdict::NeedsCorrection) => ItemStatus::NeedsCorrection,
            Some(Verdict::NeedsReview) => ItemStatus::NeedsReview,
        }
    }
}
