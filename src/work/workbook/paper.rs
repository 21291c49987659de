//! A sheet of paper: cells written safely, in the order of rows, ready to print.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use rust_xlsxwriter::{ColNum, Format, Formula, RowNum, Worksheet, XlsxError};

use super::styles::{Styles, width};
use crate::judge::letters::clean;
use crate::model::form::Column;
use crate::model::grid::cell_name;

/// Paper size A3, as Excel numbers it.
const A3: u8 = 8;
/// What a unit has in its printer.
pub(super) const A4: u8 = 9;
/// Characters of one cell; Excel takes 32,767, nobody reads so many.
const CELL_LENGTH: usize = 1_000;

/// Text that may have come with mail: one line, harmless characters, never a formula.
pub(super) fn text(
    sheet: &mut Worksheet,
    row: RowNum,
    column: ColNum,
    words: &str,
    format: &Format,
) -> Result<(), XlsxError> {
    let words = clean(words, CELL_LENGTH);
    if words.is_empty() {
        sheet.write_blank(row, column, format)?;
    } else {
        sheet.write_string_with_format(row, column, words, format)?;
    }
    Ok(())
}

/// A figure, or an empty cell where there is none.
pub(super) fn figure(
    sheet: &mut Worksheet,
    row: RowNum,
    column: ColNum,
    value: Option<Decimal>,
    format: &Format,
) -> Result<(), XlsxError> {
    match value.and_then(|value| value.to_f64()) {
        Some(number) => sheet.write_number_with_format(row, column, number, format)?,
        None => sheet.write_blank(row, column, format)?,
    };
    Ok(())
}

/// The height, in points, of a row whose widest text is `words` in a column of `width` characters. Excel grows a row
/// by itself only where no height is set, and then makes one-line rows too tight to read on paper.
pub(super) fn height(words: &str, width: f64) -> f64 {
    let ems: u32 = words.chars().map(|character| if character.is_ascii() { 1 } else { 2 }).sum();
    let lines = (f64::from(ems) / (width - 2.0).max(1.0)).ceil().clamp(1.0, 20.0);
    6.0 + 15.0 * lines
}

/// A live sum with its result, so that a reader that does not calculate shows it too.
pub(super) fn sum(
    sheet: &mut Worksheet,
    row: RowNum,
    column: ColNum,
    addends: &str,
    result: Decimal,
    format: &Format,
) -> Result<(), XlsxError> {
    let formula = Formula::new(addends).set_result(result.normalize().to_string());
    sheet.write_formula_with_format(row, column, formula, format)?;
    Ok(())
}

/// Text over an area; of a single cell, text in it.
pub(super) fn merged(
    sheet: &mut Worksheet,
    from: (RowNum, ColNum),
    to: (RowNum, ColNum),
    words: &str,
    format: &Format,
) -> Result<(), XlsxError> {
    if from == to {
        return text(sheet, from.0, from.1, words, format);
    }
    sheet.merge_range(from.0, from.1, to.0, to.1, &clean(words, CELL_LENGTH), format)?;
    Ok(())
}

/// The two-storey header from this row: a group's name over its columns, other headers over both storeys.
pub(super) fn form_header(
    sheet: &mut Worksheet,
    row: RowNum,
    columns: &[(ColNum, &Column)],
    styles: &Styles,
) -> Result<(), XlsxError> {
    sheet.set_row_height(row, 26)?;
    sheet.set_row_height(row + 1, 50)?;
    for run in columns.chunk_by(|(_, left), (_, right)| left.group == right.group) {
        let (Some((first, column)), Some((last, _))) = (run.first(), run.last()) else { continue };
        if let Some(group) = &column.group {
            merged(sheet, (row, *first), (row, *last), group, &styles.header)?;
        }
        for (place, column) in run {
            if column.group.is_some() {
                text(sheet, row + 1, *place, &column.header, &styles.header)?;
            } else {
                merged(sheet, (row, *place), (row + 1, *place), &column.header, &styles.header)?;
            }
            sheet.set_column_width(*place, width(column.kind))?;
        }
    }
    Ok(())
}

/// `C5`, from places counted from 0.
pub(super) fn place(row: RowNum, column: ColNum) -> String {
    cell_name(row, u32::from(column))
}

/// One column of a list.
pub(super) struct Heading {
    pub words: String,
    pub width: f64,
}

impl Heading {
    pub(super) fn new(words: impl Into<String>, width: f64) -> Self {
        Self { words: words.into(), width }
    }
}

/// Title and headers of a list; returns the row of the first entry.
pub(super) fn open_list(
    sheet: &mut Worksheet,
    title: &str,
    headings: &[Heading],
    styles: &Styles,
) -> Result<RowNum, XlsxError> {
    let last = ColNum::try_from(headings.len().saturating_sub(1)).map_err(|_| XlsxError::RowColumnLimitError)?;
    merged(sheet, (0, 0), (0, last), title, &styles.title)?;
    sheet.set_row_height(0, 32)?;
    sheet.set_row_height(1, 24)?;
    for (column, heading) in (0..).zip(headings) {
        text(sheet, 1, column, &heading.words, &styles.header)?;
        sheet.set_column_width(column, heading.width)?;
    }
    sheet.set_freeze_panes(2, 0)?;
    sheet.set_repeat_rows(0, 1)?;
    ready_to_print(sheet);
    Ok(2)
}

/// A3 across, as wide as the paper, pages numbered.
pub(super) fn ready_to_print(sheet: &mut Worksheet) {
    ready_to_print_on(sheet, A3);
}

/// Paper across, the sheet as wide as it, pages numbered.
pub(super) fn ready_to_print_on(sheet: &mut Worksheet, paper: u8) {
    sheet
        .set_landscape()
        .set_paper_size(paper)
        .set_print_fit_to_pages(1, 0)
        .set_print_center_horizontally(true)
        .set_margins(0.4, 0.4, 0.5, 0.6, 0.3, 0.3)
        .set_footer("&C第 &P 页，共 &N 页");
}
