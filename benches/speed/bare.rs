//! Files read by mail-parser and calamine with nothing around them, one after the other: what `inspect` is held against.

use std::hint::black_box;
use std::io::Cursor;

use calamine::Reader as _;
use mail_parser::{MessageParser, MimeHeaders as _};

/// The hidden command under which the measuring program is this one.
pub const COMMAND: &str = "bare";

/// Reads every file and prints how many parts and cells it saw.
pub fn read_all(files: &[String]) {
    let (mut parts, mut cells) = (0, 0);
    for file in files {
        let bytes = std::fs::read(file).unwrap();
        if !file.ends_with(".eml") {
            cells += workbook(&bytes);
            continue;
        }
        let mail = MessageParser::default().parse(&bytes).unwrap();
        for part in mail.attachments() {
            parts += 1;
            let name = part.attachment_name().unwrap_or_default();
            if name.ends_with(".xlsx") || name.ends_with(".xls") {
                cells += workbook(part.contents());
            }
            black_box(part.contents());
        }
    }
    println!("{parts} parts, {cells} cells");
}

fn workbook(bytes: &[u8]) -> usize {
    let mut book = calamine::open_workbook_auto_from_rs(Cursor::new(bytes)).unwrap();
    let sheets = book.worksheets();
    sheets.iter().map(|(_, range)| range.used_cells().count()).sum()
}
