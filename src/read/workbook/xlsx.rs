//! xlsx, streamed cell by cell: a sheet costs what it holds, whatever size it declares.

use std::collections::HashMap;
use std::io::Cursor;

use calamine::{Reader as _, SheetType, SheetVisible, Xlsx, XlsxError, XlsxFormulaMetadata, expand_shared_formula};
use quick_xml::events::Event;

use super::package::{self, Package, damaged, password_protected, too_large};
use super::{Budget, SHEETS, spans_of, value_of, xml};
use crate::model::grid::{Cell, CellValue, Formula, Grid, Sheet};
use crate::model::mail::{Oddity, OddityCode};
use crate::read::limits::Limits;

/// Reads every worksheet.
///
/// # Errors
/// `PasswordProtected`, `Damaged`, `TooLarge`, `Bomb`.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Vec<Sheet>, Oddity> {
    let results = check(bytes, limits)?;
    let mut failure = match sheets(bytes, results, limits) {
        Ok(sheets) => return Ok(sheets),
        Err(Failure::Odd(oddity)) if oddity.code == OddityCode::Damaged => {
            let plain = package::made_plain(bytes, limits)?;
            return sheets(&plain, results, limits).map_err(Failure::oddity);
        }
        Err(failure) => failure,
    };
    // calamine gives a whole sheet up for one error value it does not know, such as Excel 365's #SPILL!.
    let mut known = std::borrow::Cow::Borrowed(bytes);
    for _ in 0..UNKNOWN_ERRORS {
        let Failure::UnknownError(name) = failure else { break };
        known = package::with_text_replaced(&known, &format!(">{name}<"), ">#VALUE!<", limits)?.into();
        match sheets(&known, results, limits) {
            Ok(sheets) => return Ok(sheets),
            Err(next) => failure = next,
        }
    }
    Err(failure.oddity())
}

/// How many kinds of error value that are new to the library a file may have.
const UNKNOWN_ERRORS: usize = 8;

/// Why a file was not read.
enum Failure {
    /// An error value the library does not know.
    UnknownError(String),
    Odd(Oddity),
}

impl Failure {
    fn oddity(self) -> Oddity {
        match self {
            Self::UnknownError(_) => damaged(),
            Self::Odd(oddity) => oddity,
        }
    }
}

impl From<XlsxError> for Failure {
    fn from(error: XlsxError) -> Self {
        match error {
            XlsxError::Password => Self::Odd(password_protected()),
            XlsxError::CellError(name) => Self::UnknownError(name),
            _ => Self::Odd(damaged()),
        }
    }
}

impl From<Oddity> for Failure {
    fn from(oddity: Oddity) -> Self {
        Self::Odd(oddity)
    }
}

fn sheets(bytes: &[u8], results: Results, limits: &Limits) -> Result<Vec<Sheet>, Failure> {
    let mut workbook = Xlsx::new(Cursor::new(bytes))?;
    let listed: Vec<_> = workbook.sheets_metadata().to_vec();
    if listed.len() > SHEETS {
        return Err(too_large().into());
    }
    let mut budget = Budget::new(limits);
    let mut sheets = Vec::new();
    for sheet in listed.into_iter().filter(|sheet| sheet.typ == SheetType::WorkSheet) {
        let Some(grid) = grid(&mut workbook, &sheet.name, results, &mut budget)? else { continue };
        let hidden = sheet.visible != SheetVisible::Visible;
        sheets.push(Sheet { name: sheet.name, hidden, grid });
    }
    Ok(sheets)
}

