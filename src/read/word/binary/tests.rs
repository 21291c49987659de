//! Word 97 documents that LibreOffice wrote (see `tests/generate/documents.py`), whole and broken.

use std::io::{Cursor, Read as _, Write as _};

use proptest::prelude::*;

use super::*;
use crate::model::grid::Span;
use crate::model::mail::OddityCode;

const MERGED: &[u8] = include_bytes!("../../../../tests/cases/word-97-merged-down/岚县统计表.doc");
const REVISED: &[u8] = include_bytes!("../../../../tests/cases/word-97-tracked-changes/方山县.wps");
const TRACKED_ROWS: &[u8] = include_bytes!("../../../../tests/cases/word-97-tracked-rows/兴县统计表.doc");

fn code(bytes: &[u8]) -> OddityCode {
    read(bytes, &Limits::default()).unwrap_err().code
}

/// The file with some bytes of its main stream changed.
fn with_main(bytes: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut file = cfb::CompoundFile::open(Cursor::new(bytes.to_vec())).unwrap();
    let mut main = Vec::new();
    file.open_stream("/WordDocument").unwrap().read_to_end(&mut main).unwrap();
    change(&mut main);
    file.create_stream("/WordDocument").unwrap().write_all(&main).unwrap();
    file.flush().unwrap();
    file.into_inner().into_inner()
}

#[test]
fn cells_stand_where_the_page_shows_them() {
    let document = read(MERGED, &Limits::default()).unwrap();
    assert!(document.paragraphs[1].starts_with("县(市、区)/单位名称：岚县"));
    let grid = &document.tables[0].grid;
    assert_eq!(grid.at(0, 6).unwrap().value.shown(), "慰问部队情况");
    assert_eq!(grid.at(1, 0).unwrap().value.shown(), "慰问军队退役人员人数\n（人）");
    assert_eq!(grid.at(4, 8).unwrap().value.shown(), "4,500");
    for span in [
        Span { top: 0, left: 0, bottom: 0, right: 5 },
        Span { top: 0, left: 9, bottom: 1, right: 9 },
        Span { top: 2, left: 0, bottom: 4, right: 0 },
    ] {
        assert!(grid.merges().contains(&span), "{span:?}");
    }
}

#[test]
fn what_is_struck_out_is_no_text() {
    let document = read(REVISED, &Limits::default()).unwrap();
    let cells = document.tables.iter().flat_map(|table| table.grid.cells());
    let words: Vec<String> = cells.map(|cell| cell.value.shown()).chain(document.paragraphs).collect();
    assert!(words.iter().all(|words| !words.contains('旧') && !words.contains("删去")), "{words:?}");
}

fn column(document: &Document, column: u32) -> Vec<String> {
    let cells = document.tables.iter().flat_map(|table| table.grid.cells());
    cells.filter(|cell| cell.column == column && cell.row > 1).map(|cell| cell.value.shown()).collect()
}

#[test]
fn rows_struck_out_leave_and_rows_put_in_stay() {
    let document = read(REVISED, &Limits::default()).unwrap();
    assert_eq!((column(&document, 0), column(&document, 2)), (vec!["42".to_owned()], vec!["21000".to_owned()]));
    let document = read(TRACKED_ROWS, &Limits::default()).unwrap();
    assert_eq!(column(&document, 6), ["武警吕梁支队", "新增的部队乙", "驻兴县某部"]);
    assert_eq!(column(&document, 8), ["5000", "6000", "7000"]);
    assert!(document.paragraphs.iter().all(|line| !line.contains("删去")));
}

#[test]
fn a_row_of_which_nobody_can_say_whether_it_stands_is_no_table() {
    // The end mark of the row above the struck-out one is struck out by itself, as Word does it with a row's letters.
    let units: Vec<u8> = "5000\u{7}3.2\u{7}\u{7}\u{7}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let changed = with_main(REVISED, |main| {
        let next = main.windows(units.len()).position(|window| window == units).unwrap() + units.len();
        let bound = u32::try_from(next + 4).unwrap().to_le_bytes();
        let at = main.windows(4).rposition(|window| window == bound).unwrap();
        main[at..at + 4].copy_from_slice(&u32::try_from(next).unwrap().to_le_bytes());
    });
    let document = read(&changed, &Limits::default()).unwrap();
    assert_eq!((document.tables.len(), document.doubts.len()), (0, 1), "{document:?}");
    assert!(document.paragraphs.iter().any(|line| line == "武警吕梁支队"));
}

#[test]
fn what_cannot_be_read_is_said() {
    assert_eq!(code(&with_main(MERGED, |main| main[0x0B] |= 1)), OddityCode::PasswordProtected);
    assert_eq!(code(&with_main(MERGED, |main| main[0] = 0xDC)), OddityCode::UnreadKind);
    assert_eq!(code(&with_main(MERGED, |main| main[0] = 0)), OddityCode::Damaged);
    assert_eq!(code(&MERGED[..MERGED.len() / 2]), OddityCode::Damaged);
    // The text is told to end inside the table.
    assert_eq!(code(&with_main(MERGED, |main| main[0x4C] -= 60)), OddityCode::Damaged);
    // The pieces are said to lie outside the file.
    assert_eq!(code(&with_main(MERGED, |main| main[0x1A4] = 0xFF)), OddityCode::Damaged);
    // The paragraphs' properties are gone: cells without tables.
    assert_eq!(code(&with_main(MERGED, |main| main[0x102..0x10A].fill(0))), OddityCode::Damaged);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn broken_documents_never_panic(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12), cut in 0_usize..4) {
        let mut bytes = REVISED.to_vec();
        for (at, byte) in &changes {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        if cut == 0 {
            bytes.truncate(bytes.len() / 2);
        }
        let _ = read(&bytes, &Limits::default());
    }
}
