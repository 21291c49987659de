//! `form.toml`: the statistics table as data.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rust_decimal::Decimal;

use super::mistakes::{Notes, did_you_mean};
use super::toml_reader::{Section, read_document};
use crate::model::form::{Check, Column, ColumnKind, FindingCode, Form, MoneyUnit, Severity};

pub(super) const CODES: [FindingCode; 15] = [
    FindingCode::TotalMismatch,
    FindingCode::RowSumMismatch,
    FindingCode::UnitOfMoneySuspect,
    FindingCode::NotANumber,
    FindingCode::Negative,
    FindingCode::NotWhole,
    FindingCode::UnitNameConflict,
    FindingCode::BlankForm,
    FindingCode::ColumnMissing,
    FindingCode::CountWithoutCost,
    FindingCode::CostWithoutCount,
    FindingCode::UnitNameMissing,
    FindingCode::HiddenSheet,
    FindingCode::DocumentNumberMissing,
    FindingCode::ScanOnly,
];

/// No table on paper is so wide; each column is held against each other.
const MOST_COLUMNS: usize = 500;

pub(super) fn read_form(file: &Path, notes: &Notes) -> Option<Form> {
    read_document(file, notes, |section| {
        let id = section.need_text("id", "id = \"2021-bayi\"");
        let title = section.need_text("title", "title = \"…统计表\"");
        let columns = section.each("columns", |column| Some((column.line(), read_column(column)?)));
        if !section.has("columns") {
            section.missing("columns", "[[columns]] with key, header and kind for each column of the table");
        }
        if columns.len() > MOST_COLUMNS {
            section.mistake("columns", format!("are {}; more than {MOST_COLUMNS} are not taken", columns.len()));
            return None;
        }
        check_columns(section, &columns);
        let columns: Vec<Column> = columns.into_iter().map(|(_, column)| column).collect();
        let unit_labels = section.texts("unit_labels");
        if unit_labels.is_empty() {
            section.missing("unit_labels", "unit_labels = [\"单位名称\"]");
        }
        let checks = section.each("checks", |check| read_check(check, &columns));
        let severities = section.within("severities", |table| Some(read_severities(table))).unwrap_or_default();
        Some(Form {
            id: id?,
            title: title?,
            unit_labels,
            filled_on_labels: section.texts("filled_on_labels"),
            sum_words: section.texts("sum_words"),
            note_words: section.texts("note_words"),
            zero_words: section.texts("zero_words"),
            checks,
            plausible_per_head: read_plausible(section),
            severities,
            columns,
        })
    })
}

fn read_column(section: &Section<'_>) -> Option<Column> {
    let key = section.need_text("key", "key = \"veterans_visited\"");
    let fits = |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == '_';
    if let Some(key) = key.as_deref().filter(|key| !key.chars().all(fits)) {
        section.mistake("key", format!("\"{key}\" must be small ASCII letters, digits and _"));
    }
    let header = section.need_text("header", "header = \"慰问折算经费(元)\"");
    let aliases = section.texts("aliases");
    let kind = read_kind(section);
    Some(Column {
        key: key?,
        header: header?,
        aliases,
        group: section.text("group"),
        after: section.text("after"),
        kind: kind?,
        compulsory: section.boolean("compulsory").unwrap_or(false),
    })
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Count,
    Money,
    Text,
}

fn read_kind(section: &Section<'_>) -> Option<ColumnKind> {
    if !section.has("kind") {
        section.missing("kind", "kind = \"count\", \"money\" or \"text\"");
    }
    let kind = section.choice("kind", &[("count", Kind::Count), ("money", Kind::Money), ("text", Kind::Text)]);
    let unit = section.choice("unit", &[("元", MoneyUnit::Yuan), ("万元", MoneyUnit::TenThousandYuan)]);
    let has_unit = section.has("unit");
    match kind? {
        Kind::Money => {
            if !has_unit {
                section.missing("unit", "unit = \"元\" or \"万元\"");
            }
            unit.map(ColumnKind::Money)
        }
        other => {
            if has_unit {
                section.mistake("unit", "stands at a column that is no money; write kind = \"money\" or leave it out");
            }
            Some(if other == Kind::Count { ColumnKind::Count } else { ColumnKind::Text })
        }
    }
}

/// What only shows when all columns are known.
fn check_columns(section: &Section<'_>, columns: &[(usize, Column)]) {
    for (index, (line, column)) in columns.iter().enumerate() {
        let name = &column.key;
        let earlier = columns.get(..index).unwrap_or_default();
        if earlier.iter().any(|(_, other)| other.key == *name) {
            section.mistake_on(*line, "columns", format!("two columns have the key \"{name}\""));
            continue;
        }
        match &column.after {
            Some(after) if after == name => {
                section.mistake_on(*line, "columns", format!("column \"{name}\" cannot stand after itself"));
            }
            Some(after) if !columns.iter().any(|(_, other)| other.key == *after) => {
                let near = did_you_mean(after, columns.iter().map(|(_, other)| other.key.as_str()));
                section.mistake_on(
                    *line,
                    "columns",
                    format!("column \"{name}\": after = \"{after}\" is no column{near}"),
                );
            }
            Some(_) => {}
            None => {
                let same = |(_, other): &&(usize, Column)| {
                    other.after.is_none() && other.group == column.group && alike(other, column)
                };
                if let Some((_, other)) = earlier.iter().find(same) {
                    section.mistake_on(
                        *line,
                        "columns",
                        format!("columns \"{}\" and \"{name}\" share a header; write after = \"…\" at one", other.key),
                    );
                }
            }
        }
    }
}

