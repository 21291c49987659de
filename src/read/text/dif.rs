//! DIF, the Data Interchange Format that Excel and WPS still write: two lines a value, rows begun by `BOT`.
//!
//! Source: Software Arts' "DIF Technical Specification": a kind and a number, then a word or a quoted text.

use crate::model::grid::{Cell, CellValue, Grid, Sheet};
use crate::model::mail::Oddity;
use crate::read::limits::Limits;
use crate::read::workbook::package::damaged;
use crate::read::workbook::{Budget, number_of};

/// Whether this text is DIF, by its first item.
pub(crate) fn is_dif(text: &str) -> bool {
    let mut lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
    lines.next() == Some("TABLE")
        && lines.next() == Some("0,1")
        && lines.next().is_some_and(|line| line.starts_with('"'))
}

/// Reads the one sheet such a file holds; `Damaged` where it is cut off or something makes no sense.
pub(super) fn read(text: &str, limits: &Limits) -> Result<Vec<Sheet>, Oddity> {
    let mut budget = Budget::new(limits);
    let mut lines = text.lines();
    // Items of the head are three lines each; of them only the end of the head matters.
    while lines.next().ok_or_else(damaged)?.trim() != "DATA" {}
    (lines.next(), lines.next()).1.ok_or_else(damaged)?;
    let mut cells = Vec::new();
    let (mut next_row, mut column) = (0_u32, 0_u32);
    loop {
        let (kind, number) = lines.next().and_then(|line| line.split_once(',')).ok_or_else(damaged)?;
        let words = lines.next().ok_or_else(damaged)?;
        let value = match (kind.trim(), words.trim()) {
            ("-1", "BOT") => {
                (next_row, column) = (next_row.checked_add(1).ok_or_else(damaged)?, 0);
                continue;
            }
            ("-1", "EOD") => break,
            ("0", "V") => number_of(number.trim().parse().map_err(|_| damaged())?),
            ("0", "TRUE") => CellValue::Flag(true),
            ("0", "FALSE") => CellValue::Flag(false),
            ("0", "NA") => CellValue::Failed("#N/A".to_owned()),
            ("0", "ERROR") => CellValue::Failed("#VALUE!".to_owned()),
            ("1", _) => CellValue::Text(quoted(words, &mut lines)?),
            _ => return Err(damaged()),
        };
        budget.take(1)?;
        budget.take_text(&value, 1)?;
        cells.push(Cell { row: next_row.checked_sub(1).ok_or_else(damaged)?, column, value });
        column = column.saturating_add(1);
    }
    Ok(vec![Sheet { name: "表1".to_owned(), hidden: false, grid: Grid::new(cells, Vec::new()) }])
}

/// A text in quotes, over as many lines as it has; two quotes are one that is meant.
fn quoted<'t>(first: &'t str, lines: &mut impl Iterator<Item = &'t str>) -> Result<String, Oddity> {
    let Some(begun) = first.trim_start().strip_prefix('"') else { return Ok(first.to_owned()) };
    let mut text = begun.to_owned();
    loop {
        let whole = text.trim_end();
        let quotes = whole.chars().rev().take_while(|letter| *letter == '"').count();
        if quotes % 2 == 1 {
            let inner = whole.strip_suffix('"').unwrap_or(whole);
            return Ok(inner.replace("\"\"", "\""));
        }
        text.push('\n');
        text.push_str(lines.next().ok_or_else(damaged)?);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEAD: &str = "TABLE\r\n0,1\r\n\"EXCEL\"\r\nVECTORS\r\n0,3\r\n\"\"\r\nDATA\r\n0,0\r\n\"\"\r\n";

    #[test]
    fn rows_and_values() {
        let text = format!(
            "{HEAD}-1,0\r\nBOT\r\n1,0\r\n\"单位\"\"名\"\"\n第二行\"\r\n1,0\r\n\"\"\r\n0,34120.5\r\nV\r\n-1,0\r\nBOT\r\n0,0\r\nERROR\r\n\
             0,1\r\nTRUE\r\n-1,0\r\nEOD\r\n"
        );
        assert!(is_dif(&text));
        let grid = read(&text, &Limits::default()).unwrap().remove(0).grid;
        let shown: Vec<_> = grid.cells().iter().map(|cell| (cell.row, cell.column, cell.value.shown())).collect();
        let expected = [(0, 0, "单位\"名\"\n第二行"), (0, 2, "34120.5"), (1, 0, "#VALUE!"), (1, 1, "TRUE")];
        assert_eq!(shown, expected.map(|(row, column, text)| (row, column, text.to_owned())));
    }

    #[test]
    fn half_a_file_is_no_file() {
        for rest in
            ["-1,0\nBOT\n0,5\nV\n", "0,5\nV\n-1,0\nEOD\n", "-1,0\nBOT\n0,x\nV\n-1,0\nEOD\n", "-1,0\nBOT\n1,0\n\"a\n"]
        {
            assert!(read(&format!("{HEAD}{rest}"), &Limits::default()).is_err(), "{rest}");
        }
        assert!(read("TABLE\n0,1\n\"\"\n", &Limits::default()).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(TABLE\n|DATA\n|0,0\n|-1,0\n|BOT\n|EOD\n|1,0\n|\"|V\n|.)*") {
            let _ = read(&text, &Limits::default());
        }
    }
}
