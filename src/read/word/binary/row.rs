//! The cells of a table row as its properties define them ([MS-DOC] 2.6.3, 2.9.315 TCGRF).

use super::octets::{i16_at, u8_at, u16_at};
use super::sprm::{Property, signed};
use crate::read::word::edges::{CellEdge, RowShape};
use crate::read::word::table::Merging;

/// Word allows 63 cells in a row; the count is one octet.
const CELLS: usize = 255;

/// A row's definition, changed property by property.
#[derive(Clone, Debug, Default)]
pub(super) struct RowDefinition {
    left: i32,
    cells: Vec<DefinedCell>,
}

#[derive(Clone, Copy, Debug)]
struct DefinedCell {
    width: i32,
    /// 0 alone; equal numbers side by side belong to no set, see [`RowDefinition::shape`].
    across: u16,
    down: Merging,
}

impl RowDefinition {
    /// Takes one property of the row's end; those of looks are passed over.
    pub(super) fn apply(&mut self, property: &Property<'_>) {
        let operand = property.operand;
        let octet = |at: usize| u8_at(operand, at).map_or(0, usize::from);
        match property.code {
            0xD608 => *self = Self::defined(operand).unwrap_or_default(),
            // sprmTDxaLeft moves the row.
            0x9601 => self.left = signed(operand, 0).unwrap_or(self.left),
            // sprmTVertMerge.
            0xD62B => {
                if let Some(cell) = self.cells.get_mut(octet(0)) {
                    cell.down = down(u16::try_from(octet(1)).unwrap_or(0));
                }
            }
            // sprmTMerge and sprmTSplit.
            0x5624 | 0x5625 => {
                let merged = property.code == 0x5624;
                for (place, cell) in self.range(octet(0), octet(1)).iter_mut().enumerate() {
                    cell.across = if merged { if place == 0 { 2 } else { 1 } } else { 0 };
                }
            }
            // sprmTInsert: itcFirst, ctc, dxaCol.
            0x7621 => {
                let (at, count) = (octet(0).min(CELLS), octet(1));
                let width = signed(operand, 2).unwrap_or(0);
                let new = DefinedCell { width, across: 0, down: Merging::Alone };
                while self.cells.len() < at {
                    self.cells.push(new);
                }
                let room = CELLS.saturating_sub(self.cells.len());
                self.cells.splice(at..at, std::iter::repeat_n(new, count.min(room)));
            }
            // sprmTDelete.
            0x5622 => {
                let last = octet(1).min(self.cells.len());
                self.cells.drain(octet(0).min(last)..last);
            }
            // sprmTDxaCol.
            0x7623 => {
                let width = signed(operand, 2).unwrap_or(0);
                self.range(octet(0), octet(1)).iter_mut().for_each(|cell| cell.width = width);
            }
            _ => {}
        }
    }

    fn range(&mut self, from: usize, to: usize) -> &mut [DefinedCell] {
        let to = to.min(self.cells.len());
        self.cells.get_mut(from.min(to)..to).unwrap_or_default()
    }

    /// sprmTDefTable: the count, the edges, and what is told of each cell (TC80, 20 octets; later cells may lack it).
    fn defined(operand: &[u8]) -> Option<Self> {
        let count = usize::from(u8_at(operand, 0)?);
        let edge = |number: usize| i16_at(operand, 1 + number * 2).map(i32::from);
        let left = edge(0)?;
        let told = 1 + (count + 1) * 2;
        let cells = (0..count)
            .map(|number| {
                let flags = u16_at(operand, told + number * 20).unwrap_or(0);
                let width = edge(number + 1)?.saturating_sub(edge(number)?);
                Some(DefinedCell { width, across: flags & 0b11, down: down(flags >> 5 & 0b11) })
            })
            .collect::<Option<_>>()?;
        Some(Self { left, cells })
    }

    /// The definition as edges. Of cells merged side by side [MS-DOC] marks the first with 2 and the others with 1, the
    /// older description of Word 97 the first with 1 and the others with 2: the first of a set is told by standing
    /// first, and a set by not being 0.
    pub(super) fn shape(&self) -> RowShape {
        let mut right = self.left;
        let mut head = 0;
        let cells = self
            .cells
            .iter()
            .map(|cell| {
                right = right.saturating_add(cell.width.max(0));
                let joins_left = head != 0 && cell.across != 0 && cell.across != head;
                if !joins_left {
                    head = cell.across;
                }
                CellEdge { right, joins_left, down: cell.down }
            })
            .collect();
        RowShape { left: self.left, cells }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }
}

/// vertMerge: 1 goes on from above, 3 begins.
fn down(flags: u16) -> Merging {
    match flags {
        1 => Merging::Continues,
        3 => Merging::Starts,
        _ => Merging::Alone,
    }
}
