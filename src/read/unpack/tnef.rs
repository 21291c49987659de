//! `winmail.dat`: what Outlook and Exchange make of a mail when they think that the other side is Outlook ([MS-OXTNEF]).
//!
//! The stream is a list of attributes: where it belongs (message or attachment), an identifier, a length, the data, a sum
//! of them. A length is a claim: data are taken as far as they are there.

mod properties;

use super::mapi::{Attachment, Message, Properties, decoded, id, kind};
use super::{Container, Unpacker, length, u16_at, u32_at};
use crate::model::mail::OddityCode;
use crate::read::mime::names;

/// Attribute identifiers without their type (§2.1.3.3).
mod attribute {
    pub(super) const SUBJECT: u16 = 0x8004;
    pub(super) const BODY: u16 = 0x800C;
    pub(super) const ATTACH_DATA: u16 = 0x800F;
    pub(super) const ATTACH_TITLE: u16 = 0x8010;
    pub(super) const ATTACH_BEGINS: u16 = 0x9002;
    pub(super) const MESSAGE_PROPERTIES: u16 = 0x9003;
    pub(super) const ATTACH_PROPERTIES: u16 = 0x9005;
    pub(super) const CODE_PAGE: u16 = 0x9007;
}

/// Most attachments of one message.
const ATTACHMENTS: usize = 10_000;

impl Unpacker<'_> {
    pub(super) fn open_tnef(&mut self, container: &mut Container<'_>) {
        let message = message(container.bytes);
        let is_empty = message.attachments.is_empty() && message.text.is_none() && message.html.is_none();
        if message.is_damaged && is_empty {
            self.note(container.index, OddityCode::Damaged, "winmail.dat 已损坏，打不开");
        }
        self.add_message(container, message);
    }
}

/// What the stream holds.
fn message(bytes: &[u8]) -> Message {
    let mut message = Message::default();
    let mut code_page = None;
    let mut attachment: Option<Legacy> = None;
    let mut unpacked = 0_u64;
    // The signature and a key nobody needs.
    let mut at = 6;
    while at < bytes.len() {
        let Some(next) = Attribute::at(bytes, at) else {
            message.is_damaged = true;
            break;
        };
        at = next.end;
        message.is_damaged |= next.is_cut_off;
        let data = next.data;
        match next.id {
            attribute::CODE_PAGE => code_page = u32_at(data, 0).filter(|page| *page != 0),
            attribute::SUBJECT => message.subject = Some(decoded(data, code_page)).filter(|text| !text.is_empty()),
            attribute::BODY => message.text = Some(decoded(data, code_page)).filter(|text| !text.is_empty()),
            attribute::MESSAGE_PROPERTIES => message.take(&properties::read(data), code_page),
            attribute::ATTACH_BEGINS => {
                message.attachments.extend(attachment.replace(Legacy::default()).map(|done| done.finish(code_page)));
            }
            attribute::ATTACH_DATA => {
                unpacked = unpacked.saturating_add(length(data));
                let current = attachment.get_or_insert_default();
                current.bytes = data;
                current.is_cut_off = next.is_cut_off;
            }
            attribute::ATTACH_TITLE => attachment.get_or_insert_default().title = data,
            attribute::ATTACH_PROPERTIES => attachment.get_or_insert_default().properties = properties::read(data),
            _ => {}
        }
        if message.attachments.len() >= ATTACHMENTS {
            message.is_damaged = true;
            break;
        }
    }
    message.attachments.extend(attachment.map(|done| done.finish(code_page)));
    message
}

/// One attribute (§2.1.3.1).
struct Attribute<'b> {
    id: u16,
    data: &'b [u8],
    /// It claims more than there is.
    is_cut_off: bool,
    end: usize,
}

impl<'b> Attribute<'b> {
    fn at(bytes: &'b [u8], at: usize) -> Option<Self> {
        bytes.get(at).filter(|level| matches!(level, 1 | 2))?;
        let id = u16_at(bytes, at + 1)?;
        let start = at + 9;
        let claimed = usize::try_from(u32_at(bytes, at + 5)?).ok().and_then(|length| start.checked_add(length));
        match claimed.filter(|end| *end <= bytes.len()) {
            Some(end) => Some(Self { id, data: bytes.get(start..end)?, is_cut_off: false, end: end.saturating_add(2) }),
            None => Some(Self { id, data: bytes.get(start..)?, is_cut_off: true, end: bytes.len() }),
        }
    }
}

/// An attachment while its attributes come in.
#[derive(Default)]
struct Legacy<'b> {
    title: &'b [u8],
    bytes: &'b [u8],
    is_cut_off: bool,
    properties: Properties,
}

impl Legacy<'_> {
    fn finish(self, code_page: Option<u32>) -> Attachment {
        let mut attachment = Attachment::of(&self.properties, code_page);
        if attachment.name.is_empty()
            || self.properties.bytes(id::ATTACH_LONG_FILENAME).is_none() && !self.title.is_empty()
        {
            attachment.name = names::attachment(&decoded(self.title, code_page));
        }
        if attachment.bytes.is_empty() && !self.is_cut_off {
            attachment.bytes = self.bytes.to_vec();
        }
        attachment
    }
}

/// What an object holds: an embedded message is a TNEF stream of its own behind the 16 octets of its class.
fn object(value: &[u8]) -> &[u8] {
    value.get(16..).unwrap_or(value)
}

/// Whether the value of a property is an object.
fn is_object(property: u16) -> bool {
    property & 0x0FFF == kind::OBJECT
}

#[cfg(test)]
mod tests;
