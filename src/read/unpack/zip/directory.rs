//! The members of a zip: from its central directory (4.3.12), or, where that is cut off or broken, from the headers that
//! stand before each member (4.3.7).

use super::super::{u16_at, u32_at, u64_at};
use super::{method, salvage};
use crate::read::charset;
use crate::read::mime::names;

pub(super) const LOCAL: &[u8] = b"PK\x03\x04";
const CENTRAL: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";
const END_64: &[u8] = b"PK\x06\x06";
/// How far from the end its record is looked for: the longest comment, and some junk behind it.
const TAIL: usize = 256 << 10;
/// Octets before an archive that are no program that unpacks it.
pub(super) const JUNK: usize = 1_024;

/// What is known of the members.
#[derive(Default)]
pub(super) struct Directory {
    pub(super) entries: Vec<Entry>,
    /// A directory was found, whole or not.
    pub(super) was_found: bool,
    /// Members may be missing.
    pub(super) is_damaged: bool,
    /// Only one volume of several.
    pub(super) spans_disks: bool,
}

/// Where a member's packed octets stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    Data {
        start: usize,
        end: usize,
    },
    /// Not in this file.
    Missing,
}

/// One member.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Decoded and harmless.
    pub(super) name: String,
    pub(super) method: u16,
    /// Octets unpacked, as claimed.
    pub(super) size: u64,
    /// CRC-32 of the unpacked octets.
    pub(super) sum: u32,
    pub(super) extent: Extent,
    flags: u16,
    is_folder: bool,
    is_link: bool,
}

impl Entry {
    pub(super) fn is_no_file(&self) -> bool {
        self.is_folder || self.is_link
    }

    /// Bit 0; method 99 is WinZip's AES; bit 13 hides the headers themselves (4.4.4).
    pub(super) fn is_encrypted(&self) -> bool {
        self.flags & 0x2001 != 0 || self.method == 99
    }

    /// Bit 3: its sums and sizes stand behind it.
    pub(super) fn is_streamed(&self) -> bool {
        self.flags & 8 != 0
    }
}

/// The fields that both headers share, and the variable ones behind.
pub(super) struct Fields<'b> {
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) sum: u32,
    pub(super) packed: u64,
    pub(super) size: u64,
    pub(super) offset: u64,
    pub(super) name: &'b [u8],
    pub(super) extra: &'b [u8],
}

impl Directory {
    /// The members of these bytes; `None` where there is nothing of a zip.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let central = Ending::find(bytes).map(|ending| ending.directory(bytes));
        match central {
            Some(directory) if !directory.is_damaged => Some(directory),
            Some(directory) if directory.spans_disks => Some(directory),
            // What the rest of the directory still lists may be less than what still stands in the file.
            Some(directory) => {
                let salvaged = salvage::members(bytes);
                Some(if salvaged.entries.len() > directory.entries.len() { salvaged } else { directory })
            }
            None => Some(salvage::members(bytes)).filter(|salvaged| !salvaged.entries.is_empty()),
        }
    }

    /// The members by a central directory that is whole; `None` where there is none.
    pub(super) fn of_whole(bytes: &[u8]) -> Option<Self> {
        Ending::find(bytes).map(|ending| ending.directory(bytes)).filter(|directory| !directory.is_damaged)
    }

    /// Where the first member's packed octets stand.
    pub(super) fn first(&self) -> Option<usize> {
        let starts = self.entries.iter().filter_map(|entry| match entry.extent {
            Extent::Data { start, .. } => Some(start),
            Extent::Missing => None,
        });
        starts.min()
    }

    /// Whether two members claim the same octets: no program writes that, and it is how a few kilobytes become
    /// petabytes (D. Fifield, "A better zip bomb", WOOT 2019).
    pub(super) fn overlaps(&self) -> bool {
        let mut extents: Vec<(usize, usize)> = self
            .entries
            .iter()
            .filter_map(|entry| match entry.extent {
                Extent::Data { start, end } if start < end => Some((start, end)),
                _ => None,
            })
            .collect();
        extents.sort_unstable();
        extents.windows(2).any(|pair| matches!(pair, [one, next] if next.0 < one.1))
    }
}

/// The record at the end of an archive (4.3.16), or its 64-bit form (4.3.14).
struct Ending {
    /// Where the record stands.
    place: usize,
    count: u64,
    size: u64,
    offset: u64,
    disk: u32,
}

