//! The sheets beside the form: who is missing, what is wrong, what waits, every troop row, where each figure is from.

use rust_decimal::Decimal;
use rust_xlsxwriter::{ColNum, IgnoreError, RowNum, Worksheet, XlsxError};

use super::Source;
use super::paper::{Heading, figure, height, open_list, place, sum, text};
use super::styles::{Styles, width};
use super::summary::{extension, status_words};
use crate::judge::letters::{column_name, labels, moment, told};
use crate::model::form::{Column, Severity};
use crate::model::ledger::ItemStatus;
use crate::model::returns::{Row, Value};

type Write = fn(&mut Worksheet, &Source<'_>, &Styles) -> Result<(), XlsxError>;

/// The sheets in their order.
pub(super) const SHEETS: [(&str, Write); 6] = [
    ("未报送名单", missing),
    ("未计入报表", uncounted),
    ("问题清单", findings),
    ("待核事项", reviews),
    ("部队明细", troops),
    ("来源", sources),
];

/// Writes one row of texts from the left, as high as they need under these headings.
fn entry(
    sheet: &mut Worksheet,
    row: RowNum,
    words: &[&str],
    headings: &[Heading],
    styles: &Styles,
) -> Result<(), XlsxError> {
    make_room(sheet, row, words, headings)?;
    for (column, words) in (0..).zip(words) {
        text(sheet, row, column, words, if column == 0 { &styles.centred } else { &styles.text })?;
    }
    Ok(())
}

/// Makes a row as high as its texts need: not every program does so by itself when it prints.
fn make_room(sheet: &mut Worksheet, row: RowNum, words: &[&str], headings: &[Heading]) -> Result<(), XlsxError> {
    let heights = words.iter().zip(headings).map(|(words, heading)| height(words, heading.width));
    sheet.set_row_height(row, heights.fold(0.0, f64::max))?;
    Ok(())
}

/// Units that owe something that has never come.
fn missing(sheet: &mut Worksheet, source: &Source<'_>, styles: &Styles) -> Result<(), XlsxError> {
    let headings = [
        Heading::new("序号", 6.0),
        Heading::new("组别", 14.0),
        Heading::new("单位", 30.0),
        Heading::new("未报材料", 26.0),
        Heading::new("联系人", 14.0),
        Heading::new("电话", 20.0),
        Heading::new("已催报（次）", 14.0),
        Heading::new("邮件", 14.0),
    ];
    let mut row = open_list(sheet, "未报送名单", &headings, styles)?;
    let mut number = 0_u32;
    for unit in &source.standing.units {
        let owed: Vec<&str> = unit
            .items
            .iter()
            .filter(|(_, status)| **status == ItemStatus::Missing)
            .map(|(item, _)| source.campaign.item_title(*item))
            .collect();
        if owed.is_empty() {
            continue;
        }
        number += 1;
        let of = &unit.unit;
        let contact = of.contact.as_deref().unwrap_or_default();
        let phone = of.phone.as_deref().unwrap_or_default();
        let mail = if unit.undeliverable { "无可用地址" } else { "" };
        let reminders = unit.reminders_sent.to_string();
        let owed = match unit.extended_until {
            Some(until) => format!("{}；{}", owed.join("、"), extension(until)),
            None => owed.join("、"),
        };
        let words = [&number.to_string(), &of.group, &of.name, &owed, contact, phone, &reminders, mail];
        entry(sheet, row, &words, &headings, styles)?;
        row += 1;
    }
    none_if_empty(sheet, row, styles)
}

/// Tables that stand and do not count, with what they say: for whoever must decide, in no sum.
fn uncounted(sheet: &mut Worksheet, source: &Source<'_>, styles: &Styles) -> Result<(), XlsxError> {
    let columns: Vec<&Column> = source.campaign.form.number_columns().collect();
    let mut headings = vec![
        Heading::new("序号", 6.0),
        Heading::new("单位", 24.0),
        Heading::new("状态", 24.0),
        Heading::new("收到时间", 22.0),
        Heading::new("文件", 36.0),
    ];
    headings.extend(
        columns.iter().map(|column| Heading::new(column_name(&source.campaign.form, column), width(column.kind) + 4.0)),
    );
    let first = open_list(sheet, "已收到但未计入汇总的统计表", &headings, styles)?;
    let mut row = first;
    for unit in source.standing.units.iter().filter(|unit| unit.row.is_none()) {
        let Some(standing) = source.table_of.get(&unit.unit.code) else { continue };
        let at = moment(standing.received_at.with_timezone(source.campaign.deadline.offset()));
        let number = (row - first + 1).to_string();
        let words = [number.as_str(), &unit.unit.name, &status_words(unit), &at, &standing.file_name];
        entry(sheet, row, &words, &headings, styles)?;
        for (at, column) in (5..).zip(&columns) {
            let total = standing.table.totals.get(&column.key).copied().flatten();
            figure(sheet, row, at, total, styles.of(column.kind))?;
        }
        row += 1;
    }
    none_if_empty(sheet, row, styles)
}

/// What is wrong with the tables that stand.
fn findings(sheet: &mut Worksheet, source: &Source<'_>, styles: &Styles) -> Result<(), XlsxError> {
    let headings = [
        Heading::new("序号", 6.0),
        Heading::new("单位", 24.0),
        Heading::new("处理", 12.0),
        Heading::new("问题", 70.0),
        Heading::new("文件", 36.0),
        Heading::new("工作表", 14.0),
        Heading::new("单元格", 10.0),
    ];
    let mut row = open_list(sheet, "问题清单", &headings, styles)?;
    let mut number = 0_u32;
    for standing in source.tables {
        let name = source.unit(&standing.unit).map_or(standing.unit.as_str(), |unit| &unit.unit.name);
        for finding in told(&standing.table.findings) {
            number += 1;
            let act = match finding.severity {
                Severity::Warning => "提示",
                Severity::Error if finding.code.mended_by_unit() => "单位更正",
                Severity::Error => "办公室核定",
            };
            let sheet_name = finding.sheet.as_deref().unwrap_or(&standing.table.sheet);
            let cell = finding.cell.as_deref().unwrap_or_default();
            let words = [&number.to_string(), name, act, &finding.text, &standing.file_name, sheet_name, cell];
            entry(sheet, row, &words, &headings, styles)?;
            row += 1;
        }
    }
    none_if_empty(sheet, row, styles)
}

/// What waits for a person.
fn reviews(sheet: &mut Worksheet, source: &Source<'_>, styles: &Styles) -> Result<(), XlsxError> {
    let headings = [
        Heading::new("编号", 8.0),
        Heading::new("收到时间", 22.0),
        Heading::new("单位或发件人", 32.0),
        Heading::new("主题", 40.0),
        Heading::new("事由", 18.0),
        Heading::new("说明", 60.0),
    ];
    let mut row = open_list(sheet, "待核事项", &headings, styles)?;
    for line in source.reviews {
        let unit = line.unit.as_ref().and_then(|code| source.unit(code));
        let who = unit.map_or(&line.from, |unit| &unit.unit.name);
        let at = moment(line.received_at.with_timezone(source.campaign.deadline.offset()));
        let words = [&line.id.to_string(), &at, who, &line.subject, labels::reason(line.reason), &line.text];
        entry(sheet, row, &words, &headings, styles)?;
        row += 1;
    }
    none_if_empty(sheet, row, styles)
}

/// The columns that take a row of their own for every troop; of a form without troops, all.
fn repeated(columns: &[Column]) -> Vec<&Column> {
    let group = columns.iter().find(|column| column.key == "troop_name").and_then(|column| column.group.as_ref());
    columns.iter().filter(|column| group.is_none() || column.group.as_ref() == group).collect()
}

/// Every row in which a counted table names a troop.
fn troops(sheet: &mut Worksheet, source: &Source<'_>, styles: &Styles) -> Result<(), XlsxError> {
    let columns = repeated(&source.campaign.form.columns);
    let mut headings = vec![Heading::new("序号", 6.0), Heading::new("单位", 24.0)];
    headings.extend(columns.iter().map(|column| Heading::new(&column.header, width(column.kind) + 10.0)));
    let first = open_list(sheet, "部队明细", &headings, styles)?;
    let mut row = first;
    let mut sums: Vec<Option<Decimal>> = vec![None; columns.len()];
    let is_filled = |of: &Row, column: &&Column| of.0.get(&column.key).is_some_and(|filled| filled.value.is_some());
    for (unit, standing) in source.counted() {
        for of in standing.table.rows.iter().filter(|of| columns.iter().any(|column| is_filled(of, column))) {
            let number = (row - first + 1).to_string();
            let said = columns.iter().map(|column| of.words(&column.key).unwrap_or_default());
            let words: Vec<&str> = [number.as_str(), &unit.unit.name].into_iter().chain(said).collect();
            make_room(sheet, row, &words, &headings)?;
            text(sheet, row, 0, &number, &styles.centred)?;
            text(sheet, row, 1, &unit.unit.name, &styles.text)?;
            for ((at, column), sum) in (2..).zip(&columns).zip(&mut sums) {
                let style = styles.of(column.kind);
                if column.kind.is_number() {
                    let value = of.figure(&column.key);
                    figure(sheet, row, at, value, style)?;
                    *sum = value.and_then(|value| sum.unwrap_or_default().checked_add(value)).or(*sum);
                } else {
                    text(sheet, row, at, of.words(&column.key).unwrap_or_default(), style)?;
                }
            }
            row += 1;
        }
    }
    if row == first {
        return none_if_empty(sheet, row, styles);
    }
    sheet.set_row_height(row, 22)?;
    text(sheet, row, 0, "", &styles.sum_label)?;
    text(sheet, row, 1, "合计", &styles.sum_label)?;
    for ((at, column), result) in (2..).zip(&columns).zip(sums) {
        let style = styles.sum_of(column.kind);
        if column.kind.is_number() {
            let addends = format!("=SUM({}:{})", place(first, at), place(row - 1, at));
            sum(sheet, row, at, &addends, result.unwrap_or_default(), style)?;
        } else {
            text(sheet, row, at, "", style)?;
        }
    }
    Ok(())
}

/// Each figure that counts, exactly as it counts, with the cell it stood in.
fn sources(sheet: &mut Worksheet, source: &Source<'_>, styles: &Styles) -> Result<(), XlsxError> {
    const FIGURE: ColNum = 2;
    let headings = [
        Heading::new("单位", 24.0),
        Heading::new("栏目", 44.0),
        Heading::new("数字（准确值）", 18.0),
        Heading::new("文件", 40.0),
        Heading::new("工作表", 14.0),
        Heading::new("单元格", 10.0),
        Heading::new("来信编号", 18.0),
        Heading::new("收到时间", 24.0),
    ];
    let first = open_list(sheet, "来源", &headings, styles)?;
    let mut row = first;
    for (unit, standing) in source.counted() {
        let at = moment(standing.received_at.with_timezone(source.campaign.deadline.offset()));
        for column in source.campaign.form.number_columns() {
            let name = column_name(&source.campaign.form, column);
            for filled in standing.table.rows.iter().filter_map(|of| of.0.get(&column.key)) {
                let Some(Value::Figure(exact)) = &filled.value else { continue };
                let exact = exact.to_string();
                let cell = filled.cell.as_deref().unwrap_or_default();
                let (file, tab) = (standing.file_name.as_str(), standing.table.sheet.as_str());
                let words = [unit.unit.name.as_str(), &name, &exact, file, tab, cell, standing.mail.short(), &at];
                make_room(sheet, row, &words, &headings)?;
                for (column, words) in (0..).zip(words) {
                    let style = if column == FIGURE { &styles.count } else { &styles.text };
                    text(sheet, row, column, words, style)?;
                }
                row += 1;
            }
        }
    }
    if row > first {
        sheet.ignore_error_range(first, FIGURE, row - 1, FIGURE, IgnoreError::NumberStoredAsText)?;
        sheet.autofilter(first - 1, 0, row - 1, 7)?;
    }
    none_if_empty(sheet, row, styles)
}

/// A list with nothing in it says so.
fn none_if_empty(sheet: &mut Worksheet, row: RowNum, styles: &Styles) -> Result<(), XlsxError> {
    if row == 2 { text(sheet, row, 0, "无", &styles.centred) } else { Ok(()) }
}
