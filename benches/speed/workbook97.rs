//! The filled form as an .xls: the records of [MS-XLS] that a workbook of one sheet needs, in a compound file.

use std::io::{Cursor, Write as _};

use mailtally::demo::build::form::{Cell, FilledForm, GROUPS, HEADERS, TITLE};
use rust_decimal::prelude::ToPrimitive as _;

/// The one cell format that cells use: fifteen style formats stand before it, as Excel has them.
const CELL_FORMAT: u16 = 15;

/// The workbook's bytes.
pub fn workbook(form: &FilledForm) -> Vec<u8> {
    let mut sheet = Sheet::default();
    sheet.fill(form);
    let body = sheet.stream();
    let stream = globals(&sheet.strings, 0);
    // The position of the sheet is known once the records before it are, whose length does not depend on it.
    let stream = [globals(&sheet.strings, u32::try_from(stream.len()).unwrap()), body].concat();
    let mut file = cfb::CompoundFile::create_with_version(cfb::Version::V3, Cursor::new(Vec::new())).unwrap();
    file.create_stream("/Workbook").unwrap().write_all(&stream).unwrap();
    file.into_inner().into_inner()
}

/// A record: type, length, content (2.1.4).
fn record(out: &mut Vec<u8>, kind: u16, content: &[u8]) {
    out.extend(kind.to_le_bytes());
    out.extend(u16::try_from(content.len()).unwrap().to_le_bytes());
    out.extend(content);
}

fn beginning(out: &mut Vec<u8>, of: u16) {
    let words = [0x0600, of, 0x0DBB, 0x07CC, 0x00C1, 0, 0x0006, 0];
    record(out, 0x0809, &words.map(u16::to_le_bytes).concat());
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// The records before the sheet, which begins at this octet of the stream.
fn globals(strings: &[String], sheet_at: u32) -> Vec<u8> {
    let mut out = Vec::new();
    beginning(&mut out, 0x0005);
    record(&mut out, 0x0042, &1200_u16.to_le_bytes());
    record(&mut out, 0x003D, &[0, 0, 0, 0, 0x40, 0x38, 0x10, 0x27, 0x38, 0, 0, 0, 0, 0, 1, 0, 0x58, 2]);
    for _ in 0..4 {
        // Font: 11 points, no colour of its own, weight 400, 宋体.
        let mut font = [220_u16, 0, 0x7FFF, 400, 0].map(u16::to_le_bytes).concat();
        font.extend([0, 0, 134, 0, 2, 1]);
        font.extend(wide("宋体"));
        record(&mut out, 0x0031, &font);
    }
    for format in 0..=CELL_FORMAT {
        let is_cell = format == CELL_FORMAT;
        let words = [0, 0, if is_cell { 0x0001 } else { 0xFFF5 }, 0x0020, 0, 0, 0, 0, 0, 0x20C0];
        record(&mut out, 0x00E0, &words.map(u16::to_le_bytes).concat());
    }
    record(&mut out, 0x0293, &[0, 0x80, 0, 0xFF]);
    let name = wide("统计表");
    let mut bound = sheet_at.to_le_bytes().to_vec();
    bound.extend([0, 0, 3, 1]);
    bound.extend(name);
    record(&mut out, 0x0085, &bound);
    let count = u32::try_from(strings.len()).unwrap().to_le_bytes();
    let mut shared = [count, count].concat();
    for string in strings {
        let units = wide(string);
        shared.extend(u16::try_from(units.len() / 2).unwrap().to_le_bytes());
        shared.push(1);
        shared.extend(units);
    }
    // One record holds 8224 octets; the form's words are far fewer.
    record(&mut out, 0x00FC, &shared);
    record(&mut out, 0x000A, &[]);
    out
}

#[derive(Default)]
struct Sheet {
    strings: Vec<String>,
    cells: Vec<u8>,
    merged: Vec<[u16; 4]>,
    rows: u16,
}

impl Sheet {
    fn fill(&mut self, form: &FilledForm) {
        self.text(0, 0, TITLE);
        self.merged.push([0, 0, 0, 10]);
        self.text(1, 0, &format!("县(市、区)/单位名称：{}", form.unit_name));
        self.text(1, 7, &format!("填报时间：{}", form.filled_on));
        self.merged.extend([[1, 1, 0, 6], [1, 1, 7, 10]]);
        let [own, troops] = GROUPS;
        self.text(2, 0, own);
        self.text(2, 6, troops);
        self.merged.extend([[2, 2, 0, 5], [2, 2, 6, 8]]);
        for (column, words) in (0..).zip(HEADERS) {
            self.text(if column >= 9 { 2 } else { 3 }, column, words);
        }
        self.merged.extend([[2, 3, 9, 9], [2, 3, 10, 10]]);
        let mut row = 4;
        for cells in form.rows.iter().chain(form.sum_row.as_ref()) {
            for (column, cell) in (0..).zip(cells) {
                match cell {
                    Cell::Blank => {}
                    Cell::Number(number) | Cell::Formula(_, number) => {
                        self.number(row, column, number.to_f64().unwrap())
                    }
                    Cell::Text(text) => self.text(row, column, text),
                }
            }
            row += 1;
        }
        if form.rows.len() > 1 {
            let last = 3 + u16::try_from(form.rows.len()).unwrap();
            self.merged.extend((0..6).chain(9..11).map(|column| [4, last, column, column]));
        }
        for note in &form.notes {
            self.text(row, 0, note);
            row += 1;
        }
        self.rows = row;
    }

    fn text(&mut self, row: u16, column: u16, text: &str) {
        let place = self.strings.iter().position(|known| known == text).unwrap_or(self.strings.len());
        if place == self.strings.len() {
            self.strings.push(text.to_owned());
        }
        let mut content = [row, column, CELL_FORMAT].map(u16::to_le_bytes).concat();
        content.extend(u32::try_from(place).unwrap().to_le_bytes());
        record(&mut self.cells, 0x00FD, &content);
    }

    fn number(&mut self, row: u16, column: u16, number: f64) {
        let mut content = [row, column, CELL_FORMAT].map(u16::to_le_bytes).concat();
        content.extend(number.to_le_bytes());
        record(&mut self.cells, 0x0203, &content);
    }

    fn stream(&self) -> Vec<u8> {
        let mut out = Vec::new();
        beginning(&mut out, 0x0010);
        let mut extent = 0_u32.to_le_bytes().to_vec();
        extent.extend(u32::from(self.rows).to_le_bytes());
        extent.extend([0, 11, 0].map(u16::to_le_bytes).concat());
        record(&mut out, 0x0200, &extent);
        out.extend(&self.cells);
        record(&mut out, 0x023E, &[0xB6, 6, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        let mut merged = u16::try_from(self.merged.len()).unwrap().to_le_bytes().to_vec();
        merged.extend(self.merged.iter().flat_map(|area| area.map(u16::to_le_bytes).concat()));
        record(&mut out, 0x00E5, &merged);
        record(&mut out, 0x000A, &[]);
        out
    }
}
