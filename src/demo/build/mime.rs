//! A raw mail from its parts: header words, file names and bodies in the encodings that Chinese clients use.

use chrono::{DateTime, FixedOffset};
use data_encoding::{BASE64, BASE64_MIME};

use super::mimicry::{self, Dialect};
use crate::model::mail::Digest;

/// A charset as the mail declares it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    Utf8,
    Gb18030,
    Gbk,
    Gb2312,
}

impl Charset {
    /// The label written into the mail.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Gb18030 => "gb18030",
            Self::Gbk => "GBK",
            Self::Gb2312 => "gb2312",
        }
    }

    /// The text in this charset.
    #[must_use]
    pub fn encode(self, text: &str) -> Vec<u8> {
        match self {
            Self::Utf8 => text.as_bytes().to_vec(),
            Self::Gb18030 => encoding_rs::GB18030.encode(text).0.into_owned(),
            Self::Gbk | Self::Gb2312 => encoding_rs::GBK.encode(text).0.into_owned(),
        }
    }
}

/// How header text that is not ASCII is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderForm {
    /// Encoded words (RFC 2047), base64, each of whole characters.
    Base64Words,
    /// Encoded words, quoted-printable.
    QuotedWords,
    /// Base64 words cut at a fixed number of bytes, inside characters, as old clients do (RFC 2047 §5 forbids it).
    TornWords,
    /// The bytes as they are, undeclared.
    Raw,
}

/// How a body or attachment is carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transfer {
    Base64,
    QuotedPrintable,
    EightBit,
}

/// How an attachment's name is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameForm {
    /// `name="=?…?="` and `filename="=?…?="`, as QQ, NetEase and Foxmail do.
    Words,
    /// `filename*=charset''%…` alone (RFC 2231).
    Extended,
    /// `filename*0*=…; filename*1*=…`, cut every 30 bytes, inside characters where it falls so.
    Continued,
    /// Raw bytes between quotes.
    Raw,
}

/// Something attached.
#[derive(Clone, Debug)]
pub struct Attachment {
    pub name: String,
    pub media_type: &'static str,
    pub bytes: Vec<u8>,
}

impl Attachment {
    /// An attachment whose media type follows from its name.
    #[must_use]
    pub fn new(name: impl Into<String>, bytes: Vec<u8>) -> Self {
        let name = name.into();
        let media_type = match name.rsplit('.').next().unwrap_or_default() {
            "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "xls" => "application/vnd.ms-excel",
            "doc" => "application/msword",
            "pdf" => "application/pdf",
            "zip" => "application/zip",
            "eml" => "message/rfc822",
            "png" => "image/png",
            _ => "application/octet-stream",
        };
        Self { name, media_type, bytes }
    }
}

/// A mail about to be written.
#[derive(Clone, Debug)]
pub struct Draft {
    pub dialect: Dialect,
    pub from_name: Option<String>,
    pub from_address: String,
    pub to: String,
    pub subject: String,
    /// When it reached the office; its `Date` is a few seconds earlier.
    pub arrived_at: DateTime<FixedOffset>,
    pub text: String,
    pub html: Option<String>,
    pub attachments: Vec<Attachment>,
    /// Charset of headers, body and file names.
    pub charset: Charset,
    pub header_form: HeaderForm,
    pub name_form: NameForm,
    /// How the body is carried; attachments are base64 always.
    pub transfer: Transfer,
    /// Further header lines, ASCII, without line ends.
    pub extra: Vec<String>,
}

