//! Sheets → the returns they hold, each with its unit's name, its rows, its totals and what is wrong with it.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::beside::cut_apart;
use super::check::{check_cells, check_pairs, check_sum_rows, exact_add};
use super::fill::{FilledTable, GridRow, fill};
use super::formula::worked_out;
use super::headers::Headers;
use super::labels::{Labelled, read_labels, read_lines};
use super::layout::{Layout, find_all, sightings};
use super::money::{suspect_headers, suspect_per_head};
use super::remarks::{Remarks, column_title};
use super::totals::check_totals;
use super::unplaced::unplaced;
use super::words::normalise;
use crate::model::form::{FindingCode, Form};
use crate::model::grid::{Grid, Sheet, cell_name};
use crate::model::returns::{TableReturn, Totals};

/// Every filled form in these sheets. Whose each is, and whether a name contradicts other evidence, is judged
/// elsewhere: `unit` is `None`.
#[must_use]
pub fn read_tables(sheets: &[Sheet], piece: &str, form: &Form, year: i32) -> Vec<TableReturn> {
    read_tables_among(sheets, &[], piece, form, year)
}

/// The same for a document's tables, whose unit and day may stand in the `lines` of text around them.
#[must_use]
pub fn read_tables_among(sheets: &[Sheet], lines: &[String], piece: &str, form: &Form, year: i32) -> Vec<TableReturn> {
    let mut around = read_lines(lines, form, year).into_iter();
    let mut returns = Vec::new();
    let sheets = worked_out(sheets);
    for sheet in sheets.iter() {
        let source = Source { sheet, piece, form };
        for mut found in find_tables(&sheet.grid, form, year) {
            if found.labelled.unit_name.is_none() || found.labelled.filled_on.is_none() {
                found.labelled = complete(found.labelled, &mut around);
            }
            returns.extend(found.returns(&source));
        }
    }
    if returns.is_empty() {
        returns.extend(sheets.iter().filter_map(|sheet| unplaced(sheet, piece, form, year)));
    }
    drop_untouched(&mut returns);
    returns
}

fn complete(own: Labelled, around: &mut impl Iterator<Item = Labelled>) -> Labelled {
    let Some(line) = around.next() else { return own };
    Labelled {
        unit_name: own.unit_name.or(line.unit_name),
        unit_cell: own.unit_cell,
        unit_label_seen: own.unit_label_seen || line.unit_label_seen,
        filled_on: own.filled_on.or(line.filled_on),
    }
}

/// A template left empty beside a filled form (an unused sheet) is nobody's return.
fn drop_untouched(returns: &mut Vec<TableReturn>) {
    let blank = TableReturn::is_untouched;
    if returns.iter().any(|table| !blank(table) && !table.hidden) {
        returns.retain(|table| !blank(table) || table.hidden || table.unit_name.is_some() || table.filled_on.is_some());
    }
}

/// Where a table was found, and against which form it is read.
struct Source<'a> {
    sheet: &'a Sheet,
    piece: &'a str,
    form: &'a Form,
}

/// One form in a grid.
struct Found {
    layout: Layout,
    table: FilledTable,
    labelled: Labelled,
}

fn find_tables(grid: &Grid, form: &Form, year: i32) -> Vec<Found> {
    let headers = Headers::of(form);
    let seen = sightings(grid, &headers);
    match cut_apart(&seen, grid, form) {
        None => tables_below(grid, find_all(seen, grid, form, &headers), form, year),
        Some(parts) => parts
            .iter()
            .flat_map(|part| {
                let layouts = find_all(sightings(part, &headers), part, form, &headers);
                tables_below(part, layouts, form, year)
            })
            .collect(),
    }
}

/// The tables that stand below each other in a grid.
fn tables_below(grid: &Grid, layouts: Vec<Layout>, form: &Form, year: i32) -> Vec<Found> {
    let last = grid.last_row().map_or(0, |row| row + 1);
    let mut found: Vec<Found> = Vec::new();
    let mut free_from = 0;
    for (index, layout) in layouts.iter().enumerate() {
        let end = layouts.get(index + 1).map_or(last, |next| next.top);
        let table = fill(grid, layout, form, end);
        // What stands above the title belongs to the table before.
        let title = title_row(grid, free_from..layout.top, form);
        let labelled = read_labels(grid, grid.used_rows(title.unwrap_or(free_from), layout.top), form, year);
        free_from = end_of_data(&table, layout);
        if let Some(before) = found.last_mut().filter(|before| title.is_none() && continues(before, layout, &labelled))
        {
            let shift = before.table.rows.len();
            before.table.rows.extend(table.rows);
            before.table.sums.extend(table.sums.into_iter().map(|(above, sum)| (above + shift, sum)));
            before.table.end = table.end;
            continue;
        }
        found.push(Found { layout: layout.clone(), table, labelled });
    }
    labels_below(grid, &mut found, form, year);
    found
}

