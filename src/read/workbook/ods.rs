//! ods by our own streaming reader: calamine tells no merged areas, lays repeated rows out in memory, and does not
//! return from a table that is cut off.
//!
//! Source: ODF 1.2 part 1, 9.1 (tables), 19.385 (`office:value` and its kin), 6.1 (text).

mod formula;

use std::collections::HashMap;
use std::str::FromStr as _;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use rust_decimal::Decimal;

use super::package::{Package, damaged, password_protected, too_large};
use super::{Budget, MERGES, SHEETS, iso_date, number_of, xml};
use crate::model::grid::{Cell, CellValue, Formula, Grid, Sheet, Span};
use crate::model::mail::Oddity;
use crate::read::limits::Limits;

/// Reads every table of the spreadsheet.
///
/// # Errors
/// `PasswordProtected`, `Damaged`, `TooLarge`, `Bomb`.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Vec<Sheet>, Oddity> {
    let mut package = Package::open(bytes, limits)?;
    if let Some(manifest) = package.member("META-INF/manifest.xml")?
        && xml::decode(&manifest).contains("encryption-data")
    {
        return Err(password_protected());
    }
    let content = package.member("content.xml")?.ok_or_else(damaged)?;
    tables(&xml::decode(&content), limits)
}

/// Whether this is a spreadsheet in one XML file (`.fods`; OpenDocument 1.2 part 1, 3.1.2).
pub(crate) fn is_flat(text: &str) -> bool {
    let head: String = text.chars().take(8_192).collect();
    head.contains("office:document") && head.contains("application/vnd.oasis.opendocument.spreadsheet")
}

/// Reads every table of a spreadsheet's content.
///
/// # Errors
/// `Damaged`, `TooLarge`.
pub(crate) fn tables(text: &str, limits: &Limits) -> Result<Vec<Sheet>, Oddity> {
    Tables { reader: xml::reader(text), budget: Budget::new(limits), hidden_styles: HashMap::new(), sheets: Vec::new() }
        .read()
}

struct Tables<'a> {
    reader: Reader<&'a [u8]>,
    budget: Budget,
    /// Whether a table style hides its table.
    hidden_styles: HashMap<String, bool>,
    sheets: Vec<Sheet>,
}

/// The table being read.
#[derive(Default)]
struct Table {
    cells: Vec<Cell>,
    merges: Vec<Span>,
    formulas: Vec<Formula>,
    /// The next row.
    row: u32,
    /// The next column in the row being read.
    column: u32,
    /// How often the row being read stands there.
    repeated: u32,
    /// Where the row's cells start in `cells`.
    row_start: usize,
}

impl Tables<'_> {
    fn read(mut self) -> Result<Vec<Sheet>, Oddity> {
        let mut style = String::new();
        loop {
            match self.reader.read_event() {
                Ok(Event::Start(element)) => match element.local_name().as_ref() {
                    "style" => style = xml::attribute(&element, "name").unwrap_or_default(),
                    "table-properties" => {
                        let shown = xml::attribute(&element, "display").is_none_or(|display| display.trim() != "false");
                        self.hidden_styles.insert(style.clone(), !shown);
                    }
                    "tracked-changes" | "dde-links" => self.skip(&element)?,
                    "table" => self.table(&element)?,
                    _ => {}
                },
                Ok(Event::Eof) => return Ok(self.sheets),
                Ok(_) => {}
                Err(_) => return Err(damaged()),
            }
        }
    }

    fn skip(&mut self, element: &BytesStart<'_>) -> Result<(), Oddity> {
        self.reader.read_to_end(element.name()).map(|_| ()).map_err(|_| damaged())
    }

    fn table(&mut self, element: &BytesStart<'_>) -> Result<(), Oddity> {
        if self.sheets.len() >= SHEETS {
            return Err(too_large());
        }
        let name = xml::attribute(element, "name").unwrap_or_default();
        let hidden = xml::attribute(element, "style-name")
            .is_some_and(|style| self.hidden_styles.get(&style).copied().unwrap_or(false));
        // A row that ends without having begun still is one row.
        let mut table = Table { repeated: 1, ..Table::default() };
        loop {
            match self.reader.read_event() {
                Ok(Event::Start(element)) => match element.local_name().as_ref() {
                    "table-row" => {
                        table.column = 0;
                        table.repeated = xml::number(&element, "number-rows-repeated", 1).max(1);
                        table.row_start = table.cells.len();
                    }
                    "table-cell" | "covered-table-cell" => self.cell(&element, &mut table)?,
                    // Drawings and forms beside the cells may hold tables of their own.
                    "shapes" | "forms" | "named-expressions" => self.skip(&element)?,
                    _ => {}
                },
                Ok(Event::End(element)) => match element.local_name().as_ref() {
                    "table-row" => table.end_row(&mut self.budget)?,
                    "table" => break,
                    _ => {}
                },
                Ok(Event::Eof) | Err(_) => return Err(damaged()),
                Ok(_) => {}
            }
        }
        self.sheets.push(Sheet {
            name,
            hidden,
            grid: Grid::new(table.cells, table.merges).with_formulas(table.formulas),
        });
        Ok(())
    }

    fn cell(&mut self, element: &BytesStart<'_>, table: &mut Table) -> Result<(), Oddity> {
        let covered = element.local_name().as_ref() == "covered-table-cell";
        let repeated = xml::number(element, "number-columns-repeated", 1).max(1);
        let across = xml::number(element, "number-columns-spanned", 1).clamp(1, 16_384);
        let down = xml::number(element, "number-rows-spanned", 1).clamp(1, 1_048_576);
        let typed = Typed::of(element);
        let formula = typed.formula.clone();
        let text = self.text(element)?;
        let value = typed.value(text);
        if let Some(value) = value.filter(|_| !covered) {
            let copies = usize::try_from(repeated).unwrap_or(usize::MAX);
            self.budget.take(copies)?;
            self.budget.take_text(&value, copies)?;
            if let Some(text) = formula.filter(|_| !matches!(value, CellValue::Uncomputed(_))) {
                self.budget.take_formula(&text)?;
                table.formulas.push(Formula { row: table.row, column: table.column, text });
            }
            for column in (table.column..).take(copies) {
                table.cells.push(Cell { row: table.row, column, value: value.clone() });
            }
        }
        if across > 1 || down > 1 {
            if table.merges.len() >= MERGES {
                return Err(too_large());
            }
            let (top, left) = (table.row, table.column);
            let (bottom, right) = (top.saturating_add(down - 1), left.saturating_add(across - 1));
            table.merges.push(Span { top, left, bottom, right });
        }
        table.column = table.column.saturating_add(repeated);
        Ok(())
    }

    /// The paragraphs of a cell, its notes left out.
    fn text(&mut self, cell: &BytesStart<'_>) -> Result<String, Oddity> {
        let mut text = String::new();
        let mut paragraphs = 0_usize;
        let mut depth = 0_usize;
        loop {
            match self.reader.read_event() {
                Ok(Event::Start(element)) => {
                    match element.local_name().as_ref() {
                        "annotation" => {
                            self.skip(&element)?;
                            continue;
                        }
                        "p" | "h" => {
                            if paragraphs > 0 {
                                text.push('\n');
                            }
                            paragraphs += 1;
                        }
                        "s" => {
                            let spaces = xml::number(&element, "c", 1).min(1000);
                            text.extend(std::iter::repeat_n(' ', usize::try_from(spaces).unwrap_or(1)));
                        }
                        "tab" => text.push('\t'),
                        "line-break" => text.push('\n'),
                        _ => {}
                    }
                    depth += 1;
                }
                Ok(Event::Text(characters)) if paragraphs > 0 => text.push_str(&characters.xml10_content()),
                Ok(Event::CData(characters)) if paragraphs > 0 => text.push_str(&characters.xml10_content()),
                Ok(Event::GeneralRef(reference)) if paragraphs > 0 => xml::push_reference(&reference, &mut text),
                Ok(Event::End(element)) if depth == 0 && element.name() == cell.name() => return Ok(text),
                Ok(Event::End(_)) => depth = depth.saturating_sub(1),
                Ok(Event::Eof) | Err(_) => return Err(damaged()),
                Ok(_) => {}
            }
        }
    }
}

