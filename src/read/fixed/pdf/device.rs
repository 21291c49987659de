//! The paper that a PDF page is drawn on: keeps glyphs, rulings and areas, and stops what draws without end.

use hayro_interpret::font::{Glyph as FontGlyph, GlyphRun};
use hayro_interpret::hayro_cmap::{BfString, WritingMode};
use hayro_interpret::hayro_syntax::object::Dict;
use hayro_interpret::kurbo::{Affine, BezPath, PathEl, Point, Rect};
use hayro_interpret::{BlendMode, ClipPath, Device, DrawMode, DrawProps, Image, ImageDrawProps, Paint, SoftMask};

use crate::read::fixed::page::{Area, Glyph, PageContent, Place, Turn, is_known, usual_width};

/// A picture smaller than this on both sides is a dot or a rule, no picture.
const DOT: u32 = 8;
/// What opening a form, a group or a clip costs beside one stroke: it may unpack a stream of its own.
const OPENING: usize = 50;
/// Fainter than this is nothing to the eye.
const FAINT: f32 = 0.06;

/// A page while it is drawn.
pub(super) struct Drawing {
    content: PageContent,
    /// Drawing operations that may still be done.
    work_left: usize,
    /// What may be seen, innermost last; `None` is nothing at all.
    clips: Vec<Option<Area>>,
    /// For each group whether it is drawn too faint to see.
    faint: Vec<bool>,
}

/// The page draws more than any page does. A few forms that draw each other make a small file draw for hours.
pub(super) struct Exhausted;

impl Drawing {
    pub(super) fn new(width: f64, height: f64, work_left: usize) -> Self {
        Self { content: PageContent::new(width, height), work_left, clips: Vec::new(), faint: Vec::new() }
    }

    /// The page, and the operations that were not used.
    pub(super) fn finish(self) -> (PageContent, usize) {
        (self.content, self.work_left)
    }

    /// Counts operations. The interpreter cannot be told to stop, so the stack is unwound, past its panic hook, with
    /// [`Exhausted`] for the reader to catch.
    fn work(&mut self, operations: usize) {
        match self.work_left.checked_sub(operations) {
            Some(left) => self.work_left = left,
            None => std::panic::resume_unwind(Box::new(Exhausted)),
        }
    }

    fn clip(&mut self, bounds: Rect) {
        let page = Area { left: f64::MIN, top: f64::MIN, right: f64::MAX, bottom: f64::MAX };
        let around = self.clips.last().copied().unwrap_or(Some(page));
        let area = Area { left: bounds.x0, top: bounds.y0, right: bounds.x1, bottom: bounds.y1 };
        self.clips.push(around.and_then(|around| area.within(&around)));
    }

    /// The part of an area that may be seen.
    fn seen(&self, area: &Area) -> Option<Area> {
        match self.clips.last() {
            Some(clip) => area.within(clip.as_ref()?),
            None => Some(*area),
        }
    }

    fn is_faint(&self) -> bool {
        self.faint.last().copied().unwrap_or(false)
    }

    fn filled(&mut self, path: &BezPath, transform: Affine, light: f32, opaque: bool) {
        let areas: Vec<Area> = subpaths(path, transform)
            .into_iter()
            .filter(|part| part.is_upright || part.area.width().min(part.area.height()) < 2.0)
            .filter_map(|part| self.seen(&part.area))
            .collect();
        let lines_only = !opaque || self.is_faint();
        if lines_only {
            // A veil over words hides nothing.
            let thin: Vec<Area> =
                areas.into_iter().filter(|area| area.width().min(area.height()) < 4.0).collect();
            self.content.fill(&thin, light);
        } else {
            self.content.fill(&areas, light);
        }
    }

