//! A mail taken apart: header fields, the bodies that are its words, and the parts attached to it. mail-parser finds
//! the parts; what stands in them is decoded here from the raw bytes, because it loses Chinese octets.

pub mod addresses;
pub mod dates;
pub mod fields;
pub mod headers;
pub mod names;
pub mod parameters;
pub mod plain;
pub mod quotes;
pub mod transfer;
pub mod words;

use mail_parser::{HeaderName, MessageParser, PartType};

use self::fields::Fields;
use self::parameters::Parametrised;
use super::charset;
use super::limits::Limits;

/// Runs of dashes in one mail: each may begin a part, and an attacker can write one every three octets.
const DASHES: usize = 100_000;

/// A mail's parts, decoded from transfer but not yet looked into.
#[derive(Debug, Default)]
pub struct Parts {
    pub fields: Fields,
    /// Leaves of the structure, in order; nested mails are leaves.
    pub leaves: Vec<Leaf>,
    /// There were too many parts or too much nesting to take apart.
    pub refused: bool,
}

/// A part without parts of its own.
#[derive(Debug, Default)]
pub struct Leaf {
    pub fields: Fields,
    /// As declared, lower case.
    pub media_type: String,
    pub charset: Option<String>,
    /// Decoded and made harmless; empty where there is none.
    pub name: String,
    /// Without angle brackets.
    pub content_id: Option<String>,
    /// `attachment`, `inline` or empty.
    pub disposition: String,
    /// Which `multipart/alternative` it is a version in.
    pub alternative: Option<usize>,
    /// After the transfer encoding was undone.
    pub bytes: Vec<u8>,
    /// The transfer encoding was cut off or held junk.
    pub damaged: bool,
    /// It is part of the mail's own words.
    pub is_body: bool,
}

/// The mail's words, from all its bodies.
#[derive(Debug, Default)]
pub struct Words {
    pub text: String,
    /// All HTML bodies, one after the other.
    pub html: String,
    pub mislabelled: bool,
}

/// Takes a mail apart. Never fails; what cannot be a mail has no fields and no leaves.
#[must_use]
pub fn take_apart(bytes: &[u8], limits: &Limits) -> Parts {
    let bytes = without_preamble(bytes);
    let header = header_block(bytes);
    let fields = Fields::parse(header);
    if is_too_much(bytes, limits) {
        return Parts { fields, leaves: Vec::new(), refused: true };
    }
    // Only the fields that shape the structure: the others are read from the raw bytes.
    let parser = MessageParser::new().with_mime_headers().default_header_ignore();
    let parsed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| parser.parse(bytes)));
    let Ok(Some(message)) = parsed else {
        return Parts { fields, leaves: Vec::new(), refused: parsed.is_err() };
    };
    if message.parts.len() > limits.mime_parts {
        return Parts { fields, leaves: Vec::new(), refused: true };
    }
    let mut leaves = Vec::new();
    // Part, whether its parent is a digest, the alternative it stands in.
    let mut waiting = vec![(0_usize, false, None)];
    let mut visited = 0_usize;
    while let Some((place, in_digest, alternative)) = waiting.pop() {
        let Some(part) = message.parts.get(place) else { continue };
        visited += 1;
        if visited > message.parts.len() {
            break;
        }
        if let PartType::Multipart(children) = &part.body {
            let content_type = part.headers.iter().find(|header| header.name == HeaderName::ContentType);
            let subtype = content_type
                .and_then(|header| header.value.as_content_type())
                .and_then(|value| value.subtype())
                .unwrap_or_default();
            let alternative = if subtype == "alternative" { Some(place) } else { alternative };
            let children = children.iter().rev().filter_map(|child| usize::try_from(*child).ok());
            waiting
                .extend(children.filter(|child| *child > place).map(|child| (child, subtype == "digest", alternative)));
            continue;
        }
        let range =
            |start: u32, end: u32| bytes.get(start as usize..(end as usize).min(bytes.len())).unwrap_or_default();
        let part_fields = Fields::parse(range(part.offset_header, part.offset_body));
        let raw = range(part.offset_body, part.offset_end);
        let open_ended = part.offset_end as usize >= bytes.len() && place > 0;
        let mut leaf = leaf(part_fields, raw, in_digest, open_ended);
        leaf.alternative = alternative;
        leaves.push(leaf);
    }
    choose_bodies(&mut leaves);
    Parts { fields, leaves, refused: false }
}

/// The mail's words out of the leaves that are its bodies.
#[must_use]
pub fn words_of(leaves: &[Leaf]) -> Words {
    let mut words = Words::default();
    let mut texts: Vec<String> = Vec::new();
    for leaf in leaves.iter().filter(|leaf| leaf.is_body) {
        let is_html = leaf.media_type == "text/html";
        let label = leaf.charset.clone().or_else(|| if is_html { meta_charset(&leaf.bytes) } else { None });
        let decoded = charset::decode(label.as_deref(), &leaf.bytes);
        words.mislabelled |= decoded.mislabelled;
        if is_html {
            if !has_plain_version(leaf, leaves) {
                texts.push(plain::from_html(&decoded.text));
            }
            words.html.push_str(&decoded.text);
            words.html.push('\n');
        } else {
            texts.push(decoded.text.replace("\r\n", "\n").replace(['\0', '\r'], ""));
        }
    }
    texts.retain(|text| !text.trim().is_empty());
    words.text = texts.join("\n").trim_start_matches('\n').trim_end().to_owned();
    words
}

