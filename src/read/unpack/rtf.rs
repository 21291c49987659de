//! Compressed RTF, as Outlook keeps the words of a message ([MS-OXRTFCP]).

use super::u32_at;

/// What the window holds before the first octet (§2.1.2.1).
const START: &[u8] =
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \
\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \
\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";
const WINDOW: usize = 4_096;

/// The RTF, at most as many octets as this; `None` where it is no compressed RTF. What is cut off ends early.
pub(super) fn unpacked(packed: &[u8], most: u64) -> Option<Vec<u8>> {
    let content = packed.get(16..)?;
    match packed.get(8..12)? {
        b"MELA" => {
            let size = usize::try_from(u32_at(packed, 4)?).ok()?;
            return Some(content.get(..size.min(content.len())).unwrap_or_default().to_vec());
        }
        b"LZFu" => {}
        _ => return None,
    }
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let mut window = [b' '; WINDOW];
    window.iter_mut().zip(START).for_each(|(place, octet)| *place = *octet);
    let mut write = START.len();
    let mut unpacked = Vec::new();
    let mut octets = content.iter().copied();
    'runs: while let Some(control) = octets.next() {
        for bit in 0..8 {
            let (from, count) = if control >> bit & 1 == 0 {
                // A single octet stands for itself.
                let Some(octet) = octets.next() else { break 'runs };
                if let Some(place) = window.get_mut(write % WINDOW) {
                    *place = octet;
                }
                (write, 1)
            } else {
                let (Some(high), Some(low)) = (octets.next(), octets.next()) else { break 'runs };
                let reference = usize::from(u16::from_be_bytes([high, low]));
                let from = reference >> 4;
                if from == write % WINDOW {
                    break 'runs;
                }
                (from, (reference & 15) + 2)
            };
            for step in 0..count {
                let octet = window.get((from + step) % WINDOW).copied().unwrap_or_default();
                if let Some(place) = window.get_mut(write % WINDOW) {
                    *place = octet;
                }
                write += 1;
                unpacked.push(octet);
            }
            if unpacked.len() > most {
                break 'runs;
            }
        }
    }
    Some(unpacked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_specification() {
        // [MS-OXRTFCP] §3.1.1 and §3.1.2.
        let simple =
            b"\x2d\0\0\0\x2b\0\0\0LZFu\xf1\xc5\xc7\xa7\x03\0\n\0rcpg125B2\n\xf3 hel\t\0 bw\x05\xb0ld}\n\x80\x0f\xa0";
        assert_eq!(unpacked(simple, 1 << 20).unwrap(), b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n");
        let crossing = b"\x1a\0\0\0\x1c\0\0\0LZFu\xe2\xd4\x4b\x51\x41\0\x04\x20WXYZ\x0d\x6e\x7d\x01\x0e\xb0";
        assert_eq!(unpacked(crossing, 1 << 20).unwrap(), b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}");
        assert_eq!(unpacked(b"\x0f\0\0\0\x05\0\0\0MELA\0\0\0\0{\\rtf", 9).unwrap(), b"{\\rtf");
        assert!(unpacked(b"no", 9).is_none());
    }
}