fn alike(one: &Column, other: &Column) -> bool {
    let wordings = |column: &Column| -> BTreeSet<String> {
        column.aliases.iter().chain([&column.header]).map(|wording| plain(wording)).collect()
    };
    !wordings(one).is_disjoint(&wordings(other))
}

/// Blank space and the width of brackets make no other header.
fn plain(wording: &str) -> String {
    wording.chars().filter(|sign| !sign.is_whitespace()).collect::<String>().replace('（', "(").replace('）', ")")
}

#[derive(Clone, Copy)]
enum Checked {
    TotalAgrees,
    CountWithCost,
}

fn read_check(section: &Section<'_>, columns: &[Column]) -> Option<Check> {
    let checks = [("total_agrees", Checked::TotalAgrees), ("count_with_cost", Checked::CountWithCost)];
    if !section.has("check") {
        section.missing("check", "check = \"total_agrees\" or \"count_with_cost\"");
    }
    let is_yuan = |kind| kind == ColumnKind::Money(MoneyUnit::Yuan);
    match section.choice("check", &checks) {
        Some(Checked::TotalAgrees) => {
            let total = section.need_text("total", "total = \"total_wan\"");
            if let Some(total) = &total {
                let is_wan = |kind| kind == ColumnKind::Money(MoneyUnit::TenThousandYuan);
                demand(section, "total", total, columns, is_wan, "a money column in 万元");
            }
            let parts = section.texts("parts");
            if parts.is_empty() {
                section.missing("parts", "parts = [\"veterans_cost\", …]");
            }
            for part in &parts {
                demand(section, "parts", part, columns, is_yuan, "a money column in 元");
            }
            Some(Check::TotalAgrees { total: total?, parts })
        }
        Some(Checked::CountWithCost) => {
            let count = section.need_text("count", "count = \"veterans_visited\"");
            let cost = section.need_text("cost", "cost = \"veterans_cost\"");
            if let Some(count) = &count {
                demand(section, "count", count, columns, |kind| kind == ColumnKind::Count, "a count column");
            }
            if let Some(cost) = &cost {
                let is_money = |kind| matches!(kind, ColumnKind::Money(_));
                demand(section, "cost", cost, columns, is_money, "a money column");
            }
            Some(Check::CountWithCost { count: count?, cost: cost? })
        }
        None => {
            section.ignore(&["*"]);
            None
        }
    }
}

/// The column a check names must be there, and of the right kind.
fn demand(
    section: &Section<'_>,
    key: &str,
    named: &str,
    columns: &[Column],
    fits: impl Fn(ColumnKind) -> bool,
    wanted: &str,
) {
    match columns.iter().find(|column| column.key == named) {
        Some(column) if fits(column.kind) => {}
        Some(_) => section.mistake(key, format!("column \"{named}\" is not {wanted}")),
        None => {
            let near = did_you_mean(named, columns.iter().map(|column| column.key.as_str()));
            section.mistake(key, format!("\"{named}\" is no column of this form{near}"));
        }
    }
}

fn read_plausible(section: &Section<'_>) -> Option<(Decimal, Decimal)> {
    if !section.has("plausible_per_head") {
        return None;
    }
    let written = section.texts("plausible_per_head");
    let amounts: Vec<Decimal> = written.iter().filter_map(|text| Decimal::from_str_exact(text).ok()).collect();
    if let [lowest, highest] = amounts[..]
        && written.len() == 2
        && Decimal::ZERO < lowest
        && lowest < highest
    {
        return Some((lowest, highest));
    }
    section.mistake("plausible_per_head", "must be the lowest and the highest 元 a person: [\"10\", \"10000\"]");
    None
}

/// The name of a code, as in the interface.
pub(super) fn code_name(code: FindingCode) -> String {
    serde_json::to_value(code).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

fn read_severities(section: &Section<'_>) -> BTreeMap<FindingCode, Severity> {
    // The keys are free here; each is looked at below.
    section.ignore(&["*"]);
    let mut severities = BTreeMap::new();
    for (name, written) in section.entries() {
        let code = CODES.into_iter().find(|code| code_name(*code) == name);
        if code.is_none() {
            let names: Vec<String> = CODES.into_iter().map(code_name).collect();
            let near = did_you_mean(&name, names.iter().map(String::as_str));
            section.mistake(&name, format!("is no known code of a finding{near}"));
        }
        let severity = match written.as_deref() {
            Some("error") => Some(Severity::Error),
            Some("warning") => Some(Severity::Warning),
            Some(_) | None => {
                section.mistake(&name, "must be \"error\" or \"warning\"");
                None
            }
        };
        severities.extend(code.zip(severity));
    }
    severities
}
