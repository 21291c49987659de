//! What stands on one page, whatever the format: glyphs with their places, rulings, and pictures counted.
//!
//! Lengths are points from the top left corner. Only what a person would see counts as a glyph; what is hidden (under a
//! white box, outside its clip, white on white) keeps its place alone, so that no table is trusted over it.

use super::layout::is_wide;

/// A ruling is at most this thick; anything thicker is an area.
const THICK: f64 = 4.0;
/// A picture over this share of the page makes a page of it.
const MOST_OF_PAGE: f64 = 0.5;
/// Lighter than this is white on paper.
const WHITE: f32 = 0.93;
/// A ground darker than this shows white letters.
const DARK: f32 = 0.8;
/// So many comparisons of glyphs with areas are made on a page.
const MOST_COMPARISONS: usize = 20_000_000;

/// Which way a glyph's line runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Turn {
    #[default]
    Right,
    /// Turned by a quarter, clockwise.
    Down,
    /// Upside down.
    Left,
    /// Turned by a quarter, counter-clockwise.
    Up,
    /// Upright glyphs, one under the other: vertical writing.
    Column,
}

/// A character on the page.
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
    pub(super) turn: Turn,
    /// Glyphs of one drawing operation have the same number.
    pub(super) run: usize,
}

/// A point or a corner.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Place {
    pub(super) x: f64,
    pub(super) y: f64,
}

/// An upright rectangle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Area {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

/// A ruling: at `at` across the page's other direction, from `from` to `to` along it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Segment {
    pub(super) at: f64,
    pub(super) from: f64,
    pub(super) to: f64,
}

/// An area that hides what was drawn before it.
#[derive(Clone, Copy, Debug)]
struct Cover {
    area: Area,
    /// Glyph runs before this number lie under it.
    order: usize,
    /// 0 is black, 1 is white.
    light: f32,
}

/// One page, read.
#[derive(Debug, Default)]
pub(super) struct PageContent {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) glyphs: Vec<Glyph>,
    /// Where glyphs stand that nothing tells a character for.
    pub(super) unreadable: Vec<Place>,
    /// Where words stand that nobody sees.
    pub(super) hidden: Vec<Place>,
    /// Horizontal rulings.
    pub(super) across: Vec<Segment>,
    /// Vertical rulings.
    pub(super) down: Vec<Segment>,
    pub(super) images: u32,
    /// A picture fills most of the page.
    pub(super) is_picture: bool,
    /// Something on it could not be weighed within bounds.
    pub(super) is_overfull: bool,
    covers: Vec<Cover>,
    /// Runs of white glyphs.
    white_runs: std::collections::HashSet<usize>,
    runs: usize,
}

impl Area {
    pub(super) fn around(points: impl IntoIterator<Item = Place>) -> Option<Self> {
        let mut points = points.into_iter();
        let first = points.next()?;
        let mut area = Self { left: first.x, top: first.y, right: first.x, bottom: first.y };
        for point in points {
            area.left = area.left.min(point.x);
            area.right = area.right.max(point.x);
            area.top = area.top.min(point.y);
            area.bottom = area.bottom.max(point.y);
        }
        [area.left, area.top, area.right, area.bottom].iter().all(|side| side.is_finite()).then_some(area)
    }

    pub(super) fn width(&self) -> f64 {
        self.right - self.left
    }

    pub(super) fn height(&self) -> f64 {
        self.bottom - self.top
    }

    pub(super) fn holds(&self, place: Place) -> bool {
        (self.left..=self.right).contains(&place.x) && (self.top..=self.bottom).contains(&place.y)
    }

    /// Whether `other` lies inside, by the thickness of a border on every side.
    fn frames(&self, other: &Self) -> bool {
        [other.left - self.left, self.right - other.right, other.top - self.top, self.bottom - other.bottom]
            .iter()
            .all(|margin| (0.0..=THICK).contains(margin))
    }

    pub(super) fn within(&self, clip: &Self) -> Option<Self> {
        let area = Self {
            left: self.left.max(clip.left),
            top: self.top.max(clip.top),
            right: self.right.min(clip.right),
            bottom: self.bottom.min(clip.bottom),
        };
        (area.left <= area.right && area.top <= area.bottom).then_some(area)
    }
}

