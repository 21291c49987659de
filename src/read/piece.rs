//! The one place where a piece's reader is called; a sandbox can stand in for it.

use super::limits::Limits;
use super::workbook::package::too_large;
use super::{charset, fixed, guarded, is_data, mime, text, word, workbook};
use crate::model::grid::Document;
use crate::model::mail::{Content, Kind, Oddity, OddityCode};

/// Reads one piece of a known kind. Archives and nested mails are no pieces to read; their members are.
///
/// Never fails and never panics: what a reader cannot open comes back as [`Content::Nothing`] with an oddity.
#[must_use]
pub fn read_piece(kind: Kind, bytes: &[u8], limits: &Limits) -> (Content, Vec<Oddity>) {
    if bytes.is_empty() {
        return refused(OddityCode::Damaged, "附件是空的");
    }
    // What is odd about a file that could be read all the same.
    let mut beside = Vec::new();
    let read = guarded(|| match kind {
        Kind::Xlsx | Kind::Xls | Kind::Xlsb | Kind::Ods => workbook::read(kind, bytes, limits).map(Content::Workbook),
        Kind::Docx => word::read(bytes, limits).map(Content::Document),
        Kind::Pdf | Kind::Ofd => fixed::read(kind, bytes, limits).map(|(document, oddities)| {
            beside = oddities;
            Content::Document(document)
        }),
        Kind::Xml => xml(bytes, limits),
        Kind::Csv => text::read_csv(&charset::guess(bytes), limits).map(Content::Workbook),
        Kind::Html => html(bytes, limits),
        Kind::Text => plain(&charset::guess(bytes), limits).map(Content::Document),
        // What a container holds stands as pieces of its own.
        Kind::Zip | Kind::Rar | Kind::SevenZip | Kind::Tar | Kind::Gz | Kind::Tnef | Kind::Eml => Ok(Content::Nothing),
        Kind::Image => Ok(Content::Nothing),
        Kind::Encrypted => Err(Oddity::new(OddityCode::PasswordProtected, "文件设有密码，打不开")),
        Kind::Doc => word::binary::read(bytes, limits).map(Content::Document),
        Kind::Rtf => word::rich::read(bytes, limits).map(Content::Document),
        Kind::Unknown => Err(unread("此类文件")),
    });
    match read {
        Some(Ok(content)) => (content, beside),
        Some(Err(oddity)) => (Content::Nothing, vec![oddity]),
        None => refused(OddityCode::Damaged, "文件已损坏，打不开"),
    }
}

fn refused(code: OddityCode, text: &str) -> (Content, Vec<Oddity>) {
    (Content::Nothing, vec![Oddity::new(code, text)])
}

fn unread(what: &str) -> Oddity {
    Oddity::new(OddityCode::UnreadKind, format!("{what}尚不能自动打开，请人工查看"))
}

/// An old XML workbook, or a Word document as one XML file.
fn xml(bytes: &[u8], limits: &Limits) -> Result<Content, Oddity> {
    let text = workbook::xml::decode(bytes);
    if word::flat::is_word(&text) {
        return word::flat::read(&text, limits).map(Content::Document);
    }
    text::read_xml_spreadsheet(bytes, limits).map(Content::Workbook)
}

/// A page is a document, even one that a program saved as a workbook: what stands above its tables may say whose they
/// are. One that is nothing but tables is a workbook.
pub(super) fn html(bytes: &[u8], limits: &Limits) -> Result<Content, Oddity> {
    let pages = html_pages(bytes, limits);
    let mut whole = Document::default();
    for page in &pages {
        let document = text::read_html(page, limits)?;
        whole.paragraphs.extend(document.paragraphs);
        whole.tables.extend(document.tables);
        whole.has_text |= document.has_text;
        whole.images = whole.images.saturating_add(document.images);
    }
    for (place, sheet) in
        whole.tables.iter_mut().enumerate().filter(|(_, sheet)| sheet.name.is_empty() || pages.len() > 1)
    {
        sheet.name = format!("表{}", place + 1);
    }
    if whole.paragraphs.is_empty() && whole.tables.iter().any(is_data) {
        return Ok(Content::Workbook(whole.tables));
    }
    Ok(Content::Document(whole))
}

/// The page, or the pages of a web archive (`.mht`, RFC 2557).
fn html_pages(bytes: &[u8], limits: &Limits) -> Vec<String> {
    let page = |label: Option<String>, bytes: &[u8]| {
        charset::decode(label.or_else(|| mime::meta_charset(bytes)).as_deref(), bytes).text
    };
    let is_archive = bytes.trim_ascii_start().first().is_some_and(|first| *first != b'<')
        && mime::header_block(bytes.get(..1 << 16).unwrap_or(bytes))
            .to_ascii_lowercase()
            .windows(13)
            .any(|window| window == b"mime-version:");
    if !is_archive {
        return vec![page(None, bytes)];
    }
    let leaves = mime::take_apart(bytes, limits).leaves;
    leaves
        .iter()
        .filter(|leaf| leaf.media_type == "text/html")
        .map(|leaf| page(leaf.charset.clone(), &leaf.bytes))
        .collect()
}

pub(super) fn plain(text: &str, limits: &Limits) -> Result<Document, Oddity> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let paragraphs: Vec<String> = lines.take(limits.paragraphs.saturating_add(1)).map(str::to_owned).collect();
    if paragraphs.len() > limits.paragraphs {
        return Err(too_large());
    }
    Ok(Document { has_text: !paragraphs.is_empty(), paragraphs, ..Document::default() })
}
