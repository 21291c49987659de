//! What is said to a unit about its files and figures: which findings are told, where they stand, what to do.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::words::clean;
use crate::model::decision::Role;
use crate::model::form::{FindingCode, Severity};
use crate::model::mail::{OddityCode, Piece};
use crate::model::returns::Finding;

/// Findings a letter lists at most; more help nobody.
pub(super) const MOST_REMARKS: usize = 40;

/// The findings worth telling: a total that does not agree says nothing new where the same cell is suspected to be in
/// the wrong unit of money, since mending the unit mends both.
pub fn told(findings: &[Finding]) -> impl Iterator<Item = &Finding> {
    let suspects: HashSet<_> = findings
        .iter()
        .filter(|finding| finding.code == FindingCode::UnitOfMoneySuspect)
        .map(|finding| (finding.sheet.as_deref(), finding.cell.as_deref()))
        .collect();
    findings.iter().filter(move |finding| {
        finding.code != FindingCode::TotalMismatch
            || !suspects.contains(&(finding.sheet.as_deref(), finding.cell.as_deref()))
    })
}

/// One finding in a letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Remark {
    /// File, sheet and cell, as far as known: `统计表.xls，工作表“Sheet1”，N6 单元格`.
    pub place: String,
    pub text: String,
    /// Who does something about it.
    pub weight: Weight,
}

/// What a remark asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Weight {
    /// The unit must mend it.
    Mend,
    /// The office looks at it.
    Office,
    /// Only told.
    Hint,
}

impl Remark {
    pub(super) fn new(file: &str, finding: &Finding) -> Self {
        let cell = finding.cell.as_deref().map(|cell| clean(cell, 20)).filter(|cell| !cell.is_empty());
        let mut place = vec![clean(file, 80)];
        place.extend(finding.sheet.as_deref().map(sheet));
        place.extend(cell.as_ref().map(|cell| format!("{cell} 单元格")));
        place.retain(|part| !part.is_empty());
        let mut text = clean(&finding.text, 300);
        // Where the place is told beside it, the cell in front says it twice.
        if let Some(rest) = cell.and_then(|cell| text.strip_prefix(&format!("{cell} ")).map(str::to_owned)) {
            text = rest;
        }
        if let Some(suggested) = finding.suggested.as_deref().map(|suggested| clean(suggested, 40))
            && !text.contains(&suggested)
        {
            text = format!("{}（疑应为 {suggested}）。", text.trim_end_matches('。'));
        }
        let weight = match finding.severity {
            Severity::Warning => Weight::Hint,
            Severity::Error if finding.code.mended_by_unit() => Weight::Mend,
            Severity::Error => Weight::Office,
        };
        Self { place: place.join("，"), text, weight }
    }
}

/// A sheet as letters name it. Tables in documents and mail bodies have no names of their own, only the numbers that the
/// readers count them by.
pub(super) fn sheet(name: &str) -> String {
    let is_counted = |name: &str| name.strip_prefix('表').is_some_and(|number| number.parse::<u32>().is_ok());
    match name.strip_prefix("正文").unwrap_or(name) {
        "" => String::new(),
        counted if is_counted(counted) => counted.to_owned(),
        _ => format!("工作表“{}”", clean(name, 40)),
    }
}

/// What the unit is told of a file that could not simply be taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct AboutFile {
    /// What the unit must do about it.
    pub mend: Vec<String>,
    pub notes: Vec<String>,
    /// Whether a person of the office looks at it.
    pub by_person: bool,
}

