//! Forms that stand side by side on one sheet, cut apart so that each can be read as if it stood alone.

use std::collections::{BTreeMap, BTreeSet};

use super::headers::Fit;
use super::layout::{Sighting, bands};
use super::spans::Spans;
use crate::model::form::Form;
use crate::model::grid::{Cell, Grid, Span};

/// So many headers must come again before a sheet is cut: one alone may be an additional column.
const ENOUGH_REPEATED: usize = 3;
/// More forms than this stand beside each other on no sheet anybody can read.
const MOST_BESIDE: usize = 16;
/// No header spans more columns.
const WIDEST: u32 = 100;

/// The grid in vertical parts, one a form, where the same headers come again to the right: behind free
/// columns, or at one and the same distance. The cells keep their places. `None` where all stands below each other, as is usual.
#[must_use]
pub fn cut_apart(sightings: &[Sighting], grid: &Grid, form: &Form) -> Option<Vec<Grid>> {
    let cuts = bands(sightings.to_vec()).iter().find_map(|band| cuts_of(band, grid, form))?;
    let starts = std::iter::once(0).chain(cuts.iter().copied());
    let ends = cuts.iter().copied().chain([u32::MAX]);
    Some(starts.zip(ends).map(|(left, end)| part(grid, left, end)).collect())
}

/// The columns in which the second and each further form of this header band begins.
fn cuts_of(band: &[Sighting], grid: &Grid, form: &Form) -> Option<Vec<u32>> {
    let mut places: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
    for sighting in band.iter().filter(|sighting| sighting.fit == Fit::Exact) {
        let [index] = sighting.columns.as_slice() else { continue };
        let leads = form.columns.get(*index).is_some_and(|column| column.compulsory && column.after.is_none());
        if leads {
            places.entry(*index).or_default().push(sighting.left);
        }
    }
    for lefts in places.values_mut() {
        lefts.sort_unstable();
        lefts.dedup();
    }
    let counts: Vec<usize> = places.values().map(Vec::len).collect();
    let often =
        (2..=MOST_BESIDE).find(|often| counts.iter().filter(|count| *count == often).count() >= ENOUGH_REPEATED)?;
    places.retain(|_, lefts| lefts.len() == often);
    let top = band.iter().map(|sighting| sighting.top).min()?;
    let bottom = band.iter().map(|sighting| sighting.bottom).max()?;
    let free = free_columns(grid, top, bottom);
    let gaps: Option<Vec<u32>> = (1..often).map(|form| gap_before(form, &places, &free)).collect();
    gaps.or_else(|| same_distances(&places, grid, top, bottom))
}

/// The columns without a header in these rows.
fn free_columns(grid: &Grid, top: u32, bottom: u32) -> impl Fn(u32) -> bool + use<> {
    let spans = Spans::of(grid, std::iter::empty());
    let mut used = BTreeSet::new();
    for cell in grid.used_rows(top, bottom.saturating_add(1)).flat_map(|row| grid.row(row)) {
        let right = spans.anchored(cell.row, cell.column).map_or(cell.column, |span| span.right);
        used.extend(cell.column..=right.min(cell.column.saturating_add(WIDEST)));
    }
    move |column| !used.contains(&column)
}

/// Where the form of this number begins: behind the only free columns between its headers and those of the one before.
fn gap_before(form: usize, places: &BTreeMap<usize, Vec<u32>>, free: impl Fn(u32) -> bool) -> Option<u32> {
    let from = places.values().filter_map(|lefts| lefts.get(form - 1)).max()?;
    let to = places.values().filter_map(|lefts| lefts.get(form)).min()?;
    let mut ends = (*from..*to).filter(|column| free(*column) && !free(column + 1)).map(|column| column + 1);
    let only = ends.next()?;
    ends.next().is_none().then_some(only)
}

/// Where every header comes again at the same distances, the forms are copies of each other.
fn same_distances(places: &BTreeMap<usize, Vec<u32>>, grid: &Grid, top: u32, bottom: u32) -> Option<Vec<u32>> {
    let mut repeated: BTreeMap<Vec<u32>, usize> = BTreeMap::new();
    for lefts in places.values() {
        let (first, further) = lefts.split_first()?;
        *repeated.entry(further.iter().map(|left| left - first).collect()).or_default() += 1;
    }
    let (apart, _) = repeated.into_iter().find(|(_, count)| *count >= ENOUGH_REPEATED)?;
    // 序号 and other columns of its own may stand left of a form's first known header.
    let heads = grid.used_rows(top, bottom.saturating_add(1)).filter_map(|row| grid.row(row).first());
    let first = heads.map(|cell| cell.column).min()?;
    Some(apart.iter().map(|distance| first + distance).collect())
}

/// The columns from `left` up to `end` (exclusive); merged areas are cut off at its edges.
fn part(grid: &Grid, left: u32, end: u32) -> Grid {
    let inside = |column: u32| (left..end).contains(&column);
    let cells: Vec<Cell> = grid.cells().iter().filter(|cell| inside(cell.column)).cloned().collect();
    let merges = grid.merges().iter().filter(|span| inside(span.left));
    let merges = merges.map(|span| Span { right: span.right.min(end - 1), ..*span }).collect();
    Grid::new(cells, merges)
}
