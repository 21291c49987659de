//! Grids out of rulings: lines in pieces joined, lines that touch gathered, the areas between them found as cells.

use super::groups::Groups;
use super::page::{Area, PageContent, Place, Segment};

/// Rulings nearer than this are one (double borders; the borders of two cells side by side).
const NEAR: f64 = 4.0;
/// Pieces of a line with gaps up to this are one line (dashes; borders drawn cell by cell).
const GAP: f64 = 4.0;
/// A shorter line is a dash of its own.
const SHORTEST: f64 = 6.0;
/// More lines than this stand in drawings, not in forms.
const MOST_LINES: usize = 1_500;
/// Between lines there are at most so many places.
const MOST_PLACES: usize = 100_000;
/// Lines end this far from a side at most and still reach it.
const REACH: f64 = 5.0;
/// A side this far out is one of its own.
const BEYOND: f64 = 8.0;

/// A table's cell: which rows and columns of the grid it covers, bounds inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Room {
    pub(super) top: usize,
    pub(super) left: usize,
    pub(super) bottom: usize,
    pub(super) right: usize,
}

/// Rulings that hang together, and the cells between them.
#[derive(Clone, Debug)]
pub(super) struct Lattice {
    /// Where the columns part, from left to right, both outer sides among them.
    pub(super) xs: Vec<f64>,
    /// Where the rows part, from top to bottom.
    pub(super) ys: Vec<f64>,
    pub(super) rooms: Vec<Room>,
    /// The room of every place between neighbouring lines, by row; `None` is outside.
    pub(super) places: Vec<Option<usize>>,
    /// Every ruling ends at others, and every room is a rectangle.
    pub(super) is_closed: bool,
}

impl Lattice {
    pub(super) fn area(&self) -> Area {
        let side = |lines: &[f64]| (lines.first().copied().unwrap_or(0.0), lines.last().copied().unwrap_or(0.0));
        let ((left, right), (top, bottom)) = (side(&self.xs), side(&self.ys));
        Area { left, top, right, bottom }
    }

    pub(super) fn columns(&self) -> usize {
        self.xs.len().saturating_sub(1)
    }

    pub(super) fn rows(&self) -> usize {
        self.ys.len().saturating_sub(1)
    }

    /// The row and column a point lies in.
    pub(super) fn place_of(&self, place: Place) -> Option<(usize, usize)> {
        if !self.area().holds(place) {
            return None;
        }
        let between = |lines: &[f64], at: f64| {
            lines.partition_point(|line| *line <= at).saturating_sub(1).min(lines.len().saturating_sub(2))
        };
        Some((between(&self.ys, place.y), between(&self.xs, place.x)))
    }

    /// The room a point lies in.
    pub(super) fn room_of(&self, place: Place) -> Option<usize> {
        let (row, column) = self.place_of(place)?;
        self.places.get(row * self.columns() + column).copied().flatten()
    }

    /// A room's bounds on the page.
    pub(super) fn bounds(&self, room: &Room) -> Area {
        let at = |lines: &[f64], index: usize| lines.get(index).copied().unwrap_or(0.0);
        Area {
            left: at(&self.xs, room.left),
            top: at(&self.ys, room.top),
            right: at(&self.xs, room.right + 1),
            bottom: at(&self.ys, room.bottom + 1),
        }
    }
}

/// The grids of a page that have at least two columns, from the top; `None` where the page is a drawing.
pub(super) fn lattices(page: &PageContent) -> Option<Vec<Lattice>> {
    let (across, down) = (joined(&page.across), joined(&page.down));
    if across.len() > MOST_LINES || down.len() > MOST_LINES {
        return None;
    }
    let mut found: Vec<Lattice> = Vec::new();
    for (across, down) in gathered(&across, &down) {
        let lattice = lattice(across, down)?;
        if lattice.rows() >= 1 && lattice.columns() >= 2 && lattice.rooms.len() >= 2 {
            found.push(lattice);
        }
    }
    found.sort_by(|one, other| one.area().top.total_cmp(&other.area().top));
    Some(found)
}

