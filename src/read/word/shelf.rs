//! The tables of a document in the order in which they begin; one that a page has cut in two is one again.

use super::TABLES;
use super::edges::EdgeTable;
use crate::model::grid::Sheet;
use crate::model::mail::Oddity;
use crate::read::workbook::package::too_large;

#[derive(Debug, Default)]
pub(super) struct Shelf {
    places: Vec<Place>,
    /// The table that ended last among those that stand in no other, and the paragraphs read before its end.
    last_ended: Option<(usize, usize)>,
}

#[derive(Debug)]
enum Place {
    Open,
    /// Finished; where it follows another with nothing between, that one's place.
    Table {
        table: EdgeTable,
        follows: Option<usize>,
    },
    /// Sheets of something embedded.
    Sheets(Vec<Sheet>),
}

impl Shelf {
    /// Keeps a place for a table that begins.
    pub(super) fn begin(&mut self) -> Result<usize, Oddity> {
        if self.places.len() >= TABLES {
            return Err(too_large());
        }
        self.places.push(Place::Open);
        Ok(self.places.len() - 1)
    }

    /// Puts a finished table in its place. `paragraphs`: how many outside tables stand before
    /// it; `inner`: it stands in another table.
    pub(super) fn end(&mut self, order: usize, table: EdgeTable, paragraphs: usize, inner: bool) {
        let follows = self.last_ended.filter(|(_, before)| !inner && *before == paragraphs).map(|(order, _)| order);
        if !inner && !table.is_empty() {
            self.last_ended = Some((order, paragraphs));
        }
        if let Some(place) = self.places.get_mut(order) {
            *place = Place::Table { table, follows };
        }
    }

    /// Adds sheets that came from elsewhere.
    pub(super) fn add_sheets(&mut self, sheets: Vec<Sheet>) -> Result<(), Oddity> {
        let order = self.begin()?;
        if let Some(place) = self.places.get_mut(order) {
            *place = Place::Sheets(sheets);
        }
        self.last_ended = None;
        Ok(())
    }

    /// All tables as sheets, named by their order.
    pub(super) fn into_sheets(mut self) -> Vec<Sheet> {
        // From the last: what continues a table is complete before it is appended.
        for order in (0..self.places.len()).rev() {
            let Some(Place::Table { table, follows: Some(before) }) = self.places.get(order) else { continue };
            let before = *before;
            let joins =
                matches!(self.places.get(before), Some(Place::Table { table: first, .. }) if table.continues(first));
            if !joins {
                continue;
            }
            let Some(place) = self.places.get_mut(order) else { continue };
            let Place::Table { table: next, .. } = std::mem::replace(place, Place::Open) else { continue };
            if let Some(Place::Table { table: first, .. }) = self.places.get_mut(before) {
                first.append(next);
            }
        }
        let sheets = self.places.into_iter().flat_map(|place| match place {
            Place::Open => Vec::new(),
            Place::Table { table, .. } if table.is_empty() => Vec::new(),
            Place::Table { table, .. } => vec![Sheet { grid: table.into_grid(), ..Sheet::default() }],
            Place::Sheets(sheets) => sheets,
        });
        sheets.enumerate().map(|(index, sheet)| Sheet { name: format!("表{}", index + 1), ..sheet }).collect()
    }
}
