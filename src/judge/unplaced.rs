//! Sheets that carry the form's title or its headers, but not in its layout: transposed, or drawn by hand. Nothing is
//! read from them, and they are not passed over in silence either.

use std::collections::BTreeSet;

use super::headers::{Fit, Headers};
use super::labels::read_labels;
use super::layout::sightings;
use super::remarks::{Remarks, column_title};
use super::words::{is_han, normalise};
use crate::model::form::{FindingCode, Form};
use crate::model::grid::{CellValue, Grid, Sheet, cell_name};
use crate::model::returns::{TableReturn, Totals};

/// So many of the headers that name one column only show the form, wherever they stand.
const ENOUGH_HEADERS: usize = 3;
/// Under the form's title so many cells must speak of what it asks for, and so many hold a figure.
const ENOUGH_WORDS: usize = 3;
const ENOUGH_FIGURES: usize = 2;
/// A hand-drawn form is small; in a long sheet its words prove nothing.
const MOST_CELLS: usize = 2_000;
/// What may stand before or behind the title in its cell: a unit's name.
const MOST_BESIDE_TITLE: usize = 16;

/// The return such a sheet is: without figures, with all columns missing. `None` where it is something else.
#[must_use]
pub fn unplaced(sheet: &Sheet, piece: &str, form: &Form, year: i32) -> Option<TableReturn> {
    let grid = &sheet.grid;
    if sheet.hidden || grid.cells().len() > MOST_CELLS {
        return None;
    }
    let at = headers_apart(grid, form).or_else(|| drawn_by_hand(grid, form))?;
    let last = grid.last_row().map_or(0, |row| row.saturating_add(1));
    let labelled = read_labels(grid, grid.used_rows(0, last), form, year);
    let mut remarks = Remarks::new(form, &sheet.name);
    let cell = cell_name(at.0, at.1);
    for column in form.columns.iter().filter(|column| column.compulsory) {
        let title = column_title(column, form);
        let text = format!("表格没有按原表的格式排列，找不到“{title}”一栏，请使用通知所附的原表填报。");
        remarks.add_again(FindingCode::ColumnMissing, Some(&cell), text);
    }
    Some(TableReturn {
        piece: piece.to_owned(),
        sheet: sheet.name.clone(),
        form: form.id.clone(),
        unit_name: labelled.unit_name,
        unit: None,
        filled_on: labelled.filled_on,
        rows: Vec::new(),
        totals: form.number_columns().map(|column| (column.key.clone(), None)).collect::<Totals>(),
        findings: remarks.finish(),
        hidden: false,
    })
}

/// Where the first of enough headers stands: they are there, but in no row of headers.
fn headers_apart(grid: &Grid, form: &Form) -> Option<(u32, u32)> {
    let seen = sightings(grid, &Headers::of(form));
    let mut leaders = BTreeSet::new();
    for sighting in seen.iter().filter(|sighting| sighting.fit == Fit::Exact) {
        let [index] = sighting.columns.as_slice() else { continue };
        if form.columns.get(*index).is_some_and(|column| column.compulsory) {
            leaders.insert(*index);
        }
    }
    let first = seen.first().map(|sighting| (sighting.top, sighting.left))?;
    (leaders.len() >= ENOUGH_HEADERS).then_some(first)
}

/// Where the form's title stands over words and figures of the kind it asks for.
fn drawn_by_hand(grid: &Grid, form: &Form) -> Option<(u32, u32)> {
    let title = normalise(&form.title);
    let is_title = |words: &str| {
        let (before, after) = words.split_once(title.as_str())?;
        let named = |words: &str| {
            words.chars().count() <= MOST_BESIDE_TITLE
                && words.chars().all(|letter| is_han(letter) || "()".contains(letter))
        };
        (named(before) && named(after) && !before.starts_with("附件")).then_some(())
    };
    let texts = || {
        grid.cells().iter().filter_map(|cell| match &cell.value {
            CellValue::Text(text) => Some((cell, normalise(text))),
            _ => None,
        })
    };
    let (heading, _) = texts().find(|(_, words)| is_title(words).is_some())?;
    let asked: BTreeSet<(char, char)> = form
        .columns
        .iter()
        .filter(|column| column.compulsory)
        .flat_map(|column| pairs(&normalise(&column.header)))
        .collect();
    let below = || grid.cells().iter().filter(|cell| cell.row > heading.row);
    let words = texts()
        .filter(|(cell, words)| cell.row > heading.row && words.chars().count() <= 30)
        .filter(|(_, words)| pairs(words).any(|pair| asked.contains(&pair)))
        .count();
    let figures = below().filter(|cell| cell.value.shown().chars().any(|letter| letter.is_ascii_digit())).count();
    (words >= ENOUGH_WORDS && figures >= ENOUGH_FIGURES).then_some((heading.row, heading.column))
}

/// Every two Chinese characters that stand side by side.
fn pairs(words: &str) -> impl Iterator<Item = (char, char)> + use<> {
    let letters: Vec<char> = words.chars().collect();
    let pairs: Vec<(char, char)> = letters
        .iter()
        .zip(letters.iter().skip(1))
        .filter(|(first, second)| is_han(**first) && is_han(**second))
        .map(|(first, second)| (*first, *second))
        .collect();
    pairs.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::tables::read_tables;
    use crate::judge::testing::{bayi_form, sheet};

    fn codes(drawing: &str) -> Vec<(FindingCode, Option<String>)> {
        let found = read_tables(&[sheet(drawing)], "1", &bayi_form(), 2021);
        assert!(found.iter().all(|table| table.rows.is_empty() && table.totals.values().all(Option::is_none)));
        found.into_iter().flat_map(|table| table.findings).map(|finding| (finding.code, finding.cell)).collect()
    }

    #[test]
    fn a_transposed_or_hand_drawn_form_is_told_and_not_read() {
        let transposed = "
            慰问军队退役人员人数(人) | 12
            慰问形式及慰问品名称 | 米
            慰问折算经费(元) | 2400
            慰问其他优抚对象人数(人) | 5
            慰问折算经费(元) | 1000
            部队名称 | 武警支队
            合计“八一”期间走访慰问支出总额(万元) | 0.34";
        let drawn = "
            离石区2021年“八一”期间走访慰问情况统计表
            退役人员 | 12人 | 2400元
            其他优抚 | 5人 | 1000元
            部队 | 武警支队 | 5000元
            支出合计 | 0.84万元";
        for drawing in [transposed, drawn] {
            let codes = codes(drawing);
            assert_eq!(codes.len(), 7, "{codes:?}");
            assert!(codes.iter().all(|found| *found == (FindingCode::ColumnMissing, Some("A1".into()))));
        }
    }

    #[test]
    fn what_only_mentions_the_form_is_no_return() {
        for drawing in [
            "附件：2021年“八一”期间走访慰问情况统计表.xlsx | 12K\n走访慰问报告.docx | 30K\n慰问照片1 | 2M\n支出说明 | 3",
            "2021年“八一”期间走访慰问情况统计表\n序号 | 姓名 | 住址\n1 | 张三 | 某村\n2 | 李四 | 某村",
            "姓名 | 部队名称 | 金额\n张三 | 某部 | 200",
        ] {
            assert!(codes(drawing).is_empty(), "{drawing}");
        }
    }
}