    fn stroked(&mut self, path: &BezPath, transform: Affine, thickness: f64, light: f32) {
        let (mut first, mut last) = (Point::ZERO, Point::ZERO);
        for element in path.elements() {
            let next = match element {
                PathEl::MoveTo(point) => {
                    first = *point;
                    last = *point;
                    continue;
                }
                PathEl::LineTo(point) => *point,
                PathEl::ClosePath => first,
                PathEl::QuadTo(_, point) | PathEl::CurveTo(_, _, point) => {
                    last = *point;
                    continue;
                }
            };
            let ends = [place(transform * last), place(transform * next)];
            last = next;
            let Some(line) = Area::around(ends).and_then(|line| self.seen(&line)) else { continue };
            // Within its clip a straight line is still straight.
            let lies = line.width() >= line.height();
            let (from, to) = match (lies, ends) {
                (true, [one, other]) => {
                    (Place { x: line.left, y: one.y }, Place { x: line.right, y: other.y })
                }
                (false, [one, other]) => {
                    (Place { x: one.x, y: line.top }, Place { x: other.x, y: line.bottom })
                }
            };
            self.content.stroke(from, to, thickness, light);
        }
    }
}

impl<'a> Device<'a> for Drawing {
    fn draw_path(&mut self, path: &BezPath, props: DrawProps<'a>, mode: &DrawMode) {
        self.work(1 + path.elements().len() / 4);
        let Some((light, opacity)) = colour(&props.paint).filter(|(_, opacity)| *opacity > FAINT) else { return };
        let plain = props.soft_mask.is_none() && props.blend_mode == BlendMode::Normal;
        match mode {
            DrawMode::Fill(_) => self.filled(path, props.transform, light, plain && opacity > 0.9),
            DrawMode::Stroke(stroke) => {
                let thickness = f64::from(stroke.line_width) * scale(props.transform);
                self.stroked(path, props.transform, thickness, light);
            }
            DrawMode::FillAndStroke(_, stroke) => {
                let thickness = f64::from(stroke.line_width) * scale(props.transform);
                self.filled(path, props.transform, light, plain && opacity > 0.9);
                self.stroked(path, props.transform, thickness, light);
            }
            DrawMode::Invisible => {}
        }
    }

    fn push_clip_path(&mut self, clip: &ClipPath) {
        self.work(OPENING);
        let bounds = subpaths(&clip.path, Affine::IDENTITY).into_iter().map(|part| part.area);
        let corners = bounds.flat_map(|area| {
            [Place { x: area.left, y: area.top }, Place { x: area.right, y: area.bottom }]
        });
        let area = Area::around(corners).unwrap_or(Area { left: 0.0, top: 0.0, right: 0.0, bottom: 0.0 });
        self.clip(Rect::new(area.left, area.top, area.right, area.bottom));
    }

    fn pop_clip(&mut self) {
        self.clips.pop();
    }

    fn push_transparency_group(&mut self, opacity: f32, _: Option<SoftMask<'a>>, _: BlendMode) {
        self.work(OPENING);
        self.faint.push(self.is_faint() || opacity < FAINT);
    }

    fn pop_transparency_group(&mut self) {
        self.faint.pop();
    }

    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, mode: &DrawMode) {
        let (light, opacity) = colour(&props.paint).unwrap_or((0.0, 1.0));
        let number = self.content.next_run(light);
        let unseen = matches!(mode, DrawMode::Invisible) || opacity < FAINT || self.is_faint();
        let vertical = run.writing_mode() == WritingMode::Vertical;
        let mut before: Option<usize> = None;
        for glyph in run.glyphs() {
            self.work(1);
            let text = match glyph.as_unicode() {
                Some(BfString::Char(character)) => character.to_string(),
                Some(BfString::String(text)) => text,
                None => char::REPLACEMENT_CHARACTER.to_string(),
            };
            if text.chars().all(char::is_control) {
                continue;
            }
            let known = is_known(&text);
            let transform = props.transform * glyph.transform();
            let Some(placed) = placed(text, glyph, transform, vertical, number) else { continue };
            let middle = placed.middle();
            let point = Area { left: middle.x, top: middle.y, right: middle.x, bottom: middle.y };
            if unseen || self.seen(&point).is_none() {
                if !placed.text.trim().is_empty() {
                    self.content.hidden.push(middle);
                }
            } else if !known {
                self.content.unreadable.push(middle);
            } else {
                if let Some(before) = before.and_then(|before| self.content.glyphs.get_mut(before)) {
                    narrow(before, &placed);
                }
                before = Some(self.content.glyphs.len());
                self.content.glyphs.push(placed);
                continue;
            }
            before = None;
        }
    }

    fn draw_image(&mut self, image: Image<'a, '_>, props: ImageDrawProps<'a>) {
        self.work(1);
        let (width, height) = (image.width(), image.height());
        if width <= DOT && height <= DOT {
            return;
        }
        let corners = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)]
            .map(|(x, y)| place(props.transform * Point::new(x * f64::from(width), y * f64::from(height))));
        let Some(area) = Area::around(corners).and_then(|area| self.seen(&area)) else { return };
        // Lines are drawn as pictures of one colour too.
        if area.width().min(area.height()) < 3.0 {
            self.content.fill(&[area], 0.0);
            return;
        }
        let opaque = match &image {
            Image::Raster(raster) => !is_masked(raster.stream().dict()),
            Image::Stencil(_) => false,
        };
        let plain = props.soft_mask.is_none() && props.blend_mode == BlendMode::Normal;
        self.content.picture(&area, opaque && plain && !self.is_faint());
    }
}

