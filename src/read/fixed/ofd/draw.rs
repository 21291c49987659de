//! The graphic objects of an OFD page (GB/T 33190-2016, chapters 8 to 13) drawn onto the canvas.

use std::collections::HashMap;

use hayro_interpret::kurbo::{Affine, BezPath, Point, Vec2};

use super::tree::{Node, numbers};
use crate::read::fixed::canvas::{Canvas, Ink, scale, turn_of};
use crate::read::fixed::page::{Glyph, Turn, is_known, usual_width};
use crate::read::fixed::radicals::unified;

/// Points to the millimetre.
pub(super) const POINTS: f64 = 72.0 / 25.4;
/// Composite objects may stand in each other so deep.
const DEPTH: usize = 16;
/// What a letter costs beside an object.
const LETTER: usize = 4;
/// Fainter than this, of 255, is nothing to the eye.
const FAINT: f64 = 15.0;
/// Less opaque than this lets through what lies under it.
const OPAQUE: f64 = 230.0;
/// The usual thickness of a line, in millimetres (GB/T 33190, 8.2).
const USUAL_LINE: f64 = 0.353;

/// What a document's resources say of its objects.
#[derive(Debug, Default)]
pub(super) struct Resources {
    /// Composite objects by their identifier: what they are drawn of.
    pub(super) composites: HashMap<String, Node>,
    /// Names of picture files by identifier.
    pub(super) pictures: HashMap<String, String>,
    /// Drawing parameters by identifier.
    pub(super) parameters: HashMap<String, Node>,
}

/// A page of OFD while it is drawn.
pub(super) struct Drawing<'r> {
    pub(super) canvas: Canvas,
    resources: &'r Resources,
    /// Objects that may still be drawn.
    pub(super) work_left: usize,
}

/// More is drawn than any page draws.
pub(super) struct Exhausted;

impl<'r> Drawing<'r> {
    pub(super) fn new(width: f64, height: f64, resources: &'r Resources, work_left: usize) -> Self {
        Self { canvas: Canvas::new(width * POINTS, height * POINTS), resources, work_left }
    }

