//! xls (BIFF in a compound file), through calamine once its traps are out of the way.
//!
//! calamine reserves what a DIMENSIONS record declares and lays every sheet out as a full rectangle from its first to
//! its last cell, so a tiny file can ask for gigabytes; and it trusts the chains of the compound file. So the workbook
//! stream is taken out by the `cfb` crate, its records are walked once, its DIMENSIONS are blunted, and calamine gets a
//! fresh compound file with that stream alone.

mod password;
mod raw;
mod strings;

use std::collections::HashMap;
use std::io::{Cursor, Read as _, Write as _};

use calamine::{Data, DataRef, Reader as _, SheetType, SheetVisible, Xls, XlsError, XlsOptions};

use self::strings::Pieces;
use super::package::{damaged, password_protected, too_large};
use super::{Budget, SHEETS, spans_of, value_of};
use crate::model::grid::{Cell, CellValue, Formula, Grid, Sheet};
use crate::model::mail::Oddity;
use crate::read::limits::Limits;

/// Reads every worksheet.
///
/// # Errors
/// `PasswordProtected`, `Damaged`, `TooLarge`.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Vec<Sheet>, Oddity> {
    let mut stream = workbook_stream(bytes, limits)?;
    password::lift(&mut stream)?;
    tame(&mut stream, limits)?;
    let mut options = XlsOptions::default();
    options.force_codepage = Some(codepage(&stream));
    let workbook = Xls::new_with_options(Cursor::new(compound(&stream)?), options);
    let mut workbook = workbook.map_err(|error| oddity_of(&error))?;
    let listed: Vec<_> = workbook.sheets_metadata().to_vec();
    let mut budget = Budget::new(limits);
    let mut sheets = Vec::new();
    for sheet in listed.into_iter().filter(|sheet| sheet.typ == SheetType::WorkSheet) {
        let range = workbook.worksheet_range(&sheet.name).map_err(|error| oddity_of(&error))?;
        let (top, left) = range.start().unwrap_or_default();
        let mut cells = HashMap::new();
        for (row, column, value) in range.used_cells() {
            budget.take(1)?;
            if let Some(value) = value_of(&borrowed(value)) {
                budget.take_text(&value, 1)?;
                cells.insert(place(row, column, top, left), value);
            }
        }
        let formulas = workbook.worksheet_formula(&sheet.name).map_err(|error| oddity_of(&error))?;
        let (top, left) = formulas.start().unwrap_or_default();
        let mut behind = Vec::new();
        for (row, column, formula) in formulas.used_cells() {
            budget.take(1)?;
            let formula = told(formula);
            budget.take_formula(&formula)?;
            let (row, column) = place(row, column, top, left);
            match cells.get(&(row, column)) {
                // xlwt keeps a blank text for each formula.
                Some(CellValue::Text(text)) if text.is_empty() => {}
                None => {}
                Some(_) => {
                    behind.push(Formula { row, column, text: formula });
                    continue;
                }
            }
            cells.insert((row, column), CellValue::Uncomputed(formula));
        }
        let merges = workbook.merge_cells_by_sheet_name(&sheet.name).map_err(|error| oddity_of(&error))?;
        let merges = spans_of(merges.iter().map(|area| (area.start, area.end)))?;
        let cells = cells.into_iter().map(|((row, column), value)| Cell { row, column, value }).collect();
        let hidden = sheet.visible != SheetVisible::Visible;
        sheets.push(Sheet { name: sheet.name, hidden, grid: Grid::new(cells, merges).with_formulas(behind) });
    }
    Ok(sheets)
}

/// A formula as it may be worked out. calamine names the wrong columns of other sheets (0.38 shifts where it should mask),
/// so of a formula that leaves its sheet nothing is told; and it takes PtgGe (0x0C) for `>` and PtgGt (0x0D) for `>=`
/// ([MS-XLS] 2.5.198). The case `workbook-libreoffice-xls-comparison` tells when it does no more.
fn told(formula: &str) -> String {
    if formula.contains('!') {
        return "引用其他工作表的公式".to_owned();
    }
    // Every other part stands in quotes.
    let parts = formula.split('"').enumerate().map(|(index, part)| {
        if index % 2 == 1 {
            return part.to_owned();
        }
        part.replace("<>", "\u{1}")
            .replace(">=", "\u{2}")
            .replace('>', ">=")
            .replace('\u{2}', ">")
            .replace('\u{1}', "<>")
    });
    parts.collect::<Vec<_>>().join("\"")
}

/// A place in the sheet from a place in a range and the range's first cell.
fn place(row: usize, column: usize, top: u32, left: u32) -> (u32, u32) {
    let whole = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
    (top.saturating_add(whole(row)), left.saturating_add(whole(column)))
}

