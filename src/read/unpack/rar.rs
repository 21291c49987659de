//! RAR archives of every age, single or in volumes.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use rars::{
    Archive, ArchiveMember, ArchiveReadOptions, ArchiveReader, Error, ErrorKind, ExtractionDecision,
    ExtractionErrorAction, rar15_40, rar50,
};

use super::litter::{is_junk_path, is_litter};
use super::{Container, DICTIONARY_KIB, End, Unpacker, length};
use crate::model::mail::OddityCode;
use crate::read::mime::names;
use crate::read::{charset, guarded};

/// Headers of one volume, far above the pieces a mail may have.
const HEADERS: u64 = 20_000;
const HEADER_BYTES: u64 = 8 << 20;

/// What comes out of the member in hand; shared with the writer the decoder owns.
#[derive(Default)]
struct Taken {
    bytes: Vec<u8>,
    /// Octets it may have: beyond it is too large, beyond the other a bomb.
    most: u64,
    most_by_ratio: u64,
    end: Option<End>,
}

struct Sink(Rc<RefCell<Taken>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut taken = self.0.borrow_mut();
        let after = length(&taken.bytes).saturating_add(length(bytes));
        if after > taken.most_by_ratio {
            taken.end = Some(End::Bomb);
        } else if after > taken.most {
            taken.end = Some(End::TooLarge);
        }
        if taken.end.is_some() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        taken.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Unpacker<'_> {
    pub(super) fn open_rar(&mut self, container: &mut Container<'_>) {
        let archive = match parsed(container.bytes) {
            Ok(archive) => archive,
            Err(end) => return self.refuse_rar(container, end),
        };
        let current = Rc::new(RefCell::new(Taken::default()));
        let mut pending: Option<String> = None;
        let outcome = guarded(|| {
            archive.extract_with_control_and_errors(
                limits(),
                |member| {
                    self.finish_member(container, &mut pending, &current);
                    let name = name_of(member);
                    if member.meta.is_directory
                        || member.meta.is_redirection
                        || is_junk_path(&name) && !member.is_solid()
                    {
                        return Ok(ExtractionDecision::Skip);
                    }
                    if !self.has_room(container) {
                        return Ok(ExtractionDecision::Stop);
                    }
                    let closed = if member.meta.is_encrypted {
                        Some(End::Protected)
                    } else if member.meta.is_split_before || member.meta.is_split_after {
                        Some(End::Split)
                    } else {
                        self.refused_by_claim(member.meta.unpacked_size, length(container.bytes))
                    };
                    if let Some(end) = closed {
                        self.add_member(container, &name, &[], end);
                        return Ok(ExtractionDecision::Skip);
                    }
                    *current.borrow_mut() = self.room_for(container);
                    pending = Some(name);
                    Ok(ExtractionDecision::Extract(Box::new(Sink(Rc::clone(&current)))))
                },
                |_, error| {
                    current.borrow_mut().end.get_or_insert(end_of(error));
                    Ok(ExtractionErrorAction::Continue)
                },
            )
        });
        let end = match outcome {
            Some(Ok(_)) => None,
            Some(Err(error)) => Some(end_of(&error)),
            None => Some(End::Broken),
        };
        if let Some(end) = end {
            if pending.is_some() {
                current.borrow_mut().end.get_or_insert(end);
            } else if end != End::Protected || container.children == 0 {
                self.refuse_rar(container, end);
            }
        }
        self.finish_member(container, &mut pending, &current);
        if end.is_some() {
            self.list_unreached(container, archive.members().collect());
        }
        self.note_if_cut_off(container, &archive);
        self.note_if_empty(container);
    }

    /// An archive in volumes, all of them at hand and in their order.
    pub(super) fn open_rar_volumes(&mut self, container: &mut Container<'_>, volumes: &[&[u8]]) {
        let mut archives = Vec::new();
        for bytes in volumes {
            match parsed(bytes) {
                Ok(archive) => {
                    self.note_if_cut_off(container, &archive);
                    archives.push(archive);
                }
                Err(end) => return self.refuse_rar(container, end),
            }
        }
        let current = Rc::new(RefCell::new(Taken::default()));
        let mut pending: Option<String> = None;
        let members = guarded(|| rars::volume_members(&archives).ok()).flatten().unwrap_or_default();
        if members.last().is_some_and(|last| last.meta.is_split_after) {
            self.refuse_rar(container, End::Split);
        }
        if members.iter().any(|member| member.meta.is_encrypted) {
            for member in members.iter().filter(|member| !member.meta.is_directory) {
                self.add_member(container, &name_of(member), &[], End::Protected);
            }
            return;
        }
        let mut names = members.iter().map(name_of);
        let outcome = guarded(|| {
            rars::extract_volumes_to_with_options(&archives, limits(), |meta| {
                self.finish_member(container, &mut pending, &current);
                let listed = names.next();
                if meta.is_directory {
                    return Ok(Box::new(io::sink()) as Box<dyn Write>);
                }
                *current.borrow_mut() = self.room_for(container);
                if !self.has_room(container) {
                    return Err(Error::Cancelled);
                }
                pending = Some(listed.unwrap_or_else(|| names::member(&meta.name_lossy())));
                Ok(Box::new(Sink(Rc::clone(&current))) as Box<dyn Write>)
            })
        });
        match outcome {
            Some(Ok(())) => {}
            Some(Err(error)) if pending.is_none() => self.refuse_rar(container, end_of(&error)),
            Some(Err(error)) => {
                current.borrow_mut().end.get_or_insert(end_of(&error));
            }
            None => {
                current.borrow_mut().end.get_or_insert(End::Broken);
            }
        }
        self.finish_member(container, &mut pending, &current);
    }

    fn room_for(&self, container: &Container<'_>) -> Taken {
        let by_ratio = length(container.bytes).saturating_mul(self.limits.ratio).max(super::RATIO_COUNTS_FROM);
        Taken { most: self.most(), most_by_ratio: by_ratio, ..Taken::default() }
    }

    /// Adds the member that was being written, now that its sum was checked or was not right.
    fn finish_member(&mut self, container: &mut Container<'_>, pending: &mut Option<String>, current: &RefCell<Taken>) {
        let Some(name) = pending.take() else { return };
        let taken = current.take();
        let end = taken.end.unwrap_or(End::Whole);
        if end != End::Whole || !is_litter(&name, &taken.bytes) {
            self.add_member(container, &name, &taken.bytes, end);
        }
    }

    /// Members behind the one where extraction ended.
    fn list_unreached(&mut self, container: &mut Container<'_>, members: Vec<ArchiveMember>) {
        let known: Vec<String> = self
            .pieces
            .iter()
            .filter(|piece| piece.inside.as_deref() == Some(container.path.as_str()))
            .map(|piece| piece.name.clone())
            .collect();
        for member in members {
            let name = name_of(&member);
            if member.meta.is_directory || member.meta.is_redirection || is_junk_path(&name) || known.contains(&name) {
                continue;
            }
            if !self.has_room(container) {
                return;
            }
            let end = if member.meta.is_encrypted { End::Protected } else { End::Broken };
            self.add_member(container, &name, &[], end);
        }
    }

    /// An archive that ends between two members lists the first of them as if they were all.
    fn note_if_cut_off(&mut self, container: &Container<'_>, archive: &Archive) {
        if !is_closed(archive) {
            self.note(container.index, OddityCode::Damaged, "压缩包不完整，可能缺少后面的文件");
        }
    }

    fn refuse_rar(&mut self, container: &Container<'_>, end: End) {
        let (code, text) = match end {
            End::Broken => (OddityCode::Damaged, "压缩包已损坏，打不开"),
            end => end.words(),
        };
        self.note(container.index, code, text);
    }
}

