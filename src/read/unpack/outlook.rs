//! `.msg`: a message as Outlook saves it, and as staff drag it from one mail into another ([MS-OXMSG]).

use std::io::Cursor;
use std::path::{Path, PathBuf};

use super::compound_copy::{Compound, standalone, stream};
use super::mapi::{Attachment, Message, Properties, id, kind};
use super::{Container, Unpacker, embedded, u16_at};
use crate::model::mail::OddityCode;
use crate::read::guarded;

/// Octets before the properties of a message and of an attachment (§2.4.1).
const MESSAGE_HEADER: usize = 32;
const ATTACHMENT_HEADER: usize = 8;
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
    let own = properties(&mut file, Path::new("/"), MESSAGE_HEADER, most)?;
    let code_page = own.number(id::CODE_PAGE).or_else(|| own.number(id::INTERNET_CODE_PAGE));
    let mut message = Message::default();
    message.take(&own, code_page);
    let storages: Vec<PathBuf> = file
        .read_root_storage()
        .filter(|entry| entry.is_storage() && entry.name().to_ascii_lowercase().starts_with("__attach_version1.0"))
        .take(ATTACHMENTS)
        .map(|entry| entry.path().to_path_buf())
        .collect();
    for storage in storages {
        match attachment(&mut file, &storage, code_page, most) {
            Some(attachment) => message.attachments.push(attachment),
            None => message.is_damaged = true,
        }
    }
    Some(message)
}

fn attachment(file: &mut Compound<'_>, storage: &Path, code_page: Option<u32>, most: u64) -> Option<Attachment> {
    let properties = properties(file, storage, ATTACHMENT_HEADER, most)?;
    let mut attachment = Attachment::of(&properties, code_page);
    // An embedded message, or an object of another program, is a storage of its own.
    let object = storage.join(format!("__substg1.0_{:04X}{:04X}", id::ATTACH_DATA, kind::OBJECT));
    if file.is_storage(&object) {
        let whole = standalone(file, &object, most)?;
        let inner = embedded::object(&whole, most);
        if attachment.name.is_empty() {
            attachment.name = inner.as_ref().map(|inner| inner.name.clone()).unwrap_or_default();
        }
        attachment.bytes = inner.map_or(whole, |inner| inner.bytes);
    }
    Some(attachment)
}

/// The properties of one storage: those of variable length are streams of their own, the others stand in one list.
fn properties(file: &mut Compound<'_>, storage: &Path, header: usize, most: u64) -> Option<Properties> {
    let streams: Vec<(String, PathBuf)> = file
        .read_storage(storage)
        .ok()?
        .filter(cfb::Entry::is_stream)
        .map(|entry| (entry.name().to_ascii_lowercase(), entry.path().to_path_buf()))
        .collect();
    let mut properties = Properties::default();
    for (name, path) in streams {
        if name == "__properties_version1.0" {
            let list = stream(file, &path, most)?;
            for entry in list.get(header..).unwrap_or_default().chunks_exact(16) {
                if let (Some(kind::LONG), Some(id), Some(value)) =
                    (u16_at(entry, 0), u16_at(entry, 2), entry.get(8..12))
                {
                    properties.set(id, kind::LONG, value.to_vec());
                }
            }
            continue;
        }
        let Some(tag) = name.strip_prefix("__substg1.0_").filter(|tag| tag.len() == 8 && tag.is_ascii()) else {
            continue;
        };
        let (id, kind) = tag.split_at(4);
        let (Ok(id), Ok(kind)) = (u16::from_str_radix(id, 16), u16::from_str_radix(kind, 16)) else { continue };
        properties.set(id, kind, stream(file, &path, most)?);
    }
    Some(properties)
}
