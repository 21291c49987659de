//! Letters: what they are about, to whom, and how they stand in the outbox.

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};

use super::mail::Digest;
use super::unit::UnitCode;

/// The four letters. The names stand in the header `X-Mailtally-Kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LetterKind {
    /// The receipt (回执).
    Ack,
    Reminder,
    Digest,
    Alert,
}

impl LetterKind {
    pub const ALL: [Self; 4] = [Self::Ack, Self::Reminder, Self::Digest, Self::Alert];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ack => "ack",
            Self::Reminder => "reminder",
            Self::Digest => "digest",
            Self::Alert => "alert",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Receipts first, then what staff wait for, then reminders.
    #[must_use]
    pub fn priority(self) -> i64 {
        match self {
            Self::Ack => 0,
            Self::Alert => 1,
            Self::Digest => 2,
            Self::Reminder => 3,
        }
    }
}

/// What a letter is about. Its text form is unique in the store, so the same letter never stands there twice.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LetterKey {
    /// The receipt for a mail.
    Ack {
        mail: Digest,
    },
    /// A later word of the office about a mail, in its thread; counted from 1.
    Answer {
        mail: Digest,
        number: u32,
    },
    /// `stage` is the stage's name, with the day behind an `@` where it is counted from a deadline of the unit's own.
    Reminder {
        campaign: String,
        unit: UnitCode,
        stage: String,
    },
    /// The list of units that owe something at this stage, for one superior or copy, named by the address.
    Arrears {
        campaign: String,
        stage: String,
        reader: String,
    },
    /// `slot` is the local day and time it was due, `2021-08-01T08:30`; of the final report `final-` with the day of the
    /// deadline.
    Digest {
        campaign: String,
        slot: String,
    },
    Alert {
        cause: String,
        day: String,
    },
}

impl LetterKey {
    #[must_use]
    pub fn kind(&self) -> LetterKind {
        match self {
            Self::Ack { .. } | Self::Answer { .. } => LetterKind::Ack,
            Self::Reminder { .. } | Self::Arrears { .. } => LetterKind::Reminder,
            Self::Digest { .. } => LetterKind::Digest,
            Self::Alert { .. } => LetterKind::Alert,
        }
    }

    /// The key as it stands in the store: `ack/<mail>`, `ack/<mail>/<number>`, `remind/<campaign>/<unit>/<stage>`, ….
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Ack { mail } => format!("ack/{mail}"),
            Self::Answer { mail, number } => format!("ack/{mail}/{number}"),
            Self::Reminder { campaign, unit, stage } => format!("remind/{campaign}/{unit}/{stage}"),
            Self::Arrears { campaign, stage, reader } => format!("arrears/{campaign}/{stage}/{reader}"),
            Self::Digest { campaign, slot } => format!("digest/{campaign}/{slot}"),
            Self::Alert { cause, day } => format!("alert/{cause}/{day}"),
        }
    }

    /// The inverse of [`LetterKey::text`]. Campaign ids, stages, slots and days hold no `/`; units, readers and causes may.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once('/')?;
        match kind {
            "ack" => match rest.split_once('/') {
                Some((mail, number)) => Some(Self::Answer { mail: Digest::parse(mail)?, number: number.parse().ok()? }),
                None => Some(Self::Ack { mail: Digest::parse(rest)? }),
            },
            "remind" => {
                let (campaign, rest) = rest.split_once('/')?;
                let (unit, stage) = rest.rsplit_once('/')?;
                Some(Self::Reminder { campaign: campaign.into(), unit: UnitCode::new(unit), stage: stage.into() })
            }
            "arrears" => {
                let (campaign, rest) = rest.split_once('/')?;
                let (stage, reader) = rest.split_once('/')?;
                Some(Self::Arrears { campaign: campaign.into(), stage: stage.into(), reader: reader.into() })
            }
            "digest" => {
                let (campaign, slot) = rest.split_once('/')?;
                Some(Self::Digest { campaign: campaign.into(), slot: slot.into() })
            }
            "alert" => {
                let (cause, day) = rest.rsplit_once('/')?;
                Some(Self::Alert { cause: cause.into(), day: day.into() })
            }
            _ => None,
        }
    }

    /// The Message-ID without angle brackets: derived from the key, so that the same letter always has the same.
    #[must_use]
    pub fn message_id(&self, domain: &str) -> String {
        let digest = Digest::of(self.text().as_bytes());
        let start = digest.as_str().get(..32).unwrap_or_default();
        format!("{}.{start}@{domain}", self.kind().as_str())
    }
}

