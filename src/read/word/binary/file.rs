//! The streams of a Word 97 file and its file information block ([MS-DOC] 2.1, 2.5).

use std::io::{Cursor, Read as _};

use super::octets::{place, slice, u16_at, u32_at};
use crate::model::mail::{Oddity, OddityCode};
use crate::read::limits::Limits;
use crate::read::workbook::package::{damaged, password_protected, too_large};

/// What Word 97 and its successors write at the front ([MS-DOC] 2.5.2); Word 6 and 95 wrote 0xA5DC.
const MARK: u16 = 0xA5EC;
const OLDER_MARK: u16 = 0xA5DC;
/// The lowest version number of the Word 97 layout.
const WORD_97: u16 = 0x00C0;

/// Parts of the table stream by their number in FibRgFcLcb97 ([MS-DOC] 2.5.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// PlcfBteChpx: the pages of character properties.
    CharacterPages = 12,
    /// PlcfBtePapx: the pages of paragraph properties.
    ParagraphPages = 13,
    /// Dop: properties of the document.
    Properties = 31,
    /// Clx: where the pieces of text lie.
    Pieces = 33,
    /// PlcSpaMom: where shapes are anchored.
    Shapes = 40,
    /// DggInfo: the drawings.
    Drawings = 50,
    /// PlcftxbxTxt: the text boxes.
    TextBoxes = 56,
}

/// The streams, and what the file information block says of them.
pub(super) struct File {
    /// `WordDocument`: text and pages of properties.
    pub(super) main: Vec<u8>,
    /// `0Table` or `1Table`.
    table: Vec<u8>,
    /// `Data`: what is too long for a page of properties.
    pub(super) data: Vec<u8>,
    /// `\x05SummaryInformation`.
    pub(super) summary: Vec<u8>,
    /// Characters of the main text.
    pub(super) main_text: u32,
    /// Characters of all stories together.
    pub(super) all_text: u32,
    /// First character and count of the page headers and footers.
    pub(super) headers: (u32, u32),
    /// First character and count of the text boxes.
    pub(super) boxes: (u32, u32),
}

impl File {
    /// # Errors
    /// `PasswordProtected`, `UnreadKind` where an older Word wrote it, `TooLarge`, `Damaged`.
    pub(super) fn open(bytes: &[u8], limits: &Limits) -> Result<Self, Oddity> {
        let mut compound = cfb::CompoundFile::open(Cursor::new(bytes)).map_err(|_| damaged())?;
        let mut stream = |name: &str| -> Result<Option<Vec<u8>>, Oddity> {
            if !compound.is_stream(name) {
                return Ok(None);
            }
            let mut content = Vec::new();
            // No stream is longer than its file, whatever it claims.
            let most = limits.piece_bytes.min(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
            let opened = compound.open_stream(name).map_err(|_| damaged())?;
            opened.take(most.saturating_add(1)).read_to_end(&mut content).map_err(|_| damaged())?;
            if u64::try_from(content.len()).unwrap_or(u64::MAX) > most { Err(too_large()) } else { Ok(Some(content)) }
        };
        let main = stream("/WordDocument")?.ok_or_else(damaged)?;
        let flags = readable(&main)?;
        // fWhichTblStm ([MS-DOC] 2.5.2).
        let table = if flags & 0x0200 == 0 { "/0Table" } else { "/1Table" };
        let table = stream(table)?.ok_or_else(damaged)?;
        let data = stream("/Data").ok().flatten().unwrap_or_default();
        let summary = stream("/\u{5}SummaryInformation").ok().flatten().unwrap_or_default();
        // Counts of characters, FibRgLw97 ([MS-DOC] 2.5.4): main text, notes, headers, macros, comments, end notes.
        let count = |number: usize| u32_at(&main, 0x4C + number * 4).ok_or_else(damaged);
        let main_text = count(0)?;
        let mut before_boxes = 0_u32;
        for number in 0..6 {
            before_boxes = before_boxes.checked_add(count(number)?).ok_or_else(damaged)?;
        }
        let boxes = (before_boxes, count(6)?);
        let headers = (main_text.saturating_add(count(1)?), count(2)?);
        let all_text = before_boxes.saturating_add(boxes.1).saturating_add(count(7)?);
        Ok(Self { main, table, data, summary, main_text, all_text, headers, boxes })
    }

    /// A part of the table stream; empty where the file has none or it lies outside.
    pub(super) fn part(&self, part: Part) -> &[u8] {
        let at = 0x9A + part as usize * 8;
        let (Some(offset), Some(length)) = (u32_at(&self.main, at), u32_at(&self.main, at + 4)) else { return &[] };
        slice(&self.table, place(offset), place(length)).unwrap_or_default()
    }
}

/// Its flags, if this is a document that can be read.
fn readable(main: &[u8]) -> Result<u16, Oddity> {
    let (Some(mark), Some(version), Some(flags)) = (u16_at(main, 0), u16_at(main, 2), u16_at(main, 0x0A)) else {
        return Err(damaged());
    };
    let older = mark == OLDER_MARK || mark == MARK && version < WORD_97;
    if mark != MARK && !older {
        return Err(damaged());
    }
    // fEncrypted: obfuscated by XOR or encrypted, either way under a password ([MS-DOC] 2.2.6).
    if flags & 0x0100 != 0 {
        return Err(password_protected());
    }
    if older {
        let text = "Word 6.0/95 格式的旧文档尚不能自动打开，请人工查看，或请单位另存为 Word 97-2003 或 docx 格式后重发";
        return Err(Oddity::new(OddityCode::UnreadKind, text));
    }
    Ok(flags)
}
