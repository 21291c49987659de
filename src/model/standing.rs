//! How a whole campaign stands at one moment: what `status`, the digest and the workbook show.

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset, NaiveDate};

use super::ledger::{ItemStatus, Nature, ReviewReason, UnitStatus};
use super::letter::{AWAITS_RELEASE, LetterKind, LetterState};
use super::mail::Digest;
use super::returns::{Item, TableReturn, Totals};
use super::unit::{Unit, UnitCode};

/// One campaign at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct CampaignStanding {
    pub campaign: String,
    pub title: String,
    pub as_of: DateTime<FixedOffset>,
    pub deadline: DateTime<FixedOffset>,
    /// In the order of the roster.
    pub units: Vec<UnitStanding>,
    /// The sum over all accepted tables.
    pub totals: Totals,
}

/// One unit at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitStanding {
    pub unit: Unit,
    pub status: UnitStatus,
    /// Something due first arrived after the deadline.
    pub late: bool,
    /// The unit's own deadline, where the office gave it one.
    pub extended_until: Option<DateTime<FixedOffset>>,
    pub items: BTreeMap<Item, ItemStatus>,
    pub first_received_at: Option<DateTime<FixedOffset>>,
    pub last_received_at: Option<DateTime<FixedOffset>>,
    /// How many mails of this unit filed something new.
    pub version: u32,
    pub reminders_sent: u32,
    /// Where letters to it go: its first address that has not bounced hard since it last wrote.
    pub address: Option<String>,
    /// It has addresses, and all of them bounced.
    pub undeliverable: bool,
    /// The totals of the unit's accepted table.
    pub row: Option<Totals>,
}

impl UnitStanding {
    /// No letter reaches the unit: it has no address, or all it has came back.
    #[must_use]
    pub fn cannot_be_written_to(&self) -> bool {
        self.undeliverable || self.unit.emails.is_empty()
    }
}

impl CampaignStanding {
    /// How many units stand so.
    #[must_use]
    pub fn count(&self, status: UnitStatus) -> usize {
        self.units.iter().filter(|unit| unit.status == status).count()
    }

    /// How many units have something late.
    #[must_use]
    pub fn late(&self) -> usize {
        self.units.iter().filter(|unit| unit.late).count()
    }
}

/// A mail as the digest lists it.
#[derive(Clone, Debug, PartialEq)]
pub struct ArrivalLine {
    pub mail: Digest,
    pub received_at: DateTime<FixedOffset>,
    pub nature: Nature,
    pub unit: Option<UnitCode>,
    pub from: String,
    pub subject: String,
}

/// One item as it was filed, with the address it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FiledFrom {
    pub mail: Digest,
    pub unit: UnitCode,
    pub item: Item,
    pub received_at: DateTime<FixedOffset>,
    pub recorded_at: DateTime<FixedOffset>,
    /// A person had it filed.
    pub vouched: bool,
    /// As the mail has it.
    pub address: String,
}

/// A return from an address that stands in no roster and was not seen before for that unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewcomerLine {
    pub mail: Digest,
    pub received_at: DateTime<FixedOffset>,
    pub unit: UnitCode,
    pub address: String,
    /// What it filed, in the order of filing.
    pub items: Vec<Item>,
}

/// Something a person must decide.
#[derive(Clone, Debug, PartialEq)]
pub struct ReviewLine {
    /// What `review show` takes.
    pub id: i64,
    pub received_at: DateTime<FixedOffset>,
    pub mail: Digest,
    pub unit: Option<UnitCode>,
    pub from: String,
    pub subject: String,
    pub reason: ReviewReason,
    pub text: String,
}

/// A letter as lists show it.
#[derive(Clone, Debug, PartialEq)]
pub struct LetterLine {
    pub key: String,
    pub kind: LetterKind,
    pub campaign: String,
    pub unit: Option<UnitCode>,
    pub recipients: Vec<String>,
    pub state: LetterState,
    pub due_at: DateTime<FixedOffset>,
    pub sent_at: Option<DateTime<FixedOffset>>,
    /// The last thing a server said, or why it was held.
    pub last_reply: Option<String>,
}

