//! `.msg`: a message as Outlook saves it, and as staff drag it from one mail into another ([MS-OXMSG]).

use std::io::Cursor;
use std::path::{Path, PathBuf};

use super::compound_copy::{Compound, standalone, stream};
use super::mapi::{Attachment, Message, Properties, id, kind};
use super::{Container, Unpacker, embedded, length, u16_at, u32_at};
use crate::model::mail::OddityCode;
use crate::read::guarded;

/// Octets before the properties of a message and of an attachment (§2.4.1).
const MESSAGE_HEADER: usize = 32;
const ATTACHMENT_HEADER: usize = 8;
/// Where the header of a message counts its attachments.
const ATTACHMENT_COUNT: usize = 20;
/// How the names begin of what else a message keeps as storages: recipients, names of properties, objects.
const OTHER_STORAGES: [&str; 3] = ["__recip_version1.0", "__nameid_version1.0", "__substg1.0_"];
/// Most attachments of one message.
const ATTACHMENTS: usize = 10_000;

impl Unpacker<'_> {
    pub(super) fn open_outlook(&mut self, container: &mut Container<'_>) {
        let most = self.limits.piece_bytes;
        match guarded(|| message(container.bytes, most)).flatten() {
            Some(message) => self.add_message(container, message),
            None => self.note(container.index, OddityCode::Damaged, "Outlook 邮件（.msg）已损坏，打不开"),
        }
    }
}

fn message(bytes: &[u8], most: u64) -> Option<Message> {
    let mut file = cfb::CompoundFile::open(Cursor::new(bytes)).ok()?;
    let own = Stored::read(&mut file, Path::new("/"), MESSAGE_HEADER, most)?;
    let counted = u32_at(&own.header, ATTACHMENT_COUNT).unwrap_or(0);
    let (is_whole, own) = (own.is_whole, own.properties);
    let code_page = own.number(id::CODE_PAGE).or_else(|| own.number(id::INTERNET_CODE_PAGE));
    let mut message = Message { is_damaged: !is_whole, ..Message::default() };
    message.take(&own, code_page);
    let (storages, is_all) = attachment_storages(&file);
    // A storage that the broken directory has lost leaves no name behind; but the message knows how many there were.
    message.is_damaged |= !is_all || usize::try_from(counted).is_ok_and(|counted| counted > storages.len());
    for storage in storages {
        let lost = || Attachment { is_damaged: true, ..Attachment::default() };
        let attachment = attachment(&mut file, &storage, code_page, most).unwrap_or_else(lost);
        message.is_damaged |= attachment.is_damaged;
        message.attachments.push(attachment);
    }
    Some(message)
}

/// The storages of the attachments (§2.2.2), and whether every other one is known too: a name that a message does not
/// have may be what is left of an attachment's.
fn attachment_storages(file: &Compound<'_>) -> (Vec<PathBuf>, bool) {
    let mut storages = Vec::new();
    let mut is_all = true;
    for entry in file.read_root_storage().filter(cfb::Entry::is_storage) {
        let name = entry.name().to_ascii_lowercase();
        if name.starts_with("__attach_version1.0") {
            storages.push(entry.path().to_path_buf());
        } else {
            is_all &= OTHER_STORAGES.iter().any(|known| name.starts_with(known));
        }
    }
    is_all &= storages.len() <= ATTACHMENTS;
    storages.truncate(ATTACHMENTS);
    (storages, is_all)
}

fn attachment(file: &mut Compound<'_>, storage: &Path, code_page: Option<u32>, most: u64) -> Option<Attachment> {
    let stored = Stored::read(file, storage, ATTACHMENT_HEADER, most)?;
    let mut attachment = Attachment::of(&stored.properties, code_page);
    attachment.is_damaged = !stored.is_whole || stored.data_length > length(&attachment.bytes);
    // An embedded message, or an object of another program, is a storage of its own.
    let object = storage.join(format!("__substg1.0_{:04X}{:04X}", id::ATTACH_DATA, kind::OBJECT));
    if file.is_storage(&object) {
        let Some(whole) = standalone(file, &object, most) else {
            attachment.is_damaged = true;
            return Some(attachment);
        };
        let inner = embedded::object(&whole, most);
        if attachment.name.is_empty() {
            attachment.name = inner.as_ref().map(|inner| inner.name.clone()).unwrap_or_default();
        }
        attachment.bytes = inner.map_or(whole, |inner| inner.bytes);
    }
    Some(attachment)
}

/// What one storage keeps.
#[derive(Default)]
struct Stored {
    properties: Properties,
    /// The octets before the list of the properties of fixed length.
    header: Vec<u8>,
    /// Every stream in it could be read to its end.
    is_whole: bool,
    /// Octets of the attached file, as the list says them a second time (§2.4.2.2).
    data_length: u64,
}

impl Stored {
    /// The properties of one storage: those of variable length are streams of their own, the others stand in one list.
    /// `None` where the storage itself cannot be listed.
    fn read(file: &mut Compound<'_>, storage: &Path, header: usize, most: u64) -> Option<Self> {
        let streams: Vec<(String, PathBuf)> = file
            .read_storage(storage)
            .ok()?
            .filter(cfb::Entry::is_stream)
            .map(|entry| (entry.name().to_ascii_lowercase(), entry.path().to_path_buf()))
            .collect();
        let mut stored = Self { is_whole: true, ..Self::default() };
        for (name, path) in streams {
            let tag = property_tag(&name);
            if tag.is_none() && name != "__properties_version1.0" {
                continue;
            }
            // A chain of sectors that leads nowhere may also end the library.
            match (guarded(|| stream(file, &path, most)).flatten(), tag) {
                (None, _) => stored.is_whole = false,
                (Some(value), Some((id, kind))) => stored.properties.set(id, kind, value),
                (Some(list), None) => stored.take_list(&list, header),
            }
        }
        Some(stored)
    }

    fn take_list(&mut self, list: &[u8], header: usize) {
        self.header = list.get(..header).unwrap_or_default().to_vec();
        for entry in list.get(header..).unwrap_or_default().chunks_exact(16) {
            match (u16_at(entry, 0), u16_at(entry, 2), entry.get(8..12)) {
                (Some(kind::LONG), Some(id), Some(value)) => self.properties.set(id, kind::LONG, value.to_vec()),
                (Some(kind::BINARY), Some(id::ATTACH_DATA), _) => {
                    self.data_length = u32_at(entry, 8).map_or(0, u64::from);
                }
                _ => {}
            }
        }
    }
}

/// Identifier and type of the property whose stream has this name (§2.2.1.1), in lower case.
fn property_tag(name: &str) -> Option<(u16, u16)> {
    let tag = name.strip_prefix("__substg1.0_").filter(|tag| tag.len() == 8 && tag.is_ascii())?;
    let (id, kind) = tag.split_at(4);
    Some((u16::from_str_radix(id, 16).ok()?, u16::from_str_radix(kind, 16).ok()?))
}