/// A letter that is owed: enough to render it at the moment it is sent.
#[derive(Clone, Debug, PartialEq)]
pub struct LetterOrder {
    pub key: LetterKey,
    pub campaign: String,
    pub unit: Option<UnitCode>,
    /// Bare addresses; one for letters to units.
    pub recipients: Vec<String>,
    /// JSON of what the template is filled with, where that cannot be looked up again at sending.
    pub facts: serde_json::Value,
    /// Not before this moment.
    pub due_at: DateTime<FixedOffset>,
    /// Worthless after this moment: a reminder after its stage.
    pub expires_at: Option<DateTime<FixedOffset>>,
}

/// Why a letter is held that waits for release by the office's own setting.
pub const AWAITS_RELEASE: &str = "按设置待人工放行";

/// Where a letter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LetterState {
    Queued,
    /// An attempt was written down and its outcome is not: after a crash this is `unknown`.
    Sending,
    Sent,
    /// The server may or may not have taken it; never blindly sent again.
    Unknown,
    /// Waits for a person.
    Held,
    /// The address or the letter was refused for good.
    Refused,
    /// No longer worth sending, or no longer owed.
    Cancelled,
}

impl LetterState {
    pub const ALL: [Self; 7] =
        [Self::Queued, Self::Sending, Self::Sent, Self::Unknown, Self::Held, Self::Refused, Self::Cancelled];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Unknown => "unknown",
            Self::Held => "held",
            Self::Refused => "refused",
            Self::Cancelled => "cancelled",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// A letter ready for the wire.
#[derive(Clone, Debug, PartialEq)]
pub struct Letter {
    pub kind: LetterKind,
    pub campaign: String,
    pub unit: Option<UnitCode>,
    /// Without angle brackets.
    pub message_id: String,
    /// Bare addresses.
    pub recipients: Vec<String>,
    pub subject: String,
    pub text: String,
    pub html: String,
    /// Pictures the HTML refers to as `cid:<name>`.
    pub pictures: Vec<Enclosure>,
    pub attachments: Vec<Enclosure>,
    /// Without angle brackets.
    pub in_reply_to: Option<String>,
    /// Without angle brackets, oldest first.
    pub references: Vec<String>,
    /// The Date header.
    pub date: DateTime<FixedOffset>,
}

/// A file that goes with a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enclosure {
    pub name: String,
    pub media_type: String,
    pub bytes: Vec<u8>,
}

/// What came of handing a letter to a server. The kinds follow how NetEase and Tencent answer (mail.md 10–13).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    Accepted {
        reply: String,
    },
    /// Try again, not before so many seconds.
    Retry {
        after_seconds: u64,
        reply: String,
    },
    /// The provider will take no more today.
    Tomorrow {
        reply: String,
    },
    /// The letter itself is disliked (spam, policy): a person must look.
    Hold {
        reply: String,
    },
    /// The provider refuses us: stop sending and raise an alarm.
    Stop {
        reply: String,
    },
    /// The password is refused: park the account, never retry in a loop.
    Credentials {
        reply: String,
    },
    /// The recipient does not exist.
    NoSuchRecipient {
        reply: String,
    },
    /// The connection failed before anything could have been accepted.
    NotReached {
        reply: String,
    },
    /// It may or may not have been accepted (a drop after the final dot).
    Unknown {
        reply: String,
    },
}

impl Delivery {
    /// What the server said, or why it could not be asked.
    #[must_use]
    pub fn reply(&self) -> &str {
        match self {
            Self::Accepted { reply }
            | Self::Retry { reply, .. }
            | Self::Tomorrow { reply }
            | Self::Hold { reply }
            | Self::Stop { reply }
            | Self::Credentials { reply }
            | Self::NoSuchRecipient { reply }
            | Self::NotReached { reply }
            | Self::Unknown { reply } => reply,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_back_from_its_text() {
        let keys = [
            LetterKey::Ack { mail: Digest::of(b"mail") },
            LetterKey::Answer { mail: Digest::of(b"mail"), number: 2 },
            LetterKey::Reminder { campaign: "2021-bayi".into(), unit: UnitCode::new("S/01"), stage: "+1".into() },
            LetterKey::Arrears {
                campaign: "2021-bayi".into(),
                stage: "+1".into(),
                reader: "a/b@county.example".into(),
            },
            LetterKey::Digest { campaign: "2021-bayi".into(), slot: "2021-08-01T08:30".into() },
            LetterKey::Alert { cause: "imap/office".into(), day: "2021-08-01".into() },
        ];
        for key in keys {
            assert_eq!(LetterKey::parse(&key.text()), Some(key));
        }
        for text in ["", "ack", "ack/abc", "ack/abc/1", "remind/2021-bayi/141102", "digest/2021-bayi", "parcel/1/2/3"] {
            assert_eq!(LetterKey::parse(text), None, "{text}");
        }
    }
}
