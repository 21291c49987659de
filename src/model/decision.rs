//! What the judges say of one mail, ready to be recorded in one transaction.

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};

use super::ledger::{Event, Nature};
use super::letter::LetterOrder;
use super::mail::{Digest, Mail};
use super::returns::{Item, ReportReturn, TableReturn};
use super::unit::UnitCode;

/// Where a mail was seen. It never says which mail it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In a mailbox.
    Imap(Place),
    /// Handed over as a file, or made by `demo`.
    File { path: String },
}

/// A place in a mailbox, with what the server said of it, so that a reshuffled UID is noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The name of the `[[mailbox]]`.
    pub mailbox: String,
    /// The folder's name, decoded.
    pub folder: String,
    /// 0 where the server does not tell.
    pub uid_validity: u32,
    pub uid: u32,
    /// RFC822.SIZE as the server lists it.
    pub size: u32,
    /// INTERNALDATE in seconds since 1970.
    pub internal_date: i64,
}

/// What a server said of a folder when all that it held was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FolderSeen {
    pub uid_validity: u32,
    pub uid_next: u32,
    /// Mails in it.
    pub exists: u32,
}

/// A mail that came in.
#[derive(Clone, Debug)]
pub struct Arrival {
    pub origin: Origin,
    /// The time that counts: INTERNALDATE, or what `ingest` was told.
    pub received_at: DateTime<FixedOffset>,
    pub bytes: Vec<u8>,
}

/// How sure the judges are of the unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    Probable,
    Certain,
}

/// One reason to believe that a mail is a unit's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    pub source: EvidenceSource,
    /// One Chinese sentence.
    pub text: String,
}

/// Where a piece of evidence was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceSource {
    /// The sender's address stands in the roster.
    Address,
    /// The sender's domain is that of one unit of the roster alone.
    Domain,
    /// It answers a letter of ours to the unit.
    Thread,
    /// The unit's cell of the form.
    Form,
    Subject,
    FileName,
    /// Folders of an archive and names of the files in it.
    Archive,
    /// Sender, subject or words of a mail forwarded within.
    Forwarded,
    /// Title, issuer or 文号 of the report.
    Report,
    /// The body's own words or its signature.
    Body,
    /// The sender's display name.
    SenderName,
    /// Staff taught that this address or name is the unit's.
    Taught,
    /// A person of the office said so.
    Person,
}

/// A unit a mail may be from, with the reasons.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    pub code: UnitCode,
    pub name: String,
    pub certainty: Certainty,
    pub evidence: Vec<Evidence>,
}

/// What a piece of a mail turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Table,
    Report,
    Attachment,
    CloudLink,
    Inline,
    /// Could not be opened, or no reader knows it.
    Unopened,
}

/// What a mail says, judged without knowing what was filed before: exactly what `inspect` shows.
#[derive(Clone, Debug)]
pub struct Understanding {
    pub mail: Mail,
    pub nature: Nature,
    /// The campaign it belongs to; `None` for mail that has nothing to do with any.
    pub campaign: Option<String>,
    /// Path of each piece with its role, in the order of `mail.pieces`.
    pub roles: Vec<(String, Role)>,
    pub unit: Option<Claim>,
    pub candidates: Vec<Claim>,
    pub tables: Vec<TableReturn>,
    pub reports: Vec<ReportReturn>,
}

/// The final word on one mail.
#[derive(Clone, Debug)]
pub struct Decision {
    pub record: MailRecord,
    /// What was read of each table and report, kept beside the events.
    pub readings: Vec<Reading>,
    pub events: Vec<Event>,
    pub letters: Vec<LetterOrder>,
    /// Message-IDs (without brackets) of our letters that this bounce sends back.
    pub bounced_letters: Vec<String>,
}

/// A mail as the store lists it.
#[derive(Clone, Debug, PartialEq)]
pub struct MailRecord {
    pub sha256: Digest,
    pub size: u64,
    /// The time that counts.
    pub received_at: DateTime<FixedOffset>,
    pub nature: Nature,
    pub campaign: Option<String>,
    pub unit: Option<UnitCode>,
    pub from_address: Option<String>,
    pub from_name: Option<String>,
    pub subject: Option<String>,
    /// Without angle brackets.
    pub message_id: Option<String>,
}

/// A table or report as read from a mail.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    pub mail: Digest,
    pub item: Item,
    pub piece: String,
    /// Name of that piece's file; empty for `body`.
    pub file_name: String,
    /// Sheet of a table; empty for a report.
    pub sheet: String,
    /// `None` where it is not known whose it is.
    pub unit: Option<UnitCode>,
    pub returned: Returned,
}

/// The content of a reading.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Returned {
    Table(TableReturn),
    Report(ReportReturn),
}