/// Pieces that continue each other become lines; lines a hair apart become one.
fn joined(segments: &[Segment]) -> Vec<Segment> {
    let mut sorted: Vec<Segment> = segments
        .iter()
        .filter(|line| line.at.is_finite() && line.from.is_finite() && line.to.is_finite())
        .copied()
        .collect();
    sorted.sort_by(|one, other| one.at.total_cmp(&other.at));
    let mut bundles: Vec<Vec<Segment>> = Vec::new();
    for line in sorted {
        match bundles.last_mut() {
            Some(bundle) if bundle.first().is_some_and(|first| line.at - first.at <= NEAR) => bundle.push(line),
            _ => bundles.push(vec![line]),
        }
    }
    bundles.into_iter().flat_map(lines_of_bundle).collect()
}

fn lines_of_bundle(mut bundle: Vec<Segment>) -> Vec<Segment> {
    let length = |line: &Segment| (line.to - line.from).max(0.1);
    let weight: f64 = bundle.iter().map(length).sum();
    let at = bundle.iter().map(|line| line.at * length(line)).sum::<f64>() / weight;
    bundle.sort_by(|one, other| one.from.total_cmp(&other.from));
    let mut lines: Vec<Segment> = Vec::new();
    for piece in bundle {
        match lines.last_mut() {
            Some(line) if piece.from <= line.to + GAP => line.to = line.to.max(piece.to),
            _ => lines.push(Segment { at, ..piece }),
        }
    }
    lines.retain(|line| line.to - line.from >= SHORTEST);
    lines
}

/// Lines that touch or cross, directly or by others, belong together.
fn gathered(across: &[Segment], down: &[Segment]) -> Vec<(Vec<Segment>, Vec<Segment>)> {
    let mut groups = Groups::new(across.len() + down.len());
    for (index, upright) in down.iter().enumerate() {
        let start = across.partition_point(|line| line.at < upright.from - REACH);
        let level = across.iter().enumerate().skip(start).take_while(|(_, line)| line.at <= upright.to + REACH);
        for (other, line) in level {
            if (line.from - REACH..=line.to + REACH).contains(&upright.at) {
                groups.join(other, across.len() + index);
            }
        }
    }
    let mut found: std::collections::BTreeMap<usize, (Vec<Segment>, Vec<Segment>)> = std::collections::BTreeMap::new();
    for (index, line) in across.iter().enumerate() {
        found.entry(groups.of(index)).or_default().0.push(*line);
    }
    for (index, line) in down.iter().enumerate() {
        found.entry(groups.of(across.len() + index)).or_default().1.push(*line);
    }
    found.into_values().filter(|(across, down)| across.len() > 1 && !down.is_empty()).collect()
}

/// One grid. `None` where there are more places in it than in any form.
fn lattice(mut across: Vec<Segment>, mut down: Vec<Segment>) -> Option<Lattice> {
    let ends_openly = close_sides(&mut across, &mut down);
    let (xs, ys) = (positions(&down), positions(&across));
    let (columns, rows) = (xs.len().saturating_sub(1), ys.len().saturating_sub(1));
    if columns.saturating_mul(rows) > MOST_PLACES {
        return None;
    }
    let mut lattice = Lattice { xs, ys, rooms: Vec::new(), places: Vec::new(), is_closed: !ends_openly };
    if columns == 0 || rows == 0 {
        return Some(lattice);
    }
    let walls = Walls::of(&lattice, &across, &down);
    lattice.is_closed &= !walls.is_broken;
    let outside = rows * columns;
    let mut groups = Groups::new(outside + 1);
    for row in 0..rows {
        for column in 0..columns {
            let here = row * columns + column;
            for (side, is_wall) in walls.around(row, column) {
                if !is_wall {
                    groups.join(here, side.unwrap_or(outside));
                }
            }
        }
    }
    lattice.find_rooms(&mut groups, &walls);
    Some(lattice)
}

