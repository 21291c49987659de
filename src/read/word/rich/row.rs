//! A table row as `\trowd` and what follows it define it (specification, "Table Definitions").

use crate::read::word::edges::{CellEdge, RowShape};
use crate::read::word::table::Merging;

/// More cells than this have no place in a row; Word allows 63.
const CELLS: usize = 1000;

/// The definition that is being read.
#[derive(Clone, Debug, Default)]
pub(super) struct RowDefinition {
    left: i32,
    cells: Vec<CellEdge>,
    /// Of the cell whose edge comes next.
    joins_left: bool,
    down: Option<Merging>,
    /// Its width, where that is told in twips.
    width: Option<i32>,
    in_twips: bool,
    first_width: Option<i32>,
    /// The row begins with a place that holds no cell.
    begins_later: bool,
}

impl RowDefinition {
    /// Takes one control word of a definition; `false` where it is none.
    pub(super) fn apply(&mut self, word: &[u8], number: Option<i32>) -> bool {
        let value = number.unwrap_or(0);
        match word {
            b"trowd" => *self = Self::default(),
            b"trleft" => self.left = value,
            b"trwWidthB" => self.begins_later = value > 0,
            b"clmrg" => self.joins_left = true,
            b"clvmgf" => self.down = Some(Merging::Starts),
            b"clvmrg" => self.down = Some(Merging::Continues),
            b"clwWidth" => self.width = Some(value),
            b"clftsWidth" => self.in_twips = value == 3,
            b"cellx" => self.end_cell(value),
            _ => return false,
        }
        true
    }

    fn end_cell(&mut self, right: i32) {
        let width = self.width.take().filter(|width| std::mem::take(&mut self.in_twips) && *width > 0);
        if self.cells.is_empty() {
            self.first_width = width;
        }
        let joins_left = std::mem::take(&mut self.joins_left);
        let down = self.down.take().unwrap_or_default();
        if self.cells.len() < CELLS {
            self.cells.push(CellEdge { right, joins_left, down });
        }
    }

    pub(super) fn shape(&self) -> RowShape {
        // Behind a place without a cell the first cell's own width tells where it begins.
        let first = self.cells.first().filter(|_| self.begins_later);
        let begins = first.zip(self.first_width).map(|(cell, width)| cell.right.saturating_sub(width));
        RowShape { left: begins.map_or(self.left, |begins| begins.max(self.left)), cells: self.cells.clone() }
    }
}
