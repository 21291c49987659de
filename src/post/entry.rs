//! A return entered by hand as the text of a mail from the office to itself. Pure: the same entry is always the same bytes.

use chrono::{DateTime, FixedOffset};
use lettre::message::header::ContentType;
use lettre::message::{Attachment, MultiPart, SinglePart};

use super::compose::{file_name, one_line};
use crate::model::mail::{Address, Digest};

/// What is written down.
#[derive(Clone, Debug)]
pub struct Entry {
    pub office: Address,
    pub subject: String,
    pub text: String,
    pub date: DateTime<FixedOffset>,
    /// Its Message-ID ends in it.
    pub domain: String,
    /// Name and bytes of each file.
    pub files: Vec<(String, Vec<u8>)>,
}

/// Writes the mail. The field `X-Mailtally` is for whoever looks into the archive; nothing is decided by it, since
/// anybody may write one.
#[must_use]
pub fn compose(entry: &Entry) -> Vec<u8> {
    let mut said = format!("{}\u{1f}{}\u{1f}{}", entry.subject, entry.text, entry.date.to_rfc3339());
    for (name, bytes) in &entry.files {
        said.push_str(&format!("\u{1f}{name}\u{1f}{}", Digest::of(bytes)));
    }
    let id = Digest::of(said.as_bytes());
    let mut mixed =
        MultiPart::mixed().boundary(format!("entry-{}", id.short())).singlepart(SinglePart::plain(entry.text.clone()));
    for (name, bytes) in &entry.files {
        // What it is tells its content, as with every mail.
        let media_type = ContentType::parse("application/octet-stream").unwrap_or(ContentType::TEXT_PLAIN);
        mixed = mixed.singlepart(Attachment::new(file_name(name)).body(bytes.clone(), media_type));
    }
    let office = one_line(&entry.office.address);
    let mut mail = format!(
        "From: <{office}>\r\nTo: <{office}>\r\nSubject: {}\r\nDate: {}\r\nMessage-ID: <entry.{}@{}>\r\n\
         X-Mailtally: entry by hand\r\nMIME-Version: 1.0\r\n",
        words(&one_line(&entry.subject)),
        entry.date.to_rfc2822(),
        id.short(),
        one_line(&entry.domain),
    )
    .into_bytes();
    mail.extend(mixed.formatted());
    mail
}

/// A header's text as encoded words (RFC 2047), one a line, none split inside a character.
fn words(text: &str) -> String {
    super::compose::encoded_words(text).replace("?= =?", "?=\r\n =?")
}
