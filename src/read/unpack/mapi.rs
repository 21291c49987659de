//! What Outlook keeps of a message and its attachments: MAPI properties ([MS-OXPROPS]), whether they come in a
//! `winmail.dat` or in a `.msg`, and the pieces they become.

use std::collections::BTreeMap;

use super::{Container, Unpacker, length, rtf};
use crate::model::grid::Document;
use crate::model::mail::{Content, Kind, Oddity, OddityCode};
use crate::read::charset;
use crate::read::data_tables;
use crate::read::mime::{self, names, plain};

/// Property identifiers.
pub(super) mod id {
    pub(in crate::read::unpack) const SUBJECT: u16 = 0x0037;
    pub(in crate::read::unpack) const BODY: u16 = 0x1000;
    pub(in crate::read::unpack) const RTF: u16 = 0x1009;
    pub(in crate::read::unpack) const HTML: u16 = 0x1013;
    pub(in crate::read::unpack) const DISPLAY_NAME: u16 = 0x3001;
    pub(in crate::read::unpack) const ATTACH_DATA: u16 = 0x3701;
    pub(in crate::read::unpack) const ATTACH_FILENAME: u16 = 0x3704;
    pub(in crate::read::unpack) const ATTACH_METHOD: u16 = 0x3705;
    pub(in crate::read::unpack) const ATTACH_LONG_FILENAME: u16 = 0x3707;
    pub(in crate::read::unpack) const ATTACH_CONTENT_ID: u16 = 0x3712;
    pub(in crate::read::unpack) const CODE_PAGE: u16 = 0x3FFD;
    pub(in crate::read::unpack) const INTERNET_CODE_PAGE: u16 = 0x3FDE;
}

/// Types of values ([MS-OXCDATA] §2.11.1).
pub(super) mod kind {
    pub(in crate::read::unpack) const LONG: u16 = 0x0003;
    pub(in crate::read::unpack) const OBJECT: u16 = 0x000D;
    pub(in crate::read::unpack) const STRING_8: u16 = 0x001E;
    pub(in crate::read::unpack) const UNICODE: u16 = 0x001F;
    pub(in crate::read::unpack) const BINARY: u16 = 0x0102;
}

/// Properties by their identifier: the type and the octets of each.
#[derive(Debug, Default)]
pub(super) struct Properties(BTreeMap<u16, (u16, Vec<u8>)>);

impl Properties {
    /// Keeps one; of a text in both forms the Unicode one.
    pub(super) fn set(&mut self, id: u16, kind: u16, value: Vec<u8>) {
        let is_weaker = kind == kind::STRING_8 && self.0.get(&id).is_some_and(|(known, _)| *known == kind::UNICODE);
        if !is_weaker {
            self.0.insert(id, (kind, value));
        }
    }

    pub(super) fn bytes(&self, id: u16) -> Option<&[u8]> {
        self.0.get(&id).map(|(_, value)| value.as_slice())
    }

    pub(super) fn number(&self, id: u16) -> Option<u32> {
        let (_, value) = self.0.get(&id).filter(|(known, _)| *known == kind::LONG)?;
        value.get(..4)?.try_into().ok().map(u32::from_le_bytes)
    }

    /// A text, without the NUL that ends it.
    pub(super) fn text(&self, id: u16, code_page: Option<u32>) -> Option<String> {
        let (kind, value) = self.0.get(&id)?;
        let text = match *kind {
            kind::UNICODE => {
                let units = value.chunks_exact(2).filter_map(|pair| <[u8; 2]>::try_from(pair).ok());
                char::decode_utf16(units.map(u16::from_le_bytes)).map(|unit| unit.unwrap_or('\u{FFFD}')).collect()
            }
            kind::STRING_8 | kind::BINARY => decoded(value, code_page),
            _ => return None,
        };
        let text = text.trim_end_matches('\0');
        (!text.is_empty()).then(|| text.to_owned())
    }
}

/// Octets in a Windows code page; one that is not told is guessed.
pub(super) fn decoded(bytes: &[u8], code_page: Option<u32>) -> String {
    let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    let label = match code_page {
        Some(936 | 20_936 | 54_936 | 52_936) => Some("gb18030"),
        Some(950) => Some("big5"),
        Some(65_001) => Some("utf-8"),
        // 1252 is what Outlook writes where nobody asked for anything.
        _ => None,
    };
    charset::decode(label, bytes).text
}

/// A message out of a TNEF stream or a `.msg`.
#[derive(Debug, Default)]
pub(super) struct Message {
    pub(super) subject: Option<String>,
    pub(super) text: Option<String>,
    pub(super) html: Option<String>,
    /// Still compressed.
    pub(super) rtf: Option<Vec<u8>>,
    pub(super) attachments: Vec<Attachment>,
    /// What held it was cut off or broken.
    pub(super) is_damaged: bool,
}