pub(super) fn about_file(piece: &Piece, role: Role) -> AboutFile {
    let mut about = AboutFile::default();
    for oddity in &piece.oddities {
        let (list, note) = match oddity.code {
            OddityCode::PasswordProtected => (&mut about.mend, "文件设有打开密码，无法读取，请取消密码后重新报送。"),
            OddityCode::Damaged => (&mut about.mend, "文件已损坏，无法完整读取，请重新保存后再报送。"),
            OddityCode::TooLarge => (&mut about.mend, "文件过大，未予打开，请精简或拆分后重新报送。"),
            OddityCode::Bomb => (&mut about.mend, "压缩包解开后体积异常，未予打开，请将文件直接作为附件报送。"),
            OddityCode::CloudAttachment => {
                (&mut about.mend, "此为网盘或超大附件链接，我办不作下载，请将文件直接作为邮件附件报送。")
            }
            // Of a report it is said where the report is shown.
            OddityCode::ScanOnly if role == Role::Report => continue,
            OddityCode::ScanOnly => (&mut about.notes, "此为扫描件或图片，文字无法自动读取。"),
            OddityCode::UnreadKind => {
                about.by_person = true;
                (&mut about.notes, "此类文件无法自动读取，已转工作人员核对。")
            }
            OddityCode::TableUnread => {
                about.by_person = true;
                (&mut about.notes, "文件中的表格无法准确读取，已转工作人员核对；如有 Excel 或 Word 原表，请一并报送。")
            }
            OddityCode::CharsetMislabelled
            | OddityCode::DateMissing
            | OddityCode::DateImpossible
            | OddityCode::MessageIdMissing
            | OddityCode::SeveralSenders
            | OddityCode::NotAMail
            | OddityCode::OtherCampaign
            | OddityCode::NotOpened => continue,
        };
        if !list.iter().any(|present| present == note) {
            list.push(note.to_owned());
        }
    }
    if about.mend.is_empty() && about.notes.is_empty() && role == Role::Unopened {
        about.by_person = true;
        about.notes.push("未能自动读取，已转工作人员核对。".to_owned());
    }
    about
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(code: FindingCode, cell: &str) -> Finding {
        Finding {
            severity: code.severity(),
            code,
            sheet: Some("Sheet1".into()),
            cell: Some(cell.into()),
            text: "总额疑似以元填写。".into(),
            suggested: Some("1.5".into()),
        }
    }

    #[test]
    fn a_mismatch_hides_behind_the_suspected_unit_of_the_same_cell_only() {
        let findings = [
            finding(FindingCode::TotalMismatch, "J6"),
            finding(FindingCode::TotalMismatch, "J7"),
            finding(FindingCode::UnitOfMoneySuspect, "J6"),
        ];
        let cells: Vec<_> = told(&findings).map(|told| (told.code, told.cell.as_deref().unwrap())).collect();
        assert_eq!(cells, [(FindingCode::TotalMismatch, "J7"), (FindingCode::UnitOfMoneySuspect, "J6")]);
    }

    #[test]
    fn a_remark_names_its_place_and_the_likely_figure() {
        let remark = Remark::new("统计表.xls", &finding(FindingCode::UnitOfMoneySuspect, "J6"));
        assert_eq!(remark.place, "统计表.xls，工作表“Sheet1”，J6 单元格");
        assert_eq!(remark.text, "总额疑似以元填写（疑应为 1.5）。");
        assert_eq!(remark.weight, Weight::Mend);
    }

    #[test]
    fn a_cell_is_named_once() {
        let mut told = finding(FindingCode::NotANumber, "A5");
        (told.text, told.suggested) = ("A5 慰问人数填写的是“约200”，请填写准确数字。".to_owned(), None);
        let remark = Remark::new("统计表.xls", &told);
        assert_eq!(remark.text, "慰问人数填写的是“约200”，请填写准确数字。");
        assert!(remark.place.ends_with("A5 单元格"));
    }

    #[test]
    fn a_table_without_a_name_of_its_own_is_no_sheet() {
        assert_eq!((sheet("Sheet1").as_str(), sheet("表格").as_str()), ("工作表“Sheet1”", "工作表“表格”"));
        assert_eq!((sheet("表2").as_str(), sheet("正文表1").as_str(), sheet("").as_str()), ("表2", "表1", ""));
    }
}