fn end_of_data(table: &FilledTable, layout: &Layout) -> u32 {
    let rows = table.rows.iter().chain(table.sums.iter().map(|(_, sum)| sum)).map(|row| row.at + 1);
    rows.max().unwrap_or(layout.data_start)
}

/// The last of these rows that holds the form's title.
fn title_row(grid: &Grid, rows: std::ops::Range<u32>, form: &Form) -> Option<u32> {
    let title = normalise(&form.title);
    grid.used_rows(rows.start, rows.end)
        .filter(|row| grid.row(*row).iter().any(|cell| normalise(&cell.value.shown()).contains(&title)))
        .last()
}

/// The header printed again at the top of a page, not the next form: same columns, no labels, no closing sum before.
fn continues(before: &Found, layout: &Layout, labelled: &Labelled) -> bool {
    let place = |layout: &Layout| -> Vec<(String, u32)> {
        layout.columns.iter().map(|(key, place)| (key.clone(), place.column)).collect()
    };
    !labelled.unit_label_seen
        && labelled.filled_on.is_none()
        // 小计 and a sum at the head leave the table open; 合计 at its end closes it.
        && before.table.sums.iter().all(|(above, sum)| *above == 0 || sum.part_sum)
        && place(&before.layout) == place(layout)
}

/// Names and days may stand below the tables instead; then they do so for all of them.
fn labels_below(grid: &Grid, found: &mut [Found], form: &Form, year: i32) {
    let last = grid.last_row().map_or(0, |row| row + 1);
    let below: Vec<Labelled> = found
        .iter()
        .enumerate()
        .map(|(index, one)| {
            let start = end_of_data(&one.table, &one.layout).max(one.layout.data_start);
            let end = found.get(index + 1).map_or(last, |next| next.layout.top);
            let end = title_row(grid, start..end, form).unwrap_or(end);
            read_labels(grid, grid.used_rows(start, end), form, year)
        })
        .collect();
    let first_named_above = found.first().is_some_and(|first| first.labelled.unit_label_seen);
    let count = found.len();
    for (index, (one, below)) in found.iter_mut().zip(below).enumerate() {
        if !first_named_above && below.unit_label_seen {
            // What was taken for this table's own stands below the table before it.
            let filled_on = if index == 0 { one.labelled.filled_on.or(below.filled_on) } else { below.filled_on };
            one.labelled = Labelled { filled_on, ..below };
        } else if index + 1 == count {
            let own = std::mem::take(&mut one.labelled);
            one.labelled = Labelled {
                unit_cell: if own.unit_name.is_some() { own.unit_cell } else { own.unit_cell.or(below.unit_cell) },
                unit_name: own.unit_name.or(below.unit_name),
                unit_label_seen: own.unit_label_seen || below.unit_label_seen,
                filled_on: own.filled_on.or(below.filled_on),
            };
        }
    }
}

impl Found {
    /// One return; or where the rows name several units, one a unit.
    fn returns(self, source: &Source) -> Vec<TableReturn> {
        let mut names: Vec<String> = Vec::new();
        for name in self.table.rows.iter().filter_map(|row| row.unit_name.as_deref()) {
            if !names.iter().any(|known| normalise(known) == normalise(name)) {
                names.push(name.to_owned());
            }
        }
        // A named table whose rows list villages or departments is one unit's.
        if names.len() < 2 || self.labelled.unit_name.is_some() {
            names.truncate(1);
            let bare = self.table.bare_name.as_ref().filter(|_| self.table.rows.is_empty());
            let name = self.labelled.unit_name.clone().or_else(|| names.pop()).or_else(|| bare.cloned());
            return vec![self.one(name, &self.table, true, true, source)];
        }
        let count = names.len();
        names
            .into_iter()
            .enumerate()
            .map(|(index, name)| {
                let wanted = normalise(&name);
                let first = |row: &GridRow| index == 0 && row.unit_name.is_none();
                let rows: Vec<GridRow> = self
                    .table
                    .rows
                    .iter()
                    .filter(|row| first(row) || row.unit_name.as_deref().is_some_and(|own| normalise(own) == wanted))
                    .cloned()
                    .collect();
                let part = FilledTable { rows, end: self.table.end, ..FilledTable::default() };
                self.one(Some(name), &part, false, index + 1 == count, source)
            })
            .collect()
    }