impl Ending {
    /// The last one that leads to a directory; else the last one.
    fn find(bytes: &[u8]) -> Option<Self> {
        let from = bytes.len().saturating_sub(TAIL);
        let tail = bytes.get(from..)?;
        let mut last = None;
        let mut tried = 0;
        for place in (0..tail.len().saturating_sub(21)).rev() {
            if !tail.get(place..).is_some_and(|rest| rest.starts_with(END)) {
                continue;
            }
            let ending = Self::at(bytes, from + place)?;
            match ending.start(bytes) {
                Some(start) if ending.is_of_member(bytes, start) => {}
                Some(_) => return Some(ending),
                None if ending.count == 0 && !bytes.starts_with(LOCAL) => return Some(ending),
                None => last = last.or(Some(ending)),
            }
            tried += 1;
            if tried > 64 {
                break;
            }
        }
        last
    }

    fn at(bytes: &[u8], place: usize) -> Option<Self> {
        let mut ending = Self {
            place,
            count: u64::from(u16_at(bytes, place + 10)?),
            size: u64::from(u32_at(bytes, place + 12)?),
            offset: u64::from(u32_at(bytes, place + 16)?),
            disk: u32::from(u16_at(bytes, place + 4)?),
        };
        // The 64-bit record stands before its locator, which stands before this one.
        let locator =
            place.checked_sub(20).filter(|at| bytes.get(*at..).is_some_and(|rest| rest.starts_with(b"PK\x06\x07")));
        if let Some(locator) = locator {
            let claimed = u64_at(bytes, locator + 8).and_then(|offset| usize::try_from(offset).ok());
            let candidates = [claimed, locator.checked_sub(56)];
            let record = candidates
                .into_iter()
                .flatten()
                .find(|at| bytes.get(*at..).is_some_and(|rest| rest.starts_with(END_64)));
            if let Some(record) = record {
                ending.place = record;
                ending.count = u64_at(bytes, record.checked_add(32)?)?;
                ending.size = u64_at(bytes, record.checked_add(40)?)?;
                ending.offset = u64_at(bytes, record.checked_add(48)?)?;
            }
        }
        Some(ending)
    }

    /// Where the directory begins: right before this record, or where it says. Something may stand before the archive.
    fn start(&self, bytes: &[u8]) -> Option<usize> {
        let before = usize::try_from(self.size).ok().and_then(|size| self.place.checked_sub(size));
        let said = usize::try_from(self.offset).ok();
        [before, said].into_iter().flatten().find(|at| bytes.get(*at..).is_some_and(|rest| rest.starts_with(CENTRAL)))
    }

    /// Whether this is the end of an archive that lies in this one, not packed, and not of this one, which is cut off:
    /// where an archive begins at the first octet or behind a little junk, its offsets count from there or from before.
    fn is_of_member(&self, bytes: &[u8], start: usize) -> bool {
        let head = bytes.get(..JUNK + LOCAL.len()).unwrap_or(bytes);
        let Some(begins) = salvage::find(head, LOCAL, 0) else { return false };
        let shift = usize::try_from(self.offset).ok().and_then(|offset| start.checked_sub(offset));
        shift.is_none_or(|shift| shift > begins)
    }

    fn directory(&self, bytes: &[u8]) -> Directory {
        let mut directory =
            Directory { was_found: true, spans_disks: self.disk != 0 && self.disk != 0xFFFF, ..Directory::default() };
        let Some(mut at) = self.start(bytes) else {
            directory.is_damaged = self.count != 0;
            return directory;
        };
        // Octets before the archive (a self-extracting stub, junk) shift every offset.
        let shift = usize::try_from(self.offset).ok().and_then(|offset| at.checked_sub(offset)).unwrap_or(0);
        while let Some((entry, next)) = central(bytes, at, shift) {
            directory.entries.push(entry);
            at = next;
        }
        let listed = u64::try_from(directory.entries.len()).unwrap_or(u64::MAX);
        // The 16-bit count wraps in archives of programs that do not know the 64-bit record.
        directory.is_damaged = listed & 0xFFFF != self.count & 0xFFFF;
        directory
    }
}