impl Table {
    /// Ends the row: writes it as often as it is repeated. Only rows with something in them cost anything.
    fn end_row(&mut self, budget: &mut Budget) -> Result<(), Oddity> {
        let row: Vec<Cell> = self.cells.get(self.row_start..).unwrap_or_default().to_vec();
        if !row.is_empty() {
            let copies = usize::try_from(self.repeated - 1).unwrap_or(usize::MAX);
            budget.take(row.len().saturating_mul(copies))?;
            for cell in &row {
                budget.take_text(&cell.value, copies)?;
            }
            for offset in 1..self.repeated {
                let copied = |cell: &Cell| Cell { row: cell.row.saturating_add(offset), ..cell.clone() };
                self.cells.extend(row.iter().map(copied));
            }
        }
        self.row = self.row.saturating_add(self.repeated);
        self.row_start = self.cells.len();
        Ok(())
    }
}

/// A cell's declared type and value.
struct Typed {
    kind: String,
    value: Option<String>,
    formula: Option<String>,
}

impl Typed {
    fn of(element: &BytesStart<'_>) -> Self {
        let kind = xml::attribute(element, "value-type").unwrap_or_default();
        let named = match kind.as_str() {
            "date" => "date-value",
            "boolean" => "boolean-value",
            "string" => "string-value",
            "time" => "time-value",
            _ => "value",
        };
        Self {
            value: xml::attribute(element, named),
            formula: xml::attribute(element, "formula").map(|formula| formula::as_excel(&formula)),
            kind,
        }
    }

    /// The value, given the text that is shown; nothing for an empty cell.
    fn value(self, shown: String) -> Option<CellValue> {
        match (self.kind.as_str(), self.value) {
            ("float" | "currency" | "percentage", Some(value)) => Some(number_in(&value)),
            ("date", Some(value)) => Some(iso_date(&value).map_or(CellValue::Text(value), CellValue::Date)),
            ("boolean", Some(value)) => Some(CellValue::Flag(value.trim() == "true")),
            // A formula's error is kept as shown text by LibreOffice (`#DIV/0!`, `Err:502`), beside an empty value.
            ("string" | "", _) if self.formula.is_some() && is_error(&shown) => Some(CellValue::Failed(shown)),
            ("string", Some(value)) if !value.is_empty() => Some(CellValue::Text(value)),
            ("", None) if shown.trim().is_empty() => self.formula.map(CellValue::Uncomputed),
            _ => Some(CellValue::Text(shown)),
        }
    }
}

fn is_error(shown: &str) -> bool {
    shown.starts_with("Err:") || (shown.starts_with('#') && shown.ends_with(['!', '?', 'A']))
}

/// `office:value` is the shortest text of a double: it goes the way of a double where it has more digits than typed.
fn number_in(value: &str) -> CellValue {
    let value = value.trim();
    match value.parse::<f64>() {
        Ok(float) => number_of(float),
        Err(_) => Decimal::from_str(value).map_or_else(|_| CellValue::Text(value.to_owned()), CellValue::Number),
    }
}
