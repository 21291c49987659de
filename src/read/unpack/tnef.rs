//! `winmail.dat`: what Outlook and Exchange make of a mail when they think that the other side is Outlook ([MS-OXTNEF]).
//!
//! The stream is a list of attributes: where it belongs (message or attachment), an identifier, a length, the data, a sum
//! of them. A length is a claim: data are taken as far as they are there.

mod properties;

use super::mapi::{Attachment, Message, Properties, decoded, id, kind};
use super::{Container, Unpacker, u16_at, u32_at};
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
        let (message, claimed) = message(container.bytes);
        if claimed > self.limits.piece_bytes {
            self.note(container.index, OddityCode::TooLarge, "winmail.dat 里的附件大小异常，没有打开");
        }
        let is_empty = message.attachments.is_empty() && message.text.is_none() && message.html.is_none();
        if is_empty && message.rtf.is_none() {
            let text = if message.is_damaged { "winmail.dat 已损坏，打不开" } else { "winmail.dat 是空的" };
            self.note(container.index, OddityCode::Damaged, text);
        }
        self.add_message(container, message);
    }
}

/// What the stream holds, and the most octets that one of its attributes claims.
fn message(bytes: &[u8]) -> (Message, u64) {
    let mut message = Message::default();
    let mut code_page = None;
    let mut attachment: Option<Legacy> = None;
    let mut claimed = 0;
    // The signature and a key nobody needs.
    let mut at = 6;
    while at < bytes.len() {
        let Some(next) = Attribute::at(bytes, at) else {
            message.is_damaged = true;
            break;
        };
        at = next.end;
        message.is_damaged |= next.is_cut_off || !next.is_sum_right;
        claimed = claimed.max(next.claimed);
        let data = next.data;
        match next.id {
            attribute::CODE_PAGE => code_page = u32_at(data, 0).filter(|page| *page != 0),
            attribute::SUBJECT => message.subject = Some(decoded(data, code_page)).filter(|text| !text.is_empty()),
            attribute::BODY => message.text = Some(decoded(data, code_page)).filter(|text| !text.is_empty()),
            attribute::MESSAGE_PROPERTIES => {
                let (properties, are_all) = properties::read(data);
                message.take(&properties, code_page);
                message.is_damaged |= !are_all;
            }
            attribute::ATTACH_BEGINS => {
                message.attachments.extend(attachment.replace(Legacy::default()).map(|done| done.finish(code_page)));
            }
            attribute::ATTACH_DATA => {
                let current = attachment.get_or_insert_default();
                current.bytes = data;
                current.is_damaged |= next.is_cut_off || !next.is_sum_right;
            }
            attribute::ATTACH_TITLE => attachment.get_or_insert_default().title = data,
            attribute::ATTACH_PROPERTIES => {
                let (properties, are_all) = properties::read(data);
                let current = attachment.get_or_insert_default();
                current.properties = properties;
                current.is_damaged |= next.is_cut_off || !next.is_sum_right;
                message.is_damaged |= !are_all;
            }
            _ => {}
        }
        if message.attachments.len() >= ATTACHMENTS {
            message.is_damaged = true;
            break;
        }
    }
    message.attachments.extend(attachment.map(|done| done.finish(code_page)));
    (message, claimed)
}

/// One attribute (§2.1.3.1).
struct Attribute<'b> {
    id: u16,
    data: &'b [u8],
    /// Octets it says it has.
    claimed: u64,
    /// It claims more than there is.
    is_cut_off: bool,
    /// The octets are those that the sum behind them was made of.
    is_sum_right: bool,
    end: usize,
}

impl<'b> Attribute<'b> {
    fn at(bytes: &'b [u8], at: usize) -> Option<Self> {
        bytes.get(at).filter(|level| matches!(level, 1 | 2))?;
        let id = u16_at(bytes, at + 1)?;
        let start = at + 9;
        let claimed = u32_at(bytes, at + 5)?;
        let end = usize::try_from(claimed).ok().and_then(|length| start.checked_add(length));
        let end = end.filter(|end| *end <= bytes.len());
        let data = bytes.get(start..end.unwrap_or(bytes.len()))?;
        // Behind the data stands their sum. Where even that is missing, nothing contradicts them.
        let next = end.map_or(bytes.len(), |end| end.saturating_add(2));
        let sum = data.iter().fold(0_u16, |sum, octet| sum.wrapping_add(u16::from(*octet)));
        let is_sum_right = end.and_then(|end| u16_at(bytes, end)).is_none_or(|kept| kept == sum);
        Some(Self { id, data, claimed: u64::from(claimed), is_cut_off: end.is_none(), is_sum_right, end: next })
    }
}

/// An attachment while its attributes come in.
#[derive(Default)]
struct Legacy<'b> {
    title: &'b [u8],
    bytes: &'b [u8],
    /// Its octets, or what else is known of it, were cut off or are not those that were summed up.
    is_damaged: bool,
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
        attachment.is_damaged = self.is_damaged;
        if attachment.bytes.is_empty() {
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