/// The cells of one sheet, or `None` where it turns out to be no worksheet.
fn grid(
    workbook: &mut Xlsx<Cursor<&[u8]>>,
    name: &str,
    results: Results,
    budget: &mut Budget,
) -> Result<Option<Grid>, Failure> {
    let mut reader = match workbook.worksheet_cells_reader(name) {
        Ok(reader) => reader,
        Err(XlsxError::NotAWorksheet(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let (mut cells, mut formulas) = (Vec::new(), Vec::new());
    // Only the first cell of a shared formula carries its text. calamine would expand it for the others, but keeps them
    // in a list as long as the highest index the file claims.
    let mut shared: HashMap<usize, ((u32, u32), String)> = HashMap::new();
    while let Some(record) = reader.next_cell_with_formula_metadata()? {
        budget.take(1)?;
        let formula = match record.formula {
            Some(XlsxFormulaMetadata::Normal { formula }) => Some(formula),
            Some(XlsxFormulaMetadata::Shared { shared_index, formula, .. }) => {
                shared.insert(shared_index, (record.pos, formula.clone()));
                Some(formula)
            }
            Some(XlsxFormulaMetadata::SharedDerived { shared_index }) => {
                let template = shared.get(&shared_index);
                let expanded = template.and_then(|(start, text)| expand_shared_formula(text, *start, record.pos).ok());
                Some(expanded.unwrap_or_default())
            }
            _ => None,
        };
        let (row, column) = record.pos;
        let value = match (value_of(&record.value), formula) {
            (None, Some(formula)) => Some(CellValue::Uncomputed(formula)),
            (Some(CellValue::Number(zero)), Some(formula)) if results.at_opening && zero.is_zero() => {
                Some(CellValue::Uncomputed(formula))
            }
            (value, formula) => {
                if let Some(text) = formula.filter(|_| !results.as_displayed) {
                    budget.take_formula(&text)?;
                    formulas.push(Formula { row, column, text });
                }
                value
            }
        };
        if let Some(value) = value {
            budget.take_text(&value, 1)?;
            cells.push(Cell { row, column, value });
        }
    }
    drop(reader);
    let merges = workbook.merge_cells_by_sheet_name(name)?;
    let merges = spans_of(merges.iter().map(|area| (area.start, area.end)))?;
    Ok(Some(Grid::new(cells, merges).with_formulas(formulas)))
}

/// What the workbook says of the results kept beside its formulas (`calcPr`, ECMA-376 part 1, 18.2.2).
#[derive(Clone, Copy, Default)]
struct Results {
    /// `fullCalcOnLoad`: Excel computes all of them when it opens the file. Writers that cannot compute set it, and keep
    /// a 0 for each formula, so a 0 tells nothing.
    at_opening: bool,
    /// `fullPrecision="0"`: Excel computes with what is displayed, so results differ from those of what is kept.
    as_displayed: bool,
}

impl Results {
    fn of(workbook_part: &[u8]) -> Self {
        let text = xml::decode(workbook_part);
        let mut reader = xml::reader(&text);
        loop {
            match reader.read_event() {
                Ok(Event::Start(element)) if element.local_name().as_ref() == "calcPr" => {
                    let says = |name: &str, values: [&str; 2]| {
                        xml::attribute(&element, name).is_some_and(|value| values.contains(&value.trim()))
                    };
                    return Self {
                        at_opening: says("fullCalcOnLoad", ["1", "true"]),
                        as_displayed: says("fullPrecision", ["0", "false"]),
                    };
                }
                Ok(Event::Eof) | Err(_) => return Self::default(),
                Ok(_) => {}
            }
        }
    }
}

/// What must hold before calamine sees the file: it stays within the limits when unpacked, and the table of shared
/// strings does not claim more of them than it has room for (calamine reserves memory for the claim:
/// tafia/calamine#684).
fn check(bytes: &[u8], limits: &Limits) -> Result<Results, Oddity> {
    let mut package = Package::open(bytes, limits)?;
    let mut results = Results::default();
    for name in package.names() {
        // Every member, whatever its name: a relationship may point at any of them.
        let member = package.read(&name)?;
        if name.to_lowercase().ends_with("sharedstrings.xml")
            && claimed_strings(&member) > (member.len() / 5).min(limits.cells)
        {
            return Err(damaged());
        }
        if name.to_lowercase().ends_with("workbook.xml") {
            results = Results::of(&member);
        }
    }
    Ok(results)
}

/// How many strings the table says it has; the shortest possible one, `<si/>`, takes five bytes.
fn claimed_strings(member: &[u8]) -> usize {
    let text = xml::decode(member);
    let mut reader = xml::reader(&text);
    loop {
        match reader.read_event() {
            Ok(Event::Start(element)) if element.local_name().as_ref() == "sst" => {
                return xml::attribute(&element, "uniqueCount")
                    .and_then(|count| count.trim().parse().ok())
                    .unwrap_or(0);
            }
            Ok(Event::Eof) | Err(_) => return 0,
            Ok(_) => {}
        }
    }
}
