//! Word 97-2003 documents (`.doc`, and `.wps` of WPS Writer): paragraphs in reading order, tables as grids beside them.
//!
//! Source: [MS-DOC]. Text lies in pieces of the main stream, its formatting in pages of properties keyed by the bytes it
//! applies to; a table is nothing but paragraphs with marks, whose row's last mark tells the cells' edges.

mod boxes;
mod fields;
mod file;
mod formatting;
mod octets;
mod pages;
mod pieces;
mod row;
mod sprm;

use self::boxes::Boxes;
use self::fields::Fields;
use self::file::{File, Part};
use self::formatting::{Character, Paragraph, Runs};
use self::octets::{place, slice, u8_at, u16_at};
use self::pieces::{Piece, widened};
use super::assembly::{Assembly, RowFate};
use super::red_head;
use super::symbols::symbol;
use crate::model::grid::Document;
use crate::model::mail::Oddity;
use crate::read::limits::Limits;
use crate::read::workbook::package::{damaged, too_large};

/// Octets of paragraph properties that are looked at in all: each may point to the same long list.
const PROPERTIES: usize = 64 << 20;

/// Reads a Word 97-2003 document.
///
/// Headers, footers, notes and comments are left out, and so is what is hidden or struck out under tracked changes; text
/// boxes stand where they are anchored.
///
/// # Errors
/// `PasswordProtected`, `Damaged`, `TooLarge`, `UnreadKind` where an older Word wrote it.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Document, Oddity> {
    let file = File::open(bytes, limits)?;
    let pieces = pieces::read(file.part(Part::Pieces), &file.main)?;
    let characters = formatting::characters(file.part(Part::CharacterPages), &file.main);
    let paragraphs = formatting::paragraphs(file.part(Part::ParagraphPages), &file.main);
    let boxes = Boxes::read(&file);
    let text = Text { file: &file, pieces: &pieces, characters: &characters };
    let fields = Fields::find(&text, file.main_text, file.boxes)?;
    let mut walk = Walk {
        text,
        paragraphs: &paragraphs,
        boxes,
        fields,
        assembly: Assembly::new(limits),
        line: Vec::new(),
        images: 0,
        properties_left: PROPERTIES,
    };
    walk.unanchored()?;
    walk.story(0, file.main_text, Place::Main)?;
    let images = walk.images.saturating_add(boxes::pictures(file.part(Part::Drawings)));
    let mut document = walk.assembly.finish(pages::count(&file), images)?;
    if let Some(head) = head_in_header(text, file.headers) {
        red_head::put_before(head, &mut document.paragraphs);
    }
    Ok(document)
}

/// The lines of a page header that holds the document's head. Headers and footers of all sections stand one behind the
/// other; each ends with a paragraph's mark of its own.
fn head_in_header(text: Text<'_>, (first, count): (u32, u32)) -> Option<Vec<String>> {
    const MOST: u32 = 20_000;
    let letters = text.letters(first, first.checked_add(count.min(MOST))?).ok()?;
    let seen = letters.filter(|letter| !letter.properties.deleted && !letter.properties.hidden);
    let units: Vec<u16> = seen.map(|letter| letter.unit).filter(|unit| *unit >= 0x20 || *unit == 0x0D).collect();
    let whole = String::from_utf16_lossy(&units);
    // An empty line parts one header from the next.
    let mut headers = whole.split("\r\r").map(|header| {
        let lines = header.split('\r').map(str::trim).filter(|line| !line.is_empty());
        lines.map(str::to_owned).collect::<Vec<String>>()
    });
    headers.find(|lines| red_head::is_head(lines))
}

/// The characters of the file and their properties.
#[derive(Clone, Copy)]
struct Text<'a> {
    file: &'a File,
    pieces: &'a [Piece],
    characters: &'a Runs<Character>,
}

/// One character as it stands in the file.
#[derive(Clone, Copy)]
struct Letter<'a> {
    /// Its number in the whole text.
    number: u32,
    unit: u16,
    /// Where its bytes lie.
    byte: u32,
    properties: Character,
    piece: &'a Piece,
}

