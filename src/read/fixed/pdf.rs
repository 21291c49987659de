//! PDF files: each page drawn onto a [`PageContent`] instead of paper.

mod device;
mod extras;
mod weight;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hayro_interpret::hayro_syntax::content::ops::TypedInstruction;
use hayro_interpret::hayro_syntax::object::Dict;
use hayro_interpret::hayro_syntax::page::Page;
use hayro_interpret::hayro_syntax::{DecryptionError, LoadPdfError, Pdf};
use hayro_interpret::util::TransformExt as _;
use hayro_interpret::{
    Context, InterpreterCache, InterpreterSettings, InterpreterWarning, WarningSinkFn, interpret_page,
};

use self::device::{Drawing, Exhausted};
use super::page::PageContent;
use super::{Paged, Unopened};
use crate::model::mail::Oddity;
use crate::read::limits::Limits;
use crate::read::workbook::package::{bomb, damaged, password_protected, too_large};

/// Octets of the drawing instructions of one page, unpacked. A page of dense text has some hundred thousand.
const MOST_INSTRUCTIONS: usize = 10 << 20;
/// Fonts of one page.
const MOST_FONTS: usize = 1_000;
/// Octets of those of all pages.
const MOST_INSTRUCTIONS_IN_ALL: usize = 30 << 20;

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
    let mut is_damaged = weight.is_broken || is_cut_off(bytes) || lacks_pages(&pdf);
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
        let drawn = drawn(page, &pdf, work_left)?;
        work_left = drawn.work_left;
        is_damaged |= drawn.lacks_fonts;
        pages.push(drawn.content);
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

/// One page, drawn.
struct Drawn {
    content: PageContent,
    work_left: usize,
    /// Words are set in a font that is not there or cannot be read: they are lost.
    lacks_fonts: bool,
}

fn drawn<'a>(page: &Page<'a>, pdf: &'a Pdf, work_left: usize) -> Result<Drawn, Oddity> {
    let (width, height) = page.render_dimensions();
    let transform = page.initial_transform(true).to_kurbo();
    let area = hayro_interpret::kurbo::Rect::new(0.0, 0.0, f64::from(width), f64::from(height));
    let cache = InterpreterCache::new();
    let lacks_fonts = Arc::new(AtomicBool::new(names_unknown_font(page)));
    let noted = Arc::clone(&lacks_fonts);
    let warning_sink: WarningSinkFn = Arc::new(move |warning| {
        if matches!(warning, InterpreterWarning::UnsupportedFont) {
            noted.store(true, Ordering::Relaxed);
        }
    });
    let settings = InterpreterSettings { warning_sink, ..InterpreterSettings::default() };
    let mut context = Context::new(transform, area, &cache, pdf.xref(), settings);
    let mut drawing = Drawing::new(f64::from(width), f64::from(height), work_left);
    let done = catch_unwind(AssertUnwindSafe(|| interpret_page(page, &mut context, &mut drawing)));
    if let Err(payload) = done {
        // Only our own stop is caught here; a panic of the library is the caller's to hold.
        return if payload.is::<Exhausted>() { Err(too_large()) } else { resume_unwind(payload) };
    }
    let (mut content, work_left) = drawing.finish();
    extras::fill_in_fields(page, transform, &mut content);
    content.settle();
    Ok(Drawn { content, work_left, lacks_fonts: lacks_fonts.load(Ordering::Relaxed) })
}

/// Whether the page asks for a font its resources do not name. The library then draws what is ASCII and drops the rest.
fn names_unknown_font(page: &Page<'_>) -> bool {
    let mut operations = page.typed_operations();
    let mut known: Vec<Vec<u8>> = Vec::new();
    while let Some(operation) = operations.next() {
        if let TypedInstruction::TextFont(font) = operation {
            let name: &[u8] = font.0;
            if known.iter().any(|known| known == name) {
                continue;
            }
            if page.resources().get_font(font.0).is_none() || known.len() > MOST_FONTS {
                return true;
            }
            known.push(name.to_vec());
        }
    }
    false
}

/// Whether the page tree promises more pages than were found.
fn lacks_pages(pdf: &Pdf) -> bool {
    let catalogue = pdf.xref().get::<Dict<'_>>(pdf.xref().root_id());
    let tree = catalogue.and_then(|catalogue| catalogue.get::<Dict<'_>>(b"Pages".as_slice()));
    let promised = tree.and_then(|tree| tree.get::<i32>(b"Count".as_slice())).unwrap_or(0);
    usize::try_from(promised).is_ok_and(|promised| promised > pdf.pages().len())
}
