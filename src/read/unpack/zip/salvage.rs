//! What is left of a zip whose directory is lost: the members that stand behind headers of their own (4.3.7).

use std::io::Read;

use super::super::{u16_at, u32_at};
use super::directory::{Directory, Entry, Extent, Fields, LOCAL};

const DESCRIPTOR: &[u8] = b"PK\x07\x08";
/// Octets of the record behind a member that was streamed: none, or with or without its mark, in 32 or 64 bits (4.3.9).
const DESCRIPTOR_LENGTHS: [usize; 5] = [0, 12, 16, 20, 24];
/// Octets read and written, of all members that are decoded only to find their end.
const PROBE: u64 = 64 << 20;

/// The members that stand behind headers of their own, one right after the other. What looks like another header
/// further on may be one of an archive that lies in this one, not packed, whose parts are no members here: the last
/// member reaches as far as the file does.
pub(super) fn members(bytes: &[u8]) -> Directory {
    let mut directory = Directory { is_damaged: true, ..Directory::default() };
    let mut probe = PROBE;
    let mut next = find(bytes, LOCAL, 0);
    while let Some(header) = next {
        let Some((entry, end)) = local(bytes, header, &mut probe) else { break };
        let gaps = if entry.is_streamed() { DESCRIPTOR_LENGTHS.as_slice() } else { &[0] };
        next = end.and_then(|end| {
            gaps.iter().filter_map(|gap| end.checked_add(*gap)).find(|at| starts_at(bytes, *at, LOCAL))
        });
        directory.entries.push(entry);
    }
    directory
}

/// The member whose header stands at this place, and where it ends, where it does so in this file.
fn local(bytes: &[u8], header: usize, probe: &mut u64) -> Option<(Entry, Option<usize>)> {
    let name_length = usize::from(u16_at(bytes, header + 26)?);
    let extra_length = usize::from(u16_at(bytes, header + 28)?);
    let name = header + 30;
    let start = name + name_length + extra_length;
    let mut fields = Fields {
        flags: u16_at(bytes, header + 6)?,
        method: u16_at(bytes, header + 8)?,
        sum: u32_at(bytes, header + 14)?,
        packed: u64::from(u32_at(bytes, header + 18)?),
        size: u64::from(u32_at(bytes, header + 22)?),
        offset: 0,
        name: bytes.get(name..name + name_length)?,
        extra: bytes.get(name + name_length..start)?,
    };
    fields.widen();
    let claimed = usize::try_from(fields.packed).ok().and_then(|packed| start.checked_add(packed));
    // Bit 3: sums and sizes stand behind the member (4.3.9).
    let end = if fields.flags & 8 != 0 && fields.packed == 0 {
        fields.measure(bytes, start, probe)
    } else {
        claimed.filter(|end| *end <= bytes.len() && fields.agrees())
    };
    let extent = end.map_or(Extent::Missing, |end| Extent::Data { start, end });
    Some((fields.entry(extent), end))
}

impl Fields<'_> {
    /// What is neither packed nor encrypted is as long outside as inside.
    fn agrees(&self) -> bool {
        self.method != 0 || self.flags & 1 != 0 || self.packed == self.size
    }

    /// Finds the end of a member that does not tell its length, and takes its sum and size from behind it.
    fn measure(&mut self, bytes: &[u8], start: usize, probe: &mut u64) -> Option<usize> {
        let decoded = if self.method == 8 { deflated_end(bytes, start, probe) } else { None };
        let end = decoded.or_else(|| described_end(bytes, start))?;
        let descriptor = if starts_at(bytes, end, DESCRIPTOR) { end + 4 } else { end };
        self.sum = u32_at(bytes, descriptor)?;
        self.size = u64::from(u32_at(bytes, descriptor + 8)?);
        Some(end)
    }
}

/// Where a deflated stream ends by itself; `None` where it is broken or too much was decoded already.
fn deflated_end(bytes: &[u8], start: usize, left: &mut u64) -> Option<usize> {
    let mut decoder = flate2::bufread::DeflateDecoder::new(bytes.get(start..)?);
    let copied = std::io::copy(&mut Read::take(&mut decoder, *left), &mut std::io::sink());
    let spent = decoder.total_in().saturating_add(decoder.total_out()).saturating_add(1 << 14);
    *left = left.saturating_sub(spent);
    copied.ok().filter(|_| *left > 0)?;
    start.checked_add(usize::try_from(decoder.total_in()).ok()?)
}

/// Where the record stands that says of a member exactly the length it has by then. One of an archive inside says
/// another.
fn described_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut from = start;
    loop {
        let place = find(bytes, DESCRIPTOR, from)?;
        let packed = u32_at(bytes, place + 8).and_then(|packed| usize::try_from(packed).ok());
        if packed == place.checked_sub(start) {
            return Some(place);
        }
        from = place + DESCRIPTOR.len();
    }
}

fn starts_at(bytes: &[u8], place: usize, mark: &[u8]) -> bool {
    bytes.get(place..).is_some_and(|rest| rest.starts_with(mark))
}

pub(super) fn find(bytes: &[u8], needle: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += bytes.get(at..)?.iter().position(|byte| Some(byte) == needle.first())?;
        if bytes.get(at..)?.starts_with(needle) {
            return Some(at);
        }
        at += 1;
    }
}
