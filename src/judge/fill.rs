//! A table and where its columns stand → its rows, each figure with its cell; what is no row is told apart here.

use std::collections::BTreeMap;

use rust_decimal::{Decimal, RoundingStrategy};

use super::check::column_sum;
use super::figures::{FigureReading, read_figure};
use super::layout::{ColumnPlace, Layout};
use super::rows::{RowKind, SeenAbove, Standing};
use crate::model::form::{Column, ColumnKind, Form};
use crate::model::grid::{Cell, CellValue, Grid, cell_name};
use crate::model::returns::{Filled, Row, Value};

/// A row as it stands in the grid.
#[derive(Clone, Debug, Default)]
pub struct GridRow {
    /// Row of the grid, from 0.
    pub at: u32,
    pub row: Row,
    /// Keys of number cells that hold no number, with why.
    pub faults: BTreeMap<String, String>,
    /// For a cell merged over several rows: the last of them, by key.
    pub reaches: BTreeMap<String, u32>,
    /// Keys of cells that belong to a merged cell begun above.
    pub continued: Vec<String>,
    /// The unit named in the row itself.
    pub unit_name: Option<String>,
    /// Whether it is a sum of only some of the rows (小计).
    pub part_sum: bool,
    /// How many sum rows stand above it.
    pub sums_above: usize,
}

impl GridRow {
    /// Whether anything stands in a column of the form.
    #[must_use]
    pub fn has_values(&self) -> bool {
        !self.faults.is_empty() || self.row.0.values().any(|filled| filled.value.is_some())
    }
}

/// All that stands below one header band.
#[derive(Clone, Debug, Default)]
pub struct FilledTable {
    pub rows: Vec<GridRow>,
    /// Sum rows (合计), with how many of `rows` stand above each.
    pub sums: Vec<(usize, GridRow)>,
    /// The first unit named in a row that holds nothing else.
    pub bare_name: Option<String>,
    /// The first row that is not the table's any more.
    pub end: u32,
}

/// Reads the rows from the header band down to `end` (exclusive).
#[must_use]
pub fn fill(grid: &Grid, layout: &Layout, form: &Form, end: u32) -> FilledTable {
    let mut table = FilledTable { end, ..FilledTable::default() };
    let mut unit_name: Option<String> = None;
    let mut seen = SeenAbove::default();
    let mut last_row = None;
    let sheet = Standing::new(grid, layout, form);
    for row in grid.used_rows(layout.data_start, end) {
        seen.gap |= last_row.is_some_and(|last| row > last + 1);
        last_row = Some(row);
        match sheet.kind_of(row, seen) {
            RowKind::Blank => {
                seen.gap = true;
                table.bare_name = table.bare_name.or_else(|| sheet.unit_in_row(row)).filter(|_| !seen.note);
            }
            RowKind::Numbering => {}
            RowKind::Note => {
                seen.gap = true;
                seen.note = true;
            }
            RowKind::Sum => {
                let part_sum = sheet.is_part_sum(row);
                table.sums.push((table.rows.len(), GridRow { part_sum, ..sheet.read_row(row) }));
                seen.gap = true;
            }
            RowKind::Data => {
                let mut read = sheet.read_row(row);
                if let Some(name) = sheet.unit_in_row(row) {
                    unit_name = Some(name);
                }
                read.unit_name.clone_from(&unit_name);
                read.sums_above = table.sums.len();
                if read.has_values() {
                    seen.rows = true;
                    table.rows.push(read);
                } else if table.bare_name.is_none() {
                    table.bare_name = read.unit_name;
                }
            }
            RowKind::Foreign => {
                table.end = row;
                break;
            }
        }
    }
    lift_unnamed_sum(&mut table, form);
    table
}

/// A last or first row without any words whose figures are all the sums of the other rows is the sum row, only not
/// called so. Beside a single row it must repeat at least three figures to be taken for it.
fn lift_unnamed_sum(table: &mut FilledTable, form: &Form) {
    let last = table.rows.split_last().is_some_and(|(last, above)| sums_up(last, above, form));
    if last && let Some(sum) = table.rows.pop() {
        table.sums.push((table.rows.len(), sum));
        return;
    }
    let first = table.rows.split_first().is_some_and(|(first, below)| sums_up(first, below, form));
    if first && table.sums.is_empty() {
        let sum = table.rows.remove(0);
        table.sums.push((0, sum));
    }
}

fn sums_up(row: &GridRow, others: &[GridRow], form: &Form) -> bool {
    let wordless = row.unit_name.is_none() && row.faults.is_empty() && !has_words(row);
    if !wordless || !others.iter().any(has_words) {
        return false;
    }
    let mut sums = 0;
    for column in form.number_columns() {
        let Some(figure) = row.row.figure(&column.key) else { continue };
        if column_sum(others, &column.key) != Some(figure) {
            return false;
        }
        sums += usize::from(!figure.is_zero());
    }
    sums >= if others.len() > 1 { 2 } else { 3 }
}

fn has_words(row: &GridRow) -> bool {
    row.row.0.values().any(|filled| matches!(filled.value, Some(Value::Words(_))))
}