/// Whether the same words stand beside it as plain text.
fn has_plain_version(html: &Leaf, leaves: &[Leaf]) -> bool {
    html.alternative.is_some()
        && leaves.iter().any(|leaf| {
            leaf.is_body
                && leaf.alternative == html.alternative
                && leaf.media_type != "text/html"
                && !leaf.bytes.iter().all(u8::is_ascii_whitespace)
        })
}

/// The charset an HTML document names for itself, in its first 2 KiB.
#[must_use]
pub fn meta_charset(html: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(html.get(..2_048).unwrap_or(html)).to_ascii_lowercase();
    let (_, after) = head.split_once("charset=")?;
    let name = after.trim_start_matches(['"', '\'', ' ']);
    let name: String =
        name.chars().take_while(|letter| letter.is_ascii_alphanumeric() || "-_".contains(*letter)).collect();
    (!name.is_empty()).then_some(name)
}

fn leaf(fields: Fields, raw: &[u8], in_digest: bool, open_ended: bool) -> Leaf {
    let content_type = fields.first("content-type").map(Parametrised::parse);
    let disposition = fields.first("content-disposition").map(Parametrised::parse);
    let encoding = fields.text("content-transfer-encoding").unwrap_or_default();
    let transferred = transfer::decode(&encoding, raw);
    let cut_off = open_ended
        && encoding.to_ascii_lowercase().starts_with("base64")
        && !raw.trim_ascii_end().ends_with(b"=")
        && !raw.trim_ascii().is_empty();
    let media_type = match &content_type {
        Some(content_type) if content_type.value.contains('/') => content_type.value.clone(),
        _ if in_digest => "message/rfc822".to_owned(),
        _ => "text/plain".to_owned(),
    };
    let filename = disposition.as_ref().and_then(|field| field.text("filename"));
    let name = content_type.as_ref().and_then(|field| field.text("name"));
    let chosen = match (filename, name) {
        (Some(filename), Some(name)) if filename.contains('\u{FFFD}') && !name.contains('\u{FFFD}') => name,
        (filename, name) => filename.or(name).unwrap_or_default(),
    };
    Leaf {
        media_type,
        charset: content_type.as_ref().and_then(|field| field.plain("charset")),
        name: names::attachment(&chosen),
        content_id: fields.text("content-id").map(|id| id.trim_matches(['<', '>', ' ']).to_owned()),
        disposition: disposition.map(|field| field.value).unwrap_or_default(),
        alternative: None,
        bytes: transferred.bytes,
        damaged: transferred.damaged || cut_off,
        is_body: false,
        fields,
    }
}

/// Text that is neither named nor attached is the mail's own words; so is a mail that is one text and nothing else.
fn choose_bodies(leaves: &mut [Leaf]) {
    let alone = leaves.len() == 1;
    for leaf in leaves {
        let is_text = matches!(leaf.media_type.as_str(), "text/plain" | "text/html" | "text/enriched" | "text")
            || leaf.media_type.starts_with("multipart/");
        leaf.is_body = is_text && leaf.disposition != "attachment" && (alone || leaf.name.is_empty());
    }
}

/// Blank lines, a byte order mark and an mbox line before the header are no part of it.
#[must_use]
pub fn without_preamble(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
    if bytes.starts_with(b"From ") || bytes.starts_with(b">From ") {
        let end = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |place| place + 1);
        return bytes.get(end..).unwrap_or_default();
    }
    bytes
}

/// Everything up to the first empty line.
#[must_use]
pub fn header_block(bytes: &[u8]) -> &[u8] {
    let mut start = 0;
    while let Some(length) = bytes.get(start..).and_then(|rest| rest.iter().position(|byte| *byte == b'\n')) {
        let line = bytes.get(start..start + length).unwrap_or_default();
        if line.is_empty() || line == b"\r" {
            return bytes.get(..start).unwrap_or_default();
        }
        start += length + 1;
    }
    bytes
}

/// Deep nesting overflows the stack inside the parser and would end the process, so it is counted beforehand: every
/// level of nesting needs a `Content-Type` of its own.
fn is_too_much(bytes: &[u8], limits: &Limits) -> bool {
    let needle = b"content-type";
    let mut types = 0_usize;
    let mut dashes = 0_usize;
    let mut run = 0_usize;
    for (place, byte) in bytes.iter().enumerate() {
        if *byte == b'-' {
            run += 1;
            dashes += usize::from(run == 2);
        } else {
            run = 0;
        }
        if matches!(byte, b'c' | b'C')
            && bytes.get(place..place + needle.len()).is_some_and(|window| window.eq_ignore_ascii_case(needle))
        {
            types += 1;
        }
    }
    types > limits.mime_parts || dashes > DASHES || u32::try_from(bytes.len()).is_err()
}

#[cfg(test)]
mod tests;
