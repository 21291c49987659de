//! Bytes in, facts out: opens a mail or a bare attachment under limits; nothing here knows a clock, a disk or a network.

pub mod automatic;
pub mod bounce;
pub mod charset;
pub mod cloud;
pub mod fixed;
pub mod limits;
pub mod mime;
pub mod piece;
pub mod raw;
pub mod sniff;
pub mod text;
pub mod unpack;
pub mod word;
pub mod workbook;

use std::panic::{AssertUnwindSafe, catch_unwind};

use self::cloud::CloudLink;
pub use self::limits::Limits;
use self::mime::fields::Fields;
use self::mime::{Words, headers, quotes};
pub use self::piece::read_piece;
pub use self::unpack::Reader;
use self::unpack::{Found, Unpacker};
use crate::model::grid::{Document, Sheet};
use crate::model::mail::{Body, Content, Digest, Headers, Kind, Mail, Oddity, OddityCode, Opened, Piece};

/// Opens a mail. Never fails: what is wrong with it stands in its oddities.
#[must_use]
pub fn open(bytes: &[u8], limits: &Limits) -> Mail {
    open_with(bytes, limits, &read_piece)
}

/// Opens a file given by hand: its content decides whether it is a mail or a bare attachment.
#[must_use]
pub fn open_file(bytes: &[u8], name: &str, limits: &Limits) -> Opened {
    open_file_with(bytes, name, limits, &read_piece)
}

/// As [`open_file`], with another reader of pieces.
#[must_use]
pub fn open_file_with(bytes: &[u8], name: &str, limits: &Limits, reader: &Reader<'_>) -> Opened {
    if sniff::kind(bytes, name) == Kind::Eml {
        return Opened::Mail(Box::new(open_with(bytes, limits, reader)));
    }
    let mut unpacker = Unpacker::new(limits, reader);
    let found = Found {
        path: "1".to_owned(),
        name: mime::names::attachment(name),
        media_type: None,
        bytes,
        inside: None,
        inline: false,
        oddities: Vec::new(),
    };
    unpacker.add(found, 0);
    let (mut pieces, left_out) = unpacker.finish();
    if let Some(piece) = pieces.first_mut().filter(|piece| left_out && !piece.has(OddityCode::TooLarge)) {
        piece.oddities.push(too_many_pieces());
    }
    Opened::Bare { sha256: Digest::of(bytes), pieces }
}

/// As [`open`], with another reader of pieces, such as one that works in a sandbox.
#[must_use]
pub fn open_with(bytes: &[u8], limits: &Limits, reader: &Reader<'_>) -> Mail {
    let parts = mime::take_apart(bytes, limits);
    let (headers, mut oddities) = headers::read(&parts.fields);
    if is_no_mail(&parts.fields) {
        oddities.push(Oddity::new(OddityCode::NotAMail, "内容不是电子邮件"));
    }
    if parts.left_out {
        oddities.push(Oddity::new(OddityCode::TooLarge, "邮件的层次或分段过多，没有全部打开"));
    }
    let words = mime::words_of(&parts.leaves);
    if words.mislabelled {
        oddities.push(Oddity::new(OddityCode::CharsetMislabelled, "正文声明的字符编码与实际不符，已按实际编码读出"));
    }
    let machine_report = bounce::read(&parts.fields, &headers, &parts.leaves, &words.text);
    let mut unpacker = Unpacker::new(limits, reader);
    unpacker.add_leaves(&parts.leaves, &words.html, None, 0);
    let (mut pieces, left_out) = unpacker.finish();
    if left_out {
        oddities.push(too_many_pieces());
    }
    let (body, cut) = body(&words, &headers, limits);
    if cut {
        oddities.push(Oddity::new(OddityCode::TooLarge, "正文太长，没有全部读出"));
    }
    pieces.extend(cloud_pieces(&words, &body, &headers, &pieces));
    Mail {
        sha256: Digest::of(bytes),
        size: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        headers,
        body,
        pieces,
        oddities,
        machine_report,
    }
}

/// Runs what may panic on hostile bytes; `None` where it did.
pub(crate) fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

