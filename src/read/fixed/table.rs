//! Tables out of grids and glyphs: each word to the cell that contains it, or the whole table is doubtful.

use super::layout::{self, is_bold_again, is_page_number};
use super::page::{Area, Glyph, PageContent, Turn};
use super::rulings::{Lattice, Room, lattices};
use crate::model::grid::{Cell, CellValue, Grid, Sheet, Span};

/// Sides of two tables this near are the same side.
const SAME: f64 = 4.5;
/// A glyph may lie over a ruling by this share of its width; full-width brackets are half empty.
const OVERHANG: f64 = 0.3;

/// Running heads stand in this share of a page's height.
const HEAD: f64 = 0.07;
/// And are set smaller than this, in points.
const HEAD_SIZE: f64 = 11.0;

/// What the pages hold: tables, the words outside them, and what looks like a table but is none for certain.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) sheets: Vec<Sheet>,
    pub(super) paragraphs: Vec<String>,
    /// One sentence each, for a person.
    pub(super) doubts: Vec<String>,
}

/// Why a table is not certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doubt {
    NotClosed,
    Outside,
    Straddles,
    Overlaps,
    Hidden,
    Unreadable,
}

impl Doubt {
    fn words(self) -> &'static str {
        match self {
            Self::NotClosed => "有表格线不闭合",
            Self::Outside => "有文字落在表格线之外",
            Self::Straddles => "有文字跨越表格线",
            Self::Overlaps => "有文字互相重叠",
            Self::Hidden => "有被遮盖或看不见的文字",
            Self::Unreadable => "有无法识别的字",
        }
    }
}

/// A table on one page, or the part of one.
struct Part<'g> {
    page: usize,
    glyphs: Vec<&'g Glyph>,
    area: Area,
    xs: Vec<f64>,
    rows: usize,
    cells: Vec<(Room, String)>,
    doubt: Option<Doubt>,
    /// Text stands above it on its page.
    has_text_above: bool,
    /// No other table stands above it on its page.
    is_first: bool,
    /// One row, or hardly a cell: by itself no table.
    is_small: bool,
}

/// Finds the tables of all pages, in order.
pub(super) fn find(pages: &[PageContent]) -> Found {
    let mut found = Found::default();
    let mut chains: Vec<Vec<Part<'_>>> = Vec::new();
    let mut free: Vec<Vec<&Glyph>> = Vec::new();
    let mut heads: Vec<String> = Vec::new();
    for (number, page) in pages.iter().enumerate() {
        let on_page = lattices(page).filter(|_| !page.is_overfull);
        if on_page.is_none() {
            found.doubts.push(format!("第{}页线条过多，没有从中读取表格", number + 1));
        }
        let (parts, mut outside) = parts_of(page, number, &on_page.unwrap_or_default(), &heads);
        heads = running_heads(page, &outside);
        let (mut is_first, mut boxed_above) = (true, false);
        for mut part in parts {
            part.is_first = is_first;
            part.has_text_above |= boxed_above;
            match chains.last_mut() {
                Some(chain) if goes_on(chain, &part) => chain.push(part),
                // The last row of a table may stand alone on the next page; otherwise one row of boxes is no table.
                _ if part.is_small => {
                    boxed_above = true;
                    outside.append(&mut part.glyphs);
                    continue;
                }
                _ => chains.push(vec![part]),
            }
            is_first = false;
        }
        free.push(outside);
    }
    found.paragraphs = layout::paragraphs(free);
    for chain in chains {
        match chain.iter().find_map(|part| part.doubt.map(|doubt| (part.page, doubt))) {
            Some((page, doubt)) => {
                found.doubts.push(format!("第{}页的表格中{}，没有当作表格读取", page + 1, doubt.words()));
                found.paragraphs.extend(chain.iter().flat_map(|part| part.lines()));
            }
            None => {
                let name = format!("表{}", found.sheets.len() + 1);
                found.sheets.push(Sheet { name, hidden: false, grid: grid_of(&chain) });
            }
        }
    }
    found
}

