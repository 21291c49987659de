//! xlsb, streamed cell by cell; its merged areas are read beside the library, which does not tell them.

mod merges;

use std::io::Cursor;

use calamine::{Reader as _, SheetType, SheetVisible, Xlsb, XlsbError};

use super::package::{Package, damaged, password_protected, too_large};
use super::{Budget, SHEETS, value_of};
use crate::model::grid::{Cell, Grid, Sheet};
use crate::model::mail::Oddity;
use crate::read::limits::Limits;

/// Reads every worksheet.
///
/// # Errors
/// `PasswordProtected`, `Damaged`, `TooLarge`, `Bomb`.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Vec<Sheet>, Oddity> {
    let mut package = Package::open(bytes, limits)?;
    for name in package.names() {
        package.read(&name)?;
    }
    let mut merged = merges::by_sheet(&mut Package::open(bytes, limits)?)?;
    let mut workbook = Xlsb::new(Cursor::new(bytes)).map_err(|error| oddity_of(&error))?;
    let listed: Vec<_> = workbook.sheets_metadata().to_vec();
    if listed.len() > SHEETS {
        return Err(too_large());
    }
    let mut budget = Budget::new(limits);
    let mut sheets = Vec::new();
    for sheet in listed.into_iter().filter(|sheet| sheet.typ == SheetType::WorkSheet) {
        let mut reader = workbook.worksheet_cells_reader(&sheet.name).map_err(|error| oddity_of(&error))?;
        let mut cells = Vec::new();
        while let Some(cell) = reader.next_cell().map_err(|error| oddity_of(&error))? {
            budget.take(1)?;
            let (row, column) = cell.get_position();
            if let Some(value) = value_of(cell.get_value()) {
                budget.take_text(&value, 1)?;
                cells.push(Cell { row, column, value });
            }
        }
        let hidden = sheet.visible != SheetVisible::Visible;
        let merges = merged.remove(&sheet.name).unwrap_or_default();
        sheets.push(Sheet { name: sheet.name, hidden, grid: Grid::new(cells, merges) });
    }
    Ok(sheets)
}

fn oddity_of(error: &XlsbError) -> Oddity {
    match error {
        XlsbError::Password => password_protected(),
        _ => damaged(),
    }
}

#[cfg(test)]
mod tests;