/// An HTML text with those of its tables that can hold data: two rows and two columns at least, the rest is layout.
/// `None` where it is too large to be read.
fn data_tables(html: &str, limits: &Limits) -> Option<Document> {
    if !html.to_ascii_lowercase().contains("<table") {
        return Some(Document::default());
    }
    let mut document = guarded(|| text::read_html(html, limits).ok())??;
    document.tables.retain(is_data);
    Some(document)
}

fn is_data(sheet: &Sheet) -> bool {
    let cells = sheet.grid.cells();
    let differs = |one: fn(&crate::model::grid::Cell) -> u32| {
        let mut places = cells.iter().map(one);
        places.next().is_some_and(|first| places.any(|place| place != first))
    };
    differs(|cell| cell.row) && differs(|cell| cell.column)
}

fn is_no_mail(fields: &Fields) -> bool {
    ["from", "date", "received", "subject", "to", "message-id", "sender", "mime-version", "content-type"]
        .into_iter()
        .all(|name| fields.first(name).is_none())
}

fn too_many_pieces() -> Oddity {
    Oddity::new(OddityCode::TooLarge, "文件太多，没有全部打开")
}

/// The mail's own words and tables, and whether they were too large to be read whole.
fn body(words: &Words, headers: &Headers, limits: &Limits) -> (Body, bool) {
    // Half a table is no table.
    let html = if words.cut { None } else { data_tables(own_html(words, headers), limits) };
    let cut = html.is_none();
    let html = html.unwrap_or_default();
    let html_lines = if html.tables.is_empty() { Vec::new() } else { html.paragraphs };
    let mut sheets = html.tables;
    for (place, sheet) in sheets.iter_mut().enumerate() {
        sheet.name = format!("正文表{}", place + 1);
    }
    // Marks that clients set in the HTML tell of a quote more surely than its words do.
    let own = quotes::own_html(&words.html);
    let own_text = if words.only_html && own.len() < words.html.len() {
        quotes::own_text(&mime::plain::from_html(own))
    } else {
        quotes::own_text(&words.text)
    };
    (Body { own_text, text: words.text.clone(), sheets, html_lines }, cut)
}

/// The HTML above a quoted mail. In a forward the quoted mail is what is sent, so all of it counts.
fn own_html<'a>(words: &'a Words, headers: &Headers) -> &'a str {
    if is_forward(headers) { &words.html } else { quotes::own_html(&words.html) }
}

fn is_forward(headers: &Headers) -> bool {
    let subject = headers.subject.as_deref().unwrap_or_default().trim().to_lowercase();
    ["fw:", "fwd:", "转发:", "转发：", "fw：", "轉寄"].iter().any(|prefix| subject.starts_with(prefix))
}

/// Links to files a provider keeps become pieces, so that nobody thinks nothing was sent.
fn cloud_pieces(words: &Words, body: &Body, headers: &Headers, pieces: &[Piece]) -> Vec<Piece> {
    let text = if is_forward(headers) { &body.text } else { &body.own_text };
    let first = pieces.iter().filter(|piece| piece.inside.is_none()).count() + 1;
    let mut links = cloud::find(text, own_html(words, headers));
    if !is_forward(headers) {
        links.extend(cloud::find("", quotes::html_behind_quote(&words.html)));
    }
    links.into_iter().zip(first..).map(|(link, number)| cloud_piece(link, number)).collect()
}

fn cloud_piece(link: CloudLink, number: usize) -> Piece {
    let size = link.size.map(|size| format!("，{size}")).unwrap_or_default();
    let expires = link.expires.map(|expires| format!("，到期：{expires}")).unwrap_or_default();
    let text = format!("云附件（{}{size}{expires}）只有链接，没有随信附上文件", link.host);
    Piece {
        path: number.to_string(),
        name: link.name.as_deref().map(mime::names::attachment).unwrap_or_default(),
        kind: Kind::Unknown,
        media_type: "text/uri-list".to_owned(),
        size: 0,
        sha256: Digest::of(link.url.as_bytes()),
        inside: None,
        inline: false,
        oddities: vec![Oddity::new(OddityCode::CloudAttachment, text)],
        content: Content::Nothing,
    }
}

#[cfg(test)]
mod tests;
