//! HTML: paragraphs and tables.

use rust_decimal::{Decimal, RoundingStrategy};

use super::markup::{Tag, Token, Tokens, resolved};
use crate::model::grid::{Cell, CellValue, Document, Grid, Sheet, Span};
use crate::model::mail::Oddity;
use crate::read::limits::Limits;
use crate::read::workbook::number::decimal_of;
use crate::read::workbook::package::too_large;

/// HTML's own bounds on colspan and rowspan are 1000 and 65534; no form needs more than this.
const SPAN: u32 = 1000;

/// More tables than this are not laid out; their text is left out with them.
const TABLES: usize = 1000;

/// More merged areas than this in one table are not kept.
const MERGES: usize = 10_000;

/// Elements that begin and end a paragraph.
const BLOCKS: [&str; 28] = [
    "p",
    "div",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "li",
    "ul",
    "ol",
    "dl",
    "dt",
    "dd",
    "blockquote",
    "pre",
    "hr",
    "section",
    "article",
    "header",
    "footer",
    "main",
    "nav",
    "form",
    "fieldset",
    "center",
    "address",
    "body",
];

pub(super) fn read(text: &str, limits: &Limits) -> Result<Document, Oddity> {
    let mut page = Page {
        limits,
        paragraphs: Vec::new(),
        line: String::new(),
        tables: Vec::new(),
        open: Vec::new(),
        left: Left { cells: limits.cells, steps: limits.cells.saturating_mul(16), cut: false },
        images: 0,
        has_text: false,
    };
    for token in Tokens::new(text) {
        match token {
            Token::Text(text) => page.text(&resolved(text)),
            Token::Open(tag) => page.open(&tag),
            Token::Close(name) => page.close(&name),
        }
    }
    page.finish()
}

/// What may still be laid out.
struct Left {
    cells: usize,
    /// Columns passed or covered: wide and deep cells make a few bytes of markup cost thousands.
    steps: usize,
    /// Something was left out.
    cut: bool,
}

struct Page<'a> {
    limits: &'a Limits,
    paragraphs: Vec<String>,
    /// The paragraph outside tables that is being read.
    line: String,
    /// Tables by the order in which they began.
    tables: Vec<Option<Grid>>,
    open: Vec<Table>,
    left: Left,
    images: u32,
    has_text: bool,
}

impl Page<'_> {
    fn text(&mut self, text: &str) {
        if self.has_text || text.chars().any(|c| !c.is_whitespace() && c != '\u{feff}') {
            self.has_text = true;
        }
        match self.open.last_mut() {
            Some(table) => table.text(text),
            None => push_collapsed(&mut self.line, text),
        }
    }

    fn line_break(&mut self) {
        match self.open.last_mut() {
            Some(table) => table.text.push('\n'),
            None => self.end_line(),
        }
    }

    /// The boundary of a block: a new line in a cell, unless nothing stands on the last one; a new paragraph outside.
    fn boundary(&mut self) {
        match self.open.last_mut() {
            Some(table) if !table.text.is_empty() && !table.text.ends_with('\n') => table.text.push('\n'),
            Some(_) => {}
            None => self.end_line(),
        }
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let line = line.trim();
        if !line.is_empty() {
            if self.paragraphs.len() < self.limits.paragraphs {
                self.paragraphs.push(line.to_owned());
            } else {
                self.left.cut = true;
            }
        }
    }

    fn open(&mut self, tag: &Tag<'_>) {
        match tag.name.as_str() {
            "br" => self.line_break(),
            "img" => self.images = self.images.saturating_add(1),
            "table" => {
                self.boundary();
                let order = self.tables.len();
                if order < TABLES {
                    self.tables.push(None);
                } else {
                    self.left.cut = true;
                }
                self.open.push(Table::new(order));
            }
            "tr" => self.in_table(Table::start_row),
            "td" | "th" => {
                let span = |name: &str| {
                    let written = tag.attribute(name).unwrap_or_default();
                    let digits: String = written.trim().chars().take_while(char::is_ascii_digit).take(9).collect();
                    digits.parse::<u32>().unwrap_or(1)
                };
                let (across, down) = (span("colspan").clamp(1, SPAN), span("rowspan").clamp(1, SPAN));
                let kept = tag.attribute("x:num").and_then(|number| number.trim().parse::<f64>().ok());
                self.in_table(|table, left_over| {
                    table.start_cell(across, down, left_over);
                    table.kept = kept.and_then(decimal_of);
                });
            }
            name if BLOCKS.contains(&name) => self.boundary(),
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "table" => {
                if let Some(mut table) = self.open.pop() {
                    table.end_cell(&mut self.left);
                    if let Some(place) = self.tables.get_mut(table.order) {
                        *place = Some(Grid::new(table.cells, table.merges));
                    }
                }
            }
            "tr" | "td" | "th" => self.in_table(Table::end_cell),
            _ if BLOCKS.contains(&name) => self.boundary(),
            _ => {}
        }
    }

    fn in_table(&mut self, act: impl FnOnce(&mut Table, &mut Left)) {
        if let Some(table) = self.open.last_mut() {
            act(table, &mut self.left);
        }
    }

    fn finish(mut self) -> Result<Document, Oddity> {
        // Tables that nobody closed end with the page.
        while !self.open.is_empty() {
            self.close("table");
        }
        self.end_line();
        // Half a table is no table, and half a text no report.
        if self.left.cut {
            return Err(too_large());
        }
        let grids = self.tables.into_iter().flatten().filter(|grid| !grid.is_empty());
        let tables = grids
            .enumerate()
            .map(|(index, grid)| Sheet { name: format!("表{}", index + 1), hidden: false, grid })
            .collect();
        Ok(Document {
            paragraphs: self.paragraphs,
            tables,
            has_text: self.has_text,
            images: self.images,
            ..Document::default()
        })
    }
}

