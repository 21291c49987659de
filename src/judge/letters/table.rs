//! A table or report as a letter shows it: narrow enough for a telephone, every figure as it counts.

use rust_decimal::Decimal;
use serde::Serialize;

use super::remarks::sheet;
use super::words::{clean, day, figure};
use crate::model::form::{Check, Column, ColumnKind, Form, MoneyUnit};
use crate::model::returns::{Filled, ReportReturn, Row, TableReturn, Totals, Value};

/// Rows a letter lists at most.
pub(super) const MOST_ROWS: usize = 30;
/// Characters of one value at most.
const VALUE_LENGTH: usize = 120;

/// One table. Columns with at most one value stand one below the other; those filled in several rows stand in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct TableView {
    pub file: String,
    /// `工作表“Sheet1”`
    pub sheet: String,
    pub unit_name: String,
    pub filled_on: String,
    /// On a hidden sheet that does not count.
    pub hidden: bool,
    pub blank: bool,
    pub lines: Vec<Line>,
    pub list: Option<List>,
    pub sums: Vec<Sum>,
}

/// A column with its only value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Line {
    /// The group's header, on the first line of each group; empty elsewhere.
    pub group: String,
    pub header: String,
    pub value: String,
    pub cell: String,
    pub number: bool,
}

/// The columns filled in several rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct List {
    /// The group's header, where all of them stand in one group.
    pub group: String,
    pub headers: Vec<String>,
    pub rows: Vec<Vec<Shown>>,
    /// One a column; empty under text.
    pub totals: Vec<Shown>,
    /// Rows that are not shown.
    pub more: usize,
}

/// One value of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Shown {
    pub text: String,
    pub number: bool,
}

/// The sum of the form's costs, in both units of money, beside the total as written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Sum {
    /// Empty where a cost could not be read: a sum is right or absent.
    pub yuan: String,
    pub wan: String,
    /// The total column's own figure, in 万元.
    pub written: String,
}

pub(super) fn table(form: &Form, table: &TableReturn, file: &str, rows_in_all: usize) -> TableView {
    let filled_in = |column: &Column| table.rows.iter().filter(|row| is_filled(row.0.get(&column.key))).count();
    let (listed, single): (Vec<&Column>, Vec<&Column>) = form.columns.iter().partition(|column| filled_in(column) > 1);
    let mut lines: Vec<Line> = Vec::new();
    let mut group: Option<&str> = None;
    for column in single {
        let filled = table.rows.iter().filter_map(|row| row.0.get(&column.key)).find(|filled| is_filled(Some(filled)));
        let opens = column.group.as_deref() != group;
        group = column.group.as_deref();
        lines.push(Line {
            group: if opens { group_title(group, lines.is_empty()) } else { String::new() },
            header: column.header.clone(),
            value: filled.map_or_else(|| "—".to_owned(), |filled| shown(filled, column.kind)),
            cell: filled.and_then(|filled| filled.cell.clone()).unwrap_or_default(),
            number: column.kind.is_number(),
        });
    }
    TableView {
        file: clean(file, 80),
        sheet: sheet(&table.sheet),
        unit_name: table.unit_name.as_deref().map(|name| clean(name, 60)).unwrap_or_default(),
        filled_on: table.filled_on.map(day).unwrap_or_default(),
        hidden: table.hidden,
        blank: table.rows.is_empty(),
        lines,
        list: (!listed.is_empty()).then(|| list(table, &listed, rows_in_all)),
        sums: sums(form, &table.totals, &table.rows),
    }
}

/// The words over a new group; columns that stand outside any group after one that does need a word as well, or they
/// seem to belong to it.
pub(super) fn group_title(group: Option<&str>, first: bool) -> String {
    group.unwrap_or(if first { "" } else { "其他栏目" }).to_owned()
}

/// The column's header, with its place on the form where several columns share the header.
#[must_use]
pub fn column_name(form: &Form, column: &Column) -> String {
    let alike = form.columns.iter().filter(|other| other.header == column.header).count();
    let place = form.columns.iter().position(|other| other.key == column.key);
    match place {
        Some(place) if alike > 1 => format!("{}（第{}栏）", column.header, place + 1),
        _ => column.header.clone(),
    }
}

