//! Paragraphs and table marks in reading order, put together to a document: what .doc and RTF have in common.

use super::edges::{EdgeTable, RowShape};
use super::shelf::Shelf;
use crate::model::grid::Document;
use crate::model::mail::Oddity;
use crate::read::limits::Limits;
use crate::read::workbook::Budget;
use crate::read::workbook::package::{damaged, too_large};

/// Tables may stand in one another this deep; Word's own bound is lower.
const DEPTH: usize = 64;

/// A document that is being put together.
pub(super) struct Assembly {
    paragraphs: Vec<String>,
    tables: Shelf,
    open: Vec<OpenTable>,
    has_text: bool,
    paragraphs_left: usize,
    budget: Budget,
    /// Why no table of the document may be trusted.
    doubt: Option<&'static str>,
}

/// What became of a row under tracked changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowFate {
    Stands,
    /// Its end is struck out. So is the row, where nothing in it is left standing; else nobody can say.
    EndStruckOut,
}

struct OpenTable {
    order: usize,
    rows: EdgeTable,
    /// Cells of the row that is being read.
    cells: Vec<String>,
    /// The cell that is being read.
    text: String,
    lines: usize,
}

impl Assembly {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            paragraphs: Vec::new(),
            tables: Shelf::default(),
            open: Vec::new(),
            has_text: false,
            paragraphs_left: limits.paragraphs,
            budget: Budget::new(limits),
            doubt: None,
        }
    }

    /// A paragraph that stands in so many tables (0: in none).
    pub(super) fn paragraph(&mut self, text: &str, depth: usize) -> Result<(), Oddity> {
        self.paragraphs_left = self.paragraphs_left.checked_sub(1).ok_or_else(too_large)?;
        self.enter(depth)?;
        let text = text.trim();
        self.has_text |= !text.is_empty();
        match self.open.last_mut() {
            Some(table) => {
                if table.lines > 0 {
                    table.text.push('\n');
                }
                table.text.push_str(text);
                table.lines += 1;
            }
            None if text.is_empty() => {}
            None => self.paragraphs.push(text.to_owned()),
        }
        Ok(())
    }

    /// The last paragraph of a cell at this depth.
    pub(super) fn end_cell(&mut self, text: &str, depth: usize) -> Result<(), Oddity> {
        self.paragraph(text, depth)?;
        self.budget.take(1)?;
        if let Some(table) = self.open.last_mut() {
            table.cells.push(std::mem::take(&mut table.text).trim().to_owned());
            table.lines = 0;
        }
        Ok(())
    }

    /// The mark of a row's end.
    pub(super) fn end_row(&mut self, shape: &RowShape, depth: usize, fate: RowFate) -> Result<(), Oddity> {
        self.enter(depth)?;
        let Some(table) = self.open.last_mut() else { return Err(damaged()) };
        let cells = std::mem::take(&mut table.cells);
        // Words behind the last cell's mark belong nowhere; cells that their row does not tell of have no place.
        let stray = !std::mem::take(&mut table.text).trim().is_empty();
        table.lines = 0;
        let dropped = match fate {
            RowFate::Stands => false,
            RowFate::EndStruckOut => {
                let empty = !stray && cells.iter().all(String::is_empty);
                if !empty {
                    self.doubt = Some("文件带有修订，表中有的行是否已删除无法确定，没有当作表格读取");
                }
                empty
            }
        };
        if !dropped && (stray || !table.rows.add_row(shape, cells)) {
            return Err(damaged());
        }
        Ok(())
    }

    /// Whether a row is begun and not ended at this depth or deeper.
    pub(super) fn in_row(&self) -> bool {
        self.open.iter().any(OpenTable::in_row)
    }

    /// Opens and closes tables until so many are open.
    fn enter(&mut self, depth: usize) -> Result<(), Oddity> {
        if depth > DEPTH {
            return Err(damaged());
        }
        while self.open.len() > depth {
            self.close_table()?;
        }
        while self.open.len() < depth {
            self.open.push(OpenTable {
                order: self.tables.begin()?,
                rows: EdgeTable::default(),
                cells: Vec::new(),
                text: String::new(),
                lines: 0,
            });
        }
        Ok(())
    }

    /// A table that ends inside a row was cut off: half a table must not pass for a whole one.
    fn close_table(&mut self) -> Result<(), Oddity> {
        let Some(table) = self.open.pop() else { return Ok(()) };
        if table.in_row() {
            return Err(damaged());
        }
        self.tables.end(table.order, table.rows, self.paragraphs.len(), !self.open.is_empty());
        Ok(())
    }

    pub(super) fn finish(mut self, pages: Option<u32>, images: u32) -> Result<Document, Oddity> {
        self.enter(0)?;
        let mut tables = self.tables.into_sheets();
        if self.doubt.is_some() {
            // The words stay, so that it shows what the tables were.
            let cells = tables.iter().flat_map(|table| table.grid.cells());
            self.paragraphs.extend(cells.map(|cell| cell.value.shown()));
            tables.clear();
        }
        Ok(Document {
            paragraphs: self.paragraphs,
            tables,
            pages,
            has_text: self.has_text,
            images,
            letter: None,
            doubts: self.doubt.map(str::to_owned).into_iter().collect(),
        })
    }
}

impl OpenTable {
    fn in_row(&self) -> bool {
        !self.cells.is_empty() || !self.text.trim().is_empty()
    }
}
