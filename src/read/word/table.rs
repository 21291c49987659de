//! A table of WordprocessingML while it is being read: rows of cells that span grid columns and continue from above.

use super::edges::{CellEdge, EdgeTable, RowShape};

/// Word allows 63 columns; more than this is nonsense.
const COLUMNS: u32 = 1000;
/// The width of a column whose table tells none that could be true, in twips.
const WIDTH: i32 = 1_000;
/// A table narrower than this, in twips (35 mm), does not tell its columns' widths in twips.
const LEAST_TABLE: i32 = 2_000;

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
    /// Widths of the grid's columns, in twips.
    widths: Vec<i32>,
    rows: Vec<TableRow>,
    row: TableRow,
    row_dropped: bool,
    shape: CellShape,
    text: String,
    paragraphs: usize,
}

#[derive(Default)]
struct TableRow {
    /// Grid columns before its first cell.
    skipped: u32,
    /// It tells that it ends before the last column.
    ends_early: bool,
    cells: Vec<(CellShape, String)>,
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
            widths: Vec::new(),
            rows: Vec::new(),
            row: TableRow::default(),
            row_dropped: false,
            shape: CellShape::default(),
            text: String::new(),
            paragraphs: 0,
        }
    }

    /// A column of the grid and its width in twips, if told.
    pub(super) fn add_column(&mut self, width: u32) {
        if self.widths.len() < usize::try_from(COLUMNS).unwrap_or(usize::MAX) {
            self.widths.push(i32::try_from(width.min(50_000)).unwrap_or(0));
        }
    }

    pub(super) fn start_row(&mut self) {
        self.row = TableRow::default();
        self.row_dropped = false;
    }

    /// The row was deleted under tracked changes.
    pub(super) fn drop_row(&mut self) {
        self.row_dropped = true;
    }

    /// The row begins further right.
    pub(super) fn skip_columns(&mut self, count: u32) {
        self.row.skipped = count.min(COLUMNS);
    }

    /// The row ends before the last column.
    pub(super) fn ends_early(&mut self) {
        self.row.ends_early = true;
    }

    /// Whether rows hold fewer cells than there are columns, and say nothing of it: then cells merged from above were
    /// left out, and nobody can say where the others stand.
    pub(super) fn lacks_cells(&self) -> bool {
        let columns = u32::try_from(self.widths.len()).unwrap_or(u32::MAX);
        self.rows.iter().any(|row| {
            let taken = row.cells.iter().fold(row.skipped, |sum, (cell, _)| sum.saturating_add(cell.columns.max(1)));
            taken < columns && !row.ends_early
        })
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
        let text = std::mem::take(&mut self.text).trim().to_owned();
        self.row.cells.push((self.shape, text));
    }

    pub(super) fn end_row(&mut self) {
        let row = std::mem::take(&mut self.row);
        if !self.row_dropped && !row.cells.is_empty() {
            self.rows.push(row);
        }
    }

    /// The table by its columns' edges.
    pub(super) fn into_edges(self) -> EdgeTable {
        let told = self.widths.iter().fold(0_i32, |sum, width| sum.saturating_add(*width));
        let honest = told >= LEAST_TABLE && self.widths.iter().all(|width| *width > 0);
        let mut edges = vec![0_i32];
        for width in self.widths.iter().filter(|_| honest) {
            edges.push(edges.last().copied().unwrap_or(0).saturating_add(*width));
        }
        // Columns beyond the grid that is told.
        let known = u32::try_from(edges.len()).unwrap_or(u32::MAX) - 1;
        let last = edges.last().copied().unwrap_or(0);
        let edge = |column: u32| match usize::try_from(column).ok().and_then(|column| edges.get(column)) {
            Some(edge) => *edge,
            None => last.saturating_add(i32::try_from(column - known).unwrap_or(0).saturating_mul(WIDTH)),
        };
        let mut table = EdgeTable::default();
        for row in self.rows {
            let mut column = row.skipped;
            let mut shape = RowShape { left: edge(column), cells: Vec::with_capacity(row.cells.len()) };
            let mut texts = Vec::with_capacity(row.cells.len());
            for (cell, text) in row.cells {
                column = column.saturating_add(cell.columns.clamp(1, COLUMNS));
                shape.cells.push(CellEdge { right: edge(column), joins_left: cell.joins_left, down: cell.down });
                texts.push(text);
            }
            // Always as many texts as cells here.
            let _ = table.add_row(&shape, texts);
        }
        table
    }
}