fn list(table: &TableReturn, columns: &[&Column], rows_in_all: usize) -> List {
    let values = |row: &Row| -> Vec<Shown> {
        let value = |column: &&Column| Shown {
            text: row.0.get(&column.key).map(|filled| shown(filled, column.kind)).unwrap_or_default(),
            number: column.kind.is_number(),
        };
        columns.iter().map(value).collect()
    };
    let total = |column: &&Column| Shown {
        text: table.totals.get(&column.key).copied().flatten().map(|sum| figure(sum, column.kind)).unwrap_or_default(),
        number: column.kind.is_number(),
    };
    let rows: Vec<Vec<Shown>> = table.rows.iter().take(MOST_ROWS).map(values).collect();
    let group = columns.first().and_then(|column| column.group.as_deref());
    let group = group.filter(|_| columns.iter().all(|column| column.group.as_deref() == group));
    List {
        group: group.unwrap_or_default().to_owned(),
        headers: columns.iter().map(|column| column.header.clone()).collect(),
        totals: columns.iter().map(total).collect(),
        more: rows_in_all.saturating_sub(rows.len()),
        rows,
    }
}

fn is_filled(filled: Option<&Filled>) -> bool {
    filled.is_some_and(|filled| filled.value.is_some() || is_unread(filled))
}

/// Something stands in the cell that could not be read as the column wants it.
pub(super) fn is_unread(filled: &Filled) -> bool {
    filled.value.is_none() && filled.written.as_deref().is_some_and(|written| !written.trim().is_empty())
}

fn shown(filled: &Filled, kind: ColumnKind) -> String {
    match (&filled.value, &filled.written) {
        (Some(Value::Figure(value)), _) => figure(*value, kind),
        (Some(Value::Words(words)), _) => clean(words, VALUE_LENGTH),
        (None, Some(written)) if is_unread(filled) => format!("{}（未能识别）", clean(written, VALUE_LENGTH)),
        (None, _) => String::new(),
    }
}

/// The costs of the form added up, by its checks: one sum for each total column.
pub(super) fn sums(form: &Form, totals: &Totals, rows: &[Row]) -> Vec<Sum> {
    form.checks
        .iter()
        .filter_map(|check| match check {
            Check::TotalAgrees { total, parts } => Some((total, parts)),
            Check::CountWithCost { .. } => None,
        })
        .map(|(total, parts)| {
            let yuan = cost(totals, rows, parts);
            let exact = |value: Decimal, unit| figure(value, ColumnKind::Money(unit));
            Sum {
                yuan: yuan.map(|yuan| exact(yuan, MoneyUnit::Yuan)).unwrap_or_default(),
                wan: yuan
                    .and_then(|yuan| yuan.checked_div(Decimal::from(10_000)))
                    .map(|wan| exact(wan, MoneyUnit::TenThousandYuan))
                    .unwrap_or_default(),
                written: totals
                    .get(total)
                    .copied()
                    .flatten()
                    .map(|written| exact(written, MoneyUnit::TenThousandYuan))
                    .unwrap_or_default(),
            }
        })
        .filter(|sum| !(sum.yuan.is_empty() && sum.written.is_empty()))
        .collect()
}

/// Σ of these columns in 元; `None` where one holds a cell that could not be read, or none has a value.
fn cost(totals: &Totals, rows: &[Row], parts: &[String]) -> Option<Decimal> {
    let unread = |key: &String| rows.iter().any(|row| row.0.get(key).is_some_and(is_unread));
    if parts.iter().any(unread) {
        return None;
    }
    let figures: Vec<Decimal> = parts.iter().filter_map(|key| totals.get(key).copied().flatten()).collect();
    let sum = figures.iter().try_fold(Decimal::ZERO, |sum, figure| sum.checked_add(*figure));
    sum.filter(|_| !figures.is_empty())
}

/// A report as understood; empty where nothing was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct ReportView {
    pub file: String,
    pub title: String,
    pub number: String,
    pub issuer: String,
    pub dated: String,
    pub pages: Option<u32>,
    pub scan: bool,
}

pub(super) fn report(report: &ReportReturn, file: &str) -> ReportView {
    let said = |text: &Option<String>| text.as_deref().map(|text| clean(text, VALUE_LENGTH)).unwrap_or_default();
    ReportView {
        file: clean(file, 80),
        title: said(&report.title),
        number: said(&report.document_number),
        issuer: said(&report.issuer),
        dated: report.dated.map(day).unwrap_or_default(),
        pages: report.pages,
        scan: !report.has_text,
    }
}
