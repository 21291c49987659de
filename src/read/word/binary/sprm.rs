//! Single properties (Sprm) and lists of them ([MS-DOC] 2.2.5, 2.6).

use super::octets::{i16_at, slice, u8_at, u16_at, u32_at};

/// A property and what it is set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Property<'a> {
    pub(super) code: u16,
    pub(super) operand: &'a [u8],
}

impl Property<'_> {
    /// A flag. 0x80 and 0x81 leave it to the style and turn the style's over; styles are taken not to set it.
    pub(super) fn flag(&self) -> bool {
        matches!(self.operand.first(), Some(1 | 0x81))
    }

    pub(super) fn number(&self) -> u32 {
        match self.operand.len() {
            1 => self.operand.first().copied().map_or(0, u32::from),
            2 => u16_at(self.operand, 0).map_or(0, u32::from),
            _ => u32_at(self.operand, 0).unwrap_or(0),
        }
    }
}

/// The properties of a list; it ends where one is cut off.
pub(super) fn properties(list: &[u8]) -> impl Iterator<Item = Property<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let code = u16_at(list, at)?;
        let (skipped, length) = extent(code, list, at + 2)?;
        let operand = slice(list, at + 2 + skipped, length)?;
        at += 2 + skipped + length;
        Some(Property { code, operand })
    })
}

/// Octets before the operand that tell its length, and that length ([MS-DOC] 2.6: spra).
fn extent(code: u16, list: &[u8], at: usize) -> Option<(usize, usize)> {
    Some(match code >> 13 {
        0 | 1 => (0, 1),
        2 | 4 | 5 => (0, 2),
        3 => (0, 4),
        7 => (0, 3),
        // sprmTDefTable counts one more than follows ([MS-DOC] 2.9.315, TDefTableOperand).
        _ if code == 0xD608 => (2, usize::from(u16_at(list, at)?).checked_sub(1)?),
        // sprmPChgTabs: where 255 stands, its parts tell the length ([MS-DOC] 2.9.182).
        _ if code == 0xC615 && u8_at(list, at)? == 255 => {
            let deleted = usize::from(u8_at(list, at + 1)?);
            let added = usize::from(u8_at(list, at + 2 + deleted * 4)?);
            (1, 2 + deleted * 4 + added * 3)
        }
        _ => (1, usize::from(u8_at(list, at)?)),
    })
}

/// A signed number in an operand.
pub(super) fn signed(operand: &[u8], at: usize) -> Option<i32> {
    i16_at(operand, at).map(i32::from)
}