/// The tables of one page, and the glyphs outside them.
fn parts_of<'p>(
    page: &'p PageContent,
    number: usize,
    lattices: &[Lattice],
    heads: &[String],
) -> (Vec<Part<'p>>, Vec<&'p Glyph>) {
    let areas: Vec<Area> = lattices.iter().map(Lattice::area).collect();
    // A table in a cell of another, or within a frame around the page: the smaller one has the word.
    let innermost = |place| {
        let around = areas.iter().enumerate().filter(|(_, area)| area.holds(place));
        let size = |area: &Area| area.width() * area.height();
        around.min_by(|one, other| size(one.1).total_cmp(&size(other.1))).map(|(index, _)| index)
    };
    let mut inside: Vec<Vec<&Glyph>> = vec![Vec::new(); lattices.len()];
    let mut outside: Vec<&Glyph> = Vec::new();
    for glyph in &page.glyphs {
        match innermost(glyph.middle()).and_then(|index| inside.get_mut(index)) {
            Some(glyphs) => glyphs.push(glyph),
            None => outside.push(glyph),
        }
    }
    let upright: Vec<&Glyph> = outside.iter().filter(|glyph| glyph.turn == Turn::Right).copied().collect();
    let lines = layout::lines(&upright);
    let mut parts = Vec::new();
    for ((index, lattice), glyphs) in lattices.iter().enumerate().zip(inside) {
        if !glyphs.iter().any(|glyph| !glyph.text.trim().is_empty()) {
            continue;
        }
        let area = lattice.area();
        let unseen = |places: &[super::page::Place]| places.iter().any(|place| innermost(*place) == Some(index));
        let doubt = if unseen(&page.unreadable) {
            Some(Doubt::Unreadable)
        } else if unseen(&page.hidden) {
            Some(Doubt::Hidden)
        } else {
            doubt(lattice, &glyphs)
        };
        let above = |line: &&layout::Line| {
            line.y < area.top + SAME && !is_page_number(&line.text) && !heads.contains(&without_numbers(line))
        };
        parts.push(Part {
            page: number,
            area,
            xs: lattice.xs.clone(),
            rows: lattice.rows(),
            cells: cells_of(lattice, &glyphs, doubt.is_some()),
            doubt,
            has_text_above: lines.iter().filter(above).count() > 0,
            is_first: false,
            is_small: lattice.rows() < 2 || lattice.rooms.len() < 4,
            glyphs,
        });
    }
    (parts, outside)
}

/// Small lines in the upper margin, such as a browser prints on every page.
fn running_heads(page: &PageContent, outside: &[&Glyph]) -> Vec<String> {
    let upright: Vec<&Glyph> = outside.iter().filter(|glyph| glyph.turn == Turn::Right).copied().collect();
    let in_margin = |line: &layout::Line| line.y < page.height * HEAD && line.size < HEAD_SIZE;
    layout::lines(&upright).iter().filter(|line| in_margin(line)).map(without_numbers).collect()
}

/// A line without the numbers that change from page to page.
fn without_numbers(line: &layout::Line) -> String {
    line.text.chars().filter(|letter| !letter.is_ascii_digit()).collect()
}

fn doubt(lattice: &Lattice, glyphs: &[&Glyph]) -> Option<Doubt> {
    if !lattice.is_closed {
        return Some(Doubt::NotClosed);
    }
    let mut before: Option<(&Glyph, usize)> = None;
    for glyph in glyphs.iter().filter(|glyph| !glyph.text.trim().is_empty()) {
        let Some(room) = lattice.room_of(glyph.middle()) else { return Some(Doubt::Outside) };
        if before.is_some_and(|(before, other)| other != room && touches(before, glyph))
            || hangs_over(lattice, room, glyph)
        {
            return Some(Doubt::Straddles);
        }
        before = Some((glyph, room));
    }
    let mut in_rooms: Vec<Vec<&Glyph>> = vec![Vec::new(); lattice.rooms.len()];
    for glyph in glyphs {
        if let Some(room) = lattice.room_of(glyph.middle()).and_then(|room| in_rooms.get_mut(room)) {
            room.push(glyph);
        }
    }
    in_rooms.iter().any(|glyphs| overlaps(glyphs)).then_some(Doubt::Overlaps)
}

/// Two glyphs of one word: drawn together with hardly a gap, or apart with none at all.
fn touches(one: &Glyph, other: &Glyph) -> bool {
    if one.turn != other.turn {
        return false;
    }
    let ((one, other), same_run) = ((one.as_read(), other.as_read()), one.run == other.run);
    let gap = other.x - (one.x + one.width);
    let least = one.size.min(other.size) * if same_run { 0.25 } else { 0.08 };
    (one.y - other.y).abs() < one.size * 0.2 && gap.abs() < least
}