/// A table being read.
struct Table {
    order: usize,
    cells: Vec<Cell>,
    merges: Vec<Span>,
    /// The row being read; `None` before the first.
    row: Option<u32>,
    column: u32,
    /// For each column, the first row that no cell from above reaches into.
    free_from: Vec<u32>,
    /// The cell being read: its place.
    cell: Option<(u32, u32)>,
    text: String,
    /// The number behind what the cell shows, where Excel wrote the page (`x:num`).
    kept: Option<Decimal>,
}

impl Table {
    fn new(order: usize) -> Self {
        Self {
            order,
            cells: Vec::new(),
            merges: Vec::new(),
            row: None,
            column: 0,
            free_from: Vec::new(),
            cell: None,
            text: String::new(),
            kept: None,
        }
    }

    /// Text outside cells (a caption, stray words) is left out, as nothing tells where it belongs.
    fn text(&mut self, text: &str) {
        if self.cell.is_some() {
            push_collapsed(&mut self.text, text);
        }
    }

    fn start_row(&mut self, left_over: &mut Left) {
        self.end_cell(left_over);
        self.row = Some(self.row.map_or(0, |row| row.saturating_add(1)));
        self.column = 0;
    }

    fn start_cell(&mut self, across: u32, down: u32, left_over: &mut Left) {
        self.end_cell(left_over);
        // A cell that no row holds begins one.
        let row = *self.row.get_or_insert(0);
        let before = self.column;
        while self.reached(self.column, row) {
            self.column += 1;
        }
        let left = self.column;
        // A wide cell stops before one that reaches down from above.
        let mut right = left;
        while right - left + 1 < across && !self.reached(right + 1, row) {
            right += 1;
        }
        let steps = usize::try_from(right - before).unwrap_or(usize::MAX);
        left_over.steps = left_over.steps.saturating_sub(steps);
        if left_over.steps == 0 {
            left_over.cut = true;
            return;
        }
        let bottom = row.saturating_add(down - 1);
        // Columns beyond any real form are not kept in mind.
        if right < 20_000 && down > 1 {
            let width = usize::try_from(right).unwrap_or(0) + 1;
            if self.free_from.len() < width {
                self.free_from.resize(width, 0);
            }
            for column in self.free_from.iter_mut().take(width).skip(usize::try_from(left).unwrap_or(0)) {
                *column = bottom.saturating_add(1);
            }
        }
        if (bottom > row || right > left) && self.merges.len() < MERGES {
            self.merges.push(Span { top: row, left, bottom, right });
        }
        self.cell = Some((row, left));
        self.column = right.saturating_add(1);
    }

    /// Whether a cell of a row above reaches into this place.
    fn reached(&self, column: u32, row: u32) -> bool {
        usize::try_from(column).ok().and_then(|column| self.free_from.get(column)).is_some_and(|free| *free > row)
    }

    fn end_cell(&mut self, left_over: &mut Left) {
        let text = std::mem::take(&mut self.text);
        let kept = self.kept.take();
        let Some((row, column)) = self.cell.take() else { return };
        let text = text.trim();
        left_over.cut |= !text.is_empty() && left_over.cells == 0;
        if !text.is_empty() && left_over.cells > 0 {
            left_over.cells -= 1;
            let lines: Vec<&str> = text.split('\n').map(str::trim).collect();
            let shown = || CellValue::Text(lines.join("\n"));
            let value = kept.filter(|kept| is_rounded(text, *kept)).map_or_else(shown, CellValue::Number);
            self.cells.push(Cell { row, column, value });
        }
    }
}

/// Whether a text is this number rounded for display. A date or a word shown for a number is what a person means.
fn is_rounded(text: &str, kept: Decimal) -> bool {
    let bare: String = text.chars().filter(|character| *character != ',').collect();
    let plain = bare.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
    let Some(shown) = Decimal::from_str_exact(&bare).ok().filter(|_| plain) else { return false };
    shown != kept && kept.round_dp_with_strategy(shown.scale(), RoundingStrategy::MidpointAwayFromZero) == shown
}

/// Adds text as a browser shows it: runs of blanks are one, no-break spaces are blanks, nothing at a line's start.
fn push_collapsed(into: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            ' ' | '\t' | '\n' | '\r' | '\u{c}' => {
                if !into.is_empty() && !into.ends_with([' ', '\n']) {
                    into.push(' ');
                }
            }
            '\u{a0}' => into.push(' '),
            '\u{200b}' | '\u{feff}' | '\u{ad}' => {}
            _ => into.push(character),
        }
    }
}

#[cfg(test)]
mod tests;
