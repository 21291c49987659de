//! What a PDF holds beside its drawn pages: values of form fields that nobody has drawn, and files attached inside.

use hayro_interpret::hayro_syntax::Pdf;
use hayro_interpret::hayro_syntax::object::{Array, Dict, Name, Rect, String as PdfString};
use hayro_interpret::hayro_syntax::page::Page;
use hayro_interpret::kurbo::{Affine, Point};

use crate::read::charset;
use crate::read::fixed::page::{Area, Glyph, PageContent, Place, Turn, usual_width};

/// Annotations of one page that are looked at.
const MOST_ANNOTATIONS: usize = 5_000;
/// Attached files that are named.
const MOST_NAMES: usize = 100;
/// How deep the tree of their names may go.
const DEPTH: usize = 8;
/// Bits 2 and 6 of an annotation's flags: hidden, not shown (ISO 32000-1, table 165).
const NOT_SHOWN: u32 = 0b10_0010;

/// Puts down the values of text fields whose appearance was never made, as viewers do. Where something else is drawn
/// than the field holds, its place is marked, so that no table is read over it.
pub(super) fn fill_in_fields(page: &Page<'_>, transform: Affine, content: &mut PageContent) {
    let Some(annotations) = page.raw().get::<Array<'_>>(b"Annots".as_slice()) else { return };
    for field in annotations.iter::<Dict<'_>>().take(MOST_ANNOTATIONS) {
        let is_field = is_named(&field, b"Subtype", "Widget");
        let shown = field.get::<u32>(b"F".as_slice()).unwrap_or(0) & NOT_SHOWN == 0;
        let Some(value) = value(&field).filter(|_| is_field && shown) else { continue };
        let Some(rect) = field.get::<Rect>(b"Rect".as_slice()) else { continue };
        let corners = [(rect.x0, rect.y0), (rect.x1, rect.y1)].map(|(x, y)| {
            let point = transform * Point::new(x, y);
            Place { x: point.x, y: point.y }
        });
        let Some(area) = Area::around(corners).filter(|area| area.width() > 1.0 && area.height() > 1.0) else {
            continue;
        };
        let drawn: String = content
            .glyphs
            .iter()
            .filter(|glyph| area.holds(glyph.middle()))
            .flat_map(|glyph| glyph.text.chars())
            .filter(|letter| !letter.is_whitespace())
            .collect();
        let bare: String = value.chars().filter(|letter| !letter.is_whitespace()).collect();
        if drawn.is_empty() {
            put_down(&value, &area, content);
        } else if sorted(&drawn) != sorted(&bare) {
            content.hidden.push(Place { x: (area.left + area.right) / 2.0, y: (area.top + area.bottom) / 2.0 });
        }
    }
}

/// Lines of a field may be drawn in any order.
fn sorted(text: &str) -> Vec<char> {
    let mut letters: Vec<char> = text.chars().collect();
    letters.sort_unstable();
    letters
}

fn put_down(value: &str, area: &Area, content: &mut PageContent) {
    let line: String = value.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let size = (area.height() * 0.7).clamp(3.0, 12.0);
    let reach = usual_width(&line, size);
    let size = if reach > area.width() { size * area.width() / reach } else { size };
    let run = content.next_run(0.0);
    let mut x = area.left;
    for letter in line.chars() {
        let text = letter.to_string();
        let width = usual_width(&text, size);
        let y = (area.top + area.bottom) / 2.0 + size * 0.36;
        content.glyphs.push(Glyph { text, x, y, size, width, turn: Turn::Right, run });
        x += width;
    }
}

fn is_named(dictionary: &Dict<'_>, key: &[u8], name: &str) -> bool {
    dictionary.get::<Name<'_>>(key).is_some_and(|found| found.as_str() == name)
}

/// The value of a text or choice field; a kid takes it from its parent (ISO 32000-1, 12.7.3.1).
fn value(field: &Dict<'_>) -> Option<String> {
    let parent = field.get::<Dict<'_>>(b"Parent".as_slice());
    let of_words = |dictionary: &Dict<'_>| is_named(dictionary, b"FT", "Tx") || is_named(dictionary, b"FT", "Ch");
    if !of_words(field) && !parent.as_ref().is_some_and(of_words) {
        return None;
    }
    let own = field.get::<PdfString<'_>>(b"V".as_slice());
    let value = own.or_else(|| parent?.get::<PdfString<'_>>(b"V".as_slice()))?;
    Some(words(value.as_bytes())).filter(|value| !value.trim().is_empty())
}

/// A text string: UTF-16 or UTF-8 by its mark, otherwise what it looks like.
fn words(bytes: &[u8]) -> String {
    match encoding_rs::Encoding::for_bom(bytes) {
        Some((encoding, _)) => encoding.decode(bytes).0.into_owned(),
        None => charset::guess(bytes),
    }
}

/// The names of the files attached inside: to the document, or pinned on a page.
pub(super) fn attachments(pdf: &Pdf) -> Vec<String> {
    let mut names = Vec::new();
    let catalogue = pdf.xref().get::<Dict<'_>>(pdf.xref().root_id());
    let tree = catalogue
        .and_then(|catalogue| catalogue.get::<Dict<'_>>(b"Names".as_slice()))
        .and_then(|names| names.get::<Dict<'_>>(b"EmbeddedFiles".as_slice()));
    if let Some(tree) = tree {
        walk(&tree, DEPTH, &mut names);
    }
    for page in pdf.pages().iter().take(MOST_NAMES) {
        let Some(annotations) = page.raw().get::<Array<'_>>(b"Annots".as_slice()) else { continue };
        for pinned in annotations.iter::<Dict<'_>>().take(MOST_ANNOTATIONS) {
            if is_named(&pinned, b"Subtype", "FileAttachment")
                && let Some(file) = pinned.get::<Dict<'_>>(b"FS".as_slice())
            {
                names.push(file_name(&file));
            }
        }
    }
    names.truncate(MOST_NAMES);
    names
}

fn walk(node: &Dict<'_>, depth: usize, names: &mut Vec<String>) {
    if let Some(pairs) = node.get::<Array<'_>>(b"Names".as_slice()) {
        names.extend(pairs.iter::<Dict<'_>>().take(MOST_NAMES).map(|file| file_name(&file)));
    }
    let kids = node.get::<Array<'_>>(b"Kids".as_slice()).filter(|_| depth > 0 && names.len() < MOST_NAMES);
    for kid in kids.iter().flat_map(|kids| kids.iter::<Dict<'_>>()).take(MOST_NAMES) {
        walk(&kid, depth - 1, names);
    }
}

fn file_name(file: &Dict<'_>) -> String {
    let named = |key: &[u8]| file.get::<PdfString<'_>>(key).map(|name| words(name.as_bytes()));
    named(b"UF").or_else(|| named(b"F")).unwrap_or_default()
}
