//! RTF documents, as Word, WPS and office systems save them, often under the name `.doc`: paragraphs in reading order,
//! tables as grids beside them.
//!
//! Source: Rich Text Format Specification 1.9.1.

mod letters;
mod row;
mod tokens;

use self::letters::{Fonts, Letters};
use self::row::RowDefinition;
use self::tokens::{Token, Tokens};
use super::assembly::{Assembly, RowFate};
use crate::model::grid::Document;
use crate::model::mail::Oddity;
use crate::read::limits::Limits;
use crate::read::workbook::package::{damaged, too_large};

/// Groups may stand in one another this deep.
const DEPTH: usize = 2_000;

/// Reads an RTF document.
///
/// Headers, footers, notes, comments and automatic numbers are left out, and so is what is hidden or struck out under
/// tracked changes; text boxes stand where they are anchored.
///
/// # Errors
/// `Damaged` where it is cut off, `TooLarge`.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Document, Oddity> {
    let mut walk = Walk {
        group: Group::default(),
        groups: Vec::new(),
        fonts: Fonts::default(),
        letters: Letters::default(),
        outer: Vec::new(),
        row: RowDefinition::default(),
        inner_row: RowDefinition::default(),
        assembly: Assembly::new(limits),
        starred: false,
        to_skip: 0,
        font_described: 0,
        pages: None,
        images: 0,
    };
    for token in Tokens::new(bytes) {
        walk.token(token)?;
        if walk.groups.is_empty() && token == Token::Close {
            return walk.finish();
        }
    }
    // The last brace is missing: it was cut off, and half a table must not pass for a whole one.
    Err(damaged())
}

/// What a group's content is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Destination {
    #[default]
    Text,
    /// Passed over.
    Nothing,
    Fonts,
    /// Facts about the document.
    Facts,
    /// `\nesttableprops`: the definition and end of an inner row.
    InnerRow,
    /// `\shpinst`: a shape; only the text box in it is text.
    Shape,
    /// `\upr`: said twice, the second time in Unicode.
    Twice,
    /// `\object`: only what it shows counts.
    Object,
}

/// What holds up to the end of a group.
#[derive(Clone, Copy, Debug)]
struct Group {
    destination: Destination,
    hidden: bool,
    deleted: bool,
    /// Characters that stand in for one of Unicode, for old readers.
    stand_ins: usize,
    font: i32,
    in_table: bool,
    /// `\itap`.
    depth: usize,
    /// It is the text of a text box.
    is_box: bool,
}

impl Default for Group {
    fn default() -> Self {
        Self {
            destination: Destination::Text,
            hidden: false,
            deleted: false,
            stand_ins: 1,
            font: 0,
            in_table: false,
            depth: 0,
            is_box: false,
        }
    }
}

/// One pass over the file.
struct Walk {
    group: Group,
    groups: Vec<Group>,
    fonts: Fonts,
    letters: Letters,
    /// Paragraphs begun around the text boxes that are open, and in how many tables those are anchored.
    outer: Vec<(Letters, usize)>,
    row: RowDefinition,
    inner_row: RowDefinition,
    assembly: Assembly,
    /// `\*` came: if the next word is not known, its group is passed over.
    starred: bool,
    to_skip: usize,
    /// The font that the table of fonts is describing.
    font_described: i32,
    pages: Option<u32>,
    images: u32,
}

impl Walk {
    fn token(&mut self, token: Token<'_>) -> Result<(), Oddity> {
        match token {
            Token::Open => {
                self.to_skip = 0;
                if self.groups.len() >= DEPTH {
                    return Err(too_large());
                }
                self.groups.push(self.group);
                self.group.is_box = false;
            }
            Token::Close => {
                self.to_skip = 0;
                self.starred = false;
                if self.group.is_box {
                    self.end_box()?;
                }
                self.group = self.groups.pop().unwrap_or_default();
            }
            _ if self.to_skip > 0 => self.to_skip -= 1,
            Token::Symbol(b'*') => self.starred = true,
            Token::Symbol(symbol) => self.symbol(symbol),
            Token::Escaped(byte) | Token::Byte(byte) => {
                if self.shows() {
                    self.letters.byte(byte, self.fonts.page(self.group.font));
                }
            }
            Token::Word(word, number) => {
                let starred = std::mem::take(&mut self.starred);
                self.word(word, number, starred)?;
            }
        }
        Ok(())
    }

