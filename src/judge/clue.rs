//! One thing that says whose a mail is: whom it names, by whose hand it came, what it speaks of, and that in words.

use super::names::Mentions;
use crate::model::decision::{Evidence, Role};
use crate::model::hints::{ReplyTo, Taught};
use crate::model::mail::{Kind, Mail, Piece};
use crate::model::returns::{ReportReturn, TableReturn};
use crate::model::unit::UnitCode;

/// Characters of a text that are quoted in a sentence.
const LONGEST_QUOTE: usize = 40;

/// Whom a clue names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    Unit(UnitCode),
    /// A unit's own office that does not stand on the roster: not the unit, and nobody else on it.
    Office {
        parent: UnitCode,
        name: String,
    },
}

impl Who {
    /// The unit itself.
    #[must_use]
    pub fn unit(&self) -> Option<&UnitCode> {
        match self {
            Self::Unit(code) => Some(code),
            Self::Office { .. } => None,
        }
    }

    /// The unit of the roster this is about: itself, or the one whose office it is.
    #[must_use]
    pub fn about(&self) -> &UnitCode {
        match self {
            Self::Unit(code) => code,
            Self::Office { parent, .. } => parent,
        }
    }
}

/// By whose hand a clue came. Clues of one hand are copies of each other and count once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hand {
    /// The account the mail was sent from: its address, its domain, its owner's name as set there.
    Account,
    /// It answers a letter of ours; the subject of an answer is our own.
    Thread,
    /// Who filled the form: its cell, its sheet, the name of its file.
    Form,
    /// Who drew up the report: title, issuer, 文号, the name of its file.
    Report,
    /// Who packed and addressed it: the subject, archives and folders, files nobody could open.
    Cover,
    /// The letter's words and signature.
    Letter,
    /// The mail that is passed on: its sender, subject, words.
    Forwarded,
}

/// What a clue speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Who sent it.
    Sender,
    /// Whose return it is.
    Matter,
}

/// One thing that says whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clue {
    pub who: Who,
    pub hand: Hand,
    pub side: Side,
    /// It agrees with others, but neither decides alone nor contradicts: an address of several units, a domain.
    pub only_supports: bool,
    pub evidence: Evidence,
}

/// A table or report with the clues that are its own.
#[derive(Clone, Debug, Default)]
pub struct Part {
    /// Not on a hidden sheet.
    pub visible: bool,
    pub clues: Vec<Clue>,
    /// What its unit cell says; `None` where that is empty.
    pub cell: Option<Mentions>,
}

/// What may be judged of one mail.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    pub mail: &'a Mail,
    pub roles: &'a [(String, Role)],
    pub tables: &'a [TableReturn],
    pub reports: &'a [ReportReturn],
    /// Letters of this campaign that the mail answers, newest first.
    pub replies: &'a [ReplyTo],
    pub taught: Option<&'a Taught>,
    /// The office's own addresses, lower case.
    pub own_addresses: &'a [String],
}

/// All clues of a mail.
#[derive(Clone, Debug, Default)]
pub struct Clues {
    pub mail: Vec<Clue>,
    pub tables: Vec<Part>,
    pub reports: Vec<Part>,
    /// It visibly passes on what another wrote, so its sender is not asked.
    pub passed_on: bool,
}

/// The one unit or office that words name; `None` where they name none or several.
pub fn who(mentions: &Mentions) -> Option<Who> {
    if let Some(code) = mentions.single() {
        return Some(Who::Unit(code.clone()));
    }
    match (mentions.units.as_slice(), mentions.parents.as_slice()) {
        ([], [(parent, name)]) => Some(Who::Office { parent: parent.clone(), name: name.clone() }),
        _ => None,
    }
}

pub fn is_archive(kind: Kind) -> bool {
    matches!(kind, Kind::Zip | Kind::Rar | Kind::SevenZip | Kind::Tar | Kind::Gz | Kind::Tnef)
}

pub fn last_name(piece: &Piece) -> &str {
    piece.name.rsplit('/').next().unwrap_or_default()
}

/// A file's name without its ending.
pub fn stem(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() && ending.len() <= 5 => stem,
        _ => name,
    }
}

/// The start of a text on one line, for a sentence.
#[must_use]
pub fn excerpt(text: &str) -> String {
    let harmless = |letter: &char| {
        !letter.is_control()
            && !matches!(letter, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
    };
    // Quotation marks within quotation marks.
    let inner = |letter: char| match letter {
        '“' => '‘',
        '”' => '’',
        other => other,
    };
    let mut excerpt: String = text.chars().filter(harmless).map(inner).take(LONGEST_QUOTE).collect();
    if text.chars().filter(harmless).nth(LONGEST_QUOTE).is_some() {
        excerpt.push('…');
    }
    excerpt
}
