//! What stands on one page: glyphs with their places, and pictures counted.

use hayro_interpret::font::{Glyph as FontGlyph, GlyphRun};
use hayro_interpret::hayro_cmap::BfString;
use hayro_interpret::kurbo::{Affine, BezPath, Point};
use hayro_interpret::{BlendMode, ClipPath, Device, DrawMode, DrawProps, Image, ImageDrawProps, SoftMask};

use super::layout::is_wide;

/// A picture smaller than this on both sides is a dot or a rule, no picture.
const DOT: u32 = 8;

/// A character on the page; lengths in points, from the top left corner.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Glyph {
    pub(super) text: String,
    /// Where its origin stands on the baseline.
    pub(super) x: f64,
    pub(super) y: f64,
    /// The height of its font.
    pub(super) size: f64,
    /// How far the font moves on after it.
    pub(super) width: f64,
}

/// One page, read.
#[derive(Debug, Default)]
pub(super) struct PageContent {
    pub(super) glyphs: Vec<Glyph>,
    /// Glyphs nothing tells a character for.
    pub(super) without_unicode: usize,
    pub(super) images: u32,
    /// Drawing operations that may still be done on this page.
    work_left: usize,
}

/// The page draws more than any page does. A few forms that draw each other make a small file draw for hours.
pub(super) struct Exhausted;

impl PageContent {
    pub(super) fn new(work_left: usize) -> Self {
        Self { work_left, ..Self::default() }
    }

    /// The operations that were not used.
    pub(super) fn work_left(&self) -> usize {
        self.work_left
    }

    /// Counts one operation. The interpreter cannot be told to stop, so the stack is unwound, past its panic hook,
    /// with [`Exhausted`] for the reader to catch.
    fn work(&mut self) {
        match self.work_left.checked_sub(1) {
            Some(left) => self.work_left = left,
            None => std::panic::resume_unwind(Box::new(Exhausted)),
        }
    }
}

impl<'a> Device<'a> for PageContent {
    fn draw_path(&mut self, _: &BezPath, _: DrawProps<'a>, _: &DrawMode) {
        self.work();
    }

    fn push_clip_path(&mut self, _: &ClipPath) {
        self.work();
    }

    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'a>>, _: BlendMode) {
        self.work();
    }

    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, _: &DrawMode) {
        for glyph in run.glyphs() {
            self.work();
            let text = match glyph.as_unicode() {
                Some(BfString::Char(character)) => character.to_string(),
                Some(BfString::String(text)) => text,
                None => {
                    self.without_unicode += 1;
                    continue;
                }
            };
            if text.chars().all(char::is_control) {
                continue;
            }
            let transform = props.transform * glyph.transform();
            let origin = transform * Point::ZERO;
            let size = em(transform);
            if origin.x.is_finite() && origin.y.is_finite() && size.is_finite() {
                let width = advance(glyph).map_or_else(|| usual_width(&text, size), |advance| advance / 1000.0 * size);
                self.glyphs.push(Glyph { text, x: origin.x, y: origin.y, size, width });
            }
        }
    }

    fn draw_image(&mut self, image: Image<'a, '_>, _: ImageDrawProps<'a>) {
        self.work();
        if image.width() > DOT || image.height() > DOT {
            self.images = self.images.saturating_add(1);
        }
    }

    fn pop_clip(&mut self) {}

    fn pop_transparency_group(&mut self) {}
}

/// How far the font says it moves on, in thousandths of an em.
fn advance(glyph: &FontGlyph<'_>) -> Option<f64> {
    let advance = match glyph {
        FontGlyph::Outline(outline) => outline.advance_width(),
        // In units of a matrix of its own.
        FontGlyph::Type3(_) => None,
    };
    advance.map(f64::from).filter(|advance| (1.0..10_000.0).contains(advance))
}

/// About how far characters reach: Chinese fills its square, Latin letters and digits half of it.
fn usual_width(text: &str, size: f64) -> f64 {
    text.chars().map(|character| if is_wide(character) { size } else { size * 0.5 }).sum()
}

/// How high an em stands on the page: glyph space counts a thousand units to the em.
fn em(transform: Affine) -> f64 {
    let top = transform * Point::new(0.0, 1000.0);
    let origin = transform * Point::ZERO;
    (top - origin).hypot()
}
