//! The device a PDF page is drawn with: hands paths, words and pictures to the canvas, and stops what draws without end.

use hayro_interpret::font::{Glyph as FontGlyph, GlyphRun};
use hayro_interpret::hayro_cmap::{BfString, WritingMode};
use hayro_interpret::hayro_syntax::object::Dict;
use hayro_interpret::kurbo::{Affine, BezPath, Point};
use hayro_interpret::{BlendMode, ClipPath, Device, DrawMode, DrawProps, Image, ImageDrawProps, Paint, SoftMask};

use crate::read::fixed::canvas::{Canvas, Ink, scale, turn_of};
use crate::read::fixed::page::{Glyph, PageContent, is_known, usual_width};
use crate::read::fixed::radicals::unified;

/// A picture smaller than this on both sides is a dot or a rule, no picture.
const DOT: u32 = 8;
/// What opening a form, a group or a clip costs beside one stroke: it may unpack a stream of its own.
const OPENING: usize = 400;
/// What a letter costs: its font is asked for its character and its width.
const LETTER: usize = 4;
/// Fainter than this is nothing to the eye.
const FAINT: f32 = 0.06;
/// Less opaque than this lets through what lies under it.
const OPAQUE: f32 = 0.9;

/// A page while it is drawn.
pub(super) struct Drawing {
    canvas: Canvas,
    /// Drawing operations that may still be done.
    work_left: usize,
    /// For each group whether it is drawn too faint to see.
    faint: Vec<bool>,
}

/// The page draws more than any page does. A few forms that draw each other make a small file draw for hours.
pub(super) struct Exhausted;

impl Drawing {
    pub(super) fn new(width: f64, height: f64, work_left: usize) -> Self {
        Self { canvas: Canvas::new(width, height), work_left, faint: Vec::new() }
    }

    /// The page, and the operations that were not used.
    pub(super) fn finish(self) -> (PageContent, usize) {
        (self.canvas.content, self.work_left)
    }

    /// Counts operations. The interpreter cannot be told to stop, so the stack is unwound, past its panic hook, with
    /// [`Exhausted`] for the reader to catch.
    fn work(&mut self, operations: usize) {
        match self.work_left.checked_sub(operations) {
            Some(left) => self.work_left = left,
            None => std::panic::resume_unwind(Box::new(Exhausted)),
        }
    }

    fn is_faint(&self) -> bool {
        self.faint.last().copied().unwrap_or(false)
    }

    /// `None` where nothing is seen of it.
    fn ink(&self, props: &DrawProps<'_>) -> Option<Ink> {
        let (light, opacity) = colour(&props.paint);
        let plain = props.soft_mask.is_none() && props.blend_mode == BlendMode::Normal;
        (opacity > FAINT && !self.is_faint()).then_some(Ink { light, is_opaque: plain && opacity > OPAQUE })
    }
}

impl<'a> Device<'a> for Drawing {
    fn draw_path(&mut self, path: &BezPath, props: DrawProps<'a>, mode: &DrawMode) {
        self.work(1 + path.elements().len() / 4);
        let Some(ink) = self.ink(&props) else { return };
        let (fills, stroke) = match mode {
            DrawMode::Fill(_) => (true, None),
            DrawMode::Stroke(stroke) => (false, Some(stroke)),
            DrawMode::FillAndStroke(_, stroke) => (true, Some(stroke)),
            DrawMode::Invisible => (false, None),
        };
        if fills {
            self.canvas.fill(path, props.transform, ink);
        }
        if let Some(stroke) = stroke {
            let thickness = f64::from(stroke.line_width) * scale(props.transform);
            self.canvas.stroke(path, props.transform, thickness, ink);
        }
    }

    fn push_clip_path(&mut self, clip: &ClipPath) {
        self.work(OPENING);
        self.canvas.push_clip(&clip.path);
    }

    fn pop_clip(&mut self) {
        self.canvas.pop_clip();
    }

    fn push_transparency_group(&mut self, opacity: f32, _: Option<SoftMask<'a>>, _: BlendMode) {
        self.work(OPENING);
        self.faint.push(self.is_faint() || opacity < FAINT);
    }

