//! What one mail holds, as facts, before anybody judges it.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::authenticity::Authentication;
use super::grid::{Document, Sheet};

/// SHA-256 of some bytes, in lower-case hexadecimal: the identity of a mail or of a piece.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(Arc<str>);

impl Digest {
    /// The digest of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(data_encoding::HEXLOWER.encode(&Sha256::digest(bytes)).into())
    }

    /// Takes 64 lower-case hexadecimal digits; anything else is `None`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let well_formed =
            text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        well_formed.then(|| Self(text.into()))
    }

    /// All 64 digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first twelve digits, for people and logs.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

/// A digest of octets that come piece by piece.
#[derive(Clone, Default)]
pub struct Summing(Sha256);

impl Summing {
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    #[must_use]
    pub fn finish(self) -> Digest {
        Digest(data_encoding::HEXLOWER.encode(&self.0.finalize()).into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A mailbox as a header names it. `address` is as written, trimmed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    pub name: Option<String>,
    pub address: String,
}

/// Something unusual about a mail or a piece; never a reason to stop reading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Oddity {
    pub code: OddityCode,
    /// One Chinese sentence for office staff.
    pub text: String,
}

/// What kind of oddity. The first block stands in the interface (codes about a piece).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OddityCode {
    PasswordProtected,
    Damaged,
    TooLarge,
    Bomb,
    CloudAttachment,
    ScanOnly,
    /// A kind no reader here opens; a person must look.
    UnreadKind,
    /// The form stands in it, but its table could not be read for certain; a person must look.
    TableUnread,
    /// Characters did not fit the declared charset; another was used.
    CharsetMislabelled,
    DateMissing,
    DateImpossible,
    MessageIdMissing,
    /// A file holds the table of another collection than the one the mail was taken for.
    OtherCampaign,
    /// More than one From field, or more than one mailbox in it.
    SeveralSenders,
    /// The text holds no header a mail must have.
    NotAMail,
    /// It ended or overran every process that was to open it, or is too large to be opened.
    NotOpened,
}

impl Oddity {
    /// An oddity with its sentence.
    pub fn new(code: OddityCode, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }
}

/// A whole mail, opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mail {
    /// Identity: the digest of the raw bytes.
    pub sha256: Digest,
    /// Octets of the raw mail.
    pub size: u64,
    pub headers: Headers,
    pub body: Body,
    pub pieces: Vec<Piece>,
    pub oddities: Vec<Oddity>,
    /// Present where the mail is a `multipart/report` or reads as a bounce of a known provider.
    pub machine_report: Option<MachineReport>,
}

/// What a file given by hand turns out to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Opened {
    Mail(Box<Mail>),
    /// No mail: the file itself is piece `1`, what it contains `1.1`, `1.2` ….
    Bare {
        sha256: Digest,
        pieces: Vec<Piece>,
    },
}

/// Why a piece was not looked into: what it did to a reading process before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// It took longer than one mail may.
    Late,
    /// It wanted more memory, or nested deeper, than one mail may.
    Greedy,
    /// It ended its reader in another way.
    Broken,
}

impl Refusal {
    /// For a log.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Late => "it took too long",
            Self::Greedy => "it wanted too much memory or stack",
            Self::Broken => "it ended its reader",
        }
    }

    /// For whoever looks at the piece.
    #[must_use]
    pub fn oddity(self) -> Oddity {
        match self {
            Self::Late => Oddity::new(OddityCode::TooLarge, "读取超过时限，没有读完，请人工查看"),
            Self::Greedy => Oddity::new(OddityCode::TooLarge, "展开后过大，超出读取的内存限制，没有打开"),
            Self::Broken => Oddity::new(OddityCode::Damaged, "文件已损坏，读取时程序出错，请人工查看"),
        }
    }
}

