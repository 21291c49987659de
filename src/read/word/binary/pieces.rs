//! The piece table: which bytes of the main stream are which characters ([MS-DOC] 2.4.1, 2.9.38, 2.9.177).

use std::rc::Rc;

use super::octets::{place, slice, u8_at, u16_at, u32_at};
use crate::model::mail::Oddity;
use crate::read::workbook::package::damaged;

/// A run of characters that lie together.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    /// Its first character's number in the text.
    pub(super) start: u32,
    pub(super) length: u32,
    /// Where its bytes begin in the main stream.
    pub(super) offset: u32,
    /// One byte a character (Windows-1252); two (UTF-16) otherwise.
    pub(super) narrow: bool,
    /// Properties that a fast save laid over the piece.
    pub(super) changes: Rc<[u8]>,
}

impl Piece {
    /// Where a character of the text lies in the main stream.
    pub(super) fn offset_of(&self, character: u32) -> u32 {
        let width = if self.narrow { 1 } else { 2 };
        self.offset.saturating_add(character.saturating_sub(self.start).saturating_mul(width))
    }
}

/// The pieces in their order.
///
/// # Errors
/// `Damaged` where the table is cut off, out of order, or tells of bytes that are not there.
pub(super) fn read(clx: &[u8], main: &[u8]) -> Result<Vec<Piece>, Oddity> {
    let mut changes: Vec<Rc<[u8]>> = Vec::new();
    let mut at = 0;
    loop {
        match u8_at(clx, at) {
            // A Prc: properties that pieces refer to.
            Some(1) => {
                let length = usize::from(u16_at(clx, at + 1).ok_or_else(damaged)?);
                changes.push(Rc::from(slice(clx, at + 3, length).ok_or_else(damaged)?));
                at += 3 + length;
            }
            // The Pcdt.
            Some(2) => {
                let length = place(u32_at(clx, at + 1).ok_or_else(damaged)?);
                let table = slice(clx, at + 5, length).ok_or_else(damaged)?;
                return pieces_in(table, &changes, main);
            }
            _ => return Err(damaged()),
        }
    }
}

fn pieces_in(table: &[u8], changes: &[Rc<[u8]>], main: &[u8]) -> Result<Vec<Piece>, Oddity> {
    let count = table.len().checked_sub(4).ok_or_else(damaged)? / 12;
    let nothing: Rc<[u8]> = Rc::from(&[][..]);
    let mut pieces = Vec::with_capacity(count);
    let mut expected = 0;
    let mut bytes_told = 0_usize;
    for number in 0..count {
        let (start, end) = (u32_at(table, number * 4), u32_at(table, number * 4 + 4));
        let entry = (count + 1) * 4 + number * 8;
        let (Some(start), Some(end), Some(told), Some(change)) =
            (start, end, u32_at(table, entry + 2), u16_at(table, entry + 6))
        else {
            return Err(damaged());
        };
        let length = end.checked_sub(start).filter(|_| start == expected).ok_or_else(damaged)?;
        expected = end;
        // FcCompressed ([MS-DOC] 2.9.73).
        let narrow = told & 0x4000_0000 != 0;
        let offset = if narrow { (told & 0x3FFF_FFFF) / 2 } else { told & 0x3FFF_FFFF };
        let bytes = place(length).saturating_mul(if narrow { 1 } else { 2 });
        slice(main, place(offset), bytes).ok_or_else(damaged)?;
        // Pieces do not share their bytes: more text than bytes is a trick.
        bytes_told = bytes_told.saturating_add(bytes);
        if bytes_told > main.len() {
            return Err(damaged());
        }
        let changes = match change {
            0 => Rc::clone(&nothing),
            // Prm1: the number of a Prc.
            change if change & 1 == 1 => {
                changes.get(usize::from(change >> 1)).map_or_else(|| Rc::clone(&nothing), Rc::clone)
            }
            // Prm0: one property in short ([MS-DOC] 2.9.215).
            change => single_change(change),
        };
        pieces.push(Piece { start, length, offset, narrow, changes });
    }
    Ok(pieces)
}

/// The few properties a Prm0 can carry that matter here, written out.
fn single_change(change: u16) -> Rc<[u8]> {
    let [low, value] = change.to_le_bytes();
    let property: u16 = match low >> 1 {
        0x18 => 0x2416,
        0x19 => 0x2417,
        0x41 => 0x0800,
        0x5C => 0x083C,
        _ => return Rc::from(&[][..]),
    };
    let [first, second] = property.to_le_bytes();
    Rc::from([first, second, value].as_slice())
}

/// The characters that Windows-1252 puts where Unicode has controls ([MS-DOC] 2.9.73).
pub(super) fn widened(byte: u8) -> u16 {
    const HIGH: [u16; 32] = [
        0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x008D,
        0x017D, 0x008F, 0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A,
        0x0153, 0x009D, 0x017E, 0x0178,
    ];
    byte.checked_sub(0x80).and_then(|high| HIGH.get(usize::from(high))).copied().unwrap_or_else(|| u16::from(byte))
}
