//! Tables and documents as every reader hands them over: cells with places, paragraphs in order.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::mail::Address;

/// One sheet of a workbook, or one table of a document or body.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sheet {
    /// The sheet's name; for tables in documents `表1`, `表2`, ….
    pub name: String,
    pub hidden: bool,
    pub grid: Grid,
}

/// Cells by row and column, both counted from 0 as in the file, with the merged areas.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Grid {
    /// Used cells only, by row, then column; a place at most once.
    cells: Vec<Cell>,
    merges: Vec<Span>,
    /// Formulas behind cells whose result the file keeps, by place.
    formulas: Vec<Formula>,
}

/// The formula behind a cell whose result the file keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Formula {
    pub row: u32,
    pub column: u32,
    /// As Excel writes it in English, without the `=`.
    pub text: String,
}

/// A used cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    pub row: u32,
    pub column: u32,
    pub value: CellValue,
}

/// What stands in a cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CellValue {
    Text(String),
    /// A number, mended of float artefacts (`12345.670000000001` is `12345.67`).
    Number(Decimal),
    Date(NaiveDate),
    Flag(bool),
    /// A formula's error such as `#DIV/0!`.
    Failed(String),
    /// A formula without a cached value; its text.
    Uncomputed(String),
}

/// A merged area, bounds inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    pub top: u32,
    pub left: u32,
    pub bottom: u32,
    pub right: u32,
}

impl Span {
    #[must_use]
    pub fn covers(&self, row: u32, column: u32) -> bool {
        (self.top..=self.bottom).contains(&row) && (self.left..=self.right).contains(&column)
    }
}

impl Grid {
    /// Puts cells in order; of two at one place the first stands, and blank text is no cell.
    #[must_use]
    pub fn new(mut cells: Vec<Cell>, merges: Vec<Span>) -> Self {
        cells.retain(|cell| !matches!(&cell.value, CellValue::Text(text) if text.trim().is_empty()));
        cells.sort_by_key(|cell| (cell.row, cell.column));
        cells.dedup_by_key(|cell| (cell.row, cell.column));
        Self { cells, merges, formulas: Vec::new() }
    }

    /// With the formulas behind its kept results; of two at one place the first stands.
    #[must_use]
    pub fn with_formulas(mut self, mut formulas: Vec<Formula>) -> Self {
        formulas.sort_by_key(|formula| (formula.row, formula.column));
        formulas.dedup_by_key(|formula| (formula.row, formula.column));
        self.formulas = formulas;
        self
    }

    #[must_use]
    pub fn formulas(&self) -> &[Formula] {
        &self.formulas
    }

    /// The formula behind the kept result at this place.
    #[must_use]
    pub fn formula_at(&self, row: u32, column: u32) -> Option<&str> {
        let index = self.formulas.binary_search_by_key(&(row, column), |formula| (formula.row, formula.column)).ok()?;
        self.formulas.get(index).map(|formula| formula.text.as_str())
    }

    #[must_use]
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    #[must_use]
    pub fn merges(&self) -> &[Span] {
        &self.merges
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// The cell that stands exactly here; a cell covered by a merge is `None` but at its top left corner.
    #[must_use]
    pub fn at(&self, row: u32, column: u32) -> Option<&Cell> {
        self.cells
            .binary_search_by_key(&(row, column), |cell| (cell.row, cell.column))
            .ok()
            .and_then(|index| self.cells.get(index))
    }

    /// The merged area over this place, if any.
    #[must_use]
    pub fn span_at(&self, row: u32, column: u32) -> Option<&Span> {
        self.merges.iter().find(|span| span.covers(row, column))
    }

    /// The cell seen at this place: of a merged area, its top left one.
    #[must_use]
    pub fn seen_at(&self, row: u32, column: u32) -> Option<&Cell> {
        match self.span_at(row, column) {
            Some(span) => self.at(span.top, span.left),
            None => self.at(row, column),
        }
    }

    /// The used cells of one row, left to right.
    #[must_use]
    pub fn row(&self, row: u32) -> &[Cell] {
        let start = self.cells.partition_point(|cell| cell.row < row);
        let end = self.cells.partition_point(|cell| cell.row <= row);
        self.cells.get(start..end).unwrap_or_default()
    }

    /// The rows of this span (`to` exclusive) in which anything stands, from the top.
    pub fn used_rows(&self, from: u32, to: u32) -> impl Iterator<Item = u32> + '_ {
        let mut next = from;
        std::iter::from_fn(move || {
            let start = self.cells.partition_point(|cell| cell.row < next);
            let row = self.cells.get(start)?.row;
            next = row.saturating_add(1);
            (row < to).then_some(row)
        })
    }

