//! The filled form as an .xlsx workbook in the layout of the printed form.

use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Formula, Workbook, Worksheet, XlsxError,
};

use super::form::{Cell, FilledForm, GROUPS, HEADERS, TITLE};

/// Where the form stands in its workbook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// From A1 on the first sheet; label and value in one cell.
    Usual,
    /// From A1; the unit's name and the day in cells of their own beside their labels.
    SplitLabels,
    /// From C5 on the second sheet, behind a sheet of instructions.
    Shifted,
    /// As usual, with last year's figures on a hidden sheet behind it.
    BesideHidden,
}

/// The workbook's bytes.
///
/// # Errors
/// What the writer of workbooks reports.
pub fn workbook(form: &FilledForm, placement: Placement) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    // Otherwise the writer asks the clock, and no two runs are alike.
    let created = ExcelDateTime::from_ymd(2021, 7, 22)?.and_hms(9, 0, 0)?;
    book.set_properties(&DocProperties::new().set_author("WPS_用户").set_creation_datetime(&created));
    if placement == Placement::Shifted {
        let guide = book.add_worksheet();
        guide.set_name("填表说明")?;
        guide.write(0, 0, "一、本表由各单位如实填写，经费以元为单位，合计以万元为单位。")?;
        guide.write(1, 0, "二、请于8月10日前与专题报告一并报回。")?;
    }
    let sheet = book.add_worksheet();
    sheet.set_name(if placement == Placement::Shifted { "统计表" } else { "Sheet1" })?;
    let corner = if placement == Placement::Shifted { (4, 2) } else { (0, 0) };
    write_form(sheet, form, corner, placement == Placement::SplitLabels)?;
    if placement == Placement::BesideHidden {
        let mut old = form.clone();
        old.filled_on = "2020年8月3日".to_owned();
        let hidden = book.add_worksheet();
        hidden.set_name("2020年")?.set_hidden(true);
        write_form(hidden, &old, (0, 0), false)?;
    }
    book.save_to_buffer()
}

fn write_form(sheet: &mut Worksheet, form: &FilledForm, corner: (u32, u16), split: bool) -> Result<(), XlsxError> {
    let (top, left) = corner;
    let title = Format::new().set_bold().set_font_size(18).set_align(FormatAlign::Center);
    let header = Format::new()
        .set_align(FormatAlign::Center)
        .set_align(FormatAlign::VerticalCenter)
        .set_text_wrap()
        .set_border(FormatBorder::Thin);
    let plain = Format::new();
    sheet.merge_range(top, left, top, left + 10, TITLE, &title)?;
    let (unit, day) = (&form.unit_name, &form.filled_on);
    if split {
        sheet.write(top + 1, left, "县(市、区)/单位名称：")?;
        sheet.merge_range(top + 1, left + 1, top + 1, left + 5, unit, &plain)?;
        sheet.write(top + 1, left + 7, "填报时间：")?;
        sheet.write(top + 1, left + 8, day)?;
    } else {
        let name = format!("县(市、区)/单位名称：{unit}");
        sheet.merge_range(top + 1, left, top + 1, left + 6, &name, &plain)?;
        let filled = format!("填报时间：{day}");
        sheet.merge_range(top + 1, left + 7, top + 1, left + 10, &filled, &plain)?;
    }
    let [own, troops] = GROUPS;
    sheet.merge_range(top + 2, left, top + 2, left + 5, own, &header)?;
    sheet.merge_range(top + 2, left + 6, top + 2, left + 8, troops, &header)?;
    for (column, words) in (left..).zip(HEADERS) {
        if column >= left + 9 {
            sheet.merge_range(top + 2, column, top + 3, column, words, &header)?;
        } else {
            sheet.write_with_format(top + 3, column, words, &header)?;
        }
        sheet.set_column_width(column, 14)?;
    }
    let first = top + 4;
    if let Some(last) = last_row(first, form.rows.len()) {
        // One unit, several troops: what is said of the whole unit stands in merged cells.
        for column in (left..left + 6).chain(left + 9..left + 11) {
            sheet.merge_range(first, column, last, column, "", &header)?;
        }
    }
    let rows = form.rows.iter().chain(form.sum_row.as_ref());
    for (row, cells) in (first..).zip(rows) {
        for (column, cell) in (left..).zip(cells) {
            write_cell(sheet, (row, column), cell, &header)?;
        }
    }
    let below = first + u32::try_from(form.rows.len() + form.sum_row.iter().len()).unwrap_or(u32::MAX / 2);
    for (row, note) in (below..).zip(&form.notes) {
        sheet.write(row, left, note)?;
    }
    Ok(())
}

/// The last data row, where there are several that share figures.
fn last_row(first: u32, rows: usize) -> Option<u32> {
    let more = u32::try_from(rows).ok()?.checked_sub(1)?;
    (more > 0).then_some(first + more)
}

fn write_cell(sheet: &mut Worksheet, at: (u32, u16), cell: &Cell, format: &Format) -> Result<(), XlsxError> {
    let (row, column) = at;
    match cell {
        Cell::Blank => {}
        Cell::Number(number) => {
            sheet.write_with_format(row, column, *number, format)?;
        }
        Cell::Text(text) => {
            sheet.write_string_with_format(row, column, text, format)?;
        }
        Cell::Formula(formula, result) => {
            let formula = Formula::new(formula).set_result(result.normalize().to_string());
            sheet.write_formula_with_format(row, column, formula, format)?;
        }
    }
    Ok(())
}