impl Glyph {
    /// Its middle, where a reader's eye would say it stands.
    pub(super) fn middle(&self) -> Place {
        let (along, rise) = (self.width / 2.0, self.size * 0.36);
        match self.turn {
            Turn::Right | Turn::Column => Place { x: self.x + along, y: self.y - rise },
            Turn::Down => Place { x: self.x + rise, y: self.y + along },
            Turn::Left => Place { x: self.x - along, y: self.y + rise },
            Turn::Up => Place { x: self.x - rise, y: self.y - along },
        }
    }

    /// The same glyph as its line is read: from left to right, lines from top to bottom.
    pub(super) fn as_read(&self) -> Self {
        let (x, y) = match self.turn {
            Turn::Right => (self.x, self.y),
            Turn::Down => (self.y, -self.x),
            Turn::Left => (-self.x, -self.y),
            Turn::Up => (-self.y, self.x),
            // Columns of upright squares follow one another from right to left.
            Turn::Column => (self.y - self.size * 0.88, -self.x),
        };
        let width = if self.turn == Turn::Column { self.size } else { self.width };
        Self { x, y, width, turn: Turn::Right, ..self.clone() }
    }
}

impl PageContent {
    pub(super) fn new(width: f64, height: f64) -> Self {
        Self { width, height, ..Self::default() }
    }

    /// Begins the next drawing operation of glyphs; `light` is its colour's, 0 black to 1 white.
    pub(super) fn next_run(&mut self, light: f32) -> usize {
        self.runs += 1;
        if light > WHITE {
            self.white_runs.insert(self.runs);
        }
        self.runs
    }

    /// An area filled with one colour, border to border: a thin one is a ruling.
    pub(super) fn fill(&mut self, areas: &[Area], light: f32) {
        if let [outer, inner] = areas
            && (outer.frames(inner) || inner.frames(outer))
        {
            let (outer, inner) = if outer.frames(inner) { (outer, inner) } else { (inner, outer) };
            let middle = Area {
                left: (outer.left + inner.left) / 2.0,
                top: (outer.top + inner.top) / 2.0,
                right: (outer.right + inner.right) / 2.0,
                bottom: (outer.bottom + inner.bottom) / 2.0,
            };
            self.frame(&middle);
            return;
        }
        for area in areas {
            let (thin, low) = (area.width() <= THICK, area.height() <= THICK);
            let (x, y) = ((area.left + area.right) / 2.0, (area.top + area.bottom) / 2.0);
            // Dots of a dotted line are part of either; joined, they show which.
            if low && (!thin || area.width() >= area.height() * 0.5) {
                self.across.push(Segment { at: y, from: area.left, to: area.right });
            }
            if thin && (!low || area.height() >= area.width() * 0.5) {
                self.down.push(Segment { at: x, from: area.top, to: area.bottom });
            }
            if !thin && !low {
                self.covers.push(Cover { area: *area, order: self.runs, light });
            }
        }
    }

    /// The four sides of a rectangle.
    pub(super) fn frame(&mut self, area: &Area) {
        for at in [area.top, area.bottom] {
            self.across.push(Segment { at, from: area.left, to: area.right });
        }
        for at in [area.left, area.right] {
            self.down.push(Segment { at, from: area.top, to: area.bottom });
        }
    }

    /// A straight stroke of this thickness; slanted ones are no rulings.
    pub(super) fn stroke(&mut self, from: Place, to: Place, thickness: f64, light: f32) {
        let Some(line) = Area::around([from, to]) else { return };
        let slant = |less: f64, more: f64| less > (more * 0.01).max(0.6);
        let lies = line.width() >= line.height();
        if slant(line.width().min(line.height()), line.width().max(line.height())) {
            return;
        }
        let (x, y) = ((line.left + line.right) / 2.0, (line.top + line.bottom) / 2.0);
        let half = thickness / 2.0;
        if thickness > THICK {
            let area = if lies {
                Area { top: y - half, bottom: y + half, ..line }
            } else {
                Area { left: x - half, right: x + half, ..line }
            };
            self.fill(&[area], light);
        } else if lies {
            self.across.push(Segment { at: y, from: line.left, to: line.right });
        } else {
            self.down.push(Segment { at: x, from: line.top, to: line.bottom });
        }
    }

    /// A picture over this area; `opaque` hides what lies under it.
    pub(super) fn picture(&mut self, area: &Area, opaque: bool) {
        self.images = self.images.saturating_add(1);
        let page = Area { left: 0.0, top: 0.0, right: self.width, bottom: self.height };
        let seen = area.within(&page).map_or(0.0, |seen| seen.width() * seen.height());
        if seen > MOST_OF_PAGE * self.width * self.height {
            self.is_picture = true;
            if opaque {
                // What a picture shows is not known: white letters on it may well be seen.
                self.covers.push(Cover { area: *area, order: self.runs, light: 0.5 });
            }
        }
    }

