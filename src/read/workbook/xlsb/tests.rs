//! Binary workbooks, on hand-made bytes.

use std::io::{Cursor, Write as _};

use super::*;
use crate::model::grid::CellValue;
use crate::model::mail::OddityCode;

/// A record as [MS-XLSB] 2.1.4 has it: type and length in groups of seven bits, then the data.
fn record(kind: u16, data: &[u8]) -> Vec<u8> {
    let low = u8::try_from(kind & 0x7F).unwrap();
    let mut out = match kind >> 7 {
        0 => vec![low],
        high => vec![low | 0x80, u8::try_from(high).unwrap()],
    };
    out.push(u8::try_from(data.len()).unwrap());
    out.extend(data);
    out
}

fn wide(text: &str) -> Vec<u8> {
    let units: Vec<u16> = text.encode_utf16().collect();
    let mut out = u32::try_from(units.len()).unwrap().to_le_bytes().to_vec();
    out.extend(units.into_iter().flat_map(u16::to_le_bytes));
    out
}

fn cell(kind: u16, column: u32, value: &[u8]) -> Vec<u8> {
    record(kind, &[&column.to_le_bytes()[..], &[0; 4], value].concat())
}

fn row(row: u32) -> Vec<u8> {
    record(0x0000, &[&row.to_le_bytes()[..], &[0; 13]].concat())
}

fn sheet_entry(state: u32, id: u32, relation: &str, name: &str) -> Vec<u8> {
    record(0x009C, &[&state.to_le_bytes()[..], &id.to_le_bytes(), &wide(relation), &wide(name)].concat())
}

fn xlsb(cells: &[u8]) -> Vec<u8> {
    let everything = [0_u32, 0x000F_FFFF, 0, 0x3FFF].map(u32::to_le_bytes).concat();
    let merged = record(0x00B0, &[0_u32, 1, 2, 5].map(u32::to_le_bytes).concat());
    let sheet =
        [record(0x0094, &everything), record(0x0091, &[]), cells.to_vec(), record(0x0092, &[]), merged].concat();
    let workbook = [
        sheet_entry(0, 1, "rId1", "统计表"),
        sheet_entry(1, 2, "rId1", "旧表"),
        record(0x0090, &[]),
        record(0x009D, &[0; 4]),
        record(0x0084, &[]),
    ]
    .concat();
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in [
        (
            "xl/_rels/workbook.bin.rels",
            &br#"<Relationships><Relationship Id="rId1" Type="t" Target="worksheets/sheet1.bin"/></Relationships>"#[..],
        ),
        ("xl/workbook.bin", &workbook),
        ("xl/worksheets/sheet1.bin", &sheet),
    ] {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn places_values_and_visibility() {
    let cells = [
        row(3),
        cell(0x0006, 1, &wide("孝义市\n双拥办")),
        cell(0x0005, 2, &12_345.670_000_000_001_f64.to_le_bytes()),
        cell(0x0004, 3, &[1]),
        cell(0x0003, 4, &[0x07]),
        row(1_048_575),
        cell(0x0002, 16_383, &((12_i32 << 2) | 2).to_le_bytes()),
    ]
    .concat();
    let sheets = read(&xlsb(&cells), &Limits::default()).unwrap();
    let names: Vec<(&str, bool)> = sheets.iter().map(|sheet| (sheet.name.as_str(), sheet.hidden)).collect();
    assert_eq!(names, [("统计表", false), ("旧表", true)]);
    let at = |row, column| sheets[0].grid.at(row, column).map(|cell| cell.value.clone());
    assert_eq!(at(3, 1), Some(CellValue::Text("孝义市\n双拥办".into())));
    assert_eq!(at(3, 2), Some(CellValue::Number("12345.67".parse().unwrap())));
    assert_eq!(at(3, 3), Some(CellValue::Flag(true)));
    assert_eq!(at(3, 4), Some(CellValue::Failed("#DIV/0!".into())));
    assert_eq!(at(1_048_575, 16_383), Some(CellValue::Number(12.into())));
    let merged = [crate::model::grid::Span { top: 0, left: 2, bottom: 1, right: 5 }];
    assert!(sheets.iter().all(|sheet| sheet.grid.merges() == merged));
}

#[test]
fn more_cells_than_allowed_are_refused() {
    let cells = [row(0), cell(0x0004, 0, &[1]).repeat(11)].concat();
    let few = Limits { cells: 10, ..Limits::default() };
    assert_eq!(read(&xlsb(&cells), &few).unwrap_err().code, OddityCode::TooLarge);
}
