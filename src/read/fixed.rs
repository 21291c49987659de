//! Documents with fixed pages (pdf): text by the places of its glyphs.

mod layout;
mod page;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use hayro_interpret::hayro_syntax::{DecryptionError, LoadPdfError, Pdf};
use hayro_interpret::util::TransformExt as _;
use hayro_interpret::{Context, InterpreterCache, InterpreterSettings, interpret_page};

use self::page::{Exhausted, PageContent};
use super::limits::Limits;
use super::workbook::package::{damaged, password_protected, too_large};
use crate::model::grid::Document;
use crate::model::mail::Oddity;

/// With fewer characters than this a page, a document of pictures counts as a scan: scanners and phone programs stamp
/// a line of their own (扫描全能王) on every page.
const STAMP: usize = 20;

/// Reads the text layer of a PDF: lines by baseline, paragraphs by indent, gap and fill. At most [`Limits::pages`] pages
/// are read; all are counted. Tables are not told from text yet.
///
/// # Errors
/// `PasswordProtected` where an empty password does not open it, `Damaged`, `TooLarge` where the pages draw without end.
pub fn read_pdf(bytes: &[u8], limits: &Limits) -> Result<Document, Oddity> {
    let pdf = Pdf::new(bytes.to_vec()).map_err(|error| match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected | DecryptionError::UnsupportedAlgorithm) => {
            password_protected()
        }
        LoadPdfError::Decryption(_) | LoadPdfError::Invalid => damaged(),
    })?;
    let count = pdf.pages().len();
    let mut pages = Vec::new();
    // A page of dense text has some thousand glyphs; a drawn plan has some hundred thousand strokes.
    let mut work_left = limits.cells;
    for page in pdf.pages().iter().take(limits.pages) {
        let (width, height) = page.render_dimensions();
        let transform = page.initial_transform(true).to_kurbo();
        let area = hayro_interpret::kurbo::Rect::new(0.0, 0.0, f64::from(width), f64::from(height));
        let cache = InterpreterCache::new();
        let mut context = Context::new(transform, area, &cache, pdf.xref(), InterpreterSettings::default());
        let mut content = PageContent::new(work_left);
        let drawn = catch_unwind(AssertUnwindSafe(|| interpret_page(page, &mut context, &mut content)));
        if let Err(payload) = drawn {
            // Only our own stop is caught here; a panic of the library is the caller's to hold.
            return if payload.is::<Exhausted>() { Err(too_large()) } else { resume_unwind(payload) };
        }
        work_left = content.work_left();
        pages.push(content);
    }
    Ok(document_of(&pages, count, limits))
}

fn document_of(pages: &[PageContent], count: usize, limits: &Limits) -> Document {
    let images = pages.iter().fold(0_u32, |sum, page| sum.saturating_add(page.images));
    let without_unicode: usize = pages.iter().map(|page| page.without_unicode).sum();
    let mut paragraphs = layout::paragraphs(pages);
    paragraphs.truncate(limits.paragraphs);
    let characters: usize =
        paragraphs.iter().map(|text| text.chars().filter(|character| !character.is_whitespace()).count()).sum();
    // Glyphs that stand for no known character are text to the eye, but nothing here can read them.
    let readable = characters > 0 && characters >= without_unicode;
    let has_text = readable && (images == 0 || characters > STAMP * pages.len().max(1));
    Document { paragraphs, tables: Vec::new(), pages: Some(u32::try_from(count).unwrap_or(u32::MAX)), has_text, images }
}

#[cfg(test)]
mod tests;