impl<'a> Text<'a> {
    /// Whether the stories together are as long as the pieces; a mark of its own may stand behind them.
    fn is_all_told(self) -> bool {
        let held = self.pieces.last().map_or(0, |piece| piece.start.saturating_add(piece.length));
        held.saturating_sub(self.file.all_text) <= 1
    }

    /// The characters from one number up to another.
    ///
    /// # Errors
    /// `Damaged` where the pieces do not hold them all.
    fn letters(self, from: u32, to: u32) -> Result<impl Iterator<Item = Letter<'a>>, Oddity> {
        let end = self.pieces.last().map_or(0, |piece| piece.start.saturating_add(piece.length));
        if from > to || to > end {
            return Err(damaged());
        }
        let first = self.pieces.partition_point(|piece| piece.start.saturating_add(piece.length) <= from);
        let pieces = self.pieces.get(first..).unwrap_or_default().iter().take_while(move |piece| piece.start < to);
        Ok(pieces.flat_map(move |piece| {
            let start = piece.start.max(from);
            let stop = piece.start.saturating_add(piece.length).min(to);
            let mut known = Character::default();
            let mut known_until = 0;
            (start..stop).map(move |number| {
                let byte = piece.offset_of(number);
                if byte >= known_until {
                    (known, known_until) = match self.characters.at(byte) {
                        Some(found) => found,
                        None => (Character::default(), self.characters.next_after(byte)),
                    };
                    known.apply(&piece.changes);
                }
                let at = place(byte);
                let unit =
                    if piece.narrow { u8_at(&self.file.main, at).map(widened) } else { u16_at(&self.file.main, at) };
                Letter { number, unit: unit.unwrap_or(0), byte, properties: known, piece }
            })
        }))
    }
}

/// Whether the letters before and behind a mark are struck out.
#[derive(Clone, Copy, Debug, Default)]
struct Around {
    before: bool,
    behind: bool,
}

/// Which story is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Main,
    /// A text box, anchored in so many tables.
    Box(usize),
}

/// One pass over the text.
struct Walk<'a> {
    text: Text<'a>,
    paragraphs: &'a Runs<(usize, usize)>,
    boxes: Boxes,
    fields: Fields,
    assembly: Assembly,
    /// The paragraph being read, in UTF-16.
    line: Vec<u16>,
    images: u32,
    properties_left: usize,
}

