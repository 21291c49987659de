//! Rows → what is wrong with single figures, with pairs of them, and with the sum rows.

use rust_decimal::{Decimal, RoundingStrategy};

use super::figures::ten_thousandth;
use super::fill::{FilledTable, GridRow};
use super::remarks::{Remarks, column_title, unit_word};
use super::words::normalise;
use crate::model::form::{Check, Column, ColumnKind, FindingCode, Form};

/// The cell of this key, as Excel names it.
#[must_use]
pub fn cell_of<'r>(row: &'r GridRow, key: &str) -> Option<&'r str> {
    row.row.0.get(key)?.cell.as_deref()
}

/// What these parts (元) make in 万元, rounded half up as the form wants it for a total of this scale.
#[must_use]
pub fn rounded_total(parts: Decimal, scale: u32) -> Option<Decimal> {
    let exact = ten_thousandth(parts)?;
    Some(exact.round_dp_with_strategy(scale.max(1), RoundingStrategy::MidpointAwayFromZero))
}

/// Cells that are no number, negative, or not whole.
pub fn check_cells(rows: &[GridRow], form: &Form, remarks: &mut Remarks) {
    for row in rows {
        for column in form.number_columns() {
            let cell = cell_of(row, &column.key);
            let at = cell.unwrap_or_default();
            let title = column_title(column, form);
            if let Some(why) = row.faults.get(&column.key) {
                remarks.add(FindingCode::NotANumber, cell, format!("{at} {title}{why}。"));
            }
            let Some(figure) = row.row.figure(&column.key) else { continue };
            if figure.is_sign_negative() && !figure.is_zero() {
                let text = format!("{at} {title}填写为 {figure}{}，不应为负数，请核对。", unit_word(column.kind));
                remarks.add(FindingCode::Negative, cell, text);
            }
            if column.kind == ColumnKind::Count && !figure.fract().is_zero() {
                remarks.add(
                    FindingCode::NotWhole,
                    cell,
                    format!("{at} {title}填写为 {figure}，人数应为整数，请核对。"),
                );
            }
        }
    }
}

/// People without money and money without people, row by row; merged cells are compared over all the rows they span.
pub fn check_pairs(rows: &[GridRow], form: &Form, remarks: &mut Remarks) {
    for check in &form.checks {
        let Check::CountWithCost { count, cost } = check else { continue };
        let (Some(count_column), Some(cost_column)) = (form.column(count), form.column(cost)) else { continue };
        for (index, row) in rows.iter().enumerate() {
            if row.continued.contains(count) || row.continued.contains(cost) {
                continue;
            }
            if cell_of(row, count).is_none() || cell_of(row, cost).is_none() {
                continue;
            }
            let reach =
                row.reaches.get(count).into_iter().chain(row.reaches.get(cost)).max().copied().unwrap_or(row.at);
            let spanned: Vec<&GridRow> = rows
                .get(index..)
                .unwrap_or_default()
                .iter()
                .take_while(|row| row.at <= reach.max(rows.get(index).map_or(0, |row| row.at)))
                .collect();
            if spanned.iter().any(|row| row.faults.contains_key(count) || row.faults.contains_key(cost)) {
                continue;
            }
            let above_zero =
                |key: &str| spanned.iter().filter_map(|row| row.row.figure(key)).any(|figure| figure > Decimal::ZERO);
            let told = |key: &str| row.row.figure(key).unwrap_or_default();
            let (count_title, cost_title) = (column_title(count_column, form), column_title(cost_column, form));
            if above_zero(count) && !above_zero(cost) {
                let cell = cell_of(row, cost);
                let text = format!(
                    "{} {cost_title}没有金额，而 {} {count_title}填写为 {}，请核对是否漏填。",
                    cell.unwrap_or_default(),
                    cell_of(row, count).unwrap_or_default(),
                    told(count),
                );
                remarks.add(FindingCode::CountWithoutCost, cell, text);
            } else if above_zero(cost) && !above_zero(count) {
                let cell = cell_of(row, count);
                let text = format!(
                    "{} {count_title}没有人数，而 {} {cost_title}填写为 {} 元，请核对是否漏填。",
                    cell.unwrap_or_default(),
                    cell_of(row, cost).unwrap_or_default(),
                    told(cost),
                );
                remarks.add(FindingCode::CostWithoutCount, cell, text);
            }
        }
    }
}