/// The entry of the central directory at this place, and where the next one stands.
fn central(bytes: &[u8], at: usize, shift: usize) -> Option<(Entry, usize)> {
    bytes.get(at..).filter(|rest| rest.starts_with(CENTRAL))?;
    let name_length = usize::from(u16_at(bytes, at + 28)?);
    let extra_length = usize::from(u16_at(bytes, at + 30)?);
    let comment_length = usize::from(u16_at(bytes, at + 32)?);
    let name = at + 46;
    let mut fields = Fields {
        flags: u16_at(bytes, at + 8)?,
        method: u16_at(bytes, at + 10)?,
        sum: u32_at(bytes, at + 16)?,
        packed: u64::from(u32_at(bytes, at + 20)?),
        size: u64::from(u32_at(bytes, at + 24)?),
        offset: u64::from(u32_at(bytes, at + 42)?),
        name: bytes.get(name..name + name_length)?,
        extra: bytes.get(name + name_length..name + name_length + extra_length)?,
    };
    fields.widen();
    let attributes = u32_at(bytes, at + 38)?;
    let header = usize::try_from(fields.offset).ok().and_then(|offset| offset.checked_add(shift));
    let extent = header.and_then(|header| fields.extent(bytes, header)).unwrap_or(Extent::Missing);
    let mut entry = fields.entry(extent);
    // The upper half holds Unix modes where a Unix program wrote it; the lower, DOS's folder bit.
    entry.is_link = attributes >> 28 == 0xA;
    entry.is_folder |= attributes & 0x10 != 0 && fields.size == 0;
    Some((entry, name + name_length + extra_length + comment_length))
}

impl Fields<'_> {
    /// Sizes past 4 GiB stand in an extra field (4.5.3), in this order, each only where the short field is full.
    pub(super) fn widen(&mut self) {
        let Some(extra) = extra_field(self.extra, 0x0001) else { return };
        let mut at = 0;
        for field in [&mut self.size, &mut self.packed, &mut self.offset] {
            if *field == u64::from(u32::MAX) {
                if let Some(value) = u64_at(extra, at) {
                    *field = value;
                }
                at += 8;
            }
        }
    }

    /// Where the packed octets stand behind the local header; its name and extra field may differ in length.
    fn extent(&self, bytes: &[u8], header: usize) -> Option<Extent> {
        bytes.get(header..).filter(|rest| rest.starts_with(LOCAL))?;
        let start = header
            .checked_add(30)?
            .checked_add(usize::from(u16_at(bytes, header + 26)?))?
            .checked_add(usize::from(u16_at(bytes, header + 28)?))?;
        let end = start.checked_add(usize::try_from(self.packed).ok()?)?;
        (end <= bytes.len()).then_some(Extent::Data { start, end })
    }

    pub(super) fn entry(&self, extent: Extent) -> Entry {
        let decoded = self.decoded_name();
        Entry {
            // A folder holds nothing; what is called like one and holds something is a file.
            is_folder: decoded.ends_with(['/', '\\']) && self.size == 0,
            name: names::member(&decoded),
            method: self.method,
            size: self.size,
            sum: self.sum,
            extent,
            flags: self.flags,
            is_link: false,
        }
    }

    /// Bit 11 says UTF-8; without it, and where it lies, an extra field may hold the name in UTF-8 (4.6.9), else the
    /// octets decide (appendix D). Decoding comes before splitting the path: a GBK character's second octet may be a
    /// backslash.
    fn decoded_name(&self) -> String {
        if self.flags & 0x800 != 0
            && let Ok(text) = std::str::from_utf8(self.name)
        {
            return text.to_owned();
        }
        extra_field(self.extra, 0x7075)
            .filter(|extra| extra.first() == Some(&1) && u32_at(extra, 1) == Some(method::sum(self.name)))
            .and_then(|extra| std::str::from_utf8(extra.get(5..)?).ok())
            .filter(|text| !text.is_empty())
            .map_or_else(|| charset::guess(self.name), str::to_owned)
    }
}

/// The data of one extra field (4.5.1).
fn extra_field(extra: &[u8], wanted: u16) -> Option<&[u8]> {
    let mut at = 0;
    while let (Some(id), Some(length)) = (u16_at(extra, at), u16_at(extra, at + 2)) {
        let data = extra.get(at + 4..at + 4 + usize::from(length))?;
        if id == wanted {
            return Some(data);
        }
        at += 4 + usize::from(length);
    }
    None
}