    /// Whether text that stands here is seen.
    fn shows(&self) -> bool {
        self.group.destination == Destination::Text && !self.group.hidden && !self.group.deleted
    }

    fn symbol(&mut self, symbol: u8) {
        match symbol {
            b'~' => self.character('\u{a0}'),
            b'_' => self.character('-'),
            b'\\' | b'{' | b'}' if self.shows() => self.letters.byte(symbol, self.fonts.page(self.group.font)),
            _ => {}
        }
    }

    fn character(&mut self, character: char) {
        if self.shows() {
            self.letters.character(character);
        }
    }

    fn word(&mut self, word: &[u8], number: Option<i32>, starred: bool) -> Result<(), Oddity> {
        if self.destination(word, starred) {
            return Ok(());
        }
        match self.group.destination {
            Destination::Nothing | Destination::Twice | Destination::Shape | Destination::Object => Ok(()),
            Destination::Fonts => {
                self.describe_font(word, number);
                Ok(())
            }
            Destination::Facts => {
                if word == b"nofpages" {
                    self.pages = number.and_then(|pages| u32::try_from(pages).ok()).filter(|pages| *pages > 0);
                }
                Ok(())
            }
            Destination::InnerRow if word == b"nestrow" => {
                self.letters.take();
                self.assembly.end_row(&self.inner_row.shape(), self.inner_depth(), RowFate::Stands)
            }
            Destination::InnerRow => {
                self.inner_row.apply(word, number);
                Ok(())
            }
            Destination::Text => self.word_of_text(word, number),
        }
    }

    /// Words that say what their group is; `true` where this was one.
    fn destination(&mut self, word: &[u8], starred: bool) -> bool {
        if self.group.destination == Destination::Nothing {
            return true;
        }
        let destination = match word {
            b"fonttbl" => Destination::Fonts,
            b"info" => Destination::Facts,
            b"nesttableprops" => Destination::InnerRow,
            b"shpinst" => Destination::Shape,
            b"upr" => Destination::Twice,
            b"object" => Destination::Object,
            b"ud" if self.group.destination == Destination::Twice => Destination::Text,
            b"result" if self.group.destination == Destination::Object => Destination::Text,
            b"shptxt" if self.group.destination == Destination::Shape => {
                self.begin_box();
                Destination::Text
            }
            b"shppict" if self.group.destination == Destination::Text => return true,
            b"pict" => {
                // Beside the picture itself only its copy for old readers stands, and that is passed over.
                let seen = matches!(self.group.destination, Destination::Text | Destination::Shape);
                self.images = self.images.saturating_add(u32::from(seen));
                Destination::Nothing
            }
            b"colortbl" | b"stylesheet" | b"header" | b"headerl" | b"headerr" | b"headerf" | b"footer" | b"footerl"
            | b"footerr" | b"footerf" | b"footnote" | b"annotation" | b"xe" | b"tc" | b"tcn" | b"rxe" | b"txe"
            | b"fldinst" | b"ftnsep" | b"ftnsepc" | b"ftncn" | b"aftnsep" | b"aftnsepc" | b"aftncn" | b"listtext"
            | b"pntext" | b"nonesttables" | b"nonshppict" | b"shprslt" | b"sp" | b"do" | b"filetbl" | b"private"
            | b"listtable" | b"listoverridetable" | b"revtbl" | b"atnid" | b"atnauthor" | b"bkmkstart" | b"bkmkend"
            | b"falt" | b"panose" => Destination::Nothing,
            // Groups that only newer programs know and that hold text all the same.
            b"fldrslt" | b"field" | b"shp" | b"shpgrp" => return true,
            _ if starred => Destination::Nothing,
            _ => return false,
        };
        self.group.destination = destination;
        true
    }

    fn describe_font(&mut self, word: &[u8], number: Option<i32>) {
        let value = number.unwrap_or(0);
        match word {
            b"f" => self.font_described = value,
            b"fcharset" => self.fonts.set_charset(self.font_described, value),
            b"cpg" => self.fonts.set_page(self.font_described, value),
            _ => {}
        }
    }