impl Walk<'_> {
    /// Text boxes that no anchor of the text names (those in groups of shapes) stand first: most are the head of a
    /// formal document.
    fn unanchored(&mut self) -> Result<(), Oddity> {
        for (from, to) in self.boxes.unanchored() {
            self.story(from, to, Place::Box(0))?;
        }
        Ok(())
    }

    fn story(&mut self, from: u32, to: u32, place: Place) -> Result<(), Oddity> {
        let mut last = 0x0D;
        let mut around = Around::default();
        let mut letters = self.text.letters(from, to)?.peekable();
        while let Some(letter) = letters.next() {
            last = letter.unit;
            around.behind = letters.peek().is_some_and(|next| next.properties.deleted);
            self.letter(letter, around, place)?;
            around.before = letter.properties.deleted;
        }
        // A text ends with a paragraph's mark ([MS-DOC] 2.4.2), or it was cut off. LibreOffice lets it end with a table's
        // last row, and then everything the pieces hold is accounted for.
        let whole = matches!(last, 0x0D | 0x0C) || place != Place::Main || last == 0x07 && self.text.is_all_told();
        if place != Place::Main && !self.line.is_empty() {
            self.end_paragraph(None, Around::default(), place)?;
        }
        if whole { Ok(()) } else { Err(damaged()) }
    }

    fn letter(&mut self, letter: Letter<'_>, around: Around, place: Place) -> Result<(), Oddity> {
        let Character { deleted, hidden, special, .. } = letter.properties;
        let shown = !deleted && !hidden && !self.fields.in_code(letter.number);
        match letter.unit {
            0x0D | 0x07 | 0x0C => return self.end_paragraph(Some(letter), around, place),
            0x08 if special => {
                if shown && place == Place::Main {
                    self.anchored(letter)?;
                }
            }
            0x01 if special => {
                let picture = shown && letter.properties.picture && !letter.properties.is_data;
                self.images = self.images.saturating_add(u32::from(picture));
            }
            0x28 if special && shown => self.line.extend(letter.properties.symbol.map(symbol)),
            _ if special || !shown => {}
            0x0B | 0x0E => self.line.push(u16::from(b'\n')),
            0x1E => self.line.push(u16::from(b'-')),
            // A soft hyphen shows only where a line happens to break.
            0x1F | 0xAD => {}
            0x09 => self.line.push(u16::from(b'\t')),
            unit if unit < 0x20 => {}
            unit => self.line.push(unit),
        }
        Ok(())
    }

    /// Reads the text box anchored at this character before the paragraph that holds it.
    fn anchored(&mut self, letter: Letter<'_>) -> Result<(), Oddity> {
        if let Some((from, to)) = self.boxes.anchored_at(letter.number) {
            let depth = self.paragraph_at(letter)?.depth();
            let outer = std::mem::take(&mut self.line);
            self.story(from, to, Place::Box(depth))?;
            self.line = outer;
        }
        Ok(())
    }

    fn end_paragraph(&mut self, mark: Option<Letter<'_>>, around: Around, story: Place) -> Result<(), Oddity> {
        let paragraph = mark.map(|mark| self.paragraph_at(mark)).transpose()?.unwrap_or_default();
        let unit = mark.map_or(0x0D, |mark| mark.unit);
        // Inside a box the depth of its anchor counts: tables in boxes are not told apart from those around them.
        let depth = match story {
            Place::Main => paragraph.depth(),
            Place::Box(outer) => outer.saturating_add(paragraph.depth()),
        };
        let inside = paragraph.depth() > 0;
        // A page break in a cell is no end of anything.
        if unit == 0x0C && inside {
            self.line.push(u16::from(b'\n'));
            return Ok(());
        }
        // The mark itself was struck out: the paragraph goes on with the next one.
        let struck_out = mark.is_some_and(|mark| mark.properties.deleted);
        if struck_out && unit == 0x0D && !paragraph.ends_inner_cell && !paragraph.ends_row() {
            return Ok(());
        }
        let line = std::mem::take(&mut self.line);
        let text = String::from_utf16_lossy(&line);
        if inside && paragraph.ends_row() {
            let shape = paragraph.row.shape();
            let fate = fate(struck_out, around);
            if paragraph.row.is_empty() && fate == RowFate::Stands {
                return Err(damaged());
            }
            return self.assembly.end_row(&shape, depth, fate);
        }
        // A cell's mark in no table: the properties that say so were lost.
        if unit == 0x07 && !inside {
            return Err(damaged());
        }
        let ends_cell = unit == 0x07 || paragraph.ends_inner_cell;
        if ends_cell { self.assembly.end_cell(&text, depth) } else { self.assembly.paragraph(&text, depth) }
    }

    /// The properties of the paragraph that a character belongs to.
    fn paragraph_at(&mut self, letter: Letter<'_>) -> Result<Paragraph, Oddity> {
        let mut paragraph = Paragraph::default();
        let main = &self.text.file.main;
        let (at, length) = self.paragraphs.at(letter.byte).map_or((0, 0), |(list, _)| list);
        let list = slice(main, at, length).unwrap_or_default();
        let mut read = paragraph.apply(list, &self.text.file.data);
        read += paragraph.apply(&letter.piece.changes, &self.text.file.data);
        self.properties_left = self.properties_left.checked_sub(read).ok_or_else(too_large)?;
        Ok(paragraph)
    }
}

/// What becomes of a row whose end mark is struck out or not. A row that Word deletes is struck out from its first letter
/// to its end mark. LibreOffice strikes out the letters alone, and where the next row begins with such letters it lays
/// their properties over the end mark before them too: that mark stands between a cell's mark that is not struck out and
/// letters that are, and its row still stands.
fn fate(struck_out: bool, around: Around) -> RowFate {
    match (struck_out, around) {
        (false, _) | (true, Around { before: false, behind: true }) => RowFate::Stands,
        (true, _) => RowFate::EndStruckOut,
    }
}

#[cfg(test)]
mod tests;