impl Standing<'_> {
    /// The unit that the row's own column of units names.
    fn unit_in_row(&self, row: u32) -> Option<String> {
        let cell = self.spans.seen(self.grid, row, self.layout.unit_column?)?;
        let name = cell.value.shown().trim_matches(|letter: char| letter.is_whitespace() || letter == '_').to_owned();
        (!name.is_empty()).then_some(name)
    }

    fn read_row(&self, row: u32) -> GridRow {
        let mut read = GridRow { at: row, ..GridRow::default() };
        for column in &self.form.columns {
            let Some(place) = self.layout.columns.get(&column.key) else {
                read.row.0.insert(column.key.clone(), Filled::default());
                continue;
            };
            let filled = self.read_cell(place, column, &mut read);
            read.row.0.insert(column.key.clone(), filled);
        }
        read
    }

    fn read_cell(&self, place: &ColumnPlace, column: &Column, read: &mut GridRow) -> Filled {
        let row = read.at;
        let found: Vec<&Cell> =
            self.grid.row(row).iter().filter(|cell| (place.column..=place.right).contains(&cell.column)).collect();
        let span = self.spans.over(row, place.column);
        if span.is_some_and(|span| span.top < row) {
            read.continued.push(column.key.clone());
        }
        let at = found.first().map_or(place.column, |cell| cell.column);
        let name = Some(cell_name(row, at));
        let Some(first) = found.first() else { return Filled { cell: name, ..Filled::default() } };
        if let Some(span) = span.filter(|span| span.top == row && span.bottom > row) {
            read.reaches.insert(column.key.clone(), span.bottom);
        }
        if column.kind == ColumnKind::Text {
            let words: Vec<String> = found.iter().filter_map(|cell| words_of(&cell.value)).collect();
            let words = words.join(" ");
            let value = Some(words).filter(|words| !words.is_empty()).map(Value::Words);
            return Filled { value, cell: name, written: None };
        }
        let shown = found.iter().map(|cell| cell.value.shown()).collect::<Vec<_>>().join(" ");
        let reading = if found.len() > 1 {
            Err(format!("同一格内有多个内容“{}”，无法确定数字", clipped(&shown)))
        } else {
            figure_of(&first.value, column, self.form)
        };
        match reading.and_then(|figure| figure.map(|figure| counted(figure, column.kind)).transpose()) {
            Ok(None) => Filled { value: None, cell: name, written: None },
            Ok(Some(figure)) => {
                let written = Some(shown).filter(|shown| *shown != figure.to_string());
                Filled { value: Some(Value::Figure(figure)), cell: name, written }
            }
            Err(why) => {
                read.faults.insert(column.key.clone(), why);
                Filled { value: None, cell: name, written: Some(shown) }
            }
        }
    }
}

/// A 分 in 万元.
const DECIMALS_OF_MONEY: u32 = 6;
/// One part in so many: about fifty units in the last place of a double.
const DRIFT: u64 = 100_000_000_000_000;

/// No collection counts so many people: it is a telephone number or an identity card's.
const MOST_PEOPLE: u32 = 1_000_000_000;

/// The figure as it counts: whole numbers of people without the decimals they may have been shown with.
fn counted(figure: Decimal, kind: ColumnKind) -> Result<Decimal, String> {
    if kind != ColumnKind::Count {
        return Ok(figure);
    }
    if figure.abs() >= Decimal::from(MOST_PEOPLE) {
        return Err(format!("填写的是“{figure}”，不像人数，请填写准确数字"));
    }
    Ok(if figure.fract().is_zero() { figure.normalize() } else { figure })
}

/// Sums of floats drift by a few units in their last place, more than a single figure does. What lies that near to six
/// decimals is meant to have no more.
fn without_drift(number: Decimal) -> Decimal {
    let near = number.round_dp_with_strategy(DECIMALS_OF_MONEY, RoundingStrategy::MidpointAwayFromZero).normalize();
    let drift = (number - near).abs();
    let drifted = drift.checked_mul(Decimal::from(DRIFT)).is_some_and(|drift| drift <= number.abs());
    if number.scale() > DECIMALS_OF_MONEY && drifted { near } else { number }
}

/// The figure of a number cell, nothing, or in Chinese words why it is none.
fn figure_of(value: &CellValue, column: &Column, form: &Form) -> Result<Option<Decimal>, String> {
    match value {
        CellValue::Number(number) => Ok(Some(without_drift(*number))),
        CellValue::Text(text) => match read_figure(text, column.kind, form) {
            FigureReading::Empty => Ok(None),
            FigureReading::Value(figure) => Ok(Some(figure)),
            FigureReading::NotANumber => {
                Err(format!("填写的是“{}”，不是确定的数字，请填写准确数字", clipped(text.trim())))
            }
        },
        CellValue::Uncomputed(formula) => {
            Err(format!("是未计算的公式“={}”，请打开后重新保存，或直接填写数字", clipped(formula)))
        }
        CellValue::Failed(error) => Err(format!("的公式出错（{}），请改正公式或直接填写数字", clipped(error))),
        CellValue::Date(_) | CellValue::Flag(_) => {
            Err(format!("填写的是“{}”，不是数字，请填写准确数字", clipped(&value.shown())))
        }
    }
}

fn words_of(value: &CellValue) -> Option<String> {
    match value {
        CellValue::Uncomputed(_) | CellValue::Failed(_) => None,
        other => Some(other.shown()).filter(|words| !words.is_empty()),
    }
}

/// At most 30 characters, in one line.
#[must_use]
pub fn clipped(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut short: String = line.chars().take(30).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    short
}
