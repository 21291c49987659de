//! Tar archives: V7, ustar, pax and GNU, with their long names and holes.

use tar::EntryType;

use super::litter::{is_junk_path, is_litter};
use super::{Container, End, Unpacker, length};
use crate::model::mail::OddityCode;
use crate::read::charset;
use crate::read::guarded;
use crate::read::mime::names;

impl Unpacker<'_> {
    pub(super) fn open_tar(&mut self, container: &mut Container<'_>) {
        let bytes = container.bytes;
        self.untar(container, bytes);
    }

    /// The members of a tar that may itself have come out of the container's bytes.
    pub(super) fn untar(&mut self, container: &mut Container<'_>, bytes: &[u8]) {
        let mut archive = tar::Archive::new(bytes);
        let Ok(entries) = archive.entries() else { return };
        let mut entries = entries.into_iter();
        loop {
            let Some(next) = guarded(|| entries.next()) else {
                self.note(container.index, OddityCode::Damaged, "压缩包有一部分已损坏");
                break;
            };
            let mut entry = match next {
                None => break,
                Some(Ok(entry)) => entry,
                Some(Err(_)) => {
                    self.note(container.index, OddityCode::Damaged, "压缩包有一部分已损坏");
                    break;
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
                return;
            }
            let claimed = entry.size();
            let (unpacked, end) = match self.refused_by_claim(claimed, length(bytes)) {
                Some(end) => (Vec::new(), end),
                None => self.bounded(&mut entry, length(bytes)),
            };
            let end = if end == End::Whole && length(&unpacked) < claimed { End::Broken } else { end };
            if !is_litter(&name, &unpacked) {
                self.add_member(container, &name, &unpacked, end);
            }
            if matches!(end, End::Bomb | End::TooLarge) {
                self.note(container.index, end.words().0, end.words().1);
                return;
            }
        }
        self.note_if_empty(container);
    }
}