fn borrowed(value: &Data) -> DataRef<'_> {
    match value {
        Data::Int(whole) => DataRef::Int(*whole),
        Data::Float(float) => DataRef::Float(*float),
        Data::String(text) => DataRef::SharedString(text),
        Data::Bool(flag) => DataRef::Bool(*flag),
        Data::DateTime(moment) => DataRef::DateTime(*moment),
        Data::DateTimeIso(text) => DataRef::DateTimeIso(text.clone()),
        Data::DurationIso(text) => DataRef::DurationIso(text.clone()),
        Data::Error(error) => DataRef::Error(error.clone()),
        Data::Empty => DataRef::Empty,
    }
}

/// The stream `Workbook` (BIFF8) or `Book` (BIFF5) of the compound file, or the file itself where it is one.
fn workbook_stream(bytes: &[u8], limits: &Limits) -> Result<Vec<u8>, Oddity> {
    if raw::is_stream(bytes) {
        return raw::workbook(bytes);
    }
    let mut file = cfb::CompoundFile::open(Cursor::new(bytes)).map_err(|_| damaged())?;
    if file.is_stream("/EncryptedPackage") {
        return Err(password_protected());
    }
    let name = ["/Workbook", "/WORKBOOK", "/Book", "/BOOK"]
        .into_iter()
        .find(|name| file.is_stream(name))
        .ok_or_else(damaged)?;
    let mut stream = Vec::new();
    let reader = file.open_stream(name).map_err(|_| damaged())?;
    reader.take(limits.piece_bytes).read_to_end(&mut stream).map_err(|_| damaged())?;
    Ok(stream)
}

/// A compound file with this stream as its `Workbook`.
fn compound(stream: &[u8]) -> Result<Vec<u8>, Oddity> {
    let write = || -> std::io::Result<Vec<u8>> {
        let mut file = cfb::CompoundFile::create_with_version(cfb::Version::V3, Cursor::new(Vec::new()))?;
        file.create_stream("/Workbook")?.write_all(stream)?;
        file.flush()?;
        Ok(file.into_inner().into_inner())
    };
    write().map_err(|_| damaged())
}

/// The code page of the workbook's words. BIFF8 has none but Unicode, whatever it says (JExcelApi writes 1252 there).
/// Before that, what is not declared or declared to be Western is what a Chinese Windows wrote.
fn codepage(stream: &[u8]) -> u16 {
    const UNICODE: u16 = 1200;
    const GBK: u16 = 936;
    if is_biff8(stream) {
        return UNICODE;
    }
    let mut at = 0;
    while let Some(record) = record_at(stream, at).filter(|record| record.kind != kind::EOF) {
        if record.kind == kind::CODE_PAGE {
            let declared = word(stream, record.start).unwrap_or(GBK);
            return if matches!(declared, 932 | 949 | 950 | 54936 | 65001) { declared } else { GBK };
        }
        at = record.end;
    }
    GBK
}

/// Whether the workbook is of Excel 97 or later.
fn is_biff8(stream: &[u8]) -> bool {
    record_at(stream, 0).and_then(|record| word(stream, record.start)) == Some(0x0600)
}

/// Record types, [MS-XLS] 2.3.
mod kind {
    pub(super) const EOF: u16 = 0x000A;
    pub(super) const FORMULA: u16 = 0x0006;
    pub(super) const FILE_PASS: u16 = 0x002F;
    pub(super) const CODE_PAGE: u16 = 0x0042;
    pub(super) const BOUND_SHEET: u16 = 0x0085;
    pub(super) const CONTINUE: u16 = 0x003C;
    pub(super) const MUL_RK: u16 = 0x00BD;
    pub(super) const RSTRING: u16 = 0x00D6;
    pub(super) const SST: u16 = 0x00FC;
    pub(super) const LABEL_SST: u16 = 0x00FD;
    pub(super) const DIMENSIONS: u16 = 0x0200;
    pub(super) const NUMBER: u16 = 0x0203;
    pub(super) const LABEL: u16 = 0x0204;
    pub(super) const BOOL_ERR: u16 = 0x0205;
    pub(super) const RK: u16 = 0x027E;
    pub(super) const BOF: u16 = 0x0809;
}

/// One record: its type and where its data stand in the stream.
struct Record {
    kind: u16,
    start: usize,
    end: usize,
}

/// The record at this place; `None` at the end of the stream.
fn record_at(stream: &[u8], at: usize) -> Option<Record> {
    let kind = word(stream, at)?;
    let length = usize::from(word(stream, at.checked_add(2)?)?);
    let start = at.checked_add(4)?;
    let end = start.checked_add(length)?;
    (end <= stream.len()).then_some(Record { kind, start, end })
}