/// Whether a glyph lies over its cell's side.
fn hangs_over(lattice: &Lattice, room: usize, glyph: &Glyph) -> bool {
    let Some(room) = lattice.rooms.get(room) else { return true };
    let bounds = lattice.bounds(room);
    let middle = glyph.middle();
    let lies = matches!(glyph.turn, Turn::Right | Turn::Left | Turn::Column);
    let reach = glyph.width * (0.5 - OVERHANG);
    // Above and below, a glyph's own height is looser still: only its middle has to stand clear.
    let rise = glyph.size * 0.08;
    let (wide, high) = if lies { (reach, rise) } else { (rise, reach) };
    middle.x - wide < bounds.left
        || middle.x + wide > bounds.right
        || middle.y - high < bounds.top
        || middle.y + high > bounds.bottom
}

/// Whether two different glyphs stand on one place, as where somebody typed over a figure.
fn overlaps(glyphs: &[&Glyph]) -> bool {
    let read: Vec<Glyph> =
        glyphs.iter().filter(|glyph| !glyph.text.trim().is_empty()).map(|glyph| glyph.as_read()).collect();
    let close = |one: &Glyph, other: &Glyph| {
        other.x - one.x < one.width.min(other.width) * 0.5 && (one.y - other.y).abs() < one.size * 0.45
    };
    layout::rows(read.iter().collect()).iter().any(|row| {
        row.iter().zip(row.iter().skip(1)).any(|(one, other)| close(one, other) && !is_bold_again(other, one))
    })
}

fn cells_of(lattice: &Lattice, glyphs: &[&Glyph], by_place: bool) -> Vec<(Room, String)> {
    let mut in_cells: std::collections::BTreeMap<(usize, usize), (Room, Vec<&Glyph>)> =
        std::collections::BTreeMap::new();
    for glyph in glyphs {
        let Some((row, column)) = lattice.place_of(glyph.middle()) else { continue };
        // Where rooms are doubtful, words are kept by their places alone.
        let single = Room { top: row, left: column, bottom: row, right: column };
        let room = lattice.room_of(glyph.middle()).and_then(|room| lattice.rooms.get(room)).copied();
        let room = room.filter(|_| !by_place).unwrap_or(single);
        in_cells.entry((room.top, room.left)).or_insert_with(|| (room, Vec::new())).1.push(glyph);
    }
    // An empty merged area is a cell too: what stands beside it must not move.
    if !by_place {
        for room in lattice.rooms.iter().filter(|room| room.top < room.bottom || room.left < room.right) {
            in_cells.entry((room.top, room.left)).or_insert_with(|| (*room, Vec::new()));
        }
    }
    in_cells.into_values().map(|(room, glyphs)| (room, words_of(&glyphs))).collect()
}

/// The words of one cell; most of its glyphs say which way it is read.
fn words_of(glyphs: &[&Glyph]) -> String {
    let count = |turn: Turn| glyphs.iter().filter(|glyph| glyph.turn == turn).count();
    let turns = [Turn::Right, Turn::Column, Turn::Down, Turn::Up, Turn::Left];
    let mut lines: Vec<String> = Vec::new();
    let mut by_count = turns;
    by_count.sort_by_key(|turn| std::cmp::Reverse(count(*turn)));
    for turn in by_count {
        let turned: Vec<&Glyph> = glyphs.iter().filter(|glyph| glyph.turn == turn).copied().collect();
        lines.extend(layout::lines(&turned).into_iter().map(|line| line.text));
    }
    one_text(&lines)
}

/// Lines of a cell as one text. Where digits meet at a line's end, nothing tells whether one number was broken or two
/// stand one under the other: in a cell of figures the break stays, unless a part is no number by itself (`77,2` over
/// `00.00`).
fn one_text(lines: &[String]) -> String {
    let all_figures = lines.iter().all(|line| line.chars().all(in_figures));
    let mut text = String::new();
    for line in lines {
        let (before, after) = (text.chars().last(), line.chars().next());
        if let (Some(before), Some(after)) = (before, after) {
            if all_figures && is_of_number(before) && is_of_number(after) {
                if !is_part(&text, line) {
                    text.push('\n');
                }
            } else if [before, after].iter().all(|letter| !layout::is_wide(*letter))
                && [before, after].iter().any(|letter| !letter.is_ascii_digit())
            {
                text.push(' ');
            }
        }
        text.push_str(line);
    }
    text
}