fn limits() -> ArchiveReadOptions<'static> {
    let dictionary = u64::from(DICTIONARY_KIB) << 10;
    ArchiveReadOptions::new()
        .with_max_header_count(HEADERS)
        .with_max_header_bytes(HEADER_BYTES)
        .with_rar50_dictionary_size_limit(dictionary)
        .with_max_reader_workspace_bytes(dictionary.saturating_mul(2))
}

fn parsed(bytes: &[u8]) -> Result<Archive, End> {
    match guarded(|| ArchiveReader::read_with_options(bytes, limits())) {
        Some(Ok(archive)) => Ok(archive),
        Some(Err(error)) => Err(end_of(&error)),
        None => Err(End::Broken),
    }
}

/// Whether the block stands behind the members that says that there are no more: RAR 5 demands one, and WinRAR has
/// written one since 3.0 of 2002. Of the few octets that RAR 1.3 wrote nobody can say.
fn is_closed(archive: &Archive) -> bool {
    let old = archive.as_rar15_40().map(|archive| matches!(archive.blocks.last(), Some(rar15_40::Block::End(_))));
    let new = archive.as_rar50().map(|archive| matches!(archive.blocks.last(), Some(rar50::Block::End(_))));
    old.or(new).unwrap_or(true)
}

/// RAR 5 keeps UTF-8, RAR 4 often both; what is only octets is in the code page of the machine that wrote it.
fn name_of(member: &ArchiveMember) -> String {
    let raw = member.meta.name_bytes();
    let decoded = match std::str::from_utf8(raw) {
        Ok(text) if member.name_is_unicode() => text.to_owned(),
        _ => charset::guess(raw),
    };
    names::member(&decoded)
}

fn end_of(error: &Error) -> End {
    match error.kind() {
        ErrorKind::PasswordRequired | ErrorKind::BadPassword => End::Protected,
        ErrorKind::ResourceLimit => End::TooLarge,
        ErrorKind::UnsupportedFeature if error.to_string().contains("encryption") => End::Protected,
        ErrorKind::UnsupportedFeature | ErrorKind::UnsupportedFormat => End::Unsupported,
        _ => End::Broken,
    }
}
