//! Where a form stands in a grid: its header band and the place of every column, found by the words of the headers
//! and never by cell addresses.

use std::collections::{BTreeMap, HashMap};

use super::assign::assign;
use super::headers::{Fit, Headers, split_header};
use super::spans::Spans;
use super::words::normalise;
use crate::model::form::{Form, MoneyUnit};
use crate::model::grid::Grid;

/// How many compulsory columns must be found before a table is taken for this form.
const ENOUGH_COLUMNS: usize = 4;
/// Under the form's own title so many do.
const ENOUGH_UNDER_TITLE: usize = 2;
/// The title stands at most this far above the header band.
const TITLE_ROWS: u32 = 6;
/// A header may be broken over this many cells, one below the other.
const MOST_HEADER_ROWS: u32 = 5;
/// So many different texts are held against headers that are misspelt or broken; no real form comes near. Beyond them
/// only what is printed as the form prints it is known, which is quick.
const MOST_TEXTS: usize = 50_000;
/// More headers than this stand in no workbook anybody filled in.
const MOST_SIGHTINGS: usize = 3_000;

/// Where one column of the form stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnPlace {
    /// First grid column under the header.
    pub column: u32,
    /// Last grid column under the header.
    pub right: u32,
    /// The cell its header begins in, (row, column).
    pub header_cell: (u32, u32),
    /// The header as written.
    pub header: String,
    /// The unit of money the header names.
    pub money: Option<MoneyUnit>,
}

/// A form found in a grid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// First row of the header band.
    pub top: u32,
    /// First row below the header band.
    pub data_start: u32,
    /// By column key.
    pub columns: BTreeMap<String, ColumnPlace>,
    /// Keys of compulsory columns that are not there.
    pub missing: Vec<String>,
    /// An additional column that holds each row's unit.
    pub unit_column: Option<u32>,
}

impl Layout {
    /// The key of the form's column that stands at this grid column.
    #[must_use]
    pub fn key_at(&self, column: u32) -> Option<&str> {
        self.columns
            .iter()
            .find(|(_, place)| (place.column..=place.right).contains(&column))
            .map(|(key, _)| key.as_str())
    }
}

/// Every place the form stands at, from the top, among the headers that were seen in the grid.
#[must_use]
pub fn find_all(sightings: Vec<Sighting>, grid: &Grid, form: &Form, headers: &Headers) -> Vec<Layout> {
    let all = form.columns.iter().filter(|column| column.compulsory).count();
    let title = normalise(&form.title);
    bands(sightings)
        .into_iter()
        .filter_map(|band| layout_of(&band, grid, form, headers))
        .filter(|layout| {
            let titled = (layout.top.saturating_sub(TITLE_ROWS)..layout.top)
                .any(|row| grid.row(row).iter().any(|cell| normalise(&cell.value.shown()).contains(&title)));
            let enough = if titled { ENOUGH_UNDER_TITLE } else { ENOUGH_COLUMNS }.min(all).max(1);
            all - layout.missing.len() >= enough
        })
        .collect()
}

/// A header seen in the grid.
#[derive(Clone, Debug)]
pub struct Sighting {
    pub top: u32,
    pub bottom: u32,
    pub left: u32,
    pub right: u32,
    pub text: String,
    /// Indices of the columns it can stand for.
    pub columns: Vec<usize>,
    pub fit: Fit,
}

/// What a text says as a header.
struct Named {
    columns: Option<(Vec<usize>, Fit)>,
    may_begin: bool,
}

/// Every cell of the grid, alone or with those below it, that reads like a header.
#[must_use]
pub fn sightings(grid: &Grid, headers: &Headers) -> Vec<Sighting> {
    let spans = Spans::of(grid, std::iter::empty());
    let mut found = Vec::new();
    // The same words stand in many cells of a long sheet.
    let mut known: HashMap<String, Named> = HashMap::new();
    for cell in grid.cells() {
        if found.len() >= MOST_SIGHTINGS {
            break;
        }
        let crate::model::grid::CellValue::Text(text) = &cell.value else { continue };
        if text.chars().count() > 80 {
            continue;
        }
        let span = spans.anchored(cell.row, cell.column);
        let mut bottom = span.map_or(cell.row, |span| span.bottom);
        let mut right = span.map_or(cell.column, |span| span.right);
        let mut text = text.trim().to_owned();
        let mut best = None;
        for _ in 0..MOST_HEADER_ROWS {
            let named = if known.len() < MOST_TEXTS || known.contains_key(&text) {
                known.entry(text.clone()).or_insert_with(|| Named {
                    columns: headers.columns_named(&text),
                    may_begin: headers.may_begin(&text),
                })
            } else {
                &Named { columns: headers.columns_printed(&text), may_begin: headers.may_begin(&text) }
            };
            if let Some((columns, fit)) = named.columns.clone() {
                // The longer of two exact readings holds the whole header; a near one must not draw in the data below.
                if best.as_ref().is_none_or(|best: &Sighting| fit > best.fit || fit == Fit::Exact) {
                    best = Some(Sighting {
                        top: cell.row,
                        bottom,
                        left: cell.column,
                        right,
                        text: text.clone(),
                        columns,
                        fit,
                    });
                }
            } else if !named.may_begin {
                break;
            }
            let Some(below) = grid.at(bottom + 1, cell.column) else { break };
            let crate::model::grid::CellValue::Text(more) = &below.value else { break };
            text.push_str(more.trim());
            let span = spans.anchored(below.row, below.column);
            bottom = span.map_or(below.row, |span| span.bottom);
            // 慰问军队退役人员 over 人数, 形式 and 经费: the header ends over 人数 alone.
            right = right.min(span.map_or(below.column, |span| span.right));
        }
        found.extend(best);
    }
    found
}