/// Every 合计 row against the rows above it: all of them, or those since the last sum row.
pub fn check_sum_rows(table: &FilledTable, form: &Form, remarks: &mut Remarks) {
    let mut since = 0;
    for (above, sum) in &table.sums {
        let all = rows_of_sum(table, *above);
        let segment = table.rows.get(since..*above).filter(|segment| !segment.is_empty()).unwrap_or(all);
        for column in form.number_columns() {
            check_sum(column, sum, all, segment, form, remarks);
        }
        since = *above;
    }
}

/// The rows a sum row is about: those above it; where it is the first row, those below.
#[must_use]
pub fn rows_of_sum(table: &FilledTable, above: usize) -> &[GridRow] {
    match above {
        0 => &table.rows,
        above => table.rows.get(..above).unwrap_or_default(),
    }
}

fn check_sum(column: &Column, sum: &GridRow, all: &[GridRow], segment: &[GridRow], form: &Form, remarks: &mut Remarks) {
    let key = column.key.as_str();
    let cell = cell_of(sum, key);
    let at = cell.unwrap_or_default();
    let title = column_title(column, form);
    if let Some(why) = sum.faults.get(key) {
        if !is_sum_word(sum, key, form) {
            remarks.add(FindingCode::RowSumMismatch, cell, format!("合计行 {at} {title}{why}。"));
        }
        return;
    }
    let Some(figure) = sum.row.figure(key) else { return };
    if is_stroke(sum, key) {
        return;
    }
    if all.iter().any(|row| row.faults.contains_key(key)) {
        return;
    }
    let (Some(whole), Some(part)) = (column_sum(all, key), column_sum(segment, key)) else { return };
    let parts = form.checks.iter().find_map(|check| match check {
        Check::TotalAgrees { total, parts } if total == key => Some(parts),
        _ => None,
    });
    if let Some(parts) = parts {
        // A total that only the sum row carries is judged against the costs, not here.
        if all.iter().all(|row| row.row.figure(key).is_none()) {
            return;
        }
        // Rounded rows may add up to a little more than the rounded sum: both are right.
        let costs: Option<Decimal> =
            parts.iter().try_fold(Decimal::ZERO, |costs, part| costs.checked_add(column_sum(all, part)?));
        if costs.and_then(|costs| rounded_total(costs, figure.scale())) == Some(figure) {
            return;
        }
    }
    if figure != whole && figure != part {
        let unit = unit_word(column.kind);
        let text = format!("合计行 {at} {title}填写为 {figure}{unit}，各行相加为 {whole}{unit}，请核对。");
        remarks.add(FindingCode::RowSumMismatch, cell, text);
    }
}

fn is_sum_word(row: &GridRow, key: &str, form: &Form) -> bool {
    let written = row.row.0.get(key).and_then(|filled| filled.written.as_deref()).map(normalise).unwrap_or_default();
    form.sum_words.iter().any(|word| written.starts_with(&normalise(word)))
}

/// A stroke in a sum row (/, —) leaves the column unsummed.
fn is_stroke(row: &GridRow, key: &str) -> bool {
    let written = row.row.0.get(key).and_then(|filled| filled.written.as_deref());
    row.row.figure(key).is_some_and(|figure| figure.is_zero())
        && written.is_some_and(|written| !written.contains(['0', '０']))
}

/// The exact sum of a column, 0 where nothing stands in it; `None` where it does not fit.
#[must_use]
pub fn column_sum(rows: &[GridRow], key: &str) -> Option<Decimal> {
    rows.iter().filter_map(|row| row.row.figure(key)).try_fold(Decimal::ZERO, exact_add)
}

/// Adds without ever rounding.
#[must_use]
pub fn exact_add(sum: Decimal, figure: Decimal) -> Option<Decimal> {
    let added = sum.checked_add(figure)?;
    (added.scale() == sum.scale().max(figure.scale())
        || added.checked_sub(figure)? == sum && added.checked_sub(sum)? == figure)
        .then_some(added)
}
