//! What changed from one version of a table to the next, in figures that people can compare.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::letters::{clean, column_name, figure};
use crate::model::form::Form;
use crate::model::returns::{Row, TableReturn, Totals, Value};

/// Longest text shown of a cell, in characters.
const LONGEST: usize = 60;

/// A figure that another version replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub column: String,
    pub old: String,
    pub new: String,
}

impl Change {
    /// `慰问折算经费(元)：12,000 → 15,000`
    #[must_use]
    pub fn in_words(&self) -> String {
        format!("{}：{} → {}", self.column.replace('\n', ""), self.old, self.new)
    }
}

/// The columns whose sums differ, in the order of the form.
#[must_use]
pub fn of_totals(form: &Form, old: Option<&Totals>, new: Option<&Totals>) -> Vec<Change> {
    let total = |totals: Option<&Totals>, key: &str| totals.and_then(|totals| totals.get(key).copied().flatten());
    let mut changes = Vec::new();
    for column in form.number_columns() {
        let (before, after) = (total(old, &column.key), total(new, &column.key));
        if before != after {
            let said =
                |value: Option<Decimal>| value.map_or_else(|| "空".to_owned(), |value| figure(value, column.kind));
            changes.push(Change { column: column_name(form, column), old: said(before), new: said(after) });
        }
    }
    changes
}

/// What differs between two tables: their sums, how many rows they have, and the words in a column, row by row.
#[must_use]
pub fn of_tables(form: &Form, old: &TableReturn, new: &TableReturn) -> Vec<Change> {
    let mut changes = of_totals(form, Some(&old.totals), Some(&new.totals));
    if old.rows.len() != new.rows.len() {
        let rows = |table: &TableReturn| format!("{} 行", table.rows.len());
        changes.push(Change { column: "填报行数".to_owned(), old: rows(old), new: rows(new) });
    }
    for column in form.columns.iter().filter(|column| !column.kind.is_number()) {
        let (before, after) = (words(&old.rows, &column.key), words(&new.rows, &column.key));
        if before != after {
            let said = |words: &str| if words.is_empty() { "空".to_owned() } else { clean(words, LONGEST) };
            changes.push(Change { column: column_name(form, column), old: said(&before), new: said(&after) });
        }
    }
    changes
}

/// What stands in a column, rows without anything left out.
fn words(rows: &[Row], key: &str) -> String {
    let cells = rows.iter().filter_map(|row| match row.0.get(key)?.value.as_ref()? {
        Value::Words(words) => Some(words.trim().to_owned()),
        Value::Figure(figure) => Some(figure.normalize().to_string()),
    });
    cells.filter(|words| !words.is_empty()).collect::<Vec<_>>().join("；")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::tables::read_tables;
    use crate::judge::testing::{bayi_form, sheet};

    fn table(cells: &str) -> TableReturn {
        let drawing = format!(
            "退役 | | | 优抚 | | | 部队 | | | |
            慰问军队退役人员人数(人) | 慰问形式及慰问品名称 | 慰问折算经费(元) | 慰问其他优抚对象人数(人) | 慰问形式及慰问品名称 | 慰问折算经费(元) | 部队名称 | 慰问形式及慰问品名称 | 慰问折算经费(元) | 合计“八一”期间走访慰问支出总额(万元) | 备注
            {cells}"
        );
        read_tables(&[sheet(&drawing)], "1", &bayi_form(), 2021).remove(0)
    }

    #[test]
    fn a_version_is_told_from_the_one_before_by_its_figures_rows_and_words() {
        let old = table("12 | 米 | 12000 | 5 | 油 | 1000 | 武警支队 | 水果 | 3000 | 1.6 | ");
        let new = table(
            "12 | 米 | 15000 | 5 | 油 | 1000 | 武警支队 | 水果 | 3000 | 1.9 | 已核
             | | | | | | 消防大队 | 水果 | | | ",
        );
        let told: Vec<String> = of_tables(&bayi_form(), &old, &new).iter().map(Change::in_words).collect();
        assert_eq!(
            told,
            [
                "慰问折算经费(元)（第3栏）：12,000 → 15,000",
                "合计“八一”期间走访慰问支出总额(万元)：1.6 → 1.9",
                "填报行数：1 行 → 2 行",
                "部队名称：武警支队 → 武警支队；消防大队",
                "慰问形式及慰问品名称（第8栏）：水果 → 水果；水果",
                "备注：空 → 已核",
            ]
        );
        assert!(of_tables(&bayi_form(), &old, &old).is_empty());
        let nothing = of_totals(&bayi_form(), Some(&old.totals), None);
        assert!(nothing.iter().all(|change| change.new == "空"), "{nothing:?}");
    }
}