fn is_masked(dictionary: &Dict<'_>) -> bool {
    dictionary.contains_key(b"SMask".as_slice()) || dictionary.contains_key(b"Mask".as_slice())
}

/// How light a paint is (0 black, 1 white), and how opaque; `None` for patterns.
fn colour(paint: &Paint<'_>) -> Option<(f32, f32)> {
    match paint {
        Paint::Color(colour) => {
            let [red, green, blue, opacity] = colour.to_rgba().components();
            Some((0.3 * red + 0.59 * green + 0.11 * blue, opacity))
        }
        Paint::Pattern(_) => Some((0.5, 1.0)),
    }
}

/// One closed figure of a path.
struct Part {
    area: Area,
    /// It fills its whole area: a rectangle along the axes.
    is_upright: bool,
}

fn subpaths(path: &BezPath, transform: Affine) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut points: Vec<Place> = Vec::new();
    let mut curved = false;
    let mut close = |points: &mut Vec<Place>, curved: &mut bool| {
        if let Some(area) = Area::around(points.iter().copied()).filter(|_| points.len() > 1) {
            let near = |one: f64, other: f64| (one - other).abs() < 0.5;
            let on_corner = |point: &Place| {
                (near(point.x, area.left) || near(point.x, area.right))
                    && (near(point.y, area.top) || near(point.y, area.bottom))
            };
            parts.push(Part { area, is_upright: !*curved && points.iter().all(on_corner) });
        }
        points.clear();
        *curved = false;
    };
    for element in path.elements() {
        match element {
            PathEl::MoveTo(point) => {
                close(&mut points, &mut curved);
                points.push(place(transform * *point));
            }
            PathEl::LineTo(point) => points.push(place(transform * *point)),
            PathEl::QuadTo(control, point) => {
                curved = true;
                points.extend([control, point].map(|point| place(transform * *point)));
            }
            PathEl::CurveTo(one, other, point) => {
                curved = true;
                points.extend([one, other, point].map(|point| place(transform * *point)));
            }
            PathEl::ClosePath => {}
        }
    }
    close(&mut points, &mut curved);
    parts
}

fn place(point: Point) -> Place {
    Place { x: point.x, y: point.y }
}

/// How much longer a length is on the page.
fn scale(transform: Affine) -> f64 {
    transform.determinant().abs().sqrt()
}

/// A glyph at its place; `None` where it stands nowhere, or slantwise as a watermark does.
fn placed(text: String, glyph: &FontGlyph<'_>, transform: Affine, vertical: bool, run: usize) -> Option<Glyph> {
    // Glyph space counts a thousand units to the em.
    let origin = transform * Point::ZERO;
    let up = transform * Point::new(0.0, 1000.0) - origin;
    let along = transform * Point::new(1000.0, 0.0) - origin;
    let size = up.hypot();
    let finite = origin.x.is_finite() && origin.y.is_finite() && size.is_finite() && along.hypot() > 0.0;
    if !finite {
        return None;
    }
    let (x, y) = (along.x / along.hypot(), along.y / along.hypot());
    let turn = match (x, y) {
        _ if x > 0.97 && vertical => Turn::Column,
        _ if x > 0.97 => Turn::Right,
        _ if x < -0.97 => Turn::Left,
        _ if y > 0.97 => Turn::Down,
        _ if y < -0.97 => Turn::Up,
        _ => return None,
    };
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
