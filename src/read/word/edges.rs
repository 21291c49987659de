//! Tables whose cells are told by their edges on the page, as .doc and RTF do, laid out on a grid of columns.

use std::collections::{BTreeMap, HashMap};

use super::table::Merging;
use crate::model::grid::{Cell, CellValue, Grid, Span};

/// Edges this near to each other, in twips (1/1440 inch), are one: a cell narrower than its own padding (108 on each
/// side, Word's default) holds no character, so nothing stands between them. Programs round edges, hands drag them.
const NEAR: i32 = 120;

/// One row: its cells' edges and how they are merged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RowShape {
    /// Left edge of the row, in twips.
    pub(super) left: i32,
    pub(super) cells: Vec<CellEdge>,
}

/// A cell of a row's definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CellEdge {
    /// Right edge, in twips.
    pub(super) right: i32,
    /// Belongs to the cell left of it.
    pub(super) joins_left: bool,
    pub(super) down: Merging,
}

/// Two tables whose outer edges differ no more than this, in twips, may be one table cut in two by a page.
const SAME_TABLE: i32 = 240;

/// The rows of one table, until it is laid out.
#[derive(Debug, Default)]
pub(super) struct EdgeTable {
    rows: Vec<Vec<Placed>>,
}

/// A cell that shows, between its edges.
#[derive(Debug)]
struct Placed {
    left: i32,
    right: i32,
    down: Merging,
    text: String,
}

impl EdgeTable {
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Adds a row. `false`, and nothing is added, where it holds other than the cells its definition tells of.
    #[must_use]
    pub(super) fn add_row(&mut self, shape: &RowShape, texts: Vec<String>) -> bool {
        if shape.cells.len() != texts.len() || texts.is_empty() {
            return false;
        }
        let mut row: Vec<Placed> = Vec::with_capacity(texts.len());
        let mut left = shape.left;
        for (cell, text) in shape.cells.iter().zip(texts) {
            // Edges go from left to right; a cell without width keeps a place of its own.
            let right = cell.right.max(left.saturating_add(1));
            match row.last_mut().filter(|_| cell.joins_left) {
                // What stands in a joined cell is not shown ([MS-DOC] 2.9.315).
                Some(before) => before.right = right,
                None => row.push(Placed { left, right, down: cell.down, text }),
            }
            left = right;
        }
        self.rows.push(row);
        true
    }

    /// The outermost edges.
    fn extent(&self) -> Option<(i32, i32)> {
        let cells = || self.rows.iter().flatten();
        cells().map(|cell| cell.left).min().zip(cells().map(|cell| cell.right).max())
    }

    /// Whether this table, which follows that one with nothing between, is its continuation: as wide, and at the same
    /// place.
    pub(super) fn continues(&self, before: &Self) -> bool {
        let near = |one: i32, other: i32| one.saturating_sub(other).saturating_abs() <= SAME_TABLE;
        match (self.extent(), before.extent()) {
            (Some(own), Some(other)) => near(own.0, other.0) && near(own.1, other.1),
            _ => false,
        }
    }

    /// Takes the rows of the table that continues this one.
    pub(super) fn append(&mut self, next: Self) {
        self.rows.extend(next.rows);
    }

    pub(super) fn into_grid(self) -> Grid {
        let columns = self.columns();
        let column = |edge: i32| columns.get(&edge).copied().unwrap_or(0);
        let mut cells = Vec::new();
        let mut spans: Vec<Span> = Vec::new();
        // Vertical merges that may go on, by their columns: their index in `spans`.
        let mut going_on: HashMap<(u32, u32), usize> = HashMap::new();
        for (row, placed) in (0_u32..).zip(self.rows) {
            for cell in placed {
                let left = column(cell.left);
                let right = column(cell.right).saturating_sub(1).max(left);
                if cell.down == Merging::Continues
                    && let Some(span) = going_on.get(&(left, right)).and_then(|index| spans.get_mut(*index))
                    && span.bottom + 1 == row
                {
                    span.bottom = row;
                    continue;
                }
                if cell.down == Merging::Alone {
                    going_on.remove(&(left, right));
                } else {
                    going_on.insert((left, right), spans.len());
                }
                spans.push(Span { top: row, left, bottom: row, right });
                cells.push(Cell { row, column: left, value: CellValue::Text(cell.text) });
            }
        }
        spans.retain(|span| span.top != span.bottom || span.left != span.right);
        Grid::new(cells, spans)
    }

