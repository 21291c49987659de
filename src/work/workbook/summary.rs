//! The sheet 汇总表: the form as on paper, one row a unit, subtotals by group, the total below.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, FixedOffset};
use rust_decimal::Decimal;
use rust_xlsxwriter::{ColNum, RowNum, Worksheet, XlsxError};

use super::Source;
use super::paper::{figure, form_header, height, merged, place, ready_to_print, sum, text};
use super::styles::{Styles, width};
use crate::judge::letters::day;
use crate::model::form::{Column, ColumnKind};
use crate::model::ledger::UnitStatus;
use crate::model::returns::TableReturn;
use crate::model::standing::UnitStanding;

/// Rows of title, note and two-storey header.
const TITLE: RowNum = 0;
const NOTE: RowNum = 1;
const GROUPS: RowNum = 2;
const HEADERS: RowNum = 3;
const FIRST_UNIT: RowNum = 4;
/// Columns 序号 and 单位 stand before the form's own.
const NUMBER: ColNum = 0;
const NAME: ColNum = 1;
const FIRST_COLUMN: ColNum = 2;
const NAME_WIDTH: f64 = 24.0;
const STATUS_WIDTH: f64 = 22.0;
/// Arguments of one SUM; Excel takes 255.
const SUM_ARGUMENTS: usize = 200;

/// Sums of one group, by the column's place on the sheet.
type Sums = BTreeMap<ColNum, Decimal>;

pub(super) fn write(sheet: &mut Worksheet, source: &Source<'_>, styles: &Styles) -> Result<(), XlsxError> {
    sheet.set_name("汇总表")?;
    let columns: Vec<(ColNum, &Column)> = (FIRST_COLUMN..).zip(&source.campaign.form.columns).collect();
    let status = columns.last().map_or(FIRST_COLUMN, |(place, _)| place + 1);
    head(sheet, source, &columns, status, styles)?;
    let mut row = FIRST_UNIT;
    let mut number = 0_u32;
    let mut subtotals: Vec<RowNum> = Vec::new();
    let mut total = Sums::new();
    for group in source.campaign.roster.groups() {
        let units: Vec<&UnitStanding> = source.standing.units.iter().filter(|unit| unit.unit.group == group).collect();
        if units.is_empty() {
            continue;
        }
        let first = row;
        let mut sums = Sums::new();
        for unit in &units {
            number += 1;
            sheet.write_number_with_format(row, NUMBER, number, &styles.centred)?;
            unit_row(sheet, source, row, unit, &columns, &mut sums, styles)?;
            status_cell(sheet, row, status, unit, styles)?;
            row += 1;
        }
        let counted = units.iter().filter(|unit| unit.row.is_some()).count();
        let label = format!("{group}小计");
        let note = format!("计入 {counted}/{}", units.len());
        let addends = |column| format!("=SUM({}:{})", place(first, column), place(row - 1, column));
        sum_row(sheet, row, (&label, &note, status), &columns, &sums, &addends, styles)?;
        for (column, value) in sums {
            let whole = total.entry(column).or_default();
            *whole = whole.checked_add(value).unwrap_or(*whole);
        }
        subtotals.push(row);
        row += 1;
    }
    let counted = source.standing.units.iter().filter(|unit| unit.row.is_some()).count();
    let note = format!("计入 {counted}/{}", source.standing.units.len());
    let addends = |column| of_subtotals(&subtotals, column);
    sum_row(sheet, row, ("合计", &note, status), &columns, &total, &addends, styles)?;
    sheet.set_freeze_panes(FIRST_UNIT, FIRST_COLUMN)?;
    sheet.set_repeat_rows(TITLE, HEADERS)?;
    ready_to_print(sheet);
    Ok(())
}

fn of_subtotals(subtotals: &[RowNum], column: ColNum) -> String {
    let sums = subtotals.chunks(SUM_ARGUMENTS).map(|rows| {
        let places: Vec<String> = rows.iter().map(|row| place(*row, column)).collect();
        format!("SUM({})", places.join(","))
    });
    let sums: Vec<String> = sums.collect();
    if sums.is_empty() { "=0".to_owned() } else { format!("={}", sums.join("+")) }
}