    fn pop_transparency_group(&mut self) {
        self.faint.pop();
    }

    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, mode: &DrawMode) {
        let ink = self.ink(&props).filter(|_| !matches!(mode, DrawMode::Invisible));
        let number = self.canvas.content.next_run(ink.map_or(0.0, |ink| ink.light));
        let vertical = run.writing_mode() == WritingMode::Vertical;
        let mut before: Option<usize> = None;
        for glyph in run.glyphs() {
            self.work(LETTER);
            let text = match glyph.as_unicode() {
                Some(BfString::Char(character)) => character.to_string(),
                Some(BfString::String(text)) => text,
                None => char::REPLACEMENT_CHARACTER.to_string(),
            };
            let text = unified(text);
            if text.chars().all(char::is_control) {
                continue;
            }
            let known = is_known(&text);
            let transform = props.transform * glyph.transform();
            let Some(placed) = placed(text, glyph, transform, vertical, number) else { continue };
            let middle = placed.middle();
            let seen = ink.is_some() && self.canvas.sees(middle);
            let content = &mut self.canvas.content;
            if let Some(before) = before.take().and_then(|before| content.glyphs.get_mut(before)) {
                narrow(before, &placed);
            }
            if !seen {
                if !placed.text.trim().is_empty() {
                    content.hidden.push(middle);
                }
            } else if !known {
                content.unreadable.push(middle);
            } else {
                before = Some(content.glyphs.len());
                content.glyphs.push(placed);
            }
        }
    }

    fn draw_image(&mut self, image: Image<'a, '_>, props: ImageDrawProps<'a>) {
        self.work(1);
        let (width, height) = (image.width(), image.height());
        if width <= DOT && height <= DOT {
            return;
        }
        let corners = [(0, 0), (width, 0), (0, height), (width, height)]
            .map(|(x, y)| props.transform * Point::new(f64::from(x), f64::from(y)));
        let whole = match &image {
            Image::Raster(raster) => !is_masked(raster.stream().dict()),
            Image::Stencil(_) => false,
        };
        let plain = props.soft_mask.is_none() && props.blend_mode == BlendMode::Normal;
        let opaque = whole && plain && !self.is_faint();
        self.canvas.picture(corners, opaque);
    }
}

fn is_masked(dictionary: &Dict<'_>) -> bool {
    dictionary.contains_key(b"SMask".as_slice()) || dictionary.contains_key(b"Mask".as_slice())
}

/// How light a paint is (0 black, 1 white), and how opaque; a pattern is neither light nor dark.
fn colour(paint: &Paint<'_>) -> (f32, f32) {
    match paint {
        Paint::Color(colour) => {
            let [red, green, blue, opacity] = colour.to_rgba().components();
            (0.3 * red + 0.59 * green + 0.11 * blue, opacity)
        }
        Paint::Pattern(_) => (0.5, 1.0),
    }
}

/// A glyph at its place; `None` where it stands nowhere, or slantwise as a watermark does.
fn placed(text: String, glyph: &FontGlyph<'_>, transform: Affine, vertical: bool, run: usize) -> Option<Glyph> {
    // Glyph space counts a thousand units to the em.
    let origin = transform * Point::ZERO;
    let size = (transform * Point::new(0.0, 1000.0) - origin).hypot();
    let turn = turn_of(transform * Point::new(1000.0, 0.0) - origin, vertical)?;
    if !(origin.x.is_finite() && origin.y.is_finite() && size.is_finite()) {
        return None;
    }
    let width = advance(glyph).map_or_else(|| usual_width(&text, size), |advance| advance / 1000.0 * size);
    Some(Glyph { text, x: origin.x, y: origin.y, size, width, turn, run })
}

/// A glyph reaches no further than where the next of its run begins: letters set close, or scaled narrow.
fn narrow(glyph: &mut Glyph, next: &Glyph) {
    let (one, other) = (glyph.as_read(), next.as_read());
    let step = other.x - one.x;
    if (one.y - other.y).abs() < 0.1 * one.size && step > 0.2 * one.width && step < glyph.width {
        glyph.width = step;
    }
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
