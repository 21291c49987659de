//! Documents with fixed pages (PDF, OFD): text by the places of its glyphs, tables by their rulings.

mod canvas;
mod groups;
mod layout;
mod ofd;
mod page;
mod pdf;
mod radicals;
mod rulings;
mod table;

use self::page::PageContent;
use super::limits::Limits;
use crate::model::grid::Document;
use crate::model::mail::{Kind, Oddity, OddityCode};

/// With fewer characters than this a page, a document of pictures counts as a scan: scanners and phone programs stamp
/// a line of their own (扫描全能王) on every page.
const STAMP: usize = 20;

/// A file with fixed pages, drawn.
struct Paged {
    /// Those that were drawn.
    pages: Vec<PageContent>,
    /// How many there are.
    count: usize,
    unopened: Unopened,
    /// Some of it was lost or changed on the way: no figure in it can be trusted.
    is_damaged: bool,
}

/// What stands in a file beside its pages and was not opened.
#[derive(Debug, Default)]
struct Unopened {
    /// Names of attached files; empty where one has none.
    attachments: Vec<String>,
}

/// Reads a PDF or OFD file: lines by baseline, paragraphs by indent, gap and fill, tables by rulings where they are
/// certain. At most [`Limits::pages`] pages are read; all are counted. Text that nobody sees (the words a scanner
/// guessed, laid under its picture) is not read.
///
/// # Errors
/// `PasswordProtected` where an empty password does not open it, `Damaged`, `TooLarge` where the pages draw without end,
/// `Bomb` where it unfolds without end.
pub fn read(kind: Kind, bytes: &[u8], limits: &Limits) -> Result<(Document, Vec<Oddity>), Oddity> {
    let paged = match kind {
        Kind::Ofd => ofd::read(bytes, limits)?,
        _ => pdf::read(bytes, limits)?,
    };
    Ok(told(&paged, limits))
}

fn told(paged: &Paged, limits: &Limits) -> (Document, Vec<Oddity>) {
    let mut document = document_of(paged, limits);
    let mut oddities = Vec::new();
    if paged.is_damaged {
        oddities.push(Oddity::new(OddityCode::Damaged, "文件残缺或已损坏，没有读全"));
        for sheet in document.tables.drain(..) {
            document.doubts.push("文件残缺或已损坏，其中的表格不可靠，没有当作表格读取".to_owned());
            let words = sheet.grid.cells().iter().map(|cell| cell.value.shown());
            document.paragraphs.extend(words);
        }
    }
    if paged.count > limits.pages {
        let text = format!("文件共{}页，只读了前{}页", paged.count, paged.pages.len());
        oddities.push(Oddity::new(OddityCode::TooLarge, text));
    }
    oddities.extend(scanned(&paged.pages, document.has_text));
    if !paged.unopened.attachments.is_empty() {
        let names: Vec<&str> =
            paged.unopened.attachments.iter().map(String::as_str).filter(|name| !name.is_empty()).take(5).collect();
        let named = if names.is_empty() { String::new() } else { format!("（{}）", names.join("、")) };
        let count = paged.unopened.attachments.len();
        let text = format!("文件里还嵌有{count}个附件{named}，没有打开，请人工查看");
        oddities.push(Oddity::new(OddityCode::UnreadKind, text));
    }
    (document, oddities)
}

fn letters(page: &PageContent) -> usize {
    page.glyphs.iter().flat_map(|glyph| glyph.text.chars()).filter(|character| !character.is_whitespace()).count()
}

/// Pages that are pictures and hardly a word.
fn scanned(pages: &[PageContent], has_text: bool) -> Option<Oddity> {
    let is_scan = |page: &PageContent| page.is_picture && letters(page) <= STAMP;
    let scans: Vec<usize> = (1..).zip(pages).filter(|(_, page)| is_scan(page)).map(|(number, _)| number).collect();
    let text = match scans.as_slice() {
        [] if has_text => return None,
        // A scan, or words drawn as figures without characters.
        [] => "文件是扫描件或图形，没有可读取的文字".to_owned(),
        _ if scans.len() == pages.len() => "文件是扫描件，没有可读取的文字".to_owned(),
        [first, ..] => format!("有{}页是扫描图片（第{first}页起），其中的文字没有读取", scans.len()),
    };
    Some(Oddity::new(OddityCode::ScanOnly, text))
}

fn document_of(paged: &Paged, limits: &Limits) -> Document {
    let pages = &paged.pages;
    let images = pages.iter().fold(0_u32, |sum, page| sum.saturating_add(page.images));
    let without_unicode: usize = pages.iter().map(|page| page.unreadable.len()).sum();
    let found = table::find(pages);
    let mut paragraphs = found.paragraphs;
    paragraphs.truncate(limits.paragraphs);
    let characters: usize = pages.iter().map(letters).sum();
    // Glyphs that stand for no known character are text to the eye, but nothing here can read them.
    let readable = characters > 0 && characters >= without_unicode;
    let has_text = readable && (images == 0 || characters > STAMP * pages.len().max(1));
    Document {
        paragraphs,
        tables: found.sheets,
        pages: Some(u32::try_from(paged.count).unwrap_or(u32::MAX)),
        has_text,
        images,
        doubts: found.doubts,
        letter: None,
    }
}

#[cfg(test)]
mod tests;
