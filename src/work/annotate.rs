//! A unit's own workbook with remarks in it: the cells in question coloured and commented, everything else as it was.
//!
//! The parts of the package are edited as text where something is added, and every other part is copied octet for octet,
//! so that nothing of the unit's own is lost that a library did not know. What the unit sent goes out under the office's
//! name, so a workbook with anything in it that acts, or that is not known to be harmless, is not copied; and one whose
//! figures are no longer read the same after the edit is thrown away. There is always the official form instead.
//!
//! The file is hostile: this runs in a reading process.

mod harmless;
mod markup;
mod notes;
mod parts;
mod sheet;
mod styles;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::grid::{Sheet, cell_name, cell_place};
use crate::model::mail::Kind;
use crate::model::mark::{Copied, CopyOrder, Mark, Tone};
use crate::read::{Limits, raw, workbook};

use notes::Note;
use parts::Parts;

/// Octets of a workbook that is sent back; a larger one fills the unit's mailbox for a few remarks.
pub const MOST_OCTETS: usize = 4 << 20;
/// Characters of one note; more nobody reads.
const NOTE_LENGTH: usize = 2_000;

/// Why a workbook is not sent back. For a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unfit(pub &'static str);

/// The annotated copy of a mail's piece, or why there is none.
///
/// # Errors
/// Where there is no such workbook, or it cannot be edited for certain, or must not be sent back.
pub fn copy(mail: &[u8], order: &CopyOrder, limits: &Limits) -> Result<Copied, Unfit> {
    let (mail, pieces) = raw::pieces(mail, limits);
    let piece = mail.pieces.into_iter().find(|piece| piece.path == order.piece).ok_or(Unfit("no such piece"))?;
    if piece.kind != Kind::Xlsx {
        return Err(Unfit("no xlsx"));
    }
    let bytes = pieces.get(&piece.sha256).ok_or(Unfit("no octets of the piece"))?;
    let bytes = annotated(bytes, &order.author, &order.marks, limits)?;
    Ok(Copied { name: piece.name, bytes })
}

/// The workbook with these remarks. The same always makes the same bytes.
///
/// # Errors
/// As [`copy`].
pub fn annotated(bytes: &[u8], author: &str, marks: &[Mark], limits: &Limits) -> Result<Vec<u8>, Unfit> {
    if bytes.len() > MOST_OCTETS {
        return Err(Unfit("too large"));
    }
    let read = |bytes: &[u8]| workbook::read(Kind::Xlsx, bytes, limits).map_err(|_| Unfit("not read"));
    let sheets = read(bytes)?;
    let notes = notes_of(marks, &sheets)?;
    let mut parts = Parts::open(bytes, limits)?;
    harmless::check(&parts)?;
    let book = Book::find(&parts)?;
    let mut slots = BTreeMap::new();
    let mut styles_wanted = BTreeSet::new();
    for (name, notes) in &notes {
        let part = book.sheets.get(name).ok_or(Unfit("a sheet without a part"))?;
        let wanted = notes.iter().map(|(place, note)| (*place, note.tone)).collect();
        let found = sheet::slots(parts.text(part)?, &wanted)?;
        styles_wanted.extend(found.iter().map(sheet::Slot::wanted_style));
        slots.insert(part.clone(), found);
    }
    let (styles, made) = styles::with_fills(parts.text(&book.styles)?, &styles_wanted)?;
    parts.put(&book.styles, styles);
    for (part, found) in &slots {
        let edited = sheet::restyled(parts.text(part)?, found, &made)?;
        parts.put(part, edited);
    }
    for (name, notes) in &notes {
        let part = book.sheets.get(name).ok_or(Unfit("a sheet without a part"))?;
        notes::add(&mut parts, part, author, notes)?;
    }
    let copy = parts.write()?;
    // The proof that nothing the tally counts was touched.
    if copy.len() > MOST_OCTETS + (1 << 20) || read(&copy)? != sheets {
        return Err(Unfit("it would not be read the same"));
    }
    Ok(copy)
}

/// Where workbook, styles and sheets stand.
struct Book {
    styles: String,
    /// Parts by the sheet's name.
    sheets: BTreeMap<String, String>,
}

impl Book {
    fn find(parts: &Parts<'_>) -> Result<Self, Unfit> {
        let of_type = |part: &str, kind: &str| -> Result<String, Unfit> {
            let relations = parts.relations(part)?;
            let mut found = relations.into_iter().filter(|relation| relation.kind == kind);
            match (found.next(), found.next()) {
                (Some(relation), None) => Ok(relation.target),
                _ => Err(Unfit("not one part of a kind")),
            }
        };
        let workbook = of_type("", "officeDocument")?;
        let relations = parts.relations(&workbook)?;
        let mut sheets = BTreeMap::new();
        for (name, id) in sheet::listed(parts.text(&workbook)?)? {
            let relation =
                relations.iter().find(|relation| relation.id == id).ok_or(Unfit("a sheet without a part"))?;
            if relation.kind == "worksheet" && sheets.insert(name, relation.target.clone()).is_some() {
                return Err(Unfit("two sheets of one name"));
            }
        }
        Ok(Self { styles: of_type(&workbook, "styles")?, sheets })
    }
}

/// Notes by their places on one sheet.
type Notes = BTreeMap<(u32, u32), Note>;

/// What is to be written where, by sheet: of a merged area, at its first cell; what is about a sheet, at A1.
fn notes_of(marks: &[Mark], sheets: &[Sheet]) -> Result<BTreeMap<String, Notes>, Unfit> {
    let mut all: BTreeMap<String, Notes> = BTreeMap::new();
    for mark in marks {
        let sheet = sheets.iter().find(|sheet| sheet.name == mark.sheet).ok_or(Unfit("no such sheet"))?;
        let place = match &mark.cell {
            Some(cell) => cell_place(cell).ok_or(Unfit("no name of a cell"))?,
            None => (0, 0),
        };
        let place = sheet.grid.span_at(place.0, place.1).map_or(place, |span| (span.top, span.left));
        let note = all.entry(mark.sheet.clone()).or_default().entry(place).or_insert(Note {
            cell: cell_name(place.0, place.1),
            tone: Tone::Hint,
            words: String::new(),
        });
        note.tone = note.tone.max(mark.tone);
        let said = mark.said(&|_| None);
        if note.words.chars().count() + said.chars().count() < NOTE_LENGTH {
            if !note.words.is_empty() {
                note.words.push('\n');
            }
            note.words.push_str(&said);
        }
    }
    if all.is_empty() { Err(Unfit("nothing to remark")) } else { Ok(all) }
}