fn word(stream: &[u8], at: usize) -> Option<u16> {
    let bytes = stream.get(at..at.checked_add(2)?)?;
    Some(u16::from_le_bytes(bytes.try_into().ok()?))
}

fn double_word(stream: &[u8], at: usize) -> Option<usize> {
    let low = usize::from(word(stream, at)?);
    let high = usize::from(word(stream, at.checked_add(2)?)?);
    Some(low | (high << 16))
}

/// Refuses what would be laid out larger than the limits, and makes every DIMENSIONS record modest.
fn tame(stream: &mut [u8], limits: &Limits) -> Result<(), Oddity> {
    let mut starts = Vec::new();
    let mut lengths = Vec::new();
    let mut at = 0;
    while let Some(record) = record_at(stream, at) {
        at = record.end;
        match record.kind {
            // [MS-XLS] 2.4.28: the first four bytes say where the sheet's records start.
            kind::BOUND_SHEET => starts.extend(double_word(stream, record.start)),
            kind::SST => lengths = Pieces::new(continued(stream, &record)).lengths(),
            kind::EOF => break,
            _ => {}
        }
    }
    if starts.len() > SHEETS {
        return Err(too_large());
    }
    // Sheets that start at the same place are read again and again, so what is walked is counted over all.
    let mut walk = Walk { records: limits.cells.saturating_mul(2), characters: limits.total_bytes, lengths };
    let mut area_left = limits.cells;
    for start in starts {
        let area = walk.sheet(stream, start)?;
        area_left = area_left.checked_sub(area).ok_or_else(too_large)?;
    }
    Ok(())
}

/// The data of a record and of the Continue records behind it.
fn continued<'a>(stream: &'a [u8], record: &Record) -> Vec<&'a [u8]> {
    let mut pieces: Vec<&[u8]> = stream.get(record.start..record.end).into_iter().collect();
    let mut at = record.end;
    while let Some(next) = record_at(stream, at).filter(|next| next.kind == kind::CONTINUE) {
        pieces.extend(stream.get(next.start..next.end));
        at = next.end;
    }
    pieces
}

/// What may still be walked.
struct Walk {
    records: usize,
    /// Characters of shared strings that cells may still copy.
    characters: u64,
    /// Of the shared strings, in order.
    lengths: Vec<usize>,
}

impl Walk {
    /// Walks one sheet's records: how many cells the rectangle around its used cells has.
    fn sheet(&mut self, stream: &mut [u8], start: usize) -> Result<usize, Oddity> {
        let mut bounds: Option<(u16, u16, u16, u16)> = None;
        let mut depth = 0_usize;
        let mut at = start;
        while let Some(record) = record_at(stream, at) {
            self.records = self.records.checked_sub(1).ok_or_else(too_large)?;
            at = record.end;
            match record.kind {
                // Charts stand inside a sheet as streams of their own.
                kind::BOF => depth += 1,
                kind::EOF if depth <= 1 => break,
                kind::EOF => depth -= 1,
                kind::DIMENSIONS => {
                    if let Some(data) = stream.get_mut(record.start..record.end) {
                        data.fill(0);
                    }
                }
                kind::FORMULA
                | kind::MUL_RK
                | kind::RSTRING
                | kind::LABEL_SST
                | kind::NUMBER
                | kind::LABEL
                | kind::BOOL_ERR
                | kind::RK => {
                    let (Some(row), Some(first)) = (word(stream, record.start), word(stream, record.start + 2)) else {
                        return Err(damaged());
                    };
                    if record.kind == kind::LABEL_SST {
                        self.copy(double_word(stream, record.start + 6))?;
                    }
                    let last = match record.kind {
                        kind::MUL_RK => word(stream, record.end.saturating_sub(2)).unwrap_or(first),
                        _ => first,
                    };
                    let (top, left, bottom, right) = bounds.unwrap_or((row, first, row, last));
                    bounds = Some((top.min(row), left.min(first), bottom.max(row), right.max(last)));
                }
                _ => {}
            }
        }
        Ok(bounds.map_or(0, |(top, left, bottom, right)| {
            (usize::from(bottom.saturating_sub(top)) + 1) * (usize::from(right.saturating_sub(left)) + 1)
        }))
    }

    /// A cell copies the shared string of this index. One whose length could not be told is as long as any can be.
    fn copy(&mut self, index: Option<usize>) -> Result<(), Oddity> {
        const LONGEST: usize = 65_535;
        let length = index.and_then(|index| self.lengths.get(index)).copied().unwrap_or(LONGEST);
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        self.characters = self.characters.checked_sub(length).ok_or_else(too_large)?;
        Ok(())
    }
}

fn oddity_of(error: &XlsError) -> Oddity {
    match error {
        XlsError::Password => password_protected(),
        _ => damaged(),
    }
}