    fn word_of_text(&mut self, word: &[u8], number: Option<i32>) -> Result<(), Oddity> {
        let on = number != Some(0);
        match word {
            b"ansicpg" => self.fonts.set_standard(number.unwrap_or(1252)),
            b"f" => self.group.font = number.unwrap_or(0),
            b"v" => self.group.hidden = on,
            b"deleted" | b"mvf" => self.group.deleted = on,
            b"plain" => (self.group.hidden, self.group.deleted) = (false, false),
            b"uc" => self.group.stand_ins = number.and_then(|count| usize::try_from(count).ok()).unwrap_or(1).min(16),
            b"u" => self.unicode(number.unwrap_or(0)),
            b"pard" => (self.group.in_table, self.group.depth) = (false, 0),
            b"intbl" => self.group.in_table = on,
            b"itap" => self.group.depth = number.and_then(|depth| usize::try_from(depth).ok()).unwrap_or(0),
            b"par" | b"sect" => return self.end_paragraph(),
            b"page" if self.depth() == 0 => return self.end_paragraph(),
            b"page" | b"line" | b"column" => self.character('\n'),
            b"tab" => self.character('\t'),
            b"emdash" => self.character('—'),
            b"endash" => self.character('–'),
            b"lquote" => self.character('‘'),
            b"rquote" => self.character('’'),
            b"ldblquote" => self.character('“'),
            b"rdblquote" => self.character('”'),
            b"bullet" => self.character('•'),
            b"emspace" | b"enspace" | b"qmspace" => self.character('\u{2003}'),
            b"cell" => {
                let text = self.letters.take();
                return self.assembly.end_cell(&text, self.anchor_depth().saturating_add(1));
            }
            b"nestcell" => {
                let text = self.letters.take();
                return self.assembly.end_cell(&text, self.inner_depth());
            }
            b"row" => {
                self.letters.take();
                return self.assembly.end_row(
                    &self.row.shape(),
                    self.anchor_depth().saturating_add(1),
                    RowFate::Stands,
                );
            }
            // An inner row whose program left out the group around its definition.
            b"nestrow" => {
                self.letters.take();
                return self.assembly.end_row(&self.row.shape(), self.inner_depth(), RowFate::Stands);
            }
            _ => {
                self.row.apply(word, number);
            }
        }
        Ok(())
    }

    /// `\u`: a unit of UTF-16, as a signed number; what stands in for it is skipped.
    fn unicode(&mut self, number: i32) {
        self.to_skip = self.group.stand_ins;
        if !self.shows() {
            return;
        }
        let unit = if number < 0 { number.saturating_add(0x1_0000) } else { number };
        match u16::try_from(unit) {
            // A soft hyphen shows only where a line happens to break.
            Ok(0xAD) => {}
            Ok(unit) => self.letters.unit(unit),
            // Some programs write characters beyond 16 bits as one number.
            Err(_) => {
                if let Some(character) = u32::try_from(unit).ok().and_then(char::from_u32) {
                    self.letters.character(character);
                }
            }
        }
    }

    fn anchor_depth(&self) -> usize {
        self.outer.last().map_or(0, |(_, depth)| *depth)
    }

    /// In how many tables the paragraph stands.
    fn depth(&self) -> usize {
        let told = if self.group.in_table { self.group.depth.max(1) } else { 0 };
        // Some programs leave out `\intbl` behind a row's first cell.
        let told = if told == 0 && self.outer.is_empty() && self.assembly.in_row() { 1 } else { told };
        self.anchor_depth().saturating_add(told)
    }

    fn inner_depth(&self) -> usize {
        self.anchor_depth().saturating_add(self.group.depth.max(2))
    }

    fn end_paragraph(&mut self) -> Result<(), Oddity> {
        // The mark itself was struck out: the paragraph goes on with the next one.
        if self.group.deleted {
            return Ok(());
        }
        let text = self.letters.take();
        self.assembly.paragraph(&text, self.depth())
    }

    fn begin_box(&mut self) {
        let depth = self.depth();
        self.outer.push((std::mem::take(&mut self.letters), depth));
        self.group.is_box = true;
        (self.group.in_table, self.group.depth) = (false, 0);
    }

    fn end_box(&mut self) -> Result<(), Oddity> {
        let text = self.letters.take();
        let depth = self.anchor_depth();
        if !text.trim().is_empty() {
            self.assembly.paragraph(&text, depth)?;
        }
        if let Some((letters, _)) = self.outer.pop() {
            self.letters = letters;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Document, Oddity> {
        let text = self.letters.take();
        if !text.trim().is_empty() {
            self.assembly.paragraph(&text, self.depth())?;
        }
        self.assembly.finish(self.pages, self.images)
    }
}

#[cfg(test)]
mod tests;