/// Whether these can only be the parts of one number: a point or comma at the break, or a group of too few digits.
fn is_part(above: &str, below: &str) -> bool {
    let separates = |letter: char| matches!(letter, '.' | ',' | '，' | '．');
    let last = above.rsplit('\n').next().unwrap_or_default();
    let group = last.rsplit_once([',', '，']).map(|(_, group)| group);
    above.ends_with(separates)
        || below.starts_with(separates)
        || group.is_some_and(|group| group.len() < 3 && group.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_of_number(character: char) -> bool {
    character.is_ascii_digit() || matches!(character, '.' | ',' | '，' | '．') || is_numeral(character)
}

fn is_numeral(character: char) -> bool {
    "〇零一二三四五六七八九十百千万亿两壹贰叁肆伍陆柒捌玖拾佰仟".contains(character)
        || ('０'..='９').contains(&character)
}

fn in_figures(character: char) -> bool {
    is_of_number(character) || character.is_whitespace() || "+-−—￥¥()（）元圆整人名户次角分个位%".contains(character)
}

/// Whether a table is the next page's part of the chain: the first thing on its page, between the same sides.
fn goes_on(chain: &[Part<'_>], part: &Part<'_>) -> bool {
    let Some(last) = chain.last() else { return false };
    if last.page + 1 != part.page || !part.is_first {
        return false;
    }
    let near = |one: f64, other: f64| (one - other).abs() <= SAME;
    let same_sides = near(last.area.left, part.area.left) && near(last.area.right, part.area.right);
    // A running head stands above; a repeated title opens a form of its own, whose header comes again.
    let headed = part.has_text_above
        && (!chain.first().is_some_and(|first| first.has_text_above)
            || chain.first().is_some_and(|first| first.first_row() == part.first_row()));
    same_sides && !headed
}

impl Part<'_> {
    fn first_row(&self) -> Vec<&str> {
        self.cells.iter().filter(|(room, _)| room.top == 0).map(|(_, text)| text.as_str()).collect()
    }

    /// Its words row by row, where they are no table.
    fn lines(&self) -> Vec<String> {
        let mut rows: std::collections::BTreeMap<usize, Vec<&str>> = std::collections::BTreeMap::new();
        for (room, text) in self.cells.iter().filter(|(_, text)| !text.trim().is_empty()) {
            rows.entry(room.top).or_default().push(text.trim());
        }
        rows.into_values().map(|words| words.join(" ")).collect()
    }
}

/// One grid of all parts, one under the other; columns part where they do in any of them.
fn grid_of(chain: &[Part<'_>]) -> Grid {
    let mut xs: Vec<f64> = Vec::new();
    for x in chain.iter().flat_map(|part| &part.xs) {
        if !xs.iter().any(|known| (known - x).abs() <= SAME) {
            xs.push(*x);
        }
    }
    xs.sort_by(f64::total_cmp);
    let nearest = |x: f64| {
        let distances = xs.iter().enumerate().map(|(index, known)| (index, (known - x).abs()));
        distances.min_by(|one, other| one.1.total_cmp(&other.1)).map_or(0, |(index, _)| index)
    };
    let counted = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let (mut cells, mut merges, mut above) = (Vec::new(), Vec::new(), 0_usize);
    for part in chain {
        let column = |index: usize| nearest(part.xs.get(index).copied().unwrap_or(0.0));
        for (room, text) in &part.cells {
            let span = Span {
                top: counted(above + room.top),
                left: counted(column(room.left)),
                bottom: counted(above + room.bottom),
                right: counted(column(room.right + 1).saturating_sub(1).max(column(room.left))),
            };
            if span.top < span.bottom || span.left < span.right {
                merges.push(span);
            }
            cells.push(Cell { row: span.top, column: span.left, value: CellValue::Text(text.clone()) });
        }
        above += part.rows;
    }
    Grid::new(cells, merges)
}
