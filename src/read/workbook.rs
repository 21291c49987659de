//! Workbooks: xlsx, xls, xlsb and ods become sheets of cells at the places a person sees them.
//!
//! No sheet is trusted to be as large as it says: what is used is counted against [`Limits::cells`] before memory is
//! taken for it. The library underneath can still panic on broken files; the caller holds such a panic.

pub mod number;
pub(crate) mod ods;
pub(crate) mod package;
mod xls;
mod xlsb;
mod xlsx;
pub(crate) mod xml;

use calamine::{DataRef, ExcelDateTime};
use chrono::NaiveDate;

use self::number::decimal_of;
use self::package::{damaged, too_large};
use crate::model::grid::{CellValue, Sheet, Span};
use crate::model::mail::{Kind, Oddity};
use crate::read::limits::Limits;

/// More sheets than this no return has.
const SHEETS: usize = 1000;

/// More merged areas than this in one sheet no return has; looking a place up among them is linear.
const MERGES: usize = 10_000;

/// Reads the sheets of a workbook of this kind, hidden ones included, in their order. Chart and macro sheets are left
/// out.
///
/// # Errors
/// An [`Oddity`] that says why the file was not read: `PasswordProtected`, `Damaged`, `TooLarge`, `Bomb`.
pub fn read(kind: Kind, bytes: &[u8], limits: &Limits) -> Result<Vec<Sheet>, Oddity> {
    match kind {
        Kind::Xlsx => xlsx::read(bytes, limits),
        Kind::Xls => xls::read(bytes, limits),
        Kind::Xlsb => xlsb::read(bytes, limits),
        Kind::Ods => ods::read(bytes, limits),
        _ => Err(damaged()),
    }
}

/// Cells, and bytes of text in them, that may still be read.
pub(crate) struct Budget {
    cells: usize,
    text: u64,
}

impl Budget {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { cells: limits.cells, text: limits.total_bytes }
    }

    /// Takes so many cells, or says `TooLarge`.
    pub(crate) fn take(&mut self, count: usize) -> Result<(), Oddity> {
        self.cells = self.cells.checked_sub(count).ok_or_else(too_large)?;
        Ok(())
    }

    /// Takes the text of a formula.
    pub(crate) fn take_formula(&mut self, text: &str) -> Result<(), Oddity> {
        let bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
        self.text = self.text.checked_sub(bytes).ok_or_else(too_large)?;
        Ok(())
    }

    /// Takes the text of so many copies of a value: one long string that a million cells share costs a million times
    /// its length here.
    pub(crate) fn take_text(&mut self, value: &CellValue, copies: usize) -> Result<(), Oddity> {
        let length = match value {
            CellValue::Text(text) | CellValue::Uncomputed(text) | CellValue::Failed(text) => text.len(),
            CellValue::Number(_) | CellValue::Date(_) | CellValue::Flag(_) => 0,
        };
        let bytes = u64::try_from(length.saturating_mul(copies)).unwrap_or(u64::MAX);
        self.text = self.text.checked_sub(bytes).ok_or_else(too_large)?;
        Ok(())
    }
}

/// Merged areas from their corners (row, column); single cells and areas turned over are left out.
fn spans_of(areas: impl Iterator<Item = ((u32, u32), (u32, u32))>) -> Result<Vec<Span>, Oddity> {
    let spans: Vec<Span> = areas
        .filter(|(start, end)| start != end && start.0 <= end.0 && start.1 <= end.1)
        .map(|(start, end)| Span { top: start.0, left: start.1, bottom: end.0, right: end.1 })
        .take(MERGES + 1)
        .collect();
    if spans.len() > MERGES { Err(too_large()) } else { Ok(spans) }
}

/// What calamine calls a cell's value, in our words; nothing for an empty cell.
fn value_of(value: &DataRef<'_>) -> Option<CellValue> {
    Some(match value {
        DataRef::Empty => return None,
        DataRef::Int(whole) => CellValue::Number((*whole).into()),
        DataRef::Float(float) => number_of(*float),
        DataRef::String(text) => text_of(text),
        DataRef::SharedString(text) => text_of(text),
        DataRef::Bool(flag) => CellValue::Flag(*flag),
        DataRef::DateTime(moment) => moment_of(moment),
        DataRef::DateTimeIso(text) => iso_date(text).map_or_else(|| CellValue::Text(text.clone()), CellValue::Date),
        DataRef::DurationIso(text) => CellValue::Text(text.clone()),
        DataRef::Error(error) => CellValue::Failed(error.to_string()),
    })
}

/// A float as the number typed, or as text where no decimal can hold it.
pub(crate) fn number_of(float: f64) -> CellValue {
    decimal_of(float).map_or_else(|| CellValue::Text(float.to_string()), CellValue::Number)
}

/// Text with one kind of line break.
pub(crate) fn text_of(text: &str) -> CellValue {
    CellValue::Text(text.replace("\r\n", "\n").replace('\r', "\n"))
}

/// The day at the start of an ISO 8601 moment.
pub(crate) fn iso_date(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text.trim().get(..10)?, "%Y-%m-%d").ok()
}

/// A cell formatted as date or time. Serial numbers below 1 are times of day; those past the year 9999 are numbers
/// somebody typed under a date format (20210805).
fn moment_of(moment: &ExcelDateTime) -> CellValue {
    const PAST_9999: f64 = 2_958_466.0;
    let serial = moment.as_f64();
    if !(0.0..PAST_9999).contains(&serial) {
        return number_of(serial);
    }
    if moment.is_duration() {
        let minutes = (serial * 1440.0).round();
        return CellValue::Text(format!("{}:{:02}", (minutes / 60.0).floor(), minutes % 60.0));
    }
    let (year, month, day, hour, minute, ..) = moment.to_ymd_hms_milli();
    if serial < 1.0 {
        return CellValue::Text(format!("{hour}:{minute:02}"));
    }
    NaiveDate::from_ymd_opt(i32::from(year), u32::from(month), u32::from(day))
        .map_or_else(|| number_of(serial), CellValue::Date)
}

#[cfg(test)]
mod tests;
