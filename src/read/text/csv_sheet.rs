//! Delimited text as a sheet.

use crate::model::grid::{Cell, CellValue, Grid, Sheet};
use crate::model::mail::Oddity;
use crate::read::limits::Limits;
use crate::read::workbook::package::too_large;

/// How many lines decide the delimiter.
const LOOKED_AT: usize = 50;

pub(super) fn read(text: &str, limits: &Limits) -> Result<Vec<Sheet>, Oddity> {
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n");
    // Excel's own way of naming the delimiter, in the first line.
    let (named, text) = match text.split_once('\n') {
        Some((first, rest)) if first.trim_end().to_ascii_lowercase().starts_with("sep=") => {
            (first.trim_end().get(4..).and_then(|rest| rest.chars().next()), rest)
        }
        _ => (None, text.as_str()),
    };
    let delimiter = named.unwrap_or_else(|| delimiter_of(text));
    let mut cells = Vec::new();
    if delimiter.is_ascii() {
        read_ascii(text, delimiter, limits, &mut cells);
    } else {
        for (row, line) in text.lines().enumerate() {
            place_row(row, line.split(delimiter), limits, &mut cells);
        }
    }
    if cells.len() > limits.cells {
        return Err(too_large());
    }
    let grid = Grid::new(cells, Vec::new());
    let sheets =
        if grid.is_empty() { Vec::new() } else { vec![Sheet { name: "表1".to_owned(), hidden: false, grid }] };
    Ok(sheets)
}

fn read_ascii(text: &str, delimiter: char, limits: &Limits, cells: &mut Vec<Cell>) {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(u8::try_from(delimiter).unwrap_or(b','))
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    // The reader leaves blank lines out without a word; they are counted, so that a cell's name is what a spreadsheet
    // program shows.
    let mut record = csv::StringRecord::new();
    let mut row = 0;
    while cells.len() <= limits.cells && reader.read_record(&mut record).unwrap_or(false) {
        let start = record.position().and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or(0);
        let ahead = text.as_bytes().get(start..).unwrap_or_default();
        row += ahead.iter().take_while(|byte| **byte == b'\n').count();
        place_row(row, record.iter(), limits, cells);
        row += 1;
    }
}

fn place_row<'a>(row: usize, values: impl Iterator<Item = &'a str>, limits: &Limits, cells: &mut Vec<Cell>) {
    for (column, value) in values.enumerate() {
        let (Ok(row), Ok(column)) = (u32::try_from(row), u32::try_from(column)) else { return };
        // One too many tells that there are too many.
        if cells.len() > limits.cells {
            return;
        }
        let value = value.trim();
        if !value.is_empty() {
            cells.push(Cell { row, column, value: CellValue::Text(value.to_owned()) });
        }
    }
}

/// The delimiter that splits most of the first lines, outside quotes, into a like number of cells.
fn delimiter_of(text: &str) -> char {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).take(LOOKED_AT).collect();
    let score = |delimiter: char| {
        let counts: Vec<usize> = lines.iter().map(|line| outside_quotes(line, delimiter)).collect();
        let split = counts.iter().filter(|count| **count > 0).count();
        let most = counts.iter().copied().max().unwrap_or(0);
        let alike = counts.iter().filter(|count| **count == most && most > 0).count();
        (alike + split, most)
    };
    // Of equals the first stands: max_by_key keeps the last, so the list runs backwards.
    ['，', ';', '\t', ','].into_iter().max_by_key(|delimiter| score(*delimiter)).unwrap_or(',')
}

fn outside_quotes(line: &str, delimiter: char) -> usize {
    let mut quoted = false;
    let mut count = 0;
    for character in line.chars() {
        match character {
            '"' => quoted = !quoted,
            _ if character == delimiter && !quoted => count += 1,
            _ => {}
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::grid::cell_name;

    fn shown(text: &str) -> Vec<(String, String)> {
        let sheets = read(text, &Limits::default()).unwrap();
        let cells = sheets.iter().flat_map(|sheet| sheet.grid.cells());
        cells.map(|cell| (cell_name(cell.row, cell.column), cell.value.shown())).collect()
    }

    fn named(text: &str, place: &str) -> Option<String> {
        shown(text).into_iter().find(|(name, _)| name == place).map(|(_, value)| value)
    }

    #[test]
    fn commas_quotes_and_a_byte_order_mark() {
        let text = "\u{feff}单位,人数,备注\r\n孝义市,\"1,200\",\"第一行\r\n第二行，含\"\"引号\"\"\"\r\n汾阳市,5,\r\n";
        assert_eq!(named(text, "A1").as_deref(), Some("单位"));
        assert_eq!(named(text, "B2").as_deref(), Some("1,200"));
        assert_eq!(named(text, "C2").as_deref(), Some("第一行\n第二行，含\"引号\""));
        assert_eq!(named(text, "B3").as_deref(), Some("5"));
        assert_eq!(named(text, "C3"), None);
    }

    #[test]
    fn the_delimiter_is_found() {
        assert_eq!(named("单位\t人数\n孝义,汾阳\t3\n", "B2").as_deref(), Some("3"));
        assert_eq!(named("单位;经费\n孝义;1,5\n交城;2,5\n", "B3").as_deref(), Some("2,5"));
        assert_eq!(named("单位，人数\n孝义，7\n", "B2").as_deref(), Some("7"));
        assert_eq!(named("sep=;\n单位;人数,口\n孝义;7\n", "B1").as_deref(), Some("人数,口"));
    }

    #[test]
    fn blank_lines_keep_their_rows() {
        assert_eq!(named("标题\n\n单位,人数\n孝义,7\n", "B4").as_deref(), Some("7"));
        assert_eq!(named("a,\"x\ny\"\r\n\r\nb,2\r\n", "B3").as_deref(), Some("2"));
    }

    #[test]
    fn nothing_is_no_sheet() {
        assert!(read("", &Limits::default()).unwrap().is_empty());
        assert!(read("\u{feff} \n,,,\n", &Limits::default()).unwrap().is_empty());
    }

    #[test]
    fn beyond_the_limit_nothing_is_read_rather_than_half() {
        let limits = Limits { cells: 9, ..Limits::default() };
        assert_eq!(read(&"1,2,3\n".repeat(3), &limits).unwrap()[0].grid.cells().len(), 9);
        for text in ["1,2,3\n".repeat(1000), "1,2,3\n".repeat(3) + "4", "1，2，3\n".repeat(4)] {
            assert_eq!(read(&text, &limits), Err(too_large()));
        }
    }

    proptest! {
        #[test]
        fn plain_values_come_back(rows in proptest::collection::vec(proptest::collection::vec("[a-z0-9双拥慰问]{1,6}", 3), 1..12)) {
            let text: String = rows.iter().map(|row| row.join(",") + "\n").collect();
            let cells = shown(&text);
            let expected: Vec<(String, String)> = rows
                .iter()
                .zip(0..)
                .flat_map(|(row, r)| row.iter().zip(0..).map(move |(value, c)| (cell_name(r, c), value.clone())))
                .collect();
            prop_assert_eq!(cells, expected);
        }

        #[test]
        fn any_text_is_read(text: String) {
            let _ = read(&text, &Limits::default());
        }
    }
}