    /// Once all is drawn: takes out what nobody sees, and turns a page whose lines run up or down.
    pub(super) fn settle(&mut self) {
        self.hide();
        self.straighten();
    }

    fn hide(&mut self) {
        if self.covers.is_empty() && self.white_runs.is_empty() {
            return;
        }
        if self.covers.len().saturating_mul(self.glyphs.len()) > MOST_COMPARISONS {
            self.is_overfull = true;
            return;
        }
        let (covers, white) = (std::mem::take(&mut self.covers), std::mem::take(&mut self.white_runs));
        let mut hidden = Vec::new();
        self.glyphs.retain(|glyph| {
            let middle = glyph.middle();
            let over = || covers.iter().filter(|cover| cover.area.holds(middle));
            let covered = over().any(|cover| cover.order >= glyph.run);
            let ground = over().rfind(|cover| cover.order < glyph.run).map_or(1.0, |cover| cover.light);
            let lost = covered || (white.contains(&glyph.run) && ground > DARK);
            if lost && !glyph.text.trim().is_empty() {
                hidden.push(middle);
            }
            !lost
        });
        self.hidden.extend(hidden);
    }

    /// Some programs print a landscape page upright with everything on it turned.
    fn straighten(&mut self) {
        let written = self.glyphs.iter().filter(|glyph| !glyph.text.trim().is_empty()).count();
        let most = [Turn::Down, Turn::Left, Turn::Up]
            .into_iter()
            .find(|turn| self.glyphs.iter().filter(|glyph| glyph.turn == *turn).count() * 5 > written * 3);
        let Some(most) = most else { return };
        let (width, height) = (self.width, self.height);
        let turned = |place: Place| match most {
            Turn::Down => Place { x: place.y, y: width - place.x },
            Turn::Up => Place { x: height - place.y, y: place.x },
            _ => Place { x: width - place.x, y: height - place.y },
        };
        let quarters = |turn: Turn| match turn {
            Turn::Right | Turn::Column => 0_u8,
            Turn::Down => 1,
            Turn::Left => 2,
            Turn::Up => 3,
        };
        for glyph in &mut self.glyphs {
            let place = turned(Place { x: glyph.x, y: glyph.y });
            (glyph.x, glyph.y) = (place.x, place.y);
            glyph.turn = match (4 + quarters(glyph.turn) - quarters(most)) % 4 {
                1 => Turn::Down,
                2 => Turn::Left,
                3 => Turn::Up,
                _ => Turn::Right,
            };
        }
        for place in self.hidden.iter_mut().chain(&mut self.unreadable) {
            *place = turned(*place);
        }
        let (across, down) = (std::mem::take(&mut self.across), std::mem::take(&mut self.down));
        let lying = across.iter().map(|line| [Place { x: line.from, y: line.at }, Place { x: line.to, y: line.at }]);
        let standing = down.iter().map(|line| [Place { x: line.at, y: line.from }, Place { x: line.at, y: line.to }]);
        let (mut new_across, mut new_down) = (Vec::new(), Vec::new());
        for (ends, lies) in lying.map(|ends| (ends, true)).chain(standing.map(|ends| (ends, false))) {
            let Some(line) = Area::around(ends.map(turned)) else { continue };
            if lies == (most == Turn::Left) {
                new_across.push(Segment { at: line.top, from: line.left, to: line.right });
            } else {
                new_down.push(Segment { at: line.left, from: line.top, to: line.bottom });
            }
        }
        (self.across, self.down) = (new_across, new_down);
        if most != Turn::Left {
            (self.width, self.height) = (height, width);
        }
    }
}

/// About how far characters reach: Chinese fills its square, Latin letters and digits half of it.
pub(super) fn usual_width(text: &str, size: f64) -> f64 {
    text.chars().map(|character| if is_wide(character) { size } else { size * 0.5 }).sum()
}

/// Whether a text stands for characters: not lost ones, nor those a font keeps for itself.
pub(super) fn is_known(text: &str) -> bool {
    !text.chars().any(|character| matches!(character, '\u{FFFD}' | '\u{E000}'..='\u{F8FF}'))
}
