//! A mail taken apart: header fields, the bodies that are its words, and the parts attached to it.

pub mod addresses;
pub mod authentication;
pub mod dates;
pub mod fields;
pub mod headers;
pub mod names;
pub mod parameters;
pub mod plain;
pub mod quotes;
pub mod structure;
pub mod transfer;
pub mod words;

use self::fields::Fields;
use self::parameters::Parametrised;
use self::structure::Section;
use super::limits::Limits;
use super::{charset, sniff};
use crate::model::mail::Kind;

/// Octets of one plain body, and of one HTML body, that are read. A book has a million.
const LONGEST_TEXT: usize = 600_000;
const LONGEST_HTML: usize = 4 << 20;
/// Files taken out of the words of one mail.
const MOST_ENCLOSED: usize = 100;

/// A mail's parts, decoded from transfer but not yet looked into.
#[derive(Debug, Default)]
pub struct Parts {
    pub fields: Fields,
    /// Leaves of the structure, in order; nested mails are leaves.
    pub leaves: Vec<Leaf>,
    /// There were too many parts or too much nesting; some were left out.
    pub left_out: bool,
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
    /// There is no plain body beside the HTML.
    pub only_html: bool,
    /// There are more than anybody writes; the rest was left out, and its tables with it.
    pub cut: bool,
}

/// Takes a mail apart. Never fails; what cannot be a mail has no fields.
#[must_use]
pub fn take_apart(bytes: &[u8], limits: &Limits) -> Parts {
    let bytes = structure::with_line_ends(without_preamble(bytes));
    let (header, _) = structure::header_and_body(&bytes);
    let fields = Fields::parse(bytes.get(..header).unwrap_or_default());
    let (sections, left_out) = structure::sections(&bytes, limits.mime_parts);
    let mut leaves: Vec<Leaf> = Vec::with_capacity(sections.len());
    for section in sections {
        let raw = bytes.get(section.content.clone()).unwrap_or_default();
        leaves.push(leaf(section, raw));
    }
    choose_bodies(&mut leaves);
    let enclosed = files_in_words(&mut leaves);
    leaves.extend(enclosed);
    Parts { fields, leaves, left_out }
}

/// The mail's words out of the leaves that are its bodies.
#[must_use]
pub fn words_of(leaves: &[Leaf]) -> Words {
    let mut words = Words::default();
    let mut texts: Vec<String> = Vec::new();
    for leaf in leaves.iter().filter(|leaf| leaf.is_body) {
        let is_html = leaf.media_type == "text/html";
        let label = leaf.charset.clone().or_else(|| if is_html { meta_charset(&leaf.bytes) } else { None });
        let room = if is_html { LONGEST_HTML.saturating_sub(words.html.len()) } else { LONGEST_TEXT };
        let start = whole_start(&leaf.bytes, room);
        words.cut |= start.len() < leaf.bytes.len();
        let decoded = charset::decode(label.as_deref(), start);
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
    words.only_html = !leaves.iter().any(|leaf| leaf.is_body && is_plain(leaf));
    texts.retain(|text| !text.trim().is_empty());
    words.text = texts.join("\n").trim_start_matches('\n').trim_end().to_owned();
    if let Some((place, _)) = words.text.char_indices().nth(LONGEST_TEXT / 3) {
        words.text.truncate(place);
        words.cut = true;
    }
    words
}

/// At most so many octets, cut between characters of whatever charset: at an ASCII octet.
fn whole_start(bytes: &[u8], room: usize) -> &[u8] {
    let Some(start) = bytes.get(..room).filter(|_| room < bytes.len()) else { return bytes };
    let end = start.iter().rposition(|byte| matches!(byte, b'\n' | b' ' | b'>')).map_or(room, |place| place + 1);
    bytes.get(..end).unwrap_or(start)
}

fn is_plain(leaf: &Leaf) -> bool {
    leaf.media_type != "text/html" && !leaf.bytes.iter().all(u8::is_ascii_whitespace)
}

/// Whether the same words stand beside it as plain text.
fn has_plain_version(html: &Leaf, leaves: &[Leaf]) -> bool {
    html.alternative.is_some()
        && leaves.iter().any(|leaf| leaf.is_body && leaf.alternative == html.alternative && is_plain(leaf))
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

fn leaf(section: Section, raw: &[u8]) -> Leaf {
    let fields = section.fields;
    let content_type = fields.first("content-type").map(Parametrised::parse);
    let disposition = fields.first("content-disposition").map(Parametrised::parse);
    let encoding = fields.text("content-transfer-encoding").unwrap_or_default();
    let transferred = transfer::decode(&encoding, raw);
    let cut_off = section.open_ended
        && encoding.to_ascii_lowercase().starts_with("base64")
        && !raw.trim_ascii_end().ends_with(b"=")
        && !raw.trim_ascii().is_empty();
    let media_type = match &content_type {
        Some(content_type) if content_type.value.contains('/') => content_type.value.clone(),
        _ if section.in_digest => "message/rfc822".to_owned(),
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
        alternative: section.alternative,
        bytes: transferred.bytes,
        damaged: transferred.damaged || cut_off,
        is_body: false,
        fields,
    }
}

/// Text that is neither named nor attached is the mail's own words; so is a mail that is one text and nothing else.
/// A file that a program sent as text is a file.
fn choose_bodies(leaves: &mut [Leaf]) {
    let alone = leaves.len() == 1;
    for leaf in leaves {
        let is_text = matches!(leaf.media_type.as_str(), "text/plain" | "text/html" | "text/enriched" | "text")
            || leaf.media_type.starts_with("multipart/");
        leaf.is_body =
            is_text && leaf.disposition != "attachment" && (alone || leaf.name.is_empty()) && !is_file(&leaf.bytes);
    }
}

/// What programs before MIME put below the words of a mail, uuencoded; it is taken out of them.
fn files_in_words(leaves: &mut [Leaf]) -> Vec<Leaf> {
    let mut files = Vec::new();
    for leaf in leaves.iter_mut().filter(|leaf| leaf.is_body && leaf.media_type != "text/html") {
        for file in transfer::uuencoded_files(&mut leaf.bytes, MOST_ENCLOSED) {
            files.push(Leaf {
                media_type: "application/octet-stream".to_owned(),
                name: names::attachment(&words::decode(&file.name)),
                disposition: "attachment".to_owned(),
                bytes: file.content.bytes,
                damaged: file.content.damaged,
                ..Leaf::default()
            });
        }
    }
    files
}

/// Whether the octets are a file of a kind that is no text.
fn is_file(bytes: &[u8]) -> bool {
    let start = bytes.trim_ascii_start();
    // Words never begin like these; looking further into every body would cost too much.
    let looks_binary = start.get(..8).is_some_and(|head| !head.is_ascii() || head.iter().any(u8::is_ascii_control))
        || start.starts_with(b"%PDF-")
        || start.starts_with(b"{\\rtf")
        || start.starts_with(b"Rar!");
    looks_binary
        && !matches!(
            sniff::kind(start, ""),
            Kind::Text | Kind::Csv | Kind::Html | Kind::Xml | Kind::Eml | Kind::Unknown
        )
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
    bytes.get(..structure::header_and_body(bytes).0).unwrap_or_default()
}

#[cfg(test)]
mod tests;
