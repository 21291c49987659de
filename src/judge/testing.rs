//! For tests only: the real form as the interface lists it, and grids drawn as text.

use rust_decimal::Decimal;

use super::headers::Headers;
use super::layout::{Layout, find_all, sightings};
use crate::model::form::{Check, Column, ColumnKind, Form, MoneyUnit};
use crate::model::grid::{Cell, CellValue, Grid, Sheet, Span};

const OWN: &str = "本县(市、区)/单位慰问情况";
const TROOPS: &str = "慰问部队情况";
const YUAN: ColumnKind = ColumnKind::Money(MoneyUnit::Yuan);

fn column(key: &str, header: &str, group: Option<&str>, after: Option<&str>, kind: ColumnKind) -> Column {
    Column {
        key: key.into(),
        header: header.into(),
        aliases: Vec::new(),
        group: group.map(Into::into),
        after: after.map(Into::into),
        kind,
        compulsory: kind.is_number() || key == "troop_name",
    }
}

fn words(list: &str) -> Vec<String> {
    list.split_whitespace().map(Into::into).collect()
}

/// The form of the shipped campaign.
pub fn bayi_form() -> Form {
    let gifts = "慰问形式及慰问品名称";
    let cost = "慰问折算经费(元)";
    let total = ColumnKind::Money(MoneyUnit::TenThousandYuan);
    let mut columns = vec![
        column("veterans_visited", "慰问军队退役人员人数(人)", Some(OWN), None, ColumnKind::Count),
        column("veterans_gifts", gifts, Some(OWN), Some("veterans_visited"), ColumnKind::Text),
        column("veterans_cost", cost, Some(OWN), Some("veterans_visited"), YUAN),
        column("others_visited", "慰问其他优抚对象人数(人)", Some(OWN), None, ColumnKind::Count),
        column("others_gifts", gifts, Some(OWN), Some("others_visited"), ColumnKind::Text),
        column("others_cost", cost, Some(OWN), Some("others_visited"), YUAN),
        column("troop_name", "部队名称", Some(TROOPS), None, ColumnKind::Text),
        column("troop_gifts", gifts, Some(TROOPS), Some("troop_name"), ColumnKind::Text),
        column("troop_cost", cost, Some(TROOPS), Some("troop_name"), YUAN),
        column("total_wan", "合计“八一”期间走访慰问支出总额(万元)", None, None, total),
        column("remarks", "备注", None, None, ColumnKind::Text),
    ];
    columns[0].aliases = words("慰问军队退休人员人数(人) 慰问军队离退休人员人数(人)");
    columns[9].aliases = words("合计 合计支出总额 走访慰问支出总额 “八一”期间走访慰问支出总额");
    let costs = words("veterans_cost others_cost troop_cost");
    Form {
        id: "2021-bayi".into(),
        title: "2021年“八一”期间走访慰问情况统计表".into(),
        columns,
        unit_labels: words("县(市、区)/单位名称 县(市、区)名称 单位名称 填报单位"),
        filled_on_labels: words("填报时间 填报日期 填表时间 填表日期"),
        sum_words: words("合计 总计 小计"),
        note_words: words("注 备注 说明 填表人 填报人 联系人 联系电话 审核 审核人 负责人 单位负责人"),
        zero_words: words("无 / — － 〇"),
        checks: vec![
            Check::TotalAgrees { total: "total_wan".into(), parts: costs },
            Check::CountWithCost { count: "veterans_visited".into(), cost: "veterans_cost".into() },
            Check::CountWithCost { count: "others_visited".into(), cost: "others_cost".into() },
        ],
        plausible_per_head: Some((Decimal::from(20), Decimal::from(20_000))),
        severities: Default::default(),
    }
}

/// A grid drawn as rows of cells between `|`. A cell of `<` is merged into the one to its left, `^` into the one
/// above (of an area, its top left one); blank is empty; what reads as a plain number is a number cell unless it
/// starts with `'`; `=…` is a formula without a value, `#…` a failed one; `\n` breaks the line.
pub fn grid(drawing: &str) -> Grid {
    let rows: Vec<Vec<&str>> = drawing
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    let mut cells = Vec::new();
    let mut merges = Vec::new();
    let at = |row: usize, column: usize| rows.get(row).and_then(|cells: &Vec<&str>| cells.get(column)).copied();
    for (row, line) in rows.iter().enumerate() {
        for (column, text) in line.iter().enumerate() {
            if matches!(*text, "" | "<" | "^") {
                continue;
            }
            let right =
                (column + 1..line.len()).take_while(|next| at(row, *next) == Some("<")).last().unwrap_or(column);
            let bottom = (row + 1..rows.len()).take_while(|next| at(*next, column) == Some("^")).last().unwrap_or(row);
            let (top, left) = (row as u32, column as u32);
            if right > column || bottom > row {
                merges.push(Span { top, left, bottom: bottom as u32, right: right as u32 });
            }
            cells.push(Cell { row: top, column: left, value: value(text) });
        }
    }
    Grid::new(cells, merges)
}

fn value(text: &str) -> CellValue {
    if let Some(rest) = text.strip_prefix('\'') {
        return CellValue::Text(rest.replace("\\n", "\n"));
    }
    if let Some(formula) = text.strip_prefix('=') {
        return CellValue::Uncomputed(formula.into());
    }
    if text.starts_with('#') {
        return CellValue::Failed(text.into());
    }
    if let Some(date) = text.strip_prefix('@') {
        return CellValue::Date(date.parse().unwrap());
    }
    match text.parse::<Decimal>() {
        Ok(number) => CellValue::Number(number),
        Err(_) => CellValue::Text(text.replace("\\n", "\n")),
    }
}

/// A visible sheet called `Sheet1`.
pub fn sheet(drawing: &str) -> Sheet {
    Sheet { name: "Sheet1".into(), hidden: false, grid: grid(drawing) }
}

/// The head of the paper form (rows 1 to 4): title, name and date, groups, columns.
pub const PAPER_HEAD: &str = "
    2021年“八一”期间走访慰问情况统计表 | < | < | < | < | < | < | < | < | < | <
    县(市、区)/单位名称：离石区　　　填报时间：2021年8月5日 | < | < | < | < | < | < | < | < | < | <
    本县(市、区)/单位慰问情况 | < | < | < | < | < | 慰问部队情况 | < | < | 合计“八一”期间走访慰问支出总额(万元) | 备注
    慰问军队退役人员人数(人) | 慰问形式及慰问品名称 | 慰问折算经费(元) | 慰问其他优抚对象人数(人) | 慰问形式及慰问品名称 | 慰问折算经费(元) | 部队名称 | 慰问形式及慰问品名称 | 慰问折算经费(元) | ^ | ^
";

/// Every place the form stands at in the grid.
pub fn layouts(grid: &Grid, form: &Form) -> Vec<Layout> {
    let headers = Headers::of(form);
    find_all(sightings(grid, &headers), grid, form, &headers)
}

/// The paper form with these data rows.
pub fn paper(rows: &str) -> Sheet {
    sheet(&format!("{PAPER_HEAD}{rows}"))
}