impl Lattice {
    fn find_rooms(&mut self, groups: &mut Groups, walls: &Walls) {
        let (columns, rows) = (self.columns(), self.rows());
        let beyond = groups.of(rows * columns);
        let mut room_of_group: std::collections::HashMap<usize, usize> = std::collections::HashMap::new();
        let mut sizes: Vec<usize> = Vec::new();
        for row in 0..rows {
            for column in 0..columns {
                let group = groups.of(row * columns + column);
                if group == beyond {
                    self.places.push(None);
                    continue;
                }
                let next = self.rooms.len();
                let index = *room_of_group.entry(group).or_insert(next);
                if index == next {
                    self.rooms.push(Room { top: row, left: column, bottom: row, right: column });
                    sizes.push(0);
                }
                if let (Some(room), Some(size)) = (self.rooms.get_mut(index), sizes.get_mut(index)) {
                    room.left = room.left.min(column);
                    room.right = room.right.max(column);
                    room.bottom = room.bottom.max(row);
                    *size += 1;
                }
                self.places.push(Some(index));
            }
        }
        let is_rectangle =
            |(room, size): (&Room, &usize)| (room.bottom - room.top + 1) * (room.right - room.left + 1) == *size;
        self.is_closed &= self.rooms.iter().zip(&sizes).all(is_rectangle);
        // A ruling that ends inside a room parts nothing.
        for row in 0..rows {
            for column in 0..columns {
                let here = self.places.get(row * columns + column).copied().flatten();
                self.is_closed &= walls.around(row, column).iter().all(|(side, is_wall)| {
                    let there = side.and_then(|side| self.places.get(side).copied().flatten());
                    !is_wall || here.is_none() || side.is_none() || here != there
                });
            }
        }
    }
}

/// Forms left open at their sides, as statistical tables are by custom: where all lines that go out beyond the last
/// crossing one end at one place, a side is put there. Whether some line goes out and ends elsewhere.
fn close_sides(across: &mut Vec<Segment>, down: &mut Vec<Segment>) -> bool {
    let left = side(across, down, |line| line.from, -1.0);
    let right = side(across, down, |line| line.to, 1.0);
    let top = side(down, across, |line| line.from, -1.0);
    let bottom = side(down, across, |line| line.to, 1.0);
    let corners = across
        .iter()
        .flat_map(|line| [Place { x: line.from, y: line.at }, Place { x: line.to, y: line.at }])
        .chain(down.iter().flat_map(|line| [Place { x: line.at, y: line.from }, Place { x: line.at, y: line.to }]));
    let Some(whole) = Area::around(corners) else { return false };
    for at in [left, right].into_iter().filter_map(|side| side.ok().flatten()) {
        down.push(Segment { at, from: whole.top, to: whole.bottom });
    }
    for at in [top, bottom].into_iter().filter_map(|side| side.ok().flatten()) {
        across.push(Segment { at, from: whole.left, to: whole.right });
    }
    across.sort_by(|one, other| one.at.total_cmp(&other.at));
    down.sort_by(|one, other| one.at.total_cmp(&other.at));
    [left, right, top, bottom].iter().any(Result::is_err)
}

/// Where a side has to be put, if it is missing; `Err` where lines go out to different places. `sign` turns the values
/// so that the side looked at is where they are greatest.
fn side(lines: &[Segment], crossing: &[Segment], end: fn(&Segment) -> f64, sign: f64) -> Result<Option<f64>, ()> {
    let last = crossing.iter().map(|line| sign * line.at).fold(f64::NEG_INFINITY, f64::max);
    let out: Vec<f64> = lines.iter().map(|line| sign * end(line)).filter(|end| *end > last + BEYOND).collect();
    let farthest = out.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let reaches = |line: Option<&Segment>| line.is_some_and(|line| sign * end(line) > last - REACH);
    match out.len() {
        // A side drawn in part is whole where the outermost lines both end there.
        0 => Ok((reaches(lines.first()) && reaches(lines.last())).then_some(sign * last)),
        1 => Err(()),
        _ if out.iter().all(|end| *end > farthest - REACH) => Ok(Some(sign * farthest)),
        _ => Err(()),
    }
}

