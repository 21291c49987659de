//! Streams as Excel 2 to 4 and small exporters write them.

use crate::model::mail::{Kind, OddityCode};
use crate::read::limits::Limits;
use crate::read::workbook::read;

fn record(kind: u16, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap();
    [&kind.to_le_bytes()[..], &length.to_le_bytes(), data].concat()
}

fn shown(stream: &[u8]) -> Vec<(u32, u32, String)> {
    let sheets = read(Kind::Xls, stream, &Limits::default()).unwrap();
    assert_eq!(sheets.len(), 1);
    sheets[0].grid.cells().iter().map(|cell| (cell.row, cell.column, cell.value.shown())).collect()
}

fn gbk(text: &str) -> Vec<u8> {
    encoding_rs::GBK.encode(text).0.into_owned()
}

#[test]
fn what_small_exporters_write() {
    let label = gbk("孝义市");
    let stream = [
        record(0x0809, &[0, 0, 0x10, 0, 0, 0, 0, 0]),
        record(0x0204, &[&[0, 0, 1, 0, 0, 0, 6, 0][..], &label].concat()),
        record(0x0203, &[&[1, 0, 2, 0, 0, 0][..], &12345.67_f64.to_le_bytes()].concat()),
        record(0x000A, &[]),
    ]
    .concat();
    assert_eq!(shown(&stream), [(0, 1, "孝义市".to_owned()), (1, 2, "12345.67".to_owned())]);
}

#[test]
fn excel_2_and_4() {
    let words = gbk("慰问");
    let two = [
        record(0x0009, &[2, 0, 0x10, 0]),
        record(0x0002, &[0, 0, 0, 0, 0, 0, 0, 12, 0]),
        record(0x0003, &[&[0, 0, 1, 0, 0, 0, 0][..], &0.5_f64.to_le_bytes()].concat()),
        record(0x0004, &[&[1, 0, 0, 0, 0, 0, 0, 4][..], &words].concat()),
        record(0x0006, &[&[1, 0, 1, 0, 0, 0, 0][..], &7.0_f64.to_le_bytes(), &[0, 0]].concat()),
        record(0x0006, &[&[1, 0, 2, 0, 0, 0, 0][..], &[0, 0, 0, 0, 0, 0, 0xFF, 0xFF], &[0, 0]].concat()),
        record(0x0007, &[&[4][..], &words].concat()),
        record(0x000A, &[]),
    ]
    .concat();
    let expected = [(0, 0, "12"), (0, 1, "0.5"), (1, 0, "慰问"), (1, 1, "7"), (1, 2, "慰问")];
    assert_eq!(shown(&two), expected.map(|(row, column, text)| (row, column, text.to_owned())));
    let four = [
        record(0x0409, &[0, 4, 0x10, 0, 0, 0]),
        record(0x0042, &[0xA8, 0x03]),
        record(0x0204, &[&[0, 0, 0, 0, 0, 0, 4, 0][..], &words].concat()),
        record(0x0406, &[&[0, 0, 1, 0, 0, 0][..], &7.5_f64.to_le_bytes(), &[0, 0, 0, 0]].concat()),
        record(0x000A, &[]),
    ]
    .concat();
    assert_eq!(shown(&four), [(0, 0, "慰问".to_owned()), (0, 1, "7.5".to_owned())]);
}

#[test]
fn a_workspace_or_what_is_cut_off_is_damaged() {
    for stream in [record(0x0409, &[0, 4, 0, 1, 0, 0]), record(0x0809, &[]), b"\x09\x08\x08\x00".to_vec()] {
        assert_eq!(read(Kind::Xls, &stream, &Limits::default()).unwrap_err().code, OddityCode::Damaged);
    }
}
