//! Tar archives: V7, ustar, pax and GNU, with their long names and holes.

use std::cell::Cell;
use std::io::{self, Read};

use tar::{EntryType, Header};

use super::litter::{is_junk_path, is_litter};
use super::{Container, End, Unpacker, length};
use crate::model::mail::OddityCode;
use crate::read::charset;
use crate::read::guarded;
use crate::read::mime::names;

/// Everything stands in blocks of so many octets; a header is one of them (POSIX.1, pax, "ustar Interchange Format").
const BLOCK: usize = 512;

/// A reader that tells how far it has been read.
struct Counted<'b> {
    rest: &'b [u8],
    taken: &'b Cell<usize>,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.rest.read(buffer)?;
        self.taken.set(self.taken.get().saturating_add(count));
        Ok(count)
    }
}

impl Unpacker<'_> {
    pub(super) fn open_tar(&mut self, container: &mut Container<'_>) {
        let bytes = container.bytes;
        self.untar(container, bytes);
    }

    /// The members of a tar that may itself have come out of the container's bytes.
    pub(super) fn untar(&mut self, container: &mut Container<'_>, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some(broken) = self.untar_until_broken(container, rest, length(bytes)) {
            if !self.has_room(container) {
                return;
            }
            self.add_member(container, &broken.name, &[], End::Broken);
            rest = broken.behind;
        }
        self.note_if_empty(container);
    }

    /// The members up to one whose header is broken, where those behind it can still be reached.
    fn untar_until_broken<'b>(
        &mut self,
        container: &mut Container<'_>,
        bytes: &'b [u8],
        packed: u64,
    ) -> Option<Broken<'b>> {
        let taken = Cell::new(0);
        let mut archive = tar::Archive::new(Counted { rest: bytes, taken: &taken });
        let mut entries = archive.entries().ok()?;
        loop {
            let mut entry = match guarded(|| entries.next()) {
                Some(Some(Ok(entry))) => entry,
                // A header of zeros says that there are no more; an archive that is cut off between two has none.
                Some(None) if last_block(bytes, taken.get()).is_some_and(is_zero) => return None,
                Some(None | Some(Err(_))) | None => {
                    self.note(container.index, OddityCode::Damaged, "压缩包有一部分已损坏");
                    return Broken::at_end_of(bytes, taken.get());
                }
            };
            let raw = entry.path_bytes().into_owned();
            let decoded = charset::guess(&raw);
            let is_file = matches!(
                entry.header().entry_type(),
                EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse
            ) && !decoded.ends_with('/');
            let name = names::member(&decoded);
            if !is_file || is_junk_path(&name) {
                continue;
            }
            if !self.has_room(container) {
                return None;
            }
            let claimed = entry.size();
            let (unpacked, end) = match self.refused_by_claim(claimed, packed) {
                Some(end) => (Vec::new(), end),
                None => self.bounded(&mut entry, packed),
            };
            let end = if end == End::Whole && length(&unpacked) < claimed { End::Broken } else { end };
            if !is_litter(&name, &unpacked) {
                self.add_member(container, &name, &unpacked, end);
            }
            if matches!(end, End::Bomb | End::TooLarge) {
                self.note(container.index, end.words().0, end.words().1);
                return None;
            }
        }
    }
}

/// A member whose header is not what it sums up.
struct Broken<'b> {
    /// As far as it can be read.
    name: String,
    /// What stands behind the member.
    behind: &'b [u8],
}

impl<'b> Broken<'b> {
    /// The header that was read last, where it is broken but its length leads to another one that is not. Without that
    /// nothing behind it is touched: a header found by searching may be one of an archive that lies in the member.
    fn at_end_of(bytes: &'b [u8], taken: usize) -> Option<Self> {
        let header = last_block(bytes, taken).filter(|block| !is_zero(block) && !is_header(block))?;
        let header = Header::from_byte_slice(header);
        let size = usize::try_from(header.entry_size().ok()?).ok()?;
        let behind = bytes.get(taken.checked_add(size.checked_next_multiple_of(BLOCK)?)?..)?;
        let name = names::member(&charset::guess(&header.path_bytes()));
        behind.get(..BLOCK).is_some_and(|next| is_zero(next) || is_header(next)).then_some(Self { name, behind })
    }
}

fn last_block(bytes: &[u8], taken: usize) -> Option<&[u8]> {
    bytes.get(taken.checked_sub(BLOCK)?..taken)
}

fn is_zero(block: &[u8]) -> bool {
    block.iter().all(|octet| *octet == 0)
}

/// Whether a block is a header: it sums up its own octets, the sum itself taken as blanks.
pub(in crate::read) fn is_header(block: &[u8]) -> bool {
    let (Some(before), Some(stored), Some(behind)) = (block.get(..148), block.get(148..156), block.get(156..BLOCK))
    else {
        return false;
    };
    let digits = stored.iter().filter(|octet| !matches!(octet, b' ' | 0));
    let written = digits.map(|octet| char::from(*octet)).collect::<String>();
    let sum: u32 = before.iter().chain(behind).map(|octet| u32::from(*octet)).sum();
    u32::from_str_radix(&written, 8) == Ok(sum + 8 * u32::from(b' '))
}
