//! Formulas worked out anew: what nobody computed, and what a file claims a formula came to.
//!
//! Many programs write formulas and leave their results out (openpyxl), or write 0 for each (xlsxwriter,
//! rust_xlsxwriter, POI); Excel computes them when it opens the file, so the unit has seen other figures than the file
//! holds. So every formula made of sums, rounding and references is worked out here, exactly or not at all:
//!
//! * a formula without result gets the one worked out, or stays [`CellValue::Uncomputed`];
//! * a kept result that agrees stands, mended of what a float left in it;
//! * a kept 0 or blank that does not agree gives way to the one worked out;
//! * any other result that does not agree is [`CellValue::Failed`]: a person must say which is meant;
//! * where nothing can be worked out, what the file keeps stands.

mod book;
mod evaluate;
mod functions;
mod parse;
mod value;

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};

use self::book::{Book, Place};
use crate::model::grid::{Cell, CellValue, Grid, Sheet};

/// What stands in a cell whose kept result and formula contradict each other.
const CONTRADICTED: &str = "保存的结果与公式不符";

/// The sheets of one workbook with their formulas worked out.
#[must_use]
pub fn worked_out(sheets: &[Sheet]) -> Cow<'_, [Sheet]> {
    let places: Vec<Place> =
        sheets.iter().enumerate().flat_map(|(index, sheet)| formulas(index, &sheet.grid)).collect();
    if places.is_empty() {
        return Cow::Borrowed(sheets);
    }
    let book = Book::new(sheets);
    let mut settled: HashMap<Place, CellValue> = HashMap::new();
    // Most formulas look up and left. Where a chain of them is too long to follow, its other end comes first.
    let mut waiting: VecDeque<Place> = places.into();
    let (mut late, mut from_front) = (Vec::new(), true);
    while let Some(place) = if from_front { waiting.pop_front() } else { waiting.pop_back() } {
        match book.settle(place) {
            Some(value) => drop(settled.insert(place, value)),
            None => {
                late.push(place);
                from_front = !from_front;
            }
        }
    }
    for place in late.into_iter().rev() {
        if let Some(value) = book.settle(place) {
            settled.insert(place, value);
        }
    }
    let replaced = |(index, sheet): (usize, &Sheet)| {
        let cells = sheet.grid.cells().iter().map(|cell| {
            let value = settled.get(&(index, cell.row, cell.column)).unwrap_or(&cell.value).clone();
            Cell { value, ..*cell }
        });
        Sheet { grid: Grid::new(cells.collect(), sheet.grid.merges().to_vec()), ..sheet.clone() }
    };
    Cow::Owned(sheets.iter().enumerate().map(replaced).collect())
}

/// The places of all formulas of a sheet, by row.
fn formulas(sheet: usize, grid: &Grid) -> Vec<Place> {
    let uncomputed = grid.cells().iter().filter(|cell| matches!(cell.value, CellValue::Uncomputed(_)));
    let mut places: Vec<Place> = uncomputed.map(|cell| (sheet, cell.row, cell.column)).collect();
    places.extend(grid.formulas().iter().map(|formula| (sheet, formula.row, formula.column)));
    places.sort_unstable();
    places
}

#[cfg(test)]
mod tests;