    /// The column that begins at each edge: edges near to each other share one, unless a cell lies between them.
    fn columns(&self) -> HashMap<i32, u32> {
        // For each edge the nearest left edge of a cell that ends there.
        let mut edges: BTreeMap<i32, Option<i32>> = BTreeMap::new();
        for cell in self.rows.iter().flatten() {
            edges.entry(cell.left).or_default();
            let ends = edges.entry(cell.right).or_default();
            *ends = (*ends).max(Some(cell.left));
        }
        let mut columns = HashMap::with_capacity(edges.len());
        let mut start: Option<i32> = None;
        let mut column = 0_u32;
        for (edge, cell_left) in edges {
            let near = start.is_some_and(|start| {
                edge.saturating_sub(start) <= NEAR && cell_left.is_none_or(|cell_left| cell_left < start)
            });
            if !near {
                column += u32::from(start.is_some());
                start = Some(edge);
            }
            columns.insert(edge, column);
        }
        columns
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::grid::cell_name;

    fn shape(left: i32, cells: &[(i32, bool, Merging)]) -> RowShape {
        let cells = cells.iter().map(|(right, joins_left, down)| CellEdge {
            right: *right,
            joins_left: *joins_left,
            down: *down,
        });
        RowShape { left, cells: cells.collect() }
    }

    fn plain(rights: &[i32]) -> RowShape {
        shape(0, &rights.iter().map(|right| (*right, false, Merging::Alone)).collect::<Vec<_>>())
    }

    fn texts(words: &str) -> Vec<String> {
        words.split('|').map(str::to_owned).collect()
    }

    fn shown(grid: &Grid) -> Vec<String> {
        grid.cells().iter().map(|cell| cell_name(cell.row, cell.column) + &cell.value.shown()).collect()
    }

    #[test]
    fn wide_cells_span_the_columns_below_them() {
        let mut table = EdgeTable::default();
        assert!(table.add_row(&plain(&[3000, 4000]), texts("甲|乙")));
        assert!(table.add_row(&plain(&[1000, 2040, 2990, 4000]), texts("1|2|3|4")));
        assert!(table.add_row(&plain(&[1000, 2000, 3005, 4000]), texts("5|6|7|8")));
        assert!(!table.add_row(&plain(&[1000]), texts("9|10")), "a cell without a place");
        let grid = table.into_grid();
        assert_eq!(shown(&grid), ["A1甲", "D1乙", "A21", "B22", "C23", "D24", "A35", "B36", "C37", "D38"]);
        assert_eq!(grid.merges(), [Span { top: 0, left: 0, bottom: 0, right: 2 }]);
    }

    #[test]
    fn cells_are_merged_across_and_down() {
        use Merging::{Alone, Continues, Starts};
        let mut table = EdgeTable::default();
        let first = shape(0, &[(1000, false, Starts), (2000, false, Alone), (3000, true, Alone)]);
        assert!(table.add_row(&first, texts("单位|情况|不显示")));
        assert!(table.add_row(
            &shape(0, &[(1000, false, Continues), (2000, false, Alone), (3000, false, Alone)]),
            texts("|人|元")
        ));
        assert!(table.add_row(&shape(0, &[(1000, false, Starts), (3000, false, Alone)]), texts("区|x")));
        assert!(table.add_row(&shape(1000, &[(3000, false, Alone)]), texts("后")));
        let grid = table.into_grid();
        assert_eq!(shown(&grid), ["A1单位", "B1情况", "B2人", "C2元", "A3区", "B3x", "B4后"]);
        assert_eq!(grid.merges().len(), 4);
        assert_eq!(grid.merges()[0], Span { top: 0, left: 0, bottom: 1, right: 0 });
    }

    #[test]
    fn no_cell_loses_its_place() {
        let mut table = EdgeTable::default();
        assert!(table.add_row(&plain(&[50, 50, 20, 90]), texts("a|b|c|d")));
        assert_eq!(shown(&table.into_grid()), ["A1a", "B1b", "C1c", "D1d"]);
    }
}