fn positions(lines: &[Segment]) -> Vec<f64> {
    let mut positions: Vec<f64> = Vec::new();
    for line in lines {
        if positions.last().is_none_or(|last| line.at - last > NEAR / 2.0) {
            positions.push(line.at);
        }
    }
    positions
}

/// Which sides of the places between lines are drawn.
struct Walls {
    columns: usize,
    rows: usize,
    /// Left of each place, one more a row than places.
    left: Vec<bool>,
    /// Above each place, one row more.
    above: Vec<bool>,
    /// A side is drawn in part.
    is_broken: bool,
}

impl Walls {
    fn of(lattice: &Lattice, across: &[Segment], down: &[Segment]) -> Self {
        let (columns, rows) = (lattice.columns(), lattice.rows());
        let mut walls = Self {
            columns,
            rows,
            left: vec![false; rows * (columns + 1)],
            above: vec![false; (rows + 1) * columns],
            is_broken: false,
        };
        for line in down {
            let Some(column) = nearest(&lattice.xs, line.at) else { continue };
            for (row, drawn) in covered(&lattice.ys, line) {
                walls.is_broken |= drawn.is_none();
                if let Some(wall) = walls.left.get_mut(row * (columns + 1) + column) {
                    *wall |= drawn.unwrap_or(true);
                }
            }
        }
        for line in across {
            let Some(row) = nearest(&lattice.ys, line.at) else { continue };
            for (column, drawn) in covered(&lattice.xs, line) {
                walls.is_broken |= drawn.is_none();
                if let Some(wall) = walls.above.get_mut(row * columns + column) {
                    *wall |= drawn.unwrap_or(true);
                }
            }
        }
        walls
    }

    /// The four neighbours of a place (`None` is outside) and whether a side parts them.
    fn around(&self, row: usize, column: usize) -> [(Option<usize>, bool); 4] {
        let at = |row: usize, column: usize| row * self.columns + column;
        let left = |column: usize| self.left.get(row * (self.columns + 1) + column).copied().unwrap_or(false);
        let above = |row: usize| self.above.get(at(row, column)).copied().unwrap_or(false);
        [
            (column.checked_sub(1).map(|column| at(row, column)), left(column)),
            ((column + 1 < self.columns).then(|| at(row, column + 1)), left(column + 1)),
            (row.checked_sub(1).map(|row| at(row, column)), above(row)),
            ((row + 1 < self.rows).then(|| at(row + 1, column)), above(row + 1)),
        ]
    }
}

fn nearest(lines: &[f64], at: f64) -> Option<usize> {
    let after = lines.partition_point(|line| *line < at);
    let candidates = [after.checked_sub(1), Some(after)];
    candidates
        .into_iter()
        .flatten()
        .filter_map(|index| lines.get(index).map(|line| (index, (line - at).abs())))
        .min_by(|one, other| one.1.total_cmp(&other.1))
        .map(|(index, _)| index)
}

/// The intervals between `lines` that a segment covers: wholly, not at all, or (`None`) in part.
fn covered(lines: &[f64], segment: &Segment) -> Vec<(usize, Option<bool>)> {
    let start = lines.partition_point(|line| *line <= segment.from).saturating_sub(1);
    let pairs = lines.iter().zip(lines.iter().skip(1)).enumerate().skip(start);
    pairs
        .take_while(|(_, (from, _))| **from < segment.to)
        .map(|(index, (from, to))| {
            let (start, end) = (segment.from - from, to - segment.to);
            let length = to - from;
            let drawn = length - start.max(0.0) - end.max(0.0);
            let slack = REACH.min(length * 0.35);
            let whole = start <= slack && end <= slack;
            (
                index,
                if whole {
                    Some(true)
                } else if drawn <= slack {
                    Some(false)
                } else {
                    None
                },
            )
        })
        .collect()
}