    /// `whole`: the rows are all of the table's. `sums_here`: the sum rows are told with this return.
    fn one(
        &self,
        name: Option<String>,
        table: &FilledTable,
        whole: bool,
        sums_here: bool,
        source: &Source,
    ) -> TableReturn {
        let Source { sheet, piece, form } = *source;
        let mut remarks = Remarks::new(form, &sheet.name);
        self.remark_form(name.as_deref(), table, sheet, form, &mut remarks);
        check_cells(&table.rows, form, &mut remarks);
        suspect_headers(&table.rows, &self.layout, form, &mut remarks);
        check_totals(table, whole, &self.layout, form, &mut remarks);
        if sums_here {
            check_sum_rows(&self.table, form, &mut remarks);
        }
        suspect_per_head(&table.rows, form, &mut remarks);
        check_pairs(&table.rows, form, &mut remarks);
        TableReturn {
            piece: piece.to_owned(),
            sheet: sheet.name.clone(),
            form: form.id.clone(),
            unit_name: name,
            unit: None,
            filled_on: self.filled_on(),
            rows: table.rows.iter().map(|row| row.row.clone()).collect(),
            totals: totals(&table.rows, form),
            findings: remarks.finish(),
            hidden: sheet.hidden,
        }
    }

    fn filled_on(&self) -> Option<NaiveDate> {
        self.labelled.filled_on
    }

    /// What is wrong with the form itself.
    fn remark_form(&self, name: Option<&str>, table: &FilledTable, sheet: &Sheet, form: &Form, remarks: &mut Remarks) {
        if sheet.hidden {
            let text = format!("工作表“{}”是隐藏的，不与可见的表一并统计，请确认以哪张表为准。", sheet.name);
            remarks.add(FindingCode::HiddenSheet, None, text);
        }
        let band = self.layout.columns.values().map(|place| place.header_cell).min_by_key(|(_, column)| *column);
        let band = band.map(|(row, column)| cell_name(row, column));
        for key in &self.layout.missing {
            let title = form.column(key).map(|column| column_title(column, form)).unwrap_or_default();
            // Several may be missing at the one place that can be named.
            let text = format!("表头中没有找到“{title}”一栏，请使用通知所附的原表填报。");
            remarks.add_again(FindingCode::ColumnMissing, band.as_deref(), text);
        }
        let sums_say = table.sums.iter().any(|(_, sum)| {
            form.number_columns().any(|column| sum.row.figure(&column.key).is_some_and(|figure| !figure.is_zero()))
        });
        let rows_say = table.rows.iter().any(|row| {
            !row.faults.is_empty() || form.number_columns().any(|column| row.row.figure(&column.key).is_some())
        });
        if !rows_say && !sums_say {
            // Words without a single figure: the figures were forgotten, or were lost on the way.
            let written = if table.rows.is_empty() { "内容" } else { "数字" };
            let text = format!("表中没有填写任何{written}；如无走访慰问，请在各栏填“0”或“无”。");
            remarks.add(FindingCode::BlankForm, None, text);
        }
        if name.is_none() {
            let cell = self.labelled.unit_cell.as_deref();
            let label = form.unit_labels.first().map_or("单位名称", String::as_str);
            let text = match cell {
                Some(cell) => format!("{cell} “{label}”没有填写，请补填。"),
                None => format!("表中没有填写“{label}”，请补填。"),
            };
            remarks.add(FindingCode::UnitNameMissing, cell, text);
        }
    }
}

/// The exact sum of every number column: right, or absent.
fn totals(rows: &[GridRow], form: &Form) -> Totals {
    let sum = |key: &str| -> Option<Decimal> {
        if rows.iter().any(|row| row.faults.contains_key(key)) {
            return None;
        }
        let mut figures = rows.iter().filter_map(|row| row.row.figure(key));
        let first = figures.next()?;
        figures.try_fold(first, exact_add)
    };
    form.number_columns().map(|column| (column.key.clone(), sum(&column.key))).collect::<BTreeMap<_, _>>()
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod unusual;
