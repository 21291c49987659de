//! A Word table while it is being read: rows of cells that span grid columns and continue from above.

use std::collections::HashMap;

use crate::model::grid::{Cell, CellValue, Grid, Span};

/// Word allows 63 columns; more than this is nonsense.
const COLUMNS: u32 = 1000;

/// How a cell stands to the one above it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Merging {
    #[default]
    Alone,
    /// The first of a vertical merge.
    Starts,
    /// Belongs to the cell above.
    Continues,
}

/// What a cell's properties say.
#[derive(Clone, Copy, Debug)]
pub(super) struct CellShape {
    /// Grid columns it spans.
    pub(super) columns: u32,
    pub(super) down: Merging,
    /// Belongs to the cell left of it (an old way of merging).
    pub(super) joins_left: bool,
}

/// A table that is not finished.
pub(super) struct Table {
    /// Its place among the document's tables.
    pub(super) order: usize,
    row: u32,
    column: u32,
    row_start: usize,
    row_dropped: bool,
    cells: Vec<Cell>,
    spans: Vec<Span>,
    /// Vertical merges that may go on, by their left column: their index in `spans`.
    going_on: HashMap<u32, usize>,
    shape: CellShape,
    text: String,
    paragraphs: usize,
}

impl Default for CellShape {
    fn default() -> Self {
        Self { columns: 1, down: Merging::Alone, joins_left: false }
    }
}

impl Table {
    pub(super) fn new(order: usize) -> Self {
        Self {
            order,
            row: 0,
            column: 0,
            row_start: 0,
            row_dropped: false,
            cells: Vec::new(),
            spans: Vec::new(),
            going_on: HashMap::new(),
            shape: CellShape::default(),
            text: String::new(),
            paragraphs: 0,
        }
    }

    pub(super) fn start_row(&mut self) {
        self.column = 0;
        self.row_start = self.cells.len();
        self.row_dropped = false;
    }

    /// The row was deleted under tracked changes.
    pub(super) fn drop_row(&mut self) {
        self.row_dropped = true;
    }

    /// The row begins further right.
    pub(super) fn skip_columns(&mut self, count: u32) {
        self.column = self.column.saturating_add(count.min(COLUMNS));
    }

    pub(super) fn start_cell(&mut self) {
        self.shape = CellShape::default();
        self.text.clear();
        self.paragraphs = 0;
    }

    pub(super) fn shape(&mut self, change: impl FnOnce(&mut CellShape)) {
        change(&mut self.shape);
    }

    /// A paragraph of the cell being read; paragraphs are the lines of a cell.
    pub(super) fn add_paragraph(&mut self, text: &str) {
        if self.paragraphs > 0 {
            self.text.push('\n');
        }
        self.text.push_str(text);
        self.paragraphs += 1;
    }

    pub(super) fn end_cell(&mut self) {
        let left = self.column;
        let right = left.saturating_add(self.shape.columns.clamp(1, COLUMNS) - 1);
        self.column = right.saturating_add(1);
        let text = std::mem::take(&mut self.text).trim().to_owned();
        if self.row_dropped {
            return;
        }
        if self.shape.joins_left
            && let Some(span) =
                self.spans.iter_mut().rev().take(1000).find(|span| span.bottom == self.row && span.right + 1 == left)
        {
            span.right = right;
            return;
        }
        if self.shape.down == Merging::Continues
            && let Some(span) = self.going_on.get(&left).and_then(|index| self.spans.get_mut(*index))
            && span.bottom + 1 == self.row
        {
            span.bottom = self.row;
            return;
        }
        if self.shape.down == Merging::Starts {
            self.going_on.insert(left, self.spans.len());
        } else {
            self.going_on.remove(&left);
        }
        self.spans.push(Span { top: self.row, left, bottom: self.row, right });
        self.cells.push(Cell { row: self.row, column: left, value: CellValue::Text(text) });
    }

    pub(super) fn end_row(&mut self) {
        if !self.row_dropped {
            self.row = self.row.saturating_add(1);
        }
    }

    pub(super) fn into_grid(self) -> Grid {
        let merges = self.spans.into_iter().filter(|span| span.top != span.bottom || span.left != span.right).collect();
        Grid::new(self.cells, merges)
    }
}
