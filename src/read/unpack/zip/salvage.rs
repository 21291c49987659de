//! What is left of a zip whose directory is lost: the members that stand behind headers of their own (4.3.7).

use std::io::Read;

use super::super::{u16_at, u32_at};
use super::directory::{Directory, Entry, Extent, Fields, LOCAL};

const DESCRIPTOR: &[u8] = b"PK\x07\x08";
/// Octets read and written, of all members that are decoded only to find their end.
const PROBE: u64 = 64 << 20;

/// How much is still spent on finding the ends of members that do not tell their length.
struct Probe {
    left: u64,
    /// None stands further on.
    no_descriptor: bool,
}

/// The members that stand behind headers of their own, one after the other.
pub(super) fn members(bytes: &[u8]) -> Directory {
    let mut directory = Directory { is_damaged: true, ..Directory::default() };
    let mut probe = Probe { left: PROBE, no_descriptor: false };
    let mut at = 0;
    while let Some(header) = find(bytes, LOCAL, at) {
        at = header + LOCAL.len();
        let Some((entry, end)) = local(bytes, header, &mut probe) else { continue };
        directory.entries.push(entry);
        at = end.max(at);
    }
    directory
}

/// The member whose header stands at this place, and where it ends.
fn local(bytes: &[u8], header: usize, probe: &mut Probe) -> Option<(Entry, usize)> {
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
    let end = match claimed {
        // Bit 3: sums and sizes stand behind the member (4.3.9).
        _ if fields.flags & 8 != 0 && fields.packed == 0 => fields.measure(bytes, start, probe),
        Some(end) if end <= bytes.len() => Some(end),
        _ => None,
    };
    let extent = end.map_or(Extent::Missing, |end| Extent::Data { start, end });
    Some((fields.entry(extent), end.unwrap_or(start)))
}

impl Fields<'_> {
    /// Finds the end of a member that does not tell its length, and takes its sum and size from behind it.
    fn measure(&mut self, bytes: &[u8], start: usize, probe: &mut Probe) -> Option<usize> {
        let packed = bytes.get(start..)?;
        let end = if self.method == 8 {
            let mut decoder = flate2::bufread::DeflateDecoder::new(packed);
            let copied = std::io::copy(&mut Read::take(&mut decoder, probe.left), &mut std::io::sink());
            let spent = decoder.total_in().saturating_add(decoder.total_out()).saturating_add(1 << 14);
            probe.left = probe.left.saturating_sub(spent);
            copied.ok().filter(|_| probe.left > 0)?;
            start.checked_add(usize::try_from(decoder.total_in()).ok()?)?
        } else if probe.no_descriptor {
            return None;
        } else {
            let found = find(bytes, DESCRIPTOR, start);
            probe.no_descriptor = found.is_none();
            found?
        };
        let signed = bytes.get(end..).is_some_and(|rest| rest.starts_with(DESCRIPTOR));
        let descriptor = if signed { end + 4 } else { end };
        self.sum = u32_at(bytes, descriptor)?;
        self.size = u64::from(u32_at(bytes, descriptor + 8)?);
        Some(end)
    }
}

fn find(bytes: &[u8], needle: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += bytes.get(at..)?.iter().position(|byte| Some(byte) == needle.first())?;
        if bytes.get(at..)?.starts_with(needle) {
            return Some(at);
        }
        at += 1;
    }
}
