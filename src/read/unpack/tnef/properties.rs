//! The properties packed into an attribute of a TNEF stream ([MS-OXTNEF] §2.1.3.4).

use super::super::mapi::{Properties, kind};
use super::super::{u16_at, u32_at};
use super::{is_object, object};

/// Most properties of one list, and most values of one property.
const MOST: u32 = 100_000;

/// As many as can be read, and whether these are all: one that is cut off or of no known type ends the list, because
/// nobody knows how long it is.
pub(super) fn read(bytes: &[u8]) -> (Properties, bool) {
    let mut properties = Properties::default();
    let mut walk = Walk { bytes, at: 4 };
    for _ in 0..u32_at(bytes, 0).unwrap_or(0).min(MOST) {
        if walk.property(&mut properties).is_none() {
            return (properties, false);
        }
    }
    (properties, true)
}

struct Walk<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Walk<'b> {
    fn property(&mut self, properties: &mut Properties) -> Option<()> {
        let declared = u16_at(self.bytes, self.at)?;
        let id = u16_at(self.bytes, self.at + 2)?;
        self.at += 4;
        // Named ones carry the name: the class, then a number or a text.
        if id >= 0x8000 {
            let is_text = u32_at(self.bytes, self.at + 16)? == 1;
            self.at += 20;
            if is_text {
                self.sized()?;
            } else {
                self.at += 4;
            }
        }
        let (kind, several) = (declared & 0x0FFF, declared & 0x1000 != 0);
        let fixed = match kind {
            // Two octets are padded to four.
            0x0002..=0x0004 | 0x000A | 0x000B => Some(4),
            0x0005..=0x0007 | 0x0014 | 0x0040 => Some(8),
            0x0048 => Some(16),
            kind::OBJECT | kind::STRING_8 | kind::UNICODE | kind::BINARY => None,
            _ => return None,
        };
        let count = if several || fixed.is_none() { self.count()? } else { 1 };
        for number in 0..count {
            let value = match fixed {
                Some(width) => self.fixed(width)?,
                None => self.sized()?,
            };
            if number == 0 && id < 0x8000 {
                let value = if is_object(kind) { object(value) } else { value };
                properties.set(id, kind, value.to_vec());
            }
        }
        Some(())
    }

    fn count(&mut self) -> Option<u32> {
        let count = u32_at(self.bytes, self.at).filter(|count| *count <= MOST)?;
        self.at += 4;
        Some(count)
    }

    fn fixed(&mut self, width: usize) -> Option<&'b [u8]> {
        let value = self.bytes.get(self.at..self.at + width)?;
        self.at += width;
        Some(value)
    }

    /// A length, the octets, and padding to a multiple of four.
    fn sized(&mut self) -> Option<&'b [u8]> {
        let length = usize::try_from(u32_at(self.bytes, self.at)?).ok()?;
        let start = self.at + 4;
        let value = self.bytes.get(start..start.checked_add(length)?)?;
        self.at = start + length.next_multiple_of(4);
        Some(value)
    }
}