impl LetterLine {
    /// It waits for release by the office's own setting.
    #[must_use]
    pub fn awaits_release(&self) -> bool {
        self.state == LetterState::Held && self.last_reply.as_deref() == Some(AWAITS_RELEASE)
    }
}

/// The table that stands for a unit, with the mail it came from: a line of the workbook.
#[derive(Clone, Debug, PartialEq)]
pub struct StandingTable {
    pub unit: UnitCode,
    pub mail: Digest,
    pub received_at: DateTime<FixedOffset>,
    /// Name of the file the table stood in.
    pub file_name: String,
    pub table: TableReturn,
}

/// How many units had everything in by the end of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayCount {
    pub day: NaiveDate,
    pub done: usize,
}

/// Something that stands in the way of mail or letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// In plain Chinese words.
    pub text: String,
    /// Work stands still until somebody acts.
    pub grave: bool,
}

/// Everything a digest tells.
#[derive(Clone, Debug)]
pub struct DigestInput {
    pub standing: CampaignStanding,
    /// The end of the previous digest's span; the campaign's opening for the first.
    pub since: DateTime<FixedOffset>,
    /// Mail recorded since then, oldest first.
    pub arrivals: Vec<ArrivalLine>,
    /// Returns filed since then from addresses nobody knew.
    pub newcomers: Vec<NewcomerLine>,
    /// Units that have everything in now and had not then, in the order of the roster.
    pub newly_done: Vec<UnitCode>,
    /// Units that had everything in then and have not now.
    pub fallen_back: Vec<UnitCode>,
    /// Every day from the opening to the day of the digest, the last as it stands now.
    pub course: Vec<DayCount>,
    /// All that waits for a person, oldest first.
    pub reviews: Vec<ReviewLine>,
    /// Mails of the campaign and of none, by nature, since the opening.
    pub mails: BTreeMap<Nature, u32>,
    /// How many different mails were seen in the mailboxes; differs from the sum of `mails` if one was lost.
    pub seen: u32,
    /// Places in the mailboxes whose mail could not be fetched.
    pub unfetched: u32,
    /// Letters that wait for a person or were refused.
    pub stuck_letters: Vec<LetterLine>,
    pub faults: Vec<Fault>,
    /// Standing tables, accepted or not, in the order of the roster.
    pub tables: Vec<StandingTable>,
}

/// What the final report tells beyond a digest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Closing {
    /// Items that first arrived after the unit's deadline, in the order of the roster.
    pub late: Vec<LateLine>,
    pub waived: Vec<WaivedLine>,
    pub by_hand: Vec<ByHandLine>,
    pub replaced: Vec<ReplacedLine>,
    /// What persons did to returns, that counts still.
    pub acts: Vec<(PersonsAct, usize)>,
    /// Letters that went out, by kind.
    pub letters: BTreeMap<LetterKind, u32>,
}

/// An item that was late.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LateLine {
    pub unit: UnitCode,
    pub item: Item,
    pub received_at: DateTime<FixedOffset>,
    /// The deadline that counts for the unit.
    pub deadline: DateTime<FixedOffset>,
}

/// An item that a unit need not file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaivedLine {
    pub unit: UnitCode,
    pub item: Item,
    pub reason: String,
    pub by: String,
}

/// A return that a person entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByHandLine {
    pub unit: UnitCode,
    pub items: Vec<Item>,
    pub received_at: DateTime<FixedOffset>,
    pub by: String,
}

/// An item that a unit filed anew with other content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplacedLine {
    pub unit: UnitCode,
    pub item: Item,
    /// How often it was filed, repetitions left out.
    pub times: usize,
}

/// What a person does to a return or a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PersonsAct {
    Assigned,
    Accepted,
    Returned,
    Extended,
    Undone,
}