impl Draft {
    /// A mail to the office in a client's usual way of writing.
    #[must_use]
    pub fn new(dialect: Dialect, from: (&str, &str), to: &str, arrived_at: DateTime<FixedOffset>) -> Self {
        let (name, address) = from;
        Self {
            dialect,
            from_name: (!name.is_empty()).then(|| name.to_owned()),
            from_address: address.to_owned(),
            to: to.to_owned(),
            subject: String::new(),
            arrived_at,
            text: String::new(),
            html: None,
            attachments: Vec::new(),
            charset: dialect.charset(),
            header_form: HeaderForm::Base64Words,
            name_form: NameForm::Words,
            transfer: Transfer::Base64,
            extra: Vec::new(),
        }
    }

    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = subject.into();
        self
    }

    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }

    #[must_use]
    pub fn html(mut self, html: impl Into<String>) -> Self {
        self.html = Some(html.into());
        self
    }

    #[must_use]
    pub fn attach(mut self, name: impl Into<String>, bytes: Vec<u8>) -> Self {
        self.attachments.push(Attachment::new(name, bytes));
        self
    }

    #[must_use]
    pub fn header(mut self, line: impl Into<String>) -> Self {
        self.extra.push(line.into());
        self
    }

    /// Sets all encodings at once.
    #[must_use]
    pub fn written(mut self, charset: Charset, headers: HeaderForm, names: NameForm, transfer: Transfer) -> Self {
        (self.charset, self.header_form, self.name_form, self.transfer) = (charset, headers, names, transfer);
        self
    }

    /// Different for every mail, the same each time: stands in boundaries and Message-IDs.
    #[must_use]
    pub fn token(&self) -> String {
        let seed = format!("{}|{}|{}", self.arrived_at.timestamp(), self.from_address, self.subject);
        Digest::of(seed.as_bytes()).short().to_owned()
    }

    /// The raw mail.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = mimicry::trace(self);
        push(&mut out, "From: ");
        if let Some(name) = &self.from_name {
            // QQ puts its encoded words between quotes, which RFC 2047 §5 forbids.
            let quote = if self.dialect == Dialect::Qq { "\"" } else { "" };
            push(&mut out, quote);
            out.extend(header_text(name, self.charset, self.header_form));
            push(&mut out, quote);
            push(&mut out, " ");
        }
        push(&mut out, &format!("<{}>\r\nTo: <{}>\r\nSubject: ", self.from_address, self.to));
        out.extend(header_text(&self.subject, self.charset, self.header_form));
        push(&mut out, "\r\n");
        push(&mut out, &mimicry::habits(self));
        for line in &self.extra {
            push(&mut out, &format!("{line}\r\n"));
        }
        push(&mut out, "MIME-Version: 1.0\r\n");
        let boundary = format!("----=_Part_{}", self.token());
        if self.attachments.is_empty() {
            out.extend(self.body_part(&boundary));
            return out;
        }
        push(&mut out, &format!("Content-Type: multipart/mixed;\r\n\tboundary=\"{boundary}\"\r\n\r\n"));
        push(&mut out, "This is a multi-part message in MIME format.\r\n");
        push(&mut out, &format!("\r\n--{boundary}\r\n"));
        out.extend(self.body_part(&boundary));
        for attachment in &self.attachments {
            push(&mut out, &format!("\r\n--{boundary}\r\n"));
            out.extend(self.attached(attachment));
        }
        push(&mut out, &format!("\r\n--{boundary}--\r\n"));
        out
    }

    /// Header and content of the mail's own words.
    fn body_part(&self, outer: &str) -> Vec<u8> {
        let mut out = Vec::new();
        let Some(html) = &self.html else {
            self.push_words(&mut out, "plain", &self.text);
            return out;
        };
        let inner = format!("{outer}_alt");
        push(&mut out, &format!("Content-Type: multipart/alternative;\r\n\tboundary=\"{inner}\"\r\n\r\n"));
        for (subtype, words) in [("plain", &self.text), ("html", html)] {
            push(&mut out, &format!("--{inner}\r\n"));
            self.push_words(&mut out, subtype, words);
            push(&mut out, "\r\n");
        }
        push(&mut out, &format!("--{inner}--\r\n"));
        out
    }

    fn push_words(&self, out: &mut Vec<u8>, subtype: &str, words: &str) {
        let bytes = self.charset.encode(&words.replace('\n', "\r\n"));
        let (name, carried) = match self.transfer {
            Transfer::Base64 => ("base64", BASE64_MIME.encode(&bytes).into_bytes()),
            Transfer::QuotedPrintable => ("quoted-printable", quoted_printable(&bytes)),
            Transfer::EightBit => ("8bit", bytes),
        };
        let label = self.charset.label();
        push(out, &format!("Content-Type: text/{subtype};\r\n\tcharset=\"{label}\"\r\n"));
        push(out, &format!("Content-Transfer-Encoding: {name}\r\n\r\n"));
        out.extend(carried);
        push(out, "\r\n");
    }

    fn attached(&self, attachment: &Attachment) -> Vec<u8> {
        let mut out = Vec::new();
        push(&mut out, &format!("Content-Type: {}", attachment.media_type));
        let whole_mail = attachment.media_type == "message/rfc822";
        if matches!(self.name_form, NameForm::Words | NameForm::Raw) {
            push(&mut out, ";\r\n\tname=\"");
            out.extend(self.file_name(&attachment.name));
            push(&mut out, "\"");
        }
        // RFC 2046 §5.2.1: a message is carried as it is, never in base64.
        push(&mut out, "\r\nContent-Transfer-Encoding: ");
        push(&mut out, if whole_mail { "8bit" } else { "base64" });
        push(&mut out, "\r\nContent-Disposition: attachment;\r\n\tfilename");
        let raw = self.charset.encode(&attachment.name);
        match self.name_form {
            NameForm::Words | NameForm::Raw => {
                push(&mut out, "=\"");
                out.extend(self.file_name(&attachment.name));
                push(&mut out, "\"");
            }
            NameForm::Extended => push(&mut out, &format!("*={}''{}", self.charset.label(), percent(&raw))),
            NameForm::Continued => {
                for (number, chunk) in raw.chunks(30).enumerate() {
                    let lead = if number == 0 { format!("{}''", self.charset.label()) } else { String::new() };
                    let joint = if number == 0 { "" } else { ";\r\n\tfilename" };
                    push(&mut out, &format!("{joint}*{number}*={lead}{}", percent(chunk)));
                }
            }
        }
        push(&mut out, "\r\n\r\n");
        if whole_mail {
            out.extend_from_slice(&attachment.bytes);
        } else {
            push(&mut out, &BASE64_MIME.encode(&attachment.bytes));
        }
        out
    }

    fn file_name(&self, name: &str) -> Vec<u8> {
        let form = if self.name_form == NameForm::Raw { HeaderForm::Raw } else { HeaderForm::Base64Words };
        header_text(name, self.charset, form)
    }
}