    /// The last used row, or `None` in an empty grid.
    #[must_use]
    pub fn last_row(&self) -> Option<u32> {
        self.cells.last().map(|cell| cell.row)
    }
}

impl CellValue {
    /// What a person would read in the cell (a number without separators, a date as `2021-08-05`).
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Text(text) => text.trim().to_owned(),
            Self::Number(number) => number.to_string(),
            Self::Date(date) => date.format("%Y-%m-%d").to_string(),
            Self::Flag(flag) => if *flag { "TRUE" } else { "FALSE" }.to_owned(),
            Self::Failed(error) => error.clone(),
            Self::Uncomputed(formula) => format!("={formula}"),
        }
    }
}

/// The name Excel gives a place counted from 0: (5, 13) is `N6`.
#[must_use]
pub fn cell_name(row: u32, column: u32) -> String {
    let mut letters = Vec::new();
    let mut rest = u64::from(column) + 1;
    while rest > 0 {
        let digit = u8::try_from((rest - 1) % 26).unwrap_or(0);
        letters.push(char::from(b'A' + digit));
        rest = (rest - 1) / 26;
    }
    let letters: String = letters.into_iter().rev().collect();
    format!("{letters}{}", u64::from(row) + 1)
}

/// The place, counted from 0, that [`cell_name`] names so; `None` where the text is no such name.
#[must_use]
pub fn cell_place(name: &str) -> Option<(u32, u32)> {
    let digits = name.find(|character: char| character.is_ascii_digit())?;
    let (letters, digits) = name.split_at_checked(digits)?;
    let is_name = (1..=3).contains(&letters.len())
        && letters.bytes().all(|letter| letter.is_ascii_uppercase())
        && digits.bytes().all(|digit| digit.is_ascii_digit());
    if !is_name {
        return None;
    }
    let column = letters.bytes().fold(0_u32, |column, letter| column * 26 + u32::from(letter - b'A') + 1);
    let row: u32 = digits.parse().ok()?;
    Some((row.checked_sub(1)?, column.checked_sub(1)?))
}

/// A text document: its paragraphs in reading order and its tables beside them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// Paragraphs outside tables, trimmed, none empty.
    pub paragraphs: Vec<String>,
    pub tables: Vec<Sheet>,
    /// Pages, where the format tells.
    pub pages: Option<u32>,
    /// Whether there is any text; `false` for a scan.
    pub has_text: bool,
    /// Pictures that stand in it.
    pub images: u32,
    /// What looks like a table but could not be read as one for certain: a sentence each, for a person.
    #[serde(default)]
    pub doubts: Vec<String>,
    /// Who wrote it and about what, where it is the words of a mail inside another.
    #[serde(default)]
    pub letter: Option<LetterHead>,
}

/// The head of a mail inside another.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LetterHead {
    pub from: Vec<Address>,
    pub subject: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_named_as_excel_does() {
        assert_eq!(cell_name(0, 0), "A1");
        assert_eq!(cell_name(5, 13), "N6");
        assert_eq!(cell_name(9, 26), "AA10");
        assert_eq!(cell_name(1_048_575, 16_383), "XFD1048576");
        for place in [(0, 0), (5, 13), (9, 26), (1_048_575, 16_383)] {
            assert_eq!(cell_place(&cell_name(place.0, place.1)), Some(place));
        }
        for name in ["", "A", "6", "N0", "n6", "N6a", "N-6", "ABCD1", "中6", "A99999999999"] {
            assert_eq!(cell_place(name), None, "{name}");
        }
    }

    #[test]
    fn a_merged_area_shows_its_top_left_cell() {
        let span = Span { top: 1, left: 1, bottom: 2, right: 3 };
        let cell = Cell { row: 1, column: 1, value: CellValue::Text("慰问".into()) };
        let grid = Grid::new(vec![cell.clone()], vec![span]);
        assert_eq!(grid.seen_at(2, 3), Some(&cell));
        assert_eq!(grid.at(2, 3), None);
        assert_eq!(grid.seen_at(3, 3), None);
    }
}