/// Title, note and the two-storey header: a group's name over its columns, other headers over both storeys.
fn head(
    sheet: &mut Worksheet,
    source: &Source<'_>,
    columns: &[(ColNum, &Column)],
    status: ColNum,
    styles: &Styles,
) -> Result<(), XlsxError> {
    let title = format!("{}（汇总）", source.campaign.form.title);
    merged(sheet, (TITLE, NUMBER), (TITLE, status), &title, &styles.title)?;
    sheet.set_row_height(TITLE, 36)?;
    let middle = status / 2;
    let office = format!("汇总单位：{}", source.campaign.office);
    merged(sheet, (NOTE, NUMBER), (NOTE, middle), &office, &styles.note_left)?;
    let as_of = source.standing.as_of.with_timezone(source.campaign.deadline.offset());
    let as_of = format!("截至：{} {}", day(as_of.date_naive()), as_of.format("%H:%M"));
    merged(sheet, (NOTE, middle + 1), (NOTE, status), &as_of, &styles.note_right)?;
    sheet.set_row_height(NOTE, 20)?;
    merged(sheet, (GROUPS, NUMBER), (HEADERS, NUMBER), "序号", &styles.header)?;
    merged(sheet, (GROUPS, NAME), (HEADERS, NAME), "单位", &styles.header)?;
    merged(sheet, (GROUPS, status), (HEADERS, status), "状态", &styles.header)?;
    sheet.set_column_width(NUMBER, 6)?;
    sheet.set_column_width(NAME, NAME_WIDTH)?;
    sheet.set_column_width(status, STATUS_WIDTH)?;
    form_header(sheet, GROUPS, columns, width, styles)
}

/// The figures of a unit that counts, or empty cells.
fn unit_row(
    sheet: &mut Worksheet,
    source: &Source<'_>,
    row: RowNum,
    unit: &UnitStanding,
    columns: &[(ColNum, &Column)],
    sums: &mut Sums,
    styles: &Styles,
) -> Result<(), XlsxError> {
    text(sheet, row, NAME, &unit.unit.name, &styles.text)?;
    let mut tallest = height(&unit.unit.name, NAME_WIDTH).max(height(&status_words(unit), STATUS_WIDTH));
    let table = source.table_of.get(&unit.unit.code).map(|standing| &standing.table);
    let table = table.filter(|_| unit.row.is_some());
    for (place, column) in columns {
        let style = styles.of(column.kind);
        if column.kind == ColumnKind::Text {
            let words = table.map(|table| joined(table, &column.key)).unwrap_or_default();
            text(sheet, row, *place, &words, style)?;
            tallest = tallest.max(height(&words, width(column.kind)));
            continue;
        }
        let value = unit.row.as_ref().and_then(|totals| totals.get(&column.key).copied().flatten());
        figure(sheet, row, *place, value, style)?;
        if let Some(value) = value {
            let sum = sums.entry(*place).or_default();
            *sum = sum.checked_add(value).unwrap_or(*sum);
        }
    }
    sheet.set_row_height(row, tallest)?;
    Ok(())
}

/// The words of all rows, each once, in their order.
fn joined(table: &TableReturn, key: &str) -> String {
    let mut words: Vec<&str> = Vec::new();
    for said in table.rows.iter().filter_map(|row| row.words(key)) {
        if !words.contains(&said) {
            words.push(said);
        }
    }
    words.join("、")
}

fn status_cell(
    sheet: &mut Worksheet,
    row: RowNum,
    column: ColNum,
    unit: &UnitStanding,
    styles: &Styles,
) -> Result<(), XlsxError> {
    let fine = matches!(unit.status, UnitStatus::Complete | UnitStatus::Waived);
    text(sheet, row, column, &status_words(unit), if fine { &styles.centred } else { &styles.warning })
}

/// How a unit stands, whether it is late or has more time, and whether its table counts.
pub(super) fn status_words(unit: &UnitStanding) -> String {
    let mut words = unit.status.in_chinese().to_owned();
    if unit.late {
        words.push_str("（逾期）");
    } else if let Some(until) = unit.extended_until {
        words.push_str(&format!("（{}）", extension(until)));
    }
    // A table that came and does not count is said so: its cells are empty for a reason.
    let came = !matches!(unit.status, UnitStatus::Missing | UnitStatus::Waived);
    if unit.row.is_none() && came {
        words.push_str("，未计入");
    }
    words
}

/// `延期至8月15日`
pub(super) fn extension(until: DateTime<FixedOffset>) -> String {
    format!("延期至{}月{}日", until.month(), until.day())
}

fn sum_row(
    sheet: &mut Worksheet,
    row: RowNum,
    (label, note, status): (&str, &str, ColNum),
    columns: &[(ColNum, &Column)],
    sums: &Sums,
    addends: &dyn Fn(ColNum) -> String,
    styles: &Styles,
) -> Result<(), XlsxError> {
    merged(sheet, (row, NUMBER), (row, NAME), label, &styles.sum_label)?;
    sheet.set_row_height(row, 22)?;
    for (place, column) in columns {
        let style = styles.sum_of(column.kind);
        if column.kind == ColumnKind::Text {
            text(sheet, row, *place, "", style)?;
        } else {
            let result = sums.get(place).copied().unwrap_or_default();
            sum(sheet, row, *place, &addends(*place), result, style)?;
        }
    }
    text(sheet, row, status, note, &styles.sum_label)
}
