//! Zip archives, whatever wrote them: members by the central directory, and where that is lost, by their own headers.
//!
//! Source: PKWARE's APPNOTE.TXT 6.3.10; the numbers in these files are its sections. The directory and the headers are
//! read here and not by a crate, because names must stay octets until they are decoded, members that share octets must
//! be seen before they are unpacked, and what is left of a damaged archive must still be reached.

mod directory;
mod method;
mod salvage;

use std::io::Read as _;

use self::directory::{Directory, Entry, Extent};
use super::litter::{is_junk_path, is_litter};
use super::{Container, End, Unpacker};
use crate::model::mail::OddityCode;
use crate::read::guarded;

impl Unpacker<'_> {
    pub(super) fn open_zip(&mut self, container: &mut Container<'_>) {
        let bytes = container.bytes;
        let directory = guarded(|| Directory::read(bytes)).flatten().unwrap_or_default();
        if directory.spans_disks {
            self.note(container.index, OddityCode::UnreadKind, "压缩包是分卷的，缺少其余分卷，打不开");
        } else if directory.is_damaged {
            self.note(container.index, OddityCode::Damaged, "压缩包已损坏，只取出了其中完好的文件");
        }
        if directory.overlaps() {
            self.note(container.index, OddityCode::Bomb, "压缩包里的文件互相重叠，疑似压缩炸弹，没有打开");
            self.bombs = super::BOMBS;
            return;
        }
        if !directory.was_found && directory.entries.is_empty() {
            self.note(container.index, OddityCode::Damaged, "压缩包已损坏，打不开");
        }
        for entry in &directory.entries {
            if entry.is_no_file() || is_junk_path(&entry.name) {
                continue;
            }
            if !self.has_room(container) {
                return;
            }
            let (unpacked, end) = self.unzip(container, entry);
            if !is_litter(&entry.name, &unpacked) {
                self.add_member(container, &entry.name, &unpacked, end);
            }
        }
        self.note_if_empty(container);
    }

    /// One member's octets, checked against the sum the archive keeps of them.
    fn unzip(&self, container: &Container<'_>, entry: &Entry) -> (Vec<u8>, End) {
        if entry.is_encrypted() {
            return (Vec::new(), End::Protected);
        }
        let packed = match entry.extent {
            Extent::Missing => {
                let end = self.refused_by_claim(entry.size, super::length(container.bytes));
                return (Vec::new(), end.unwrap_or(End::Broken));
            }
            Extent::Data { start, end } => container.bytes.get(start..end).unwrap_or_default(),
        };
        if let Some(end) = self.refused_by_claim(entry.size, super::length(packed)) {
            return (Vec::new(), end);
        }
        let Some(mut decoder) = guarded(|| method::decoder(entry.method, packed, entry.size)).flatten() else {
            return (Vec::new(), End::Unsupported);
        };
        let (unpacked, end) = self.bounded(decoder.as_mut(), super::length(packed));
        let wrong = end == End::Whole && method::sum(&unpacked) != entry.sum;
        (unpacked, if wrong { End::Broken } else { end })
    }
}

/// Whether this is a zip behind a little junk, or behind the program that unpacks it. Behind more stand the last octets of
/// some other archive that packs nothing (cpio, ISO 9660), whose other members must not be overlooked.
pub(in crate::read) fn is_zip_within(bytes: &[u8]) -> bool {
    let directory = guarded(|| Directory::of_whole(bytes)).flatten();
    directory
        .and_then(|directory| directory.first())
        .is_some_and(|first| first <= directory::JUNK || bytes.starts_with(b"MZ"))
}

/// An office file's zip, for whoever wants some of its parts.
pub(in crate::read) struct Package(Directory);

impl Package {
    /// The package, whole or what is left of it; `None` where nothing is or its parts share octets.
    pub(in crate::read) fn open(bytes: &[u8]) -> Option<Self> {
        Directory::read(bytes).filter(|directory| !directory.overlaps()).map(Self)
    }

    /// Whether the zip is whole, or what is left of it begins as an office file does. Where the directory of an archive
    /// is lost and a length in it is wrong, the parts of an office file that lies in it, not packed, may seem its own.
    pub(in crate::read) fn is_trusted(&self) -> bool {
        const FIRST: [&str; 8] =
            ["[content_types].xml", "mimetype", "_rels/", "docprops/", "word/", "xl/", "ofd.xml", "doc_0/"];
        let first = self.0.entries.first().map(|entry| entry.name.to_lowercase()).unwrap_or_default();
        !self.0.is_damaged || FIRST.iter().any(|start| first.starts_with(start))
    }

    /// Places of the parts whose lower-case names are wanted.
    pub(in crate::read) fn places(&self, wanted: impl Fn(&str) -> bool) -> Vec<usize> {
        let names = self.0.entries.iter().enumerate().filter(|(_, entry)| !entry.is_no_file());
        names.filter(|(_, entry)| wanted(&entry.name.to_lowercase())).map(|(place, _)| place).collect()
    }

    /// The beginning of a part; one that is cut off or badly summed still tells what it told so far.
    pub(in crate::read) fn beginning(&self, place: usize, bytes: &[u8], most: u64) -> Vec<u8> {
        let Some(entry) = self.0.entries.get(place).filter(|entry| !entry.is_encrypted()) else { return Vec::new() };
        let Extent::Data { start, end } = entry.extent else { return Vec::new() };
        let mut beginning = Vec::new();
        if let Some(decoder) = method::decoder(entry.method, bytes.get(start..end).unwrap_or_default(), entry.size) {
            let _ = decoder.take(most).read_to_end(&mut beginning);
        }
        beginning
    }

    pub(super) fn name(&self, place: usize) -> Option<&str> {
        self.0.entries.get(place).map(|entry| entry.name.as_str())
    }
}

impl Unpacker<'_> {
    /// One part of a package.
    pub(super) fn part(&self, package: &Package, place: usize, container: &Container<'_>) -> (Vec<u8>, End) {
        package.0.entries.get(place).map_or((Vec::new(), End::Broken), |entry| self.unzip(container, entry))
    }
}
