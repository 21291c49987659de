//! The paper that pages of every format are drawn on: paths become rulings and areas, what is outside its clip is lost.

use hayro_interpret::kurbo::{Affine, BezPath, PathEl, Point};

use super::page::{Area, PageContent, Place, Turn};

/// A page while it is drawn.
pub(super) struct Canvas {
    pub(super) content: PageContent,
    /// What may be seen, innermost last; `None` is nothing at all.
    clips: Vec<Option<Area>>,
}

/// What a path or a word is painted with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ink {
    /// 0 is black, 1 is white.
    pub(super) light: f32,
    /// It hides what lies under it.
    pub(super) is_opaque: bool,
}

/// An area narrower than this is a line, however its ends are cut.
const NARROW: f64 = 2.0;
/// Through a veil only lines are seen.
const LINE: f64 = 4.0;
/// The cosine of the slant up to which writing is straight.
const STRAIGHT: f64 = 0.97;

impl Canvas {
    pub(super) fn new(width: f64, height: f64) -> Self {
        Self { content: PageContent::new(width, height), clips: Vec::new() }
    }

    /// Narrows what may be seen to the bounds of this path, until it is taken off.
    pub(super) fn push_clip(&mut self, path: &BezPath) {
        let corners = subpaths(path, Affine::IDENTITY).into_iter().flat_map(|part| {
            [Place { x: part.area.left, y: part.area.top }, Place { x: part.area.right, y: part.area.bottom }]
        });
        let bounds = Area::around(corners);
        let clip = match self.clips.last() {
            Some(around) => around.and_then(|around| bounds?.within(&around)),
            None => bounds,
        };
        self.clips.push(clip);
    }

    pub(super) fn pop_clip(&mut self) {
        self.clips.pop();
    }

    /// The part of an area that may be seen.
    pub(super) fn seen(&self, area: &Area) -> Option<Area> {
        match self.clips.last() {
            Some(clip) => area.within(clip.as_ref()?),
            None => Some(*area),
        }
    }

    pub(super) fn sees(&self, place: Place) -> bool {
        self.seen(&Area { left: place.x, top: place.y, right: place.x, bottom: place.y }).is_some()
    }

    /// A path filled; `transform` brings it onto the page.
    pub(super) fn fill(&mut self, path: &BezPath, transform: Affine, ink: Ink) {
        let mut areas: Vec<Area> = subpaths(path, transform)
            .into_iter()
            .filter(|part| part.is_upright || part.area.width().min(part.area.height()) < NARROW)
            .filter_map(|part| self.seen(&part.area))
            .collect();
        if !ink.is_opaque {
            areas.retain(|area| area.width().min(area.height()) < LINE);
        }
        self.content.fill(&areas, ink.light);
    }

    /// The straight strokes of a path; `thickness` is on the page.
    pub(super) fn stroke(&mut self, path: &BezPath, transform: Affine, thickness: f64, ink: Ink) {
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
            let (one, other) = (place(transform * last), place(transform * next));
            last = next;
            let Some(line) = Area::around([one, other]).and_then(|line| self.seen(&line)) else { continue };
            // Within its clip a straight line is still straight, and a slanted one slanted.
            let (from, to) = if line.width() >= line.height() {
                (Place { x: line.left, y: one.y }, Place { x: line.right, y: other.y })
            } else {
                (Place { x: one.x, y: line.top }, Place { x: other.x, y: line.bottom })
            };
            self.content.stroke(from, to, thickness, ink.light);
        }
    }

    /// A picture that fills the area of these corners.
    pub(super) fn picture(&mut self, corners: [Point; 4], is_opaque: bool) {
        let Some(area) = Area::around(corners.map(place)).and_then(|area| self.seen(&area)) else { return };
        // Lines are drawn as pictures of one colour too.
        if area.width().min(area.height()) < NARROW {
            self.content.fill(&[area], 0.0);
        } else {
            self.content.picture(&area, is_opaque);
        }
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

/// A point of the drawing library as ours.
pub(super) fn place(point: Point) -> Place {
    Place { x: point.x, y: point.y }
}

/// How much longer a length is on the page.
pub(super) fn scale(transform: Affine) -> f64 {
    transform.determinant().abs().sqrt()
}

/// Which way a line of glyphs with this transform runs; `None` for a slanted one, as watermarks are.
pub(super) fn turn_of(along: hayro_interpret::kurbo::Vec2, vertical: bool) -> Option<Turn> {
    let length = along.hypot();
    if !length.is_finite() || length <= 0.0 {
        return None;
    }
    let (x, y) = (along.x / length, along.y / length);
    match (x, y) {
        _ if x > STRAIGHT && vertical => Some(Turn::Column),
        _ if x > STRAIGHT => Some(Turn::Right),
        _ if x < -STRAIGHT => Some(Turn::Left),
        _ if y > STRAIGHT => Some(Turn::Down),
        _ if y < -STRAIGHT => Some(Turn::Up),
        _ => None,
    }
}
