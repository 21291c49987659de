//! Findings about one sheet, with the words units read.

use std::collections::HashSet;

use rust_decimal::Decimal;

use crate::model::form::{Column, ColumnKind, FindingCode, Form, MoneyUnit};
use crate::model::returns::Finding;

/// Collects the findings of one table.
#[derive(Clone, Debug)]
pub struct Remarks<'a> {
    form: &'a Form,
    sheet: &'a str,
    findings: Vec<Finding>,
    /// What was told already: a sheet may hold ten thousands of faults.
    told: HashSet<(FindingCode, String)>,
}

impl<'a> Remarks<'a> {
    #[must_use]
    pub fn new(form: &'a Form, sheet: &'a str) -> Self {
        Self { form, sheet, findings: Vec::new(), told: HashSet::new() }
    }

    /// Adds a finding; of two with one code at one cell the first stands.
    pub fn add(&mut self, code: FindingCode, cell: Option<&str>, text: String) {
        self.put(code, cell, text, None);
    }

    /// Adds a finding beside others of its code at the same cell.
    pub fn add_again(&mut self, code: FindingCode, cell: Option<&str>, text: String) {
        self.told.extend(cell.map(|cell| (code, cell.to_owned())));
        self.findings.push(self.finding(code, cell, text, None));
    }

    /// Adds a suspicion with the likely figure.
    pub fn suspect(&mut self, cell: Option<&str>, text: String, suggested: Option<Decimal>) {
        self.put(FindingCode::UnitOfMoneySuspect, cell, text, suggested.map(|figure| figure.normalize().to_string()));
    }

    fn put(&mut self, code: FindingCode, cell: Option<&str>, text: String, suggested: Option<String>) {
        let known = cell.is_some_and(|cell| !self.told.insert((code, cell.to_owned())));
        if !known {
            self.findings.push(self.finding(code, cell, text, suggested));
        }
    }

    fn finding(&self, code: FindingCode, cell: Option<&str>, text: String, suggested: Option<String>) -> Finding {
        Finding {
            severity: self.form.severity(code),
            code,
            sheet: Some(self.sheet.to_owned()),
            cell: cell.map(str::to_owned),
            text,
            suggested,
        }
    }

    #[must_use]
    pub fn finish(self) -> Vec<Finding> {
        self.findings
    }
}

/// A column's header in short: without its unit, and with its group where the form repeats it.
#[must_use]
pub fn column_title(column: &Column, form: &Form) -> String {
    let bare = column.header.rsplit_once(['(', '（']).map_or(column.header.as_str(), |(bare, _)| bare).trim();
    let repeated = form.columns.iter().filter(|other| other.header == column.header).count() > 1;
    let leader = column.after.as_deref().and_then(|key| form.column(key));
    match leader {
        Some(leader) if repeated => format!("{}（{}）", bare, column_title(leader, form)),
        _ => bare.to_owned(),
    }
}

/// The unit a column's figures are told in, with a space before it, or nothing.
#[must_use]
pub fn unit_word(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Money(MoneyUnit::Yuan) => " 元",
        ColumnKind::Money(MoneyUnit::TenThousandYuan) => " 万元",
        ColumnKind::Count | ColumnKind::Text => "",
    }
}