    /// Draws all objects of a layer, a block or an appearance; `depth` counts those around it.
    pub(super) fn layer(&mut self, layer: &Node, transform: Affine, depth: usize) -> Result<(), Exhausted> {
        if depth > DEPTH {
            return Ok(());
        }
        for object in &layer.nodes {
            self.work_left = self.work_left.checked_sub(1).ok_or(Exhausted)?;
            if !object.is("Visible", true) {
                continue;
            }
            let own = transform * placing(object);
            match object.name.as_str() {
                "TextObject" => self.text(object, own)?,
                "PathObject" => self.path(object, own)?,
                "ImageObject" => self.picture(object, transform),
                "PageBlock" | "Layer" => self.layer(object, transform, depth + 1)?,
                "CompositeObject" => {
                    let resources = self.resources;
                    let named = object.attribute("ResourceID").and_then(|id| resources.composites.get(id));
                    if let Some(content) = named.and_then(|unit| unit.one("Content")) {
                        self.layer(content, own, depth + 1)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn path(&mut self, object: &Node, transform: Affine) -> Result<(), Exhausted> {
        let Some(data) = object.one("AbbreviatedData") else { return Ok(()) };
        let path = path_of(&data.text);
        self.work_left = self.work_left.checked_sub(path.elements().len()).ok_or(Exhausted)?;
        if object.is("Fill", false)
            && let Some(ink) = self.ink(object, "FillColor")
        {
            self.canvas.fill(&path, transform, ink);
        }
        if object.is("Stroke", true)
            && let Some(ink) = self.ink(object, "StrokeColor")
        {
            let parameter = self.parameter(object).and_then(|parameter| parameter.number("LineWidth"));
            let thickness = object.number("LineWidth").or(parameter).unwrap_or(USUAL_LINE);
            self.canvas.stroke(&path, transform, thickness * scale(transform), ink);
        }
        Ok(())
    }

    fn picture(&mut self, object: &Node, transform: Affine) {
        let [x, y, width, height] = boundary(object);
        let corners = [(x, y), (x + width, y), (x, y + height), (x + width, y + height)]
            .map(|(x, y)| transform * Point::new(x, y));
        let name = object.attribute("ResourceID").and_then(|id| self.resources.pictures.get(id));
        let name = name.map(|name| name.to_lowercase()).unwrap_or_default();
        // These formats know no transparency.
        let whole = [".jpg", ".jpeg", ".bmp", ".jb2", ".tif", ".tiff"].iter().any(|ending| name.ends_with(ending));
        let opaque = whole && object.number("Alpha").unwrap_or(255.0) > OPAQUE && object.one("ImageMask").is_none();
        self.canvas.picture(corners, opaque);
    }

    fn text(&mut self, object: &Node, transform: Affine) -> Result<(), Exhausted> {
        let painted = object.is("Fill", true) || object.is("Stroke", false);
        let ink = self.ink(object, "FillColor").filter(|_| painted);
        let run = self.canvas.content.next_run(ink.map_or(0.0, |ink| ink.light));
        let em = object.number("Size").unwrap_or(4.0);
        let narrowed = object.number("HScale").filter(|by| (0.05..20.0).contains(by)).unwrap_or(1.0);
        let size = em * (transform * Point::new(0.0, 1.0) - transform * Point::ZERO).hypot();
        let turned = Affine::rotate(object.number("CharDirection").unwrap_or(0.0).to_radians());
        let along = transform * turned * Point::new(1.0, 0.0) - transform * turned * Point::ZERO;
        let reads_down = matches!(object.number("ReadDirection").unwrap_or(0.0) as i64, 90 | 270);
        let mut start = Point::ZERO;
        for code in object.all("TextCode") {
            start.x = code.number("X").unwrap_or(start.x);
            start.y = code.number("Y").unwrap_or(start.y);
            let text: Vec<char> = code.text.trim_matches(['\n', '\r', '\t']).chars().collect();
            let (right, down) = (deltas(code, "DeltaX", text.len()), deltas(code, "DeltaY", text.len()));
            let advance = |letter: char| usual_width(letter.encode_utf8(&mut [0; 4]), em) * narrowed;
            let mut point = start;
            let mut placed: Vec<(char, Point)> = Vec::new();
            for (index, letter) in text.iter().enumerate() {
                self.work_left = self.work_left.checked_sub(LETTER).ok_or(Exhausted)?;
                placed.push((*letter, point));
                match (step(&right, index), step(&down, index)) {
                    (None, None) if reads_down => point.y += em,
                    (None, None) => point.x += advance(*letter),
                    (x, y) => {
                        point.x += x.unwrap_or(0.0);
                        point.y += y.unwrap_or(0.0);
                    }
                }
            }
            self.letters(&placed, transform, along, Setting { size, narrowed, run, ink });
        }
        Ok(())
    }

    fn letters(&mut self, placed: &[(char, Point)], transform: Affine, along: Vec2, set: Setting) {
        let on_page: Vec<(char, Point)> = placed.iter().map(|(letter, point)| (*letter, transform * *point)).collect();
        // Upright letters that follow each other downwards stand in a column.
        let vertical = match on_page.as_slice() {
            [(_, first), (_, second), ..] => {
                let step = *second - *first;
                step.dot(along).abs() < 0.1 * step.hypot() * along.hypot()
            }
            _ => false,
        };
        let Some(turn) = turn_of(along, vertical) else { return };
        for (index, (letter, point)) in on_page.iter().enumerate() {
            let text = unified(letter.to_string());
            let usual = usual_width(&text, set.size) * set.narrowed;
            let step = on_page.get(index + 1).map(|(_, next)| (*next - *point).hypot());
            let width =
                step.filter(|step| turn != Turn::Column && (0.2 * usual..usual).contains(step)).unwrap_or(usual);
            let glyph = Glyph { text, x: point.x, y: point.y, size: set.size, width, turn, run: set.run };
            let content = &mut self.canvas.content;
            if set.ink.is_none() {
                if !letter.is_whitespace() {
                    content.hidden.push(glyph.middle());
                }
            } else if !is_known(&glyph.text) || (letter.is_control() && !letter.is_whitespace()) {
                content.unreadable.push(glyph.middle());
            } else {
                content.glyphs.push(glyph);
            }
        }
    }

    fn parameter(&self, object: &Node) -> Option<&'r Node> {
        self.resources.parameters.get(object.attribute("DrawParam")?)
    }

    /// What an object is painted with, by itself or by its drawing parameters; `None` where nothing is seen of it.
    fn ink(&self, object: &Node, colour: &str) -> Option<Ink> {
        let colour = object.one(colour).or_else(|| self.parameter(object)?.one(colour));
        let alpha = |node: &Node| node.number("Alpha").unwrap_or(255.0);
        let opacity = alpha(object).min(colour.map_or(255.0, alpha));
        let light = match colour.map(|colour| colour.numbers("Value")).unwrap_or_default().as_slice() {
            [grey] => grey / 255.0,
            [red, green, blue] => (0.3 * red + 0.59 * green + 0.11 * blue) / 255.0,
            [cyan, magenta, yellow, black] => {
                let ink = |part: &f64| (1.0 - part / 255.0) * (1.0 - black / 255.0);
                0.3 * ink(cyan) + 0.59 * ink(magenta) + 0.11 * ink(yellow)
            }
            // A pattern is neither light nor dark.
            _ if colour.is_some_and(|colour| !colour.nodes.is_empty()) => 0.5,
            _ => 0.0,
        };
        #[allow(clippy::cast_possible_truncation, reason = "a share between 0 and 1")]
        let light = light as f32;
        (opacity > FAINT).then_some(Ink { light, is_opaque: opacity > OPAQUE })
    }
}

/// How the letters of one text are set.
#[derive(Clone, Copy)]
struct Setting {
    size: f64,
    narrowed: f64,
    run: usize,
    ink: Option<Ink>,
}

/// x, y, width and height.
pub(super) fn boundary(object: &Node) -> [f64; 4] {
    match object.numbers("Boundary").as_slice() {
        [x, y, width, height, ..] => [*x, *y, *width, *height],
        _ => [0.0; 4],
    }
}

/// From an object's own space to that around it: its matrix, then the corner of its boundary (GB/T 33190, 8.5).
fn placing(object: &Node) -> Affine {
    let [x, y, ..] = boundary(object);
    let own = match object.numbers("CTM").as_slice() {
        [a, b, c, d, e, f, ..] => Affine::new([*a, *b, *c, *d, *e, *f]),
        _ => Affine::IDENTITY,
    };
    Affine::translate((x, y)) * own
}

/// The steps between letters; `g 3 5.2` stands for three of 5.2 (GB/T 33190, 11.3).
fn deltas(code: &Node, name: &str, letters: usize) -> Vec<f64> {
    let mut steps = Vec::new();
    let mut words = code.attribute(name).unwrap_or_default().split_whitespace();
    while let Some(word) = words.next() {
        if steps.len() >= letters {
            break;
        }
        if word == "g" {
            let count = words.next().and_then(|count| count.parse::<usize>().ok()).unwrap_or(0);
            let Some(step) = words.next().and_then(|step| step.parse::<f64>().ok()) else { break };
            steps.extend(std::iter::repeat_n(step, count.min(letters - steps.len())));
        } else if let Ok(step) = word.parse::<f64>() {
            steps.push(step);
        } else {
            break;
        }
    }
    steps.retain(|step| step.is_finite());
    steps
}

/// The step behind a letter; where the list is too short its last one goes on.
fn step(steps: &[f64], index: usize) -> Option<f64> {
    steps.get(index).or(steps.last()).copied()
}

/// An abbreviated path: letters for operators, each with its numbers (GB/T 33190, table 36).
fn path_of(data: &str) -> BezPath {
    let mut path = BezPath::new();
    let mut words = data.split(|letter: char| letter.is_whitespace() || letter == ',').filter(|word| !word.is_empty());
    let mut is_open = false;
    while let Some(operator) = words.next() {
        let wanted = match operator {
            "S" | "M" | "L" => 2,
            "Q" => 4,
            "B" => 6,
            "A" => 7,
            _ => 0,
        };
        let taken: Vec<f64> = words.by_ref().take(wanted).flat_map(numbers).collect();
        match (operator, taken.as_slice()) {
            ("S" | "M", [x, y]) => {
                path.move_to((*x, *y));
                is_open = true;
            }
            ("L", [x, y]) if is_open => path.line_to((*x, *y)),
            ("Q", [a, b, x, y]) if is_open => path.quad_to((*a, *b), (*x, *y)),
            ("B", [a, b, c, d, x, y]) if is_open => path.curve_to((*a, *b), (*c, *d), (*x, *y)),
            // An arc is no ruling; only where it ends matters.
            ("A", [.., x, y]) if is_open => path.curve_to((*x, *y), (*x, *y), (*x, *y)),
            ("C", _) if is_open => path.close_path(),
            _ => {}
        }
    }
    path
}
