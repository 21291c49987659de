//! The sheets beside the form: who is missing, what is wrong, what waits, every troop row, where each figure is from.

use rust_decimal::Decimal;
use rust_xlsxwriter::{ColNum, IgnoreError, RowNum, Worksheet, XlsxError};

use super::Source;
use super::paper::{Heading, figure, open_list, place, sum, text};
use super::styles::{Styles, width};
use crate::judge::letters::{column_name, labels, moment, told};
use crate::model::form::{Column, Severity};
use crate::model::ledger::ItemStatus;
use crate::model::returns::{Row, Value};

type Write = fn(&mut Worksheet, Source<'_>, &Styles) -> Result<(), XlsxError>;

/// The sheets in their order.
pub(super) const SHEETS: [(&str, Write); 5] =
    [("未报送名单", missing), ("问题清单", findings), ("待核事项", reviews), ("部队明细", troops), ("来源", sources)];

/// Writes one row of texts from the left.
fn entry(sheet: &mut Worksheet, row: RowNum, words: &[&str], styles: &Styles) -> Result<(), XlsxError> {
    for (column, words) in (0..).zip(words) {
        text(sheet, row, column, words, if column == 0 { &styles.centred } else { &styles.text })?;
    }
    Ok(())
}

/// Units that owe something that has never come.
fn missing(sheet: &mut Worksheet, source: Source<'_>, styles: &Styles) -> Result<(), XlsxError> {
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
        let words = [&number.to_string(), &of.group, &of.name, &owed.join("、"), contact, phone, &reminders, mail];
        entry(sheet, row, &words, styles)?;
        row += 1;
    }
    none_if_empty(sheet, row, styles)
}

/// What is wrong with the tables that stand.
fn findings(sheet: &mut Worksheet, source: Source<'_>, styles: &Styles) -> Result<(), XlsxError> {
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
            entry(sheet, row, &words, styles)?;
            row += 1;
        }
    }
    none_if_empty(sheet, row, styles)
}

/// What waits for a person.
fn reviews(sheet: &mut Worksheet, source: Source<'_>, styles: &Styles) -> Result<(), XlsxError> {
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
        entry(sheet, row, &words, styles)?;
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
fn troops(sheet: &mut Worksheet, source: Source<'_>, styles: &Styles) -> Result<(), XlsxError> {
    let columns = repeated(&source.campaign.form.columns);
    let mut headings = vec![Heading::new("序号", 6.0), Heading::new("单位", 24.0)];
    headings.extend(columns.iter().map(|column| Heading::new(&column.header, width(column.kind) + 10.0)));
    let first = open_list(sheet, "部队明细", &headings, styles)?;
    let mut row = first;
    let mut sums: Vec<Option<Decimal>> = vec![None; columns.len()];
    let is_filled = |of: &Row, column: &&Column| of.0.get(&column.key).is_some_and(|filled| filled.value.is_some());
    for (unit, standing) in source.counted() {
        for of in standing.table.rows.iter().filter(|of| columns.iter().any(|column| is_filled(of, column))) {
            entry(sheet, row, &[&(row - first + 1).to_string(), &unit.unit.name], styles)?;
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
fn sources(sheet: &mut Worksheet, source: Source<'_>, styles: &Styles) -> Result<(), XlsxError> {
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
