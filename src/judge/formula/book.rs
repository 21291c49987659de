//! A workbook whose formulas are worked out one by one, each at most once, in bounded time and depth.

use std::cell::{Cell as Counter, RefCell};
use std::collections::{HashMap, HashSet};

use rust_decimal::Decimal;

use super::CONTRADICTED;
use super::evaluate::Evaluation;
use super::parse::{Area, parse};
use super::value::{Exact, Value};
use crate::judge::numerals::plain_decimal;
use crate::model::grid::{Cell, CellValue, Sheet};

/// Sheet, row and column, from 0.
pub(super) type Place = (usize, u32, u32);

/// Cells and parts of formulas looked at in one workbook.
const MOST_STEPS: u32 = 2_000_000;

/// Parts of formulas within one another, through all the cells they lead to.
const DEEPEST: u32 = 600;

pub(super) struct Book<'a> {
    sheets: &'a [Sheet],
    by_name: HashMap<String, usize>,
    /// What cells with formulas were found to hold; nothing where that cannot be told.
    known: RefCell<HashMap<Place, CellValue>>,
    /// The cells being worked out.
    open: RefCell<HashSet<Place>>,
    steps: Counter<u32>,
    depth: Counter<u32>,
    /// Whether a bound ended what was being worked out.
    cut_short: Counter<bool>,
}

impl<'a> Book<'a> {
    pub(super) fn new(sheets: &'a [Sheet]) -> Self {
        let by_name =
            sheets.iter().enumerate().rev().map(|(index, sheet)| (sheet.name.to_lowercase(), index)).collect();
        Self {
            sheets,
            by_name,
            known: RefCell::default(),
            open: RefCell::default(),
            steps: Counter::new(0),
            depth: Counter::new(0),
            cut_short: Counter::new(false),
        }
    }

    /// What the cell with a formula at this place holds, or `None` where a bound was met on the way to it.
    pub(super) fn settle(&self, place: Place) -> Option<CellValue> {
        self.cut_short.set(false);
        self.depth.set(0);
        self.holds(place)
    }

    /// Counts one step down; `None` at the bounds.
    pub(super) fn enter(&self) -> Option<()> {
        self.step()?;
        self.depth.set(self.depth.get() + 1);
        let fits = self.depth.get() <= DEEPEST;
        if !fits {
            self.cut_short.set(true);
        }
        fits.then_some(())
    }

    pub(super) fn leave(&self) {
        self.depth.set(self.depth.get().saturating_sub(1));
    }

    fn step(&self) -> Option<()> {
        self.steps.set(self.steps.get().saturating_add(1));
        let fits = self.steps.get() <= MOST_STEPS;
        if !fits {
            self.cut_short.set(true);
        }
        fits.then_some(())
    }

    /// The value of one cell, as formulas see it.
    pub(super) fn value(&self, place: Place) -> Option<Value> {
        self.step()?;
        let (sheet, row, column) = place;
        let grid = &self.sheets.get(sheet)?.grid;
        let Some(cell) = grid.at(row, column) else { return Some(Value::Blank) };
        let has_formula = matches!(cell.value, CellValue::Uncomputed(_)) || grid.formula_at(row, column).is_some();
        if has_formula { seen(&self.holds(place)?) } else { seen(&cell.value) }
    }

    /// The used cells of an area by their places.
    pub(super) fn used(&self, area: &Area, here: usize) -> Option<Vec<Place>> {
        let sheet = self.sheet(area, here)?;
        let cells = self.sheets.get(sheet)?.grid.cells();
        let start = cells.partition_point(|cell| cell.row < area.top);
        let mut places = Vec::new();
        for cell in cells.get(start..)?.iter().take_while(|cell| cell.row <= area.bottom) {
            self.step()?;
            if (area.left..=area.right).contains(&cell.column) {
                places.push((sheet, cell.row, cell.column));
            }
        }
        Some(places)
    }

    /// Which sheet an area is on.
    pub(super) fn sheet(&self, area: &Area, here: usize) -> Option<usize> {
        match &area.sheet {
            None => Some(here),
            Some(name) => self.by_name.get(&name.to_lowercase()).copied(),
        }
    }

    fn holds(&self, place: Place) -> Option<CellValue> {
        if let Some(known) = self.known.borrow().get(&place) {
            return Some(known.clone());
        }
        let (sheet, row, column) = place;
        let grid = &self.sheets.get(sheet)?.grid;
        let cell = grid.at(row, column)?;
        let formula = match &cell.value {
            CellValue::Uncomputed(formula) => formula,
            _ => grid.formula_at(row, column)?,
        };
        if !self.open.borrow_mut().insert(place) {
            // A circle.
            return Some(CellValue::Uncomputed(formula.to_owned()));
        }
        let found = parse(formula).and_then(|expression| Evaluation { book: self, sheet }.value(&expression));
        self.open.borrow_mut().remove(&place);
        if found.is_none() && self.cut_short.get() {
            return None;
        }
        let settled = settled(cell, found);
        self.known.borrow_mut().insert(place, settled.clone());
        Some(settled)
    }
}

/// A cell's value as formulas see it; `None` where that cannot be told.
fn seen(value: &CellValue) -> Option<Value> {
    match value {
        CellValue::Number(number) => Some(Value::Number(Exact::of(*number))),
        CellValue::Text(text) => Some(Value::Text(text.clone())),
        CellValue::Flag(flag) => Some(Value::Flag(*flag)),
        CellValue::Failed(why) => (why != CONTRADICTED).then_some(Value::Error),
        CellValue::Date(_) | CellValue::Uncomputed(_) => None,
    }
}

/// What a cell holds, given what its formula was found to come to.
fn settled(cell: &Cell, found: Option<Value>) -> CellValue {
    let kept = cell.value.clone();
    let Some(found) = found else { return kept };
    let worked_out = match &found {
        Value::Number(number) if number.exact => Some(CellValue::Number(number.value.normalize())),
        Value::Number(_) => None,
        Value::Text(text) => Some(CellValue::Text(text.clone())),
        Value::Flag(flag) => Some(CellValue::Flag(*flag)),
        // A reference to an empty cell shows 0.
        Value::Blank => Some(CellValue::Number(Decimal::ZERO)),
        Value::Error => Some(CellValue::Failed("#VALUE!".to_owned())),
    };
    match (&kept, &found) {
        (CellValue::Uncomputed(_), _) => worked_out.unwrap_or(kept),
        (CellValue::Number(number), Value::Number(Exact { value, .. })) if near(*number, *value) => {
            worked_out.unwrap_or(kept)
        }
        (CellValue::Number(number), Value::Blank) if number.is_zero() => kept,
        (CellValue::Number(number), _) if number.is_zero() => {
            worked_out.unwrap_or_else(|| CellValue::Failed(CONTRADICTED.to_owned()))
        }
        (CellValue::Text(text), Value::Number(Exact { value, .. }))
            if plain_decimal(text).is_some_and(|kept| near(kept, *value)) =>
        {
            worked_out.unwrap_or(kept)
        }
        (CellValue::Number(_), _) | (CellValue::Text(_), Value::Number(_)) => {
            CellValue::Failed(CONTRADICTED.to_owned())
        }
        _ => kept,
    }
}

/// Whether two numbers are one but for what a float leaves over.
fn near(one: Decimal, other: Decimal) -> bool {
    let Some(apart) = one.checked_sub(other) else { return false };
    let size = one.abs().max(other.abs());
    let allowed = size.checked_mul(Decimal::new(1, 9)).unwrap_or_default() + Decimal::new(1, 7);
    apart.abs() <= allowed
}
