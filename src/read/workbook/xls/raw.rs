//! Workbook streams without their compound file: Excel 2 to 4, and what small exporters write to this day (a BOF, LABEL
//! and NUMBER records, an EOF, the words in GBK).
//!
//! Source: OpenOffice.org's Documentation of the Microsoft Excel File Format, 4.1.1, 5.8, 5.50, 5.60, 5.71, 5.102.

use super::{Record, double_word, kind, record_at, word};
use crate::model::mail::Oddity;
use crate::read::workbook::package::damaged;

/// Record types that only Excel 2 to 4 write.
mod old {
    pub(super) const INTEGER: u16 = 0x0002;
    pub(super) const NUMBER: u16 = 0x0003;
    pub(super) const LABEL: u16 = 0x0004;
    pub(super) const FORMULA: u16 = 0x0006;
    pub(super) const STRING: u16 = 0x0007;
    pub(super) const FORMULA_3: u16 = 0x0206;
    pub(super) const FORMULA_4: u16 = 0x0406;
    pub(super) const BOF: [u16; 3] = [0x0009, 0x0209, 0x0409];
}

const STRING: u16 = 0x0207;

/// Whether the bytes begin as such a stream does.
pub(super) fn is_stream(bytes: &[u8]) -> bool {
    record_at(bytes, 0).is_some_and(|first| first.kind == kind::BOF || old::BOF.contains(&first.kind))
}

/// A workbook stream of Excel 5 that holds the same; one that is a workbook already stays as it is.
///
/// # Errors
/// `Damaged` where the stream is no sheet, such as the workspaces of Excel 4.
pub(super) fn workbook(bytes: &[u8]) -> Result<Vec<u8>, Oddity> {
    const GLOBALS: u16 = 0x0005;
    const SHEET: u16 = 0x0010;
    let first = record_at(bytes, 0).ok_or_else(damaged)?;
    let contents = word(bytes, first.start + 2);
    if first.kind == kind::BOF && contents == Some(GLOBALS) {
        return Ok(bytes.to_vec());
    }
    if contents != Some(SHEET) {
        return Err(damaged());
    }
    let mut out = Vec::with_capacity(bytes.len() + 64);
    let mut codepage = Vec::new();
    let mut sheet = Sheet { biff2: first.kind == 0x0009, result_of: None, out: Vec::new() };
    let mut at = first.end;
    while let Some(record) = record_at(bytes, at).filter(|record| record.kind != kind::EOF) {
        let data = bytes.get(record.start..record.end).unwrap_or_default();
        if record.kind == kind::CODE_PAGE {
            codepage = data.to_vec();
        } else {
            sheet.take(bytes, &record, data);
        }
        at = record.end;
    }
    let bof = |contents: u16| [0x0500_u16, contents, 0, 0].map(u16::to_le_bytes).concat();
    push(&mut out, kind::BOF, &bof(GLOBALS));
    if !codepage.is_empty() {
        push(&mut out, kind::CODE_PAGE, &codepage);
    }
    const NAME: &[u8] = b"Sheet1";
    // BOUNDSHEET (6 bytes, the name's length and the name) and EOF still stand before the sheet.
    let start = u32::try_from(out.len() + 4 + 7 + NAME.len() + 4).map_err(|_| damaged())?;
    push(&mut out, kind::BOUND_SHEET, &[&start.to_le_bytes()[..], &[0, 0, 6], NAME].concat());
    push(&mut out, kind::EOF, &[]);
    push(&mut out, kind::BOF, &bof(SHEET));
    out.append(&mut sheet.out);
    push(&mut out, kind::EOF, &[]);
    Ok(out)
}

/// A sheet's records being written as Excel 5 writes them.
struct Sheet {
    /// Excel 2: three bytes of attributes in each cell, lengths of one byte.
    biff2: bool,
    /// The cell whose formula came to words, which follow.
    result_of: Option<Vec<u8>>,
    out: Vec<u8>,
}

impl Sheet {
    fn take(&mut self, bytes: &[u8], record: &Record, data: &[u8]) {
        let Some(place) = data.get(..4) else { return };
        match record.kind {
            old::INTEGER if self.biff2 => {
                if let Some(whole) = word(bytes, record.start + 7) {
                    self.number(place, &f64::from(whole).to_le_bytes());
                }
            }
            old::NUMBER if self.biff2 => self.number(place, data.get(7..15).unwrap_or_default()),
            old::LABEL if self.biff2 => self.label(place, data.get(8..).unwrap_or_default()),
            old::STRING if self.biff2 => self.result(data.get(1..).unwrap_or_default()),
            old::FORMULA if self.biff2 => self.formula(place, data.get(7..15).unwrap_or_default()),
            old::FORMULA_3 | old::FORMULA_4 => self.formula(place, data.get(6..14).unwrap_or_default()),
            STRING if self.result_of.is_some() => self.result(data.get(2..).unwrap_or_default()),
            kind::NUMBER
            | kind::LABEL
            | kind::RSTRING
            | kind::RK
            | kind::MUL_RK
            | kind::BOOL_ERR
            | kind::FORMULA
            | STRING
                if !self.biff2 =>
            {
                push(&mut self.out, record.kind, data);
            }
            _ => {}
        }
    }

    fn number(&mut self, place: &[u8], value: &[u8]) {
        if value.len() == 8 {
            push(&mut self.out, kind::NUMBER, &[place, &[0, 0], value].concat());
        }
    }

    fn label(&mut self, place: &[u8], words: &[u8]) {
        let length = u16::try_from(words.len()).unwrap_or(u16::MAX);
        push(&mut self.out, kind::LABEL, &[place, &[0, 0], &length.to_le_bytes(), words].concat());
    }

    /// A formula's kept result; words stand in the next STRING record.
    fn formula(&mut self, place: &[u8], value: &[u8]) {
        match (word(value, 6), double_word(value, 0).map(|low| low & 0xFF)) {
            (Some(0xFFFF), Some(0)) => self.result_of = Some(place.to_vec()),
            (Some(0xFFFF), Some(what @ (1 | 2))) => {
                let value = value.get(2).copied().unwrap_or_default();
                let is_error = u8::from(what == 2);
                push(&mut self.out, kind::BOOL_ERR, &[place, &[0, 0, value, is_error]].concat());
            }
            (Some(0xFFFF), _) => {}
            _ => self.number(place, value),
        }
    }

    fn result(&mut self, words: &[u8]) {
        if let Some(place) = self.result_of.take() {
            self.label(&place, words);
        }
    }
}

fn push(out: &mut Vec<u8>, kind: u16, data: &[u8]) {
    out.extend(kind.to_le_bytes());
    out.extend(u16::try_from(data.len()).unwrap_or(u16::MAX).to_le_bytes());
    out.extend(data);
}

#[cfg(test)]
mod tests;
