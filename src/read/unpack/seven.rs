//! 7z archives, with one thread and a bound on each decoder's memory: a few octets may claim a dictionary of 4 GB.

use std::io::Cursor;

use sevenz_rust2::{Archive, BlockDecoder, Error, Password};

use super::litter::{is_junk_path, is_litter};
use super::{Container, DICTIONARY_KIB, End, Unpacker, length};
use crate::model::mail::OddityCode;
use crate::read::guarded;
use crate::read::mime::names;

/// The coder that encrypts (7zFormat.txt: 06F10701, AES-256 with SHA-256).
const AES: &[u8] = &[0x06, 0xF1, 0x07, 0x01];

impl Unpacker<'_> {
    pub(super) fn open_seven(&mut self, container: &mut Container<'_>) {
        let mut source = Cursor::new(container.bytes);
        let memory = usize::try_from(DICTIONARY_KIB).unwrap_or(usize::MAX);
        let none = Password::empty();
        let archive = match guarded(|| Archive::read_with_memory_limit(&mut source, &none, memory)) {
            Some(Ok(archive)) => archive,
            Some(Err(error)) => return self.refuse_seven(container, &error),
            None => return self.note(container.index, OddityCode::Damaged, "压缩包已损坏，打不开"),
        };
        for number in 0..archive.blocks.len() {
            let encrypted = archive
                .blocks
                .get(number)
                .is_some_and(|block| block.coders.iter().any(|coder| coder.encoder_method_id() == AES));
            let block = BlockDecoder::new_with_memory_limit(1, memory, number, &archive, &none, &mut source);
            if encrypted {
                let listed: Vec<String> = block.entries().iter().map(|entry| names::member(entry.name())).collect();
                for name in listed.iter().filter(|name| !is_junk_path(name)) {
                    if !self.has_room(container) {
                        return;
                    }
                    self.add_member(container, name, &[], End::Protected);
                }
            } else if !self.open_block(container, block) {
                return;
            }
        }
        // What holds nothing stands in no block.
        for entry in
            archive.files.iter().filter(|entry| !entry.has_stream() && !entry.is_directory() && !entry.is_anti_item())
        {
            let name = names::member(entry.name());
            if is_litter(&name, &[]) {
                continue;
            }
            if !self.has_room(container) {
                return;
            }
            self.add_member(container, &name, &[], End::Whole);
        }
        self.note_if_empty(container);
    }

    /// The members that were packed together; `false` where nothing more may be opened.
    fn open_block(&mut self, container: &mut Container<'_>, block: BlockDecoder<'_, Cursor<&[u8]>>) -> bool {
        let files = block.entries().iter().filter(|entry| entry.has_stream());
        let mut waiting: Vec<String> = files.map(|entry| names::member(entry.name())).collect();
        waiting.reverse();
        let mut goes_on = true;
        let packed = length(container.bytes);
        let mut stopped = None;
        // A member counts once what the archive sums up was checked, which is when the next one is asked for.
        let mut finished: Option<(String, Vec<u8>)> = None;
        let ended = guarded(|| {
            block.for_each_entries(&mut |entry, reader| {
                if let Some((name, unpacked)) = finished.take() {
                    self.add_unlittered(container, &name, &unpacked);
                }
                if !entry.has_stream() {
                    return Ok(true);
                }
                let name = waiting.pop().unwrap_or_default();
                if !self.has_room(container) {
                    goes_on = false;
                    return Ok(false);
                }
                let (unpacked, end) = match self.refused_by_claim(entry.size(), packed) {
                    Some(end) => (Vec::new(), end),
                    None => self.bounded(reader, packed),
                };
                if end == End::Whole {
                    finished = Some((name, unpacked));
                    return Ok(true);
                }
                stopped = Some(end);
                self.add_member(container, &name, &unpacked, end);
                Ok(false)
            })
        });
        let end = match ended {
            Some(Ok(_)) => {
                if let Some((name, unpacked)) = finished.take() {
                    self.add_unlittered(container, &name, &unpacked);
                }
                stopped
            }
            Some(Err(error)) => Some(end_of(&error)),
            None => Some(End::Broken),
        };
        // What comes behind a member that could not be unpacked cannot be either.
        let Some(end) = end.filter(|_| goes_on) else { return goes_on };
        let failed = finished.take().map(|(name, _)| name);
        for name in failed.into_iter().chain(waiting.into_iter().rev()).filter(|name| !is_junk_path(name)) {
            if !self.has_room(container) {
                return false;
            }
            let end = if end == End::Bomb { End::Broken } else { end };
            self.add_member(container, &name, &[], end);
        }
        true
    }

    fn add_unlittered(&mut self, container: &mut Container<'_>, name: &str, unpacked: &[u8]) {
        if !is_litter(name, unpacked) {
            self.add_member(container, name, unpacked, End::Whole);
        }
    }

    fn refuse_seven(&mut self, container: &Container<'_>, error: &Error) {
        let (code, text) = match end_of(error) {
            End::Broken => (OddityCode::Damaged, "压缩包已损坏，打不开"),
            end => end.words(),
        };
        self.note(container.index, code, text);
    }
}

fn end_of(error: &Error) -> End {
    match error {
        Error::PasswordRequired | Error::MaybeBadPassword(_) => End::Protected,
        Error::MaxMemLimited { .. } => End::TooLarge,
        Error::UnsupportedCompressionMethod(method) if method.contains("AES") => End::Protected,
        Error::UnsupportedCompressionMethod(_) | Error::Unsupported(_) | Error::ExternalUnsupported => End::Unsupported,
        Error::Io(error, _) if error.kind() == std::io::ErrorKind::OutOfMemory => End::TooLarge,
        _ => End::Broken,
    }
}
