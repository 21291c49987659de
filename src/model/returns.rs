//! What was understood of one table or one report: the figures with their cells, and what is wrong with them.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::form::{FindingCode, Severity};
use super::mail::Kind;
use super::unit::UnitCode;

/// The two things a unit owes. Their names stand in the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    /// The filled statistics table (统计表).
    Table,
    /// The formal report (专题报告).
    Report,
}

impl Item {
    /// Both, in the order they are told.
    pub const ALL: [Self; 2] = [Self::Table, Self::Report];

    /// `table` or `report`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Report => "report",
        }
    }

    /// The inverse of [`Item::as_str`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|item| item.as_str() == text)
    }
}

/// A remark about a table or report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    pub severity: Severity,
    pub code: FindingCode,
    /// The sheet's name, where it is about one.
    pub sheet: Option<String>,
    /// As Excel names it (`N6`).
    pub cell: Option<String>,
    /// One Chinese sentence that says what is wrong and how to mend it.
    pub text: String,
    /// The likely figure, for `unit_of_money_suspect`.
    pub suggested: Option<String>,
}

/// A value of a row, exactly as it counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// Serialised as a decimal string.
    Figure(Decimal),
    Words(String),
}

/// One cell of a filled row.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Filled {
    /// `None` for an empty cell and for one that could not be read.
    pub value: Option<Value>,
    /// As Excel names it; `None` where the table has no such column.
    pub cell: Option<String>,
    /// The characters as they stood, where they differ from the value.
    pub written: Option<String>,
}

/// One row of a table, by column key; every key of the form is present.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Row(pub BTreeMap<String, Filled>);

impl Row {
    /// The figure under this key, if there is one.
    #[must_use]
    pub fn figure(&self, key: &str) -> Option<Decimal> {
        match self.0.get(key)?.value.as_ref()? {
            Value::Figure(figure) => Some(*figure),
            Value::Words(_) => None,
        }
    }

    /// The words under this key, if any.
    #[must_use]
    pub fn words(&self, key: &str) -> Option<&str> {
        match self.0.get(key)?.value.as_ref()? {
            Value::Words(words) => Some(words),
            Value::Figure(_) => None,
        }
    }
}

/// The sums of a table's number columns; `None` where a column has no value or one that could not be read.
pub type Totals = BTreeMap<String, Option<Decimal>>;

/// A statistics table as understood.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableReturn {
    /// Path of the piece, or `body`.
    pub piece: String,
    pub sheet: String,
    /// Id of the form.
    pub form: String,
    /// As written in the form, trimmed.
    pub unit_name: Option<String>,
    /// Whom that name means, if it means one unit.
    pub unit: Option<UnitCode>,
    pub filled_on: Option<NaiveDate>,
    pub rows: Vec<Row>,
    pub totals: Totals,
    pub findings: Vec<Finding>,
    /// On a hidden sheet: listed, never counted beside a visible one.
    pub hidden: bool,
}

impl TableReturn {
    /// Whether nothing at all was filled in: the form as it was handed out.
    #[must_use]
    pub fn is_untouched(&self) -> bool {
        self.rows.is_empty() && self.findings.iter().any(|finding| finding.code == FindingCode::BlankForm)
    }
}

/// A formal report as understood.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReportReturn {
    /// Path of the piece, or `body`.
    pub piece: String,
    pub format: Kind,
    /// Whose it is, if that is known. Readings kept before had none.
    #[serde(default)]
    pub unit: Option<UnitCode>,
    pub title: Option<String>,
    /// Normalised: `离双拥办〔2021〕5号`.
    pub document_number: Option<String>,
    pub issuer: Option<String>,
    pub dated: Option<NaiveDate>,
    pub pages: Option<u32>,
    pub has_text: bool,
    pub findings: Vec<Finding>,
}