/// Sightings whose rows touch are one header band.
#[must_use]
pub fn bands(mut sightings: Vec<Sighting>) -> Vec<Vec<Sighting>> {
    sightings.sort_by_key(|sighting| (sighting.top, sighting.left));
    let mut bands: Vec<(u32, Vec<Sighting>)> = Vec::new();
    for sighting in sightings {
        match bands.last_mut() {
            // A header that comes again in the same column opens the next band.
            Some((bottom, band)) if sighting.top <= *bottom + 1 && !repeats(band, &sighting) => {
                *bottom = (*bottom).max(sighting.bottom);
                band.push(sighting);
            }
            _ => bands.push((sighting.bottom, vec![sighting])),
        }
    }
    bands.into_iter().map(|(_, band)| band).collect()
}

fn repeats(band: &[Sighting], next: &Sighting) -> bool {
    band.iter().any(|seen| seen.left == next.left && seen.bottom < next.top && seen.columns == next.columns)
}

fn layout_of(band: &[Sighting], grid: &Grid, form: &Form, headers: &Headers) -> Option<Layout> {
    // A sum row right below the band (合计) reads like the header of the total.
    let lowest = usual_bottom(band);
    let band = band.iter().filter(|sighting| sighting.top <= lowest);
    // One header a grid column: the better fit, then the lower one (a group's own words may read like a header).
    let mut by_column: BTreeMap<u32, &Sighting> = BTreeMap::new();
    for sighting in band {
        let stands = by_column.get(&sighting.left);
        if stands.is_none_or(|stands| (sighting.fit, sighting.bottom) > (stands.fit, stands.bottom)) {
            by_column.insert(sighting.left, sighting);
        }
    }
    let row: Vec<&Sighting> = by_column.into_values().collect();
    let chosen = assign(&row, grid, form, headers);
    let top = chosen.values().map(|sighting| sighting.top).min()?;
    let bottom = chosen.values().map(|sighting| sighting.bottom).max()?;
    let columns: BTreeMap<String, ColumnPlace> = chosen
        .iter()
        .filter_map(|(index, sighting)| {
            let place = ColumnPlace {
                column: sighting.left,
                right: sighting.right,
                header_cell: (sighting.top, sighting.left),
                header: sighting.text.split_whitespace().collect(),
                money: split_header(&sighting.text).money,
            };
            Some((form.columns.get(*index)?.key.clone(), place))
        })
        .collect();
    let missing = form
        .columns
        .iter()
        .filter(|column| column.compulsory && !columns.contains_key(&column.key))
        .map(|column| column.key.clone())
        .collect();
    let top = group_top(grid, top, headers);
    let unit_column = unit_column(grid, form, top, bottom, &columns);
    Some(Layout { top, data_start: bottom + 1, columns, missing, unit_column })
}

/// The last row of most of the band's headers.
fn usual_bottom(band: &[Sighting]) -> u32 {
    let mut bottoms: BTreeMap<u32, usize> = BTreeMap::new();
    for sighting in band {
        *bottoms.entry(sighting.bottom).or_default() += 1;
    }
    bottoms.into_iter().max_by_key(|(_, count)| *count).map_or(0, |(bottom, _)| bottom)
}

/// The row of the group headers, where it stands above the columns' own.
fn group_top(grid: &Grid, top: u32, headers: &Headers) -> u32 {
    let mut found = top;
    for row in top.saturating_sub(2)..top {
        let holds_group = grid.row(row).iter().any(|cell| headers.group_named(&cell.value.shown()).is_some());
        if holds_group {
            found = found.min(row);
        }
    }
    found
}

/// An additional column headed like the unit's label (单位名称).
fn unit_column(
    grid: &Grid,
    form: &Form,
    top: u32,
    bottom: u32,
    columns: &BTreeMap<String, ColumnPlace>,
) -> Option<u32> {
    let labels: Vec<String> = form.unit_labels.iter().map(|label| normalise(label)).collect();
    let taken = |column: u32| columns.values().any(|place| (place.column..=place.right).contains(&column));
    (top..=bottom).flat_map(|row| grid.row(row)).find_map(|cell| {
        let words = normalise(&cell.value.shown());
        let is_label =
            labels.contains(&words) || ["单位", "县(市、区)", "县区", "县市区", "填报单位"].contains(&words.as_str());
        (is_label && !taken(cell.column)).then_some(cell.column)
    })
}

#[cfg(test)]
mod tests;