/// The header fields the judges look at, decoded.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Headers {
    /// Without angle brackets.
    pub message_id: Option<String>,
    /// Every mailbox of every From field; more than one is an oddity.
    pub from: Vec<Address>,
    pub sender: Option<Address>,
    pub reply_to: Vec<Address>,
    pub to: Vec<Address>,
    pub cc: Vec<Address>,
    pub subject: Option<String>,
    /// As the sender's clock had it; only shown, never judged by.
    pub date: Option<DateTime<FixedOffset>>,
    /// The time in the topmost Received field.
    pub topmost_received_at: Option<DateTime<FixedOffset>>,
    /// Without angle brackets.
    pub in_reply_to: Vec<String>,
    /// Without angle brackets, oldest first.
    pub references: Vec<String>,
    /// Why this mail must not be answered (RFC 3834 and the field's habits).
    pub automatic: Vec<AutomaticSign>,
    /// What is known of whether From tells the truth.
    #[serde(default)]
    pub authentication: Authentication,
}

/// One header that says a machine wrote the mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutomaticSign {
    pub kind: AutomaticKind,
    /// The field as it stood, such as `Auto-Submitted: auto-replied`, at most 120 characters.
    pub field: String,
}

/// What such a header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AutomaticKind {
    /// A vacation notice or another automatic answer.
    AutoReply,
    /// A mailing list or bulk mail.
    List,
    /// Only asks not to be answered.
    SuppressAnswer,
    /// A letter of this program, ours or another office's.
    Mailtally,
}

/// The mail's own words.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Body {
    /// Plain text; made from the HTML where there was no text part.
    pub text: String,
    /// The part of `text` above quoted replies and forwards.
    pub own_text: String,
    /// Tables that stand in the HTML body, as sheets named `正文表1`….
    pub sheets: Vec<Sheet>,
    /// The lines of the HTML body's own part outside its tables; only where there are `sheets`. What is read from a
    /// mail's plain part may lack them.
    #[serde(default)]
    pub html_lines: Vec<String>,
}

/// An attachment, an inline part, or a member of an archive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Piece {
    /// `1`, `2`, …; a member of an archive or nested mail is `2.1`, `2.2`, ….
    pub path: String,
    /// The file name, decoded; inside an archive the whole path there. Empty where there is none.
    pub name: String,
    /// The real kind by content, whatever the name says.
    pub kind: Kind,
    /// As declared, lower case; guessed from `kind` where nothing was declared.
    pub media_type: String,
    /// Octets, decoded.
    pub size: u64,
    /// Of the decoded bytes.
    pub sha256: Digest,
    /// `path` of the archive or mail that contains it.
    pub inside: Option<String>,
    /// Referred to by the HTML body (a signature's logo), not attached for itself.
    pub inline: bool,
    pub oddities: Vec<Oddity>,
    pub content: Content,
}

impl Piece {
    /// Whether it carries this oddity.
    #[must_use]
    pub fn has(&self, code: OddityCode) -> bool {
        self.oddities.iter().any(|oddity| oddity.code == code)
    }
}

/// What a reader made of a piece.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// Nothing was opened: an image, an archive (its members are pieces), an unread kind, a damaged file.
    Nothing,
    Workbook(Vec<Sheet>),
    Document(Document),
}

/// The real kind of a piece, by its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Xlsx,
    Xls,
    Xlsb,
    Ods,
    Xml,
    Csv,
    Html,
    Docx,
    Doc,
    Rtf,
    Pdf,
    Ofd,
    Image,
    Zip,
    Rar,
    #[serde(rename = "7z")]
    SevenZip,
    Tar,
    Gz,
    Tnef,
    Eml,
    Encrypted,
    Text,
    Unknown,
}

/// A report a machine sent about a mail of ours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MachineReport {
    Delivery(DeliveryReport),
    /// A read receipt (RFC 8098).
    Disposition,
    /// Any other `multipart/report`.
    Other,
}

/// What a bounce says, as far as it could be read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DeliveryReport {
    /// Message-ID of the letter that came back, without angle brackets.
    pub original_message_id: Option<String>,
    /// The recipient it could not reach, lower case.
    pub recipient: Option<String>,
    /// Enhanced status such as `5.1.1`; taken from the diagnostic where that is more exact (NetEase writes 5.0.0).
    pub status: Option<String>,
    /// The server's words, at most 500 characters.
    pub diagnostic: Option<String>,
    /// `true` where the address will never work: 5.1.x, unknown user. Full mailboxes and spam refusals are soft.
    pub hard: bool,
}
