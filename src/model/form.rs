//! A form as data: its columns, the words of its headers, its checks. Another office's form is another file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The definition of one statistics table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Form {
    /// Short name, such as `2021-bayi`.
    pub id: String,
    /// The title printed above the table.
    pub title: String,
    /// In the order of the paper form.
    pub columns: Vec<Column>,
    /// Labels before the unit's name, such as `县(市、区)/单位名称`.
    pub unit_labels: Vec<String>,
    /// Labels before the day it was filled in, such as `填报时间`.
    pub filled_on_labels: Vec<String>,
    /// Words that make a row a sum row: 合计, 总计, 小计.
    pub sum_words: Vec<String>,
    /// Words that open a note below the table: 注, 填表人, ….
    pub note_words: Vec<String>,
    /// Words that mean zero in a number column: 无, /, —, 〇.
    pub zero_words: Vec<String>,
    pub checks: Vec<Check>,
    /// What one person plausibly got, in 元, lowest and highest: tells 元 from 万元.
    pub plausible_per_head: Option<(rust_decimal::Decimal, rust_decimal::Decimal)>,
    /// Where the campaign wants another severity than [`FindingCode::severity`].
    pub severities: BTreeMap<FindingCode, Severity>,
}

/// One column of the form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// As in the interface: `veterans_visited`.
    pub key: String,
    /// The header as printed.
    pub header: String,
    /// Other wordings of the header, each compared after normalisation.
    pub aliases: Vec<String>,
    /// The group header above it, as printed.
    pub group: Option<String>,
    /// Where the same header stands several times: this one is the first to the right of that column.
    pub after: Option<String>,
    pub kind: ColumnKind,
    /// A table without this header is `column_missing`.
    pub compulsory: bool,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// Whole and not negative.
    Count,
    Money(MoneyUnit),
    Text,
}

/// The unit a money column is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MoneyUnit {
    #[serde(rename = "元")]
    Yuan,
    #[serde(rename = "万元")]
    TenThousandYuan,
}

impl ColumnKind {
    #[must_use]
    pub fn is_number(self) -> bool {
        !matches!(self, Self::Text)
    }
}

/// A check of the form's figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "check")]
pub enum Check {
    /// `total` (万元) equals the sum of `parts` (元) / 10000, rounded half up to as many decimals as `total` was
    /// written with, at least one.
    TotalAgrees { total: String, parts: Vec<String> },
    /// A count above zero wants a cost above zero, and the other way round.
    CountWithCost { count: String, cost: String },
}

/// How bad a finding is: an error keeps the return from being counted, a warning is only told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Warning,
    Error,
}

/// The codes of findings about a table or a report, as in the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingCode {
    TotalMismatch,
    RowSumMismatch,
    UnitOfMoneySuspect,
    NotANumber,
    Negative,
    NotWhole,
    UnitNameConflict,
    BlankForm,
    ColumnMissing,
    CountWithoutCost,
    CostWithoutCount,
    UnitNameMissing,
    HiddenSheet,
    DocumentNumberMissing,
    ScanOnly,
}

impl FindingCode {
    /// The severity where the campaign says nothing.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Self::TotalMismatch
            | Self::RowSumMismatch
            | Self::UnitOfMoneySuspect
            | Self::NotANumber
            | Self::Negative
            | Self::NotWhole
            | Self::UnitNameConflict
            | Self::BlankForm
            | Self::ColumnMissing => Severity::Error,
            Self::CountWithoutCost
            | Self::CostWithoutCount
            | Self::UnitNameMissing
            | Self::HiddenSheet
            | Self::DocumentNumberMissing
            | Self::ScanOnly => Severity::Warning,
        }
    }

    /// Whether the unit itself can mend it; otherwise only the office can decide.
    #[must_use]
    pub fn mended_by_unit(self) -> bool {
        match self {
            Self::TotalMismatch
            | Self::RowSumMismatch
            | Self::UnitOfMoneySuspect
            | Self::NotANumber
            | Self::Negative
            | Self::NotWhole
            | Self::BlankForm
            | Self::ColumnMissing
            | Self::CountWithoutCost
            | Self::CostWithoutCount
            | Self::UnitNameMissing
            | Self::DocumentNumberMissing => true,
            Self::UnitNameConflict | Self::HiddenSheet | Self::ScanOnly => false,
        }
    }
}

impl Form {
    #[must_use]
    pub fn column(&self, key: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.key == key)
    }

    /// The severity of a finding in this campaign.
    #[must_use]
    pub fn severity(&self, code: FindingCode) -> Severity {
        self.severities.get(&code).copied().unwrap_or_else(|| code.severity())
    }

    /// The columns that are added up, in order.
    pub fn number_columns(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| column.kind.is_number())
    }
}
