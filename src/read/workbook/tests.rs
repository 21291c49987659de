//! Workbooks of every kind: made here, converted by LibreOffice (tests/fixtures), and broken.

use std::io::{Cursor, Read as _, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use proptest::prelude::*;
use rust_xlsxwriter::{ExcelDateTime as Moment, Format, Formula, Workbook};

use super::*;
use crate::model::grid::Grid;
use crate::model::mail::OddityCode;

const XLS: &[u8] = include_bytes!("../../../tests/fixtures/workbook.xls");
const ODS: &[u8] = include_bytes!("../../../tests/fixtures/workbook.ods");
const BY_LIBREOFFICE: &[u8] = include_bytes!("../../../tests/fixtures/workbook.xlsx");

fn limits() -> Limits {
    Limits::default()
}

fn value(grid: &Grid, name: &str) -> Option<CellValue> {
    let (letters, row) = name.split_at(name.find(|c: char| c.is_ascii_digit()).unwrap());
    let column = letters.bytes().fold(0, |sum, byte| sum * 26 + u32::from(byte - b'A') + 1) - 1;
    let row = row.parse::<u32>().unwrap() - 1;
    grid.at(row, column).map(|cell| cell.value.clone())
}

fn number(text: &str) -> Option<CellValue> {
    Some(CellValue::Number(text.parse().unwrap()))
}

fn text(text: &str) -> Option<CellValue> {
    Some(CellValue::Text(text.into()))
}

fn day(text: &str) -> Option<CellValue> {
    Some(CellValue::Date(text.parse().unwrap()))
}

fn zip_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A workbook of one sheet with these rows as XML.
fn xlsx_with(rows: &str, strings: &str) -> Vec<u8> {
    let sheet = format!(
        r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><dimension ref="A1:XFD1048576"/><sheetData>{rows}</sheetData></worksheet>"#
    );
    let relation = |id: &str, kind: &str, target: &str| {
        format!(
            r#"<Relationship Id="{id}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}" Target="{target}"/>"#
        )
    };
    let relations = |inner: &str| {
        format!(
            r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{inner}</Relationships>"#
        )
    };
    zip_of(&[
        ("_rels/.rels", relations(&relation("rId1", "officeDocument", "xl/workbook.xml")).as_bytes()),
        ("xl/_rels/workbook.xml.rels", relations(&relation("rId1", "worksheet", "worksheets/sheet1.xml")).as_bytes()),
        (
            "xl/workbook.xml",
            br#"<workbook xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>"#,
        ),
        ("xl/sharedStrings.xml", strings.as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
    ])
}

fn written() -> Vec<u8> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet().set_name("统计表").unwrap();
    let date = Format::new().set_num_format("yyyy年m月d日");
    sheet.merge_range(1, 1, 2, 4, "走访慰问\n情况统计表", &Format::new()).unwrap();
    sheet.write(3, 1, 12345.670000000001).unwrap();
    sheet.write(3, 2, "00123").unwrap();
    sheet.write_with_format(3, 3, Moment::from_ymd(2021, 8, 5).unwrap(), &date).unwrap();
    sheet.write(3, 4, true).unwrap();
    sheet.write_formula(4, 1, Formula::new("SUM(B4:B4)").set_result("12345.67")).unwrap();
    sheet.write_formula(4, 2, Formula::new("1/0").set_result("#DIV/0!")).unwrap();
    let (bold, plain) = (Format::new().set_bold(), Format::new());
    sheet.write_rich_string(4, 3, &[(&bold, "临县"), (&plain, "双拥办")]).unwrap();
    sheet.write_with_format(4, 4, 20_210_805, &date).unwrap();
    sheet.write(9, 25, 0.1 + 0.2).unwrap();
    workbook.add_worksheet().set_name("旧").unwrap().set_hidden(true).write(0, 0, 1).unwrap();
    workbook.add_worksheet().set_name("极旧").unwrap().set_very_hidden(true).write(0, 0, 2).unwrap();
    workbook.save_to_buffer().unwrap()
}

#[test]
fn xlsx_places_types_merges_and_visibility() {
    let sheets = read(Kind::Xlsx, &written(), &limits()).unwrap();
    let names: Vec<(&str, bool)> = sheets.iter().map(|sheet| (sheet.name.as_str(), sheet.hidden)).collect();
    assert_eq!(names, [("统计表", false), ("旧", true), ("极旧", true)]);
    let grid = &sheets[0].grid;
    assert_eq!(grid.merges(), [Span { top: 1, left: 1, bottom: 2, right: 4 }]);
    for (name, expected) in [
        ("B2", text("走访慰问\n情况统计表")),
        ("B4", number("12345.67")),
        ("C4", text("00123")),
        ("D4", day("2021-08-05")),
        ("E4", Some(CellValue::Flag(true))),
        ("B5", number("12345.67")),
        ("C5", Some(CellValue::Failed("#DIV/0!".into()))),
        ("D5", text("临县双拥办")),
        ("E5", number("20210805")),
        ("Z10", number("0.3")),
        ("A1", None),
    ] {
        assert_eq!(value(grid, name), expected, "{name}");
    }
}

#[test]
fn formulas_without_a_cached_value_are_uncomputed() {
    let rows = r#"<row r="2"><c r="A2"><f>SUM(B2:C2)</f></c><c r="B2"><f>1+1</f><v></v></c><c r="C2"><f>3*4</f><v>12</v></c>
        <c r="D2"><f t="shared" ref="D2:D3" si="4000000000">A2&amp;"元"</f></c></row><row r="3"><c r="D3"><f t="shared" si="4000000000"/></c></row>"#;
    let sheets = read(Kind::Xlsx, &xlsx_with(rows, "<sst/>"), &limits()).unwrap();
    let grid = &sheets[0].grid;
    assert_eq!(value(grid, "A2"), Some(CellValue::Uncomputed("SUM(B2:C2)".into())));
    assert_eq!(value(grid, "B2"), Some(CellValue::Uncomputed("1+1".into())));
    assert_eq!(value(grid, "C2"), number("12"));
    assert_eq!(value(grid, "D2"), Some(CellValue::Uncomputed("A2&\"元\"".into())));
    assert_eq!(value(grid, "D3"), Some(CellValue::Uncomputed("A3&\"元\"".into())));
}

#[test]
fn errors_only_new_excel_knows_are_errors() {
    let rows = r##"<row r="1"><c r="A1" t="e"><v>#SPILL!</v></c><c r="B1"><v>5</v></c></row>"##;
    let sheets = read(Kind::Xlsx, &xlsx_with(rows, "<sst/>"), &limits()).unwrap();
    assert!(matches!(value(&sheets[0].grid, "A1"), Some(CellValue::Failed(_))));
    assert_eq!(value(&sheets[0].grid, "B1"), number("5"));
}

#[test]
fn a_far_corner_costs_two_cells() {
    let started = Instant::now();
    let rows = r#"<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>"#;
    let sheets = read(Kind::Xlsx, &xlsx_with(rows, "<sst/>"), &limits()).unwrap();
    assert_eq!(value(&sheets[0].grid, "XFD1048576"), number("2"));
    assert!(started.elapsed().as_secs() < 5);
}

#[test]
fn a_table_of_strings_must_not_claim_what_it_has_not() {
    let strings = r#"<sst count="1" uniqueCount="4294967295000"><si><t>甲</t></si></sst>"#;
    let rows = r#"<row r="1"><c r="A1" t="s"><v>0</v></c></row>"#;
    assert_eq!(read(Kind::Xlsx, &xlsx_with(rows, strings), &limits()).unwrap_err().code, OddityCode::Damaged);
    let honest = r#"<sst uniqueCount="1"><si><t>甲</t></si></sst>"#;
    assert_eq!(value(&read(Kind::Xlsx, &xlsx_with(rows, honest), &limits()).unwrap()[0].grid, "A1"), text("甲"));
}

#[test]
fn bombs_and_more_cells_than_allowed_are_refused() {
    let blanks = " ".repeat(80 << 20);
    let bomb = xlsx_with(&blanks, "<sst/>");
    assert!(bomb.len() < 1 << 20);
    assert_eq!(read(Kind::Xlsx, &bomb, &limits()).unwrap_err().code, OddityCode::Bomb);
    assert_eq!(
        read(Kind::Ods, &zip_of(&[("content.xml", blanks.as_bytes())]), &limits()).unwrap_err().code,
        OddityCode::Bomb
    );
    let few = Limits { cells: 5, ..limits() };
    for (kind, bytes) in [(Kind::Xlsx, &*written()), (Kind::Xls, XLS), (Kind::Ods, ODS)] {
        assert_eq!(read(kind, bytes, &few).unwrap_err().code, OddityCode::TooLarge, "{kind:?}");
    }
}

#[test]
fn one_long_string_in_many_cells_is_counted_in_each() {
    let long = "慰".repeat(10_000);
    let few = Limits { total_bytes: 1 << 20, ..limits() };
    let strings = format!("<sst><si><t>{long}</t></si></sst>");
    let cells: String =
        (1..=100).map(|row| format!(r#"<row r="{row}"><c r="A{row}" t="s"><v>0</v></c></row>"#)).collect();
    assert_eq!(read(Kind::Xlsx, &xlsx_with(&cells, &strings), &few).unwrap_err().code, OddityCode::TooLarge);
    let repeated = format!(
        r#"<d><table:table><table:table-row><table:table-cell office:value-type="string" table:number-columns-repeated="100"><text:p>{long}</text:p></table:table-cell></table:table-row></table:table></d>"#
    );
    let ods = zip_of(&[("content.xml", repeated.as_bytes())]);
    assert_eq!(read(Kind::Ods, &ods, &few).unwrap_err().code, OddityCode::TooLarge);
    // Sixty thousand more cells of the fixture's longest string.
    let mut stream = stream_of(XLS);
    let label = record(&stream, 0x00FD) - 4;
    let copies: Vec<u8> = stream[label..label + 14].repeat(60_000);
    stream.splice(label..label, copies);
    let late = record_places(&stream, 0x0085);
    for at in late.into_iter().skip(1) {
        let start = u32::from_le_bytes(stream[at..at + 4].try_into().unwrap());
        stream[at..at + 4].copy_from_slice(&(start + 840_000).to_le_bytes());
    }
    let xls = compound_of("/Workbook", &stream);
    assert_eq!(read(Kind::Xls, &xls, &limits()).unwrap().len(), 2);
    assert_eq!(read(Kind::Xls, &xls, &few).unwrap_err().code, OddityCode::TooLarge);
}

/// The same sheet by way of three formats.
#[test]
fn libreoffice_files_read_alike() {
    for (kind, bytes) in [(Kind::Xls, XLS), (Kind::Ods, ODS), (Kind::Xlsx, BY_LIBREOFFICE)] {
        let sheets = read(kind, bytes, &limits()).unwrap();
        let names: Vec<(&str, bool)> = sheets.iter().map(|sheet| (sheet.name.as_str(), sheet.hidden)).collect();
        assert_eq!(names, [("统计表", false), ("旧表", true)], "{kind:?}");
        let grid = &sheets[0].grid;
        assert_eq!(grid.merges(), [Span { top: 1, left: 1, bottom: 2, right: 3 }], "{kind:?}");
        for (name, expected) in [
            ("B2", text("2021年“八一”期间\n走访慰问情况统计表")),
            ("B4", text("孝义市")),
            ("C4", number("12345.67")),
            ("D4", number("12")),
            ("E4", day("2021-08-05")),
            // LibreOffice keeps a boolean without a boolean format as a number.
            ("B5", number("1")),
            ("C5", number("24691.34")),
            ("D5", Some(CellValue::Failed("#DIV/0!".into()))),
            ("E5", text("00123")),
        ] {
            assert_eq!(value(grid, name), expected, "{kind:?} {name}");
        }
    }
}

fn stream_of(xls: &[u8]) -> Vec<u8> {
    let mut stream = Vec::new();
    let mut file = cfb::CompoundFile::open(Cursor::new(xls)).unwrap();
    file.open_stream("/Workbook").unwrap().read_to_end(&mut stream).unwrap();
    stream
}

fn compound_of(name: &str, stream: &[u8]) -> Vec<u8> {
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    file.create_stream(name).unwrap().write_all(stream).unwrap();
    file.flush().unwrap();
    file.into_inner().into_inner()
}

/// Where the records of this kind have their data.
fn record_places(stream: &[u8], kind: u16) -> Vec<usize> {
    let (mut at, mut places) = (0, Vec::new());
    while at + 4 <= stream.len() {
        if u16::from_le_bytes([stream[at], stream[at + 1]]) == kind {
            places.push(at + 4);
        }
        at += 4 + usize::from(u16::from_le_bytes([stream[at + 2], stream[at + 3]]));
    }
    places
}

fn record(stream: &[u8], kind: u16) -> usize {
    record_places(stream, kind)[0]
}

#[test]
fn passwords_are_told() {
    // FILEPASS directly after the workbook's BOF, as Excel writes it.
    let mut stream = stream_of(XLS);
    let after_bof = 4 + usize::from(u16::from_le_bytes([stream[2], stream[3]]));
    stream.splice(after_bof..after_bof, [0x2F, 0, 6, 0, 1, 0, 1, 0, 1, 0]);
    let xls = compound_of("/Workbook", &stream);
    assert_eq!(read(Kind::Xls, &xls, &limits()).unwrap_err().code, OddityCode::PasswordProtected);
    let package = compound_of("/EncryptedPackage", b"secret");
    for kind in [Kind::Xlsx, Kind::Xlsb, Kind::Xls] {
        assert_eq!(read(kind, &package, &limits()).unwrap_err().code, OddityCode::PasswordProtected, "{kind:?}");
    }
    let manifest = br#"<manifest:manifest><manifest:file-entry manifest:full-path="content.xml"><manifest:encryption-data/></manifest:file-entry></manifest:manifest>"#;
    let ods = zip_of(&[("META-INF/manifest.xml", manifest), ("content.xml", b"\x01\x02")]);
    assert_eq!(read(Kind::Ods, &ods, &limits()).unwrap_err().code, OddityCode::PasswordProtected);
}

#[test]
fn xls_declared_and_used_size() {
    // A declared size of four billion rows is not believed.
    let mut stream = stream_of(XLS);
    let dimensions = record(&stream, 0x0200);
    stream[dimensions..dimensions + 14].fill(0xFF);
    let sheets = read(Kind::Xls, &compound_of("/Workbook", &stream), &limits()).unwrap();
    assert_eq!(value(&sheets[0].grid, "D4"), number("12"));
    // A cell in the far corner would make a rectangle of 16 million cells.
    let label = record(&stream, 0x00FD);
    stream[label..label + 4].copy_from_slice(&[0xFF, 0xFF, 0xFF, 0x00]);
    let far = read(Kind::Xls, &compound_of("/Workbook", &stream), &limits()).unwrap_err();
    assert_eq!(far.code, OddityCode::TooLarge);
}

/// Cut up by a faulty program or by malice; fuzzing found it.
#[test]
fn a_row_of_ods_that_ends_without_having_begun_is_one_row() {
    let cell = r#"<table:table-cell office:value-type="string"><text:p>甲</text:p></table:table-cell>"#;
    let content = format!(r#"<d><table:table table:name="T">{cell}</table:table-row></table:table></d>"#);
    let sheets = read(Kind::Ods, &zip_of(&[("content.xml", content.as_bytes())]), &limits()).unwrap();
    assert_eq!(value(&sheets[0].grid, "A1"), text("甲"));
}

#[test]
fn ods_repeats_and_notes() {
    let ods = |table: &str| {
        zip_of(&[("content.xml", format!(r#"<d><table:table table:name="T">{table}</table:table></d>"#).as_bytes())])
    };
    let sheets = read(
        Kind::Ods,
        &ods(r#"<table:table-row table:number-rows-repeated="1000000"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>
            <table:table-row table:number-rows-repeated="2"><table:table-cell table:number-columns-repeated="3"/>
            <table:table-cell office:value-type="string" table:number-columns-repeated="2"><office:annotation><text:p>批注</text:p></office:annotation><text:p>甲<text:s text:c="2"/>乙</text:p></table:table-cell>
            <table:table-cell table:formula="of:=SUM([.A1])"/><table:table-cell office:value-type="boolean" office:boolean-value="true"/></table:table-row>"#),
        &limits(),
    )
    .unwrap();
    let grid = &sheets[0].grid;
    assert_eq!(grid.cells().len(), 8);
    assert_eq!(value(grid, "G1000002"), Some(CellValue::Flag(true)));
    assert_eq!(value(grid, "D1000001"), text("甲  乙"));
    assert_eq!(value(grid, "E1000002"), text("甲  乙"));
    assert_eq!(value(grid, "F1000001"), Some(CellValue::Uncomputed("SUM(A1)".into())));
    let flood = r#"<table:table-row table:number-rows-repeated="1048576"><table:table-cell office:value-type="float" office:value="1" table:number-columns-repeated="16384"/></table:table-row>"#;
    assert_eq!(read(Kind::Ods, &ods(flood), &limits()).unwrap_err().code, OddityCode::TooLarge);
    let cut = zip_of(&[("content.xml", b"<d><table:table table:name=\"T\"><table:table-row>")]);
    assert_eq!(read(Kind::Ods, &cut, &limits()).unwrap_err().code, OddityCode::Damaged);
}

#[test]
fn what_is_no_workbook_is_damaged() {
    for kind in [Kind::Xlsx, Kind::Xls, Kind::Xlsb, Kind::Ods, Kind::Pdf] {
        for bytes in [&b""[..], b"PK\x03\x04", b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1 cut", &zip_of(&[("a", b"b")])] {
            assert_eq!(read(kind, bytes, &limits()).unwrap_err().code, OddityCode::Damaged, "{kind:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]
    #[test]
    fn broken_workbooks_end_quickly(
        which in 0_usize..4,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let (kind, source) = [(Kind::Xls, XLS), (Kind::Ods, ODS), (Kind::Xlsx, BY_LIBREOFFICE), (Kind::Xls, XLS)][which];
        // The last: a sound compound file around a broken stream.
        let mut bytes = if which == 3 { stream_of(source) } else { source.to_vec() };
        for (at, byte) in &changes {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if which == 3 {
            bytes = compound_of("/Workbook", &bytes);
        }
        let started = Instant::now();
        // A panic of the library is held by whoever calls; here it must only not abort.
        let _ = catch_unwind(AssertUnwindSafe(|| read(kind, &bytes, &Limits::default())));
        prop_assert!(started.elapsed().as_secs() < 10);
    }
}
