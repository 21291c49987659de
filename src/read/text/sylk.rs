//! SYLK, which Excel writes as `.slk` and opens under any name: one record a line, its fields parted by semicolons.
//!
//! Source: Microsoft's "Symbolic Link (SYLK) File Format": `C` puts a value into a cell, `X` and `Y` (from 1) name the
//! place and hold until they are named again, `K` is the value, `E` its formula in R1C1 style.

use super::spreadsheet::as_a1;
use crate::model::grid::{Cell, CellValue, Formula, Grid, Sheet};
use crate::model::mail::Oddity;
use crate::read::limits::Limits;
use crate::read::workbook::package::damaged;
use crate::read::workbook::{Budget, number_of};

/// Whether this text is SYLK: its first record is told by `ID;P`, and the lines below are records.
pub(crate) fn is_sylk(text: &str) -> bool {
    let mut lines = text.trim_start_matches('\u{feff}').lines();
    lines.next().is_some_and(|first| first.starts_with("ID;P"))
        && lines.next().is_some_and(|second| {
            ["C;", "F;", "P;", "B;", "O;", "NN;", "NE;", "NU;", "W;", "E"].iter().any(|kind| second.starts_with(kind))
        })
}

/// Reads the one sheet such a file holds; `Damaged` where it is cut off or a record makes no sense.
pub(super) fn read(text: &str, limits: &Limits) -> Result<Vec<Sheet>, Oddity> {
    let mut budget = Budget::new(limits);
    let (mut cells, mut formulas) = (Vec::new(), Vec::new());
    let (mut row, mut column) = (1_u32, 1_u32);
    let mut ended = false;
    // LibreOffice writes formulas in A1 style, with semicolons between arguments.
    let by_calc = text.trim_start_matches('\u{feff}').starts_with("ID;PCALC");
    for line in text.lines() {
        let fields = fields(line);
        let Some((kind, fields)) = fields.split_first() else { continue };
        if kind == "E" {
            ended = true;
            break;
        }
        if kind != "C" && kind != "F" {
            continue;
        }
        let field = |letter: char| fields.iter().find_map(|field| field.strip_prefix(letter));
        // A format names a place too, and the next value may go there.
        row = place(field('Y'), row)?;
        column = place(field('X'), column)?;
        if kind == "F" {
            continue;
        }
        let formula = field('E').map(|formula| {
            if by_calc { formula.replace(';', ",") } else { as_a1(&format!("={formula}"), row - 1, column - 1) }
        });
        let value = match (field('K'), &formula) {
            (Some(value), _) => value_of(value)?,
            (None, Some(formula)) => CellValue::Uncomputed(formula.clone()),
            (None, None) => continue,
        };
        budget.take(1)?;
        budget.take_text(&value, 1)?;
        if let Some(text) = formula.filter(|_| !matches!(value, CellValue::Uncomputed(_))) {
            budget.take_formula(&text)?;
            formulas.push(Formula { row: row - 1, column: column - 1, text });
        }
        cells.push(Cell { row: row - 1, column: column - 1, value });
    }
    if !ended {
        return Err(damaged());
    }
    // Of two values for one place the later stands.
    cells.reverse();
    formulas.reverse();
    let grid = Grid::new(cells, Vec::new()).with_formulas(formulas);
    Ok(vec![Sheet { name: "表1".to_owned(), hidden: false, grid }])
}

/// A place as it is told (from 1), or the one that holds on.
fn place(told: Option<&str>, held: u32) -> Result<u32, Oddity> {
    told.map_or(Ok(held), |told| {
        told.trim().parse().ok().filter(|place| (1..=1_048_576).contains(place)).ok_or_else(damaged)
    })
}

/// The fields of a record; two semicolons are one that is meant.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut letters = line.trim_end().chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            ';' if letters.peek() != Some(&';') => fields.push(String::new()),
            letter => {
                if letter == ';' {
                    letters.next();
                }
                if let Some(field) = fields.last_mut() {
                    field.push(letter);
                }
            }
        }
    }
    fields
}

fn value_of(written: &str) -> Result<CellValue, Oddity> {
    let written = written.trim();
    if let Some(quoted) = written.strip_prefix('"') {
        let text = quoted.strip_suffix('"').ok_or_else(damaged)?;
        return Ok(CellValue::Text(unescaped(text)?.replace("\"\"", "\"").replace("\r\n", "\n").replace('\r', "\n")));
    }
    Ok(match written {
        "TRUE" => CellValue::Flag(true),
        "FALSE" => CellValue::Flag(false),
        error if error.starts_with('#') => CellValue::Failed(error.to_owned()),
        number => number_of(number.parse().map_err(|_| damaged())?),
    })
}

/// An escape and two characters stand for a control character, four bits each.
fn unescaped(text: &str) -> Result<String, Oddity> {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\u{1B}' {
            out.push(letter);
            continue;
        }
        let bits = |letter: Option<char>, base: u32| letter.and_then(|letter| u32::from(letter).checked_sub(base));
        let (high, low) = (bits(letters.next(), 0x20), bits(letters.next(), 0x30));
        match (high, low) {
            (Some(high @ 0..=7), Some(low @ 0..=15)) => out.extend(char::from_u32(high << 4 | low)),
            _ => return Err(damaged()),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str, row: u32, column: u32) -> Option<CellValue> {
        read(text, &Limits::default()).unwrap()[0].grid.at(row, column).map(|cell| cell.value.clone())
    }

    #[test]
    fn places_hold_until_they_are_named_again() {
        let text = "ID;PWXL;N;E\r\nP;PGeneral\r\nC;Y1;X1;K\"单位;;名称\x1B :第二行\"\r\nC;X3;K34120.5\r\nF;P0;Y2;X2\r\n\
                    C;K\"他说\"\"好\"\"\"\r\nC;X4;K9.5;ER[-1]C[-1]/10000\r\nC;X5;ESUM(R1C3:R1C4)\r\nC;X6;K#DIV/0!\r\nE\r\n";
        assert!(is_sylk(text));
        assert_eq!(at(text, 0, 0), Some(CellValue::Text("单位;名称\n第二行".into())));
        assert_eq!(at(text, 0, 2), Some(CellValue::Number("34120.5".parse().unwrap())));
        assert_eq!(at(text, 1, 1), Some(CellValue::Text("他说\"好\"".into())));
        assert_eq!(at(text, 1, 3), Some(CellValue::Number("9.5".parse().unwrap())));
        assert_eq!(at(text, 1, 4), Some(CellValue::Uncomputed("SUM(C1:D1)".into())));
        assert_eq!(at(text, 1, 5), Some(CellValue::Failed("#DIV/0!".into())));
        let sheets = read(text, &Limits::default()).unwrap();
        assert_eq!(sheets[0].grid.formulas()[0].text, "C1/10000");
    }

    #[test]
    fn half_a_file_is_no_file() {
        for text in ["ID;P\nC;Y1;X1;K5\n", "ID;P\nC;Y1;X1;K5x\nE\n", "ID;P\nC;Y0;X1;K5\nE\n", "ID;P\nC;Y1;X1;K\"5\nE\n"]
        {
            assert!(read(text, &Limits::default()).is_err(), "{text}");
        }
        assert!(!is_sylk("ID;Person;Zahl\n1;2;3\n"));
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(C;|[XYKE]|;|[0-9]|\"|\n|\x1B|E\n|.)*") {
            let _ = read(&text, &Limits::default());
        }
    }
}
