//! PDF files: each page drawn onto a [`PageContent`] instead of paper.

mod device;
mod extras;
mod weight;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use hayro_interpret::hayro_syntax::page::Page;
use hayro_interpret::hayro_syntax::{DecryptionError, LoadPdfError, Pdf};
use hayro_interpret::util::TransformExt as _;
use hayro_interpret::{Context, InterpreterCache, InterpreterSettings, interpret_page};

use self::device::{Drawing, Exhausted};
use super::page::PageContent;
use super::{Paged, Unopened};
use crate::model::mail::Oddity;
use crate::read::limits::Limits;
use crate::read::workbook::package::{bomb, damaged, password_protected, too_large};

/// Octets of the drawing instructions of one page, unpacked. A page of dense text has some hundred thousand.
const MOST_INSTRUCTIONS: usize = 24 << 20;
/// Octets of those of all pages.
const MOST_INSTRUCTIONS_IN_ALL: usize = 96 << 20;

/// Reads all pages up to [`Limits::pages`].
///
/// # Errors
/// `PasswordProtected` where an empty password does not open it, `Damaged`, `TooLarge` where the pages draw without end,
/// `Bomb` where its streams unfold without end.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Paged, Oddity> {
    let weight = weight::weigh(bytes);
    if weight.is_bomb {
        return Err(bomb());
    }
    let pdf = Pdf::new(bytes.to_vec()).map_err(|error| match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected | DecryptionError::UnsupportedAlgorithm) => {
            password_protected()
        }
        LoadPdfError::Decryption(_) | LoadPdfError::Invalid => damaged(),
    })?;
    let count = pdf.pages().len();
    if count == 0 {
        return Err(damaged());
    }
    let mut is_damaged = weight.is_broken || is_cut_off(bytes);
    let mut pages = Vec::new();
    // A page of dense text has some thousand glyphs; a drawn plan has some hundred thousand strokes.
    let mut work_left = limits.cells;
    let mut instructions = 0;
    for page in pdf.pages().iter().take(limits.pages) {
        let length = page.page_stream().map_or(0, <[u8]>::len);
        is_damaged |= page.page_stream().is_none() && page.raw().contains_key(b"Contents".as_slice());
        instructions += length;
        if length > MOST_INSTRUCTIONS || instructions > MOST_INSTRUCTIONS_IN_ALL {
            return Err(too_large());
        }
        let (content, left) = drawn(page, &pdf, work_left)?;
        work_left = left;
        pages.push(content);
    }
    let unopened = Unopened { attachments: extras::attachments(&pdf) };
    Ok(Paged { pages, count, unopened, is_damaged })
}

/// Whether objects stand behind the last end mark, or there is none. Junk behind it is no harm.
fn is_cut_off(bytes: &[u8]) -> bool {
    let behind = |needle: &[u8], bytes: &[u8]| bytes.windows(needle.len()).rposition(|window| window == needle);
    match behind(b"%%EOF", bytes) {
        Some(place) => bytes.get(place..).is_some_and(|rest| behind(b" obj", rest).is_some()),
        None => true,
    }
}

/// One page, and how many operations are left.
fn drawn<'a>(page: &Page<'a>, pdf: &'a Pdf, work_left: usize) -> Result<(PageContent, usize), Oddity> {
    let (width, height) = page.render_dimensions();
    let transform = page.initial_transform(true).to_kurbo();
    let area = hayro_interpret::kurbo::Rect::new(0.0, 0.0, f64::from(width), f64::from(height));
    let cache = InterpreterCache::new();
    let mut context = Context::new(transform, area, &cache, pdf.xref(), InterpreterSettings::default());
    let mut drawing = Drawing::new(f64::from(width), f64::from(height), work_left);
    let done = catch_unwind(AssertUnwindSafe(|| interpret_page(page, &mut context, &mut drawing)));
    if let Err(payload) = done {
        // Only our own stop is caught here; a panic of the library is the caller's to hold.
        return if payload.is::<Exhausted>() { Err(too_large()) } else { resume_unwind(payload) };
    }
    let (mut content, left) = drawing.finish();
    extras::fill_in_fields(page, transform, &mut content);
    content.settle();
    Ok((content, left))
}
