//! The letters as the files of their templates name them.

use crate::model::letter::LetterKind;

/// A pair of templates. There are more of them than kinds of letters: the outbox counts the office's own word among the
/// receipts, lists for superiors among the reminders, and the final report among the digests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Template {
    /// The receipt (回执).
    Receipt,
    /// The office's own word about a mail: accepted, given back, withdrawn.
    Answer,
    /// The reminder (催报).
    Reminder,
    /// The list of units that owe something, for a superior or a copy.
    Arrears,
    Digest,
    /// The digest after the deadline (终报).
    FinalReport,
    Alert,
}

impl Template {
    pub const ALL: [Self; 7] =
        [Self::Receipt, Self::Answer, Self::Reminder, Self::Arrears, Self::Digest, Self::FinalReport, Self::Alert];

    /// The stem of its two files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Receipt => "ack",
            Self::Answer => "answer",
            Self::Reminder => "reminder",
            Self::Arrears => "arrears",
            Self::Digest => "digest",
            Self::FinalReport => "final",
            Self::Alert => "alert",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|template| template.as_str() == text)
    }

    /// As what the outbox counts its letters.
    #[must_use]
    pub fn kind(self) -> LetterKind {
        match self {
            Self::Receipt | Self::Answer => LetterKind::Ack,
            Self::Reminder | Self::Arrears => LetterKind::Reminder,
            Self::Digest | Self::FinalReport => LetterKind::Digest,
            Self::Alert => LetterKind::Alert,
        }
    }

    /// Whether each of its letters is about one unit, and goes to it.
    #[must_use]
    pub fn is_to_a_unit(self) -> bool {
        match self {
            Self::Receipt | Self::Answer | Self::Reminder => true,
            Self::Arrears | Self::Digest | Self::FinalReport | Self::Alert => false,
        }
    }
}