pub(super) fn push(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

/// Header text in the given form; ASCII stays as it is.
#[must_use]
pub fn header_text(text: &str, charset: Charset, form: HeaderForm) -> Vec<u8> {
    if text.is_ascii() || form == HeaderForm::Raw {
        return charset.encode(text);
    }
    let chunks: Vec<Vec<u8>> = if form == HeaderForm::TornWords {
        charset.encode(text).chunks(35).map(<[u8]>::to_vec).collect()
    } else {
        whole_characters(text, charset, if form == HeaderForm::QuotedWords { 14 } else { 36 })
    };
    let words = chunks.iter().map(|chunk| match form {
        HeaderForm::QuotedWords => {
            let quoted: String = chunk.iter().map(|byte| format!("={byte:02X}")).collect();
            format!("=?{}?Q?{quoted}?=", charset.label())
        }
        _ => format!("=?{}?B?{}?=", charset.label(), BASE64.encode(chunk)),
    });
    words.collect::<Vec<_>>().join("\r\n ").into_bytes()
}

/// The text's bytes in pieces of at most `limit`, never cut inside a character.
fn whole_characters(text: &str, charset: Charset, limit: usize) -> Vec<Vec<u8>> {
    let mut chunks = Vec::new();
    let mut chunk = Vec::new();
    for character in text.chars() {
        let bytes = charset.encode(character.encode_utf8(&mut [0; 4]));
        if chunk.len() + bytes.len() > limit {
            chunks.push(std::mem::take(&mut chunk));
        }
        chunk.extend(bytes);
    }
    chunks.push(chunk);
    chunks
}

fn percent(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|&byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// Quoted-printable with soft line breaks (RFC 2045 §6.7).
fn quoted_printable(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut column = 0;
    for &byte in bytes {
        if byte == b'\r' || byte == b'\n' {
            out.push(byte);
            column = 0;
            continue;
        }
        let written = match byte {
            b'=' | 0..=b' ' | 127..=255 => format!("={byte:02X}"),
            _ => char::from(byte).to_string(),
        };
        if column + written.len() > 75 {
            push(&mut out, "=\r\n");
            column = 0;
        }
        push(&mut out, &written);
        column += written.len();
    }
    out
}