/// One of its attachments.
#[derive(Debug, Default)]
pub(super) struct Attachment {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
    pub(super) content_id: Option<String>,
    /// A link to a file that somebody keeps ([MS-OXCMSG] §2.2.2.9, methods 2 to 4 and 7).
    pub(super) is_link: bool,
    /// It stood there, but its octets cannot be got out, or not all of them.
    pub(super) is_damaged: bool,
}

impl Message {
    /// Takes the message's own properties over.
    pub(super) fn take(&mut self, properties: &Properties, code_page: Option<u32>) {
        self.subject = properties.text(id::SUBJECT, code_page).or(self.subject.take());
        self.text = properties.text(id::BODY, code_page).or(self.text.take());
        if let Some(html) = properties.bytes(id::HTML) {
            let internet = properties.number(id::INTERNET_CODE_PAGE).or(code_page);
            self.html = match mime::meta_charset(html) {
                Some(label) => Some(charset::decode(Some(&label), html).text),
                None => properties.text(id::HTML, internet),
            };
        }
        if let Some(rtf) = properties.bytes(id::RTF) {
            self.rtf = Some(rtf.to_vec());
        }
    }
}

impl Attachment {
    pub(super) fn of(properties: &Properties, code_page: Option<u32>) -> Self {
        let name = [id::ATTACH_LONG_FILENAME, id::ATTACH_FILENAME, id::DISPLAY_NAME]
            .into_iter()
            .find_map(|id| properties.text(id, code_page));
        Self {
            name: name.map(|name| names::attachment(&name)).unwrap_or_default(),
            bytes: properties.bytes(id::ATTACH_DATA).map(<[u8]>::to_vec).unwrap_or_default(),
            content_id: properties.text(id::ATTACH_CONTENT_ID, code_page),
            is_link: matches!(properties.number(id::ATTACH_METHOD), Some(2 | 3 | 4 | 7)),
            is_damaged: false,
        }
    }
}

impl Unpacker<'_> {
    /// Makes the message's words the content of its piece, and its attachments pieces inside.
    pub(super) fn add_message(&mut self, container: &mut Container<'_>, message: Message) {
        let html = message.html.unwrap_or_default();
        let text = message.text.unwrap_or_else(|| plain::from_html(&html));
        let tables = data_tables(&html, self.limits).map(|whole| whole.tables);
        if tables.is_none() {
            self.note(container.index, OddityCode::TooLarge, "所附邮件的正文太长，没有全部读出");
        }
        let tables = tables.unwrap_or_default();
        let lines = message.subject.iter().map(String::as_str).chain(text.lines());
        let paragraphs: Vec<String> = lines
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .take(self.limits.paragraphs)
            .map(str::to_owned)
            .collect();
        let has_text = !paragraphs.is_empty() || !tables.is_empty();
        if let Some(piece) = self.pieces.get_mut(container.index) {
            piece.content = Content::Document(Document { paragraphs, has_text, tables, ..Document::default() });
        }
        if message.is_damaged {
            self.note(container.index, OddityCode::Damaged, "文件残缺，只取出了其中完好的附件");
        }
        // Outlook keeps the words a second time, with their looks. Only where they are not to be had otherwise, or hold
        // a table that is lost in the plain ones, they count.
        let looks = message.rtf.and_then(|packed| rtf::unpacked(&packed, self.most()));
        let is_needed = |looks: &Vec<u8>| {
            html.is_empty() && (text.trim().is_empty() || looks.windows(6).any(|window| window == b"\\trowd"))
        };
        if let Some(looks) = looks.filter(is_needed)
            && self.has_room(container)
        {
            let found = container.child("正文.rtf", &looks);
            self.add(found, container.depth + 1);
        }
        for attachment in message.attachments {
            if !self.has_room(container) {
                return;
            }
            self.add_attachment(container, &attachment, &html);
        }
    }

    fn add_attachment(&mut self, container: &mut Container<'_>, attachment: &Attachment, html: &str) {
        if attachment.is_damaged {
            // Half a file is none; what is listed by its name can be asked for again.
            let mut found = container.child(&attachment.name, &[]);
            found.oddities.push(Oddity::new(OddityCode::Damaged, "附件残缺，打不开"));
            self.list(found, Kind::Unknown);
            return;
        }
        if attachment.is_link && attachment.bytes.is_empty() {
            let mut found = container.child(&attachment.name, &[]);
            found.oddities.push(Oddity::new(OddityCode::CloudAttachment, "附件只有链接，没有随信附上文件"));
            self.list(found, Kind::Unknown);
            return;
        }
        container.unpacked = container.unpacked.saturating_add(length(&attachment.bytes));
        let id = attachment.content_id.as_deref().unwrap_or_default();
        let mut found = container.child(&attachment.name, &attachment.bytes);
        found.inline = !id.is_empty() && html.contains(&format!("cid:{id}"));
        self.add(found, container.depth + 1);
    }
}
